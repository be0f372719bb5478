#!/bin/sh
# The code is laid out as .clang-format says.
set -u
cd "${srcdir:-.}" || exit 99
command -v clang-format >/dev/null || {
    echo "skip - clang-format is not here"
    exit 77
}
if find src tests bench -name '*.[ch]' -exec clang-format --dry-run --Werror {} +; then
    echo "ok - clang-format has nothing to change"
else
    echo "not ok - clang-format has nothing to change"
    exit 1
fi
