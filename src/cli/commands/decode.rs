//! `dhcptool decode`: read captures.

use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::analysis::redact::Redactor;
use crate::capture::{self, Reader, Source, Target, Writer};
use crate::cli::analyst::{Analyst, Look};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::analysis::AnalysisArgs;
use crate::cli::flags::confine::ConfineArgs;
use crate::cli::flags::flat::{self, FlatArgs, RowStream};
use crate::cli::flags::keep;
use crate::cli::flags::screen::{OTHER_VIEWS, ScreenArgs};
use crate::cli::flags::select::SelectArgs;
use crate::cli::gather::{self, Input, LOOK_EVERY, MOST_THREADS, Read, Stop, THREADS_FROM};
use crate::cli::reading::Reading;
use crate::cli::redaction;
use crate::cli::reshow;
use crate::cli::stream::{PacketCounts, PacketWork, Page, Rendered, Stream, View};
use crate::interrupt;
#[cfg(feature = "live")]
use crate::net::sandbox::Needs;
use crate::output::flat::{Rows, columns};
use crate::output::when::TimeText;
use crate::output::words::counted;
use crate::wire::frame::NotLookedInto;

/// Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The captures; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    select: SelectArgs,

    #[command(flatten)]
    flat: FlatArgs,

    #[command(flatten)]
    analysis: AnalysisArgs,

    #[command(flatten)]
    screen: ScreenArgs,

    /// With --top, how many times as fast as it was: 60 shows an hour in a minute
    #[arg(long, value_name = "N", value_parser = reshow::speed, default_value = "1", requires = "top", conflicts_with_all = OTHER_VIEWS, help_heading = "Analysis")]
    speed: reshow::Speed,

    /// Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    write: Option<PathBuf>,

    /// Replace MAC and IP addresses, names, identifiers and transaction numbers, the same by the same everywhere, in what is shown and
    /// written (an address that a text spells, by words); other numbers, times and the vendor class (option 60) stay, so do networks, the
    /// last number of an IP address and what a value is built of; what is not DHCPv4 over plain IPv4 is left out and counted. Captures
    /// are read twice to learn the networks, standard input is kept in a temporary file until then; with --follow once, and no network is
    /// learned; with --write, ARP and echoes are kept too, which findings rest on
    #[arg(long, help_heading = "Output")]
    redact: bool,

    /// Go on as the capture grows, also under a new name, until interrupted; it must not become shorter or be compressed
    #[arg(long)]
    follow: bool,

    /// Decode with N threads; left out: as many as pay
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: Option<u8>,

    #[command(flatten)]
    confine: ConfineArgs,
}

/// Output is handed over in batches of this size, unless it goes to a terminal.
const BATCH: usize = 256 << 10;

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.follow && args.files.len() > 1 {
        return Err(Failure::usage("--follow never ends, so it takes one capture only"));
    }
    args.analysis.check(args.screen.top)?;
    if args.screen.top {
        return show_again(args, cx);
    }
    if args.analysis.is_wanted() {
        return analyse(args, cx);
    }
    let rows = args.flat.rows(&columns::PACKET, cx)?;
    let view = if rows.is_some() { View::Rows } else { View::new(cx.common.json, cx.common.verbose) };
    let view = keep::view_beside(args.write.as_deref(), view)?;
    if args.redact && !args.follow {
        gather::keep_stdin(&args.files)?;
    }
    keep::refuse_own_input(args.write.as_deref(), args.files.iter().map(PathBuf::as_path))?;
    let mut decoding = Decoding {
        args,
        view,
        table: rows.as_ref().map(RowStream::new),
        rows,
        showing: PacketWork::new(&args.select, args.write.is_some()),
        stream: Stream::new(&args.select, view, page(args, cx))?,
        writer: None,
        totals: PacketCounts::default(),
        unread: NotLookedInto::default(),
        stop: Stop::new(true)?,
        available: std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS),
        interrupted: None,
    };
    let target = confine(args, cx)?;
    if args.redact {
        // What grows has no end up to which it could be read before.
        let redactor = if args.follow {
            Redactor::default()
        } else {
            redaction::redactor(&args.files, &args.select.wanted(), &decoding.stop)
        };
        decoding.stream.set_redactor(Some(Box::new(redactor)));
        if !args.select.selects() && args.select.count.is_none() {
            decoding.showing.keep_signs();
        }
    }
    let outcome = decode_all(args, decoding, target, cx);
    let settled = cx.out.settle();
    outcome.and_then(|exit| settled.map(|()| exit))
}

/// Decodes one capture after the other.
fn decode_all(
    args: &Args,
    mut decoding: Decoding<'_>,
    mut target: Option<Target>,
    cx: &mut Context,
) -> Outcome {
    let mut worst = Exit::Good;
    let mut opened = false;
    for path in &args.files {
        let opening = decoding.stop.open(path, args.follow, &mut decoding.interrupted);
        let Some(reader) = opening else { break };
        let reader = reader.map_err(Failure::from);
        decoding.stream.renderer.set_rows(decoding.rows.clone());
        decoding.stream.renderer.set_remarks(args.write.is_some());
        decoding.stream.renderer.set_capture(Some(path.to_string_lossy().into_owned()));
        if reader.is_ok()
            && let Some(target) = target.take()
        {
            decoding.writer = Some(target.writer()?);
        }
        opened |= reader.is_ok();
        match reader.and_then(|reader| decoding.decode(reader, &path.to_string_lossy(), cx)) {
            Ok(()) => {}
            // One bad capture does not keep the others from being read.
            Err(Failure { exit, message: Some(message) }) if exit != Exit::Usage => {
                cx.error(&message);
                worst = worst.max(exit);
            }
            Err(other) => return Err(other),
        }
        if decoding.is_done() || decoding.interrupted.is_some() {
            break;
        }
    }
    if let Some(writer) = &mut decoding.writer {
        writer.flush()?;
        if writer.dated() > 0 {
            let packets = counted(writer.dated(), "packet");
            cx.warn(&format!(
                "{packets} without a time became one of 1970, for pcap has a time for each; write a .pcapng file instead"
            ));
        }
    }
    if opened {
        if let Some(table) = &mut decoding.table {
            table.end(cx)?;
        }
        summarise(&decoding.totals, &decoding.unread, cx);
    }
    // As with grep, a selection that matches nothing is the bad answer.
    if worst == Exit::Good && args.select.selects() && decoding.totals.shown == 0 {
        worst = Exit::Bad;
    }
    // Packets were there, and a capture without them says nothing of it.
    if decoding.totals.shown == 0 && decoding.totals.left_out > 0 && decoding.interrupted.is_none() {
        cx.warn(&format!(
            "nothing is shown or written: {} cannot be redacted",
            counted(decoding.totals.left_out, "packet")
        ));
        worst = worst.max(Exit::Bad);
    }
    // Following ends no other way; anything else was not finished.
    Ok(decoding.interrupted.filter(|_| !args.follow).map_or(worst, Exit::Code))
}

/// Shows on a screen how it stood while the captures were made.
fn show_again(args: &Args, cx: &mut Context) -> Outcome {
    if args.follow || args.write.is_some() || args.redact || args.select.count.is_some() {
        return Err(Failure::usage(
            "--top draws a screen of a whole capture: leave out --follow, --count, --write and --redact",
        ));
    }
    args.select.refuse_numbers()?;
    let top = args.screen.open(&args.analysis, cx)?;
    let wanted = args.select.gathered(false)?;
    // Whatever ends it, and whatever it waits for: the terminal is to be as it was.
    let stop = Stop::new(true)?;
    confine(args, cx)?;
    reshow::run(&args.files, &wanted, (top, args.speed), &stop, cx)
}

/// Joins the messages of all captures and shows what happened.
fn analyse(args: &Args, cx: &mut Context) -> Outcome {
    let rows = args.analysis.rows(&args.flat, cx)?;
    if args.write.is_some() {
        return Err(Failure::usage(
            "--write keeps the frames of packets shown; --transactions, --ladder, --stats, --lint and --clients show none",
        ));
    }
    if args.redact {
        return Err(Failure::usage(
            "--redact goes with packets; write them redacted first (--redact --write FILE), and ask that capture",
        ));
    }
    let stop = Stop::new(true)?;
    // Signals are watched from here on: a confined process may not begin to.
    let vendors = args.analysis.vendors.open(&args.confine, cx)?;
    // Where the reader is has to be read before.
    let time = TimeText::new(args.select.time.into());
    confine(args, cx)?;
    let mut table = rows.as_ref().map(RowStream::new);
    let wanted = args.select.gathered(args.analysis.strict)?;
    let look = Look {
        json: cx.common.json,
        color: cx.out.color(),
        width: cx.out.columns(),
        fold: cx.out.width(),
        live: args.follow,
    };
    // The process ends when it has told everything: to give back what a million clients took, piece by piece, is for nothing.
    let mut analyst = ManuallyDrop::new(
        Analyst::new(&args.analysis, look, rows, vendors).asked(time, args.select.selects()),
    );
    let input = Input { files: &args.files, apart: false, follow: args.follow, threads: args.threads };
    let outline = gather::captures(input, &wanted, &stop, cx, |read, cx| {
        let mut more = match read {
            Read::Batch(batch) => {
                analyst.take(batch);
                // What comes to a growing capture tells the time, whatever it is.
                if let Some(last) = batch.last.filter(|_| args.follow) {
                    analyst.advance(last);
                }
                false
            }
            Read::End => {
                analyst.finish();
                true
            }
        };
        loop {
            let left = more && analyst.more();
            let bytes = analyst.bytes();
            if bytes.len() >= BATCH || (args.follow && !bytes.is_empty()) {
                flat::show(table.as_mut(), bytes, cx)?;
                analyst.clear();
            }
            more = left;
            if !more {
                break;
            }
        }
        Ok(())
    })?;
    let gather::ReadSummary { frames, worst, interrupted } = outline;
    let name = match args.files.as_slice() {
        [only] => only.to_str(),
        _ => None,
    };
    analyst.conclude(name, frames, |written| {
        if written.len() >= BATCH {
            flat::show(table.as_mut(), written, cx)?;
            written.clear();
        }
        Ok::<(), Failure>(())
    })?;
    flat::show(table.as_mut(), analyst.bytes(), cx)?;
    if let Some(table) = &mut table {
        table.end(cx)?;
    }
    if analyst.evicted() > 0 {
        cx.warn(&format!(
            "{} closed early to make room; --max-open N allows more",
            counted(analyst.evicted(), "exchange")
        ));
    }
    cx.note(&analyst.summary(frames));
    if let Some(code) = interrupted.filter(|_| !args.follow) {
        return Ok(Exit::Code(code));
    }
    // As with grep, a choice that nothing meets is the bad answer.
    let none = analyst.found_none() && !args.follow;
    Ok(match worst {
        Exit::Good if none => Exit::Bad,
        Exit::Good => analyst.exit(),
        worst => worst,
    })
}

/// What stays from capture to capture.
struct Decoding<'a> {
    args: &'a Args,
    view: View,
    /// Writes flat rows, and what stands around them.
    rows: Option<Rows>,
    table: Option<RowStream>,
    showing: PacketWork,
    stream: Stream,
    writer: Option<Writer<Box<dyn std::io::Write + Send>>>,
    totals: PacketCounts,
    unread: NotLookedInto,
    stop: Stop,
    /// Threads that may run at once.
    available: usize,
    /// The exit code of the signal that ended it.
    interrupted: Option<u8>,
}

impl Decoding<'_> {
    /// True when as many packets as were asked for have been shown.
    fn is_done(&self) -> bool {
        self.args.select.count.is_some_and(|count| self.totals.shown >= count)
    }

    fn decode(&mut self, reader: Reader<Source>, reader_name: &str, cx: &mut Context) -> Result<(), Failure> {
        let mut bar = Reading::of(reader.size(), cx);
        let mut workers = self.workers(&reader, cx)?;
        for worker in &mut workers {
            worker.renderer.set_rows(self.rows.clone());
            worker.renderer.set_remarks(self.args.write.is_some());
            worker.renderer.set_capture(Some(reader_name.to_owned()));
        }
        let at_once = cx.out.is_terminal() || self.args.follow;
        let small = reader.size().is_some_and(|size| size < THREADS_FROM);
        // Where several threads decode, the others go on while this one writes.
        if workers.is_empty() && !small && !at_once && self.available > 1 {
            cx.out.write_behind();
        }
        let Self { args, table, showing, stream, writer, totals, stop, interrupted, .. } = self;
        let (name, mut unread) = (reader.name().to_owned(), NotLookedInto::default());
        let piped = reader.size().is_none();
        let mut failed = None;
        let mut calls = 0_u32;
        let mut parts = Vec::new();
        let walk = capture::parallel::run(reader, showing, stream, workers, |rendered, moment| {
            // Of what was made in many small parts, each would be a call of the system.
            if (moment.more && parts.len() < BATCH) || !parts.is_empty() {
                parts.extend_from_slice(rendered.bytes());
                rendered.batch().clear();
                if moment.more && parts.len() < BATCH {
                    totals.add(&std::mem::take(&mut rendered.counts));
                    unread.take(&mut rendered.unread);
                    failed = keep_frames(rendered, writer.as_mut()).err();
                    return if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
                }
                std::mem::swap(rendered.batch(), &mut parts);
            }
            if let Some(bar) = &mut bar {
                bar.draw(moment.position, moment.waits);
            }
            calls = calls.wrapping_add(1);
            let due = moment.waits || at_once || rendered.bytes().len() >= BATCH;
            if due || args.select.count.is_some() {
                totals.add(&std::mem::take(&mut rendered.counts));
                unread.take(&mut rendered.unread);
            }
            if due {
                let written = hand_over(rendered, table.as_mut(), writer.as_mut(), at_once, cx);
                if let Err(failure) = written {
                    failed = Some(failure);
                    return ControlFlow::Break(());
                }
            }
            let enough = args.select.count.is_some_and(|count| totals.shown >= count);
            if due || interrupt::has_come() || calls.is_multiple_of(LOOK_EVERY) {
                *interrupted = stop.arrived();
            }
            if enough || interrupted.is_some() {
                // There may be no further call.
                totals.add(&std::mem::take(&mut rendered.counts));
                unread.take(&mut rendered.unread);
                failed = hand_over(rendered, table.as_mut(), writer.as_mut(), at_once, cx).err();
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        drop(bar);
        let result = stop.excuse(piped, interrupted, walk.result).unwrap_or(Ok(()));
        totals.frames = totals.frames.saturating_add(walk.frames);
        let nothing = (unread.frames() > 0 && unread.frames() == walk.frames).then(|| unread.nothing(&name));
        self.unread.take(&mut unread);
        match (failed, result, nothing) {
            (Some(failure), ..) => Err(failure),
            (None, Err(error), _) => Err(error.into()),
            (None, Ok(()), Some(nothing)) => Err(Failure::could_not_run(nothing)),
            (None, Ok(()), None) => Ok(()),
        }
    }

    /// The states of the threads that decode, none where one alone does it: where something depends on the packets before.
    fn workers(&self, reader: &Reader<Source>, cx: &Context) -> Result<Vec<Stream>, Failure> {
        let small = reader.size().is_some_and(|size| size < THREADS_FROM);
        let ordered = self.args.select.count.is_some() || self.stream.renderer.has_memory();
        // What is redacted is walked twice, which what workers learn of each other is not made for.
        if small || ordered || cx.out.is_terminal() || self.args.follow || self.args.redact {
            return Ok(Vec::new());
        }
        match self.args.threads.map_or(self.available, usize::from) {
            0 | 1 => Ok(Vec::new()),
            count => {
                let page = page(self.args, cx);
                (0..count).map(|_| Stream::worker(&self.args.select, self.view, page)).collect()
            }
        }
    }
}

fn page(args: &Args, cx: &Context) -> Page {
    Page::new(&cx.out, args.select.wide, args.files.len() > 1)
}

/// Gives up what reading captures does not take, before the first is opened: they come from strangers, too. Returns what is
/// written to, opened by the user whom the process becomes.
#[cfg(feature = "live")]
fn confine(args: &Args, cx: &Context) -> Result<Option<Target>, Failure> {
    args.confine.give_up(cx)?;
    let readable = args
        .files
        .iter()
        .any(|path| path.as_os_str() == "-" || std::fs::metadata(path).is_ok_and(|about| !about.is_dir()));
    let target = args.write.as_deref().filter(|_| readable).map(Target::open).transpose();
    let target = target?;
    // Filter expressions have names in them, and threads that start later look for the time zone again.
    let names = ["/etc/services", "/etc/protocols", "/etc/hosts", "/etc/ethers", "/etc/nsswitch.conf"];
    let zones = ["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"];
    let read = args.files.iter().cloned().chain(names.into_iter().chain(zones).map(PathBuf::from)).collect();
    args.confine.offline(&Needs { read, ..Needs::default() }, cx)?;
    Ok(target)
}

#[cfg(not(feature = "live"))]
fn confine(args: &Args, _cx: &Context) -> Result<Option<Target>, Failure> {
    let _ = &args.confine;
    Ok(args.write.as_deref().map(Target::open).transpose()?)
}

/// Writes what was rendered, and the frames that are kept.
fn hand_over(
    rendered: &mut Rendered,
    table: Option<&mut RowStream>,
    writer: Option<&mut Writer<Box<dyn std::io::Write + Send>>>,
    at_once: bool,
    cx: &mut Context,
) -> Result<(), Failure> {
    if !rendered.bytes().is_empty() {
        match table {
            Some(table) => table.write_batch(rendered.batch(), cx)?,
            None => cx.out.write_batch(rendered.batch())?,
        }
    }
    let Some(writer) = writer else { return Ok(()) };
    keep_frames(rendered, Some(writer))?;
    if at_once { Ok(writer.flush()?) } else { Ok(()) }
}

/// Writes the frames that are kept.
fn keep_frames(
    rendered: &mut Rendered,
    writer: Option<&mut Writer<Box<dyn std::io::Write + Send>>>,
) -> Result<(), Failure> {
    let Some(writer) = writer else { return Ok(()) };
    for frame in rendered.frames.iter() {
        writer.write(&frame)?;
    }
    rendered.frames.clear();
    Ok(())
}

/// One line about what was read, for people.
fn summarise(counts: &PacketCounts, unread: &NotLookedInto, cx: &Context) {
    let mut line = format!("{} read, {} DHCP", counted(counts.frames, "packet"), counts.found);
    if counts.shown != counts.found {
        line = format!("{line}, {} shown", counts.shown);
    }
    line = format!("{line}, {} malformed", counts.malformed);
    if counts.too_deep > 0 {
        line = format!("{line}; {} nested too deep to follow", counted(counts.too_deep, "frame"));
    }
    if counts.left_out > 0 {
        line = format!(
            "{line}; {} left out: not DHCPv4 over plain IPv4, which alone is redacted",
            counted(counts.left_out, "packet")
        );
    }
    if unread.frames() > 0 {
        line = format!("{line}; {unread}");
    }
    cx.note(&line);
}
