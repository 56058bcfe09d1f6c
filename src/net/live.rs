//! Bulk capture: many frames per call out of the kernel's ring, each with its stamp.
//!
//! A [`Tap`] listens on one interface. Unlike [`linux`](super::linux), which hands over every frame at once, the kernel
//! fills blocks of a shared ring and gives a block away when it is full or [`LINGER`] has passed: no system call and no copy
//! per frame, and no loss at any rate a veth pair reaches. libpcap puts VLAN tags back that the kernel took out.
//!
//! A tap outlives its interface. When that goes down the kernel keeps the socket and goes on when it comes up again; when
//! it is removed and made anew, [`Tap::rebind`] ties the same socket to the new one, which takes no rights. A [`Tap::spare`]
//! is opened for an interface that is not there yet.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd as _};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{getsockopt, sockopt};
use pcap::{Active, Capture};
use pnet::datalink;

use super::NetError;
use super::iface::Interface;
use super::linux::{refused, time_left};
use crate::time::{Aligner, Clock as _, Instant, Precision, SystemClock, Timestamp};
use crate::wire::Mac;
use crate::wire::frame::{Direction, LinkType};

/// The longest time that a frame stays in a block that is not full.
pub const LINGER: Duration = Duration::from_millis(10);

/// The most bytes kept of a frame. In this mode the ring holds frames at their own length, so that room for jumbo frames
/// costs nothing; no DHCP message is longer.
const SNAPLEN: i32 = 16384;

/// Takes no frame.
const NOTHING: &str = "less 0";

/// How a [`Tap`] is opened.
#[derive(Clone, Debug)]
pub struct TapOptions {
    /// A libpcap filter expression that the kernel applies.
    pub filter: Option<String>,
    /// Take frames for other hardware addresses too.
    pub promiscuous: bool,
    /// Size of the ring in bytes.
    pub ring: usize,
}

/// One frame out of the ring.
#[derive(Clone, Copy, Debug)]
pub struct LiveFrame<'a> {
    /// When it came.
    pub at: Instant,
    /// The kernel's stamp.
    pub time: Timestamp,
    /// The frame, VLAN tags included, as far as it was kept.
    pub data: &'a [u8],
    /// How long it was on the wire, in bytes.
    pub original_len: u32,
    /// Which way it went: what bears the interface's own address was sent here.
    pub direction: Option<Direction>,
}

fn direction(own: Mac, frame: &[u8]) -> Direction {
    if frame.get(6..12) == Some(&own.0) { Direction::Out } else { Direction::In }
}

/// Listens on one interface.
pub struct Tap {
    name: String,
    index: u32,
    mac: Option<Mac>,
    capture: Capture<Active>,
    link: LinkType,
    precision: Precision,
    dropped: u64,
    dropped_before: u32,
    promiscuous: bool,
    /// The filter that a spare tap takes on with its interface.
    filter: Option<String>,
    aligner: Aligner,
}

impl Tap {
    /// Opens the interface. Needs `CAP_NET_RAW`.
    pub fn open(interface: &Interface, options: &TapOptions) -> Result<Self, NetError> {
        let name = &interface.name;
        if !interface.up {
            return Err(NetError::Down { interface: name.clone() });
        }
        let (mut capture, precision) = match activate(name, options, pcap::Precision::Nano) {
            Ok(capture) => (capture, Precision::Nano),
            Err(NetError::Capture { .. }) => {
                (activate(name, options, pcap::Precision::Micro)?, Precision::Micro)
            }
            Err(error) => return Err(error),
        };
        // libpcap opens its descriptors without it.
        super::descriptors::close_on_exec();
        let link = LinkType(u32::try_from(capture.get_datalink().0).unwrap_or_default());
        if let Some(filter) = &options.filter {
            capture.filter(filter, true).map_err(|error| refused("filter", name, &error))?;
        }
        Ok(Self {
            name: name.clone(),
            index: interface.index,
            mac: interface.address.mac(),
            capture,
            link,
            precision,
            dropped: 0,
            dropped_before: 0,
            promiscuous: options.promiscuous,
            filter: None,
            aligner: Aligner::default(),
        })
    }

    /// Opens a tap that hears nothing until it is [rebound](Self::rebind) to another interface of the same link type. Until
    /// then it is tied to `interface`. Needs `CAP_NET_RAW`.
    pub fn spare(interface: &Interface, options: &TapOptions) -> Result<Self, NetError> {
        let nothing = TapOptions { filter: Some(NOTHING.to_owned()), promiscuous: false, ..*options };
        let mut tap = Self::open(interface, &nothing)?;
        tap.promiscuous = options.promiscuous;
        tap.filter.clone_from(&options.filter);
        Ok(tap)
    }

    /// The interface's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kernel's number of the interface that it listens on, or did last.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// What the frames start with.
    pub fn link_type(&self) -> LinkType {
        self.link
    }

    /// How fine the stamps are.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Hands over frames that have arrived, at most `limit`, without waiting. Returns how many; zero when there are none.
    pub fn take(&mut self, limit: usize, mut each: impl FnMut(LiveFrame<'_>)) -> Result<usize, NetError> {
        let nano = self.precision == Precision::Nano;
        let now = SystemClock.moment();
        self.aligner.read_at(now);
        let aligner = &self.aligner;
        let own = self.mac.filter(|_| self.link == LinkType::ETHERNET);
        let taken = self.capture.dispatch(Some(limit), |packet| {
            let stamp = packet.header.ts;
            // With nanosecond precision the field called tv_usec holds nanoseconds.
            let fraction = u32::try_from(stamp.tv_usec).unwrap_or(0);
            let nanoseconds = if nano { fraction } else { fraction.saturating_mul(1000) };
            let time = Timestamp::new(stamp.tv_sec, nanoseconds);
            each(LiveFrame {
                at: aligner.align(time),
                time,
                data: packet.data,
                original_len: packet.header.len,
                direction: own.map(|own| direction(own, packet.data)),
            });
        });
        match taken {
            Ok(count) => {
                if count < limit {
                    self.aligner.nothing_left(now.at);
                }
                Ok(count)
            }
            Err(pcap::Error::PcapError(text))
                if text.contains("went down") || text.contains("disappeared") =>
            {
                Err(NetError::Down { interface: self.name.clone() })
            }
            Err(error) => Err(refused("receive from", &self.name, &error)),
        }
    }

    /// How many frames passed the filter and were lost because the ring was full, since it was opened.
    pub fn dropped(&mut self) -> Result<u64, NetError> {
        let seen =
            self.capture.stats().map_err(|error| refused("read the statistics of", &self.name, &error))?;
        let new = seen.dropped.wrapping_sub(self.dropped_before);
        self.dropped_before = seen.dropped;
        self.dropped = self.dropped.saturating_add(u64::from(new));
        Ok(self.dropped)
    }

    /// Ties the tap to another interface of the same link type, such as one that was made anew. Takes no rights.
    pub fn rebind(&mut self, interface: &Interface) -> Result<(), NetError> {
        let fail = |source| NetError::io("listen on", &interface.name, source);
        // pnet binds a second descriptor of the same socket, turns promiscuous there, and closes it again.
        let twin = self.capture.as_fd().try_clone_to_owned().map_err(fail)?;
        let there = datalink::NetworkInterface {
            name: interface.name.clone(),
            description: String::new(),
            index: interface.index,
            mac: None,
            ips: Vec::new(),
            flags: 0,
        };
        let config = datalink::Config {
            promiscuous: self.promiscuous,
            socket_fd: Some(twin.into_raw_fd()),
            ..datalink::Config::default()
        };
        datalink::channel(&there, config).map(drop).map_err(fail)?;
        // The interface before may have left an error behind, which whatever is done next would be given.
        let _ = getsockopt(&self.capture, sockopt::SocketError);
        if let Some(filter) = &self.filter {
            self.capture.filter(filter, true).map_err(|error| refused("filter", &interface.name, &error))?;
            self.filter = None;
        }
        self.renamed(interface);
        Ok(())
    }

    /// The interface has another name now.
    pub fn renamed(&mut self, interface: &Interface) {
        self.name.clone_from(&interface.name);
        self.index = interface.index;
        self.mac = interface.address.mac();
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.capture.as_fd()
    }
}

/// What ended a [`wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// One of the descriptors has something to read, or an error to fetch.
    Ready,
    /// The deadline passed, or a signal interrupted.
    Timeout,
    /// Nobody reads what is written to the output.
    OutputGone,
}

/// Waits until one of `readable` is so, until whoever reads `output` goes away, or until `deadline` (for ever when `None`).
pub fn wait<'a>(
    readable: impl Iterator<Item = BorrowedFd<'a>>,
    output: BorrowedFd<'a>,
    deadline: Option<Instant>,
) -> Result<Woken, nix::Error> {
    let mut watched = vec![PollFd::new(output, PollFlags::empty())];
    watched.extend(readable.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
    match ppoll(&mut watched, deadline.map(time_left), None) {
        Ok(0) | Err(nix::Error::EINTR) => return Ok(Woken::Timeout),
        Ok(_) => {}
        Err(errno) => return Err(errno),
    }
    let gone = |fd: &PollFd<'_>| fd.revents().is_some_and(|seen| seen.contains(PollFlags::POLLERR));
    Ok(if watched.first().is_some_and(gone) { Woken::OutputGone } else { Woken::Ready })
}

fn activate(
    name: &str,
    options: &TapOptions,
    precision: pcap::Precision,
) -> Result<Capture<Active>, NetError> {
    let fail = |error: pcap::Error| refused("open", name, &error);
    Capture::from_device(name)
        .map_err(fail)?
        .promisc(options.promiscuous)
        .snaplen(SNAPLEN)
        .buffer_size(i32::try_from(options.ring).unwrap_or(i32::MAX))
        .timeout(i32::try_from(LINGER.as_millis()).unwrap_or(i32::MAX))
        .precision(precision)
        .open()
        .map_err(fail)?
        .setnonblock()
        .map_err(fail)
}
