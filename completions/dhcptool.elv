
use builtin;
use str;

set edit:completion:arg-completer[dhcptool] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'dhcptool'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'dhcptool'= {
            cand --color 'When to colour the output; NO_COLOR is obeyed'
            cand --json 'Print JSON, one object per line, for programs'
            cand -v 'Say more; twice for more still'
            cand --verbose 'Say more; twice for more still'
            cand -q 'Say nothing but the results: no summary, no warnings, no progress'
            cand --quiet 'Say nothing but the results: no summary, no warnings, no progress'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand decode 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz'
            cand options 'List the options known: code, name, type, reference'
            cand lab 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'dhcptool;decode'= {
            cand --mac 'Packets of this client, or from or to this link-layer address'
            cand --xid 'Packets of this transaction'
            cand --type 'Messages of these types: discover, offer, request, decline, ack, nak, release, inform, …, a number, or bootp'
            cand --ip 'Packets with this address in any field: IP header, ciaddr, yiaddr, siaddr, giaddr, options 50 and 54'
            cand --server 'Packets that name this server (option 54), or replies from this address'
            cand --option 'Packets that have this option, by name or code, and with this value; repeat to ask for several'
            cand --since 'No packet before this moment: RFC 3339, "2024-05-06 07:08:09" (UTC), or seconds since 1970'
            cand --until 'No packet after this moment'
            cand --count 'Stop after so many packets'
            cand --filter 'Only frames that this pcap-filter(7) expression holds for; tags are looked through unless it speaks of vlan'
            cand --port 'Take UDP port N for DHCP too, besides 67, 68 and 4011'
            cand --time 'How times are written'
            cand -w 'Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng'
            cand --write 'Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng'
            cand --color 'When to colour the output; NO_COLOR is obeyed'
            cand --json 'Print JSON, one object per line, for programs'
            cand -v 'Say more; twice for more still'
            cand --verbose 'Say more; twice for more still'
            cand -q 'Say nothing but the results: no summary, no warnings, no progress'
            cand --quiet 'Say nothing but the results: no summary, no warnings, no progress'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'dhcptool;options'= {
            cand --color 'When to colour the output; NO_COLOR is obeyed'
            cand --json 'Print JSON, one object per line, for programs'
            cand -v 'Say more; twice for more still'
            cand --verbose 'Say more; twice for more still'
            cand -q 'Say nothing but the results: no summary, no warnings, no progress'
            cand --quiet 'Say nothing but the results: no summary, no warnings, no progress'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'dhcptool;lab'= {
            cand --servers 'How many servers answer'
            cand --rogue-kind 'What gives the rogue server away (implies --rogue)'
            cand --seed 'Seed of every random choice: the same seed, the same lab'
            cand --delay 'Answer this much later'
            cand --loss 'Lose so many frames of a hundred, in each direction'
            cand --duplicate 'Send so many answers of a hundred twice'
            cand --reorder 'Let so many answers of a hundred be overtaken'
            cand --silent 'Do not answer: nothing at all, or only not to DISCOVER or REQUEST'
            cand --slow-check 'Look for a second whether an address is in use before it is first offered'
            cand --pool-size 'Addresses in each server''s pool'
            cand --lease-time 'How long leases run'
            cand --stall 'Stand still for a while, over and over, as in 200ms/1s'
            cand --rate-limit 'Manage no more than so many full exchanges per second'
            cand --threads 'Answer with so many threads (only where nothing is delayed or lost)'
            cand --client-addr 'Give eth0 an IPv4 address, as in 10.0.0.200/8'
            cand --stage 'What this process is to be: the lab itself, or one of its helpers'
            cand --color 'When to colour the output; NO_COLOR is obeyed'
            cand --rogue 'Add a server that should not be there'
            cand --nak 'Deny every REQUEST'
            cand --relay 'Put the servers behind a relay'
            cand --bootp 'Answer BOOTP requests too'
            cand --other-address 'Acknowledge another address than was offered'
            cand --occupied 'Let somebody answer ARP and ping for every address of the pools'
            cand --json 'Print JSON, one object per line, for programs'
            cand -v 'Say more; twice for more still'
            cand --verbose 'Say more; twice for more still'
            cand -q 'Say nothing but the results: no summary, no warnings, no progress'
            cand --quiet 'Say nothing but the results: no summary, no warnings, no progress'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'dhcptool;completions'= {
            cand --color 'When to colour the output; NO_COLOR is obeyed'
            cand --json 'Print JSON, one object per line, for programs'
            cand -v 'Say more; twice for more still'
            cand --verbose 'Say more; twice for more still'
            cand -q 'Say nothing but the results: no summary, no warnings, no progress'
            cand --quiet 'Say nothing but the results: no summary, no warnings, no progress'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'dhcptool;help'= {
            cand decode 'Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz'
            cand options 'List the options known: code, name, type, reference'
            cand lab 'Run a command in a private network that holds embedded DHCP servers (no root, no real network)'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'dhcptool;help;decode'= {
        }
        &'dhcptool;help;options'= {
        }
        &'dhcptool;help;lab'= {
        }
        &'dhcptool;help;completions'= {
        }
        &'dhcptool;help;help'= {
        }
    ]
    $completions[$command]
}
