//! A message that came in, with all that is known of it.

use std::net::Ipv6Addr;

use crate::engine::v6::watch::Check6;
use crate::time::{Instant, Timestamp};
use crate::wire::frame::{Protocol, Vlans};
use crate::wire::v6::{Duid, Facts, MessageType};
use crate::wire::{Mac, nd};

/// Bytes that a machine keeps of all answers: a thousand liars with messages of 64 KiB do not fill the memory.
pub const MAX_BYTES: usize = 32 << 20;

/// A message that was received, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer6 {
    /// When it came.
    pub at: Instant,
    /// The kernel's stamp of it.
    pub time: Timestamp,
    /// The whole frame; that of the last fragment where it came in several.
    pub frame: Vec<u8>,
    /// The message, the outermost one.
    pub payload: Vec<u8>,
    /// Which protocol it is.
    pub protocol: Protocol,
    /// Who sent the frame.
    pub source_mac: Option<Mac>,
    /// Who sent the packet.
    pub source_ip: Option<Ipv6Addr>,
    /// UDP source port; 0 for router discovery.
    pub source_port: u16,
    /// Whom the packet was for.
    pub destination: Option<Ipv6Addr>,
    /// VLAN tags it came with.
    pub vlans: Vlans,
    /// Which of the transactions it answers, from 0.
    pub lane: usize,
    /// Which transmission of that it answers, from 1.
    pub answers: u32,
    /// When that was sent.
    pub sent_at: Option<Instant>,
    /// When the first was.
    pub first_sent_at: Option<Instant>,
    /// How often it came, this time included.
    pub copies: u32,
    /// Other addresses and prefixes that the same server offered later on; at most 64.
    pub other_addresses: Vec<Ipv6Addr>,
    /// The server looked for the client first.
    pub check: Option<Check6>,
    /// In what the envelopes of relays do not mirror those that were sent.
    pub mismatch: Option<String>,
}

impl Answer6 {
    /// Its facts, those of the message that relays carry.
    pub fn facts(&self) -> Facts<'_> {
        Facts::of(&self.payload)
    }

    /// The facts of a router advertisement.
    pub fn advert(&self) -> Option<nd::Advert<'_>> {
        if self.protocol != Protocol::Icmpv6 {
            return None;
        }
        let packet = nd::Packet::new(&self.payload);
        let mut outline = nd::Outline::default();
        outline.read(&packet, self.payload.len(), false);
        nd::Advert::read(&packet, &outline)
    }

    /// How many bytes it takes to keep.
    pub fn weight(&self) -> usize {
        self.frame.len().saturating_add(self.payload.len()).saturating_add(size_of::<Self>())
    }

    /// The server's name.
    pub fn server(&self) -> Option<Duid> {
        self.facts().server_id.map(Duid::from)
    }

    /// What it is, the innermost message.
    pub fn kind(&self) -> MessageType {
        self.facts().kind
    }

    /// Time from the transmission that it answers, in nanoseconds; `None` when that was not seen leaving.
    pub fn latency(&self) -> Option<i64> {
        self.sent_at.map(|sent| self.at.since(sent))
    }

    /// Time from the first transmission, in nanoseconds.
    pub fn since_first(&self) -> Option<i64> {
        self.first_sent_at.map(|sent| self.at.since(sent))
    }

    /// The name of the message in capitals.
    pub fn name(&self) -> String {
        if self.protocol == Protocol::Icmpv6 {
            return "ROUTER ADVERTISEMENT".to_owned();
        }
        self.kind().to_string().to_uppercase()
    }
}
