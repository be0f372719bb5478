# shellcheck shell=bash
# Completion of stdinetctl for bash: options, commands, and what a command takes. Commands are asked of
# the program itself, so that this file needn't know them.

# Offers those WORD... that begin as the last one does, quoted as the shell must read them. They are
# compared here and not by compgen -W, which expands its words: names are what anybody says who listens
# at the socket, and a "$(…)" in one of them would be run.
_stdinetctl_offer() {
    local word quoted

    for word; do
        printf -v quoted %q "$word"
        [[ $quoted != "${COMP_WORDS[COMP_CWORD]}"* ]] || COMPREPLY+=("$quoted")
    done
}

# Offers what the lines of COMMAND... are.
_stdinetctl_offer_lines() {
    local -a lines

    mapfile -t lines < <("$@")
    _stdinetctl_offer "${lines[@]}"
}

# MEMBER COMMAND...: each of that name in the answer of the daemon that the command asks.
_stdinetctl_members() {
    local member=$1

    shift
    "$@" 2>/dev/null | grep -o "\"$member\":\"[^\"\\\\]*\"" | cut -d '"' -f 4
}

_stdinetctl_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
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
        _stdinetctl_files
        return
        ;;
    esac
    case $command in
    '')
        _stdinetctl_offer -s --socket --json --list-commands --help --version
        _stdinetctl_offer_lines "$program" --list-commands 2>/dev/null
        ;;
    status | sources | explain | pause | resume | drain | kill)
        [ "$((COMP_CWORD - index))" -ne 1 ] ||
            _stdinetctl_offer_lines _stdinetctl_members name "${ask[@]}" --json status
        ;;
    connections)
        case ${COMP_WORDS[COMP_CWORD]} in
        -*) _stdinetctl_offer --parked ;;
        *) _stdinetctl_offer_lines _stdinetctl_members name "${ask[@]}" --json status ;;
        esac
        ;;
    ban) _stdinetctl_offer --kill ;;
    unban)
        [ "$((COMP_CWORD - index))" -ne 1 ] ||
            _stdinetctl_offer_lines _stdinetctl_members source "${ask[@]}" --json bans
        ;;
    stop) _stdinetctl_offer --wait ;;
    metrics | page) _stdinetctl_offer --http ;;
    import)
        case ${COMP_WORDS[COMP_CWORD]} in
        -*) _stdinetctl_offer --inetd --xinetd --ipv6 --root --handlers --help ;;
        *) _stdinetctl_files ;;
        esac
        ;;
    esac
}

complete -F _stdinetctl stdinetctl
