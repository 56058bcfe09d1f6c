//! What the help and the man pages say beside the flags: exit statuses, examples, and recipes by task. One table; a test
//! tries every line of it on the definition of the command line.

use std::fmt::Write as _;

/// A command line and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What it does.
    pub what: &'static str,
    /// What is typed.
    pub line: &'static str,
}

/// What is said of a command beside its flags.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The command.
    pub name: &'static str,
    /// What each exit status means.
    pub statuses: &'static [(&'static str, &'static str)],
    /// How it is used.
    pub examples: &'static [Example],
    /// Related commands.
    pub see: &'static [&'static str],
}

/// How somebody gets something done.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// The task.
    pub task: &'static str,
    /// What has to be known.
    pub text: &'static str,
    /// The command lines.
    pub lines: &'static [&'static str],
}

macro_rules! examples {
    ($($what:literal: $line:literal;)*) => { &[$(Example { what: $what, line: $line },)*] };
}

const NOT_RUN: (&str, &str) =
    ("3", "it could not run: no such interface, no permission, a file that cannot be read");
const USAGE: (&str, &str) = ("2", "the command line is wrong");
const NAGIOS: (&str, &str) =
    ("0 to 3", "with --nagios: OK, WARNING, CRITICAL, UNKNOWN, and a wrong command line is UNKNOWN too");
const JUDGED: (&str, &str) = (
    "0 to 3",
    "with --nagios: OK; WARNING, CRITICAL: nobody answers, or nothing that could be used is given, or the answer is beyond \
              -w or -c, which judge the time from the first question, however often that was repeated, to the answer; UNKNOWN: it could not run, or \
              the command line is wrong",
);
const INTERRUPTED: (&str, &str) = ("130", "it was interrupted; what it had was printed");
/// Of what gives an address up.
const GIVING_UP: &[(&str, &str)] = &[
    ("0", "it was sent, which nobody answers; with -6: the server said so"),
    ("1", "it did not leave; with -6: the server refused, or did not answer"),
    USAGE,
    NOT_RUN,
    ("4", "with --lease: a line of the file is no lease"),
    INTERRUPTED,
];

/// Every command that has something to say.
pub const PAGES: &[Page] = &[
    Page {
        name: "discover",
        statuses: &[
            ("0", "at least one server offered; with --expect: all is as expected"),
            ("1", "nobody offered; with --expect: something is not as expected"),
            USAGE,
            NOT_RUN,
            JUDGED,
            INTERRUPTED,
        ],
        examples: examples! {
            "every server of a segment, what it offers, and in what they differ": "dhcptool discover eth0";
            "the first answer of one server": "dhcptool discover eth0 --server 10.0.0.1 --first";
            "as a network boot client of UEFI on x86-64": "dhcptool discover eth0 --vendor-class PXEClient:Arch:00007:UNDI:003016 -o 93=7";
            "every DHCPv6 server and router, and what does not fit together": "dhcptool discover -6 eth0";
            "as a relay would ask": "dhcptool discover eth0 --giaddr 10.1.0.1 --server 192.0.2.9 -o 82.1=ge-0/0/1";
            "is all as it should be?": "dhcptool discover eth0 --expect servers=1 --expect 'lease>=1h' --junit dhcp.xml";
            "one CSV row an offer": "dhcptool discover eth0 --format csv --fields server_id,yiaddr,routers,dhcp_lease_time";
        },
        see: &["request", "rogue", "doctor", "diff"],
    },
    Page {
        name: "request",
        statuses: &[
            ("0", "a server acknowledged"),
            ("1", "a NAK, a conflict, or no answer"),
            USAGE,
            NOT_RUN,
            JUDGED,
            INTERRUPTED,
        ],
        examples: examples! {
            "a whole exchange; the lease is given back": "dhcptool request eth0 --release";
            "from one server, as a client with another address": "dhcptool request eth0 --server 10.0.0.1 --mac random --release";
            "renew a lease at the server that gave it": "dhcptool request eth0 --state renewing --server 10.0.0.1 --ip 10.0.0.50";
            "an address and a prefix by DHCPv6; both are given back": "dhcptool request -6 eth0 --ia-na --ia-pd=/56 --release";
            "is the address still good after a reboot?": "dhcptool request eth0 --state init-reboot --ip 10.0.0.50";
            "take an address, look whether somebody uses it, and decline it if so": "dhcptool request eth0 --arp-check --decline-on-conflict --release";
        },
        see: &["discover", "release", "handshake"],
    },
    Page {
        name: "release",
        statuses: GIVING_UP,
        examples: examples! {
            "give an address back": "dhcptool release eth0 --server 10.0.0.1 --ip 10.0.0.50";
            "for another client": "dhcptool release eth0 --server 10.0.0.1 --ip 10.0.0.50 --mac 02:00:00:00:00:05";
        },
        see: &["request", "decline"],
    },
    Page {
        name: "decline",
        statuses: GIVING_UP,
        examples: examples! {
            "say that an address is in use by somebody else": "dhcptool decline eth0 --server 10.0.0.1 --ip 10.0.0.50";
        },
        see: &["request", "release"],
    },
    Page {
        name: "inform",
        statuses: &[("0", "a server acknowledged"), ("1", "nobody answered"), USAGE, NOT_RUN, INTERRUPTED],
        examples: examples! {
            "the options for a host that has its address already": "dhcptool inform eth0";
            "of one server, by unicast": "dhcptool inform eth0 --server 10.0.0.1 --ip 10.0.0.50";
            "where is the web proxy?": "dhcptool inform eth0 --request-options 252";
        },
        see: &["discover"],
    },
    Page {
        name: "send",
        statuses: &[
            ("0", "it was sent, and --expect was met"),
            ("1", "--expect was not met"),
            USAGE,
            NOT_RUN,
            ("4", "a line of --from-json is no packet, or a capture is damaged"),
            INTERRUPTED,
        ],
        examples: examples! {
            "see the bytes, send nothing": "dhcptool send eth0 --type discover -o host-name=printer -o 43:hex=0104c0000201 --dry-run";
            "the same packet again, for a new client": "dhcptool send eth0 --from-pcap capture.pcap --number 7 --mac random --expect offer";
            "a packet that lies about its length": "dhcptool send eth0 --type discover --no-end --trailer 3709 --pad-to 0 --dry-run";
            "every REQUEST of a capture": "dhcptool decode capture.pcap --type request --json | dhcptool send eth0 --from-json -";
        },
        see: &["options", "decode"],
    },
    Page {
        name: "sniff",
        statuses: &[
            ("0", "it ended by --count, --duration or a signal"),
            ("1", "--fail-on was met"),
            USAGE,
            NOT_RUN,
        ],
        examples: examples! {
            "every DHCP packet on every interface": "dhcptool sniff";
            "a screen of how it stands": "dhcptool sniff eth0 --top --known 10.0.0.1,10.0.0.2";
            "answers only, in full": "dhcptool sniff eth0 -v --type offer,ack,nak";
            "one client, as JSON": "dhcptool sniff eth0 --json --mac 00:0b:82:01:fc:42";
            "a row of files, the last ten": "dhcptool sniff eth0 --write dhcp.pcapng --rotate-size 100M --keep 10";
            "exchanges instead of packets, each once nothing more can belong to it": "dhcptool sniff eth0 --transactions";
            "in Wireshark": "dhcptool sniff eth0 --write - | wireshark -k -i -";
        },
        see: &["decode", "rogue"],
    },
    Page {
        name: "decode",
        statuses: &[
            ("0", "it was decoded"),
            ("1", "a selection matched nothing, or --fail-on was met"),
            USAGE,
            ("3", "a capture cannot be read, or nothing in it could be looked into"),
            ("4", "a capture is damaged: what could be decoded was printed first"),
            INTERRUPTED,
        ],
        examples: examples! {
            "a line a packet": "dhcptool decode capture.pcap";
            "one packet with every field, and its bytes": "dhcptool decode capture.pcap --number 7 -vv";
            "who got no address, and why": "dhcptool decode capture.pcap --clients";
            "what happened to one client, drawn": "dhcptool decode capture.pcap --ladder --client 00:0b:82:01:fc:42";
            "what is wrong": "dhcptool decode capture.pcap --lint";
            "how it stood while it was captured, an hour in a minute": "dhcptool decode capture.pcap --top --speed 60";
            "packets whose option 82 names a circuit": "dhcptool decode capture.pcap --option 82.1=ge-0/0/1";
            "clients as a table": "dhcptool decode capture.pcap --clients --format csv > clients.csv";
            "a row an ACK for a spreadsheet": "dhcptool decode capture.pcap --type ack --format csv --fields time,chaddr,yiaddr,dhcp_lease_time > leases.csv";
            "only what matters, kept": "dhcptool decode big.pcapng.zst --mac 00:0b:82 --since -2h --write small.pcapng";
        },
        see: &["sniff", "explain", "diff", "schema"],
    },
    Page {
        name: "rogue",
        statuses: &[
            ("0", "no rogue; with --watch: it was stopped"),
            (
                "1",
                "a rogue was found, a required server was silent, or nobody answered when servers were asked",
            ),
            USAGE,
            (
                "3",
                "it could not run, or nobody can tell: frames were lost, a link went down, more servers than are kept",
            ),
            (
                "0 to 3",
                "with --nagios: OK; WARNING: an allowed server is silent, several answer and no allow list was given, or the answer is beyond -w; \
              CRITICAL: a rogue, a required server was silent, nobody answered (that nobody at all was heard is OK with --passive and --from), or \
              beyond -c; UNKNOWN: it could not run or cannot tell, or the command line is wrong. -w and -c judge the slowest of the servers that \
              --require names, or else of the DHCP servers that are no rogues: its quickest answer, from when that was first asked",
            ),
            INTERRUPTED,
        ],
        examples: examples! {
            "who serves this segment?": "dhcptool rogue eth0";
            "everybody but these two is a rogue": "dhcptool rogue eth0 --allow 10.0.0.1 --allow 10.0.0.2,mac=00:11:22:33:44:55";
            "write down what is there now, when all is well": "dhcptool rogue eth0 --learn policy.toml";
            "and judge by it": "dhcptool rogue eth0 eth1 --policy policy.toml --json";
            "in a capture": "dhcptool rogue --from capture.pcapng --allow 10.0.0.1";
            "for ever; tell changes": "dhcptool rogue eth0 --watch --policy policy.toml --state /var/lib/dhcptool/eth0 --exec /usr/local/bin/alert";
            "in place of check_dhcp -s: this one must answer within 200 ms": "dhcptool rogue eth0 --nagios --require 10.0.0.1 -w 100 -c 200";
            "scraped by Prometheus on port 9167 of this host, as /metrics, or /probe?target=eth0 for relabelling; SIGHUP reads the policy again": "dhcptool rogue eth0 --watch --policy policy.toml --listen 9167";
            "for Prometheus' textfile collector": "dhcptool rogue eth0 --watch --policy policy.toml --prometheus /var/lib/prometheus/node-exporter/dhcptool.prom";
        },
        see: &["discover", "sniff", "doctor"],
    },
    Page {
        name: "handshake",
        statuses: &[
            ("0", "every handshake completed; with --find-rate: some rate was sustained"),
            ("1", "a handshake failed; with --find-rate: none was sustained"),
            USAGE,
            NOT_RUN,
            (
                "0 to 3",
                "with --nagios: OK; WARNING: a handshake failed, or the median is beyond -w; CRITICAL: none completed, or beyond -c; UNKNOWN: it \
              could not run, or the command line is wrong. There -c is --critical: write --count for the number",
            ),
            INTERRUPTED,
        ],
        examples: examples! {
            "like ping": "dhcptool handshake eth0";
            "one server, a hundred times": "dhcptool handshake eth0 --server 10.0.0.1 --count 100 --interval 100ms";
            "a load, with its histogram": "dhcptool handshake eth0 --rate 2000 --duration 30s --clients 5000 --load --histogram run.hlog";
            "how much can it take?": "dhcptool handshake eth0 --find-rate --slo 'p99<20ms,loss<0.1%' --clients 5000 --load";
            "mostly renewals, as in an office": "dhcptool handshake eth0 --rate 500 --full 1 --renew 8 --release 1 --clients 200 --load";
            "through relays": "dhcptool handshake eth0 --server 192.0.2.9 --giaddr 10.1.0.1,10.2.0.1 --option-82";
            "addresses and prefixes of DHCPv6": "dhcptool handshake -6 eth0 --ia-na --ia-pd=/56";
            "how much of DHCPv6 can it take?": "dhcptool handshake -6 eth0 --find-rate --rapid-commit --clients 5000 --load";
            "DHCPv6 through relays": "dhcptool handshake -6 eth0 --relay 2001:db8:1::1,2001:db8:2::1 --relay-option interface-id=port{n}";
        },
        see: &["request", "lab"],
    },
    Page {
        name: "doctor",
        statuses: &[
            ("0", "all is well; notes at most"),
            ("1", "a problem, or it is unclear"),
            USAGE,
            ("3", "it could not be looked"),
            NAGIOS,
            INTERRUPTED,
        ],
        examples: examples! {
            "why is there no address, or a bad one?": "dhcptool doctor";
            "on a VLAN, with every check and what it came to": "dhcptool doctor eth0 --vlan 40 -vv";
            "with everything that was heard, for a ticket": "dhcptool doctor eth0 --save ticket.pcapng --json";
            "as another subnet's relay sees it": "dhcptool doctor eth0 --via 10.9.40.2 --server 10.0.0.5";
            "does network boot work, the file itself included?": "dhcptool doctor eth0 --pxe";
            "without sending anything, for a while": "dhcptool doctor eth0 --passive --listen 10m";
            "is it as this policy says?": "dhcptool doctor eth0 --expect /etc/dhcptool/policy.toml";
            "what would it say of an empty pool?": "dhcptool lab --fault pool-empty -- dhcptool doctor";
        },
        see: &["discover", "rogue", "explain", "lab"],
    },
    Page {
        name: "diff",
        statuses: &[
            ("0", "no difference"),
            ("1", "differences"),
            USAGE,
            ("3", "there is nothing to compare"),
        ],
        examples: examples! {
            "before and after": "dhcptool diff before.pcap after.pcap";
            "two servers, asked now": "dhcptool diff server:10.0.0.1 server:10.0.0.2";
            "two servers of DHCPv6": "dhcptool diff server:fe80::1%eth0 server:fe80::2%eth0";
            "DHCPv6 in captures that have both": "dhcptool diff -6 before.pcap after.pcap";
            "a server and yesterday": "dhcptool diff server:10.0.0.1%eth0 yesterday.pcap";
            "what a server says now, and what it said in a capture": "dhcptool discover eth0 --server 10.0.0.1 --json > a.json; dhcptool diff a.json capture.pcapng --type offer";
        },
        see: &["discover", "decode"],
    },
    Page {
        name: "report",
        statuses: &[
            ("0", "the page was written"),
            USAGE,
            ("3", "a capture cannot be read"),
            ("4", "a capture is damaged: what could be read is told"),
        ],
        examples: examples! {
            "one page for the ticket": "dhcptool report office.pcapng -o office.html";
            "one that may be handed on": "dhcptool report office.pcapng --redact -o shared.html";
            "of what happens now": "dhcptool sniff eth0 --duration 10m --write ten.pcapng --write-only; dhcptool report ten.pcapng -o ten.html";
        },
        see: &["decode", "sniff"],
    },
    Page {
        name: "lab",
        statuses: &[
            ("N", "what the command ended with; 128 + N when signal N ended it"),
            USAGE,
            ("3", "the network cannot be made"),
        ],
        examples: examples! {
            "try it, without root and without a network": "dhcptool lab -- dhcptool discover eth0";
            "three servers and a rogue one": "dhcptool lab --servers 3 --rogue -- dhcptool rogue eth0";
            "a bad cable and a slow server": "dhcptool lab --loss 5 --slow-check -- dhcptool discover";
            "behind a relay": "dhcptool lab --relay -- sh";
            "a router that says O, and delegated prefixes": "dhcptool lab --ra stateless --pd 60 -- dhcptool discover -6 eth0";
            "a server that stalls": "dhcptool lab --stall 200ms/1s -- dhcptool handshake eth0 --rate 1000 --load";
        },
        see: &["doctor", "handshake"],
    },
    Page {
        name: "options",
        statuses: &[("0", "something was found"), ("1", "no such option"), USAGE],
        examples: examples! {
            "every option": "dhcptool options";
            "by number or by a part of its name": "dhcptool options boot";
            "what is inside option 82": "dhcptool options 82";
        },
        see: &["send", "decode"],
    },
    Page {
        name: "explain",
        statuses: &[("0", "it is known"), ("2", "the command line is wrong, or no code is called so")],
        examples: examples! {
            "what does it mean, and what to do?": "dhcptool explain pool-exhausted";
        },
        see: &["decode", "doctor", "rogue"],
    },
    Page {
        name: "schema",
        statuses: &[("0", "it was printed"), USAGE],
        examples: examples! {
            "of the packets": "dhcptool schema decode > packet.schema.json";
            "a table for flat rows": "dhcptool schema --sql duckdb";
            "of clients": "dhcptool schema clients --sql duckdb";
            "of some columns": "dhcptool schema --sql spark --fields time,chaddr,message_type,host_name";
        },
        see: &["decode"],
    },
    Page {
        name: "interfaces",
        statuses: &[
            ("0", "they were listed"),
            ("1", "they were listed, and none of them can be used"),
            NOT_RUN,
        ],
        examples: &[],
        see: &["discover"],
    },
];

/// By task; the man page dhcptool-recipes(7) and the README have them.
pub const RECIPES: &[Recipe] = &[
    Recipe {
        task: "Which servers answer, and how do they differ?",
        text: "Every offer is collected; what is not the same for all is a table at the end.",
        lines: &["dhcptool discover eth0", "dhcptool discover eth0 --json | jq '.differences'"],
    },
    Recipe {
        task: "Why does this machine get no address?",
        text: "Every check in order, one answer; --save keeps every frame for the ticket.",
        lines: &["dhcptool doctor eth0", "dhcptool doctor eth0 --save ticket.pcapng"],
    },
    Recipe {
        task: "Which clients of a capture got no address, and why?",
        text: "A row a client in trouble, the worst first; then the story of one.",
        lines: &[
            "dhcptool decode capture.pcap --clients",
            "dhcptool decode capture.pcap --ladder --client 00:0b:82:01:fc:42",
        ],
    },
    Recipe {
        task: "Which of my routers says M, and who answers?",
        text: "SOLICIT, INFORMATION-REQUEST and a router solicitation at once; what does not fit together is said at the end.",
        lines: &[
            "dhcptool discover -6 eth0",
            "dhcptool discover -6 eth0 --json | jq '{routers: [.routers[] | {source_ip, managed, other}], servers: [.offers[].server_id], findings}'",
        ],
    },
    Recipe {
        task: "Does my provider delegate a /56?",
        text: "What is bound is given back; a prefix of another length, or none, is among the findings.",
        lines: &["dhcptool request -6 eth0 --ia-pd=/56 --release"],
    },
    Recipe {
        task: "Which DNS servers does a phone get, by which of three ways?",
        text: "By routers (RDNSS), by DHCPv6 without an address, by DHCPv6 with one; that they differ is the finding dns-differs.",
        lines: &[
            "dhcptool discover -6 eth0 --json | jq '{rdnss: [.routers[].dns_servers[]], stateless: [.stateless[].dns_servers[]], stateful: [.offers[].dns_servers[]]}'",
        ],
    },
    Recipe {
        task: "A page for the ticket",
        text: "One file that needs no network; --redact replaces names and addresses.",
        lines: &["dhcptool report capture.pcap -o report.html"],
    },
    Recipe {
        task: "Are options 43, 66, 67 and 121 what they should be?",
        text: "They are asked for by default; -v shows every field, --expect compares, exit status 1 when one is not as expected. A list is met by one of its members, or by the whole list in its order.",
        lines: &[
            "dhcptool discover eth0 -v",
            "dhcptool discover eth0 --expect tftp-server-name=boot.example.org --expect bootfile-name=ipxe.efi",
        ],
    },
    Recipe {
        task: "Network boot (PXE)",
        text: "Ask as the firmware would; ProxyDHCP servers answer nothing else.",
        lines: &["dhcptool discover eth0 --vendor-class PXEClient:Arch:00007:UNDI:003016 -o 93=7 -v"],
    },
    Recipe {
        task: "A relay and option 82",
        text: "dhcptool plays the relay: giaddr is an address of this machine, the server is asked by unicast.",
        lines: &[
            "dhcptool discover eth0 --giaddr 10.1.0.1 --server 192.0.2.9 -o 82.1=ge-0/0/1 -o 82.2:hex=020000000005",
        ],
    },
    Recipe {
        task: "Renew a lease, and give it back",
        text: "As T1 would: by unicast to the server. Of another client's lease --mac says whose it is.",
        lines: &[
            "dhcptool request eth0 --state renewing --server 10.0.0.1 --ip 10.0.0.50",
            "dhcptool release eth0 --server 10.0.0.1 --ip 10.0.0.50",
        ],
    },
    Recipe {
        task: "Find a rogue server",
        text: "Write down what is there when all is well, then judge by it; nothing is kept of what servers give.",
        lines: &["dhcptool rogue eth0 --learn policy.toml", "dhcptool rogue eth0 --policy policy.toml"],
    },
    Recipe {
        task: "Nagios, Icinga",
        text: "The plugin guidelines' statuses and ranges; the file needs CAP_NET_RAW, or run it by sudo. Commands to include are in packaging/nagios/ and packaging/icinga/ (of packages: below /usr/share/doc/dhcptool/examples/).",
        lines: &[
            "install -d /etc/dhcptool && dhcptool rogue eth0 --learn /etc/dhcptool/policy.toml",
            "dhcptool rogue eth0 --nagios --policy /etc/dhcptool/policy.toml",
            "dhcptool discover eth0 --nagios -w 100 -c 500",
        ],
    },
    Recipe {
        task: "Prometheus",
        text: "Beside a node exporter with its textfile collector, or scraped: a job with the target 127.0.0.1:9167. Alert rules and a dashboard are in packaging/prometheus/ and packaging/grafana/ (of packages: below /usr/share/doc/dhcptool/examples/); the unit dhcptool-rogue, which packages have, keeps it running.",
        lines: &[
            "dhcptool rogue eth0 --watch --policy policy.toml --prometheus /var/lib/prometheus/node-exporter/dhcptool.prom",
            "dhcptool rogue eth0 --watch --policy policy.toml --listen 9167",
        ],
    },
    Recipe {
        task: "DHCP alone in Wireshark",
        text: "Or as interfaces of its own: put dhcptool-extcap (packaging/wireshark/, of packages /usr/share/doc/dhcptool/examples/wireshark/), executable, into the folder that Wireshark names under Help, About, Folders, \"Personal Extcap path\"; dhcptool must be in its PATH, or be named by DHCPTOOL.",
        lines: &["dhcptool sniff eth0 --write - | wireshark -k -i -"],
    },
    Recipe {
        task: "A spreadsheet of clients, names and addresses",
        text: "One row a client, whatever passed through relays twice; `dhcptool schema clients --sql duckdb` lists the columns there are.",
        lines: &[
            "dhcptool decode capture.pcap --clients --format csv --fields last_seen,mac,hostname,address,servers,status > clients.csv",
        ],
    },
    Recipe {
        task: "Replay a packet",
        text: "Its number is the first column of decode; --mac random makes it another client's.",
        lines: &[
            "dhcptool send eth0 --from-pcap capture.pcap --number 7 --expect offer",
            "dhcptool decode capture.pcap --number 7 --json | dhcptool send eth0 --from-json - --mac random",
        ],
    },
    Recipe {
        task: "A malformed packet",
        text: "Nothing is corrected; --dry-run shows the bytes and sends nothing.",
        lines: &[
            "dhcptool send eth0 --type discover -o 12:hex=00 -o 55:hex= --no-end --dry-run",
            "dhcptool send eth0 --type 99 --hlen 255 --cookie 00000000 --dry-run",
        ],
    },
    Recipe {
        task: "Expectations in CI",
        text: "A TOML file with NAME = VALUE lines; the result as JUnit XML.",
        lines: &["dhcptool discover eth0 --expect site.toml --junit dhcp.xml"],
    },
    Recipe {
        task: "How many clients can a server take?",
        text: "Rates are tried until the limits no longer hold.",
        lines: &["dhcptool handshake eth0 --find-rate --slo 'p99<50ms,loss<0.1%' --clients 5000 --load"],
    },
    Recipe {
        task: "A spreadsheet of handshakes",
        text: "One row a handshake, refused and unanswered ones too; with -6 the same.",
        lines: &[
            "dhcptool handshake eth0 -c 100 -i 50ms --format csv --fields client_mac,outcome,address,offer_ms,ack_ms,total_ms > handshakes.csv",
        ],
    },
    Recipe {
        task: "Load for a DHCPv6 server",
        text: "Clients with DUIDs of their own, each with an address and a prefix, all given back; through relays that name a port each.",
        lines: &[
            "dhcptool handshake -6 eth0 --rate 200 --duration 30s --clients 2000 --ia-na --ia-pd --load",
            "dhcptool handshake -6 eth0 --find-rate --duration 5s --clients 2000 --load",
            "dhcptool handshake -6 eth0 --server 2001:db8:64::1 --relay 2001:db8:64::98,2001:db8:64::99 --relay-option interface-id=port-{n} --clients 20",
        ],
    },
];

/// What to type instead of another tool's command.
pub const INSTEAD: &[(&str, &str)] = &[
    ("dhcping -s 10.0.0.1", "dhcptool discover eth0 --server 10.0.0.1 --first"),
    ("dhcpdump -i eth0", "dhcptool sniff eth0 -v"),
    ("dhcp_probe eth0", "dhcptool rogue eth0 --watch --policy policy.toml"),
    ("check_dhcp -i eth0 -s 10.0.0.1", "dhcptool rogue eth0 --nagios --require 10.0.0.1"),
    ("nmap --script broadcast-dhcp-discover", "dhcptool discover eth0"),
    ("nmap -sU -p 67 --script dhcp-discover 10.0.0.1", "dhcptool inform eth0 --server 10.0.0.1"),
    ("perfdhcp -4 -r 200 -p 30 -l eth0", "dhcptool handshake eth0 --rate 200 --duration 30s --load"),
    ("perfdhcp -6 -r 200 -p 30 -l eth0", "dhcptool handshake -6 eth0 --rate 200 --duration 30s --load"),
    ("dhtest -i eth0 -m 02:00:00:00:00:05", "dhcptool request eth0 --mac 02:00:00:00:00:05 --release"),
    ("dhcptest --query", "dhcptool discover eth0 --json"),
    ("dhclient -v eth0", "dhcptool request eth0 -v"),
    ("dhclient -r eth0", "dhcptool release eth0 --server 10.0.0.1 --ip 10.0.0.50"),
    ("tcpdump -vvv -i eth0 port 67 or port 68", "dhcptool sniff eth0 -v"),
    ("tshark -r capture.pcap -Y dhcp -V", "dhcptool decode capture.pcap -v"),
];

/// How values are written, by the name that stands for them in the help.
pub const VALUES: &[(&str, &str)] = &[
    (
        "DURATION",
        "A number and a unit, several of them joined: 500ms, 1.5s, 2m30s, 1h, 7d. A bare number is seconds.",
    ),
    (
        "TIME",
        "2024-05-06T07:08:09Z, \"2024-05-06 07:08:09\" (UTC), 09:50, \"yesterday 09:50\", -10m (before now), or seconds since 1970.",
    ),
    (
        "MAC",
        "Six bytes with colons or dashes. Where packets are selected, the first bytes of one select all that begin so.",
    ),
    (
        "NAME|CODE[.SUB][:hex]=VALUE",
        "An option by name or code, with .SUB one inside it: host-name=printer, 82.1=eth0/1, 43:hex=0104c0000201. `dhcptool options` lists the names, \
         and says how each value is written: members as key=value, as JSON, or in their order (ia-na=5, iaaddr=2001:db8::1,1h,2h, status-code=no-binding:why). \
         A part goes into the last option of its kind: -o ia-na=5 -o ia-na.iaaddr=2001:db8::1. :hex takes the payload as it is, right or wrong.",
    ),
    (
        "[!]NAME|CODE[.SUB][=VALUE|~REGEX]",
        "Packets that have the option; with =VALUE that value, an item of its list, or a side of a route; with ~REGEX a text that matches; ! for those that \
         do not. Several must all hold.",
    ),
    (
        "EXPECTATION|FILE.toml",
        "NAME=VALUE, or with >=, <=, >, <, != : routers=10.0.0.1, 'lease>=1h', servers=2, 'latency<=100ms'.",
    ),
    (
        "RANGE",
        "As in the plugin guidelines, in milliseconds: 100 (above it), 10:100 (outside it), @10:100 (inside it).",
    ),
];

/// The page of a command.
pub fn page(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name)
}

/// Exit statuses and examples as they follow a command's help.
pub fn help(name: &str) -> String {
    let mut text = String::new();
    let Some(page) = page(name) else { return text };
    text.push_str("Exit status:\n");
    for (status, what) in page.statuses {
        let _ = writeln!(text, "  {status:<6} {what}");
    }
    if !page.examples.is_empty() {
        text.push_str("\nExamples:\n");
        for example in page.examples {
            let _ = writeln!(text, "  # {}\n  {}", example.what, example.line);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The recipes in Markdown, for the README.
pub fn recipes_in_markdown() -> String {
    let mut text = String::new();
    for recipe in RECIPES {
        let (task, said, lines) = (recipe.task, recipe.text, recipe.lines.join("\n"));
        // Writing into a String cannot fail.
        let _ = writeln!(text, "**{task}** {said}\n\n```sh\n{lines}\n```\n");
    }
    text.push_str("| instead of | type |\n| --- | --- |\n");
    for (other, ours) in INSTEAD {
        let _ = writeln!(text, "| `{other}` | `{ours}` |");
    }
    text
}

#[cfg(test)]
mod tests;
