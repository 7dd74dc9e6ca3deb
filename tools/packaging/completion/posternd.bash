# SPDX-License-Identifier: Apache-2.0
#
# bash completion for posternd.

_posternd() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $before == --config ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "--help --config --check --version" -- "$word")
}
complete -F _posternd posternd
