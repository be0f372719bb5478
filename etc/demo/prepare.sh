#!/bin/sh
# prepare.sh WORKDIR: makes the directory that the handlers of etc/demo.ini start in: the page, the
# calculator, and a git repository to clone. What root makes is given to nobody, who the handlers
# run as then: git refuses to serve repositories of other users.
set -eu

work=${1:?usage: prepare.sh WORKDIR}
umask 022
mkdir -p "$work/git"
cp "$(dirname -- "$0")/page.sh" "$(dirname -- "$0")/calc.awk" "$work"
cd "$work"
chmod 755 .

# No configuration of whoever starts the demo, and no variables of a git that runs us.
# shellcheck disable=SC2046 # a list of words
unset $(git rev-parse --local-env-vars)
export HOME="$PWD" XDG_CONFIG_HOME="$PWD" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

repository=git/hello.git
echo 'Cloned from a git daemon that stdinetd started for you alone.' >README
git init -q --bare --template= "$repository"
export GIT_DIR="$repository" GIT_WORK_TREE=.
git add README page.sh calc.awk
git -c user.name=stdinetd -c user.email=demo@localhost commit -q -m 'The programs of the demo'
touch "$repository/git-daemon-export-ok"

if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody .
fi
