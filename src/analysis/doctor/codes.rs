//! What only a doctor can say: codes about this host and its link, beside those of packets, transactions and captures; and
//! what is found where IPv6 is spoken, in the words of a doctor.

use crate::analysis::diagnosis::{Id, Row, Scope};
use crate::wire::problem::Severity;

macro_rules! rows {
    ($(#[$meta:meta])* $table:ident, $scope:ident:
     $($severity:ident $name:literal, $reference:literal: $summary:literal, $why:literal, $advice:literal;)*) => {
        $(#[$meta])*
        pub static $table: &[Row] = &[$(Row {
            id: Id::Host($name, Severity::$severity, $reference),
            scope: Scope::$scope,
            summary: $summary,
            why: $why,
            advice: $advice,
            not: &[],
        }),*];
    };
}

rows! {
    /// The codes, worst first.
    ROWS, Host:
    Error "link-down", "IEEE 802.3": "The interface is down, or went down meanwhile.",
        "nothing can be sent or heard",
        "Bring it up: ip link set IFACE up. Where it goes down by itself, check cable, transceiver and the switch port.";
    Error "no-carrier", "IEEE 802.3": "The interface is up, but nothing is at the other end of the cable.",
        "nothing can be sent or heard", "Check cable, transceiver and the switch port; on Wi-Fi, the association.";
    Error "frames-not-leaving", "RFC 2131 4.1": "Frames were handed to the kernel and not seen leaving.",
        "no server can hear this host", "Look for egress filters and full queues: tc qdisc show, nft list ruleset.";
    Error "two-clients", "RFC 2131 4.4": "Two DHCP clients hold the interface.",
        "they take leases from one another and set addresses in turn", "Stop one of them.";
    Error "host-drops-replies", "RFC 2131 4.1": "Answers reach the interface, and the client here goes on asking.",
        "something between cable and client drops them", "Look at the filters of this host for UDP port 68, and at rp_filter.";
    Error "port-unauthorised", "IEEE 802.1X": "The switch port asks who this is and lets nothing else pass.",
        "without authentication there is no DHCP", "Start the supplicant (802.1X), or ask for the port to be opened.";
    Error "gateway-two-macs", "RFC 5227 2.4": "Two machines answer for the router's address.",
        "traffic goes to one of them by chance", "Find the second by its hardware address; VRRP pairs share one.";
    Warning "interface-enslaved", "IEEE 802.1Q": "The interface is a member of another one.",
        "addresses belong to the master, not to its members", "Ask through the master (bridge, bond, team).";
    Warning "self-assigned", "RFC 3927": "The interface has an address that it gave itself.",
        "it means that DHCP failed earlier", "Renew the lease once the cause below is mended.";
    Warning "no-default-route", "RFC 1122 3.3.1": "This host has an address and no default route.",
        "it reaches its own subnet only", "Renew the lease, or look who removed the route.";
    Warning "same-subnet-twice", "RFC 1122 3.3.4": "Two interfaces have addresses of one subnet.",
        "answers leave by the wrong one", "Give one of them another network, or take it down.";
    Warning "lease-expired", "RFC 2131 4.4.5": "The newest lease file holds a lease that has ended.",
        "the client did not renew it", "Look at the client's log; then restart it.";
    Warning "lease-foreign", "RFC 2131 4.3.2": "The lease file's address is not of the network that is offered here.",
        "the client asks for an address of another place", "Remove the old lease file, or make the server authoritative.";
    Warning "clock-jump", "RFC 2131 4.4.5": "The lease began in the future: the clock was set back.",
        "leases end at the wrong time", "Set the clock (NTP) and renew.";
    Warning "per-client", "RFC 2131 4.3.1": "This host is not served, a stranger is.",
        "the server, or the switch, has something against this host", "Look at the server's reservations, classes and deny lists for this hardware address.";
    Warning "mac-filtered", "IEEE 802.1X": "This host is served, a stranger is not.",
        "port security, or a server for known clients only", "Fine if intended; other machines at this port get nothing.";
    Warning "gateway-silent", "RFC 826": "The router that the server gives does not answer ARP.",
        "there is no way out of the subnet", "Correct the router in the server's scope, or bring it up.";
    Warning "dns-silent", "RFC 1035": "A name server that the server gives does not answer.",
        "names do not resolve, which looks like no Internet", "Correct the name servers in the server's scope, or bring them up.";
    Warning "dns-refuses", "RFC 1035 4.1.1": "A name server refuses this host.",
        "names do not resolve", "Allow the subnet on the name server, or give another one.";
    Warning "boot-file-missing", "RFC 4578": "The boot file that is offered is not there.",
        "the machine does not boot from the network", "Put the file where the server says it is.";
    Warning "no-right", "capabilities(7)": "This process may not open raw sockets.",
        "nothing could be asked", "Run it as root, or grant the rights: setcap cap_net_raw,cap_net_admin+ep PATH.";
    Note "client-running", "RFC 2131 4.4": "A DHCP client holds the interface.",
        "it may answer or change what is seen here", "Nothing, unless two of them do.";
    Note "firewall-hint", "RFC 2131 4.1": "A filter of this host concerns DHCP.",
        "it matters only where replies are lost", "Read the rule if the host drops replies.";
    Note "vlan-seen", "IEEE 802.1Q": "Tagged DHCP was heard.",
        "the server may live in that VLAN", "Ask there: doctor --vlan ID.";
    Note "lldp", "IEEE 802.1AB": "The switch says which port and VLAN this is.",
        "it tells whom to ask", "Nothing.";
    Note "lossy", "RFC 2131 4.1": "Some questions were answered and some were not.",
        "frames are lost on the way", "Look at cable, duplex, Wi-Fi and load.";
    Note "everybody", "RFC 2131 4.1": "A stranger is not served either.",
        "it is not about this host", "Look at server, relay and VLAN, not at this machine.";
}

rows! {
    /// Findings of DHCPv6 and routers, in the order of [their table](crate::analysis::findings6::rules::RULES); those that are
    /// problems of a packet too stand with these.
    SIX, Capture:
    Error "m-flag-no-server", "RFC 4861 4.2": "A router sends hosts to DHCPv6, and no DHCPv6 server answers.",
        "hosts that wait for it get no IPv6 address", "Start the DHCPv6 server or its relay, or clear the M flag on the router.";
    Warning "o-flag-no-answer", "RFC 4861 4.2": "A router sends hosts to DHCPv6 for configuration, and nobody answers INFORMATION-REQUEST.",
        "hosts lack name servers and the like", "Start a stateless DHCPv6 server, or clear the O flag on the router.";
    Warning "server-without-flag", "RFC 4861 4.2": "DHCPv6 offers addresses, and no router says so.",
        "hosts do not ask for them", "Set the M flag on the router, or stop the server.";
    Note "pd-without-flag", "RFC 7084 WPD-4": "Prefixes are delegated, and no router says that there is DHCPv6.",
        "routers behind this link may not ask", "Set the O flag on the router.";
    Error "no-router", "RFC 4861 6.3.4": "DHCPv6 answers, and no router advertises itself.",
        "hosts have no default route, for DHCPv6 gives none", "Let the router send advertisements, and look for filters of ICMPv6 (RA guard).";
    Warning "router-lifetime-zero", "RFC 4861 4.2": "No router is a default router: all have lifetime 0.",
        "hosts have no default route", "See whether the router lost its uplink; else give it a lifetime (AdvDefaultLifetime).";
    Warning "pd-refused", "RFC 9915 18.3.9": "A prefix was asked for and is refused.",
        "routers behind this link have none to give; hosts need none", "Give the server a pool of prefixes, if routers are to ask here.";
    Warning "pd-ignored", "RFC 9915 18.3.9": "A prefix was asked for, and the answer does not speak of it.",
        "routers behind this link have none to give; hosts need none", "Give the server a pool of prefixes, if routers are to ask here.";
    Note "pd-length-differs", "RFC 8168 3": "A prefix of another length than asked for is delegated.",
        "it may be too small for the networks behind the router", "Change the length in the server's pool, or ask for that one.";
    Error "pd-overlap", "RFC 9915 6.3": "A delegated prefix overlaps a network that is in use.",
        "the same addresses lead to two places", "Give the server a pool that nobody else uses.";
    Error "no-addresses", "RFC 9915 18.3.9": "The DHCPv6 server has no address to give.",
        "clients get none", "Enlarge the pool; if it is not used up, see that the server knows a subnet for this link.";
    Warning "server-refuses", "RFC 9915 21.13": "The DHCPv6 server refuses.",
        "clients get nothing from it", "Look at the server's log for this client.";
    Error "request-unanswered", "RFC 9915 18.2.2": "SOLICIT is answered, REQUEST is not.",
        "clients get no lease", "Look at the server's log.";
    Error "rapid-commit-missing", "RFC 9915 18.2.1": "SOLICIT is answered by a REPLY without rapid commit.",
        "clients drop it", "Update the server, or switch rapid commit off.";
    Error "commit-unasked", "RFC 9915 18.3.1": "A lease is bound to a SOLICIT that did not ask for rapid commit.",
        "clients drop it, and the pool is used up", "Update the server, or switch rapid commit off.";
    Warning "several-commit", "RFC 9915 18.3.1": "Several servers bind a lease to one SOLICIT.",
        "all but one are wasted", "Let one server alone do rapid commit.";
    Note "rapid-commit-ignored", "RFC 9915 18.3.1": "Rapid commit was asked for, and the server does not do it.",
        "it takes two messages more", "Nothing, unless it shall.";
    Error "wrong-port", "RFC 9915 7.2": "A server answers to another port than 546.",
        "clients do not hear it", "Correct the server or relay.";
    Warning "answer-from-global", "RFC 9915 18.3.10": "A server answers from an address that is not link-local.",
        "filters may drop it", "Let the server speak from its link-local address.";
    Warning "answer-multicast", "RFC 9915 16": "A server answers to everybody.",
        "clients should not accept that", "Correct the server or relay.";
    Note "source-port", "RFC 9915 7.2": "A server answers from another port than 547.",
        "filters may drop it", "Correct the server, or let the filters pass it.";
    Note "t1-t2-zero", "RFC 9915 21.4": "T1 and T2 are 0.",
        "the client chooses when it renews", "Nothing, unless clients renew too late.";
    Note "lifetime-infinite", "RFC 9915 7.7": "A lease has no end.",
        "it never comes back by itself", "Give leases an end, unless this is meant.";
    Warning "address-not-on-link", "RFC 5942 4": "An address is of a prefix that no router calls on-link.",
        "neighbours are reached by way of the router only", "Advertise the prefix with the L flag, or give addresses of one that is.";
    Warning "routers-disagree", "RFC 4861 6.2.7": "Routers of one link contradict one another.",
        "what a host does depends on whom it heard last", "Configure them alike, or find the router that does not belong here.";
    Note "several-default-routers", "RFC 4861 6.3.6": "There are several default routers.",
        "hosts choose one of them", "Nothing, if it is meant.";
    Error "slaac-broken", "RFC 4862 5.5.3": "Hosts make no address of a prefix that is said to be for that.",
        "without DHCPv6 they have no IPv6 address", "Advertise a /64 that is valid for no less time than it is preferred.";
    Note "slaac-deprecated", "RFC 4862 5.5.4": "A prefix is deprecated.",
        "its addresses open no connections", "Nothing, if the network is being renumbered.";
    Note "slaac-short", "RFC 4862 5.5.3": "A prefix is valid for less than two hours.",
        "it cannot shorten a lifetime that hosts have", "Nothing, unless hosts keep stale addresses.";
    Warning "dns-missing", "RFC 8106 1": "Nobody names a DNS server for IPv6.",
        "hosts that speak IPv6 alone resolve no names", "Let the router (RDNSS) or the DHCPv6 server (option 23) name one.";
    Note "dns-differs", "RFC 8106 5.3.1": "Routers and servers name different DNS servers.",
        "which one a host takes depends on the host", "Name the same ones everywhere.";
    Warning "rdnss-short", "RFC 8106 5.1": "DNS servers are valid for less time than passes between advertisements.",
        "hosts lose them in between", "Let them live for three intervals (AdvRDNSSLifetime).";
    Warning "preference-trap", "RFC 9915 18.2.9": "The server that clients prefer grants less than another.",
        "clients get less than they could", "Change the servers' preference (option 7).";
    Error "relay-mismatch", "RFC 9915 19.3": "The answer to a relay does not mirror what it sent.",
        "relays drop it", "Update the server.";
    Warning "relayed-and-direct", "RFC 9915 19": "One server answers directly and through a relay.",
        "a client may get two leases", "Take the relay off this link.";
    Error "duplicate-duid", "RFC 9915 11": "Two servers have the same DUID.",
        "clients take them for one", "Give one of them a DUID of its own: clones keep the file it is in.";
    Warning "host-firewall", "RFC 9915 7.2": "This host's own firewall drops the answers of DHCPv6.",
        "its DHCPv6 client hears nothing", "Let in UDP to port 546 from fe80::/10.";
    Error "address-not-global", "RFC 9915 21.6": "DHCPv6 gives an address that leads nowhere.",
        "it is no use to a host; an attacker's server does so to be its DNS", "Find the server by its hardware address, and correct it or take it off.";
    Warning "renew-refused", "RFC 9915 18.2.10.1": "The server does not know the lease.",
        "the client has to ask anew", "See why the server lost its leases.";
    Note "lease-changed", "RFC 9096 3.4": "Another lease is given, and the old one is not taken back.",
        "hosts keep what is stale", "Let the server tell the old one with lifetimes of 0.";
    Error "pd-preferred-refused", "RFC 9762 7.1": "A router asks hosts to take a prefix, and it is refused.",
        "hosts that rely on it have no address", "Give the server a pool of prefixes, or clear the P flag.";
    Note "pd-preferred", "RFC 9762 4": "Hosts shall ask for a prefix of their own.",
        "addresses may be used differently from what one is used to", "Nothing.";
    Note "stub-router", "RFC 4191 2.3": "A router leads to a network of its own and is no default router.",
        "it is a border router of Thread or the like", "Nothing.";
    Error "ra-invalid", "RFC 4861 6.1.2": "Hosts ignore a router advertisement.",
        "to hosts that router is not there", "Correct the router, or find who sends it.";
    Note "neighbor-check", "RFC 4861 7.2": "The server looked first whether the address is free.",
        "it answers later", "Nothing.";
    Note "sol-max-rt", "RFC 9915 21.24": "The server says how often clients may ask.",
        "clients ask less often while nobody answers", "Nothing.";
    Error "reconfigure-unauthenticated", "RFC 9915 16.11": "Somebody tells clients to reconfigure and does not prove who it is.",
        "clients drop it", "Find the sender, or let the server authenticate it.";
}
