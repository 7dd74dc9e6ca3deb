# SPDX-License-Identifier: Apache-2.0
#
# bash completion for posternctl.  A test compares the tables with what --help says.

# What may follow a command, by the command's words so far.
_posternctl_words() {
    local filters="--client --from --to --action --reason --policy --list --id --since --until"
    filters+=" --rejected --limit"
    local request="--helo --from --to --header --url --hostname --spf --authenticated"
    case $1 in
        "") echo "--version --socket --json check explain simulate recipe delivery-test ping" \
            "lists top policies track reload cache setup" ;;
        check | explain) echo "$request" ;;
        simulate) echo "--config --requests --from-tracking $filters" ;;
        track) echo "$filters --show --follow --csv" ;;
        recipe) echo "show apply" ;;
        "recipe show") echo "--config --output" ;;
        "recipe apply") echo "--config --output --yes" ;;
        delivery-test) echo "--config --from --to --client --recipe" ;;
        top) echo "--interval --once" ;;
        reload) echo "--force" ;;
        cache) echo "stats get flush" ;;
        setup) echo "postfix" ;;
        "setup postfix") echo "--config-dir --yes --dry-run" ;;
    esac
}

_posternctl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    case $before in
        --socket | --config | --requests | --output | --recipe | --config-dir | show | apply)
            if [[ $word != -* ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
                return
            fi
            ;;
    esac
    # A word counts as a command where one may stand; options and their values do not.
    local command="" typed
    for typed in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $typed != -* && " $(_posternctl_words "$command") " == *" $typed "* ]]; then
            command+=${command:+ }$typed
        fi
    done
    mapfile -t COMPREPLY < <(compgen -W "--help $(_posternctl_words "$command")" -- "$word")
}
complete -F _posternctl posternctl
