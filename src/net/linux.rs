//! The layer-2 transport: a packet socket to send, libpcap handles to receive.
//!
//! A packet socket never sees what it sent itself, so frames are sent through one socket and seen, with the kernel's
//! stamp, by another: one handle that takes only what leaves and one that takes only what arrives, so that the
//! direction is the kernel's word. Both stamps are of one clock, and their difference is the latency, free of
//! scheduling. libpcap puts VLAN tags back that the kernel took out.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, SockaddrLike, bind, send, socket,
};
use nix::sys::time::TimeSpec;
use pcap::{Active, Capture, Direction};

use super::iface::Interface;
use super::signals::Signals;
use super::{NetError, Received, Transport, TransportEvent, TransportStats, again, remaining};
use crate::time::{Aligner, Clock, Instant, SystemClock, Timestamp};
use crate::wire::frame::LinkType;

/// How a [`PacketTransport`] is opened.
#[derive(Clone, Debug, Default)]
pub struct TransportOptions {
    /// A libpcap filter expression; only what it takes is received. None: everything.
    pub filter: Option<String>,
    /// Take frames for other hardware addresses too: needed when the client's MAC is not the interface's.
    pub promiscuous: bool,
    /// What ends a wait early.
    pub signals: Option<Rc<Signals>>,
}

/// Frames through one interface.
pub struct PacketTransport {
    name: String,
    mtu: u32,
    sender: OwnedFd,
    incoming: Tap,
    outgoing: Tap,
    link_type: LinkType,
    signals: Option<Rc<Signals>>,
    current: Vec<u8>,
    aligner: Aligner,
}

/// One capture handle and the frame that was read from it last but not yet handed out.
struct Tap {
    capture: Capture<Active>,
    pending: Option<(Timestamp, usize)>,
    frame: Vec<u8>,
}

/// Room for the link-layer header and VLAN tags, on top of the MTU.
const HEADROOM: u32 = 64;
/// A frame of ordinary Ethernet and some more; what every handle keeps at least. With the kernel's header before it, two such
/// slots fit a page.
const MIN_SNAPLEN: u32 = 1900;
/// Frames the kernel keeps for us to read: what a segment full of servers answers at once.
const INCOMING_SLOTS: u32 = 256;
/// Frames of our own, for the stamps with which they left: an exchange has few under way.
const OUTGOING_SLOTS: u32 = 32;
/// The loopback's MTU is 64 KiB; no DHCP message is that long.
const MAX_SNAPLEN: u32 = 16384;

impl PacketTransport {
    /// Opens the interface. Needs `CAP_NET_RAW`.
    pub fn open(interface: &Interface, options: &TransportOptions) -> Result<Self, NetError> {
        if !interface.up {
            return Err(NetError::Down { interface: interface.name.clone() });
        }
        let sender = open_sender(&interface.name)?;
        let outgoing = Tap::open(interface, options, Direction::Out)?;
        let incoming = Tap::open(interface, options, Direction::In)?;
        let link_type = u32::try_from(incoming.capture.get_datalink().0).unwrap_or_default();
        Ok(Self {
            name: interface.name.clone(),
            mtu: interface.mtu,
            sender,
            incoming,
            outgoing,
            link_type: LinkType(link_type),
            signals: options.signals.clone(),
            current: Vec::new(),
            aligner: Aligner::default(),
        })
    }

    /// The interface's name.
    pub fn interface(&self) -> &str {
        &self.name
    }

    /// The older of the two frames that wait, if any. A reply is read before the copies of what was sent: those were
    /// queued before the reply could come, so none of them is missed and the order is right.
    fn take(&mut self) -> Result<Option<(Timestamp, usize, bool)>, NetError> {
        self.incoming.fill(&self.name)?;
        self.outgoing.fill(&self.name)?;
        let from_outgoing = match (self.incoming.pending, self.outgoing.pending) {
            (None, None) => return Ok(None),
            (Some((arrived, _)), Some((left, _))) => left <= arrived,
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        let tap = if from_outgoing { &mut self.outgoing } else { &mut self.incoming };
        let Some((time, original_len)) = tap.pending.take() else { return Ok(None) };
        std::mem::swap(&mut self.current, &mut tap.frame);
        Ok(Some((time, original_len, from_outgoing)))
    }
}

impl Transport for PacketTransport {
    fn send(&mut self, frame: &[u8]) -> Result<(), NetError> {
        match again(|| send(self.sender.as_raw_fd(), frame, MsgFlags::empty())) {
            Ok(_) => Ok(()),
            Err(nix::Error::EMSGSIZE) => Err(NetError::FrameSize {
                object: self.name.clone(),
                length: frame.len(),
                reason: format!("its MTU is {} bytes", self.mtu),
            }),
            Err(nix::Error::EINVAL) => Err(NetError::FrameSize {
                object: self.name.clone(),
                length: frame.len(),
                reason: "too short for a link-layer header".to_owned(),
            }),
            Err(nix::Error::ENETDOWN) => Err(NetError::Down { interface: self.name.clone() }),
            Err(errno) => Err(NetError::io("send through", &self.name, errno)),
        }
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Result<TransportEvent<'_>, NetError> {
        loop {
            if let Some((time, original_len, outgoing)) = self.take()? {
                self.aligner.read_at(SystemClock.moment());
                let at = self.aligner.align(time);
                return Ok(TransportEvent::Frame(Received {
                    at,
                    time,
                    frame: &self.current,
                    original_len,
                    outgoing,
                }));
            }
            self.aligner.nothing_left(SystemClock.now());
            if self.signals.as_ref().is_some_and(|signals| signals.next().is_some()) {
                return Ok(TransportEvent::Interrupted);
            }
            let taps = [self.incoming.capture.as_fd(), self.outgoing.capture.as_fd()];
            let ready = wait_readable(taps, self.signals.as_deref(), deadline)
                .map_err(|errno| NetError::io("wait on", &self.name, errno))?;
            if !ready && deadline.is_some_and(|deadline| SystemClock.now() >= deadline) {
                return Ok(TransportEvent::Timeout);
            }
        }
    }

    fn link_type(&self) -> LinkType {
        self.link_type
    }

    fn stats(&mut self) -> Result<TransportStats, NetError> {
        let mut stats = TransportStats::default();
        for tap in [&mut self.incoming, &mut self.outgoing] {
            let seen =
                tap.capture.stats().map_err(|error| refused("read the statistics of", &self.name, &error))?;
            stats.dropped = stats.dropped.saturating_add(u64::from(seen.dropped));
            stats.received = stats.received.max(u64::from(seen.received));
            stats.interface_dropped = stats.interface_dropped.max(u64::from(seen.if_dropped));
        }
        Ok(stats)
    }
}

impl Tap {
    fn open(
        interface: &Interface,
        options: &TransportOptions,
        direction: Direction,
    ) -> Result<Self, NetError> {
        let name = &interface.name;
        let fail = |error: pcap::Error| refused("open", name, &error);
        let snaplen = interface.mtu.saturating_add(HEADROOM).clamp(MIN_SNAPLEN, MAX_SNAPLEN);
        // In immediate mode the ring has one slot of snaplen bytes per frame, of which the kernel makes pages at once.
        let slots = if matches!(direction, Direction::In) { INCOMING_SLOTS } else { OUTGOING_SLOTS };
        let buffer = snaplen.next_power_of_two().saturating_mul(slots).min(4 << 20);
        let promiscuous = options.promiscuous && matches!(direction, Direction::In);
        let mut capture = Capture::from_device(name.as_str())
            .map_err(fail)?
            .immediate_mode(true)
            .promisc(promiscuous)
            .snaplen(i32::try_from(snaplen).unwrap_or(i32::MAX))
            .buffer_size(i32::try_from(buffer).unwrap_or(i32::MAX))
            .precision(pcap::Precision::Nano)
            .open()
            .map_err(fail)?
            .setnonblock()
            .map_err(fail)?;
        // libpcap opens its descriptors without it.
        super::descriptors::close_on_exec();
        capture.direction(direction).map_err(fail)?;
        if let Some(filter) = &options.filter {
            capture.filter(filter, true).map_err(|error| refused("filter", name, &error))?;
        }
        Ok(Self { capture, pending: None, frame: Vec::new() })
    }

    /// Reads one frame ahead, if one is there.
    fn fill(&mut self, interface: &str) -> Result<(), NetError> {
        if self.pending.is_some() {
            return Ok(());
        }
        match self.capture.next_packet() {
            Ok(packet) => {
                self.frame.clear();
                self.frame.extend_from_slice(packet.data);
                // With nanosecond precision the field called tv_usec holds nanoseconds.
                let stamp = packet.header.ts;
                let time = Timestamp::new(stamp.tv_sec, u32::try_from(stamp.tv_usec).unwrap_or(0));
                self.pending = Some((time, usize::try_from(packet.header.len).unwrap_or(usize::MAX)));
                Ok(())
            }
            Err(pcap::Error::TimeoutExpired | pcap::Error::NoMorePackets) => Ok(()),
            Err(pcap::Error::PcapError(text)) if text.contains("went down") => {
                Err(NetError::Down { interface: interface.to_owned() })
            }
            Err(error) => Err(refused("receive from", interface, &error)),
        }
    }
}

/// A packet socket that sends through the interface and receives nothing (protocol 0).
pub(super) fn open_sender(name: &str) -> Result<OwnedFd, NetError> {
    let fail = |errno| NetError::io("open", name, errno);
    let sender = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).map_err(fail)?;
    bind(sender.as_raw_fd(), &link_addr(name)?).map_err(fail)?;
    Ok(sender)
}

/// The interface as an address to bind to.
pub(super) fn link_addr(name: &str) -> Result<LinkAddr, NetError> {
    let fail = |errno| NetError::io("find", name, errno);
    nix::ifaddrs::getifaddrs()
        .map_err(fail)?
        .filter(|entry| entry.interface_name == name)
        .find_map(|entry| {
            entry
                .address
                .filter(|addr| addr.family() == Some(AddressFamily::Packet))
                .and_then(|addr| addr.as_link_addr().copied())
        })
        .ok_or_else(|| fail(nix::Error::ENODEV))
}

/// Waits until one of `fds` can be read; false when the deadline came first or a signal interrupted.
pub fn wait_readable<const N: usize>(
    fds: [BorrowedFd<'_>; N],
    signals: Option<&Signals>,
    deadline: Option<Instant>,
) -> Result<bool, nix::Error> {
    let mut watched: Vec<PollFd<'_>> = fds
        .into_iter()
        .chain(signals.map(AsFd::as_fd))
        .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
        .collect();
    match ppoll(&mut watched, deadline.map(time_left), None) {
        Ok(count) => Ok(count > 0),
        Err(nix::Error::EINTR) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// The wait until a deadline.
pub(super) fn time_left(deadline: Instant) -> TimeSpec {
    TimeSpec::from_duration(remaining(SystemClock.now(), deadline))
}

/// An error of libpcap, which has the errno only as text.
pub(super) fn refused(operation: &'static str, object: &str, error: &pcap::Error) -> NetError {
    let message = match error {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    };
    let lower = message.to_ascii_lowercase();
    if lower.contains("permission") || lower.contains("not permitted") {
        return NetError::io(operation, object, io::Error::from(io::ErrorKind::PermissionDenied));
    }
    NetError::Capture { operation, object: object.to_owned(), message }
}
