//! A load of DHCPv6: many clients, each with a DUID of its own, behind one link-local address.

use std::net::Ipv6Addr;
use std::time::Duration;

mod reply;
mod servers;
pub mod template;

#[cfg(test)]
mod tests;

pub use servers::Servers;
pub use template::Template6;
use template::{IA_MARK, SERVER_MARK, Values};

use super::family::{Family, Leased, Message, Question, Seen};
use super::{Check, Kind, MAC_MARK, position};
use crate::engine::v6::neighbor::{MLD_ROUTERS, NeighborWord as Spoken, SeenNeighbor as Around, mld_report};
use crate::engine::v6::recipe::{IaWish, Recipe6, usual_iaid};
use crate::wire::Mac;
use crate::wire::frame::{Envelope6, Protocol};
use crate::wire::nd;
use crate::wire::neighbor::{Neighbor, solicited_node};
use crate::wire::options::v6 as opt;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::message::{push_address, push_prefix};
use crate::wire::v6::{Duid, MessageType};

/// IAs that a client asks for at most, and leases of one client that are remembered: what is granted beyond is not taken.
pub const MOST: usize = 4;
/// How long to wait for the answer to each RELEASE (RFC 9915 §15, §18.2.7: `REL_TIMEOUT`, `REL_MAX_RC`).
const GIVING_BACK: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// An address or a prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Which of the IAs that were asked for it is in.
    pub ia: u8,
    /// Bits of the prefix; 128 for an address.
    pub length: u8,
    /// The address.
    pub address: [u8; 16],
}

/// What a client holds: addresses and prefixes, and who gave them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease6 {
    grants: [Grant; MOST],
    count: u8,
    /// The number of the server's DUID in [`Servers`], from 1.
    server: u16,
    /// The shortest valid lifetime, in seconds; all ones means no end.
    valid: u32,
}

impl Lease6 {
    /// A lease of nothing yet, by this server.
    pub fn of(server: u16) -> Self {
        Self { server, ..Self::default() }
    }

    /// The number of the server's name.
    pub fn server(&self) -> u16 {
        self.server
    }

    /// Addresses and prefixes.
    pub fn grants(&self) -> &[Grant] {
        self.grants.get(..usize::from(self.count)).unwrap_or(&[])
    }

    /// Adds an address or prefix whose valid lifetime is `valid` seconds; false when there is no room for it.
    pub fn add(&mut self, grant: Grant, valid: u32) -> bool {
        let Some(place) = self.grants.get_mut(usize::from(self.count)) else { return false };
        *place = grant;
        self.valid = if self.count == 0 { valid } else { self.valid.min(valid) };
        self.count = self.count.saturating_add(1);
        true
    }

    fn of_ia(&self, ia: usize) -> impl Iterator<Item = &Grant> {
        self.grants().iter().filter(move |grant| usize::from(grant.ia) == ia)
    }
}

impl Leased for Lease6 {
    type Address = [u8; 16];

    #[inline]
    fn address(&self) -> [u8; 16] {
        self.grants().first().map_or([0; 16], |grant| grant.address)
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[inline]
    fn has_server(&self) -> bool {
        self.server != 0
    }

    #[inline]
    fn is_by_server_of(&self, other: &Self) -> bool {
        self.server == other.server
    }

    /// A DUID is all that tells servers apart (RFC 9915 §11).
    #[inline]
    fn is_by_box_of(&self, other: &Self) -> bool {
        self.is_by_server_of(other)
    }

    #[inline]
    fn is_part_of(&self, before: &Self) -> bool {
        // An IA that nothing was offered for may be granted all the same.
        self.grants()
            .iter()
            .all(|grant| before.grants().contains(grant) || before.of_ia(grant.ia.into()).next().is_none())
    }

    #[inline]
    fn is_within(&self, other: &Self) -> bool {
        self.grants().iter().all(|grant| other.grants().contains(grant))
    }

    #[inline]
    fn lifetime(&self) -> u32 {
        self.valid
    }
}

/// The IAID of one IA of every client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Iaid {
    /// It is the same for all.
    Fixed(u32),
    /// The last four bytes of the client's MAC, and so much more.
    OfMac(u32),
}

/// An IA that every client asks for.
#[derive(Clone, Debug)]
struct IaPlan {
    kind: IaKind,
    iaid: Iaid,
    /// Addresses and prefixes wished for.
    hints: Vec<Grant>,
}

impl IaPlan {
    fn new(wish: &IaWish, number: u8) -> Self {
        // IAs count up from the one whose IAID is made of the MAC.
        let offset = wish.iaid.wrapping_sub(usual_iaid(MAC_MARK));
        let iaid = if u8::try_from(offset).is_ok() { Iaid::OfMac(offset) } else { Iaid::Fixed(wish.iaid) };
        let grant = |length, address: Ipv6Addr| Grant { ia: number, length, address: address.octets() };
        let addresses = wish.addresses.iter().map(|address| grant(128, *address));
        let prefixes = wish.prefixes.iter().map(|prefix| grant(prefix.length, prefix.address));
        Self { kind: wish.kind, iaid, hints: addresses.chain(prefixes).collect() }
    }

    #[inline]
    fn iaid(&self, mac: Mac) -> u32 {
        match self.iaid {
            Iaid::Fixed(iaid) => iaid,
            Iaid::OfMac(more) => usual_iaid(mac).wrapping_add(more),
        }
    }

    /// Appends the option.
    fn push<'a>(&self, mac: Mac, grants: impl Iterator<Item = &'a Grant>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kind.code().to_be_bytes());
        let length = out.len();
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.iaid(mac).to_be_bytes());
        if self.kind != IaKind::Ta {
            out.extend_from_slice(&[0; 8]);
        }
        // Lifetimes, T1 and T2 are zero: a server ignores what a client says (§21.4, §21.6).
        for grant in grants {
            if self.kind == IaKind::Pd {
                out.extend_from_slice(&[0, 26, 0, 25]);
                push_prefix(out, grant.address.into(), grant.length, 0, 0);
            } else {
                out.extend_from_slice(&[0, 5, 0, 24]);
                push_address(out, grant.address.into(), 0, 0);
            }
        }
        let len = out.len().saturating_sub(length).saturating_sub(2);
        crate::wire::frame::build::patch(out, length, u16::try_from(len).unwrap_or(u16::MAX));
    }
}

/// How clients are named: what stands around the MAC in each DUID.
#[derive(Clone, Debug)]
struct Naming {
    before: Vec<u8>,
    after: Vec<u8>,
    /// One name without a MAC in it is that of the only client.
    only: Option<Mac>,
}

impl Naming {
    fn new(duid: &Duid, only: Mac) -> Self {
        let bytes = duid.as_slice();
        match position(bytes, &MAC_MARK.0) {
            Some(at) => Self {
                before: bytes.get(..at).unwrap_or(&[]).to_vec(),
                after: bytes.get(at.saturating_add(MAC_MARK.0.len())..).unwrap_or(&[]).to_vec(),
                only: None,
            },
            None => Self { before: bytes.to_vec(), after: Vec::new(), only: Some(only) },
        }
    }

    /// Whose name that is.
    #[inline]
    fn mac(&self, duid: &[u8]) -> Option<Mac> {
        let rest = duid.strip_prefix(self.before.as_slice())?.strip_suffix(self.after.as_slice())?;
        match self.only {
            Some(mac) => rest.is_empty().then_some(mac),
            None => Some(Mac(<[u8; 6]>::try_from(rest).ok()?)),
        }
    }

    fn duid(&self, mac: Mac) -> Duid {
        let middle: &[u8] = if self.only.is_some() { &[] } else { &mac.0 };
        Duid([self.before.as_slice(), middle, self.after.as_slice()].concat())
    }
}

/// The frames of each message.
#[derive(Clone, Debug)]
struct Templates6 {
    solicit: Template6,
    request: Template6,
    confirm: Template6,
    renew: Template6,
    rebind: Template6,
    inform: Template6,
    release: Template6,
}

/// Whose answers count.
#[derive(Clone, Debug)]
enum Wanted {
    Anybody,
    /// The server of this name.
    Named(Duid),
    /// The host that has this address, or this MAC.
    Host(Ipv6Addr, Option<Mac>),
}

/// Why no run can be made of a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// There is nothing to lease.
    #[error("a handshake needs an IA to ask for; leave out --no-ia")]
    NoIa,
    /// There is more than a client remembers.
    #[error("a handshake asks for four IAs at most")]
    ManyIas,
    /// A client says no name, by which its answers would be known.
    #[error("a client without a DUID gets no lease; leave out --duid none")]
    NoName,
    /// All clients have the same name.
    #[error(
        "a DUID that is the same for all clients goes with one client only; --duid ll and llt are made of each one's MAC"
    )]
    OneName,
    /// An option was set by hand that is each client's own.
    #[error(
        "option {0} is each exchange's own and cannot be set by hand; --duid, --ia-na and --ia-pd choose it"
    )]
    Own(u16),
}

/// What a run of DHCPv6 sends, and whom it listens to.
#[derive(Clone, Debug)]
pub struct V6 {
    /// One set for each relay in turn.
    turns: Vec<Templates6>,
    ias: Vec<IaPlan>,
    naming: Naming,
    servers: Servers,
    wanted: Wanted,
    /// The port that answers come to.
    port: u16,
    relayed: bool,
    rapid_commit: bool,
    mac: Mac,
    source: Ipv6Addr,
    vlans: Vec<u16>,
    /// Its address is answered for: nobody else does.
    foreign: bool,
}

impl V6 {
    /// A run of clients like that of `recipes`, whose MAC is [`MAC_MARK`]; they differ in their relays, which are used in turn. `only`
    /// is the MAC of the only client, where there is one. `foreign` says that its address is answered for.
    ///
    /// # Errors
    ///
    /// When clients of this kind could not be told apart, or would ask for nothing.
    pub fn new(recipes: &[Recipe6], only: Option<Mac>, foreign: bool) -> Result<Self, RecipeError> {
        let first = recipes.first().ok_or(RecipeError::NoIa)?;
        let ias: Vec<IaPlan> =
            first.ias.iter().zip(0_u8..).map(|(wish, number)| IaPlan::new(wish, number)).collect();
        if ias.is_empty() {
            return Err(RecipeError::NoIa);
        }
        if ias.len() > MOST {
            return Err(RecipeError::ManyIas);
        }
        let own = [opt::CLIENTID, opt::SERVERID, opt::IA_NA, opt::IA_TA, opt::IA_PD];
        let mut by_hand = first.options.iter().map(|item| item.code).chain(first.remove.iter().copied());
        if let Some(code) = by_hand.find(|code| own.contains(code)) {
            return Err(RecipeError::Own(code));
        }
        let naming = Naming::new(first.duid.as_ref().ok_or(RecipeError::NoName)?, only.unwrap_or_default());
        if naming.only.is_some() && only.is_none() {
            return Err(RecipeError::OneName);
        }
        let wanted = match (&first.server, first.to) {
            (Some(duid), _) => Wanted::Named(duid.clone()),
            (None, Some(address)) => Wanted::Host(address, first.around.dst_mac),
            (None, None) => Wanted::Anybody,
        };
        let draft = first.draft(first.message(MessageType::SOLICIT, &[], None, 0));
        Ok(Self {
            turns: recipes.iter().map(templates).collect(),
            ias,
            naming,
            servers: Servers::default(),
            wanted,
            port: draft.ports.0,
            relayed: !first.relays.is_empty(),
            rapid_commit: first.rapid_commit,
            mac: draft.envelope.src_mac,
            source: draft.envelope.src,
            vlans: draft.envelope.vlans,
            foreign: foreign && !draft.envelope.src.is_unspecified(),
        })
    }

    /// The names of servers.
    pub fn servers(&self) -> &Servers {
        &self.servers
    }

    /// The name of the client with that MAC.
    pub fn duid(&self, mac: Mac) -> Duid {
        self.naming.duid(mac)
    }

    /// What a client holds, by IA, as it would be asked for again.
    pub fn held(&self, mac: Mac, lease: &Lease6) -> Vec<IaWish> {
        let of = |(number, ia): (usize, &IaPlan)| {
            let mut wish = IaWish::new(ia.kind, ia.iaid(mac));
            for grant in lease.of_ia(number) {
                if ia.kind == IaKind::Pd {
                    wish.prefixes.push(crate::wire::v6::Prefix6::new(grant.address.into(), grant.length));
                } else {
                    wish.addresses.push(grant.address.into());
                }
            }
            wish
        };
        self.ias.iter().enumerate().map(of).filter(IaWish::has_lease).collect()
    }

    /// Appends the IAs of a message.
    fn push_ias(&self, message: Message, mac: Mac, lease: &Lease6, out: &mut Vec<u8>) {
        for (number, ia) in self.ias.iter().enumerate() {
            let granted = lease.of_ia(number).next().is_some();
            match message {
                Message::First => ia.push(mac, ia.hints.iter(), out),
                // What nothing was offered for is asked for as before (RFC 9915 §18.2.2).
                Message::Selecting if !granted => ia.push(mac, ia.hints.iter(), out),
                // Prefixes are not confirmed (§18.2.3).
                Message::Reboot if ia.kind == IaKind::Pd => {}
                Message::Inform => {}
                _ if granted => ia.push(mac, lease.of_ia(number), out),
                _ => {}
            }
        }
    }

    fn envelope(&self, dst_mac: Mac, dst: Ipv6Addr, hop_limit: u8) -> Envelope6 {
        Envelope6 { dst_mac, src_mac: self.mac, vlans: self.vlans.clone(), src: self.source, dst, hop_limit }
    }
}

/// The frames of a recipe whose IAs and server are marks.
fn templates(recipe: &Recipe6) -> Templates6 {
    let mark = [IaWish::new(IaKind::Na, IA_MARK)];
    let server = Duid(SERVER_MARK.to_vec());
    let counts =
        recipe.elapsed.is_none() && !recipe.options.iter().any(|item| item.code == opt::ELAPSED_TIME);
    let make = |kind: MessageType| {
        let ias: &[IaWish] = if kind == MessageType::INFORMATION_REQUEST { &[] } else { &mark };
        Template6::new(&recipe.draft(recipe.message(kind, ias, Some(&server), 0)), counts)
    };
    Templates6 {
        solicit: make(MessageType::SOLICIT),
        request: make(MessageType::REQUEST),
        confirm: make(MessageType::CONFIRM),
        renew: make(MessageType::RENEW),
        rebind: make(MessageType::REBIND),
        inform: make(MessageType::INFORMATION_REQUEST),
        release: make(MessageType::RELEASE),
    }
}

/// What is said beside the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside6 {
    /// The client's address is answered for from now on: switches that snoop are told (RFC 4861 §7.2.1).
    Join,
    /// The answer to who asks for it.
    Answer {
        /// Who asks.
        to: Ipv6Addr,
        /// Where it is.
        mac: Mac,
    },
}

impl Family for V6 {
    type Lease = Lease6;
    type Aside = Aside6;

    const PROTOCOL: Protocol = Protocol::Dhcpv6;
    const XID_BITS: u32 = 24;
    const GIVING_BACK: &'static [Duration] = &GIVING_BACK;
    const BOUND_BY_OFFER: bool = false;

    fn commits_at_once(&self) -> bool {
        self.rapid_commit
    }

    #[inline]
    fn read(&mut self, frame: &[u8]) -> Option<Seen<Lease6>> {
        reply::read(self, frame)
    }

    #[inline]
    fn write(&self, question: &Question<'_, Lease6>, out: &mut Vec<u8>) {
        let Question { message, number, mac, lease, .. } = *question;
        let turn = usize::try_from(number).ok().and_then(|number| number.checked_rem(self.turns.len()));
        let Some(turn) = self.turns.get(turn.unwrap_or(0)) else { return };
        let template = match message {
            Message::First => &turn.solicit,
            Message::Selecting => &turn.request,
            Message::Reboot => &turn.confirm,
            Message::Renew => &turn.renew,
            Message::Rebind => &turn.rebind,
            Message::Inform => &turn.inform,
            Message::Release => &turn.release,
        };
        let hundredths = question.elapsed.checked_div(10_000_000).unwrap_or(0);
        let values = Values {
            mac,
            xid: question.xid,
            elapsed: u16::try_from(hundredths.max(0)).unwrap_or(u16::MAX),
            server: self.servers.get(lease.server),
            number,
        };
        template.write(&values, |out| self.push_ias(message, mac, lease, out), out);
    }

    fn check(&self, frame: &[u8]) -> Option<([u8; 16], Check)> {
        let seen = Around::read(frame, &self.vlans).filter(|seen| seen.mac != self.mac)?;
        match seen.word {
            Spoken::Neighbor(Neighbor { asks: true, target, .. }) if !seen.src.is_unspecified() => {
                Some((target.octets(), Check::Neighbor))
            }
            Spoken::Echo => Some((seen.dst.octets(), Check::Ping)),
            _ => None,
        }
    }

    /// Servers look for the client itself, which all clients of a run are.
    fn checked(&self, _lease: &Lease6) -> [u8; 16] {
        self.source.octets()
    }

    fn aside(&self, frame: &[u8], _holder: impl Fn([u8; 16]) -> Option<Mac>) -> Option<Aside6> {
        if !self.foreign {
            return None;
        }
        let seen = Around::read(frame, &self.vlans)
            .filter(|seen| seen.mac != self.mac && !seen.src.is_unspecified())?;
        let Spoken::Neighbor(neighbor) = seen.word else { return None };
        let asked = neighbor.asks && neighbor.target == self.source;
        asked.then_some(Aside6::Answer { to: seen.src, mac: seen.mac })
    }

    fn write_aside(&self, aside: &Aside6, out: &mut Vec<u8>) {
        match *aside {
            Aside6::Join => {
                let envelope = self.envelope(Envelope6::group_mac(MLD_ROUTERS), MLD_ROUTERS, 1);
                out.extend(envelope.mld(&mld_report(solicited_node(self.source))));
            }
            Aside6::Answer { to, mac } => {
                let answer = Neighbor::solicitation(self.source, None).answer(self.mac, to);
                out.extend(self.envelope(mac, to, nd::HOP_LIMIT).icmpv6(&answer.encode(), true));
            }
        }
    }

    fn hello(&self) -> Option<Aside6> {
        self.foreign.then_some(Aside6::Join)
    }

    fn stands_for_somebody(&self) -> bool {
        self.foreign
    }

    /// What comes through a relay has it where only a walk finds it.
    fn has_plain_xid(&self) -> bool {
        !self.relayed
    }

    fn kind_name(kind: Kind) -> &'static str {
        if kind == Kind::InitReboot { "confirm" } else { kind.name() }
    }
}
