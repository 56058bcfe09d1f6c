//! What a protocol makes of a run: how its messages are written, what an answer says, what is leased. Everything else of a
//! load is one for all of them.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use super::{Check, Kind};
use crate::wire::Mac;
use crate::wire::frame::Protocol;

/// What is leased, and by whom.
pub trait Leased: Copy + Debug + Default + PartialEq + Send + Sync + 'static {
    /// An address of the protocol.
    type Address: Copy + Debug + Eq + Hash + Send + Sync;

    /// The address leased, the first of several.
    fn address(&self) -> Self::Address;

    /// Nothing is leased.
    fn is_empty(&self) -> bool;

    /// It says who leases it.
    fn has_server(&self) -> bool;

    /// The same server leases `other`.
    fn is_by_server_of(&self, other: &Self) -> bool;

    /// So it is, or one box that calls itself differently.
    fn is_by_box_of(&self, other: &Self) -> bool;

    /// All that is leased here is in `before` too.
    fn is_part_of(&self, before: &Self) -> bool;

    /// Nothing is leased here that `other` has not.
    fn is_within(&self, other: &Self) -> bool;

    /// For how long, in seconds; 0 where nothing says so.
    fn lifetime(&self) -> u32;
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Something is offered: OFFER, ADVERTISE.
    Offer,
    /// It is granted: ACK, a REPLY that grants something.
    Ack,
    /// It is refused: NAK, a REPLY that grants nothing.
    Nak,
}

/// How much of what was asked for an answer grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Nothing.
    None,
    /// Some of several.
    Some,
    /// Everything.
    All,
}

/// An answer to a client of the run, as far as counting needs it.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<L> {
    /// What it is, to who asked for a lease.
    pub word: Word,
    /// Transaction identifier.
    pub xid: u32,
    /// Whom it is for.
    pub mac: Mac,
    /// What it leases, and who does.
    pub lease: L,
    /// How much of what was asked for that is.
    pub share: Share,
    /// The server says that all is well, whatever it leases.
    pub success: bool,
    /// A lease that was not asked for by a second message: rapid commit.
    pub rapid: bool,
    /// It comes from the one server that was asked for, or none was.
    pub wanted: bool,
    /// No relay is in between.
    pub direct: bool,
    /// The statuses that are no success, bit n for code n, the last bit for all higher ones.
    pub statuses: u32,
}

impl<L> Seen<L> {
    /// What it means to who asked as `kind` says.
    #[inline]
    pub fn word_for(&self, kind: Kind) -> Word {
        let leases = match kind {
            Kind::Handshake | Kind::Renew | Kind::Rebind => self.share != Share::None,
            Kind::InitReboot | Kind::Inform => self.success,
            Kind::Release => self.statuses == 0,
        };
        if self.word == Word::Ack && !leases { Word::Nak } else { self.word }
    }
}

/// A message of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// DISCOVER, SOLICIT.
    First,
    /// REQUEST that answers an offer.
    Selecting,
    /// What a client says that remembers its address: REQUEST, CONFIRM.
    Reboot,
    /// To the server that gave the lease.
    Renew,
    /// To any server.
    Rebind,
    /// INFORM, INFORMATION-REQUEST.
    Inform,
    /// RELEASE.
    Release,
}

/// A message that is about to be written.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a, L> {
    /// Which.
    pub message: Message,
    /// The client's number in the run.
    pub number: u32,
    /// The client's hardware address.
    pub mac: Mac,
    /// Transaction identifier.
    pub xid: u32,
    /// What it speaks of.
    pub lease: &'a L,
    /// Since the first transmission of this message, in nanoseconds.
    pub elapsed: i64,
}

/// A protocol.
pub trait Family: Clone + Debug + Send + Sync + 'static {
    /// What it leases.
    type Lease: Leased;
    /// An answer to who asks where an address is.
    type Aside: Copy + Debug + Send;

    /// Which it is.
    const PROTOCOL: Protocol;
    /// Bits of a transaction identifier.
    const XID_BITS: u32;
    /// How long to wait for the answer to each transmission of a RELEASE; nothing where nobody answers one.
    const GIVING_BACK: &'static [Duration];
    /// Whether a grant of another address than was offered is a failure. DHCPv4's clients take what they chose (RFC 2131
    /// §3.1); for DHCPv6's the REPLY alone counts, whatever the ADVERTISE said (RFC 9915 §18.2.10.1).
    const BOUND_BY_OFFER: bool;

    /// Reads the answer in a frame that came in; nothing for what is no answer.
    fn read(&mut self, frame: &[u8]) -> Option<Seen<Self::Lease>>;

    /// Appends the frame of a message.
    fn write(&self, question: &Question<'_, Self::Lease>, out: &mut Vec<u8>);

    /// Reads a server's look whether an address is in use.
    fn check(&self, frame: &[u8]) -> Option<(AddressOf<Self>, Check)>;

    /// The address that a server looks for before it offers `lease`.
    fn checked(&self, lease: &Self::Lease) -> AddressOf<Self>;

    /// The answer to who asks for an address of ours; `holder` knows the clients'.
    fn aside(&self, frame: &[u8], holder: impl Fn(AddressOf<Self>) -> Option<Mac>) -> Option<Self::Aside>;

    /// Appends the frame of such an answer.
    fn write_aside(&self, aside: &Self::Aside, out: &mut Vec<u8>);

    /// What has to be said before anything else, by one lane: that there is somebody at the address that is answered for.
    fn hello(&self) -> Option<Self::Aside> {
        None
    }

    /// It answers for an address that is nobody else's, whoever holds a lease.
    fn stands_for_somebody(&self) -> bool;

    /// Its first message may be answered with a lease: rapid commit.
    fn commits_at_once(&self) -> bool {
        false
    }

    /// The transaction identifier of an answer stands where a kernel's filter can read it.
    fn has_plain_xid(&self) -> bool;

    /// What an exchange of this kind is called.
    fn kind_name(kind: Kind) -> &'static str {
        kind.name()
    }
}

/// An address of a protocol.
pub type AddressOf<F> = <<F as Family>::Lease as Leased>::Address;
