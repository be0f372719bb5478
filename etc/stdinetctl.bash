# shellcheck shell=bash
# Completion of stdinetctl for bash: options, commands, and what a command takes. Commands are asked of
# the program itself, so that this file needn't know them.

_stdinetctl_matching() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
}

# Services of the daemon that answers at the socket that was given.
_stdinetctl_services() {
    "$@" --json status 2>/dev/null | grep -o '"name":"[^"\\]*"' | cut -d '"' -f 4
}

_stdinetctl() {
    local program=${COMP_WORDS[0]} command='' index
    local -a ask=("$program")

    compopt +o filenames 2>/dev/null
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
        -s | --socket)
            ((index++))
            ask=("$program" -s "${COMP_WORDS[index]}")
            ;;
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
    status | sources | explain | pause | resume | drain | kill)
        local IFS=$'\n'
        [ "$((COMP_CWORD - index))" -ne 1 ] || _stdinetctl_matching -W "$(_stdinetctl_services "${ask[@]}")"
        ;;
    connections)
        local IFS=$'\n'
        case ${COMP_WORDS[COMP_CWORD]} in
        -*) _stdinetctl_matching -W --parked ;;
        *) _stdinetctl_matching -W "$(_stdinetctl_services "${ask[@]}")" ;;
        esac
        ;;
    ban) _stdinetctl_matching -W --kill ;;
    stop) _stdinetctl_matching -W --wait ;;
    metrics | page) _stdinetctl_matching -W --http ;;
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
