//! What a machine that boots from the network would do next with what it was given: it asks a boot server's port 4011, and
//! fetches the boot file. Here the first block, or the header, is enough to know that the file is there.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Given, QuestionTally, Series, ms};
use crate::time::Instant;
use crate::wire::arp::Arp;
use crate::wire::frame::build::{self, EthernetHeader, tcp};
use crate::wire::frame::peek;
use crate::wire::options::v4 as opt;
use crate::wire::v4::packet::field_text;
use crate::wire::v4::{CLIENT_PORT, Message};
use crate::wire::{Mac, Prefix};

/// The port of boot servers (PXE specification 2.1 §2.2.3).
pub(super) const MENU_PORT: u16 = 4011;
/// The port of TFTP servers (RFC 1350).
pub(super) const TFTP_PORT: u16 = 69;
/// The port from which files are asked for.
const OWN_PORT: u16 = 41_069;
/// When a boot server's port 4011 is asked, and how long it is waited for.
const MENU: &[Duration] = &[ms(0), ms(400), ms(900), ms(1500)];
const MENU_WAIT: Duration = ms(2100);
/// When the file is asked for, and how long it is waited for.
const FETCH: &[Duration] = &[ms(0), ms(400), ms(900), ms(1500), ms(2200)];
const FETCH_WAIT: Duration = ms(3000);

/// The longest name that is asked for: a request has 512 bytes (RFC 2347), and a mode.
const LONGEST_NAME: usize = 512_usize.saturating_sub(READ.len()).saturating_sub(MODE.len());
/// The longest path that is asked for by HTTP: the request is one frame.
const LONGEST_PATH: usize = 1000;
/// What stands before and behind the name in a read request (RFC 1350 §5).
const READ: &[u8] = &[0, 1];
const MODE: &[u8] = b"\0octet\0";

/// What became of a boot file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is there.
    There,
    /// It is not, in the server's words.
    Missing(Vec<u8>),
}

/// What was learnt of a boot from the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booted {
    /// The boot server whose port 4011 was asked.
    pub menu_server: Option<Ipv4Addr>,
    /// How that went.
    pub menu: QuestionTally,
    /// The boot file, as it was given.
    pub file: Option<Vec<u8>>,
    /// The server it is to be had from.
    pub server: Option<Ipv4Addr>,
    /// How asking for it went.
    pub fetch: QuestionTally,
    /// What became of it.
    pub fetched: Option<Fetched>,
    /// Why it was not asked for.
    pub unread: Option<&'static str>,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tftp { server: Ipv4Addr, port: u16, path: Vec<u8> },
    Http { server: Ipv4Addr, port: u16, path: Vec<u8> },
}

impl Place {
    fn server(&self) -> Ipv4Addr {
        match self {
            Self::Tftp { server, .. } | Self::Http { server, .. } => *server,
        }
    }
}

/// The file that a message names, and where it is, or why that cannot be known.
fn place(given: &Given) -> Option<(Vec<u8>, Result<Place, &'static str>)> {
    let message = &given.message;
    let field = field_text(&message.file);
    let option = message.option(opt::BOOTFILE_NAME).map(|data| field_text(&data).to_vec());
    let from_field = (message.overload() & 1 == 0 && !field.is_empty()).then(|| field.to_vec());
    let file = from_field.or(option).filter(|file| !file.is_empty())?;
    let named = message.option(opt::TFTP_SERVER_NAME).map(|data| field_text(&data).to_vec());
    let server = if !message.siaddr.is_unspecified() {
        Ok(message.siaddr)
    } else if let Some(name) = named.filter(|name| !name.is_empty()) {
        literal(&name)
    } else {
        Ok(given.server())
    };
    let tftp = |server: Ipv4Addr, port: u16, path: &[u8]| {
        if path.len() > LONGEST_NAME {
            return Err("its name is longer than the 503 bytes that a request has room for (RFC 2347)");
        }
        Ok(Place::Tftp { server, port, path: path.to_vec() })
    };
    let place = if let Some(rest) = scheme(&file, b"http://") {
        let (host, port, path) = split(rest);
        if path.len() > LONGEST_PATH {
            Err("its path is longer than the 1000 bytes that are asked for here")
        } else {
            literal(host).map(|server| Place::Http { server, port: port.unwrap_or(80), path: path.to_vec() })
        }
    } else if let Some(rest) = scheme(&file, b"tftp://") {
        let (host, port, path) = split(rest);
        let path = path.strip_prefix(b"/").unwrap_or(path);
        literal(host).and_then(|server| tftp(server, port.unwrap_or(TFTP_PORT), path))
    } else if file.windows(3).any(|three| three == b"://") {
        Err("neither TFTP nor plain HTTP")
    } else {
        server.and_then(|server| tftp(server, TFTP_PORT, &file))
    };
    Some((file, place))
}

fn scheme<'a>(file: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = file.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Host, port and path of what stands behind the scheme.
fn split(rest: &[u8]) -> (&[u8], Option<u16>, &[u8]) {
    let slash = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(slash).unwrap_or((rest, &[]));
    let path = if path.is_empty() { &b"/"[..] } else { path };
    let Some(colon) = host.iter().position(|byte| *byte == b':') else { return (host, None, path) };
    let port =
        host.get(colon.saturating_add(1)..).and_then(|port| std::str::from_utf8(port).ok()?.parse().ok());
    (host.get(..colon).unwrap_or(host), port, path)
}

fn literal(name: &[u8]) -> Result<Ipv4Addr, &'static str> {
    let address = std::str::from_utf8(name).ok().and_then(|name| name.parse().ok());
    address.ok_or("its server is a name, which nobody was asked for")
}

/// A boot server that offered no address of its own.
fn proxy(offers: &[Given]) -> Option<&Given> {
    offers.iter().find(|offer| {
        let class = offer.message.option(opt::VENDOR_CLASS_IDENTIFIER).unwrap_or_default();
        offer.message.yiaddr.is_unspecified() && class.starts_with(b"PXEClient")
    })
}

/// Bit 3 of the discovery control: what is offered is to be used without asking on port 4011 (PXE specification 2.1 §2.4).
fn is_complete(offer: &Given) -> bool {
    let data = offer.message.option(opt::VENDOR_ENCAPSULATED_OPTIONS).unwrap_or_default();
    let mut rest = data.as_slice();
    while let [code, length, tail @ ..] = rest {
        let Some((value, next)) = tail.split_at_checked(usize::from(*length)) else { break };
        if *code == 6 {
            return value.first().is_some_and(|control| control & 8 != 0) && place(offer).is_some();
        }
        rest = next;
    }
    false
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Menu,
    Fetch,
    Over,
}

/// A boot under way: frames and the time in, frames and a deadline out.
#[derive(Debug)]
pub(super) struct Boot {
    own: (Mac, Ipv4Addr),
    tags: Vec<u8>,
    prefix: Option<Prefix>,
    router: Option<(Ipv4Addr, Mac)>,
    /// The host's kernel knows the address too, and would take part.
    shared: bool,
    /// The question to port 4011.
    question: Message,
    offers: Vec<Given>,
    stage: Stage,
    since: Instant,
    series: Series,
    hop: Option<Mac>,
    target: Option<Place>,
    /// The TCP connection: our next sequence number, theirs, and whether it is established.
    tcp: (u32, u32, bool),
    pub(super) out: VecDeque<Vec<u8>>,
    pub(super) booted: Booted,
}

/// What a boot begins with.
pub(super) struct Start<'a> {
    pub(super) own: (Mac, Ipv4Addr),
    pub(super) tags: Vec<u8>,
    pub(super) ack: &'a Given,
    pub(super) offers: &'a [Given],
    pub(super) router: Option<(Ipv4Addr, Mac)>,
    pub(super) shared: bool,
    pub(super) question: Message,
}

impl Boot {
    pub(super) fn new(start: Start<'_>, now: Instant) -> Self {
        let Start { own, tags, ack, offers, router, shared, question } = start;
        let sequence = question.xid.0;
        let mut boot = Self {
            own,
            tags,
            prefix: ack.prefix(),
            router,
            shared,
            question,
            // A boot server's word about the file counts before the address server's.
            offers: proxy(offers).into_iter().chain([ack]).chain(offers).cloned().collect(),
            stage: Stage::Menu,
            since: now,
            series: Series::new(MENU),
            hop: None,
            target: None,
            tcp: (sequence, 0, false),
            out: VecDeque::new(),
            booted: Booted::default(),
        };
        boot.booted.menu_server = proxy(offers).filter(|offer| !is_complete(offer)).map(Given::server);
        if boot.booted.menu_server.is_none() {
            boot.fetch(now);
        }
        boot
    }

    /// When to be told the time again; none when it is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let end = match self.stage {
            Stage::Menu => self.since.after(MENU_WAIT),
            Stage::Fetch => self.since.after(FETCH_WAIT),
            Stage::Over => return None,
        };
        [self.series.due(self.since), Some(end)].into_iter().flatten().min()
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn on_time(&mut self, now: Instant) {
        if self.series.fires(self.since, now) {
            self.ask(now);
        }
        match self.stage {
            Stage::Menu if now >= self.since.after(MENU_WAIT) => self.fetch(now),
            Stage::Fetch if now >= self.since.after(FETCH_WAIT) => self.stage = Stage::Over,
            _ => {}
        }
    }

    /// Goes on to the file, with what is known of it.
    fn fetch(&mut self, now: Instant) {
        self.since = now;
        self.hop = None;
        let Some((file, place)) = self.offers.iter().find_map(place) else {
            self.stage = Stage::Over;
            return;
        };
        self.booted.file = Some(file);
        match place {
            Ok(Place::Http { server, .. }) if self.shared => {
                self.booted.server = Some(server);
                self.booted.unread = Some("this host has the address itself: try it with curl");
                self.stage = Stage::Over;
            }
            Ok(place) => {
                self.booted.server = Some(place.server());
                self.target = Some(place);
                self.stage = Stage::Fetch;
                self.series = Series::new(FETCH);
            }
            Err(why) => {
                self.booted.unread = Some(why);
                self.stage = Stage::Over;
            }
        }
    }

    /// Who is asked at present.
    fn peer(&self) -> Option<Ipv4Addr> {
        match self.stage {
            Stage::Menu => self.booted.menu_server,
            Stage::Fetch => self.target.as_ref().map(Place::server),
            Stage::Over => None,
        }
    }

    /// Whose hardware address leads to the peer.
    fn next_hop(&self) -> Option<Ipv4Addr> {
        let peer = self.peer()?;
        let here = self.prefix.is_none_or(|prefix| prefix.contains(peer));
        Some(if here { peer } else { self.router.map_or(peer, |(address, _)| address) })
    }

    fn ask(&mut self, now: Instant) {
        let Some(hop) = self.next_hop() else { return };
        let asked = match self.stage {
            Stage::Menu => &mut self.booted.menu,
            _ => &mut self.booted.fetch,
        };
        asked.sent(now);
        let known = self.router.filter(|(address, _)| *address == hop).map(|(_, mac)| mac);
        self.hop = self.hop.or(known);
        if let Some(mac) = self.hop {
            self.question(mac);
            return;
        }
        let mut out = Vec::new();
        let (mac, own) = self.own;
        let ethernet = EthernetHeader { dst: Mac::BROADCAST, src: mac, tags: &self.tags };
        ethernet.arp(&mut out, &Arp::request(mac, own, hop));
        build::pad(&mut out);
        self.out.push_back(out);
    }

    fn question(&mut self, hop: Mac) {
        let Some(peer) = self.peer() else { return };
        match (self.stage, self.target.clone()) {
            (Stage::Menu, _) => {
                let payload = self.question.encode_padded();
                self.udp(hop, peer, (CLIENT_PORT, MENU_PORT), &payload);
            }
            (Stage::Fetch, Some(Place::Tftp { port, path, .. })) => {
                let request = [READ, path.as_slice(), MODE].concat();
                self.udp(hop, peer, (OWN_PORT, port), &request);
            }
            (Stage::Fetch, Some(Place::Http { .. })) if !self.tcp.2 => {
                let sequence = self.tcp.0;
                self.segment(hop, (sequence, 0), tcp::SYN, &[]);
            }
            (Stage::Fetch, Some(Place::Http { .. })) => self.head(hop),
            (Stage::Fetch, None) | (Stage::Over, _) => {}
        }
    }

    /// Asks for the header of the file (RFC 9110 §9.3.2).
    fn head(&mut self, hop: Mac) {
        let Some(Place::Http { server, path, .. }) = self.target.clone() else { return };
        let path: Vec<u8> = path.into_iter().filter(u8::is_ascii_graphic).collect();
        let tail = format!(" HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
        let request = [b"HEAD ", path.as_slice(), tail.as_bytes()].concat();
        let (sequence, theirs, _) = self.tcp;
        self.segment(hop, (sequence.wrapping_add(1), theirs), tcp::PSH | tcp::ACK, &request);
    }

    fn udp(&mut self, hop: Mac, peer: Ipv4Addr, ports: (u16, u16), payload: &[u8]) {
        let mut out = Vec::new();
        let ethernet = EthernetHeader { dst: hop, src: self.own.0, tags: &self.tags };
        ethernet.udp(&mut out, &build::Ipv4Header::new(self.own.1, peer), ports, |out| out.extend(payload));
        self.out.push_back(out);
    }

    fn segment(&mut self, hop: Mac, (seq, ack): (u32, u32), flags: u8, payload: &[u8]) {
        let Some(Place::Http { server, port, .. }) = &self.target else { return };
        let mut out = Vec::new();
        let ethernet = EthernetHeader { dst: hop, src: self.own.0, tags: &self.tags };
        let header = tcp::Header { ports: (OWN_PORT, *port), seq, ack, flags };
        ethernet.tcp(&mut out, &build::Ipv4Header::new(self.own.1, *server), &header, payload);
        self.out.push_back(out);
    }

    /// Somebody says where an address is.
    pub(super) fn on_arp(&mut self, arp: &Arp) {
        if self.hop.is_none() && !self.is_over() && self.next_hop() == Some(arp.sender_ip) {
            self.hop = Some(arp.sender_mac);
            self.question(arp.sender_mac);
        }
    }

    /// The boot server answered on port 4011.
    pub(super) fn on_menu(&mut self, given: Given, now: Instant) {
        if self.stage == Stage::Menu {
            self.booted.menu.answer(now);
            self.offers.insert(0, given);
            self.fetch(now);
        }
    }

    /// Nothing listens on that port.
    pub(super) fn on_unreachable(&mut self, to: Ipv4Addr, port: u16) {
        if self.peer() != Some(to) {
            return;
        }
        let asks_at = |place: &Place| matches!(place, Place::Tftp { port: asked, .. } if *asked == port);
        match self.stage {
            Stage::Menu if port == MENU_PORT => self.booted.menu.refused = true,
            Stage::Fetch if self.target.as_ref().is_some_and(asks_at) => {
                self.done(Fetched::Missing(b"ICMP port unreachable".to_vec()));
            }
            _ => {}
        }
    }

    fn done(&mut self, fetched: Fetched) {
        self.booted.fetched = Some(fetched);
        self.stage = Stage::Over;
    }

    /// Another frame arrived.
    pub(super) fn on_frame(&mut self, now: Instant, frame: &[u8]) {
        let Some(ethernet) = peek::Ethernet::read(frame) else { return };
        let Some(ip) = ethernet.ipv4().filter(|ip| ip.dst == self.own.1 && Some(ip.src) == self.peer())
        else {
            return;
        };
        if self.stage != Stage::Fetch {
            return;
        }
        if let Some(udp) = ip.udp().filter(|udp| udp.dst_port == OWN_PORT) {
            self.booted.fetch.answer(now);
            match udp.payload {
                // The first block, or what is agreed on before it.
                [0, 3 | 6, ..] => {
                    // Whoever asked for a file says that it wants no more of it.
                    self.udp(ethernet.src, ip.src, (OWN_PORT, udp.src_port), b"\0\x05\0\0enough\0");
                    self.done(Fetched::There);
                }
                [0, 5, _, code, text @ ..] => {
                    let text = [format!("TFTP error {code}: ").as_bytes(), field_text(text)].concat();
                    self.done(Fetched::Missing(text));
                }
                _ => {}
            }
        } else if let Some(segment) = ip.tcp().filter(|segment| segment.dst_port == OWN_PORT) {
            self.on_segment(now, ethernet.src, &segment);
        }
    }

    fn on_segment(&mut self, now: Instant, hop: Mac, segment: &peek::Tcp<'_>) {
        let (own, ..) = self.tcp;
        if segment.flags & tcp::RST != 0 {
            self.booted.fetch.answer(now);
            self.done(Fetched::Missing(b"the connection was refused".to_vec()));
        } else if segment.flags & (tcp::SYN | tcp::ACK) == tcp::SYN | tcp::ACK && !self.tcp.2 {
            if segment.ack == own.wrapping_add(1) {
                self.tcp = (own, segment.seq.wrapping_add(1), true);
                self.head(hop);
            }
        } else if let Some(status) = segment.payload.strip_prefix(b"HTTP/1.") {
            self.booted.fetch.answer(now);
            let line = status.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
            let there = matches!(line.get(2..5), Some([b'2' | b'3', _, _]));
            let ack = segment.ack;
            self.segment(hop, (ack, 0), tcp::RST, &[]);
            self.done(if there {
                Fetched::There
            } else {
                Fetched::Missing([b"HTTP ", line.get(2..).unwrap_or_default()].concat())
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v4::Op;

    fn given(change: impl FnOnce(&mut Message)) -> Given {
        let mut message = Message::new(Op::REPLY);
        message.set_option(opt::DHCP_SERVER_IDENTIFIER, &[10, 0, 0, 1]);
        change(&mut message);
        let source = Ipv4Addr::new(10, 0, 0, 1);
        Given { at: Instant(0), mac: Mac::ZERO, source, message }
    }

    fn file(message: &mut Message, name: &[u8]) {
        message.file[..name.len()].copy_from_slice(name);
    }

    #[test]
    fn files_are_where_the_message_says() {
        let tftp = |server: [u8; 4], path: &[u8]| {
            Ok(Place::Tftp { server: server.into(), port: 69, path: path.to_vec() })
        };
        let at = |given: &Given| place(given).unwrap().1;
        assert_eq!(place(&given(|_| ())), None);
        let plain = given(|message| file(message, b"a/b.efi"));
        assert_eq!(at(&plain), tftp([10, 0, 0, 1], b"a/b.efi"));
        let next = given(|message| {
            message.siaddr = [10, 0, 0, 9].into();
            message.set_option(opt::BOOTFILE_NAME, b"c.0\0");
        });
        assert_eq!(at(&next), tftp([10, 0, 0, 9], b"c.0"));
        let named = given(|message| {
            file(message, b"x");
            message.set_option(opt::TFTP_SERVER_NAME, b"boot.example");
        });
        assert!(at(&named).is_err());
        let http = given(|message| file(message, b"HTTP://10.0.0.7:8080/x?y"));
        let wanted = Place::Http { server: [10, 0, 0, 7].into(), port: 8080, path: b"/x?y".to_vec() };
        assert_eq!(at(&http), Ok(wanted));
        let other = given(|message| file(message, b"tftp://10.0.0.7:6969/x"));
        let wanted = Place::Tftp { server: [10, 0, 0, 7].into(), port: 6969, path: b"x".to_vec() };
        assert_eq!(at(&other), Ok(wanted));
        assert!(at(&given(|message| file(message, b"https://10.0.0.7/x"))).is_err());
        assert!(at(&given(|message| file(message, b"http://"))).is_err());
        assert_eq!(at(&given(|message| file(message, b"tftp://10.0.0.7/x"))), tftp([10, 0, 0, 7], b"x"));
        let long =
            |length: usize| given(|message| message.set_option(opt::BOOTFILE_NAME, &vec![b'x'; length]));
        assert!(at(&long(503)).is_ok());
        assert!(at(&long(504)).unwrap_err().contains("503 bytes"));
        assert!(at(&long(1600)).is_err());
        let url = |length: usize| {
            let name = [&b"http://10.0.0.7/"[..], &vec![b'x'; length]].concat();
            given(move |message| message.set_option(opt::BOOTFILE_NAME, &name))
        };
        assert!(at(&url(900)).is_ok(), "TFTP's bound is not HTTP's");
        assert!(at(&url(1000)).unwrap_err().contains("1000 bytes"));
        // Overloaded, the field holds options.
        let overloaded = given(|message| {
            file(message, b"x");
            message.set_option(opt::DHCP_OPTION_OVERLOAD, &[1]);
        });
        assert_eq!(place(&overloaded), None);
    }
}
