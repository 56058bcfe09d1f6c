//! A load of DHCPv4.

use std::net::Ipv4Addr;
use std::time::Duration;

pub mod reply;
pub mod template;

use reply::Heard;
pub use template::Template;
use template::{ADDRESS_MARK, SERVER_MAC_MARK, SERVER_MARK, Values};

use super::Check;
use super::family::{Family, Leased, Message, Question, Seen, Share, Word};
use crate::engine::v4::draft::Draft;
use crate::engine::v4::recipe::{Recipe, Route, State};
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::Protocol;
use crate::wire::frame::build::arp_frame;
use crate::wire::frame::peek::Ethernet;
use crate::wire::v4::MessageType;

/// A lease of DHCPv4. Zeros are what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease4 {
    /// The address.
    pub address: [u8; 4],
    /// Who gave it.
    pub server: [u8; 4],
    /// Where frames for that server go.
    pub server_mac: [u8; 6],
    /// Seconds; all ones means no end.
    pub lease_time: u32,
}

impl Leased for Lease4 {
    type Address = [u8; 4];

    #[inline]
    fn address(&self) -> [u8; 4] {
        self.address
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.address == [0; 4]
    }

    #[inline]
    fn has_server(&self) -> bool {
        self.server != [0; 4]
    }

    #[inline]
    fn is_by_server_of(&self, other: &Self) -> bool {
        self.server == other.server
    }

    #[inline]
    fn is_by_box_of(&self, other: &Self) -> bool {
        self.server_mac == other.server_mac
    }

    #[inline]
    fn is_part_of(&self, before: &Self) -> bool {
        self.address == before.address
    }

    #[inline]
    fn is_within(&self, other: &Self) -> bool {
        self.address == other.address
    }

    #[inline]
    fn lifetime(&self) -> u32 {
        self.lease_time
    }
}

/// The frames of each message.
#[derive(Clone, Debug)]
pub struct Templates {
    /// DISCOVER.
    pub discover: Template,
    /// REQUEST that answers an OFFER.
    pub selecting: Template,
    /// REQUEST after a reboot.
    pub init_reboot: Template,
    /// REQUEST to the server that gave the lease.
    pub renew: Template,
    /// REQUEST to any server.
    pub rebind: Template,
    /// INFORM.
    pub inform: Template,
    /// RELEASE.
    pub release: Template,
}

impl Templates {
    /// The messages of a client of which everything that differs is a mark, in the order of the fields. `wanted` is the address
    /// that DISCOVER asks for.
    pub fn drafts(recipe: &Recipe, wanted: Option<Ipv4Addr>) -> [Draft; 7] {
        let server = Route { server: SERVER_MARK, next_hop: SERVER_MARK };
        let request = |state| recipe.request(state, 0, ADDRESS_MARK, Some(server));
        let mut drafts = [
            recipe.discover(0, wanted),
            request(State::Selecting),
            request(State::InitReboot),
            request(State::Renewing),
            request(State::Rebinding),
            recipe.inform(0, ADDRESS_MARK, None),
            recipe.release(ADDRESS_MARK, server),
        ];
        for draft in drafts.iter_mut().filter(|draft| draft.next_hop.is_some()) {
            draft.envelope.dst_mac = SERVER_MAC_MARK;
        }
        drafts
    }

    /// The frames of these messages.
    pub fn of(drafts: &[Draft; 7]) -> Self {
        let [discover, selecting, init_reboot, renew, rebind, inform, release] =
            drafts.each_ref().map(Template::new);
        Self { discover, selecting, init_reboot, renew, rebind, inform, release }
    }
}

/// What a run of DHCPv4 sends, and whom it listens to.
#[derive(Clone, Debug)]
pub struct V4 {
    /// Its frames.
    pub templates: Templates,
    /// Relay addresses, used in turn by the clients; empty on the servers' own segment.
    pub relays: Vec<Ipv4Addr>,
    /// Where frames for a server behind a router go; `None`: to the MAC its answers come from.
    pub next_hop: Option<Mac>,
    /// Take only this server's answers.
    pub server: Option<Ipv4Addr>,
    /// Answer for the clients' addresses: a server sends the answers to clients that have an address already to that address.
    pub answer_arp: bool,
    /// Relay addresses that are not the interface's own, with the MAC that ARP for them is answered with.
    pub stands_for: Vec<(Ipv4Addr, Mac)>,
    /// VLANs of every frame, outermost first.
    pub vlans: Vec<u16>,
}

impl V4 {
    /// The relay of the client of that number.
    #[inline]
    pub fn relay(&self, number: u32) -> Option<Ipv4Addr> {
        let number = usize::try_from(number).ok()?;
        self.relays.get(number.checked_rem(self.relays.len())?).copied()
    }
}

impl Family for V4 {
    type Lease = Lease4;
    type Aside = Arp;

    const PROTOCOL: Protocol = Protocol::Dhcpv4;
    const XID_BITS: u32 = 32;
    const GIVING_BACK: &'static [Duration] = &[];
    const BOUND_BY_OFFER: bool = true;

    #[inline]
    fn read(&mut self, frame: &[u8]) -> Option<Seen<Lease4>> {
        let heard: Heard = reply::message(frame).filter(|heard| heard.op == 2)?;
        let word = match heard.kind {
            MessageType::OFFER => Word::Offer,
            MessageType::ACK => Word::Ack,
            MessageType::NAK => Word::Nak,
            _ => return None,
        };
        let server = if heard.server == [0; 4] { heard.source } else { heard.server };
        let wanted = self.server.map(|wanted| wanted.octets());
        let lease = Lease4 {
            address: heard.address,
            server,
            server_mac: heard.source_mac.0,
            lease_time: heard.lease_time,
        };
        Some(Seen {
            word,
            xid: heard.xid,
            mac: Mac(heard.mac),
            lease,
            share: Share::All,
            success: true,
            rapid: false,
            wanted: wanted.is_none_or(|wanted| wanted == server || wanted == heard.source),
            direct: heard.relay == [0; 4],
            statuses: 0,
        })
    }

    #[inline]
    fn write(&self, question: &Question<'_, Lease4>, out: &mut Vec<u8>) {
        let mut values = Values {
            mac: question.mac.0,
            xid: question.xid.to_be_bytes(),
            address: question.lease.address,
            server: question.lease.server,
            relay: self.relay(question.number).map_or([0; 4], |relay| relay.octets()),
            server_mac: self.next_hop.map_or(question.lease.server_mac, |hop| hop.0),
            circuit: [0; 8],
        };
        values.set_circuit(question.number);
        let template = match question.message {
            Message::First => &self.templates.discover,
            Message::Selecting => &self.templates.selecting,
            Message::Reboot => &self.templates.init_reboot,
            Message::Renew => &self.templates.renew,
            Message::Rebind => &self.templates.rebind,
            Message::Inform => &self.templates.inform,
            Message::Release => &self.templates.release,
        };
        template.write(&values, out);
    }

    fn check(&self, frame: &[u8]) -> Option<([u8; 4], Check)> {
        let probe = reply::probe(frame, &self.vlans)?;
        Some((probe.target, if probe.echo { Check::Ping } else { Check::Arp }))
    }

    fn checked(&self, lease: &Lease4) -> [u8; 4] {
        lease.address
    }

    fn aside(&self, frame: &[u8], holder: impl Fn([u8; 4]) -> Option<Mac>) -> Option<Arp> {
        if !self.answer_arp && self.stands_for.is_empty() {
            return None;
        }
        let ethernet = Ethernet::read(frame).filter(|ethernet| ethernet.is_on(&self.vlans))?;
        let arp = ethernet.arp().filter(Arp::is_request)?;
        let relay = self.stands_for.iter().find(|(address, _)| *address == arp.target_ip);
        let mac = relay.map(|(_, mac)| *mac).or_else(|| holder(arp.target_ip.octets()))?;
        Some(arp.reply(mac))
    }

    fn write_aside(&self, arp: &Arp, out: &mut Vec<u8>) {
        out.extend(arp_frame(arp, arp.sender_mac, arp.target_mac, &self.vlans));
    }

    fn stands_for_somebody(&self) -> bool {
        !self.stands_for.is_empty()
    }

    fn has_plain_xid(&self) -> bool {
        true
    }
}
