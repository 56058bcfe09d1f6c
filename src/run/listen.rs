//! Listening on interfaces for as long as it takes: taps in the order of what came, interfaces that go down, vanish and come
//! back, new ones that appear, and what was lost meanwhile.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;

use crate::net::NetError;
use crate::net::iface::{self, ARP_ETHERNET, Interface};
use crate::net::live::{LiveFrame, Tap, TapOptions, Woken, wait};
use crate::net::monitor::{LinkChange, LinkMonitor};
use crate::net::signals::Signals;
use crate::time::{Instant, Precision, Timestamp};
use crate::wire::frame::{Direction, LinkType};

/// The same where there are many rings: they share the memory of one batch.
const LEAST_BATCH: usize = 64;

/// What is meant when no interface is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// That of the default route, else the only usable one.
    Default,
    /// All that are up and that come up later; so many taps are opened in advance for those, with rings of so many bytes.
    All {
        /// Taps.
        spares: usize,
        /// Bytes of each one's ring.
        ring: usize,
    },
}

/// What is listened to, and how.
pub struct ListenPlan<'a> {
    /// The interfaces by name.
    pub interfaces: &'a [String],
    /// What is meant when none is named.
    pub unnamed: Unnamed,
    /// What the kernel lets through, in libpcap's language.
    pub filter: String,
    /// Take frames for other hardware addresses too.
    pub promiscuous: bool,
    /// Bytes of each ring, for so many interfaces.
    pub ring: &'a dyn Fn(usize) -> usize,
}

/// The state of an interface that is listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceState {
    /// It is up.
    Up,
    /// It is down.
    Down,
    /// It is not there any more.
    Gone,
}

/// A tap and what is known about its interface.
pub struct Listener {
    /// The interface as it was last seen.
    pub interface: Interface,
    /// Its state.
    pub state: InterfaceState,
    /// Frames lost because they were not taken in time.
    pub dropped: u64,
    /// Frames that the interfaces listened on here lost meanwhile.
    pub lost: u64,
    name: Arc<str>,
    tap: Tap,
    /// Frames that the interface had lost before it was listened on, and that those before it lost.
    lost_before: u64,
    lost_earlier: u64,
}

impl Listener {
    fn new(tap: Tap, interface: &Interface, lost_before: u64) -> Self {
        Self {
            interface: interface.clone(),
            state: InterfaceState::Up,
            dropped: 0,
            lost: 0,
            name: tap.name().into(),
            tap,
            lost_before,
            lost_earlier: 0,
        }
    }

    /// The interface's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the frames start with.
    pub fn link_type(&self) -> LinkType {
        self.tap.link_type()
    }

    /// How fine the stamps are.
    pub fn precision(&self) -> Precision {
        self.tap.precision()
    }

    /// Listens on another interface from now on.
    fn rebind(&mut self, interface: &Interface, monitor: &mut LinkMonitor) -> Result<(), NetError> {
        self.tap.rebind(interface)?;
        self.lost_before = monitor.lost(interface.index).unwrap_or(0);
        self.lost_earlier = self.lost;
        self.renamed(interface);
        Ok(())
    }

    fn renamed(&mut self, interface: &Interface) {
        self.tap.renamed(interface);
        self.interface = interface.clone();
        if *self.name != *interface.name {
            self.name = interface.name.as_str().into();
        }
    }
}

/// A frame and who heard it.
#[derive(Clone, Copy, Debug)]
pub struct HeardFrame<'a> {
    /// The place of the listener among [`Listeners::all`].
    pub listener: usize,
    /// The interface's name.
    pub name: &'a Arc<str>,
    /// What the frame starts with.
    pub link: LinkType,
    /// How fine its stamp is.
    pub precision: Precision,
    /// The frame.
    pub frame: LiveFrame<'a>,
}

/// What became of an interface; numbers are places among [`Listeners::all`].
#[derive(Debug)]
pub enum InterfaceChange {
    /// It is back.
    Back(usize),
    /// It went down.
    Down(usize),
    /// It vanished.
    Gone(usize),
    /// It is another one of that name, which is listened on now.
    Rebound(usize),
    /// An interface came up that is listened on from now on.
    Joined(String),
    /// An interface came up that cannot be listened on: the rights for it were given up.
    LeftOut(String),
    /// The system refused.
    Refused(NetError),
}

/// Arrival, stamp, listener, place in the bytes, length on the wire, direction.
type Taken = (Instant, Timestamp, usize, std::ops::Range<usize>, u32, Option<Direction>);

/// Every interface that is listened on.
pub struct Listeners {
    /// One each.
    pub all: Vec<Listener>,
    /// What the user wants.
    pub signals: Signals,
    monitor: LinkMonitor,
    spares: Vec<Tap>,
    /// No interface was named: all are meant.
    every: bool,
    /// Interfaces that came up and are not listened on.
    left_out: Vec<String>,
    /// Frames of several rings, on their way to being put in order.
    order: Vec<Taken>,
    bytes: Vec<u8>,
}

impl Listeners {
    /// Opens what the plan names. Of interfaces that were not named, those that cannot be opened are left out and come back as
    /// errors. Needs `CAP_NET_RAW`.
    ///
    /// # Errors
    ///
    /// When none can be opened, or not one that was named.
    pub fn open(plan: &ListenPlan<'_>) -> Result<(Self, Vec<NetError>), NetError> {
        let signals = Signals::termination()?;
        let mut monitor = LinkMonitor::open()?;
        let there = monitor.links()?;
        let mut wanted: Vec<Interface> = Vec::new();
        for name in plan.interfaces {
            let found = iface::choose(&there, Some(name))?;
            if !wanted.iter().any(|other| other.index == found.index) {
                wanted.push(found.clone());
            }
        }
        let every = plan.interfaces.is_empty() && plan.unnamed != Unnamed::Default;
        if every {
            wanted = there.iter().filter(|interface| interface.up).cloned().collect();
        } else if plan.interfaces.is_empty() {
            wanted.push(iface::choose(&iface::interfaces()?, None)?.clone());
        }
        if wanted.is_empty() {
            return Err(NetError::NoneUp);
        }
        let options = TapOptions {
            filter: Some(plan.filter.clone()),
            promiscuous: plan.promiscuous,
            ring: (plan.ring)(wanted.len()),
        };
        let (mut all, mut spares, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for interface in &wanted {
            match Tap::open(interface, &options) {
                Ok(tap) => {
                    let ethernet = tap.link_type() == LinkType::ETHERNET;
                    all.push(Listener::new(tap, interface, monitor.lost(interface.index).unwrap_or(0)));
                    if let Unnamed::All { spares: count, ring } = plan.unnamed
                        && every
                        && spares.is_empty()
                        && ethernet
                    {
                        let options = TapOptions { ring, ..options.clone() };
                        spares.extend((0..count).map_while(|_| Tap::spare(interface, &options).ok()));
                    }
                }
                Err(error @ (NetError::Capture { .. } | NetError::Down { .. })) if every => {
                    refused.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        if all.is_empty()
            && let Some(last) = refused.pop()
        {
            return Err(last);
        }
        let listeners = Self {
            all,
            signals,
            monitor,
            spares,
            every,
            left_out: Vec::new(),
            order: Vec::new(),
            bytes: Vec::new(),
        };
        Ok((listeners, refused))
    }

    /// The interfaces' names.
    pub fn names(&self) -> Vec<String> {
        self.all.iter().map(|listener| listener.name.to_string()).collect()
    }

    /// Takes frames out of every ring, at most about `limit` in all, without waiting, and shows them in the order in which they
    /// came. Gives their number. What became of an interface that is down is for [`changes`](Self::changes) to tell.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn take(&mut self, limit: usize, mut each: impl FnMut(HeardFrame<'_>)) -> Result<usize, NetError> {
        if let [only] = self.all.as_mut_slice() {
            let Listener { name, tap, .. } = only;
            let (link, precision) = (tap.link_type(), tap.precision());
            return take(tap, limit, |frame| each(HeardFrame { listener: 0, name, link, precision, frame }));
        }
        let Self { all, order, bytes, .. } = self;
        order.clear();
        bytes.clear();
        let limit = limit.checked_div(all.len()).unwrap_or(limit).max(LEAST_BATCH);
        let mut taken = 0_usize;
        for (index, listener) in all.iter_mut().enumerate() {
            let count = take(&mut listener.tap, limit, |frame| {
                let start = bytes.len();
                bytes.extend_from_slice(frame.data);
                let place = start..bytes.len();
                order.push((frame.at, frame.time, index, place, frame.original_len, frame.direction));
            })?;
            taken = taken.saturating_add(count);
        }
        order.sort_by_key(|(at, ..)| *at);
        for (at, time, index, place, original_len, direction) in order.drain(..) {
            let (Some(listener), Some(data)) = (all.get(index), bytes.get(place)) else { continue };
            each(HeardFrame {
                listener: index,
                name: &listener.name,
                link: listener.tap.link_type(),
                precision: listener.tap.precision(),
                frame: LiveFrame { at, time, data, original_len, direction },
            });
        }
        Ok(taken)
    }

    /// Waits until something came or happened, `other` can be read, nobody reads `output` any more, or until `deadline`.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn wait(
        &self,
        deadline: Option<Instant>,
        other: Option<BorrowedFd<'_>>,
        output: BorrowedFd<'_>,
    ) -> Result<Woken, NetError> {
        let listening = self.all.iter().filter(|listener| listener.state != InterfaceState::Gone);
        let watched = listening
            .map(|listener| listener.tap.as_fd())
            .chain([self.signals.as_fd(), self.monitor.as_fd()])
            .chain(other);
        wait(watched, output, deadline).map_err(|errno| NetError::io("wait for", "packets", errno))
    }

    /// Hears what became of the interfaces, and follows them.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn changes(&mut self) -> Result<Vec<InterfaceChange>, NetError> {
        let (mut happened, mut told) = (Vec::new(), Vec::new());
        self.monitor.changes(|change| happened.push(change))?;
        for change in happened {
            match change {
                LinkChange::Gone(interface) => {
                    let here = |listener: &Listener| listener.interface.index == interface.index;
                    if let Some(index) = self.all.iter().position(here) {
                        self.set(index, InterfaceState::Gone, &mut told);
                    }
                    self.left_out.retain(|name| *name != interface.name);
                }
                LinkChange::Is(interface) => {
                    let known = self.all.iter().position(|listener| {
                        let here = listener.state != InterfaceState::Gone
                            && listener.interface.index == interface.index;
                        here || *listener.name == interface.name
                    });
                    match known {
                        Some(index) => self.appeared(index, &interface, &mut told),
                        None => self.strange(&interface, &mut told),
                    }
                }
            }
        }
        Ok(told)
    }

    /// An interface that is listened on is there, perhaps again.
    fn appeared(&mut self, index: usize, interface: &Interface, told: &mut Vec<InterfaceChange>) {
        let Some(listener) = self.all.get_mut(index) else { return };
        if interface.index == listener.interface.index {
            listener.renamed(interface);
        } else {
            if !interface.up {
                return;
            }
            if let Err(error) = listener.rebind(interface, &mut self.monitor) {
                told.push(InterfaceChange::Refused(error));
                return;
            }
            listener.state = InterfaceState::Gone;
            told.push(InterfaceChange::Rebound(index));
        }
        self.set(index, if interface.up { InterfaceState::Up } else { InterfaceState::Down }, told);
    }

    fn set(&mut self, index: usize, state: InterfaceState, told: &mut Vec<InterfaceChange>) {
        let Some(listener) = self.all.get_mut(index) else { return };
        if std::mem::replace(&mut listener.state, state) != state {
            told.push(match state {
                InterfaceState::Up => InterfaceChange::Back(index),
                InterfaceState::Down => InterfaceChange::Down(index),
                InterfaceState::Gone => InterfaceChange::Gone(index),
            });
        }
    }

    /// An interface that nobody listens on came up, or changed otherwise.
    fn strange(&mut self, interface: &Interface, told: &mut Vec<InterfaceChange>) {
        if !self.every || !interface.up || self.left_out.contains(&interface.name) {
            return;
        }
        let change = match self.adopt(interface) {
            Ok(true) => return told.push(InterfaceChange::Joined(interface.name.clone())),
            Ok(false) => InterfaceChange::LeftOut(interface.name.clone()),
            Err(error) => InterfaceChange::Refused(error),
        };
        self.left_out.push(interface.name.clone());
        told.push(change);
    }

    /// Listens on a new interface through a spare tap, or that of an interface that is gone. False when there is none for it.
    fn adopt(&mut self, interface: &Interface) -> Result<bool, NetError> {
        if interface.arp_type != ARP_ETHERNET {
            return Ok(false);
        }
        if let Some(tap) = self.spares.pop() {
            let mut listener = Listener::new(tap, interface, 0);
            let rebound = listener.rebind(interface, &mut self.monitor);
            match &rebound {
                Ok(()) => self.all.push(listener),
                Err(_) => self.spares.push(listener.tap),
            }
            return rebound.map(|()| true);
        }
        let free = |listener: &&mut Listener| {
            listener.state == InterfaceState::Gone && listener.tap.link_type() == LinkType::ETHERNET
        };
        let Some(listener) = self.all.iter_mut().find(free) else { return Ok(false) };
        listener.rebind(interface, &mut self.monitor)?;
        listener.state = InterfaceState::Up;
        Ok(true)
    }

    /// Looks for losses, so far as they can be read.
    pub fn look_for_losses(&mut self) {
        for listener in &mut self.all {
            if let Ok(dropped) = listener.tap.dropped() {
                listener.dropped = dropped;
            }
            if let Some(lost) = self.monitor.lost(listener.interface.index) {
                listener.lost =
                    listener.lost_earlier.saturating_add(lost.saturating_sub(listener.lost_before));
            }
        }
    }
}

fn take(tap: &mut Tap, limit: usize, each: impl FnMut(LiveFrame<'_>)) -> Result<usize, NetError> {
    match tap.take(limit, each) {
        Err(NetError::Down { .. }) => Ok(0),
        taken => taken,
    }
}
