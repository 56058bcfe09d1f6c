# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dhcptool_global_optspecs
    string join \n json color= v/verbose q/quiet h/help V/version
end

function __fish_dhcptool_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dhcptool_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dhcptool_using_subcommand
    set -l cmd (__fish_dhcptool_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dhcptool -n "__fish_dhcptool_needs_command" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_needs_command" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
