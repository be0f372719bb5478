#!/bin/sh
# run.sh [check | all | world]: what `./bootstrap check`, `check-all` and `check-world` run, from the
# top of the tree with the packages there and ./configure made. The steps stand at the end, each with
# the speed it belongs to:
#
#   every   is done at each speed
#   check   one build, each test once
#   all     and every other build that must work, with the tests that see something else there
#   world   alone: what takes long
#
# tests/README.md says why what `check` leaves out is not in it. A step that can't run here is skipped,
# and counted so; one that fails hides nothing of what the others say. One sum at the end.
set -u
jobs=$(nproc)
broken=
number=100
# What the steps say, as logs for summary.sh, and the builds that were tested.
logs=$(mktemp -d "${TMPDIR:-/tmp}/stdinetd-run.XXXXXX") || exit 99
trap 'rm -rf "$logs"' EXIT
: >"$logs/tested"
speed=${1-check}
case $speed in
check) wanted='every check' ;;
all) wanted='every check all' ;;
world) wanted='every world' ;;
*) echo "run.sh: there is no speed '$speed'" >&2 && exit 64 ;;
esac

say() {
    printf '\n=== %s\n' "$*"
}

# step SPEED NAME COMMAND [ARGUMENT]...
step() {
    case " $wanted " in *" $1 "*) ;; *) return ;; esac
    name=$2
    shift 2
    number=$((number + 1))
    began=$(date +%s)
    say "$name"
    # In a shell of its own, which skip ends.
    { ("$@") 2>&1; echo "$?" >"$logs/status"; } | tee "$logs/$number.log"
    result=PASS
    case $(cat "$logs/status") in
    0) ;;
    77) result=SKIP ;;
    *) broken="$broken '$name'" ;;
    esac
    echo ":test-result: $result" >"$logs/$number.trs"
    echo "=== $name: $(($(date +%s) - began)) s"
}

skip() {
    echo "skip - $name: $1"
    exit 77
}

# need PROGRAM... -- COMMAND [ARGUMENT]...: the command, where those are.
need() {
    while [ "$1" != -- ]; do
        command -v "$1" >/dev/null || skip "there is no $1"
        shift
    done
    shift
    "$@"
}

# build DIRECTORY [CONFIGURE ARGUMENT]...
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

# tests DIRECTORY [ARGUMENT OF MAKE]...
tests() {
    directory=$1
    shift
    echo "$directory" >>"$logs/tested"
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

# But those suites that gain nothing: faults and hostile count processes, warm says what is warm itself,
# bans and wait have no handlers that could be.
tests_while_warm() {
    copy build-warm || return 1
    STDINETD_WARM_TESTS=entry tests build-warm TESTS="tests/behaviour/suites.sh" \
        STDINETD_SUITES="carried command contained control guard handler limits logs process reload serve sockets steer upgrade"
}

# Not upgrade and notify, which are about moments: what upgrades carry is seen in carried.
tests_by_valgrind() {
    rm -rf build-valgrind
    build build-valgrind CFLAGS="-O1 -g" || return 1
    tests build-valgrind TESTS="tests/behaviour/suites.sh" \
        STDINETD_SUITES="bans carried control guard handler limits logs reload serve sockets steer wait" \
        STDINETD_SLOW=5 STDINETD_ENGINE=fork STDINETD_WRAPPER="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --trace-children=no --child-silent-after-fork=yes"
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
    git ls-files >/dev/null 2>&1 || skip 'this is no clone of git'
    rm -f build/stdinetd-*.tar.xz
    make -s -C build dist || return 1
    tar -tf build/stdinetd-*.tar.xz | sed -n 's#^[^/]*/\(.*[^/]\)$#\1#p' |
        grep -vx -e configure -e aclocal.m4 -e Makefile.in -e 'build-aux/.*' | sort >"$list"
    git ls-files | grep -vx -e .gitignore | sort | diff - "$list"
}

installed_deb() {
    [ "$(id -u)" -eq 0 ] || skip 'needs root'
    ls build/deb/*.deb >/dev/null 2>&1 || skip 'there is no package'
    sh tests/deb.sh build
}

# A daemon of the release before, built once from the commit that tests/older names, and this build take
# over from each other under load. Only a tarball has no history.
older_release() {
    commit=$(cat tests/older/1.0.1)
    git ls-files >/dev/null 2>&1 || skip 'this is no clone of git'
    if [ ! -x "build/old/$commit/build/stdinetd" ]; then
        mkdir -p "build/old/$commit/build" && git archive "$commit" | tar -x -C "build/old/$commit" &&
            (cd "build/old/$commit" && autoreconf -fi && cd build && ../configure -q) >/dev/null 2>&1 &&
            make -s -C "build/old/$commit/build" -j "$jobs" stdinetd >/dev/null || return 1
    fi
    STDINETD_OLD="$PWD/build/old/$commit/build/stdinetd" STDINETD="$PWD/build/stdinetd" \
        STDINETCTL="$PWD/build/stdinetctl" STDINETD_PROBE="$PWD/build/tests/behaviour/probe" srcdir=. \
        sh tests/clients/older.sh
}

# What the suite has a tenth of.
upgrades_under_load() {
    STDINETD_UPGRADE_REQUESTS=20000 tests build TESTS="tests/behaviour/suites.sh" STDINETD_SUITES="upgrade"
}

# fuzz SECONDS: each target.
fuzz() {
    build build-fuzz --enable-fuzzers CC=clang && make -s -C build-fuzz fuzz FUZZ_TIME="$1"
}

# The tarball has all that its tests need; what they say of the program was said above.
distcheck() {
    make -s -C build distcheck DISTCHECK_CONFIGURE_FLAGS=--enable-werror \
        STDINETD_SUITES="serve" TESTS="tests/unit/unit tests/behaviour/suites.sh tests/fuzz/replay.sh \
            tests/tree/includes.sh tests/tree/pages.sh tests/faults/run.sh tests/soak/soak.sh \
            tests/clients/control.sh tests/clients/demo.sh tests/clients/import.sh tests/clients/readme.sh"
}

step every "gcc" build build
step check "gcc: tests" tests build
step check "dist" need git xz -- dist_is_whole
step all "the release before: upgrades to this one and back" older_release
step all "fork engine: behaviour tests, clients" tests_by_fork
step all "every service warm: behaviour tests" tests_while_warm
step all "sanitizers" build build-sanitizers --enable-sanitizers --enable-werror CFLAGS="-O1 -g"
step all "sanitizers: tests" tests build-sanitizers STDINETD_SLOW=2
step all "clang, warnings are errors" need clang -- build build-clang --enable-werror CC=clang
step all "clang: tests" need clang -- tests build-clang TESTS="tests/unit/unit"
step all "gcc, warnings are errors" build build-werror --enable-werror CC=gcc
step all "features off" build build-off --enable-werror --disable-warm
step all "features off: tests" tests build-off TESTS="tests/unit/unit tests/behaviour/suites.sh" \
    STDINETD_SUITES="process serve upgrade warm"
step all "valgrind: behaviour tests" need valgrind -- tests_by_valgrind
step all "coverage" need gcovr -- tests_for_coverage
step all "fuzzers, for a moment" need clang -- fuzz 5
step all "lint" sh tests/lint/run.sh
step all "deb" need dpkg-buildpackage dh -- make -s -C build deb
step all "deb: installed" installed_deb
step all "distcheck" distcheck
step world "upgrades under load" upgrades_under_load
step world "soak" make -s -C build soak SOAK_MINUTES="${SOAK_MINUTES:-30}"
step world "fuzzers" need clang -- fuzz "${FUZZ_TIME:-60}"

say "all together"
[ -z "$broken" ] || printf 'failed steps:%s\n' "$broken"
# The names of our builds have no blanks.
# shellcheck disable=SC2046
sh tests/summary.sh "$logs" $(sort -u "$logs/tested") || broken=yes
[ -z "$broken" ]
