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
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "discover" -d 'Broadcast a DISCOVER and collect every answer'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "request" -d 'Send a REQUEST in a chosen client state and report ACK, NAK or silence'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "release" -d 'Give an address back to the server that leased it'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "decline" -d 'Tell the server that the address it leased is in use by somebody else'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "inform" -d 'Ask for configuration for an address that the client already has'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "handshake" -d 'Time full DISCOVER/OFFER/REQUEST/ACK exchanges, one or millions'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "send" -d 'Send any packet: from flags, from JSON that decode wrote, from a capture, from hex'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "rogue" -d 'Find every DHCP server and router, and judge it against an allow list'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "sniff" -d 'Decode live traffic'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "decode" -d 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "options" -d 'List the options known: code, name, type, reference'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "doctor" -d 'Why does this machine, or this segment, get no address, or a bad one?'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "interfaces" -d 'List the interfaces: which can be used, and which one is used when none is named'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "lab" -d 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "schema" -d 'Print what the JSON of a command looks like as JSON Schema, or the table of flat rows as SQL'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "diff" -d 'Compare what two servers give, option by option'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "explain" -d 'Say what a problem, finding or reason means, why it matters and what to do'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "report" -d 'Write one page of HTML that tells captures, for a ticket'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c dhcptool -n "__fish_dhcptool_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l wait -d 'Collect answers for so long; 4.5s if left out, with -6 --no-ra 1.5s' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l vendors -d 'Name the vendors of MAC addresses from this table (udev\'s 20-OUI.hwdb, Wireshark\'s manuf, Nmap\'s or the IEEE\'s) instead of the system\'s' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l fields -d 'The columns of flat rows, in this order, by the names that dhcptool schema --sql duckdb lists' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l format -d 'How flat rows are written: ndjson if left out' -r -f -a "json\t'One array of objects'
ndjson\t'One object a line'
csv\t'Values separated by commas, with a line of names; lists are joined by a space, and an apostrophe stands before text that a spreadsheet would take for a formula'
tsv\t'The same separated by tabs'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l expect -d 'What must hold of every offer, else the exit status is 1; repeatable, or a TOML file of such' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l junit -d 'Write what became of the expectations as JUnit XML, for CI' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l mac -d 'The client\'s hardware address (chaddr, and the frame\'s source); the interface\'s own by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l xid -d 'Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l secs -d 'Seconds since the client began; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l hops -d 'Relays passed; with -6 the hop-count of the outermost relay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l flags -d 'All sixteen bits of the flags field' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l ciaddr -d 'Client\'s address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l yiaddr -d 'The address given' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l siaddr -d 'Next server' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l giaddr -d 'Relay\'s address (handshake takes several, separated by commas)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l sname -d 'Server name field, up to 64 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l file -d 'Boot file field, up to 128 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l op -d 'Operation: 1 request, 2 reply' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l htype -d 'Hardware type' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l hlen -d 'Length of the hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l chaddr -d 'Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l cookie -d 'What stands in the magic cookie\'s place' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l hostname -d 'Host name (option 12; with -6 option 39)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l client-id -d 'Client identifier (option 61)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l vendor-class -d 'Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l request-options -d 'Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for none' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s o -l option -d 'Set an option: its text value, or with :hex its bytes; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l no-option -d 'Leave an option out; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l trailer -d 'Bytes behind the End option' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l pad-to -d 'Pad the message with zeros to so many bytes (300 by default)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l src-mac -d 'Source of the frame; the client\'s MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l src-ip -d 'Source address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l dst-ip -d 'Destination address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l dst-mac -d 'Destination of the frame; found by ARP or neighbor discovery where it is needed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l src-port -d 'UDP source port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l dst-port -d 'UDP destination port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l ttl -d 'Time to live, or hop limit' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l vlan -d 'VLAN tag, or outer and inner tag' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l duid -d 'Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none leaves it out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l iaid -d 'IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l ia-na -d 'Ask for addresses (an IA of non-temporary ones), with hints; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l ia-pd -d 'Ask for a prefix, with a hint: /56 asks for that length; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l ia-ta -d 'Ask for temporary addresses (obsolete); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l prefix -d 'The prefix asked for, held or released; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l elapsed -d 'Elapsed time (option 8), at most 655.35s; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l user-class -d 'User class (option 15); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l relay -d 'Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l relay-option -d 'Option of relay N, counted from the client (1 by default); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l server -d 'The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay, the server that a relay would ask. With -6 its DUID, or the address to send to' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l ip -d 'The address asked for, held, released or declined; repeatable with -6' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l timeout -d 'Wait so long for an answer before asking again: a time per try, at least 1ms' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l retries -d 'Ask again so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l write -d 'Keep every frame sent and received, each with a comment that says what it was' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s w -l warning -d 'Milliseconds that are a WARNING, as in 50, 50:, 10:50 or @10:50; with --nagios also -w RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s c -l critical -d 'Milliseconds that are CRITICAL; with --nagios also -c RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l first -d 'Stop at the first offer; with --server the first offer of that server ends it anyway'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l no-ra -d 'With -6: do not ask routers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l no-inform -d 'With -6: send no INFORMATION-REQUEST'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l flat -d 'Print flat rows, for programs that want tables: one column a field or option, of one type, the same in every row'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l nagios -d 'Be a monitoring plugin: one status line with performance data, a line per server, exit status 0, 1, 2 or 3'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s 4 -l ipv4 -d 'Speak DHCPv4 (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s 6 -l ipv6 -d 'Speak DHCPv6, and router discovery beside it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l broadcast -d 'Ask for broadcast answers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l no-broadcast -d 'Do not ask for broadcast answers (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l no-end -d 'Leave out the End option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l no-ia -d 'Ask for no IA at all'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l rapid-commit -d 'Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l reconfigure-accept -d 'Say that RECONFIGURE is understood (option 20)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l dry-run -d 'Show the bytes, send nothing'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand discover" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l state -d 'The client\'s state: selecting, init-reboot (with -6 confirming), renewing or rebinding' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l wait -d 'With -6: collect ADVERTISEs for so long; until one has preference 255, else 1.0 to 1.1 s if left out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l choose -d 'With -6: whose ADVERTISE is taken, by preference (the default), the first, or that of a server by its DUID' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l lease -d 'With -6: go on with the lease in FILE, which request --json printed; - is standard input' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l fields -d 'The columns of flat rows, in this order, by the names that dhcptool schema --sql duckdb lists' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l format -d 'How flat rows are written: ndjson if left out' -r -f -a "json\t'One array of objects'
ndjson\t'One object a line'
csv\t'Values separated by commas, with a line of names; lists are joined by a space, and an apostrophe stands before text that a spreadsheet would take for a formula'
tsv\t'The same separated by tabs'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l mac -d 'The client\'s hardware address (chaddr, and the frame\'s source); the interface\'s own by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l xid -d 'Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l secs -d 'Seconds since the client began; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l hops -d 'Relays passed; with -6 the hop-count of the outermost relay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l flags -d 'All sixteen bits of the flags field' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l ciaddr -d 'Client\'s address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l yiaddr -d 'The address given' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l siaddr -d 'Next server' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l giaddr -d 'Relay\'s address (handshake takes several, separated by commas)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l sname -d 'Server name field, up to 64 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l file -d 'Boot file field, up to 128 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l op -d 'Operation: 1 request, 2 reply' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l htype -d 'Hardware type' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l hlen -d 'Length of the hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l chaddr -d 'Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l cookie -d 'What stands in the magic cookie\'s place' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l hostname -d 'Host name (option 12; with -6 option 39)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l client-id -d 'Client identifier (option 61)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l vendor-class -d 'Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l request-options -d 'Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for none' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s o -l option -d 'Set an option: its text value, or with :hex its bytes; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l no-option -d 'Leave an option out; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l trailer -d 'Bytes behind the End option' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l pad-to -d 'Pad the message with zeros to so many bytes (300 by default)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l src-mac -d 'Source of the frame; the client\'s MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l src-ip -d 'Source address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l dst-ip -d 'Destination address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l dst-mac -d 'Destination of the frame; found by ARP or neighbor discovery where it is needed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l src-port -d 'UDP source port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l dst-port -d 'UDP destination port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l ttl -d 'Time to live, or hop limit' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l vlan -d 'VLAN tag, or outer and inner tag' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l duid -d 'Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none leaves it out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l iaid -d 'IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l ia-na -d 'Ask for addresses (an IA of non-temporary ones), with hints; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l ia-pd -d 'Ask for a prefix, with a hint: /56 asks for that length; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l ia-ta -d 'Ask for temporary addresses (obsolete); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l prefix -d 'The prefix asked for, held or released; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l elapsed -d 'Elapsed time (option 8), at most 655.35s; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l user-class -d 'User class (option 15); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l relay -d 'Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l relay-option -d 'Option of relay N, counted from the client (1 by default); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l server -d 'The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay, the server that a relay would ask. With -6 its DUID, or the address to send to' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l ip -d 'The address asked for, held, released or declined; repeatable with -6' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l timeout -d 'Wait so long for an answer before asking again: a time per try, at least 1ms' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l retries -d 'Ask again so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l write -d 'Keep every frame sent and received, each with a comment that says what it was' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s w -l warning -d 'Milliseconds that are a WARNING, as in 50, 50:, 10:50 or @10:50; with --nagios also -w RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s c -l critical -d 'Milliseconds that are CRITICAL; with --nagios also -c RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l force -d 'Send what contradicts the state'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l arp-check -l dad -d 'After an ACK, probe whether somebody uses the address, as a client would (RFC 5227; takes five seconds or more; with -6 as --dad)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l decline-on-conflict -d 'Probe, and send a DECLINE when somebody uses the address'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l release -d 'Give the address back at the end'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l flat -d 'Print flat rows, for programs that want tables: one column a field or option, of one type, the same in every row'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l nagios -d 'Be a monitoring plugin: one status line with performance data, a line per server, exit status 0, 1, 2 or 3'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s 4 -l ipv4 -d 'Speak DHCPv4 (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s 6 -l ipv6 -d 'Speak DHCPv6, and router discovery beside it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l broadcast -d 'Ask for broadcast answers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l no-broadcast -d 'Do not ask for broadcast answers (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l no-end -d 'Leave out the End option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l no-ia -d 'Ask for no IA at all'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l rapid-commit -d 'Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l reconfigure-accept -d 'Say that RECONFIGURE is understood (option 20)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l dry-run -d 'Show the bytes, send nothing'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand request" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l lease -d 'Give back every lease in FILE, one line each as request --json prints them; - is standard input' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l mac -d 'The client\'s hardware address (chaddr, and the frame\'s source); the interface\'s own by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l xid -d 'Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l secs -d 'Seconds since the client began; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l hops -d 'Relays passed; with -6 the hop-count of the outermost relay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l flags -d 'All sixteen bits of the flags field' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l ciaddr -d 'Client\'s address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l yiaddr -d 'The address given' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l siaddr -d 'Next server' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l giaddr -d 'Relay\'s address (handshake takes several, separated by commas)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l sname -d 'Server name field, up to 64 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l file -d 'Boot file field, up to 128 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l op -d 'Operation: 1 request, 2 reply' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l htype -d 'Hardware type' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l hlen -d 'Length of the hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l chaddr -d 'Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l cookie -d 'What stands in the magic cookie\'s place' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l hostname -d 'Host name (option 12; with -6 option 39)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l client-id -d 'Client identifier (option 61)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l vendor-class -d 'Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l request-options -d 'Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for none' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -s o -l option -d 'Set an option: its text value, or with :hex its bytes; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l no-option -d 'Leave an option out; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l trailer -d 'Bytes behind the End option' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l pad-to -d 'Pad the message with zeros to so many bytes (300 by default)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l src-mac -d 'Source of the frame; the client\'s MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l src-ip -d 'Source address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l dst-ip -d 'Destination address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l dst-mac -d 'Destination of the frame; found by ARP or neighbor discovery where it is needed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l src-port -d 'UDP source port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l dst-port -d 'UDP destination port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l ttl -d 'Time to live, or hop limit' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l vlan -d 'VLAN tag, or outer and inner tag' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l duid -d 'Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none leaves it out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l iaid -d 'IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l ia-na -d 'Ask for addresses (an IA of non-temporary ones), with hints; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l ia-pd -d 'Ask for a prefix, with a hint: /56 asks for that length; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l ia-ta -d 'Ask for temporary addresses (obsolete); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l prefix -d 'The prefix asked for, held or released; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l elapsed -d 'Elapsed time (option 8), at most 655.35s; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l user-class -d 'User class (option 15); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l relay -d 'Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l relay-option -d 'Option of relay N, counted from the client (1 by default); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l server -d 'The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay, the server that a relay would ask. With -6 its DUID, or the address to send to' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l ip -d 'The address asked for, held, released or declined; repeatable with -6' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l timeout -d 'Wait so long for an answer before asking again: a time per try, at least 1ms' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l retries -d 'Ask again so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l write -d 'Keep every frame sent and received, each with a comment that says what it was' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -s 4 -l ipv4 -d 'Speak DHCPv4 (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -s 6 -l ipv6 -d 'Speak DHCPv6, and router discovery beside it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l broadcast -d 'Ask for broadcast answers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l no-broadcast -d 'Do not ask for broadcast answers (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l no-end -d 'Leave out the End option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l no-ia -d 'Ask for no IA at all'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l rapid-commit -d 'Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l reconfigure-accept -d 'Say that RECONFIGURE is understood (option 20)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l dry-run -d 'Show the bytes, send nothing'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand release" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l reason -d 'Why, for the server\'s log (option 56)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l lease -d 'With -6: decline the addresses of every lease in FILE, one line each as request --json prints them; - is standard input' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l mac -d 'The client\'s hardware address (chaddr, and the frame\'s source); the interface\'s own by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l xid -d 'Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l secs -d 'Seconds since the client began; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l hops -d 'Relays passed; with -6 the hop-count of the outermost relay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l flags -d 'All sixteen bits of the flags field' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l ciaddr -d 'Client\'s address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l yiaddr -d 'The address given' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l siaddr -d 'Next server' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l giaddr -d 'Relay\'s address (handshake takes several, separated by commas)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l sname -d 'Server name field, up to 64 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l file -d 'Boot file field, up to 128 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l op -d 'Operation: 1 request, 2 reply' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l htype -d 'Hardware type' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l hlen -d 'Length of the hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l chaddr -d 'Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l cookie -d 'What stands in the magic cookie\'s place' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l hostname -d 'Host name (option 12; with -6 option 39)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l client-id -d 'Client identifier (option 61)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l vendor-class -d 'Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l request-options -d 'Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for none' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -s o -l option -d 'Set an option: its text value, or with :hex its bytes; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l no-option -d 'Leave an option out; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l trailer -d 'Bytes behind the End option' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l pad-to -d 'Pad the message with zeros to so many bytes (300 by default)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l src-mac -d 'Source of the frame; the client\'s MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l src-ip -d 'Source address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l dst-ip -d 'Destination address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l dst-mac -d 'Destination of the frame; found by ARP or neighbor discovery where it is needed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l src-port -d 'UDP source port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l dst-port -d 'UDP destination port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l ttl -d 'Time to live, or hop limit' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l vlan -d 'VLAN tag, or outer and inner tag' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l duid -d 'Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none leaves it out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l iaid -d 'IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l ia-na -d 'Ask for addresses (an IA of non-temporary ones), with hints; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l ia-pd -d 'Ask for a prefix, with a hint: /56 asks for that length; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l ia-ta -d 'Ask for temporary addresses (obsolete); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l prefix -d 'The prefix asked for, held or released; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l elapsed -d 'Elapsed time (option 8), at most 655.35s; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l user-class -d 'User class (option 15); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l relay -d 'Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l relay-option -d 'Option of relay N, counted from the client (1 by default); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l server -d 'The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay, the server that a relay would ask. With -6 its DUID, or the address to send to' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l ip -d 'The address asked for, held, released or declined; repeatable with -6' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l timeout -d 'Wait so long for an answer before asking again: a time per try, at least 1ms' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l retries -d 'Ask again so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l write -d 'Keep every frame sent and received, each with a comment that says what it was' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -s 4 -l ipv4 -d 'Speak DHCPv4 (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -s 6 -l ipv6 -d 'Speak DHCPv6, and router discovery beside it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l broadcast -d 'Ask for broadcast answers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l no-broadcast -d 'Do not ask for broadcast answers (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l no-end -d 'Leave out the End option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l no-ia -d 'Ask for no IA at all'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l rapid-commit -d 'Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l reconfigure-accept -d 'Say that RECONFIGURE is understood (option 20)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l dry-run -d 'Show the bytes, send nothing'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decline" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l mac -d 'The client\'s hardware address (chaddr, and the frame\'s source); the interface\'s own by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l xid -d 'Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l secs -d 'Seconds since the client began; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l hops -d 'Relays passed; with -6 the hop-count of the outermost relay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l flags -d 'All sixteen bits of the flags field' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l ciaddr -d 'Client\'s address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l yiaddr -d 'The address given' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l siaddr -d 'Next server' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l giaddr -d 'Relay\'s address (handshake takes several, separated by commas)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l sname -d 'Server name field, up to 64 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l file -d 'Boot file field, up to 128 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l op -d 'Operation: 1 request, 2 reply' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l htype -d 'Hardware type' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l hlen -d 'Length of the hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l chaddr -d 'Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l cookie -d 'What stands in the magic cookie\'s place' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l hostname -d 'Host name (option 12; with -6 option 39)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l client-id -d 'Client identifier (option 61)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l vendor-class -d 'Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l request-options -d 'Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for none' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -s o -l option -d 'Set an option: its text value, or with :hex its bytes; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l no-option -d 'Leave an option out; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l trailer -d 'Bytes behind the End option' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l pad-to -d 'Pad the message with zeros to so many bytes (300 by default)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l src-mac -d 'Source of the frame; the client\'s MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l src-ip -d 'Source address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l dst-ip -d 'Destination address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l dst-mac -d 'Destination of the frame; found by ARP or neighbor discovery where it is needed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l src-port -d 'UDP source port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l dst-port -d 'UDP destination port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l ttl -d 'Time to live, or hop limit' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l vlan -d 'VLAN tag, or outer and inner tag' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l duid -d 'Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none leaves it out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l iaid -d 'IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l ia-na -d 'Ask for addresses (an IA of non-temporary ones), with hints; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l ia-pd -d 'Ask for a prefix, with a hint: /56 asks for that length; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l ia-ta -d 'Ask for temporary addresses (obsolete); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l prefix -d 'The prefix asked for, held or released; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l elapsed -d 'Elapsed time (option 8), at most 655.35s; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l user-class -d 'User class (option 15); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l relay -d 'Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l relay-option -d 'Option of relay N, counted from the client (1 by default); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l server -d 'The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay, the server that a relay would ask. With -6 its DUID, or the address to send to' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l ip -d 'The address asked for, held, released or declined; repeatable with -6' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l timeout -d 'Wait so long for an answer before asking again: a time per try, at least 1ms' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l retries -d 'Ask again so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l write -d 'Keep every frame sent and received, each with a comment that says what it was' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -s 4 -l ipv4 -d 'Speak DHCPv4 (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -s 6 -l ipv6 -d 'Speak DHCPv6, and router discovery beside it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l broadcast -d 'Ask for broadcast answers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l no-broadcast -d 'Do not ask for broadcast answers (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l no-end -d 'Leave out the End option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l no-ia -d 'Ask for no IA at all'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l rapid-commit -d 'Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l reconfigure-accept -d 'Say that RECONFIGURE is understood (option 20)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l dry-run -d 'Show the bytes, send nothing'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand inform" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l critical -d 'Milliseconds that are CRITICAL; with --nagios also -c RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s c -l count -d 'How many handshakes (4, unless --rate or --duration says how long)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s i -l interval -d 'Begin one handshake so often; 0s: as soon as the one before is done' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l rate -d 'Begin so many per second, whatever the server does (200, 200/s, 3000/m)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l duration -d 'Begin none after this time (with --find-rate: length of each step)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l ramp -d 'Reach the rate over this time' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l max-in-flight -d 'Exchanges under way at a time (with --rate as many as there are clients, else 1)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l slo -d 'What "sustains" means: latency from the schedule, and loss' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l threads -d 'Threads that share the work, each with its own sockets' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l seed -d 'Make choices repeatable: MACs, transaction identifiers, the order of a mix' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l clients -d 'Different clients, with MACs made up from the seed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l mac-list -d 'The clients\' MACs, one a line' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l write-leases -d 'Write leases that are still held to FILE, for release --lease' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l full -d 'Weight of handshakes in a mix; a client without a lease always begins with one' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l renew -d 'Weight of renewals (REQUEST to the server that gave the lease)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l rebind -d 'Weight of rebinding (REQUEST to any server)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l init-reboot -d 'Weight of reboots (REQUEST for an address remembered)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l confirm -d 'Weight of CONFIRM with -6: a reboot' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l inform -d 'Weight of INFORM' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l release -d 'Weight of RELEASE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l histogram -d 'Save the histograms as an HdrHistogram log, which can be merged with others' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l mac -d 'The client\'s hardware address (chaddr, and the frame\'s source); the interface\'s own by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l xid -d 'Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l secs -d 'Seconds since the client began; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l hops -d 'Relays passed; with -6 the hop-count of the outermost relay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l flags -d 'All sixteen bits of the flags field' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l ciaddr -d 'Client\'s address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l yiaddr -d 'The address given' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l siaddr -d 'Next server' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l giaddr -d 'Relay\'s address (handshake takes several, separated by commas)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l sname -d 'Server name field, up to 64 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l file -d 'Boot file field, up to 128 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l op -d 'Operation: 1 request, 2 reply' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l htype -d 'Hardware type' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l hlen -d 'Length of the hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l chaddr -d 'Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l cookie -d 'What stands in the magic cookie\'s place' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l hostname -d 'Host name (option 12; with -6 option 39)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l client-id -d 'Client identifier (option 61)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l vendor-class -d 'Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l request-options -d 'Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for none' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s o -l option -d 'Set an option: its text value, or with :hex its bytes; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l no-option -d 'Leave an option out; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l trailer -d 'Bytes behind the End option' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l pad-to -d 'Pad the message with zeros to so many bytes (300 by default)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l src-mac -d 'Source of the frame; the client\'s MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l src-ip -d 'Source address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l dst-ip -d 'Destination address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l dst-mac -d 'Destination of the frame; found by ARP or neighbor discovery where it is needed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l src-port -d 'UDP source port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l dst-port -d 'UDP destination port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l ttl -d 'Time to live, or hop limit' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l vlan -d 'VLAN tag, or outer and inner tag' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l duid -d 'Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none leaves it out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l iaid -d 'IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l ia-na -d 'Ask for addresses (an IA of non-temporary ones), with hints; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l ia-pd -d 'Ask for a prefix, with a hint: /56 asks for that length; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l ia-ta -d 'Ask for temporary addresses (obsolete); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l prefix -d 'The prefix asked for, held or released; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l elapsed -d 'Elapsed time (option 8), at most 655.35s; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l user-class -d 'User class (option 15); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l relay -d 'Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l relay-option -d 'Option of relay N, counted from the client (1 by default); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l server -d 'The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay, the server that a relay would ask. With -6 its DUID, or the address to send to' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l ip -d 'The address asked for, held, released or declined; repeatable with -6' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l timeout -d 'Wait so long for an answer before asking again: a time per try, at least 1ms' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l retries -d 'Ask again so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l write -d 'Keep every frame sent and received, each with a comment that says what it was' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s w -l warning -d 'Milliseconds that are a WARNING, as in 50, 50:, 10:50 or @10:50; with --nagios also -w RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l nagios -d 'Be a monitoring plugin: one status line with performance data, a line per server, exit status 0, 1, 2 or 3'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l find-rate -d 'Search the highest rate that the server sustains, up to --rate'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l load -d 'Allow more than 50 clients or 100 handshakes per second'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l option-82 -d 'Name each client to the server as a relay would: its number as circuit in option 82'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l keep -d 'Keep the leases'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l hold -d 'Give leases back at the end, not at once'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l each -d 'Print each exchange (a run without --rate does anyway, as text)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s 4 -l ipv4 -d 'Speak DHCPv4 (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s 6 -l ipv6 -d 'Speak DHCPv6, and router discovery beside it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l broadcast -d 'Ask for broadcast answers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l no-broadcast -d 'Do not ask for broadcast answers (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l no-end -d 'Leave out the End option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l no-ia -d 'Ask for no IA at all'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l rapid-commit -d 'Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l reconfigure-accept -d 'Say that RECONFIGURE is understood (option 20)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l dry-run -d 'Show the bytes, send nothing'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand handshake" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l type -d 'Message type of a packet made from flags: a name such as discover (the default) or inform, or a number; with -6 solicit (the default), request …, router-solicitation, router-advertisement' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l from-json -d 'Send what decode --json printed, one packet a line; - is standard input' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l from-pcap -d 'Send a packet of a capture' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l number -d 'Which packet of the capture, counted from 1; the first DHCP message if left out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l hex -d 'Send these bytes as the DHCP message; @FILE reads them from a file, - from standard input' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l count -d 'Send it so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l interval -d 'Time between two, at least 100us' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l expect -d 'What answer makes it a success; waits for it as long as --timeout says (2s if left out)' -r -f -a "offer\t'An OFFER'
ack\t'An ACK'
nak\t'A NAK'
advertise\t'With -6: an ADVERTISE'
reply\t'With -6: a REPLY'
relay-repl\t'With -6: a RELAY-REPL'
router-advertisement\t'With -6: a router advertisement'
none\t'No answer at all'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l hop-limit -d 'Hop limit that hosts shall use (64)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l preference -d 'Preference among routers (medium)' -r -f -a "high\t''
medium\t''
low\t''
reserved\t'A value that means medium'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l router-lifetime -d 'For so many seconds this is a default router; 0: it is none (1800)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l reachable -d 'How long a neighbor counts as reachable, in milliseconds (0: not said)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l retrans -d 'Time between solicitations of a neighbor, in milliseconds (0: not said)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l mac -d 'The client\'s hardware address (chaddr, and the frame\'s source); the interface\'s own by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l xid -d 'Transaction identifier, decimal or hexadecimal (0x10, cd7f1172), 24 bits with -6; random by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l secs -d 'Seconds since the client began; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l hops -d 'Relays passed; with -6 the hop-count of the outermost relay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l flags -d 'All sixteen bits of the flags field' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l ciaddr -d 'Client\'s address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l yiaddr -d 'The address given' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l siaddr -d 'Next server' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l giaddr -d 'Relay\'s address (handshake takes several, separated by commas)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l sname -d 'Server name field, up to 64 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l file -d 'Boot file field, up to 128 bytes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l op -d 'Operation: 1 request, 2 reply' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l htype -d 'Hardware type' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l hlen -d 'Length of the hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l chaddr -d 'Hardware address of 1 to 16 bytes in chaddr alone; the frame keeps its source' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l cookie -d 'What stands in the magic cookie\'s place' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l hostname -d 'Host name (option 12; with -6 option 39)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l client-id -d 'Client identifier (option 61)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l vendor-class -d 'Vendor class identifier (option 60); with -6 ENTERPRISE:TEXT (option 16), repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l request-options -d 'Options to ask for (option 55; with -6 option 6): codes, names, ranges such as 1-20, all; +252,-15 changes the usual list; empty for none' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -s o -l option -d 'Set an option: its text value, or with :hex its bytes; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l no-option -d 'Leave an option out; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l trailer -d 'Bytes behind the End option' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l pad-to -d 'Pad the message with zeros to so many bytes (300 by default)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l src-mac -d 'Source of the frame; the client\'s MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l src-ip -d 'Source address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l dst-ip -d 'Destination address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l dst-mac -d 'Destination of the frame; found by ARP or neighbor discovery where it is needed' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l src-port -d 'UDP source port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l dst-port -d 'UDP destination port' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l ttl -d 'Time to live, or hop limit' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l vlan -d 'VLAN tag, or outer and inner tag' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l duid -d 'Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none leaves it out' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l iaid -d 'IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l ia-na -d 'Ask for addresses (an IA of non-temporary ones), with hints; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l ia-pd -d 'Ask for a prefix, with a hint: /56 asks for that length; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l ia-ta -d 'Ask for temporary addresses (obsolete); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l prefix -d 'The prefix asked for, held or released; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l elapsed -d 'Elapsed time (option 8), at most 655.35s; counted by default' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l user-class -d 'User class (option 15); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l relay -d 'Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l relay-option -d 'Option of relay N, counted from the client (1 by default); repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l server -d 'The server meant: its answers alone count, and what goes to one server goes to this one. With --giaddr or --relay, the server that a relay would ask. With -6 its DUID, or the address to send to' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l ip -d 'The address asked for, held, released or declined; repeatable with -6' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l timeout -d 'Wait so long for an answer before asking again: a time per try, at least 1ms' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l retries -d 'Ask again so often' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l write -d 'Keep every frame sent and received, each with a comment that says what it was' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l as-is -d 'Send a packet of a file even where it is an answer of a server'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l managed -d 'Say that DHCPv6 gives addresses (M)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l other -d 'Say that DHCPv6 gives configuration (O)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -s 4 -l ipv4 -d 'Speak DHCPv4 (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -s 6 -l ipv6 -d 'Speak DHCPv6, and router discovery beside it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l broadcast -d 'Ask for broadcast answers'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l no-broadcast -d 'Do not ask for broadcast answers (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l no-end -d 'Leave out the End option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l no-ia -d 'Ask for no IA at all'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l rapid-commit -d 'Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l reconfigure-accept -d 'Say that RECONFIGURE is understood (option 20)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l dry-run -d 'Show the bytes, send nothing'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand send" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l allow -d 'A server or router that may be there: an address, a MAC, or any of protocol= (dhcpv4, dhcpv6, ra), server-id=, duid=, ip=, mac=, relay= and vlan= joined by commas, all of which must fit; repeat it for more' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l require -d 'A server that must answer, written as for --allow; others are welcome. Repeat it for more' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l policy -d 'A file that says which servers may be there and what they must offer (TOML, see below)' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l learn -d 'Write a policy that allows exactly what is there now' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l wait -d 'Collect answers for so long: 8s, or 60s when only listening. Servers that check an address before they offer it take up to 3 seconds' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l rounds -d 'Rounds of fresh clients, three seconds apart, as far as they fit into the wait' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l vlan -d 'Tag what is sent with this VLAN, or two' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l from -d 'Judge the servers in a capture instead; - is standard input' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l interval -d 'Time between the starts of two probings, moved by up to a tenth at random; 1s or more' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l gone-after -d 'A server not heard for so long is gone: three intervals, or an hour when only listening' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l state -d 'Remember in FILE over restarts who is known' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l exec -d 'Run PROGRAM on every change, with the change as JSON on its standard input; no shell is involved' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l exec-arg -d 'An argument for that program; repeat it for more' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l exec-timeout -d 'End that program when it takes longer' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l listen -d 'Serve /metrics for Prometheus here; of a port alone, on 127.0.0.1' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l prometheus -d 'Keep FILE up to date for Prometheus\' textfile collector' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l vendors -d 'Name the vendors of MAC addresses from this table (udev\'s 20-OUI.hwdb, Wireshark\'s manuf, Nmap\'s or the IEEE\'s) instead of the system\'s' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l stage -d 'What this process is to be: the helper that starts programs' -r -f -a "exec\t''
exec-next\t''"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s w -l warning -d 'Milliseconds that are a WARNING, as in 50, 50:, 10:50 or @10:50; with --nagios also -w RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s c -l critical -d 'Milliseconds that are CRITICAL; with --nagios also -c RANGE' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s 4 -l ipv4 -d 'DHCPv4 alone'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s 6 -l ipv6 -d 'DHCPv6 and router advertisements alone'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l passive -d 'Send nothing, only listen'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l own-mac -d 'Use the interface\'s own MAC for every client: for wireless networks and ports that take one MAC only'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l watch -d 'Run for ever and tell changes only: new, changed, gone, back'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l nagios -d 'Be a monitoring plugin: one status line with performance data, a line per server, exit status 0, 1, 2 or 3'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand rogue" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l mac -d 'Packets of this client, or from or to this link-layer address; 00:0b:82 stands for all that begin so' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l xid -d 'Packets of this transaction' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l duid -d 'Packets of this client or server of DHCPv6, by its DUID in hexadecimal' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l type -d 'Messages of these types, of both protocols (solicit, reply, router-advertisement, …): discover, offer, request, decline, ack, nak, release, inform, …, a number, or bootp' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l ip -d 'Packets with this address, or one of this prefix, in any field: IP header, ciaddr, yiaddr, siaddr, giaddr, options 50 and 54' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l server -d 'Packets that name this server (option 54), or replies from this address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l option -d 'Packets that have this option, by name or code, and with this value; repeat to ask for several' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l problem -d 'Packets with a problem: any, this one by its code, or one of this severity (error, warning, cut)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l vlan -d 'Packets with a tag of this VLAN' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l priority -d 'Packets with a VLAN tag of this priority (802.1p), 0 to 7' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l dscp -d 'Packets of this differentiated services code point: 0 to 63, or its name (cs6, ef, af31)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l ip-id -d 'Packets with this IPv4 identification' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l direction -d 'Packets that came in or went out, where the capture says so' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l since -d 'No packet before this moment: RFC 3339, "2024-05-06 07:08:09", 09:50 or "yesterday 09:50" (UTC), -10m (ago), or seconds since 1970' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l until -d 'No packet after this moment' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l number -d 'Only frames of these numbers, as the first column and JSON\'s number say them: 7, or 3,10-20' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l count -d 'Stop after so many packets' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l filter -d 'Only frames that this pcap-filter(7) expression holds for; tags are looked through unless it speaks of vlan' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l port -d 'Take UDP port N for DHCP too, besides 67, 68 and 4011' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l tunnel -d 'Take UDP port N for a tunnel (vxlan=48879): l2tp, gtp, teredo, lisp, gre, vxlan, vxlan-gpe, capwap, geneve, sflow, mpls, lwapp, tzsp' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l time -d 'How times are written' -r -f -a "utc\t'Date and time of day, UTC'
local\t'Date and time of day here'
epoch\t'Seconds since 1970-01-01 UTC'
relative\t'Seconds since the first packet shown'
delta\t'Seconds since the packet shown before'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l client -d 'Exchanges of this client' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l outcome -d 'Exchanges that ended so: bound, refused, unanswered, …' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l code -d 'Exchanges and findings with this code' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l slower-than -d 'Exchanges that took longer than this, or were not answered' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l fail-on -d 'End with exit code 1 if anything as bad as this was printed' -r -f -a "error\t'Users have no address or a bad one'
warning\t'Somebody waits, or it works by luck'
note\t'Worth knowing'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l ignore -d 'Do not say this code; repeat to silence several' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l max-open -d 'Exchanges open at a time; beyond that the oldest is closed as it stands' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l vendors -d 'Name the vendors of MAC addresses from this table (udev\'s 20-OUI.hwdb, Wireshark\'s manuf, Nmap\'s or the IEEE\'s) instead of the system\'s' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l fields -d 'The columns of flat rows, in this order, by the names that dhcptool schema --sql duckdb lists' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l format -d 'How flat rows are written: ndjson if left out' -r -f -a "json\t'One array of objects'
ndjson\t'One object a line'
csv\t'Values separated by commas, with a line of names; lists are joined by a space, and an apostrophe stands before text that a spreadsheet would take for a formula'
tsv\t'The same separated by tabs'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l known -d 'Servers that are meant to be there; others are marked' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l duration -d 'Stop after this long, as in 90s or 1h30m' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s w -l write -d 'Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng; - is standard output' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l rotate-size -d 'Begin another file before this one grows beyond so many bytes, as in 100M (units k, M, G: powers of 1000)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l rotate-every -d 'Begin another file after this long, as in 1h; 1s or more' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l keep -d 'Of the files written, keep the last N' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s 4 -l ipv4 -d 'DHCPv4 alone; DHCPv6 and router discovery are looked for too unless one of the two is given'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s 6 -l ipv6 -d 'DHCPv6 and router solicitations and advertisements alone'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l not -d 'The packets that the flags above do not choose; --since and --until still hold'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l wide -d 'Write all there is to say on one line, however wide the terminal is'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l transactions -d 'Join messages into exchanges: a row for each'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l ladder -d 'Draw each exchange as a ladder'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l stats -d 'One summary: outcomes, servers with their delays, relays, clients that fail'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l lint -d 'Only what has problems: exchanges and findings, with advice'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l clients -d 'A row a client, worst first: who got no address, and why'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l strict -d 'Say also what only old and narrow devices take amiss'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l ascii -d 'Draw ladders with ASCII characters'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l flat -d 'Print flat rows, for programs that want tables: one column a field or option, of one type, the same in every row'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l top -d 'A screen of how it stands, drawn again every second: servers with rates and delays, clients that fail and for how long'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l write-only -d 'Show nothing, only write'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s p -l no-promiscuous -d 'See only what the interface takes anyway: do not make it promiscuous'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand sniff" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l mac -d 'Packets of this client, or from or to this link-layer address; 00:0b:82 stands for all that begin so' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l xid -d 'Packets of this transaction' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l duid -d 'Packets of this client or server of DHCPv6, by its DUID in hexadecimal' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l type -d 'Messages of these types, of both protocols (solicit, reply, router-advertisement, …): discover, offer, request, decline, ack, nak, release, inform, …, a number, or bootp' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l ip -d 'Packets with this address, or one of this prefix, in any field: IP header, ciaddr, yiaddr, siaddr, giaddr, options 50 and 54' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l server -d 'Packets that name this server (option 54), or replies from this address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l option -d 'Packets that have this option, by name or code, and with this value; repeat to ask for several' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l problem -d 'Packets with a problem: any, this one by its code, or one of this severity (error, warning, cut)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l vlan -d 'Packets with a tag of this VLAN' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l priority -d 'Packets with a VLAN tag of this priority (802.1p), 0 to 7' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l dscp -d 'Packets of this differentiated services code point: 0 to 63, or its name (cs6, ef, af31)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l ip-id -d 'Packets with this IPv4 identification' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l direction -d 'Packets that came in or went out, where the capture says so' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l since -d 'No packet before this moment: RFC 3339, "2024-05-06 07:08:09", 09:50 or "yesterday 09:50" (UTC), -10m (ago), or seconds since 1970' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l until -d 'No packet after this moment' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l number -d 'Only frames of these numbers, as the first column and JSON\'s number say them: 7, or 3,10-20' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l count -d 'Stop after so many packets' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l filter -d 'Only frames that this pcap-filter(7) expression holds for; tags are looked through unless it speaks of vlan' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l port -d 'Take UDP port N for DHCP too, besides 67, 68 and 4011' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l tunnel -d 'Take UDP port N for a tunnel (vxlan=48879): l2tp, gtp, teredo, lisp, gre, vxlan, vxlan-gpe, capwap, geneve, sflow, mpls, lwapp, tzsp' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l time -d 'How times are written' -r -f -a "utc\t'Date and time of day, UTC'
local\t'Date and time of day here'
epoch\t'Seconds since 1970-01-01 UTC'
relative\t'Seconds since the first packet shown'
delta\t'Seconds since the packet shown before'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l fields -d 'The columns of flat rows, in this order, by the names that dhcptool schema --sql duckdb lists' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l format -d 'How flat rows are written: ndjson if left out' -r -f -a "json\t'One array of objects'
ndjson\t'One object a line'
csv\t'Values separated by commas, with a line of names; lists are joined by a space, and an apostrophe stands before text that a spreadsheet would take for a formula'
tsv\t'The same separated by tabs'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l client -d 'Exchanges of this client' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l outcome -d 'Exchanges that ended so: bound, refused, unanswered, …' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l code -d 'Exchanges and findings with this code' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l slower-than -d 'Exchanges that took longer than this, or were not answered' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l fail-on -d 'End with exit code 1 if anything as bad as this was printed' -r -f -a "error\t'Users have no address or a bad one'
warning\t'Somebody waits, or it works by luck'
note\t'Worth knowing'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l ignore -d 'Do not say this code; repeat to silence several' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l max-open -d 'Exchanges open at a time; beyond that the oldest is closed as it stands' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l vendors -d 'Name the vendors of MAC addresses from this table (udev\'s 20-OUI.hwdb, Wireshark\'s manuf, Nmap\'s or the IEEE\'s) instead of the system\'s' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l known -d 'Servers that are meant to be there; others are marked' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l speed -d 'With --top, how many times as fast as it was: 60 shows an hour in a minute' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s w -l write -d 'Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l threads -d 'Decode with N threads; left out: as many as pay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s 4 -l ipv4 -d 'DHCPv4 alone; DHCPv6 and router discovery are looked for too unless one of the two is given'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s 6 -l ipv6 -d 'DHCPv6 and router solicitations and advertisements alone'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l not -d 'The packets that the flags above do not choose; --since and --until still hold'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l wide -d 'Write all there is to say on one line, however wide the terminal is'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l flat -d 'Print flat rows, for programs that want tables: one column a field or option, of one type, the same in every row'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l transactions -d 'Join messages into exchanges: a row for each'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l ladder -d 'Draw each exchange as a ladder'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l stats -d 'One summary: outcomes, servers with their delays, relays, clients that fail'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l lint -d 'Only what has problems: exchanges and findings, with advice'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l clients -d 'A row a client, worst first: who got no address, and why'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l strict -d 'Say also what only old and narrow devices take amiss'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l ascii -d 'Draw ladders with ASCII characters'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l top -d 'A screen of how it stands, drawn again every second: servers with rates and delays, clients that fail and for how long'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l redact -d 'Replace MAC and IP addresses, names and identifiers, the same by the same everywhere, in what is shown and written; what is not DHCPv4 over plain IPv4 is left out and counted'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l follow -d 'Go on as the capture grows, also under a new name, until interrupted; it must not become shorter or be compressed'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand decode" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s 6 -l ipv6 -d 'Those of DHCPv6 instead of DHCPv4'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -l nd -d 'Those of Neighbor Discovery'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand options" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l mac -d 'Ask as this hardware address' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l vlan -d 'Ask in this VLAN' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l pxe -d 'Ask as a PXE client of this architecture (RFC 4578; 7 is UEFI x64), and look for the boot file' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l via -d 'Ask --server too, as a relay with this address would; answers come here if the way to it leads to this interface' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l server -d 'The server that --via asks' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l ip -d 'The address that the host held before; without it, that of the newest lease file' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l listen -d 'Listen for so long at least; 20s with --passive' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l expect -d 'Judge the servers by this policy, as rogue --policy does, and take the offer of one that it allows' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l save -d 'Keep every frame seen in FILE (pcapng), with the verdict as its comment' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l interval -d 'How long to wait between two examinations of --watch' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l quick -d 'One short round: no stranger, no renewal'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l no-second-mac -d 'Do not ask as a stranger too'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l as-host -d 'Ask as the host itself: its hardware address, client identifier and host name (the default)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l passive -d 'Send nothing: tell what others\' messages show'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l explain -d 'Give advice for everything that is said'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l nagios -d 'One line for monitoring: 0, 1, 2 or 3 by OK, warning, error, unable'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l watch -d 'Examine again every five minutes and tell changes only'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand interfaces" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand interfaces" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand interfaces" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand interfaces" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand interfaces" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand interfaces" -s V -l version -d 'Print version'
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
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l slow-check -d 'Look whether an address is in use before it is first offered' -r -f -a "arp\t'By an ARP request'
icmp\t'By an ICMP echo request'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l check-time -d 'How long such a look takes' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l pool-size -d 'Addresses in each server\'s pool' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l lease-time -d 'How long leases run' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l stall -d 'Stand still for a while, over and over, as in 200ms/1s' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l rate-limit -d 'Manage no more than so many full exchanges per second' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l threads -d 'Answer with so many threads (only where nothing is delayed or lost)' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l v6 -d 'Speak IPv6 too: DHCPv6 and router advertisements [default: on; off with a --fault of DHCPv4]' -r -f -a "on\t''
off\t''"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l ra -d 'What routers say of addresses [default: managed]' -r -f -a "managed\t'DHCPv6 gives addresses and the rest (flags M and O)'
stateless\t'Hosts make their addresses, DHCPv6 gives the rest (flag O)'
slaac\t'Hosts make their addresses, there is no DHCPv6'
off\t'There is no router'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l pd -d 'Length of the prefixes that servers delegate [default: 56]' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l preference -d 'Preference of the DHCPv6 servers [default: 0]' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l rapid-commit -d 'Answer SOLICIT with rapid commit by REPLY [default: on]' -r -f -a "on\t''
off\t''"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l fault -d 'Let something be wrong, as --faults lists it; repeatable' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l client-addr -d 'Give eth0 an IPv4 address, as in 10.0.0.200/8' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l stage -d 'What this process is to be: the lab itself, or one of its helpers' -r -f -a "supervise\t''
exec\t''"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l parent -d 'Who started this process and must be there still' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l rogue -d 'Add a server that should not be there'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l nak -d 'Deny every REQUEST'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l relay -d 'Put the servers behind a relay'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l bootp -d 'Answer BOOTP requests too'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l other-address -d 'Acknowledge another address than was offered'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l occupied -d 'Let somebody answer ARP and ping for every address of the pools'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l faults -d 'List what can be wrong, and by which codes a diagnosis must name it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand lab" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -l sql -d 'Print the table of flat rows for this database' -r -f -a "duckdb\t'`DuckDB`'
clickhouse\t'`ClickHouse`'
spark\t'Apache Spark'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -l fields -d 'Only these columns, in this order' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand schema" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -l type -d 'Compare these messages; left out: ACKs if both sides have one, else OFFERs' -r -f -a "offer\t'OFFERs'
ack\t'ACKs'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -l mac -d 'Only replies to this client' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -l all -d 'Compare the servers\' own identifiers, too'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand diff" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand explain" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand explain" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand explain" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand explain" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand explain" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -s o -l output -d 'Where the page goes; left out, or -: standard output, unless that is a terminal' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l ignore -d 'Do not say this code; repeat to silence several' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l time -d 'Tell times of day in UTC, or as they are here' -r -f -a "utc\t'UTC'
local\t'The zone of this machine'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l max-open -d 'Exchanges open at a time; beyond that the oldest is closed as it stands' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l threads -d 'Read with N threads; left out: as many as pay' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l vendors -d 'Name the vendors of MAC addresses from this table (udev\'s 20-OUI.hwdb, Wireshark\'s manuf, Nmap\'s or the IEEE\'s) instead of the system\'s' -r -F
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l user -d 'Give up root to become this user; without it, the user who ran sudo' -r
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l strict -d 'Say also what only old and narrow devices take amiss'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l redact -d 'Replace MAC and IP addresses, names and identifiers, the same by the same everywhere; what is not DHCPv4 over plain IPv4 is left out'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l no-sandbox -d 'Do not confine the process (seccomp, Landlock); root and capabilities are given up all the same'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand report" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -l color -d 'When to colour the output; NO_COLOR is obeyed' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -l json -d 'Print JSON, one object per line, for programs'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s v -l verbose -d 'Say more; twice for more still'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s q -l quiet -d 'Say nothing but the results: no summary, no warnings, no progress'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand completions" -s V -l version -d 'Print version'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "discover" -d 'Broadcast a DISCOVER and collect every answer'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "request" -d 'Send a REQUEST in a chosen client state and report ACK, NAK or silence'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "release" -d 'Give an address back to the server that leased it'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "decline" -d 'Tell the server that the address it leased is in use by somebody else'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "inform" -d 'Ask for configuration for an address that the client already has'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "handshake" -d 'Time full DISCOVER/OFFER/REQUEST/ACK exchanges, one or millions'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "send" -d 'Send any packet: from flags, from JSON that decode wrote, from a capture, from hex'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "rogue" -d 'Find every DHCP server and router, and judge it against an allow list'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "sniff" -d 'Decode live traffic'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "decode" -d 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "options" -d 'List the options known: code, name, type, reference'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "doctor" -d 'Why does this machine, or this segment, get no address, or a bad one?'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "interfaces" -d 'List the interfaces: which can be used, and which one is used when none is named'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "lab" -d 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "schema" -d 'Print what the JSON of a command looks like as JSON Schema, or the table of flat rows as SQL'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "diff" -d 'Compare what two servers give, option by option'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "explain" -d 'Say what a problem, finding or reason means, why it matters and what to do'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "report" -d 'Write one page of HTML that tells captures, for a ticket'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c dhcptool -n "__fish_dhcptool_using_subcommand help; and not __fish_seen_subcommand_from discover request release decline inform handshake send rogue sniff decode options doctor interfaces lab schema diff explain report completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
