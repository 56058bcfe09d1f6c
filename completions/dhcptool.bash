
_clap_complete_dhcptool() {
    local IFS=$'\013'
    local _CLAP_COMPLETE_INDEX=${COMP_CWORD}
    local _CLAP_COMPLETE_COMP_TYPE=${COMP_TYPE}
    if compopt +o nospace 2> /dev/null; then
        local _CLAP_COMPLETE_SPACE=false
    else
        local _CLAP_COMPLETE_SPACE=true
    fi
    local words=() word rest="${COMP_LINE:0:COMP_POINT}" last=-1
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ $last -lt 0 || "$rest" == [[:space:]]* ]]; then
            last=$((last + 1))
            words[last]=""
        fi
        rest="${rest#"${rest%%[![:space:]]*}"}"
        # Of the word that is completed as much as stands before the cursor.
        [[ "$rest" == "$word"* ]] || word="$rest"
        words[last]+="$word"
        rest="${rest#"$word"}"
    done
    local before="${words[last]%"$2"}"
    before="${before#[\"\']}"
    words[last]="$before$2"
    _CLAP_COMPLETE_INDEX=$last
    COMPREPLY=( $( \
        _CLAP_IFS="$IFS" \
        _CLAP_COMPLETE_INDEX="$_CLAP_COMPLETE_INDEX" \
        _CLAP_COMPLETE_COMP_TYPE="$_CLAP_COMPLETE_COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$_CLAP_COMPLETE_SPACE" \
        DHCPTOOL_COMPLETE="bash" \
        "dhcptool" -- "${words[@]}" \
    ) )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
        return
    elif [[ $_CLAP_COMPLETE_SPACE == false ]] && [[ "${COMPREPLY-}" =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_dhcptool dhcptool
else
    complete -o nospace -o bashdefault -F _clap_complete_dhcptool dhcptool
fi

