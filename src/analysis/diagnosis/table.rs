//! The table: one row for every code. Those of one packet stand in `packet`, the wider ones here.

mod packet;

use super::Id;
use super::reasons::REASONS;
use crate::analysis::doctor::codes;
use crate::analysis::likeness::distance;
use crate::wire::problem::coded;
use packet::PACKET;

/// What a code is said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One packet.
    Packet,
    /// A transaction.
    Transaction,
    /// The whole capture.
    Capture,
    /// The host that looks, and its link.
    Host,
}

impl Scope {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Transaction => "transaction",
            Self::Capture => "capture",
            Self::Host => "host",
        }
    }
}

/// What people are told about a code.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub id: Id,
    /// What it is said of.
    pub scope: Scope,
    /// One sentence.
    pub summary: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub advice: &'static str,
    /// What looks similar and is not meant.
    pub not: &'static [&'static str],
}

macro_rules! codes {
    ($($variant:ident: $severity:ident, $scope:ident, $name:literal, $reference:literal,
        $summary:literal, $why:literal, $advice:literal, [$($not:literal),*];)*) => {
        coded! {
            /// Codes of transactions and captures.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            Code;
            $(#[doc = $summary] $variant: $severity, $name, $reference;)*
        }

        const WIDER: &[Row] = &[$(Row {
            id: Id::Wider(Code::$variant),
            scope: Scope::$scope,
            summary: $summary,
            why: $why,
            advice: $advice,
            not: &[$($not),*],
        },)*];
    };
}

codes! {
    NoAnswer: Warning, Transaction, "no-answer", "RFC 2131 4.1",
        "Nobody answers a client that asked three times or more.",
        "the client has no address",
        "Check server, relay, VLAN and port security: nobody on this segment serves the client.",
        ["a capture that ends within five seconds", "routers and monitors that search for servers", "a client whose old address no server knows"];
    NoAnswerSeen: Note, Transaction, "no-answer-seen", "RFC 2131 4.1",
        "No answer was seen, and none could be seen here or it is too early to tell.",
        "answers are unicast to others, or there are none",
        "Capture at the client, or on the switch port of the server.",
        ["exchanges whose answers would be visible: no-answer"];
    NoAck: Warning, Transaction, "no-ack", "RFC 2131 4.3.2",
        "REQUESTs stay without ACK and NAK.",
        "the client knows an address and may not use it",
        "Read the server's log for this client: it offers and never confirms.",
        ["one REQUEST, or less than three seconds"];
    OfferIgnored: Warning, Transaction, "offer-ignored", "RFC 2131 4.4.1",
        "The client goes on asking although it was offered an address.",
        "the offer does not reach the client or is not to its liking",
        "Look at the causes named with it, best first; without one, capture at the client.",
        ["a searcher that takes a new xid for every DISCOVER"];
    ReplyChecksumBad: Warning, Transaction, "reply-checksum-bad", "RFC 768",
        "A reply with a wrong UDP checksum was not acted on.",
        "clients drop it; the capture shows it all the same",
        "Turn transmit checksum offload off on the server's virtual interface.",
        ["checksums left to the network card", "replies the client accepted"];
    ClientIdAltered: Error, Transaction, "client-id-altered", "RFC 6842 3",
        "The reply carries another client identifier than the request.",
        "the client drops such a reply",
        "Make the server echo option 61 as it came, or leave it out.",
        ["a reply without option 61"];
    BroadcastFlagIgnored: Warning, Transaction, "broadcast-flag-ignored", "RFC 2131 4.1",
        "The client asked for broadcast and was answered by unicast.",
        "it said that it cannot hear unicast yet",
        "Make the server (or relay) obey the BROADCAST flag.",
        ["renewals, which have an address"];
    ReplyMisdirected: Error, Transaction, "reply-misdirected", "RFC 2131 4.1",
        "The answer is addressed to somebody else.",
        "the client never gets it",
        "Look at the server's reservations and routes.",
        ["routed renewals", "directed broadcast", "other source ports (RFC 8357)"];
    XidMismatch: Warning, Transaction, "xid-mismatch", "RFC 2131 4.4.1",
        "An OFFER has a transaction number nobody asked with.",
        "the client drops it",
        "Server or relay alters the transaction number: replace or update it.",
        ["late answers to an earlier exchange"];
    NakAfterOffer: Error, Transaction, "nak-after-offer", "RFC 2131 4.3.2",
        "A server refuses the very address it offered.",
        "the client starts over, again and again",
        "The server contradicts itself: look for two processes, a lost lease file or a wrong pool.",
        ["a NAK of another server"];
    NakByOtherServer: Warning, Transaction, "nak-by-other-server", "RFC 2131 4.3.2",
        "A server that was not chosen refuses.",
        "clients that listen to it lose the address they were given",
        "Make the second server non-authoritative or give both the same scope.",
        ["NAKs to clients that reboot, renew or rebind"];
    AckByOtherServer: Error, Transaction, "ack-by-other-server", "RFC 2131 3.1",
        "A server acknowledges what was asked of another.",
        "two servers believe they gave a lease",
        "Remove the second server, or teach it to obey option 54.",
        ["failover partners that both answer a rebinding", "relays that put their own address into option 54"];
    AckOtherAddress: Error, Transaction, "ack-other-address", "RFC 2131 4.3.1",
        "The ACK gives another address than was asked for.",
        "server and client believe in different addresses",
        "Clear the old lease or reservation at the server, then renew.",
        ["answers to INFORM"];
    AckDiffers: Warning, Transaction, "ack-differs", "RFC 2131 4.3.1",
        "Mask or routers of the ACK differ from the same server's OFFER.",
        "two configurations are active in this server",
        "Find the second scope, class or process that answers.",
        ["other options, which follow the client's list"];
    StaleAddressNotRefused: Note, Transaction, "stale-address-not-refused", "RFC 2131 4.3.2",
        "A client asks in vain for an address of another network before it starts over.",
        "it waits half a minute for nothing",
        "Make the server authoritative: it then refuses foreign addresses at once.",
        ["a server that gives the same address afterwards"];
    NakIgnored: Warning, Transaction, "nak-ignored", "RFC 2131 3.1, 4.4.5",
        "The client goes on renewing an address it was told to drop.",
        "the address may be given to somebody else",
        "Update the client: it keeps an address it was told to drop.",
        ["a client that starts over after the NAK"];
    AddressConflict: Warning, Transaction, "address-conflict", "RFC 2131 4.4.4, RFC 5227 2.1",
        "The client found the address in use and declined it.",
        "two machines with one address",
        "Exclude the address from the pool, or give the host that holds it a reservation.",
        ["a probe answered by the client's own MAC"];
    ProbeAnsweredByClientMac: Error, Transaction, "probe-answered-by-client-mac", "RFC 5227 2.1.1",
        "The client's own MAC answered its probe.",
        "it declines every address",
        "Switch the access point's ARP cache or proxy off.",
        ["an answer by another MAC: address-conflict"];
    DuplicateAddress: Error, Transaction, "duplicate-address", "RFC 5227 2.4",
        "Two MACs answer for an address that was just given.",
        "both machines lose connections",
        "Find the second machine by its MAC.",
        ["a MAC that changes without the client's own ARP"];
    SlowStart: Warning, Transaction, "slow-start", "IEEE 802.1D, RFC 2131 4.1",
        "The first DISCOVERs are lost, then the answer comes at once.",
        "the switch port forwards only after a while",
        "Make the port an edge port (portfast); if all clients show it, the server waits for secs.",
        ["answers that are slow by themselves: answer-too-slow"];
    AnswerTooSlow: Warning, Transaction, "answer-too-slow", "RFC 2131 4.1",
        "The first OFFER came four seconds or more after it was asked for.",
        "clients give up after four seconds",
        "Shorten the server's conflict check, or its load.",
        ["an OFFER right after a repeated DISCOVER: slow-start"];
    ServerChecksAddress: Note, Transaction, "server-checks-address", "RFC 2131 3.1",
        "The server looked whether the address is in use before it offered it.",
        "this is its share of the wait",
        "Nothing, unless the wait is too long.",
        ["a check by the client itself"];
    AnswerTooLate: Warning, Transaction, "answer-too-late", "RFC 2131 4.1",
        "Every answer came after the client had started over.",
        "the client does not listen to it any more",
        "Find what is slow: the server or the path is slower than this client's patience.",
        ["the same xid"];
    Option82NotEchoed: Warning, Transaction, "option-82-not-echoed", "RFC 3046 2.2",
        "The reply lacks the relay's option 82, or changed it.",
        "relays that validate drop it",
        "Make the server echo option 82.",
        ["NAK", "the client's side, where the relay has removed it"];
    RelayDropsReply: Error, Transaction, "relay-drops-reply", "RFC 1542 4.1.2",
        "The relay was answered and did not pass it on.",
        "the client has no address",
        "Look at the relay: option 82, broadcast flag, access list.",
        ["captures on one side of the relay"];
    Option82Refused: Warning, Transaction, "option-82-refused", "RFC 3046 2.1",
        "Requests with option 82 and without a relay stay unanswered.",
        "relays drop option 82 from ports they do not trust",
        "Tell the relay to trust this port, or the switch to stop inserting option 82.",
        ["answered requests"];
    AddressOutsideGiaddr: Note, Transaction, "address-outside-giaddr", "RFC 2131 4.3.1, RFC 3527",
        "The address given is of another subnet than the relay's.",
        "normal only where secondary subnets are meant",
        "Compare the scope with the relay's address.",
        ["link selection and cable networks mean it"];
    PxeNoBootFile: Warning, Transaction, "pxe-no-boot-file", "RFC 4578, PXE 2.1",
        "A PXE client is offered addresses and no boot file.",
        "it cannot boot",
        "Set the boot file (67, or the field), or start the proxyDHCP service.",
        ["offers with option 43 of PXE"];
    PxeNoAddress: Warning, Transaction, "pxe-no-address", "PXE 2.1",
        "A PXE client is answered by boot servers only.",
        "it has no address",
        "Start or repair the address server: only the boot server answers.",
        ["an offer with an address"];
    Pxe4011Silent: Warning, Transaction, "pxe-4011-silent", "PXE 2.1",
        "The boot server does not answer on port 4011.",
        "PXE-E55 at the client",
        "Start the boot service on port 4011, or open it in the filter.",
        ["one message only"];
    IcmpRefused: Error, Transaction, "icmp-refused", "RFC 792, RFC 1122 3.2.2.1",
        "The server's machine says by ICMP that nobody listens.",
        "the machine is up, its DHCP service is not, or a filter rejects",
        "Start the service on that machine, or correct the filter or the address asked.",
        ["errors about replies", "exchanges that succeed all the same"];
    RouterMissing: Note, Packet, "router-missing", "RFC 2132 3.5",
        "No router is given although the client asks for one.",
        "clients here reach only their own subnet",
        "Add a router to the scope, unless that is meant.",
        ["a client that sends no list of options"];
    ClientIdNotEchoed: Note, Packet, "client-id-not-echoed", "RFC 6842",
        "The reply lacks the client identifier of the request.",
        "some newer clients tell each other apart by it",
        "Nothing for older servers (only with --strict).",
        ["replies that echo it"];
    ServersDisagree: Warning, Capture, "servers-disagree", "RFC 2131 4.3.1",
        "Two servers offer one client different networks or routers.",
        "one of them is wrong; chance decides",
        "Remove the wrong one; dhcptool rogue finds it.",
        ["failover and split scopes, which offer alike", "boot servers without addresses", "relays that put themselves into option 54"];
    SeveralServers: Note, Capture, "several-servers", "RFC 2131 4.3.1",
        "More than one server gives addresses here.",
        "which are meant?",
        "Nothing, if all of them are meant.",
        ["boot servers without addresses"];
    ServerTwoMacs: Warning, Capture, "server-two-macs", "RFC 826",
        "One server address speaks from two MACs.",
        "two machines claim it",
        "Find the second machine by its MAC; a failover of a virtual address looks the same.",
        ["relayed replies"];
    PoolExhausted: Error, Capture, "pool-exhausted", "RFC 2131 4.3.1",
        "A server that works gives no addresses any more.",
        "new clients get none",
        "Enlarge the pool, shorten leases, look for mac-churn and starvation.",
        ["a server that says nothing at all: server-silent"];
    ServerSilent: Error, Capture, "server-silent", "RFC 2131 4.3.1",
        "A server stopped answering.",
        "nobody gets an address",
        "Look whether its process is alive; an exhausted pool looks the same when nobody renews.",
        ["fewer than three clients"];
    GiaddrUnserved: Error, Capture, "giaddr-unserved", "RFC 2131 4.3.1",
        "The server answers other relays and never this one.",
        "a whole VLAN gets no address",
        "Declare the relay's subnet at the server, or change the relay's source address.",
        ["a server that answers nobody"];
    RelayLoop: Error, Capture, "relay-loop", "RFC 1542 4.1.1",
        "One message comes around with more hops each time.",
        "relays feed each other",
        "Remove one helper address: relays point at each other.",
        ["two relays side by side, with the same hops"];
    AddressGivenTwice: Error, Capture, "address-given-twice", "RFC 2131 1.6",
        "One address was given to two clients at a time.",
        "both lose connections",
        "Look for overlapping pools or a lost lease file.",
        ["the same client identifier", "leases that ended"];
    ClientIdShared: Error, Capture, "client-id-shared", "RFC 2131 2, RFC 4361 6.1",
        "Two machines use one client identifier.",
        "the server gives both the same address",
        "Empty /etc/machine-id on one of them: clones share one identifier.",
        ["a dock or second card of one machine, used once"];
    ClientTwoIdentities: Note, Capture, "client-two-identities", "RFC 4361",
        "One machine shows several client identifiers and takes an address for each.",
        "reservations miss one of them",
        "Reserve by MAC, or give both stages one identifier.",
        ["one address for all"];
    AddressChurn: Note, Capture, "address-churn", "RFC 2131 4.3.1",
        "A client gets another address every time.",
        "the server forgets it",
        "Look why the server forgets the lease.",
        ["another VLAN"];
    MacChurn: Note, Capture, "mac-churn", "RFC 2131 4.3.1",
        "One device takes a lease for each of its random MACs.",
        "the pool empties in hours",
        "Shorten leases for this network, or switch off the device's private address.",
        ["different host names"];
    NakLoop: Error, Capture, "nak-loop", "RFC 2131 3.1",
        "A client is refused again and again.",
        "it has no address",
        "See nak-after-offer and nak-by-other-server of its exchanges.",
        ["one NAK, then a new address"];
    DeclineStorm: Error, Capture, "decline-storm", "RFC 2131 4.3.3",
        "Addresses are declined again and again.",
        "each is lost to the pool for a while",
        "Find what answers ARP for them.",
        ["one or two DECLINEs"];
    ProxyArp: Error, Capture, "proxy-arp", "RFC 1027, RFC 5227",
        "One machine answers the probes for several addresses.",
        "every client declines its address",
        "Switch proxy ARP off on that machine.",
        ["a client's own MAC"];
    Starvation: Error, Capture, "starvation", "RFC 2131 7",
        "Somebody asks with a great many made-up MACs.",
        "the pool empties, and users get nothing",
        "Find the switch port and enable the limits of DHCP snooping.",
        ["power returning to a building", "virtual machines of one prefix", "repeaters with few clients"];
    ClientStorm: Warning, Capture, "client-storm", "RFC 2131 4.1",
        "A client asks more than twenty times in ten seconds.",
        "broken timer or loop",
        "Update or restart the client; compare timers-disordered.",
        ["copies of one message"];
    RenewalUnanswered: Warning, Capture, "renewal-unanswered", "RFC 2131 4.4.5",
        "A renewal stays unanswered, and the client goes on to rebind or starts over.",
        "clients cannot reach the server by unicast; leases survive by luck",
        "Look at firewall and route to the server identifier, or correct it.",
        ["renewals of which only one side is seen"];
    VlanCrossed: Warning, Capture, "vlan-crossed", "IEEE 802.1Q",
        "Requests and replies are in different VLANs.",
        "the reply leaves in another VLAN",
        "Correct the VLAN of the server's or relay's port.",
        ["one of them untagged"];
    StaticInPool: Note, Capture, "static-in-pool", "RFC 2131 4.4.1",
        "A host with a fixed address sits in the pool.",
        "the server finds it each time and wastes time",
        "Exclude the address from the pool, or reserve it for that host.",
        ["addresses that are offered", "known clients"];
    AnswersAfterSecs: Note, Capture, "answers-after-secs", "RFC 3074",
        "Clients are answered only once they have waited.",
        "only the standby answers",
        "Look whether the primary server is down.",
        ["anybody answered at once"];
}

/// Every code: those of packets, of transactions and captures, the reasons by which servers are judged, and a doctor's.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    PACKET.iter().chain(WIDER).chain(REASONS).chain(codes::ROWS).chain(codes::SIX)
}

/// The rows of a code: one, or where DHCPv4 and DHCPv6 have a code of the same name one of each.
pub fn named(name: &str) -> impl Iterator<Item = &'static Row> {
    rows().filter(move |row| row.id.name() == name)
}

/// The row of a code, the first of those of that name.
pub fn find(name: &str) -> Option<&'static Row> {
    named(name).next()
}

/// One row for every name.
pub fn distinct() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| find(row.id.name()).is_some_and(|first| first.id == row.id))
}

/// The row of what was said: that of the code itself, for a name may be shared.
pub fn row(id: Id) -> Option<&'static Row> {
    // Who judges servers and links names what it says without knowing this table.
    rows().find(|row| row.id == id).or_else(|| find(id.name()))
}

/// The names that `text` may have meant, of all that are `known`, nearest first.
pub fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let text: String = text.chars().take(64).collect::<String>().to_lowercase();
    let mut scored: Vec<(usize, &str)> = known
        .map(|name| {
            let part = if text.len() > 2 && name.contains(&text) { 0 } else { distance(&text, name) };
            (part, name)
        })
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3).max(2))
        .collect();
    scored.sort_by_key(|(distance, _)| *distance);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::problem;

    #[test]
    fn every_code_has_one_row_and_an_advice() {
        let mut names: Vec<_> = rows().map(|row| row.id.name()).collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert_eq!(twice, ["port-unusual", "server-id-missing"]);
        for code in problem::Code::ALL {
            let id = Id::Packet(*code);
            assert_eq!(row(id).map(|row| row.id), Some(id), "{}", code.name());
        }
        assert_eq!(
            Id::Packet(problem::Code::AnswerNamesNoServer).advice(),
            "Make the server send option 54."
        );
        assert_eq!(Id::Packet(problem::Code::ServerIdMissing).advice(), "Correct or update the sender.");
        for row in rows() {
            assert!(
                !row.summary.is_empty() && !row.why.is_empty() && row.advice.ends_with(['.', ')']),
                "{row:?}"
            );
        }
    }

    #[test]
    fn near_names_are_found() {
        let near = |text: &str| nearest(text, rows().map(|row| row.id.name()));
        assert_eq!(near("no-anser").first(), Some(&"no-answer"));
        assert_eq!(near("routes-without").first(), Some(&"routes-without-default"));
        assert!(near("zzzzzzzzzzzz").is_empty());
    }
}
