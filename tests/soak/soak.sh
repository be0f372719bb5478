#!/bin/sh
# The soak for a few seconds, so that it works when it is wanted: `make soak SOAK_MINUTES=30`.
set -u
cd "${srcdir:-.}" || exit 99
case ${STDINETD_WRAPPER:-} in ?*) echo "skip - the soak asks for more than a wrapper can" && exit 77 ;; esac
exec "${STDINETD_SOAK:-./build/tests/soak/soak}" "${STDINETD:-./build/stdinetd}" "${SOAK_MINUTES:-0.2}" 1
