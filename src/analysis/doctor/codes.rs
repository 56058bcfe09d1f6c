//! What only a doctor can say: codes about this host and its link, beside those of packets, transactions and captures.

use crate::analysis::diagnosis::{Id, Row, Scope};
use crate::wire::problem::Severity;

macro_rules! rows {
    ($($severity:ident $name:literal, $reference:literal: $summary:literal, $why:literal, $advice:literal;)*) => {
        /// The codes, worst first.
        pub static ROWS: &[Row] = &[$(Row {
            id: Id::Host($name, Severity::$severity, $reference),
            scope: Scope::Host,
            summary: $summary,
            why: $why,
            advice: $advice,
            not: &[],
        }),*];
    };
}

rows! {
    Error "link-down", "IEEE 802.3": "The interface is down.",
        "nothing can be sent or heard", "Bring it up: ip link set IFACE up.";
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
