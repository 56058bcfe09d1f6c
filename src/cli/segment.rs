//! The segment a sender works on: its interface, the way to a server, and an exchange from beginning to end.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use super::context::Context;
use super::exit::Failure;
use super::sender::SenderArgs;
use crate::capture::{CaptureError, Format, FrameOut, Writer};
use crate::engine::drive::{Ending, Passed, Witness, drive};
use crate::engine::silence::LinkState;
use crate::engine::{Draft, Event, Machine, Route};
use crate::net::Transport;
use crate::output::answers::Place;
use crate::output::packet::PacketRecord;
use crate::output::packet_detail::PacketDetail;
use crate::output::packet_json::PacketJson;
use crate::output::when::TimeText;
use crate::output::{JsonOut, Label};
use crate::time::{Clock as _, Precision, Timestamp};
use crate::wire::escape::escape_line;
use crate::wire::frame::{Datagram, LinkType, Ports, Walker};
use crate::wire::v4::{Outline, Packet};
use crate::wire::{HwAddr, Mac};

#[cfg(feature = "live")]
use crate::net::{iface, linux, route, sandbox::Needs, signals::Signals, udp};

/// An interface to send through.
#[derive(Debug)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// Its hardware address; `None` where it has none of six bytes.
    pub mac: Option<Mac>,
    /// The largest IP packet it carries, in bytes.
    pub mtu: u32,
    /// Its state.
    pub link: LinkState,
    /// Its IPv4 addresses with their prefix lengths.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    #[cfg(feature = "live")]
    interface: iface::Interface,
}

/// How frames get onto the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As whole frames, with any addresses.
    Link,
    /// As UDP datagrams from this address, by the kernel's routing.
    Udp(SocketAddrV4),
}

#[cfg(feature = "live")]
impl Segment {
    /// The interface called `name`; without a name that of the default route, else the only usable one.
    pub fn find(name: Option<&str>) -> Result<Self, Failure> {
        let interfaces = iface::interfaces().map_err(Failure::could_not_run)?;
        let interface = iface::choose(&interfaces, name).map_err(Failure::could_not_run)?;
        Ok(Self::of(interface.clone()))
    }

    /// The interface the kernel sends through to reach `server`, unless one is named.
    pub fn towards(name: Option<&str>, server: Ipv4Addr) -> Result<Self, Failure> {
        if name.is_some() {
            return Self::find(name);
        }
        let interfaces = iface::interfaces().map_err(Failure::could_not_run)?;
        let way = route::to(server).map_err(Failure::could_not_run)?;
        match interfaces.into_iter().find(|interface| interface.index == way.index) {
            Some(interface) => Ok(Self::of(interface)),
            None => Self::find(None),
        }
    }

    fn of(interface: iface::Interface) -> Self {
        let v4 = |(addr, len): &(std::net::IpAddr, u8)| match addr {
            std::net::IpAddr::V4(addr) => Some((*addr, *len)),
            std::net::IpAddr::V6(_) => None,
        };
        Self {
            name: interface.name.clone(),
            mac: interface.address.mac(),
            mtu: interface.mtu,
            link: LinkState { up: interface.up, carrier: interface.carrier },
            addresses: interface.addresses.iter().filter_map(v4).collect(),
            interface,
        }
    }

    /// Refuses an interface behind which no DHCP server can be: nobody need wait for an answer there.
    pub fn may_have_servers(&self) -> Result<(), Failure> {
        let reason = if self.interface.loopback {
            "it leads back to this machine"
        } else if self.interface.arp_type != iface::ARP_ETHERNET || self.mac.is_none() {
            "it is not Ethernet"
        } else {
            return Ok(());
        };
        Err(Failure::could_not_run(format_args!(
            "cannot use {}: {reason}; dhcptool interfaces lists those that can be used",
            self.name
        )))
    }

    /// The way to `server`: itself where it is on the link or nothing else is known, else the router the kernel names.
    pub fn route(&self, server: Ipv4Addr) -> Route {
        let on_link = self.addresses.iter().any(|(addr, len)| same_net(*addr, server, *len));
        let direct = Route { server, next_hop: server };
        if on_link {
            return direct;
        }
        match route::to(server) {
            Ok(way) if way.index == self.interface.index => Route { server, next_hop: way.next_hop(server) },
            _ => direct,
        }
    }

    /// Opens the interface. `others` says that clients have other MACs than its own; `ports` are those used beside 67
    /// and 68.
    fn open(&self, way: Way, others: bool, ports: &[u16]) -> Result<Box<dyn Transport>, Failure> {
        let signals = Signals::termination().map_err(Failure::could_not_run)?;
        let options = linux::Options {
            filter: Some(filter(ports)),
            promiscuous: others,
            signals: Some(std::rc::Rc::new(signals)),
        };
        Ok(match way {
            Way::Link => Box::new(
                linux::PacketTransport::open(&self.interface, &options).map_err(Failure::could_not_run)?,
            ),
            Way::Udp(local) => {
                let mut transport =
                    udp::UdpTransport::open(&self.interface, &options).map_err(Failure::could_not_run)?;
                transport.prepare(local).map_err(Failure::could_not_run)?;
                Box::new(transport)
            }
        })
    }
}

#[cfg(not(feature = "live"))]
impl Segment {
    /// Says that this build cannot.
    pub fn find(_name: Option<&str>) -> Result<Self, Failure> {
        Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
    }

    /// Says that this build cannot.
    pub fn towards(name: Option<&str>, _server: Ipv4Addr) -> Result<Self, Failure> {
        Self::find(name)
    }

    /// There is none to refuse.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same call as in a build that can")]
    pub fn may_have_servers(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// The server itself.
    pub fn route(&self, server: Ipv4Addr) -> Route {
        Route { server, next_hop: server }
    }

    /// Says that this build cannot.
    #[allow(clippy::unused_self, reason = "the same call as in a build that can")]
    fn open(&self, _way: Way, _others: bool, _ports: &[u16]) -> Result<Box<dyn Transport>, Failure> {
        Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
    }
}

/// True when both addresses are in one network.
pub fn same_net(a: Ipv4Addr, b: Ipv4Addr, len: u8) -> bool {
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(len.into())).unwrap_or(0);
    (u32::from(a) ^ u32::from(b)) & mask == 0
}

/// What the kernel lets through: DHCP, ARP and ICMP, plain or behind one or two VLAN tags, and later fragments.
#[cfg(feature = "live")]
fn filter(ports: &[u16]) -> String {
    let mut wanted =
        "arp or icmp or (ip and ip[6:2] & 0x1fff != 0) or (udp and (port 67 or port 68".to_owned();
    for port in ports {
        wanted.push_str(" or port ");
        wanted.push_str(&port.to_string());
    }
    wanted.push_str("))");
    format!("({wanted}) or (vlan and ({wanted})) or (vlan and ({wanted}))")
}

/// Keeps the record of an exchange and tells the user about it.
struct Clerk {
    writer: Option<Writer<Box<dyn Write + Send>>>,
    interface: String,
    verbose: bool,
    first: Option<Timestamp>,
    error: Option<CaptureError>,
}

impl Witness for Clerk {
    fn event(&mut self, event: &Event) {
        let first = *self.first.get_or_insert(event.at);
        if self.verbose {
            let millis = event.at.since(first).max(0).checked_div(1000).unwrap_or(0);
            let (whole, rest) =
                (millis.checked_div(1000).unwrap_or(0), millis.checked_rem(1000).unwrap_or(0));
            Context::stderr(&escape_line(&format!("{whole:>6}.{rest:03} ms  {event}")));
        }
    }

    fn passed(&mut self, passed: &Passed<'_>) -> bool {
        let Some(writer) = &mut self.writer else { return true };
        let comment = passed.note.to_string();
        let written = writer
            .write(&FrameOut {
                time: Some(passed.at),
                precision: passed.precision,
                link: passed.link_type,
                interface: Some(&self.interface),
                data: passed.frame,
                original_len: u32::try_from(passed.original_len).unwrap_or(u32::MAX),
                comment: Some(&comment),
            })
            .and_then(|()| writer.flush());
        match written {
            Ok(()) => true,
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }
}

/// Opens the file that frames are kept in.
fn writer(path: &Path) -> Result<Writer<Box<dyn Write + Send>>, Failure> {
    let mut writer = Writer::create(path, Format::of_path(path)).map_err(Failure::could_not_run)?;
    writer.flush().map_err(Failure::could_not_run)?;
    Ok(writer)
}

/// What remains of an exchange when it is over.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The user stopped it.
    pub stopped: bool,
    /// What its frames started with.
    pub link_type: LinkType,
    /// How fine its stamps were.
    pub precision: Precision,
    /// How long it took, nanoseconds.
    pub took: i64,
}

/// A segment that is open for exchanges, one after the other. The rights it took to open it are given up.
pub struct Session<'a> {
    /// The segment.
    pub segment: &'a Segment,
    /// The UDP ports used beside 67 and 68.
    pub ports: Vec<u16>,
    transport: Box<dyn Transport>,
    clerk: Clerk,
}

impl<'a> Session<'a> {
    /// Opens the segment for exchanges that begin with `drafts`.
    pub fn open<'d>(
        segment: &'a Segment,
        way: Way,
        drafts: impl Iterator<Item = &'d Draft> + Clone,
        sender: &SenderArgs,
        cx: &Context,
    ) -> Result<Self, Failure> {
        let mut ports: Vec<u16> = drafts.clone().flat_map(unusual_ports).collect();
        ports.sort_unstable();
        ports.dedup();
        let others = drafts.map(|draft| draft.envelope.src_mac).any(|mac| segment.mac != Some(mac));
        let transport = segment.open(way, others, &ports)?;
        #[cfg(feature = "live")]
        sender.confine.give_up(cx)?;
        let clerk = Clerk {
            writer: sender.write.as_deref().map(writer).transpose()?,
            interface: segment.name.clone(),
            verbose: cx.common.verbose > 0,
            first: None,
            error: None,
        };
        #[cfg(feature = "live")]
        sender.confine.confine(&Needs::default(), cx)?;
        Ok(Self { segment, ports, transport, clerk })
    }

    /// Holds one exchange.
    pub fn hold(&mut self, machine: &mut dyn Machine, cx: &Context) -> Result<Held, Failure> {
        let start = cx.clock.now();
        let ending = drive(machine, &mut *self.transport, &cx.clock, &self.ports, &mut self.clerk);
        if let Some(error) = self.clerk.error.take() {
            return Err(Failure::could_not_run(error));
        }
        let ending = ending.map_err(Failure::could_not_run)?;
        Ok(Held {
            stopped: ending == Ending::Stopped,
            link_type: self.transport.link_type(),
            precision: self.transport.precision(),
            took: cx.clock.now().since(start),
        })
    }

    /// The place of an exchange, for its report.
    pub fn place(&self, held: &Held) -> Place<'_> {
        Place {
            interface: &self.segment.name,
            link_type: held.link_type,
            precision: held.precision,
            ports: &self.ports,
        }
    }
}

/// The ports of a draft that are not DHCP's usual ones.
pub fn unusual_ports(draft: &Draft) -> Vec<u16> {
    let ports = [draft.envelope.src_port, draft.envelope.dst_port];
    ports.into_iter().filter(|port| !matches!(port, 67 | 68)).collect()
}

/// The client's hardware address as the message says it.
pub fn client_text(draft: &Draft) -> String {
    let message = &draft.message;
    HwAddr::from_slice(message.chaddr.get(..usize::from(message.hlen)).unwrap_or(&message.chaddr)).to_string()
}

/// The segment to send `drafts` on; in a dry run they are shown instead, and there is nothing left to do.
pub fn unless_shown(
    segment: Option<Segment>,
    drafts: &[Draft],
    sender: &SenderArgs,
    cx: &mut Context,
) -> Result<Option<Segment>, Failure> {
    if sender.dry_run {
        show(drafts, sender, cx)?;
        return Ok(None);
    }
    segment.map(Some).ok_or_else(|| Failure::could_not_run("no interface"))
}

/// Shows what would be sent, and keeps it where asked to.
fn show(drafts: &[Draft], sender: &SenderArgs, cx: &mut Context) -> Result<(), Failure> {
    let mut writer = sender.write.as_deref().map(writer).transpose()?;
    let mut json = JsonOut::new();
    let mut text = cx.out.styled();
    for (draft, number) in drafts.iter().zip(1..) {
        let frame = draft.frame();
        if let Some(writer) = &mut writer {
            let kind = draft.message.message_type();
            let comment = format!("not sent: {}", crate::engine::Note::Sent(kind, 1));
            writer
                .write(&FrameOut {
                    time: Some(cx.clock.now()),
                    precision: Precision::Nano,
                    link: LinkType::ETHERNET,
                    interface: None,
                    data: &frame,
                    original_len: u32::try_from(frame.len()).unwrap_or(u32::MAX),
                    comment: Some(&comment),
                })
                .map_err(Failure::could_not_run)?;
        }
        with_record(&frame, number, &unusual_ports(draft), &mut |record| {
            if cx.common.json {
                PacketJson::default().write(record, &mut json);
                json.end_line();
            } else {
                PacketDetail::new(true).write(record, &mut TimeText::default(), &mut text);
            }
        });
        if let Some(hop) = draft.next_hop {
            text.label(Label::Dim, &format!("The frame's destination will be found by ARP for {hop}."))
                .text("\n");
        }
    }
    if let Some(mut writer) = writer {
        writer.flush().map_err(Failure::could_not_run)?;
    }
    if cx.common.json { cx.out.write(&json.buf) } else { cx.out.write_styled(text) }
}

fn with_record(frame: &[u8], number: u64, ports: &[u16], show: &mut dyn FnMut(&PacketRecord<'_>)) {
    let mut all = Ports::default();
    for port in ports {
        all.add(*port);
    }
    let mut outline = Outline::default();
    Walker::without_reassembly(all).walk(
        LinkType::ETHERNET,
        frame,
        frame.len(),
        0,
        |datagram: Datagram<'_>| {
            let packet = Packet::new(datagram.payload);
            outline.read(&packet, datagram.promised, datagram.cut);
            show(&PacketRecord {
                number,
                time: None,
                precision: Precision::Nano,
                interface: None,
                captured_length: frame.len(),
                original_length: u32::try_from(frame.len()).unwrap_or(u32::MAX),
                datagram: &datagram,
                packet,
                outline: &outline,
            });
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_apart() {
        let ip = |last| Ipv4Addr::new(10, 0, 0, last);
        assert!(same_net(ip(1), ip(2), 24) && same_net(ip(1), Ipv4Addr::BROADCAST, 0));
        assert!(!same_net(ip(1), ip(2), 32) && !same_net(ip(1), ip(129), 25));
    }

    #[cfg(feature = "live")]
    #[test]
    fn the_filter_knows_every_port() {
        assert!(filter(&[1067]).contains("port 68 or port 1067"));
    }
}
