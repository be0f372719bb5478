#!/bin/sh
# What `./bootstrap check` runs, from the top of the tree with the packages there and ./configure
# made: every build that must work, with all tests, and one sum over everything.
#
#   build             gcc, all tests
#   build-fork        its copy, the behaviour tests and all clients with the fork engine
#   build-warm        its copy, the behaviour tests with every service warm that can be
#   build-sanitizers  gcc with ASan and UBSan, all tests (fewer clients: a fork costs much more)
#   build-clang       clang without a warning, the unit tests
#   build-werror      gcc without a warning
#   build-off         gcc without a warning and what configure can leave out, the unit and some tests
#   build-valgrind    the behaviour tests of what keeps memory, the daemon under valgrind
#   build-coverage    gcc, what the tests reach of each line: printed, and bounded below
#   build-fuzz        clang's libFuzzer, each target for a few seconds from its seeds
#   lint              gcc's analyzer, clang-tidy and cppcheck find nothing
#   deb               the Debian package is installed, serves, is upgraded, and removed
#   distcheck         the tarball builds, installs and cleans up after itself elsewhere
set -u
jobs=$(nproc)
broken=

say() {
    printf '\n=== %s\n' "$*"
}

# A failing step doesn't hide what the others say.
step() {
    name=$1
    shift
    began=$(date +%s)
    say "$name"
    if ! "$@"; then
        broken="$broken '$name'"
    fi
    echo "=== $name: $(($(date +%s) - began)) s"
}

# build DIRECTORY [CONFIGURE ARGUMENT]
build() {
    directory=$1
    shift
    mkdir -p "$directory"
    if [ ! -f "$directory/Makefile" ] || [ -n "$(find configure -newer "$directory/Makefile")" ]; then
        (cd "$directory" && ../configure -q "$@") || return 1
    fi
    make -s -C "$directory" -j "$jobs" all
}

# copy DIRECTORY: the first build for other tests, whose logs are added up with its own.
copy() {
    rm -rf "$1"
    cp -a build "$1"
}

tests() {
    directory=$1
    shift
    # Logs of an earlier run must not be added up.
    find "$directory" \( -name '*.trs' -o -name '*.log' \) -path '*tests*' -exec rm -f {} +
    make -s -C "$directory" -j "$jobs" check "$@"
}

# The faults of either engine's own steps are among those that every build has.
tests_by_fork() {
    copy build-fork || return 1
    STDINETD_ENGINE=fork tests build-fork TESTS="tests/behaviour/suites.sh tests/behaviour/calls.sh \
        tests/clients/activate.sh tests/clients/curl.sh tests/clients/demo.sh \
        tests/clients/finger.sh tests/clients/ftp.sh tests/clients/git.sh \
        tests/clients/haproxy.sh tests/clients/httpd.sh tests/clients/import.sh \
        tests/clients/proxy.sh \
        tests/clients/rsync.sh tests/clients/ssh.sh tests/clients/svn.sh \
        tests/clients/tftp.sh tests/clients/time.sh"
}

# Both engines, so that what either does is seen; what is about the log, managers and stdinetctl
# reaches nothing more of what is bounded; and warmers, who are nobody, can't write what they count.
tests_for_coverage() {
    build build-coverage CFLAGS="-O0 -g --coverage -fprofile-update=atomic" || return 1
    find build-coverage -name '*.gcda' -exec rm -f {} +
    GCOV_ERROR_FILE=/dev/null
    export GCOV_ERROR_FILE
    STDINETD_ENGINE=fork tests build-coverage TESTS="tests/behaviour/suites.sh" \
        STDINETD_SUITES="process" || return 1
    tests build-coverage TESTS="tests/unit/unit tests/behaviour/suites.sh" \
        STDINETD_SUITES="contained faults guard handler hostile limits process reload serve sockets wait" ||
        return 1
    # Not those of malloc: what counts the lines needs memory itself.
    # shellcheck disable=SC2046 # names
    STDINETD="$PWD/build-coverage/stdinetd" STDINETCTL="$PWD/build-coverage/stdinetctl" \
        STDINETD_FAULTS="$PWD/build-coverage/tests/faults" \
        STDINETD_PROBE="$PWD/build-coverage/tests/behaviour/probe" srcdir=. sh tests/faults/run.sh \
        $(cd tests/faults && printf '%s\n' child-*.sh clone-*.sh fork-*.sh | sed 's/[.]sh$//') ||
        return 1
    sh tests/coverage.sh build-coverage
}

# The tarball has what git has, but for git's own things, and nothing that was built but configure.
# A distribution's builder has no git: then there is nothing to compare with.
dist_is_whole() {
    list=build/dist.list
    git ls-files >/dev/null 2>&1 || return 0
    rm -f build/stdinetd-*.tar.xz
    make -s -C build dist || return 1
    tar -tf build/stdinetd-*.tar.xz | sed -n 's#^[^/]*/\(.*[^/]\)$#\1#p' |
        grep -vx -e configure -e aclocal.m4 -e Makefile.in -e 'build-aux/.*' | sort >"$list"
    git ls-files | grep -vx -e .gitignore | sort | diff - "$list"
}

fuzz_a_little() {
    build build-fuzz --enable-fuzzers CC=clang && make -s -C build-fuzz fuzz FUZZ_TIME=5
}

step "gcc" build build
step "gcc: tests" tests build
step "gcc: behaviour tests with the fork engine" tests_by_fork
# But those that gain nothing: faults and hostile count processes, warm says what is warm itself, bans
# and wait have no handlers that could be.
step "gcc: every service warm" copy build-warm
STDINETD_WARM_TESTS=entry
export STDINETD_WARM_TESTS
step "gcc: behaviour tests, every service warm" tests build-warm TESTS="tests/behaviour/suites.sh" \
    STDINETD_SUITES="carried command contained control guard handler limits logs process reload serve sockets steer upgrade"
unset STDINETD_WARM_TESTS
step "sanitizers" build build-sanitizers --enable-sanitizers --enable-werror CFLAGS="-O1 -g"
step "sanitizers: tests" tests build-sanitizers STDINETD_SLOW=2
step "clang, warnings are errors" build build-clang --enable-werror CC=clang
step "clang: tests" tests build-clang TESTS="tests/unit/unit"
step "gcc, warnings are errors" build build-werror --enable-werror CC=gcc
step "features off" build build-off --enable-werror --disable-warm
step "features off: tests" tests build-off TESTS="tests/unit/unit tests/behaviour/suites.sh" \
    STDINETD_SUITES="process serve upgrade warm"
# Not upgrade and notify, which are about moments: what upgrades carry is seen in carried.
rm -rf build-valgrind
step "valgrind" build build-valgrind CFLAGS="-O1 -g"
step "valgrind: behaviour tests" tests build-valgrind TESTS="tests/behaviour/suites.sh" \
    STDINETD_SUITES="bans carried control guard handler limits logs reload serve sockets steer wait" \
    STDINETD_SLOW=5 STDINETD_ENGINE=fork STDINETD_WRAPPER="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --trace-children=no --child-silent-after-fork=yes"
step "coverage" tests_for_coverage
step "fuzzers, for a moment" fuzz_a_little
step "lint" sh tests/lint/run.sh
step "deb" make -s -C build deb
step "deb: installed" sh tests/deb.sh build
step "dist" dist_is_whole
# The tarball has all that its tests need; what they say of the program was said above.
step "distcheck" make -s -C build distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror \
    STDINETD_SUITES="serve" TESTS="tests/unit/unit tests/behaviour/suites.sh tests/fuzz/replay.sh \
        tests/tree/includes.sh tests/tree/pages.sh tests/faults/run.sh tests/soak/soak.sh \
        tests/clients/control.sh tests/clients/demo.sh tests/clients/import.sh tests/clients/readme.sh"

say "all together"
[ -z "$broken" ] || printf 'failed steps:%s\n' "$broken"
sh tests/summary.sh build build-fork build-sanitizers build-warm build-clang build-off build-valgrind || broken=yes
[ -z "$broken" ]
