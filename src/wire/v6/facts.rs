//! What a message says, read once from its view: the one set of facts that senders, judges of servers and the joining of
//! transactions share. What does not have its length counts as missing.

use std::net::Ipv6Addr;

use super::outline::Outline;
use super::packet::{Options, Packet, RawOption, find};
use super::types::{MessageType, StatusCode, mac_of_duid};
use crate::wire::options::v6 as opt;

/// Most elements that are handed out of one list; longer ones serve nobody.
pub const MAX_LIST: usize = 64;

/// A status code and its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status<'a> {
    /// The code.
    pub code: StatusCode,
    /// The text, as sent, without zeros at its end.
    pub text: &'a [u8],
}

/// An address of an IA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// The address.
    pub address: Ipv6Addr,
    /// Preferred lifetime, seconds; all ones means no end.
    pub preferred: u32,
    /// Valid lifetime, seconds; 0: the lease is gone.
    pub valid: u32,
    /// Its own status.
    pub status: Option<Status<'a>>,
}

/// A prefix of an IA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegation<'a> {
    /// The prefix, as sent.
    pub prefix: Ipv6Addr,
    /// Its length; more than 128 is wrong.
    pub length: u8,
    /// Preferred lifetime, seconds; all ones means no end.
    pub preferred: u32,
    /// Valid lifetime, seconds; 0: the lease is gone.
    pub valid: u32,
    /// Its own status.
    pub status: Option<Status<'a>>,
}

/// What an identity association is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IaKind {
    /// Addresses.
    Na,
    /// Temporary addresses (obsolete).
    Ta,
    /// Prefixes.
    Pd,
}

impl IaKind {
    /// The option's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Na => "ia-na",
            Self::Ta => "ia-ta",
            Self::Pd => "ia-pd",
        }
    }

    /// The option's code.
    pub fn code(self) -> u16 {
        match self {
            Self::Na => opt::IA_NA,
            Self::Ta => opt::IA_TA,
            Self::Pd => opt::IA_PD,
        }
    }
}

/// An identity association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ia<'a> {
    /// What it is for.
    pub kind: IaKind,
    /// Its identifier, unique among those of one kind.
    pub iaid: u32,
    /// T1, seconds; 0 in an `IA_TA`.
    pub t1: u32,
    /// T2, seconds; 0 in an `IA_TA`.
    pub t2: u32,
    /// Its own status.
    pub status: Option<Status<'a>>,
    /// Its addresses.
    pub addresses: Vec<Address<'a>>,
    /// Its prefixes.
    pub prefixes: Vec<Delegation<'a>>,
}

/// What a relay says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay<'a> {
    /// RELAY-FORW or RELAY-REPL.
    pub kind: MessageType,
    /// Relays passed before.
    pub hop_count: u8,
    /// An address of the client's link.
    pub link: Ipv6Addr,
    /// Who the message came from.
    pub peer: Ipv6Addr,
    /// Option 18.
    pub interface_id: Option<&'a [u8]>,
    /// Option 37, enterprise number included.
    pub remote_id: Option<&'a [u8]>,
    /// Option 79, without its hardware type: the client's hardware address.
    pub client: Option<&'a [u8]>,
}

/// The facts of one message: of what is inside the relays' envelopes, and the relays, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The relays, outermost first.
    pub relays: Vec<Relay<'a>>,
    /// What it is; a relay's type where nothing is inside.
    pub kind: MessageType,
    /// Transaction identifier, 24 bits.
    pub xid: Option<u32>,
    /// Option 1.
    pub client_id: Option<&'a [u8]>,
    /// Option 2.
    pub server_id: Option<&'a [u8]>,
    /// Options 3, 4 and 25, in wire order.
    pub ias: Vec<Ia<'a>>,
    /// Option 13 of the message itself.
    pub status: Option<Status<'a>>,
    /// Option 7.
    pub preference: Option<u8>,
    /// Option 14.
    pub rapid_commit: bool,
    /// Option 8, hundredths of a second.
    pub elapsed: Option<u16>,
    /// Option 6: codes of two bytes each.
    pub requested: Option<&'a [u8]>,
    /// Option 19: RENEW, REBIND or INFORMATION-REQUEST.
    pub reconfigure: Option<MessageType>,
    /// Option 20.
    pub reconfigure_accept: bool,
    /// Option 11.
    pub authentication: Option<&'a [u8]>,
    /// Option 12.
    pub unicast: Option<Ipv6Addr>,
    /// Option 23: addresses, most preferred first; [`dns_servers`](Self::dns_servers) reads them.
    pub dns_list: Option<&'a [u8]>,
    /// Option 24, as sent: labels; [`domain_search`](Self::domain_search) reads them.
    pub domain_list: Option<&'a [u8]>,
    /// Option 32, seconds.
    pub refresh_time: Option<u32>,
    /// Option 82, seconds.
    pub sol_max_rt: Option<u32>,
    /// Option 83, seconds.
    pub inf_max_rt: Option<u32>,
    /// Option 59.
    pub boot_file: Option<&'a [u8]>,
    /// Option 103.
    pub captive_portal: Option<&'a [u8]>,
    /// Option 39: flags and labels.
    pub fqdn: Option<&'a [u8]>,
    /// Option 16: enterprise number and classes.
    pub vendor_class: Option<&'a [u8]>,
}

impl<'a> Facts<'a> {
    /// Reads the facts of the message that `outline` was read from.
    pub fn read(packet: &Packet<'a>, outline: &Outline) -> Self {
        let mut facts = Self::default();
        for (number, level) in outline.levels.iter().enumerate() {
            let message = level.packet(packet);
            facts.kind = level.kind;
            facts.xid = message.xid();
            if level.kind.is_relay() {
                let option = |code| outline.find(number, code).map(|span| span.data(packet));
                if let (Some(hop_count), Some(link), Some(peer)) =
                    (message.hop_count(), message.link_address(), message.peer_address())
                {
                    facts.relays.push(Relay {
                        kind: level.kind,
                        hop_count,
                        link,
                        peer,
                        interface_id: option(opt::INTERFACE_ID),
                        remote_id: option(opt::REMOTE_ID),
                        client: option(opt::CLIENT_LINKLAYER_ADDR).and_then(|data| data.get(2..)),
                    });
                }
            }
        }
        for span in outline.options(outline.innermost()).iter().filter(|span| !span.is_truncated()) {
            facts.option(span.code, span.data(packet));
        }
        facts
    }

    /// Reads a message on its own.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self::with(bytes, &mut Outline::default())
    }

    /// The same with the memory of an outline that was read before.
    pub fn with(bytes: &'a [u8], outline: &mut Outline) -> Self {
        let packet = Packet::new(bytes);
        outline.read(&packet, bytes.len(), false);
        Self::read(&packet, outline)
    }

    /// Takes in one option; of those that may come only once the first counts.
    fn option(&mut self, code: u16, data: &'a [u8]) {
        match code {
            opt::CLIENTID => self.client_id = self.client_id.or(Some(data)),
            opt::SERVERID => self.server_id = self.server_id.or(Some(data)),
            opt::IA_NA | opt::IA_TA | opt::IA_PD => self.ias.extend(read_ia(code, data)),
            opt::STATUS_CODE => self.status = self.status.or(read_status(data)),
            opt::PREFERENCE => self.preference = self.preference.or(data.first().copied()),
            opt::RAPID_COMMIT => self.rapid_commit = true,
            opt::ELAPSED_TIME => self.elapsed = self.elapsed.or(u16_of(data)),
            opt::ORO => self.requested = self.requested.or(Some(data)),
            opt::RECONF_MSG => self.reconfigure = data.first().copied().map(MessageType),
            opt::RECONF_ACCEPT => self.reconfigure_accept = true,
            opt::AUTH => self.authentication = Some(data),
            opt::UNICAST => self.unicast = address(data),
            opt::DNS_SERVERS => self.dns_list = self.dns_list.or(Some(data)),
            opt::DOMAIN_LIST => self.domain_list = self.domain_list.or(Some(data)),
            opt::INFORMATION_REFRESH_TIME => self.refresh_time = u32_of(data),
            opt::SOL_MAX_RT => self.sol_max_rt = u32_of(data),
            opt::INF_MAX_RT => self.inf_max_rt = u32_of(data),
            opt::BOOTFILE_URL => self.boot_file = Some(data),
            opt::DHCP_CAPTIVE_PORTAL => self.captive_portal = Some(data),
            opt::CLIENT_FQDN => self.fqdn = Some(data),
            opt::VENDOR_CLASS => self.vendor_class = self.vendor_class.or(Some(data)),
            _ => {}
        }
    }

    /// The client's hardware address: of its DUID, else as the relay next to it says (option 79). Zeros are none.
    pub fn hardware(&self) -> Option<&'a [u8]> {
        let told = |bytes: &&[u8]| matches!(bytes.len(), 1..=16) && bytes.iter().any(|byte| *byte != 0);
        let relayed = || self.relays.last().and_then(|relay| relay.client).filter(told);
        self.client_id.and_then(mac_of_duid).filter(told).or_else(relayed)
    }

    /// Whether the client asks for this option.
    pub fn requests(&self, code: u16) -> bool {
        self.requested.is_some_and(|codes| codes.as_chunks::<2>().0.contains(&code.to_be_bytes()))
    }

    /// The DNS servers, most preferred first, at most [`MAX_LIST`] of them.
    pub fn dns_servers(&self) -> impl ExactSizeIterator<Item = Ipv6Addr> {
        addresses(self.dns_list.unwrap_or_default())
    }

    /// The domains to search, at most [`MAX_LIST`] of them.
    pub fn domain_search(&self) -> Vec<Vec<u8>> {
        self.domain_list.into_iter().flat_map(names).collect()
    }

    /// The addresses of all IAs.
    pub fn addresses(&self) -> impl Iterator<Item = &Address<'a>> {
        self.ias.iter().flat_map(|ia| &ia.addresses)
    }

    /// The prefixes of all IAs.
    pub fn prefixes(&self) -> impl Iterator<Item = &Delegation<'a>> {
        self.ias.iter().flat_map(|ia| &ia.prefixes)
    }

    /// The first status that is no success: of the message, else of an IA, else of an address or prefix.
    pub fn failure(&self) -> Option<Status<'a>> {
        let failed = |status: Option<Status<'a>>| status.filter(|status| status.code != StatusCode::SUCCESS);
        failed(self.status)
            .or_else(|| self.ias.iter().find_map(|ia| failed(ia.status)))
            .or_else(|| self.addresses().find_map(|lease| failed(lease.status)))
            .or_else(|| self.prefixes().find_map(|lease| failed(lease.status)))
    }
}

/// An identity association, and what it holds still unread.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawIa<'a> {
    pub(super) kind: IaKind,
    pub(super) iaid: u32,
    pub(super) t1: u32,
    pub(super) t2: u32,
    area: &'a [u8],
}

impl<'a> RawIa<'a> {
    /// In an option's payload.
    pub(super) fn read(code: u16, data: &'a [u8]) -> Option<Self> {
        let (iaid, rest) = data.split_first_chunk::<4>()?;
        let (kind, times, area) = if code == opt::IA_TA {
            (IaKind::Ta, [0; 8], rest)
        } else {
            let (times, area) = rest.split_first_chunk::<8>()?;
            (if code == opt::IA_PD { IaKind::Pd } else { IaKind::Na }, *times, area)
        };
        let [a, b, c, d, e, f, g, h] = times;
        Some(Self {
            kind,
            iaid: u32::from_be_bytes(*iaid),
            t1: u32::from_be_bytes([a, b, c, d]),
            t2: u32::from_be_bytes([e, f, g, h]),
            area,
        })
    }

    fn options(&self, code: u16) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let whole = move |option: &RawOption<'_>| option.code == code && !option.is_truncated();
        Options::new(self.area).filter(whole).map(|option| option.data)
    }

    /// Its addresses.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Address<'a>> + use<'a> {
        self.options(opt::IAADDR).filter_map(read_address).take(MAX_LIST)
    }

    /// Its prefixes.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = Delegation<'a>> + use<'a> {
        self.options(opt::IAPREFIX).filter_map(read_prefix).take(MAX_LIST)
    }
}

/// The identity association in an option's payload.
pub fn read_ia(code: u16, data: &[u8]) -> Option<Ia<'_>> {
    let raw = RawIa::read(code, data)?;
    let RawIa { kind, iaid, t1, t2, .. } = raw;
    let status = raw.options(opt::STATUS_CODE).find_map(read_status);
    let (addresses, prefixes) = (raw.addresses().collect(), raw.prefixes().collect());
    Some(Ia { kind, iaid, t1, t2, status, addresses, prefixes })
}

/// The address in an option's payload.
pub fn read_address(data: &[u8]) -> Option<Address<'_>> {
    let (addr, rest) = data.split_first_chunk::<16>()?;
    let (&[a, b, c, d, e, f, g, h], area) = rest.split_first_chunk::<8>()?;
    Some(Address {
        address: (*addr).into(),
        preferred: u32::from_be_bytes([a, b, c, d]),
        valid: u32::from_be_bytes([e, f, g, h]),
        status: find(area, opt::STATUS_CODE).and_then(read_status),
    })
}

/// The prefix in an option's payload.
pub fn read_prefix(data: &[u8]) -> Option<Delegation<'_>> {
    let (&[a, b, c, d, e, f, g, h, length], rest) = data.split_first_chunk::<9>()?;
    let (addr, area) = rest.split_first_chunk::<16>()?;
    Some(Delegation {
        prefix: (*addr).into(),
        length,
        preferred: u32::from_be_bytes([a, b, c, d]),
        valid: u32::from_be_bytes([e, f, g, h]),
        status: find(area, opt::STATUS_CODE).and_then(read_status),
    })
}

/// The status in an option's payload.
pub fn read_status(data: &[u8]) -> Option<Status<'_>> {
    let (code, text) = data.split_first_chunk::<2>()?;
    let text = crate::wire::options::text::without_trailing_zeros(text);
    Some(Status { code: StatusCode(u16::from_be_bytes(*code)), text })
}

fn u16_of(data: &[u8]) -> Option<u16> {
    data.try_into().ok().map(u16::from_be_bytes)
}

fn u32_of(data: &[u8]) -> Option<u32> {
    data.try_into().ok().map(u32::from_be_bytes)
}

fn address(data: &[u8]) -> Option<Ipv6Addr> {
    <[u8; 16]>::try_from(data).ok().map(Ipv6Addr::from)
}

pub(crate) fn addresses(data: &[u8]) -> impl ExactSizeIterator<Item = Ipv6Addr> + '_ {
    data.as_chunks::<16>().0.iter().take(MAX_LIST).map(|addr| Ipv6Addr::from(*addr))
}

/// Uncompressed domain names, each as text: labels joined by dots, odd bytes as `\DDD`.
pub(crate) fn names(data: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut rest = data;
    std::iter::from_fn(move || crate::wire::options::take_name(&mut rest)).take(MAX_LIST)
}

#[cfg(test)]
mod tests {
    use super::super::message::{Message, ia, ia_addr, ia_prefix, status};
    use super::*;

    #[test]
    fn facts_of_a_relayed_reply() {
        let mut reply = Message::new(MessageType::REPLY, 7);
        reply.set_option(opt::CLIENTID, [0, 3, 0, 1, 5]);
        let lease = ia_addr("fd00::5".parse().unwrap(), 100, 200, &[status(0, "fine\0")]);
        reply.add_option(opt::IA_NA, ia(1, 50, 80, &[lease]));
        let prefix = ia_prefix("fd00:1::".parse().unwrap(), 56, 100, 200, &[]);
        reply.add_option(opt::IA_PD, ia(2, 50, 80, &[prefix]));
        reply.add_option(opt::IA_PD, ia(3, 0, 0, &[status(6, "no prefixes")]));
        reply.set_option(opt::DOMAIN_LIST, b"\x03lab\x00\x01a\x01b\x00");
        reply.set_option(opt::SOL_MAX_RT, 3600_u32.to_be_bytes());
        let link: Ipv6Addr = "fd00::1".parse().unwrap();
        let mut relay = Message::relay(MessageType::RELAY_REPL, 0, link, link, &reply.encode());
        relay.set_option(opt::INTERFACE_ID, *b"eth0");
        let bytes = relay.encode();
        let facts = Facts::of(&bytes);
        assert_eq!((facts.kind, facts.xid), (MessageType::REPLY, Some(7)));
        assert_eq!(facts.relays[0].interface_id, Some(&b"eth0"[..]));
        assert_eq!(facts.addresses().next().unwrap().status.unwrap().text, b"fine");
        assert_eq!(facts.prefixes().next().map(|lease| lease.length), Some(56));
        assert_eq!(facts.failure().unwrap().code, StatusCode::NO_PREFIX_AVAIL);
        assert_eq!(facts.domain_search(), [b"lab".to_vec(), b"a.b".to_vec()]);
        assert_eq!(facts.sol_max_rt, Some(3600));
    }

    #[test]
    fn a_client_is_known_by_its_duid_else_by_its_relay() {
        let told = |duid: &[u8], relayed: Option<&[u8]>| {
            let mut solicit = Message::new(MessageType::SOLICIT, 7);
            solicit.set_option(opt::CLIENTID, duid.to_vec());
            let link: Ipv6Addr = "fd00::1".parse().unwrap();
            let mut relay = Message::relay(MessageType::RELAY_FORW, 0, link, link, &solicit.encode());
            if let Some(mac) = relayed {
                relay.set_option(opt::CLIENT_LINKLAYER_ADDR, [&[0, 1], mac].concat());
            }
            let bytes = relay.encode();
            Facts::of(&bytes).hardware().map(<[u8]>::to_vec)
        };
        let (own, other) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let duid = [&[0, 3, 0, 1][..], &own].concat();
        assert_eq!(told(&duid, Some(&other)), Some(own.to_vec()));
        assert_eq!(told(&[0, 2, 0, 0, 0, 9, 1], Some(&other)), Some(other.to_vec()));
        assert_eq!(told(&[0, 3, 0, 1, 0, 0, 0, 0, 0, 0], Some(&other)), Some(other.to_vec()));
        assert_eq!(told(&[0, 3, 0, 1], None), None);
    }

    #[test]
    fn every_prefix_has_facts() {
        let mut solicit = Message::new(MessageType::SOLICIT, 7);
        solicit.add_option(opt::IA_NA, ia(1, 0, 0, &[ia_addr("fd00::5".parse().unwrap(), 1, 2, &[])]));
        let bytes = solicit.encode();
        for len in 0..=bytes.len() {
            assert_eq!(Facts::of(&bytes[..len]).ias.len(), usize::from(len == bytes.len()));
        }
    }
}
