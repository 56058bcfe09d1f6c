//! Listening and probing on interfaces, and the single look.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::hub::{Hub, Look, Seen, report};
use super::{Args, files};
use crate::cli::context::Context;
use crate::cli::exit::{Failure, Outcome};
use crate::engine::v4::provoke::{Granted, Outgoing, Plan, Provoke};
use crate::net::NetError;
use crate::net::iface::{self, Interface};
use crate::net::live::{LiveFrame, Tap, TapOptions, Woken, wait};
use crate::net::monitor::{LinkChange, LinkMonitor};
use crate::net::near::{self, Near};
use crate::net::sandbox::Needs;
use crate::net::sender::Sender;
use crate::net::signals::Signals;
use crate::time::{Clock as _, Instant, Moment, Precision};
use crate::wire::Mac;
use crate::wire::frame::{Ports, Walker, capture_filter};

/// Frames taken out of one ring at a time.
const BATCH: usize = 1024;
/// Memory of one ring.
const RING: usize = 4 << 20;
/// A ring gives frames away in blocks, a little after they came.
const LINGER: Duration = Duration::from_millis(25);

/// One interface.
struct Ear {
    name: Arc<str>,
    tap: Tap,
    sender: Option<Sender>,
    walker: Walker,
    mac: Option<Mac>,
    provoke: Option<Provoke>,
    working: bool,
    sent: u64,
    /// Why not everything that came was seen, one clause each.
    blind: Vec<String>,
    /// The way to a server on this very machine, when there is one.
    near: Option<Near>,
}

/// Every interface, and what is listened for.
pub(super) struct Ears {
    all: Vec<Ear>,
    signals: Signals,
    monitor: LinkMonitor,
    rng: Rng,
}

/// What a turn of the loop brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Time passed or frames came.
    On,
    /// The user wants to stop.
    Stop,
}

impl Ears {
    /// Opens the interfaces.
    pub(super) fn open(args: &Args) -> Result<Self, Failure> {
        let signals = Signals::termination().map_err(Failure::could_not_run)?;
        let mut monitor = LinkMonitor::open().map_err(Failure::could_not_run)?;
        let all = monitor.links().map_err(Failure::could_not_run)?;
        let mut wanted: Vec<&Interface> = Vec::new();
        for name in &args.interfaces {
            let found = iface::choose(&all, Some(name)).map_err(Failure::could_not_run)?;
            if !wanted.iter().any(|other| other.index == found.index) {
                wanted.push(found);
            }
        }
        let known = iface::interfaces().map_err(Failure::could_not_run)?;
        if args.interfaces.is_empty() {
            wanted.push(iface::choose(&known, None).map_err(Failure::could_not_run)?);
        }
        let mut ears = Vec::new();
        for interface in wanted {
            ears.push(Ear::open(interface, args)?);
        }
        Ok(Self { all: ears, signals, monitor, rng: Rng::new() })
    }

    /// The interfaces' names.
    pub(super) fn names(&self) -> Vec<String> {
        self.all.iter().map(|ear| ear.name.to_string()).collect()
    }

    /// How fine the stamps are.
    pub(super) fn precision(&self) -> Precision {
        self.all.first().map_or(Precision::Nano, |ear| ear.tap.precision())
    }

    /// Begins to provoke on every interface. What still goes on is left to end.
    pub(super) fn provoke(&mut self, args: &Args, now: Instant) {
        let interfaces = iface::interfaces().unwrap_or_default();
        for ear in self.all.iter_mut().filter(|ear| ear.working && !ear.is_provoking(now)) {
            let Some(mac) = ear.mac else { continue };
            let here = interfaces.iter().find(|interface| interface.name == *ear.name);
            let v4 = |(ip, _): &(std::net::IpAddr, u8)| match ip {
                std::net::IpAddr::V4(ip) => Some(*ip),
                std::net::IpAddr::V6(_) => None,
            };
            let plan = Plan {
                wait: args.wait(),
                rounds: args.rounds,
                mac,
                own_mac: args.own_mac,
                addresses: here
                    .map(|here| here.addresses.iter().filter_map(v4).collect())
                    .unwrap_or_default(),
                vlans: args.vlan.clone().unwrap_or_default().0,
            };
            match &mut ear.provoke {
                Some(provoke) => provoke.again(plan),
                None => ear.provoke = Some(Provoke::new(plan, self.rng.fork())),
            }
        }
    }

    /// Ends provoking early: what was taken is given back.
    pub(super) fn stop(&mut self, now: Instant) {
        for ear in &mut self.all {
            if let Some(provoke) = &mut ear.provoke {
                provoke.stop(now);
            }
        }
    }

    /// True while something is sent or waited for.
    pub(super) fn is_provoking(&self, now: Instant) -> bool {
        self.all.iter().any(|ear| ear.is_provoking(now))
    }

    /// What was granted and could not be given back, and how many grants more.
    pub(super) fn kept(&self) -> (Vec<Granted>, u64) {
        let provoking = || self.all.iter().filter_map(|ear| ear.provoke.as_ref());
        let kept = provoking().flat_map(Provoke::kept).copied().collect();
        (kept, provoking().fold(0, |sum, provoke| sum.saturating_add(provoke.overlooked())))
    }

    /// Frames lost so far because they came faster than they were taken.
    pub(super) fn lost(&mut self) -> u64 {
        self.all.iter_mut().fold(0, |sum, ear| sum.saturating_add(ear.tap.dropped().unwrap_or(0)))
    }

    /// Why not everything was seen.
    pub(super) fn blind(&mut self) -> Vec<String> {
        let mut blind: Vec<String> = self.all.iter().flat_map(|ear| ear.blind.iter().cloned()).collect();
        let lost = self.lost();
        if lost > 0 {
            blind.push(format!("{lost} frames came faster than they were taken and are lost"));
        }
        for ear in self.all.iter().filter(|ear| ear.provoke.is_some() && ear.sent == 0) {
            blind.push(format!("nothing could be sent through {}", ear.name));
        }
        blind
    }

    /// Why a server may be there although nobody was heard.
    pub(super) fn silence(&self) -> Option<String> {
        let ear = self.all.iter().find(|ear| ear.near.is_some())?;
        Some(format!(
            "a server on this very machine has UDP port 67 open, and what leaves through {} need not reach it: \
             ask from another machine",
            ear.name
        ))
    }

    /// Frames sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.all.iter().fold(0, |sum, ear| sum.saturating_add(ear.sent))
    }

    /// A random part of up to a tenth of `interval`, either way.
    pub(super) fn jitter(&mut self, interval: Duration) -> Duration {
        let tenth = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).checked_div(10).unwrap_or(0);
        let moved = Duration::from_nanos(self.rng.u64(0..=tenth.saturating_mul(2)));
        interval.saturating_sub(Duration::from_nanos(tenth)).saturating_add(moved)
    }

    /// Sends what is due at `now`.
    pub(super) fn send(&mut self, now: Instant, hub: &mut Hub, cx: &Context) {
        for ear in &mut self.all {
            ear.send(now, hub, cx);
        }
    }

    /// Waits until something happens, something is to be sent, or `deadline`, and takes what came.
    /// Returns at once when `other` can be read.
    pub(super) fn turn(
        &mut self,
        deadline: Instant,
        other: Option<BorrowedFd<'_>>,
        hub: &mut Hub,
        cx: &Context,
    ) -> Result<Turn, Failure> {
        let sending = self.all.iter().filter_map(|ear| ear.provoke.as_ref()?.deadline());
        self.wait(sending.chain([deadline]).min().unwrap_or(deadline), other)?;
        for ear in &mut self.all {
            ear.take(hub, cx)?;
        }
        self.hear(cx)?;
        Ok(if self.signals.next().is_some() { Turn::Stop } else { Turn::On })
    }

    fn wait(&self, until: Instant, other: Option<BorrowedFd<'_>>) -> Result<(), Failure> {
        let listening = self.all.iter().filter(|ear| ear.working).map(|ear| ear.tap.as_fd());
        let watched = listening.chain([self.signals.as_fd(), self.monitor.as_fd()]).chain(other);
        let stdout = io::stdout();
        let woken = wait(watched, stdout.as_fd(), Some(until))
            .map_err(|errno| Failure::could_not_run(NetError::io("wait for", "packets", errno)))?;
        if woken == Woken::OutputGone {
            return Err(Failure::output(&io::ErrorKind::BrokenPipe.into()));
        }
        Ok(())
    }

    /// Hears what became of the interfaces.
    fn hear(&mut self, cx: &Context) -> Result<(), Failure> {
        let mut changes = Vec::new();
        self.monitor.changes(|change| changes.push(change)).map_err(Failure::could_not_run)?;
        for change in changes {
            let (interface, there) = match change {
                LinkChange::Gone(interface) => (interface, false),
                LinkChange::Is(interface) => (interface, true),
            };
            let Some(ear) = self.all.iter_mut().find(|ear| *ear.name == interface.name) else { continue };
            if there && interface.up {
                ear.revive(&interface, cx);
            } else if there || interface.index == ear.tap.index() {
                ear.fail(if there { "is down" } else { "is gone" }, cx);
            }
        }
        Ok(())
    }
}

impl Ear {
    fn open(interface: &Interface, args: &Args) -> Result<Self, Failure> {
        let ports = Ports::default();
        let filter = format!("arp or {}", capture_filter(&ports));
        let options = TapOptions { filter: Some(filter), promiscuous: true, ring: RING };
        let tap = Tap::open(interface, &options).map_err(Failure::could_not_run)?;
        let mac = interface.address.mac();
        if mac.is_none() && !args.passive {
            return Err(Failure::could_not_run(format_args!(
                "cannot ask on {}: it has no Ethernet address; listen with --passive",
                interface.name
            )));
        }
        if !interface.carrier && !args.passive && !args.watch {
            return Err(Failure::could_not_run(format_args!(
                "cannot ask on {}: no carrier; is the cable plugged in and the other end up?",
                interface.name
            )));
        }
        let sender = if args.passive {
            None
        } else {
            Some(Sender::open(&interface.name).map_err(Failure::could_not_run)?)
        };
        Ok(Self {
            name: interface.name.as_str().into(),
            tap,
            sender,
            walker: Walker::new(ports),
            mac,
            provoke: None,
            working: true,
            sent: 0,
            blind: Vec::new(),
            near: if args.passive || !near::is_server_here() {
                None
            } else {
                Near::open(&interface.name).ok()
            },
        })
    }

    /// Sends what is due.
    fn send(&mut self, now: Instant, hub: &mut Hub, cx: &Context) {
        let Some(provoke) = &mut self.provoke else { return };
        provoke.on_time(now);
        while let Some(Outgoing { frame, id }) = provoke.poll_transmit() {
            let Some(sender) = &self.sender else { continue };
            match sender.send(&frame) {
                Ok(()) => {
                    self.sent = self.sent.saturating_add(1);
                    provoke.on_sent(id);
                    if let (Some(near), Some(own)) = (&self.near, self.mac) {
                        near.pass(&frame, own);
                    }
                }
                Err(NetError::Down { .. }) => {}
                Err(error) => cx.warn(&error.to_string()),
            }
        }
        hub.findings(Some(&self.name), provoke);
    }

    /// Something is still to be sent or waited for.
    fn is_provoking(&self, now: Instant) -> bool {
        self.working && self.provoke.as_ref().is_some_and(|provoke| !provoke.is_over(now))
    }

    /// Takes what came.
    fn take(&mut self, hub: &mut Hub, cx: &Context) -> Result<(), Failure> {
        let Self { name, tap, walker, provoke, .. } = self;
        let link = tap.link_type();
        let taken = tap.take(BATCH, |frame: LiveFrame<'_>| {
            let seen = Seen {
                when: Moment { at: frame.at, time: frame.time },
                interface: Some(name),
                link,
                data: frame.data,
                original_len: frame.original_len,
            };
            hub.frame(&seen, walker, provoke.as_mut());
        });
        match taken {
            Ok(_) => Ok(()),
            Err(NetError::Down { .. }) => {
                self.fail("is down", cx);
                Ok(())
            }
            Err(error) => Err(Failure::could_not_run(error)),
        }
    }

    fn fail(&mut self, what: &str, cx: &Context) {
        if std::mem::replace(&mut self.working, false) {
            cx.warn(&format!("{} {what}", self.name));
            let clause = format!("{} {what} or was for a while", self.name);
            if !self.blind.contains(&clause) {
                self.blind.push(clause);
            }
        }
    }

    fn revive(&mut self, interface: &Interface, cx: &Context) {
        if interface.index != self.tap.index() {
            let rebound =
                self.tap.rebind(interface).and_then(|()| self.sender.iter().try_for_each(Sender::rebind));
            if let Err(error) = rebound {
                cx.warn(&error.to_string());
                return;
            }
            self.mac = interface.address.mac();
        }
        if !std::mem::replace(&mut self.working, true) {
            cx.warn(&format!("{} is back", self.name));
        }
    }
}

/// Gives up what is not needed any more.
pub(super) fn confine(args: &Args, cx: &Context) -> Result<(), Failure> {
    let written = [&args.learn, &args.state, &args.prometheus];
    let create_in: Vec<_> = written.into_iter().flatten().map(|path| files::folder(path)).collect();
    if let Some(missing) = create_in.iter().find(|folder| !folder.is_dir()) {
        return Err(Failure::could_not_run(format_args!(
            "cannot write to {}: no such folder",
            missing.display()
        )));
    }
    args.confine.confine(&Needs { create_in, ..Needs::default() }, cx)
}

/// One look: probes or listens until the wait is over, and judges.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let mut hub = Hub::new(args, cx)?;
    let mut ears = Ears::open(args)?;
    args.confine.give_up(cx)?;
    confine(args, cx)?;
    let start = cx.clock.now();
    if !args.passive {
        ears.provoke(args, start);
    }
    let mut end = start.after(args.wait()).after(LINGER);
    loop {
        let now = cx.clock.now();
        ears.send(now, &mut hub, cx);
        if now >= end && !ears.is_provoking(now) {
            break;
        }
        let until = if now < end { end } else { now.after(LINGER) };
        if ears.turn(until, None, &mut hub, cx)? == Turn::Stop {
            ears.stop(now);
            end = now;
        }
        hub.heard.clear();
    }
    let names = ears.names();
    let (kept, overlooked) = ears.kept();
    let (lost, blind) = (ears.lost(), ears.blind());
    let look = Look {
        lost,
        blind,
        silence: ears.silence(),
        kept: &kept,
        overlooked,
        interfaces: &names,
        sent: ears.sent(),
        waited: Some(cx.clock.now().since(start)),
        precision: ears.precision(),
        asked: !args.passive,
    };
    report(&mut hub, &look, args, cx)
}
