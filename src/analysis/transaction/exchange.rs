//! One exchange: its messages in order, its parties, and what came of it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::few::Few;
use super::seen::{Seen, bit};
use crate::wire::problem::Problem;
use crate::wire::{HwAddr, Mac};

/// Most steps kept of one exchange; the rest is counted.
pub(super) const STEPS: usize = 64;
/// How close to the end of the input a phase must have begun to be still open, nanoseconds.
pub(super) const GRACE: i64 = 5_000_000_000;
/// Most servers told apart in one exchange.
const SERVERS: usize = 16;

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$item:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($(#[$item])* $variant,)* }

        impl $type {
            /// Every one, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in text and JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|one| one.name()).collect();
                    format!("{text:?} is none of {}", names.join(", "))
                })
            }
        }
    };
}

named! {
    /// What an exchange is for.
    Kind {
        /// A client without an address gets one: DISCOVER to ACK.
        Acquire = "acquire",
        /// A client that had an address asks for it again (INIT-REBOOT).
        Reboot = "reboot",
        /// A client asks its server for more time.
        Renew = "renew",
        /// A client asks any server for more time.
        Rebind = "rebind",
        /// A client with an address asks for the rest.
        Inform = "inform",
        /// An address is given back.
        Release = "release",
        /// An address was found in use.
        Decline = "decline",
        /// BOOTP.
        Bootp = "bootp",
        /// Somebody asks about a lease.
        LeaseQuery = "leasequery",
        /// A machine asks a boot server on port 4011.
        Pxe = "pxe",
        /// A server tells a client to renew.
        ForceRenew = "forcerenew",
        /// Not to be told from what was seen.
        Unknown = "unknown",
    }
}

named! {
    /// What came of an exchange.
    Outcome {
        /// The client found the address in use.
        Declined = "declined",
        /// A new address.
        Bound = "bound",
        /// The old address again.
        Rebooted = "rebooted",
        /// More time.
        Renewed = "renewed",
        /// More time, from any server.
        Rebound = "rebound",
        /// INFORM was answered.
        Informed = "informed",
        /// An ACK to something that was not seen.
        Acknowledged = "acknowledged",
        /// NAK and no ACK.
        Refused = "refused",
        /// Given back.
        Released = "released",
        /// Answered: leasequery, pxe.
        Answered = "answered",
        /// Sent; no answer is expected.
        Sent = "sent",
        /// The input ended too early to tell.
        Open = "open",
        /// The client chose a server that is not seen here.
        Elsewhere = "elsewhere",
        /// A REQUEST was never answered.
        Unacknowledged = "unacknowledged",
        /// OFFER, no REQUEST.
        Offered = "offered",
        /// Nothing came.
        Unanswered = "unanswered",
    }
}

impl Outcome {
    /// The client has what it wanted.
    pub fn is_success(self) -> bool {
        use Outcome::{Acknowledged, Answered, Bound, Informed, Rebooted, Rebound, Released, Renewed, Sent};
        matches!(
            self,
            Bound | Rebooted | Renewed | Rebound | Informed | Acknowledged | Released | Answered | Sent
        )
    }
}

macro_rules! letters {
    ($($(#[$doc:meta])* $variant:ident = $letter:literal, $name:literal,)*) => {
        /// What a message is, as far as joining tells them apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Letter { $($(#[$doc])* $variant,)* }

        impl Letter {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its letter in `messages`.
            pub fn letter(self) -> u8 {
                match self { $(Self::$variant => $letter,)* }
            }

            /// Its name in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

letters! {
    /// DISCOVER.
    Discover = b'D', "discover",
    /// OFFER.
    Offer = b'O', "offer",
    /// REQUEST.
    Request = b'R', "request",
    /// ACK.
    Ack = b'A', "ack",
    /// NAK.
    Nak = b'N', "nak",
    /// DECLINE.
    Decline = b'C', "decline",
    /// RELEASE.
    Release = b'L', "release",
    /// INFORM.
    Inform = b'I', "inform",
    /// BOOTP request.
    BootRequest = b'B', "bootrequest",
    /// BOOTP reply.
    BootReply = b'P', "bootreply",
    /// LEASEQUERY.
    LeaseQuery = b'Q', "leasequery",
    /// LEASEACTIVE.
    LeaseActive = b'V', "leaseactive",
    /// LEASEUNASSIGNED.
    LeaseUnassigned = b'U', "leaseunassigned",
    /// LEASEUNKNOWN.
    LeaseUnknown = b'K', "leaseunknown",
    /// FORCERENEW.
    ForceRenew = b'F', "forcerenew",
    /// Any other type.
    Other = b'?', "other",
}

named! {
    /// What a message is to its exchange.
    Role {
        /// A message of its own.
        First = "first",
        /// The client says it again.
        Retransmission = "retransmission",
        /// The same message seen twice.
        Copy = "copy",
        /// The same message on the other side of a relay.
        Forwarded = "forwarded",
    }
}

impl Role {
    /// True for messages that were really said.
    pub fn counts(self) -> bool {
        matches!(self, Self::First | Self::Retransmission)
    }
}

named! {
    /// On which side of a relay a message was seen.
    Side {
        /// Between client and relay, or where there is no relay.
        Client = "client",
        /// Between relay and server.
        Relay = "relay",
    }
}

/// One message of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The message.
    pub seen: Seen,
    /// What it is to the exchange.
    pub role: Role,
    /// Which of the exchange's servers sent it, of a reply.
    pub server: Option<u8>,
}

/// Who sends or receives a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The client.
    Client,
    /// Everybody.
    All,
    /// One of the exchange's servers.
    Server(u8),
    /// A relay.
    Relay(Ipv4Addr),
    /// An address that is none of these.
    Address(Ipv4Addr),
}

/// A server that had a say.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Option 54.
    pub id: Option<Ipv4Addr>,
    /// IP source.
    pub ip: Ipv4Addr,
    /// Link-layer source.
    pub mac: Mac,
    /// `yiaddr` of its first OFFER.
    pub offered: Option<Ipv4Addr>,
    /// From DISCOVER to its OFFER, nanoseconds.
    pub offer: Option<i64>,
    /// It sent an ACK.
    pub acked: bool,
    /// It sent a NAK.
    pub refused: bool,
}

impl Server {
    /// Option 54, else the source.
    pub fn name(&self) -> Ipv4Addr {
        self.id.unwrap_or(self.ip)
    }
}

/// Texts of an exchange or client, shared with others that say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Option 61.
    pub client_id: Option<Arc<[u8]>>,
    /// Option 12.
    pub hostname: Option<Arc<[u8]>>,
    /// Option 60 of the client.
    pub vendor_class: Option<Arc<[u8]>>,
    /// Option 56.
    pub reason: Option<Arc<[u8]>>,
    /// The interface.
    pub interface: Option<Arc<[u8]>>,
    /// Option 3 of the reply that gives an address.
    pub routers: Option<Arc<[u8]>>,
}

/// The client's message that begins its next exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// When, nanoseconds since 1970.
    pub time: i64,
    /// Transaction identifier.
    pub xid: u32,
    /// What it is.
    pub letter: Letter,
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What it is for.
    pub kind: Kind,
    /// The client's hardware address; `None` when missing or all zero.
    pub mac: Option<HwAddr>,
    /// Texts of the client and of the last refusal.
    pub texts: Texts,
    /// Transaction identifiers, in order.
    pub xids: Few<u32>,
    /// VLANs of its first message.
    pub vlans: Vec<u16>,
    /// The steps, at most [`STEPS`].
    pub steps: Vec<Step>,
    /// How many more there were.
    pub left_out: u32,
    /// Everybody who answered, in order of first word.
    pub servers: Few<Server>,
    /// Problems of its messages, with the frame.
    pub problems: Vec<(u64, Problem)>,
    /// The beginning of a later exchange of this client.
    pub superseded: Option<Next>,
    /// It was closed to make room.
    pub evicted: bool,
    /// Answers to it can be seen here.
    pub visible: bool,
    /// A selection wants one of its messages.
    pub selected: bool,
    /// What came of it; set when it closes.
    pub outcome: Outcome,
    /// Bits of what happened.
    pub(super) had: Had,
    /// Time of the last message of any kind.
    pub(super) last: i64,
    /// Time of the last message of the client.
    pub(super) last_client: i64,
    /// When the current phase began.
    pub(super) phase: Option<i64>,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is an event of its own")]
pub struct Had {
    /// Any request.
    pub client: bool,
    /// Any reply.
    pub reply: bool,
    /// DISCOVER.
    pub discover: bool,
    /// OFFER.
    pub offer: bool,
    /// REQUEST.
    pub request: bool,
    /// ACK.
    pub ack: bool,
    /// NAK.
    pub nak: bool,
    /// DECLINE.
    pub decline: bool,
    /// DISCOVER with rapid commit.
    pub rapid: bool,
    /// A reply that is none of these.
    pub answer: bool,
}

impl Exchange {
    /// An exchange that begins with a message at `time`.
    pub(super) fn new(kind: Kind, mac: Option<HwAddr>, time: i64) -> Self {
        Self {
            kind,
            mac,
            texts: Texts::default(),
            xids: Few::default(),
            vlans: Vec::new(),
            // A flood of clients that say one thing each is what fills memory.
            steps: Vec::with_capacity(1),
            left_out: 0,
            servers: Few::default(),
            problems: Vec::new(),
            superseded: None,
            evicted: false,
            visible: false,
            selected: false,
            outcome: Outcome::Unanswered,
            had: Had::default(),
            last: time,
            last_client: time,
            phase: None,
        }
    }

    /// What happened in it.
    pub fn had(&self) -> Had {
        self.had
    }

    /// Steps that were really said, in order.
    pub fn said(&self) -> impl DoubleEndedIterator<Item = &Step> + Clone {
        self.steps.iter().filter(|step| step.role.counts())
    }

    /// The client's steps that were really said.
    pub fn sent(&self) -> impl DoubleEndedIterator<Item = &Seen> + Clone {
        self.said().map(|step| &step.seen).filter(|seen| seen.from_client)
    }

    /// The replies, copies left out.
    pub fn replies(&self) -> impl DoubleEndedIterator<Item = &Seen> + Clone {
        self.said().map(|step| &step.seen).filter(|seen| !seen.from_client)
    }

    /// The first step.
    pub fn first(&self) -> Option<&Seen> {
        self.steps.first().map(|step| &step.seen)
    }

    /// No message of the client, or an acquisition whose beginning is missing.
    pub fn partial(&self) -> bool {
        !self.had.client || (self.kind == Kind::Acquire && !self.had.discover)
    }

    /// Nothing more is needed for it.
    pub(super) fn is_finished(&self) -> bool {
        let Had { ack, nak, decline, answer, .. } = self.had;
        ack || nak
            || decline
            || answer
            || matches!(self.kind, Kind::Release | Kind::Decline | Kind::ForceRenew)
    }

    /// How many of a role.
    pub fn count(&self, wanted: impl Fn(Role) -> bool) -> usize {
        self.steps.iter().filter(|step| wanted(step.role)).count()
    }

    /// Adds a message that is none of a copy's.
    pub(super) fn add(&mut self, seen: &Seen, role: Role) {
        if !self.xids.contains(&seen.xid) && self.xids.len() < STEPS {
            self.xids.push(seen.xid);
        }
        let server = (!seen.from_client).then(|| self.server_index(seen)).flatten();
        let late =
            self.steps.last().is_some_and(|step| (step.seen.time, step.seen.frame) > (seen.time, seen.frame));
        let step = Step { seen: *seen, role, server };
        if self.steps.len() >= STEPS {
            self.left_out = self.left_out.saturating_add(1);
        } else if late && !self.had.client {
            self.steps.push(step);
            self.steps.sort_by_key(|step| (step.seen.time, step.seen.frame));
        } else {
            self.steps.push(step);
        }
        self.last = self.last.max(seen.time);
        if !role.counts() {
            return;
        }
        if seen.from_client {
            self.last_client = self.last_client.max(seen.time);
            self.had.client = true;
            self.phase = self.phase.or(Some(seen.time));
        } else {
            self.had.reply = true;
            self.phase = None;
            self.judge_reply(seen, server);
        }
        match seen.letter {
            Letter::Discover => {
                self.had.discover = true;
                self.had.rapid |= seen.has(bit::RAPID);
            }
            Letter::Offer => self.had.offer = true,
            Letter::Request => self.had.request = true,
            Letter::Ack => self.had.ack = true,
            Letter::Nak => self.had.nak = true,
            Letter::Decline => self.had.decline = true,
            _ => self.had.answer |= !seen.from_client,
        }
    }

    fn judge_reply(&mut self, seen: &Seen, index: Option<u8>) {
        let asked = self.asked_at(seen);
        let Some(server) = index.and_then(|index| self.servers.get_mut(usize::from(index))) else { return };
        match seen.letter {
            Letter::Offer if server.offered.is_none() => {
                server.offered = Some(seen.yiaddr);
                server.offer = asked.map(|asked| seen.time.saturating_sub(asked));
            }
            Letter::Ack => server.acked = true,
            Letter::Nak => server.refused = true,
            _ => {}
        }
    }

    /// When the DISCOVER with this xid was first sent.
    fn asked_at(&self, seen: &Seen) -> Option<i64> {
        let asked = |step: &&Seen| step.letter == Letter::Discover && step.xid == seen.xid;
        self.sent().find(asked).map(|step| step.time)
    }

    fn server_index(&mut self, seen: &Seen) -> Option<u8> {
        let id = seen.has(bit::SERVER_ID).then_some(seen.server_id);
        let name = seen.server();
        let known = self.servers.iter().position(|server| server.name() == name);
        let index = known.or_else(|| {
            (self.servers.len() < SERVERS).then(|| {
                self.servers.push(Server {
                    id,
                    ip: seen.src,
                    mac: seen.src_mac,
                    offered: None,
                    offer: None,
                    acked: false,
                    refused: false,
                });
                self.servers.len().saturating_sub(1)
            })
        })?;
        u8::try_from(index).ok()
    }

    /// What came of it, for an input that ends at `end`.
    pub(super) fn judge(&mut self, end: i64) {
        self.outcome = self.outcome_at(end);
    }

    fn outcome_at(&self, end: i64) -> Outcome {
        let Had { discover, offer, request, ack, nak, decline, answer, .. } = self.had;
        if decline {
            return Outcome::Declined;
        }
        if ack {
            return match self.kind {
                Kind::Acquire | Kind::Bootp => Outcome::Bound,
                Kind::Reboot => Outcome::Rebooted,
                Kind::Renew => Outcome::Renewed,
                Kind::Rebind => Outcome::Rebound,
                Kind::Inform => Outcome::Informed,
                Kind::Pxe => Outcome::Answered,
                _ => Outcome::Acknowledged,
            };
        }
        if self.kind == Kind::Bootp && answer {
            return Outcome::Bound;
        }
        if nak {
            return Outcome::Refused;
        }
        match self.kind {
            Kind::Release => return Outcome::Released,
            Kind::LeaseQuery | Kind::Pxe if answer => return Outcome::Answered,
            Kind::ForceRenew => return Outcome::Sent,
            _ => {}
        }
        let phase = self.phase.unwrap_or(self.last);
        if self.superseded.is_none() && end.saturating_sub(phase) < GRACE {
            return Outcome::Open;
        }
        let _ = discover;
        if self.kind == Kind::Acquire && request {
            let chosen = self.sent().rev().find(|seen| seen.letter == Letter::Request);
            let chosen = chosen.filter(|seen| seen.has(bit::SERVER_ID) && !seen.server_id.is_unspecified());
            let offers = |server: Ipv4Addr| {
                self.replies().any(|seen| seen.letter == Letter::Offer && seen.server() == server)
            };
            if offer && chosen.is_some_and(|seen| !offers(seen.server_id)) {
                return Outcome::Elsewhere;
            }
            return Outcome::Unacknowledged;
        }
        if offer { Outcome::Offered } else { Outcome::Unanswered }
    }

    /// The reply that made the outcome.
    pub fn decisive(&self) -> Option<&Step> {
        let last = |letter: Letter| self.said().find(|step| step.seen.letter == letter);
        last(Letter::Ack)
            .or_else(|| last(Letter::Nak))
            .or_else(|| self.said().find(|step| !step.seen.from_client && step.seen.letter != Letter::Offer))
    }

    /// The server of the outcome, else the only one.
    pub fn server(&self) -> Option<Ipv4Addr> {
        match (self.decisive(), &*self.servers) {
            (Some(step), _) => Some(step.seen.server()),
            (None, [only]) => Some(only.name()),
            _ => None,
        }
    }

    /// The ACK's address, else that of the first OFFER, else what was asked for.
    pub fn address(&self) -> Option<Ipv4Addr> {
        let given = |letter: Letter| {
            let mut replies = self.replies().filter(move |seen| seen.letter == letter);
            replies.find(|seen| !seen.yiaddr.is_unspecified()).map(|seen| seen.yiaddr)
        };
        given(Letter::Ack)
            .or_else(|| given(Letter::Offer))
            .or_else(|| given(Letter::BootReply))
            .or_else(|| self.asked())
    }

    /// The address that was asked for: option 50 of a REQUEST or DECLINE, else `ciaddr`. A DISCOVER only wishes.
    pub fn asked(&self) -> Option<Ipv4Addr> {
        let wanted = |seen: &Seen| {
            let names = matches!(seen.letter, Letter::Request | Letter::Decline);
            if names && seen.has(bit::REQUESTED) && !seen.requested.is_unspecified() {
                Some(seen.requested)
            } else {
                Some(seen.ciaddr).filter(|ciaddr| !ciaddr.is_unspecified())
            }
        };
        self.sent().find_map(wanted)
    }

    /// First OFFER after the first DISCOVER of its xid, nanoseconds.
    pub fn offer_ns(&self) -> Option<i64> {
        let offer = self.replies().find(|seen| seen.letter == Letter::Offer)?;
        Some(offer.time.saturating_sub(self.asked_at(offer)?))
    }

    /// ACK after the last REQUEST before it, nanoseconds.
    pub fn ack_ns(&self) -> Option<i64> {
        let at = self.steps.iter().position(|step| step.seen.letter == Letter::Ack && step.role.counts())?;
        let ack = self.steps.get(at)?;
        let before = self.steps.get(..at)?.iter().rev();
        let mut requests = before.filter(|step| {
            step.role.counts() && matches!(step.seen.letter, Letter::Request | Letter::Inform)
        });
        Some(ack.seen.time.saturating_sub(requests.next()?.seen.time))
    }

    /// ACK after the client's first message (of an acquisition: its first DISCOVER), nanoseconds.
    pub fn total_ns(&self) -> Option<i64> {
        let ack = self.replies().find(|seen| seen.letter == Letter::Ack)?;
        let first = if self.kind == Kind::Acquire {
            self.sent().find(|seen| seen.letter == Letter::Discover)?
        } else {
            self.sent().next()?
        };
        Some(ack.time.saturating_sub(first.time))
    }

    /// The letters of its messages, runs as `D*4`.
    pub fn messages(&self) -> String {
        let mut text = Vec::new();
        self.write_messages(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Appends what [`messages`](Self::messages) gives.
    pub fn write_messages(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        let mut said = self.said().map(|step| step.seen.letter.letter()).peekable();
        while let Some(letter) = said.next() {
            let mut count = 1_usize;
            while said.next_if_eq(&letter).is_some() {
                count = count.saturating_add(1);
            }
            if out.len() > begin {
                out.push(b' ');
            }
            out.push(letter);
            if count > 1 {
                out.extend_from_slice(format!("*{count}").as_bytes());
            }
        }
        if self.left_out > 0 {
            out.extend_from_slice(if out.len() > begin { " …" } else { "…" }.as_bytes());
        }
    }

    /// The relays that had a part in it.
    pub fn relays(&self) -> Vec<Ipv4Addr> {
        let mut found = Vec::new();
        for step in &self.steps {
            if !step.seen.giaddr.is_unspecified() && !found.contains(&step.seen.giaddr) {
                found.push(step.seen.giaddr);
            }
        }
        found
    }

    /// This exchange and the one after it as one, to be drawn: steps in order, servers told apart by name.
    #[must_use]
    pub fn followed_by(&self, next: &Self) -> Self {
        let mut both = self.clone();
        for step in &next.steps {
            let server = step.server.and_then(|index| next.servers.get(usize::from(index)));
            let index = server.and_then(|server| {
                let known = both.servers.iter().position(|other| other.name() == server.name());
                let index = known.unwrap_or(both.servers.len());
                if known.is_none() {
                    both.servers.push(*server);
                }
                u8::try_from(index).ok()
            });
            both.steps.push(Step { server: index, ..*step });
        }
        both.left_out = both.left_out.saturating_add(next.left_out);
        both
    }

    /// Who sends a step, and to whom.
    pub fn parties(&self, step: &Step) -> (Party, Party) {
        let seen = &step.seen;
        let relay = Party::Relay(seen.giaddr);
        let by_address = |ip: Ipv4Addr| {
            let server = self.servers.iter().position(|server| server.ip == ip || server.name() == ip);
            server.and_then(|index| u8::try_from(index).ok()).map_or(Party::Address(ip), Party::Server)
        };
        if seen.from_client {
            let from = if seen.side == Side::Relay { relay } else { Party::Client };
            let to = if seen.has(bit::IP_BROADCAST) || !seen.has(bit::IPV4) {
                Party::All
            } else {
                by_address(seen.dst)
            };
            return (from, to);
        }
        let forwarded = step.role == Role::Forwarded && seen.side == Side::Client;
        let from = match step.server {
            _ if forwarded && !seen.giaddr.is_unspecified() => relay,
            Some(index) => Party::Server(index),
            None => Party::Address(seen.src),
        };
        let to = match seen.side {
            Side::Relay => relay,
            Side::Client => Party::Client,
        };
        (from, to)
    }
}
