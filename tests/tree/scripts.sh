#!/bin/sh
# All our scripts are clean under shellcheck.
set -u
cd "${srcdir:-.}" || exit 99
command -v shellcheck >/dev/null || {
    echo "skip - shellcheck is not here"
    exit 77
}
if shellcheck -x bootstrap .ci/run && find tests etc bench \( -name '*.sh' -o -name '*.bash' \) -exec shellcheck -x {} +; then
    echo "ok - shellcheck has nothing to say"
else
    echo "not ok - shellcheck has nothing to say"
    exit 1
fi
