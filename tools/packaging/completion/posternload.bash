# SPDX-License-Identifier: Apache-2.0
#
# bash completion for posternload.  A test compares the words with what --help says.

_posternload() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
    case $before in
        --socket | --json | --plot)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        --addresses)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -W "hot 65 30 miss hostile" -- "$word")
            return
            ;;
        --dialect) words="native postfix json" ;;
        --arrivals) words="fixed poisson" ;;
        --report) words="text json" ;;
        *)
            words="--help --version --socket --dialect --rate --arrivals --burst --closed --depth"
            words+=" --connections --duration --requests --patience --addresses --seed --from --to"
            words+=" --interval --server-pid --report --json --plot"
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _posternload posternload
