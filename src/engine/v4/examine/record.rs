//! How an examination is made, and what was tried and what came of it.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::Booted;
use crate::time::Instant;
use crate::wire::options::v4 as opt;
use crate::wire::v4::Message;
use crate::wire::{Mac, Prefix};

/// How an examination is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The host's hardware address.
    pub mac: Mac,
    /// A stranger's, to compare; none leaves that out.
    pub second: Option<Mac>,
    /// The host's client identifier (option 61).
    pub client_id: Option<Vec<u8>>,
    /// The host's name (option 12).
    pub hostname: Option<Vec<u8>>,
    /// VLAN tags of everything that is sent.
    pub tags: Vec<u8>,
    /// Ask as a PXE client of this architecture too (RFC 4578 §2.1).
    pub pxe: Option<u16>,
    /// An address the host held before, to be asked for again (INIT-REBOOT).
    pub old_address: Option<Ipv4Addr>,
    /// One short round: no stranger, no renewal.
    pub quick: bool,
    /// Servers whose offers are taken before others': address or hardware address, or both.
    pub trusted: Vec<(Option<Ipv4Addr>, Option<Mac>)>,
    /// Addresses that the host has: one that is given again is the host's own lease, and not given back.
    pub held: Vec<Ipv4Addr>,
    /// Ask a server as a relay would, too.
    pub relay: Option<RelayView>,
    /// Three transaction identifiers: the host's, the stranger's, and the host's without client identifier.
    pub xids: [u32; 3],
}

impl Plan {
    /// The plan of a host of which nothing but this is known.
    pub fn new(mac: Mac, xids: [u32; 3]) -> Self {
        Self {
            mac,
            second: None,
            client_id: None,
            hostname: None,
            tags: Vec::new(),
            pxe: None,
            old_address: None,
            quick: false,
            trusted: Vec::new(),
            held: Vec::new(),
            relay: None,
            xids,
        }
    }
}

/// How a server is asked as a relay would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayView {
    /// The relay's address: source of what is sent, and where answers go.
    pub giaddr: Ipv4Addr,
    /// The server.
    pub server: Ipv4Addr,
    /// Whose hardware address leads there: the server's own, or a router's.
    pub hop: Ipv4Addr,
}

/// What was asked so often, and what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuestionTally {
    /// How often it was sent.
    pub sent: u32,
    /// When it was sent first.
    pub first: Option<Instant>,
    /// How many answers came.
    pub answers: u32,
    /// When the first answer came.
    pub answered: Option<Instant>,
    /// The answer was a refusal: NAK, or an ICMP error.
    pub refused: bool,
}

impl QuestionTally {
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent = self.sent.saturating_add(1);
        self.first.get_or_insert(now);
    }

    pub(super) fn answer(&mut self, now: Instant) {
        self.answers = self.answers.saturating_add(1);
        self.answered.get_or_insert(now);
    }

    /// It was asked at all.
    pub fn sent_any(&self) -> bool {
        self.sent > 0
    }

    /// It was asked and never answered.
    pub fn is_silent(&self) -> bool {
        self.sent > 0 && self.answers == 0
    }

    /// From the first question to the first answer.
    pub fn took(&self) -> Option<Duration> {
        let nanoseconds = self.answered?.since(self.first?);
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)))
    }
}

/// An OFFER or ACK, with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// When it came.
    pub at: Instant,
    /// The sender's hardware address.
    pub mac: Mac,
    /// The sender's address.
    pub source: Ipv4Addr,
    /// The message.
    pub message: Message,
}

impl Given {
    /// Who gives it: option 54, else the source.
    pub fn server(&self) -> Ipv4Addr {
        self.message.ip_option(opt::DHCP_SERVER_IDENTIFIER).unwrap_or(self.source)
    }

    /// The subnet of the address given, where the mask is one.
    pub fn prefix(&self) -> Option<Prefix> {
        let mask = self.message.ip_option(opt::SUBNET_MASK)?;
        Prefix::length_of(mask).map(|length| Prefix::of(self.message.yiaddr, length))
    }

    /// The addresses of an option that lists them.
    pub fn addresses(&self, code: u8) -> Vec<Ipv4Addr> {
        let bytes = self.message.option(code).unwrap_or_default();
        bytes.as_chunks::<4>().0.iter().map(|four| Ipv4Addr::from(*four)).collect()
    }
}

/// Somebody that the host would use, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its address.
    pub address: Ipv4Addr,
    /// It is reached through a router: its own hardware address is not to be had.
    pub routed: bool,
    /// How often it was asked for by ARP, and answered.
    pub arp: QuestionTally,
    /// The hardware addresses that answered.
    pub macs: Vec<Mac>,
    /// A question to a name server.
    pub question: QuestionTally,
    /// Who said by ICMP, and with which code, that nothing leads to it; a closed port is a refusal.
    pub turned_away: Option<(Ipv4Addr, u8)>,
}

/// What was tried and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// DISCOVERs as the host.
    pub own: QuestionTally,
    /// DISCOVERs as a stranger.
    pub second: QuestionTally,
    /// DISCOVERs with the host's hardware address and no client identifier.
    pub bare: QuestionTally,
    /// OFFERs to the host, one a server.
    pub offers: Vec<Given>,
    /// OFFERs to the stranger, one a server.
    pub second_offers: Vec<Given>,
    /// REQUESTs for the address offered.
    pub request: QuestionTally,
    /// The ACK that counts: that of the server that was chosen.
    pub ack: Option<Given>,
    /// A NAK of the server that was chosen.
    pub nak: Option<Given>,
    /// Who answered for the address that was given.
    pub holders: Vec<Mac>,
    /// Answers of more than are kept of them.
    pub more_holders: u32,
    /// Who answered for addresses that nobody should have, with how many of them.
    pub strays: Vec<(Mac, u32)>,
    /// Probes for the address given were sent so often.
    pub probes: u32,
    /// Routers that were given.
    pub routers: Vec<Neighbour>,
    /// Name servers that were given.
    pub name_servers: Vec<Neighbour>,
    /// REQUESTs by unicast from the address given (RENEWING).
    pub renewal: QuestionTally,
    /// The same by broadcast (REBINDING), after those by unicast had no answer.
    pub rebinding: QuestionTally,
    /// REQUESTs for the address held before (INIT-REBOOT).
    pub reboot: QuestionTally,
    /// ARP for the way to the server that is asked as a relay would.
    pub relay_hop: QuestionTally,
    /// DISCOVERs as a relay would pass them on.
    pub relayed: QuestionTally,
    /// OFFERs to these.
    pub relayed_offers: Vec<Given>,
    /// What came of booting from the network.
    pub boot: Option<Booted>,
    /// The address given is one that the host has: it was not given back.
    pub kept: bool,
    /// RELEASEs sent.
    pub released: u32,
    /// Frames handed to the kernel.
    pub handed: u32,
    /// Of those, seen leaving.
    pub left: u32,
    /// The network's port blocks (BPDUs were heard): asking went on for longer.
    pub blocked: bool,
}
