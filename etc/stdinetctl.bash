# shellcheck shell=bash
# Completion of stdinetctl for bash. Which commands there are, and what each takes, is asked of the
# program itself, so that this file needn't know it.

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

# Offers each line of standard input.
_stdinetctl_offer_lines() {
    local -a lines

    mapfile -t lines
    _stdinetctl_offer "${lines[@]}"
}

# MEMBER COMMAND...: offers each of that name in the answer of the daemon that the command asks.
_stdinetctl_offer_members() {
    local member=$1

    shift
    _stdinetctl_offer_lines < <("$@" 2>/dev/null | grep -o "\"$member\":\"[^\"\\\\]*\"" | cut -d '"' -f 4)
}

_stdinetctl_offer_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
}

_stdinetctl() {
    local program=${COMP_WORDS[0]} command='' index place=1
    local -a ask=("$program") kinds=()

    compopt +o filenames 2>/dev/null
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
        -s | --socket) ask=("$program" -s "${COMP_WORDS[++index]}") ;;
        -*) ;;
        *) if [ -z "$command" ]; then command=${COMP_WORDS[index]}; else ((place++)); fi ;;
        esac
    done
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -s | --socket | --root | --handlers)
        _stdinetctl_offer_files
        return
        ;;
    esac
    if [ -z "$command" ]; then
        _stdinetctl_offer -s --socket --json --list-commands --help --version
        _stdinetctl_offer_lines < <("$program" --list-commands 2>/dev/null | cut -d ' ' -f 1)
        return
    fi
    # A line is: COMMAND [--OPTION] KIND..., and dots at its end mean more of the last kind.
    while read -ra kinds && [ "${kinds[0]}" != "$command" ]; do :; done \
        < <("$program" --list-commands 2>/dev/null)
    [[ ${kinds[1]-} != '[--'* ]] || ((place++))
    [[ ${kinds[*]} != *... ]] || place=$((${#kinds[@]} - 1))
    [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] || case ${kinds[place]-} in
    *SERVICE*) _stdinetctl_offer_members name "${ask[@]}" --json status ;;
    *SOURCE*) _stdinetctl_offer_members source "${ask[@]}" --json bans ;;
    *FILE*) _stdinetctl_offer_files ;;
    esac
    [ "${#COMPREPLY[@]}" -gt 0 ] || _stdinetctl_offer_lines < <("$program" "$command" --help 2>/dev/null |
        grep -o -- '--[a-z0-9]*' | sort -u)
}

complete -F _stdinetctl stdinetctl
