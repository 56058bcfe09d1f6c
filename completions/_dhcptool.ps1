
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'dhcptool' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'dhcptool'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'dhcptool' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour the output; NO_COLOR is obeyed')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line, for programs')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('decode', 'decode', [CompletionResultType]::ParameterValue, 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz')
            [CompletionResult]::new('options', 'options', [CompletionResultType]::ParameterValue, 'List the options known: code, name, type, reference')
            [CompletionResult]::new('lab', 'lab', [CompletionResultType]::ParameterValue, 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhcptool;decode' {
            [CompletionResult]::new('--mac', '--mac', [CompletionResultType]::ParameterName, 'Packets of this client, or from or to this link-layer address')
            [CompletionResult]::new('--xid', '--xid', [CompletionResultType]::ParameterName, 'Packets of this transaction')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Messages of these types: discover, offer, request, decline, ack, nak, release, inform, …, a number, or bootp')
            [CompletionResult]::new('--ip', '--ip', [CompletionResultType]::ParameterName, 'Packets with this address in any field: IP header, ciaddr, yiaddr, siaddr, giaddr, options 50 and 54')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Packets that name this server (option 54), or replies from this address')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Packets that have this option, by name or code, and with this value; repeat to ask for several')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'No packet before this moment: RFC 3339, "2024-05-06 07:08:09" (UTC), or seconds since 1970')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'No packet after this moment')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after so many packets')
            [CompletionResult]::new('--filter', '--filter', [CompletionResultType]::ParameterName, 'Only frames that this pcap-filter(7) expression holds for; tags are looked through unless it speaks of vlan')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Take UDP port N for DHCP too, besides 67, 68 and 4011')
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'How times are written')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng')
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour the output; NO_COLOR is obeyed')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line, for programs')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'dhcptool;options' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour the output; NO_COLOR is obeyed')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line, for programs')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'dhcptool;lab' {
            [CompletionResult]::new('--servers', '--servers', [CompletionResultType]::ParameterName, 'How many servers answer')
            [CompletionResult]::new('--rogue-kind', '--rogue-kind', [CompletionResultType]::ParameterName, 'What gives the rogue server away (implies --rogue)')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of every random choice: the same seed, the same lab')
            [CompletionResult]::new('--delay', '--delay', [CompletionResultType]::ParameterName, 'Answer this much later')
            [CompletionResult]::new('--loss', '--loss', [CompletionResultType]::ParameterName, 'Lose so many frames of a hundred, in each direction')
            [CompletionResult]::new('--duplicate', '--duplicate', [CompletionResultType]::ParameterName, 'Send so many answers of a hundred twice')
            [CompletionResult]::new('--reorder', '--reorder', [CompletionResultType]::ParameterName, 'Let so many answers of a hundred be overtaken')
            [CompletionResult]::new('--silent', '--silent', [CompletionResultType]::ParameterName, 'Do not answer: nothing at all, or only not to DISCOVER or REQUEST')
            [CompletionResult]::new('--slow-check', '--slow-check', [CompletionResultType]::ParameterName, 'Look for a second whether an address is in use before it is first offered')
            [CompletionResult]::new('--pool-size', '--pool-size', [CompletionResultType]::ParameterName, 'Addresses in each server''s pool')
            [CompletionResult]::new('--lease-time', '--lease-time', [CompletionResultType]::ParameterName, 'How long leases run')
            [CompletionResult]::new('--stall', '--stall', [CompletionResultType]::ParameterName, 'Stand still for a while, over and over, as in 200ms/1s')
            [CompletionResult]::new('--rate-limit', '--rate-limit', [CompletionResultType]::ParameterName, 'Manage no more than so many full exchanges per second')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Answer with so many threads (only where nothing is delayed or lost)')
            [CompletionResult]::new('--client-addr', '--client-addr', [CompletionResultType]::ParameterName, 'Give eth0 an IPv4 address, as in 10.0.0.200/8')
            [CompletionResult]::new('--stage', '--stage', [CompletionResultType]::ParameterName, 'What this process is to be: the lab itself, or one of its helpers')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour the output; NO_COLOR is obeyed')
            [CompletionResult]::new('--rogue', '--rogue', [CompletionResultType]::ParameterName, 'Add a server that should not be there')
            [CompletionResult]::new('--nak', '--nak', [CompletionResultType]::ParameterName, 'Deny every REQUEST')
            [CompletionResult]::new('--relay', '--relay', [CompletionResultType]::ParameterName, 'Put the servers behind a relay')
            [CompletionResult]::new('--bootp', '--bootp', [CompletionResultType]::ParameterName, 'Answer BOOTP requests too')
            [CompletionResult]::new('--other-address', '--other-address', [CompletionResultType]::ParameterName, 'Acknowledge another address than was offered')
            [CompletionResult]::new('--occupied', '--occupied', [CompletionResultType]::ParameterName, 'Let somebody answer ARP and ping for every address of the pools')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line, for programs')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'dhcptool;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour the output; NO_COLOR is obeyed')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, one object per line, for programs')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for more still')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but the results: no summary, no warnings, no progress')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'dhcptool;help' {
            [CompletionResult]::new('decode', 'decode', [CompletionResultType]::ParameterValue, 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz')
            [CompletionResult]::new('options', 'options', [CompletionResultType]::ParameterValue, 'List the options known: code, name, type, reference')
            [CompletionResult]::new('lab', 'lab', [CompletionResultType]::ParameterValue, 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhcptool;help;decode' {
            break
        }
        'dhcptool;help;options' {
            break
        }
        'dhcptool;help;lab' {
            break
        }
        'dhcptool;help;completions' {
            break
        }
        'dhcptool;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
