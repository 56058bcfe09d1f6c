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
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "decode" -d 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "options" -d 'List the options known: code, name, type, reference'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "lab" -d 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l mac -d 'Packets of this client, or from or to this link-layer address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l xid -d 'Packets of this transaction' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l type -d 'Messages of these types: discover, offer, request, decline, ack, nak, release, inform, …, a number, or bootp' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l ip -d 'Packets with this address in any field: IP header, ciaddr, yiaddr, siaddr, giaddr, options 50 and 54' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l server -d 'Packets that name this server (option 54), or replies from this address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l option -d 'Packets that have this option, by name or code, and with this value; repeat to ask for several' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l since -d 'No packet before this moment: RFC 3339, "2024-05-06 07:08:09" (UTC), or seconds since 1970' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l until -d 'No packet after this moment' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l count -d 'Stop after so many packets' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l filter -d 'Only frames that this pcap-filter(7) expression holds for; tags are looked through unless it speaks of vlan' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l port -d 'Take UDP port N for DHCP too, besides 67, 68 and 4011' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l time -d 'How times are written' -r -f -a "utc\t'Date and time of day, UTC'
local\t'Date and time of day here'
epoch\t'Seconds since 1970-01-01 UTC'
relative\t'Seconds since the first packet shown'
delta\t'Seconds since the packet shown before'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s w -l write -d 'Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l servers -d 'How many servers answer' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l rogue-kind -d 'What gives the rogue server away (implies --rogue)' -r -f -a "gateway\t'It offers itself as router and name server'
nak\t'It denies every request'
bootp\t'It answers BOOTP requests only'
spoof-mac\t'It has the first server\'s address, but another MAC'
pxe\t'It answers PXE clients only'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l seed -d 'Seed of every random choice: the same seed, the same lab' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l delay -d 'Answer this much later' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l loss -d 'Lose so many frames of a hundred, in each direction' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l duplicate -d 'Send so many answers of a hundred twice' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l reorder -d 'Let so many answers of a hundred be overtaken' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l silent -d 'Do not answer: nothing at all, or only not to DISCOVER or REQUEST' -r -f -a "all\t'Nothing is answered'
discover\t'DISCOVER is not answered'
request\t'REQUEST and INFORM are not answered'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l slow-check -d 'Look for a second whether an address is in use before it is first offered' -r -f -a "arp\t'By an ARP request'
icmp\t'By an ICMP echo request'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l pool-size -d 'Addresses in each server\'s pool' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l lease-time -d 'How long leases run' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l stall -d 'Stand still for a while, over and over, as in 200ms/1s' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l rate-limit -d 'Manage no more than so many full exchanges per second' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l threads -d 'Answer with so many threads (only where nothing is delayed or lost)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l client-addr -d 'Give eth0 an IPv4 address, as in 10.0.0.200/8' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l stage -d 'What this process is to be: the lab itself, or one of its helpers' -r -f -a "supervise\t''
exec\t''"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l rogue -d 'Add a server that should not be there'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l nak -d 'Deny every REQUEST'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l relay -d 'Put the servers behind a relay'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l bootp -d 'Answer BOOTP requests too'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l other-address -d 'Acknowledge another address than was offered'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l occupied -d 'Let somebody answer ARP and ping for every address of the pools'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from decode options lab completions help" -f -a "decode" -d 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from decode options lab completions help" -f -a "options" -d 'List the options known: code, name, type, reference'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from decode options lab completions help" -f -a "lab" -d 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from decode options lab completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from decode options lab completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
