//! What one message of a server tells about it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::table::Key;
use crate::time::Timestamp;
use crate::wire::frame::Datagram;
use crate::wire::v4::{Field, MessageType, Op, Outline, Packet};
use crate::wire::{HwAddr, Mac};

/// Option codes that the rules look at (RFC 2132, RFC 3442, and two that Microsoft brought in).
pub mod opt {
    /// Subnet mask.
    pub const MASK: u8 = 1;
    /// Routers.
    pub const ROUTERS: u8 = 3;
    /// Domain name servers.
    pub const DNS: u8 = 6;
    /// Domain name.
    pub const DOMAIN: u8 = 15;
    /// Lease time.
    pub const LEASE: u8 = 51;
    /// Server identifier.
    pub const SERVER_ID: u8 = 54;
    /// Vendor class.
    pub const VENDOR_CLASS: u8 = 60;
    /// Classless static routes (RFC 3442).
    pub const ROUTES: u8 = 121;
    /// The same as Microsoft numbered it.
    pub const MS_ROUTES: u8 = 249;
    /// Web proxy auto-discovery.
    pub const WPAD: u8 = 252;
}

/// Options that decide where a client's traffic goes or what it boots; hidden in an overloaded field they escape many
/// filters.
const STEERING: [u8; 15] = [3, 6, 15, 33, 43, 66, 67, 114, 119, 121, 128, 150, 175, 249, 252];

/// Most addresses kept of one list; more serve no judgement.
const MAX_LIST: usize = 16;
/// Most bytes kept of one text.
const MAX_TEXT: usize = 255;

/// To whom a server's message was an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// One of this program's probes, by its name.
    Us {
        /// The probe.
        probe: &'static str,
        /// The server identifier that stood in it and is nobody's.
        bogus_server: Option<Ipv4Addr>,
    },
    /// Somebody else, and the server they had chosen, where that was seen.
    Client {
        /// Option 54 of the client's REQUEST.
        chosen: Option<Ipv4Addr>,
    },
    /// Not known.
    #[default]
    Unknown,
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// `yiaddr`, when not zero.
    pub address: Option<Ipv4Addr>,
    /// Option 1.
    pub subnet_mask: Option<Ipv4Addr>,
    /// Option 3.
    pub routers: Vec<Ipv4Addr>,
    /// Option 6.
    pub dns_servers: Vec<Ipv4Addr>,
    /// Option 15, as sent, without trailing zeros.
    pub domain_name: Option<Vec<u8>>,
    /// Option 51, seconds.
    pub lease_time: Option<u32>,
    /// `siaddr`, when not zero.
    pub next_server: Option<Ipv4Addr>,
    /// The boot file, from its field or option 67.
    pub boot_file: Option<Vec<u8>>,
    /// Routers of the default routes in options 121 and 249, with the option's code.
    pub default_routes: Vec<(u8, Ipv4Addr)>,
    /// Option 252.
    pub wpad: Option<Vec<u8>>,
    /// Steering options that stand in an overloaded field.
    pub hidden: Vec<u8>,
}

impl Offered {
    /// The parameters of a reply.
    fn read(packet: &Packet<'_>, outline: &Outline) -> Self {
        let mut scratch = Vec::new();
        let mut option = |code: u8| -> Option<Vec<u8>> {
            let span = outline.find(code)?;
            Some(outline.joined(packet, span, &mut scratch).to_vec())
        };
        let mut routes = Vec::new();
        for code in [opt::ROUTES, opt::MS_ROUTES] {
            let data = option(code).unwrap_or_default();
            routes.extend(default_routes(&data).take(MAX_LIST).map(|router| (code, router)));
        }
        let mut hidden: Vec<u8> = outline
            .options
            .iter()
            .filter(|span| span.field != Field::Options && STEERING.contains(&span.code))
            .map(|span| span.code)
            .collect();
        hidden.sort_unstable();
        hidden.dedup();
        let file = (outline.overload & 1 == 0).then(|| packet.file_field().to_vec());
        Self {
            address: specified(packet.yiaddr()),
            subnet_mask: option(opt::MASK).and_then(|data| one_address(&data)),
            routers: option(opt::ROUTERS).map(|data| addresses(&data)).unwrap_or_default(),
            dns_servers: option(opt::DNS).map(|data| addresses(&data)).unwrap_or_default(),
            domain_name: option(opt::DOMAIN).and_then(text),
            lease_time: option(opt::LEASE).and_then(|data| data.try_into().ok()).map(u32::from_be_bytes),
            next_server: specified(packet.siaddr()),
            boot_file: option(67).or(file).and_then(text),
            default_routes: routes,
            wpad: option(opt::WPAD).and_then(text),
            hidden,
        }
    }

    /// Number of leading ones of the mask, where it is one.
    pub fn prefix(&self) -> Option<u8> {
        let bits = u32::from(self.subnet_mask?);
        (bits.leading_ones().saturating_add(bits.trailing_zeros()) == 32 || bits == u32::MAX)
            .then(|| u8::try_from(bits.leading_ones()).unwrap_or(32))
    }

    /// Keeps what another answer of the same server steers traffic with: it may do so in one kind of answer only.
    pub(super) fn keep_steering(&mut self, other: Self) {
        if self.default_routes.is_empty() {
            self.default_routes = other.default_routes;
        }
        self.wpad = self.wpad.take().or(other.wpad);
        self.boot_file = self.boot_file.take().or(other.boot_file);
        self.hidden.extend(other.hidden);
        self.hidden.sort_unstable();
        self.hidden.dedup();
    }

    /// How much it tells; the fullest of several is kept.
    pub(super) fn weight(&self) -> usize {
        let flags = [
            self.address.is_some(),
            self.subnet_mask.is_some(),
            !self.routers.is_empty(),
            !self.dns_servers.is_empty(),
            self.domain_name.is_some(),
            self.lease_time.is_some(),
        ];
        flags.iter().filter(|flag| **flag).count()
    }
}

/// What one message of a server tells.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// When it came.
    pub time: Timestamp,
    /// Who sent it, as far as it can be told apart.
    pub key: Key,
    /// Option 53; `None` is BOOTP.
    pub kind: Option<MessageType>,
    /// Whom it is for.
    pub client: HwAddr,
    /// To whom it is an answer.
    pub asked: Asked,
    /// It says it is for PXE clients (option 60).
    pub pxe: bool,
    /// What it offers.
    pub offered: Offered,
}

impl Sighting {
    /// Reads a datagram; `None` when it is no reply of a server. `outline` is of its payload.
    pub fn read(
        time: Timestamp,
        interface: Option<&Arc<str>>,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        outline: &Outline,
    ) -> Option<Self> {
        // Only a message that holds its fixed part and its type (or is plain BOOTP) says that a server is there.
        if datagram.quoted
            || packet.op() != Some(Op::REPLY)
            || packet.bytes().len() < crate::wire::v4::FIXED_LEN
        {
            return None;
        }
        let source_ip = datagram.ip.and_then(|ip| match ip.src {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        });
        let source_mac = datagram.link.and_then(|link| link.src).and_then(|src| src.mac());
        let server_id = outline.find(opt::SERVER_ID).and_then(|span| one_address(span.data(packet)));
        let class = outline.find(opt::VENDOR_CLASS).map(|span| span.data(packet)).unwrap_or_default();
        Some(Self {
            time,
            key: Key {
                interface: interface.cloned(),
                vlans: datagram.vlans.as_slice().to_vec(),
                source_ip,
                source_mac,
                relay: specified(packet.giaddr()),
                server_id,
            },
            kind: outline.message_type,
            client: packet.client(),
            asked: Asked::Unknown,
            pxe: class.starts_with(b"PXEClient"),
            offered: Offered::read(packet, outline),
        })
    }

    /// The client's address as a MAC.
    pub fn client_mac(&self) -> Option<Mac> {
        self.client.mac()
    }
}

/// The routers of every default route in a list of classless routes (RFC 3442). Two routes to half of the address space
/// each, a common disguise, count too.
fn default_routes(data: &[u8]) -> impl Iterator<Item = Ipv4Addr> {
    let mut rest = data;
    std::iter::from_fn(move || {
        loop {
            let (&width, tail) = rest.split_first()?;
            let significant = usize::from(width.div_ceil(8));
            let router: [u8; 4] = *tail.get(significant..)?.first_chunk()?;
            rest = tail.get(significant.saturating_add(4)..)?;
            if width <= 1 {
                return Some(Ipv4Addr::from(router));
            }
        }
    })
}

fn specified(addr: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
    addr.filter(|addr| !addr.is_unspecified())
}

fn one_address(data: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(data).ok().map(Ipv4Addr::from)
}

fn addresses(data: &[u8]) -> Vec<Ipv4Addr> {
    let (whole, _) = data.as_chunks::<4>();
    whole.iter().take(MAX_LIST).map(|octets| Ipv4Addr::from(*octets)).collect()
}

/// Text without the zeros behind it; `None` when nothing is left.
fn text(mut data: Vec<u8>) -> Option<Vec<u8>> {
    while data.last() == Some(&0) {
        data.pop();
    }
    data.truncate(MAX_TEXT);
    (!data.is_empty()).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_routes_are_found_among_others_and_in_halves() {
        let find = |data: &[u8]| -> Vec<u8> { default_routes(data).map(|ip| ip.octets()[3]).collect() };
        assert_eq!(find(&[0, 10, 0, 0, 9]), [9]);
        assert_eq!(find(&[24, 10, 1, 2, 10, 0, 0, 1, 0, 10, 0, 0, 9]), [9]);
        assert_eq!(find(&[1, 0, 10, 0, 0, 7, 1, 128, 10, 0, 0, 8]), [7, 8]);
        assert!(find(&[8, 10, 10, 0, 0, 1]).is_empty());
        for len in 0..5 {
            assert!(find(&[0, 10, 0, 0, 9][..len]).is_empty(), "{len} bytes");
        }
    }

    #[test]
    fn a_mask_with_holes_has_no_prefix() {
        let prefix =
            |mask: [u8; 4]| Offered { subnet_mask: Some(mask.into()), ..Offered::default() }.prefix();
        assert_eq!(prefix([255, 255, 255, 0]), Some(24));
        assert_eq!(prefix([255, 255, 255, 255]), Some(32));
        assert_eq!(prefix([0, 0, 0, 0]), Some(0));
        assert_eq!(prefix([255, 0, 255, 0]), None);
        assert_eq!(Offered::default().prefix(), None);
    }

    #[test]
    fn texts_lose_their_padding() {
        assert_eq!(text(b"lab\0\0".to_vec()), Some(b"lab".to_vec()));
        assert_eq!(text(vec![0; 9]), None);
        assert_eq!(text(vec![b'a'; 9000]).unwrap().len(), MAX_TEXT);
    }
}
