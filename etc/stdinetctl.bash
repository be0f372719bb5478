# shellcheck shell=bash
# Completion of stdinetctl for bash: options, commands, and what a command takes. Commands are asked of
# the program itself, so that this file needn't know them.

_stdinetctl_matching() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
}

_stdinetctl() {
    local program=${COMP_WORDS[0]} command='' index

    compopt +o filenames 2>/dev/null
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
        -s | --socket) ((index++)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[index]}
            break
            ;;
        esac
    done
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -s | --socket | --root | --handlers)
        compopt -o filenames 2>/dev/null
        _stdinetctl_matching -f
        return
        ;;
    esac
    case $command in
    '')
        _stdinetctl_matching -W "-s --socket --json --list-commands --help --version
            $("$program" --list-commands 2>/dev/null)"
        ;;
    import)
        case ${COMP_WORDS[COMP_CWORD]} in
        -*) _stdinetctl_matching -W "--inetd --xinetd --ipv6 --root --handlers --help" ;;
        *)
            compopt -o filenames 2>/dev/null
            _stdinetctl_matching -f
            ;;
        esac
        ;;
    esac
}

complete -F _stdinetctl stdinetctl
