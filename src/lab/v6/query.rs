//! What servers and routers need to know of a frame of IPv6, in one look.

use std::net::Ipv6Addr;

use crate::lab::cable::Link;
use crate::wire::frame::numbers::icmpv6;
use crate::wire::frame::peek::Ethernet;
use crate::wire::nd;
use crate::wire::neighbor::Neighbor;
use crate::wire::options::v6 as opt;
use crate::wire::v6::packet::find;
use crate::wire::v6::types::SERVER_PORT;
use crate::wire::v6::{MessageType, Options, Packet};

/// The port of name servers.
const DNS_PORT: u16 = 53;
/// So many relays may have passed a message on; what passed more is discarded.
const MAX_RELAYS: usize = 32;

/// A frame for the far end.
#[derive(Clone, Debug)]
pub enum Query<'a> {
    /// A message for a DHCPv6 server.
    Dhcp(Dhcp<'a>),
    /// Somebody looks for routers.
    RouterSolicitation(Link<'a>, Ipv6Addr),
    /// Somebody looks for a neighbor, or is one.
    Neighbor(Link<'a>, Ipv6Addr, Neighbor),
    /// An ICMPv6 echo request: identifier, sequence number and data.
    Echo(Link<'a>, (Ipv6Addr, Ipv6Addr), &'a [u8]),
    /// A question to a name server.
    Dns(Dns<'a>),
}

/// A question to a name server.
#[derive(Clone, Copy, Debug)]
pub struct Dns<'a> {
    /// Its frame.
    pub link: Link<'a>,
    /// Source and destination.
    pub addrs: (Ipv6Addr, Ipv6Addr),
    /// UDP source and destination ports.
    pub ports: (u16, u16),
    /// The whole message.
    pub message: &'a [u8],
}

/// A relay's envelope.
#[derive(Clone, Copy, Debug)]
pub struct Relay<'a> {
    /// Relays passed before.
    pub hop_count: u8,
    /// An address of the client's link.
    pub link: Ipv6Addr,
    /// Who the message came from.
    pub peer: Ipv6Addr,
    /// Its options.
    pub options: &'a [u8],
}

/// A message for a DHCPv6 server.
#[derive(Clone, Debug)]
pub struct Dhcp<'a> {
    /// Its frame.
    pub link: Link<'a>,
    /// Source and destination.
    pub addrs: (Ipv6Addr, Ipv6Addr),
    /// The UDP port it came from.
    pub port: u16,
    /// Its envelopes, outermost first.
    pub relays: Vec<Relay<'a>>,
    /// What it is.
    pub kind: MessageType,
    /// Transaction identifier.
    pub xid: [u8; 3],
    /// Its options.
    pub options: &'a [u8],
    /// Option 1.
    pub client_id: Option<&'a [u8]>,
    /// Option 2.
    pub server_id: Option<&'a [u8]>,
    /// Option 6.
    pub wants: Option<&'a [u8]>,
    /// Option 14.
    pub rapid_commit: bool,
}

impl<'a> Query<'a> {
    /// Reads a frame; nothing for what concerns nobody here.
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let ethernet = Ethernet::read(frame)?;
        let link = Link { tags: ethernet.tags, src: ethernet.src, dst: ethernet.dst };
        let ip = ethernet.ipv6()?;
        let addrs = (ip.src, ip.dst);
        if let Some(udp) = ip.udp() {
            let whole = (udp.payload.len() == udp.promised).then_some(udp.payload)?;
            return match udp.dst_port {
                SERVER_PORT => Dhcp::read(link, addrs, udp.src_port, whole).map(Self::Dhcp),
                DNS_PORT if whole.len() >= 12 => {
                    let ports = (udp.src_port, udp.dst_port);
                    Some(Self::Dns(Dns { link, addrs, ports, message: whole }))
                }
                _ => None,
            };
        }
        let message = ip.icmpv6()?;
        match message {
            [nd::ROUTER_SOLICITATION, 0, ..] if ip.hop_limit == nd::HOP_LIMIT => {
                (message.len() >= nd::SOLICITATION_LEN).then_some(Self::RouterSolicitation(link, ip.src))
            }
            [icmpv6::ECHO, 0, _, _, body @ ..] => Some(Self::Echo(link, addrs, body)),
            _ if ip.hop_limit == nd::HOP_LIMIT => {
                Neighbor::decode(message).map(|neighbor| Self::Neighbor(link, ip.src, neighbor))
            }
            _ => None,
        }
    }
}

impl<'a> Dhcp<'a> {
    fn read(link: Link<'a>, addrs: (Ipv6Addr, Ipv6Addr), port: u16, message: &'a [u8]) -> Option<Self> {
        let mut packet = Packet::new(message);
        let mut relays = Vec::new();
        while packet.message_type() == Some(MessageType::RELAY_FORW) {
            if relays.len() >= MAX_RELAYS {
                return None;
            }
            let options = packet.options();
            relays.push(Relay {
                hop_count: packet.hop_count()?,
                link: packet.link_address()?,
                peer: packet.peer_address()?,
                options,
            });
            packet = Packet::new(find(options, opt::RELAY_MSG)?);
        }
        let (&[kind, a, b, c], options) = packet.bytes().split_first_chunk()?;
        let kind = MessageType(kind);
        if !kind.is_from_client() {
            return None;
        }
        let mut query = Self {
            link,
            addrs,
            port,
            relays,
            kind,
            xid: [a, b, c],
            options,
            client_id: None,
            server_id: None,
            wants: None,
            rapid_commit: false,
        };
        for option in Options::new(options).filter(|option| !option.is_truncated()) {
            match option.code {
                opt::CLIENTID => query.client_id = query.client_id.or(Some(option.data)),
                opt::SERVERID => query.server_id = query.server_id.or(Some(option.data)),
                opt::ORO => query.wants = query.wants.or(Some(option.data)),
                opt::RAPID_COMMIT => query.rapid_commit = true,
                _ => {}
            }
        }
        Some(query)
    }

    /// It was sent to a group.
    pub fn was_multicast(&self) -> bool {
        self.addrs.1.is_multicast()
    }

    /// A relay passed it on.
    pub fn is_relayed(&self) -> bool {
        !self.relays.is_empty()
    }

    /// An address of the client's link, as the relay next to it says; none when no relay passed it on, or that one knows none.
    pub fn client_link(&self) -> Option<Ipv6Addr> {
        let link = self.relays.last()?.link;
        let says_nothing = link.is_unspecified() || link.is_unicast_link_local();
        (!says_nothing).then_some(link)
    }

    /// The client asks for this option.
    pub fn wants(&self, code: u16) -> bool {
        self.wants.is_some_and(|list| list.as_chunks::<2>().0.contains(&code.to_be_bytes()))
    }
}
