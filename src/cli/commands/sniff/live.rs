//! The loop of `dhcptool sniff`.
//!
//! One thread: frames are taken out of the rings in batches, walked and rendered into memory; the batch is written to the
//! file, then shown. The rings are the buffer against everything that takes its time.

use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;

use super::Args;
use crate::capture::{CaptureError, CaptureFormat, Frame, FrameOut, Losses, RotatingWriter, Rotation};
use crate::cli::analyst::Look;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::flat::{self, RowStream};
use crate::cli::flags::keep;
use crate::cli::joining::Joining;
use crate::cli::stream::{Page, Stream, View};
use crate::interrupt;
use crate::net::live::{LiveFrame, Woken};
use crate::net::sandbox::Needs;
use crate::output::flat::columns;
use crate::output::words::counted;
use crate::run::listen::{InterfaceChange, ListenPlan, Listener, Listeners, Unnamed};
use crate::time::{Clock as _, Instant, Precision, Timestamp};
use crate::wire::frame::{LinkType, capture_filter};

/// Frames taken out of one ring at a time.
const BATCH: usize = 1024;
/// What is rendered is shown when it is so many bytes, even inside a batch; less where it has to be over soon.
const PART: usize = 4 << 20;
const LAST_PART: usize = 64 << 10;
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
    args.analysis.check(args.screen.top)?;
    let (rows, told) = if args.analysis.is_wanted() {
        args.select.refuse_numbers()?;
        (None, args.analysis.rows(&args.flat, cx)?)
    } else {
        (args.flat.rows(&columns::PACKET, cx)?, None)
    };
    let mut table = told.as_ref().map(RowStream::new);
    let look = Look {
        json: cx.common.json,
        color: cx.out.color(),
        width: cx.out.columns(),
        fold: cx.out.width(),
        live: true,
    };
    let joining = if args.analysis.is_wanted() {
        let vendors = args.analysis.vendors.open(&args.confine, cx)?;
        Some(Joining::new(&args.select, &args.analysis, look, told, vendors)?)
    } else if args.screen.top {
        Some(Joining::screen(&args.select, args.screen.open(&args.analysis, cx)?)?)
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
        table = Some(RowStream::new(rows));
    }
    stream.renderer.set_rows(rows);
    stream.renderer.set_remarks(args.write.is_some());
    let listeners = open(args, cx)?;
    args.confine.give_up(cx)?;
    let writer = match &args.write {
        Some(path) => {
            let announced = announced(&listeners.all, path)?;
            let writer = RotatingWriter::create(path, rotation, announced, cx.clock.time());
            Some(writer.map_err(|error| failed(&error))?)
        }
        None => None,
    };
    let folder = args.write.as_deref().filter(|_| rotation.is_wanted()).map(folder_of);
    args.confine.confine(&Needs { create_in: folder.into_iter().collect(), ..Needs::default() }, cx)?;

    cx.note(&format!("listening on {}", listeners.names().join(", ")));
    let stop_at = args.duration.map(|duration| cx.clock.now().after(duration));
    let mut sniffer = Sniffer {
        sink: Sink {
            stream,
            joining,
            table,
            writer,
            received: 0,
            left: 0,
            until: None,
            late: false,
            failure: None,
            abandoned: None,
            stuck: None,
        },
        listeners,
        stop_at,
        looked: cx.clock.now(),
        now_and_then: cx.clock.now(),
        received_when_looked: 0,
        warned: [Vec::new(), Vec::new()],
    };
    let ended = sniffer.listen(cx);
    let verdict = sniffer.sink.conclude(cx);
    // Even when the output cannot take it any more, the file may.
    let flushed = sniffer.sink.flush_file();
    sniffer.look_for_losses(cx);
    let losses = if flushed.is_ok() {
        sniffer.sink.write_losses(&sniffer.listeners.all, cx.clock.time())
    } else {
        Ok(())
    };
    ended?;
    flushed?;
    losses?;
    if let Some(table) = sniffer.sink.table.as_mut().filter(|_| sniffer.sink.abandoned.is_none()) {
        table.end(cx)?;
    }
    sniffer.summarise(cx);
    let verdict = verdict?;
    if let Some(failure) = sniffer.sink.abandoned {
        return Err(failure);
    }
    Ok(if sniffer.sink.left > 0 { Exit::Code(interrupt::code()) } else { verdict })
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
    let all: Vec<_> =
        taps.iter().map(|tap| (tap.link_type(), tap.precision(), tap.name().to_owned())).collect();
    let one_link = all.windows(2).all(|pair| matches!(pair, [a, b] if a.0 == b.0));
    if CaptureFormat::of_path(path) == CaptureFormat::Pcap && !one_link {
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

/// Opens what was asked for. When nothing was named, what cannot be opened is left out, and there are spare taps for
/// interfaces that come later.
fn open(args: &Args, cx: &Context) -> Result<Listeners, Failure> {
    let most = if args.write_only { MOST_RING >> 1 } else { MOST_RING };
    let mut filter = capture_filter(&args.select.wanted());
    if args.analysis.is_wanted() || args.screen.top {
        // Who holds an address, and who looks for it.
        filter.push_str(" or arp or (icmp and (icmp[0] = 0 or icmp[0] = 8))");
    }
    let (listeners, refused) = Listeners::open(&ListenPlan {
        interfaces: &args.interfaces,
        unnamed: Unnamed::All { spares: SPARES, ring: LEAST_RING },
        filter,
        promiscuous: !args.no_promiscuous,
        ring: &|count| RINGS.checked_div(count).unwrap_or(RINGS).clamp(LEAST_RING, most),
    })?;
    for error in refused {
        cx.warn(&error.to_string());
    }
    Ok(listeners)
}

/// Where frames go.
struct Sink<'a> {
    stream: Stream,
    /// Exchanges are shown instead of packets.
    joining: Option<Joining<'a>>,
    /// What stands around flat rows.
    table: Option<RowStream>,
    writer: Option<RotatingWriter>,
    received: u64,
    /// Frames that had come when it was to end, and were not looked at: there was no time.
    left: u64,
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
        // A batch may be a second's work. Asked for every frame, for which one load of memory is nothing.
        if interrupt::has_come() {
            interrupt::notice();
            if interrupt::is_overdue() {
                self.left = self.left.saturating_add(1);
                return;
            }
        }
        self.received = self.received.saturating_add(1);
        let frame = Frame {
            time: Some(frame.time),
            precision,
            link,
            interface_name: Some(interface),
            direction: frame.direction,
            original_len: frame.original_len,
            ..Frame::of(self.received, frame.data)
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
            let losses = Losses { kernel: listener.dropped, interface: listener.lost };
            let (link, precision) = (listener.link_type(), listener.precision());
            let written = writer.losses(link, precision, listener.name(), now, losses);
            written.map_err(|error| failed(&error))?;
        }
        writer.flush().map_err(|error| failed(&error))
    }

    /// Shows what was rendered, once it is much. A failure waits for the end of the batch.
    fn relieve(&mut self, cx: &mut Context) {
        let part = if interrupt::has_come() { LAST_PART } else { PART };
        if self.stream.renderer.bytes().len() >= part && self.stuck.is_none() {
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
                joining.settle(cx.clock.time(), || cx.out.size());
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
        if let Some(width) = cx.out.width() {
            self.stream.renderer.resize(width);
        }
        if let Some(joining) = &mut self.joining {
            joining.clear();
        }
        Ok(())
    }

    /// Shows what is told at the end of exchanges; how the command ends.
    fn conclude(&mut self, cx: &mut Context) -> Result<Exit, Failure> {
        let Some(joining) = &mut self.joining else { return Ok(Exit::Good) };
        let exit = joining.finish(self.received, cx.clock.time());
        if self.abandoned.is_none() {
            flat::show(self.table.as_mut(), joining.bytes(), cx)?;
        }
        joining.clear();
        Ok(exit)
    }
}

struct Sniffer<'a> {
    sink: Sink<'a>,
    listeners: Listeners,
    stop_at: Option<Instant>,
    looked: Instant,
    /// When the loop last went round.
    now_and_then: Instant,
    received_when_looked: u64,
    /// Interfaces whose losses were warned of: frames that were not taken, and those that they lost themselves.
    warned: [Vec<usize>; 2],
}

impl Sniffer<'_> {
    fn listen(&mut self, cx: &mut Context) -> Result<(), Failure> {
        loop {
            let taken = self.take(cx)?;
            self.sink.flush(cx)?;
            if self.sink.stream.is_done() || taken == 0 && self.sink.late {
                return Ok(());
            }
            let now = cx.clock.now();
            self.now_and_then = now;
            while self.listeners.signals.next().is_some() {
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
            self.hear(cx)?;
            if now >= self.looked.after(LOOK) && self.sink.received != self.received_when_looked {
                self.look_for_losses(cx);
            }
            if taken == 0 && !self.wait(settled)? {
                return Err(Failure::output(&io::ErrorKind::BrokenPipe.into()));
            }
        }
    }

    /// Takes a batch out of every ring.
    fn take(&mut self, cx: &mut Context) -> Result<usize, Failure> {
        let sink = &mut self.sink;
        let taken = self.listeners.take(BATCH, |heard| {
            sink.frame(heard.link, heard.precision, heard.name, heard.frame);
            sink.relieve(cx);
        });
        Ok(taken?)
    }

    /// Hears what became of the interfaces.
    fn hear(&mut self, cx: &Context) -> Result<(), Failure> {
        for change in self.listeners.changes()? {
            let name = |index: usize| self.listeners.all.get(index).map_or("", Listener::name);
            cx.warn(&match change {
                InterfaceChange::Back(index) => format!("{} is back", name(index)),
                InterfaceChange::Down(index) => format!("{} went down; waiting for it to come up", name(index)),
                InterfaceChange::Gone(index) => format!("{} vanished; waiting for it to come back", name(index)),
                InterfaceChange::Rebound(_) => continue,
                InterfaceChange::Joined(name) => format!("{name} came up; listening on it, too"),
                InterfaceChange::LeftOut(name) => format!(
                    "{name} came up and is not listened on: rights to open it were given up; start again to include it"
                ),
                InterfaceChange::Refused(error) => error.to_string(),
            });
        }
        Ok(())
    }

    /// Waits until something happens. False when nobody reads the output any more.
    fn wait(&self, settled: Option<Instant>) -> Result<bool, Failure> {
        let look = (self.sink.received != self.received_when_looked).then(|| self.looked.after(LOOK));
        // Exchanges close by themselves when nothing comes.
        let joins = self.sink.joining.as_ref().map(|_| self.now_and_then.after(LOOK));
        let deadline =
            [look, joins, self.stop_at.filter(|_| settled.is_none()), settled].into_iter().flatten().min();
        let stdout = io::stdout();
        let woken = self.listeners.wait(deadline, None, stdout.as_fd())?;
        Ok(woken != Woken::OutputGone)
    }

    /// Looks for losses and warns when they begin.
    fn look_for_losses(&mut self, cx: &Context) {
        self.looked = cx.clock.now();
        self.received_when_looked = self.sink.received;
        self.listeners.look_for_losses();
        let [not_taken, not_heard] = &mut self.warned;
        for (index, listener) in self.listeners.all.iter().enumerate() {
            let name = listener.name();
            if listener.dropped > 0 && !not_taken.contains(&index) {
                not_taken.push(index);
                cx.warn(&format!(
                    "{name}: packets are being lost: they arrive faster than they can be shown"
                ));
            }
            if listener.lost > 0 && !not_heard.contains(&index) {
                not_heard.push(index);
                cx.warn(&format!("{name}: the interface is losing packets before they can be seen"));
            }
        }
    }

    /// The last line. Losses are said even when it is to be quiet.
    fn summarise(&self, cx: &Context) {
        if self.sink.left > 0 {
            cx.warn(&format!(
                "interrupted: {} that had come by then could not be worked off in time, and {} neither shown nor written",
                counted(self.sink.left, "more frame"),
                if self.sink.left == 1 { "is" } else { "are" }
            ));
        }
        let counts = self.sink.stream.renderer.counts;
        let total = |of: fn(&Listener) -> u64| self.listeners.all.iter().map(of).fold(0, u64::saturating_add);
        let (kernel, interface) = (total(|listener| listener.dropped), total(|listener| listener.lost));
        let line = format!(
            "{} received, {} DHCP, {} shown; {kernel} dropped by the kernel, {interface} dropped by the interface",
            self.sink.received, counts.found, counts.shown,
        );
        if kernel > 0 || interface > 0 {
            Context::insist(&line);
        } else {
            cx.note(&line);
        }
    }
}
