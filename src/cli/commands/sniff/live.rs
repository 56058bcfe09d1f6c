//! The loop of `dhcptool sniff`.
//!
//! One thread: frames are taken out of the rings in batches, walked and rendered into memory; the batch is written to the
//! file, then shown. The rings are the buffer against everything that takes its time.

use std::io;
use std::ops::Range;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;

use super::Args;
use crate::capture::{CaptureError, Format, Frame, FrameOut, Losses, RotatingWriter, Rotation};
use crate::cli::analyst::Look;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::flat::{self, Table};
use crate::cli::flags::keep;
use crate::cli::joining::Joining;
use crate::cli::stream::{Page, Stream, View};
use crate::interrupt;
use crate::net::NetError;
use crate::net::iface::{self, ARP_ETHERNET, Interface};
use crate::net::live::{LiveFrame, Tap, TapOptions, Woken, wait};
use crate::net::monitor::{LinkChange, LinkMonitor};
use crate::net::sandbox::Needs;
use crate::net::signals::Signals;
use crate::output::flat::columns;
use crate::time::{Clock as _, Instant, Precision, Timestamp};
use crate::wire::frame::{Direction, LinkType, capture_filter};

/// Frames taken out of one ring at a time.
const BATCH: usize = 1024;
/// The same where there are many rings: they share the memory of one batch.
const LEAST_BATCH: usize = 64;
/// What is rendered is shown when it is so many bytes, even inside a batch.
const PART: usize = 4 << 20;
/// The memory of all rings together, and the least and most of one: a fifth of a second of 600,000 frames a second
/// where packets are shown, half of that where they are only written.
const RINGS: usize = 128 << 20;
const LEAST_RING: usize = 2 << 20;
const MOST_RING: usize = 64 << 20;
/// Taps for interfaces that come up later, opened while there are rights to.
const SPARES: usize = 4;
/// How often losses are looked for while frames come.
const LOOK: Duration = Duration::from_secs(1);
/// How long after the end the rings may still give away blocks that were begun before it.
const SETTLE: Duration = Duration::from_millis(60);

pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let to_stdout = args.write.as_deref() == Some(Path::new("-"));
    let rotation = rotation(args, to_stdout)?;
    args.analysis.check()?;
    let (rows, told) = if args.analysis.is_wanted() {
        args.select.refuse_numbers()?;
        (None, args.analysis.rows(&args.flat, cx)?)
    } else {
        (args.flat.rows(&columns::PACKET, cx)?, None)
    };
    let mut table = told.as_ref().map(Table::new);
    let look = Look { json: cx.common.json, color: cx.out.color(), width: cx.out.columns(), live: true };
    let joining = if args.analysis.is_wanted() {
        let vendors = args.analysis.vendors.open(&args.confine, cx)?;
        Some(Joining::new(&args.select, &args.analysis, look, told, vendors)?)
    } else {
        None
    };
    let view = if args.write_only || joining.is_some() {
        View::Nothing
    } else if rows.is_some() {
        keep::view_beside(args.write.as_deref(), View::Rows)?
    } else {
        keep::view_beside(args.write.as_deref(), View::new(cx.common.json, cx.common.verbose))?
    };
    let mut stream =
        Stream::new(&args.select, view, Page::new(&cx.out, args.select.wide, args.interfaces.len() != 1))?;
    if let Some(rows) = rows.as_ref().filter(|_| view == View::Rows) {
        table = Some(Table::new(rows));
    }
    stream.renderer.set_rows(rows);
    stream.renderer.set_remarks(args.write.is_some());
    let signals = Signals::termination().map_err(Failure::could_not_run)?;
    let mut monitor = LinkMonitor::open().map_err(Failure::could_not_run)?;
    let (mut taps, spares) = open(args, &mut monitor, cx)?;
    args.confine.give_up(cx)?;
    let writer = match &args.write {
        Some(path) => {
            let announced = announced(&taps, path)?;
            let writer = RotatingWriter::create(path, rotation, announced, cx.clock.time());
            Some(writer.map_err(|error| failed(&error))?)
        }
        None => None,
    };
    let folder = args.write.as_deref().filter(|_| rotation.is_wanted()).map(folder_of);
    args.confine.confine(&Needs { create_in: folder.into_iter().collect(), ..Needs::default() }, cx)?;

    let names: Vec<&str> = taps.iter().map(|tap| tap.tap.name()).collect();
    cx.note(&format!("listening on {}", names.join(", ")));
    let stop_at = args.duration.map(|duration| cx.clock.now().after(duration));
    let mut sniffer = Sniffer {
        order: Vec::new(),
        bytes: Vec::new(),
        sink: Sink {
            stream,
            joining,
            table,
            writer,
            received: 0,
            until: None,
            late: false,
            failure: None,
            abandoned: None,
            stuck: None,
        },
        monitor,
        signals,
        stop_at,
        every: args.interfaces.is_empty(),
        spares,
        looked: cx.clock.now(),
        now_and_then: cx.clock.now(),
        received_when_looked: 0,
        told: Vec::new(),
    };
    let ended = sniffer.listen(&mut taps, cx);
    let verdict = sniffer.sink.conclude(cx);
    // Even when the output cannot take it any more, the file may.
    let flushed = sniffer.sink.flush_file();
    sniffer.look_for_losses(&mut taps, cx);
    let losses = if flushed.is_ok() { sniffer.sink.write_losses(&taps, cx.clock.time()) } else { Ok(()) };
    ended?;
    flushed?;
    losses?;
    if let Some(table) = sniffer.sink.table.as_mut().filter(|_| sniffer.sink.abandoned.is_none()) {
        table.end(cx)?;
    }
    sniffer.summarise(&taps, cx);
    let verdict = verdict?;
    sniffer.sink.abandoned.map_or(Ok(verdict), Err)
}

fn rotation(args: &Args, to_stdout: bool) -> Result<Rotation, Failure> {
    let rotation = Rotation {
        size: args.rotate_size,
        every: args.rotate_every,
        keep: args.keep.and_then(|keep| usize::try_from(keep).ok()),
    };
    if to_stdout && rotation.is_wanted() {
        return Err(Failure::usage("standard output cannot be rotated: give --write a file name"));
    }
    if args.keep.is_some() && !rotation.is_wanted() {
        return Err(Failure::usage("--keep needs --rotate-size or --rotate-every"));
    }
    Ok(rotation)
}

/// The folder in which files like `path` are created.
fn folder_of(path: &Path) -> std::path::PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => Path::new(".").to_owned(),
    }
}

/// What will come, for the heads of files. A pcap file holds one link type only.
fn announced(taps: &[Listener], path: &Path) -> Result<Vec<(LinkType, Precision, String)>, Failure> {
    let all: Vec<_> = taps
        .iter()
        .map(|tap| (tap.tap.link_type(), tap.tap.precision(), tap.tap.name().to_owned()))
        .collect();
    let one_link = all.windows(2).all(|pair| matches!(pair, [a, b] if a.0 == b.0));
    if Format::of_path(path) == Format::Pcap && !one_link {
        return Err(Failure::usage(
            "the interfaces have different link types, which pcap cannot hold: write a .pcapng file",
        ));
    }
    Ok(all)
}

fn failed(error: &CaptureError) -> Failure {
    match error {
        CaptureError::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
            Failure::output(source)
        }
        _ => Failure::could_not_run(error),
    }
}

/// A tap and what is known about its interface.
struct Listener {
    tap: Tap,
    state: State,
    /// Frames that the interface had lost before it was listened on; that interfaces listened on before it lost; and that
    /// all of them lost while they were listened on.
    lost_before: u64,
    lost_earlier: u64,
    lost: u64,
    dropped: u64,
    warned: bool,
    warned_interface: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Down,
    Gone,
}

impl Listener {
    fn new(tap: Tap, lost_before: u64) -> Self {
        Self {
            tap,
            state: State::Up,
            lost_before,
            lost_earlier: 0,
            lost: 0,
            dropped: 0,
            warned: false,
            warned_interface: false,
        }
    }

    /// Listens on another interface from now on.
    fn rebind(&mut self, interface: &Interface, monitor: &mut LinkMonitor) -> Result<(), NetError> {
        self.tap.rebind(interface)?;
        self.lost_before = monitor.lost(interface.index).unwrap_or(0);
        self.lost_earlier = self.lost;
        Ok(())
    }
}

/// Opens what was asked for. When nothing was named, what cannot be opened is left out, and there are spare taps for
/// interfaces that come later.
fn open(args: &Args, monitor: &mut LinkMonitor, cx: &Context) -> Result<(Vec<Listener>, Vec<Tap>), Failure> {
    let all = monitor.links().map_err(Failure::could_not_run)?;
    let mut wanted: Vec<&Interface> = Vec::new();
    for name in &args.interfaces {
        let found = iface::choose(&all, Some(name)).map_err(Failure::could_not_run)?;
        if !wanted.iter().any(|other| other.index == found.index) {
            wanted.push(found);
        }
    }
    if args.interfaces.is_empty() {
        wanted = all.iter().filter(|interface| interface.up).collect();
    }
    if wanted.is_empty() {
        return Err(Failure::could_not_run("no interface is up; bring one up with: ip link set IFACE up"));
    }
    let most = if args.write_only { MOST_RING >> 1 } else { MOST_RING };
    let ring = RINGS.checked_div(wanted.len()).unwrap_or(RINGS).clamp(LEAST_RING, most);

    let mut filter = capture_filter(&args.select.wanted());
    if args.analysis.is_wanted() {
        // Who holds an address, and who looks for it.
        filter.push_str(" or arp or (icmp and (icmp[0] = 0 or icmp[0] = 8))");
    }
    let options = TapOptions { filter: Some(filter), promiscuous: !args.no_promiscuous, ring };
    let mut taps = Vec::new();
    let mut spares = Vec::new();
    let mut last = None;
    for interface in wanted {
        match Tap::open(interface, &options) {
            Ok(tap) => {
                let ethernet = tap.link_type() == LinkType::ETHERNET;
                taps.push(Listener::new(tap, monitor.lost(interface.index).unwrap_or(0)));
                if args.interfaces.is_empty() && spares.is_empty() && ethernet {
                    let options = TapOptions { ring: LEAST_RING, ..options.clone() };
                    spares.extend((0..SPARES).map_while(|_| Tap::spare(interface, &options).ok()));
                }
            }
            Err(error @ (NetError::Capture { .. } | NetError::Down { .. })) if args.interfaces.is_empty() => {
                cx.warn(&error.to_string());
                last = Some(error);
            }
            Err(error) => return Err(Failure::could_not_run(error)),
        }
    }
    match last {
        Some(error) if taps.is_empty() => Err(Failure::could_not_run(error)),
        _ => Ok((taps, spares)),
    }
}

/// Where frames go.
struct Sink<'a> {
    stream: Stream,
    /// Exchanges are shown instead of packets.
    joining: Option<Joining<'a>>,
    /// What stands around flat rows.
    table: Option<Table>,
    writer: Option<RotatingWriter>,
    received: u64,
    /// Frames stamped after this moment do not count any more.
    until: Option<Instant>,
    /// Such a frame was met.
    late: bool,
    failure: Option<CaptureError>,
    /// Why nothing is shown or written any more: the user wants to end, and nobody took it.
    abandoned: Option<Failure>,
    /// What failed in the middle of a batch.
    stuck: Option<Failure>,
}

impl Sink<'_> {
    #[inline]
    fn frame(&mut self, link: LinkType, precision: Precision, interface: &str, frame: LiveFrame<'_>) {
        if self.until.is_some_and(|until| frame.at > until) {
            self.late = true;
            return;
        }
        if self.failure.is_some() || self.stream.is_done() {
            return;
        }
        self.received = self.received.saturating_add(1);
        let frame = Frame {
            number: self.received,
            time: Some(frame.time),
            precision,
            link,
            interface: None,
            interface_name: Some(interface),
            direction: frame.direction,
            comment: None,
            data: frame.data,
            original_len: frame.original_len,
            offset: 0,
        };
        let keep = self.stream.live_frame(&frame);
        if let Some(joining) = &mut self.joining {
            joining.frame(&frame);
        }
        if let Some(writer) = &mut self.writer
            && keep
            && let Err(error) =
                writer.write(&FrameOut { comment: self.stream.renderer.remark(), ..FrameOut::from(frame) })
        {
            self.failure = Some(error);
        }
    }

    /// Writes what is known about losses to the end of the file.
    fn write_losses(&mut self, taps: &[Listener], now: Timestamp) -> Result<(), Failure> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for listener in taps {
            let (tap, losses) =
                (&listener.tap, Losses { kernel: listener.dropped, interface: listener.lost });
            let written = writer.losses(tap.link_type(), tap.precision(), tap.name(), now, losses);
            written.map_err(|error| failed(&error))?;
        }
        writer.flush().map_err(|error| failed(&error))
    }

    /// Shows what was rendered, once it is much. A failure waits for the end of the batch.
    fn relieve(&mut self, cx: &mut Context) {
        if self.stream.renderer.bytes().len() >= PART && self.stuck.is_none() {
            self.stuck = self.flush(cx).err();
        }
    }

    fn flush_file(&mut self) -> Result<(), Failure> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let result = match self.failure.take() {
            Some(error) => Err(error),
            None => writer.flush(),
        };
        match result {
            Err(error) if interrupt::has_given_up() => {
                self.writer = None;
                self.abandoned = Some(failed(&error));
                Ok(())
            }
            other => other.map_err(|error| failed(&error)),
        }
    }

    /// Writes, then shows.
    fn flush(&mut self, cx: &mut Context) -> Result<(), Failure> {
        if let Some(failure) = self.stuck.take() {
            return Err(failure);
        }
        self.flush_file()?;
        let bytes = match &mut self.joining {
            Some(joining) => {
                joining.settle(cx.clock.time());
                joining.bytes()
            }
            None => self.stream.renderer.bytes(),
        };
        if bytes.is_empty() {
            return Ok(());
        }
        if self.abandoned.is_none() {
            match flat::show(self.table.as_mut(), bytes, cx) {
                Err(failure) if interrupt::has_given_up() => self.abandoned = Some(failure),
                other => other?,
            }
        }
        self.stream.renderer.clear();
        if let Some(joining) = &mut self.joining {
            joining.clear();
        }
        Ok(())
    }

    /// Shows what is told at the end of exchanges; how the command ends.
    fn conclude(&mut self, cx: &mut Context) -> Result<Exit, Failure> {
        let Some(joining) = &mut self.joining else { return Ok(Exit::Good) };
        let exit = joining.finish(self.received);
        if self.abandoned.is_none() {
            flat::show(self.table.as_mut(), joining.bytes(), cx)?;
        }
        joining.clear();
        Ok(exit)
    }
}

/// Arrival, stamp, ring, place in the bytes, length on the wire, direction.
type Taken = (Instant, Timestamp, usize, Range<usize>, u32, Option<Direction>);

struct Sniffer<'a> {
    /// Frames of several rings, on their way to being put in order: arrival, stamp, ring, place in `bytes`, length on the wire,
    /// direction.
    order: Vec<Taken>,
    bytes: Vec<u8>,
    sink: Sink<'a>,
    monitor: LinkMonitor,
    signals: Signals,
    stop_at: Option<Instant>,
    /// No interface was named: all are meant.
    every: bool,
    spares: Vec<Tap>,
    looked: Instant,
    /// When the loop last went round.
    now_and_then: Instant,
    received_when_looked: u64,
    /// Interfaces that came up and are not listened on.
    told: Vec<String>,
}

impl Sniffer<'_> {
    fn listen(&mut self, taps: &mut Vec<Listener>, cx: &mut Context) -> Result<(), Failure> {
        loop {
            let taken = self.take(taps, cx)?;
            self.sink.flush(cx)?;
            if self.sink.stream.is_done() || taken == 0 && self.sink.late {
                return Ok(());
            }
            let now = cx.clock.now();
            self.now_and_then = now;
            while self.signals.next().is_some() {
                if self.sink.until.is_some() {
                    return Ok(());
                }
                self.sink.until = Some(now);
            }
            if let Some(stop_at) = self.stop_at.filter(|stop_at| now >= *stop_at) {
                self.sink.until.get_or_insert(stop_at);
            }
            let settled = self.sink.until.map(|until| until.after(SETTLE));
            if taken == 0 && settled.is_some_and(|settled| now >= settled) {
                return Ok(());
            }
            self.hear(taps, cx)?;
            if now >= self.looked.after(LOOK) && self.sink.received != self.received_when_looked {
                self.look_for_losses(taps, cx);
            }
            if taken == 0 && !self.wait(taps, settled)? {
                return Err(Failure::output(&io::ErrorKind::BrokenPipe.into()));
            }
        }
    }

    /// Takes a batch out of every ring.
    fn take(&mut self, taps: &mut [Listener], cx: &mut Context) -> Result<usize, Failure> {
        let mut taken = 0_usize;
        if let [only] = taps {
            taken = self.take_from(only, BATCH, |sink, link, precision, name, frame| {
                sink.frame(link, precision, name, frame);
                sink.relieve(cx);
            })?;
            return Ok(taken);
        }
        self.order.clear();
        self.bytes.clear();
        let each = BATCH.checked_div(taps.len()).unwrap_or(BATCH).max(LEAST_BATCH);
        for (index, listener) in taps.iter_mut().enumerate() {
            let (mut order, mut bytes) = (std::mem::take(&mut self.order), std::mem::take(&mut self.bytes));
            let count = self.take_from(listener, each, |_, _, _, _, frame| {
                let start = bytes.len();
                bytes.extend_from_slice(frame.data);
                order.push((
                    frame.at,
                    frame.time,
                    index,
                    start..bytes.len(),
                    frame.original_len,
                    frame.direction,
                ));
            });
            (self.order, self.bytes) = (order, bytes);
            taken = taken.saturating_add(count?);
        }
        self.order.sort_by_key(|(at, ..)| *at);
        for (at, time, index, place, original_len, direction) in self.order.drain(..) {
            let (Some(listener), Some(data)) = (taps.get(index), self.bytes.get(place)) else { continue };
            let frame = LiveFrame { at, time, data, original_len, direction };
            let tap = &listener.tap;
            self.sink.frame(tap.link_type(), tap.precision(), tap.name(), frame);
            self.sink.relieve(cx);
        }
        Ok(taken)
    }

    /// Takes a batch out of one ring.
    fn take_from(
        &mut self,
        listener: &mut Listener,
        limit: usize,
        mut each: impl FnMut(&mut Sink<'_>, LinkType, Precision, &str, LiveFrame<'_>),
    ) -> Result<usize, Failure> {
        let (link, precision) = (listener.tap.link_type(), listener.tap.precision());
        let name = listener.tap.name().to_owned();
        let sink = &mut self.sink;
        match listener.tap.take(limit, |frame| each(sink, link, precision, &name, frame)) {
            Ok(count) => Ok(count),
            // What became of it is for the monitor to tell, in its order.
            Err(NetError::Down { .. }) => Ok(0),
            Err(error) => Err(Failure::could_not_run(error)),
        }
    }

    /// Hears what became of the interfaces.
    fn hear(&mut self, taps: &mut Vec<Listener>, cx: &Context) -> Result<(), Failure> {
        let mut changes = Vec::new();
        self.monitor.changes(|change| changes.push(change)).map_err(Failure::could_not_run)?;
        for happened in changes {
            match happened {
                LinkChange::Gone(interface) => {
                    let listener = taps.iter_mut().find(|listener| listener.tap.index() == interface.index);
                    if let Some(listener) = listener {
                        change(listener, State::Gone, cx);
                    }
                    self.told.retain(|name| *name != interface.name);
                }
                LinkChange::Is(interface) => {
                    let known = taps.iter_mut().find(|listener| {
                        let here = listener.state != State::Gone && listener.tap.index() == interface.index;
                        here || listener.tap.name() == interface.name
                    });
                    match known {
                        Some(listener) => self.appeared(listener, &interface, cx),
                        None => self.strange(taps, &interface, cx),
                    }
                }
            }
        }
        Ok(())
    }

    /// An interface that is listened on is there, perhaps again.
    fn appeared(&mut self, listener: &mut Listener, interface: &Interface, cx: &Context) {
        if interface.index != listener.tap.index() {
            if !interface.up {
                return;
            }
            if let Err(error) = listener.rebind(interface, &mut self.monitor) {
                cx.warn(&error.to_string());
                return;
            }
            listener.state = State::Gone;
        }
        listener.tap.renamed(interface);
        change(listener, if interface.up { State::Up } else { State::Down }, cx);
    }

    /// An interface that nobody listens on came up, or changed otherwise.
    fn strange(&mut self, taps: &mut Vec<Listener>, interface: &Interface, cx: &Context) {
        if !self.every || !interface.up || self.told.contains(&interface.name) {
            return;
        }
        let name = &interface.name;
        match self.adopt(taps, interface) {
            Ok(true) => cx.warn(&format!("{name} came up; listening on it, too")),
            Ok(false) => {
                cx.warn(&format!(
                    "{name} came up and is not listened on: rights to open it were given up; start again to include it"
                ));
                self.told.push(name.clone());
            }
            Err(error) => {
                cx.warn(&error.to_string());
                self.told.push(name.clone());
            }
        }
    }

    /// Listens on a new interface through a spare tap, or that of an interface that is gone. False when there is none for it.
    fn adopt(&mut self, taps: &mut Vec<Listener>, interface: &Interface) -> Result<bool, NetError> {
        if interface.arp_type != ARP_ETHERNET {
            return Ok(false);
        }
        if let Some(tap) = self.spares.pop() {
            let mut listener = Listener::new(tap, 0);
            let rebound = listener.rebind(interface, &mut self.monitor);
            match &rebound {
                Ok(()) => taps.push(listener),
                Err(_) => self.spares.push(listener.tap),
            }
            return rebound.map(|()| true);
        }
        let ethernet = |tap: &Tap| tap.link_type() == LinkType::ETHERNET;
        let free = |listener: &&mut Listener| listener.state == State::Gone && ethernet(&listener.tap);
        let Some(listener) = taps.iter_mut().find(free) else { return Ok(false) };
        listener.rebind(interface, &mut self.monitor)?;
        listener.state = State::Up;
        Ok(true)
    }

    /// Waits until something happens. False when nobody reads the output any more.
    fn wait(&self, taps: &[Listener], settled: Option<Instant>) -> Result<bool, Failure> {
        let look = (self.sink.received != self.received_when_looked).then(|| self.looked.after(LOOK));
        // Exchanges close by themselves when nothing comes.
        let joins = self.sink.joining.as_ref().map(|_| self.now_and_then.after(LOOK));
        let deadline =
            [look, joins, self.stop_at.filter(|_| settled.is_none()), settled].into_iter().flatten().min();
        let listening = taps.iter().filter(|listener| listener.state != State::Gone);
        let watched = listening
            .map(|listener| listener.tap.as_fd())
            .chain([self.signals.as_fd(), self.monitor.as_fd()]);
        let stdout = io::stdout();
        let woken = wait(watched, stdout.as_fd(), deadline)
            .map_err(|errno| Failure::could_not_run(NetError::io("wait for", "packets", errno)))?;
        Ok(woken != Woken::OutputGone)
    }

    /// Looks for losses and warns when they begin.
    fn look_for_losses(&mut self, taps: &mut [Listener], cx: &Context) {
        self.looked = cx.clock.now();
        self.received_when_looked = self.sink.received;
        for listener in taps {
            if let Ok(dropped) = listener.tap.dropped() {
                listener.dropped = dropped;
            }
            if let Some(lost) = self.monitor.lost(listener.tap.index()) {
                let here = lost.saturating_sub(listener.lost_before);
                listener.lost = listener.lost_earlier.saturating_add(here);
            }
            let name = listener.tap.name();
            if listener.dropped > 0 && !listener.warned {
                listener.warned = true;
                cx.warn(&format!(
                    "{name}: packets are being lost: they arrive faster than they can be shown"
                ));
            }
            if listener.lost > 0 && !listener.warned_interface {
                listener.warned_interface = true;
                cx.warn(&format!("{name}: the interface is losing packets before they can be seen"));
            }
        }
    }

    /// The last line. Losses are said even when it is to be quiet.
    fn summarise(&self, taps: &[Listener], cx: &Context) {
        let counts = self.sink.stream.renderer.counts;
        let total = |of: fn(&Listener) -> u64| taps.iter().map(of).fold(0, u64::saturating_add);
        let (kernel, interface) = (total(|listener| listener.dropped), total(|listener| listener.lost));
        let line = format!(
            "{} received, {} DHCP, {} shown; {kernel} dropped by the kernel, {interface} dropped by the interface",
            self.sink.received, counts.found, counts.shown,
        );
        if kernel > 0 || interface > 0 {
            Context::stderr(&line);
        } else {
            cx.note(&line);
        }
    }
}

/// Says once what became of an interface.
fn change(listener: &mut Listener, state: State, cx: &Context) {
    if listener.state == state {
        return;
    }
    listener.state = state;
    let name = listener.tap.name();
    cx.warn(&match state {
        State::Up => format!("{name} is back"),
        State::Down => format!("{name} went down; waiting for it to come up"),
        State::Gone => format!("{name} vanished; waiting for it to come back"),
    });
}
