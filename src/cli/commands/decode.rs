//! `dhcptool decode`: read captures.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use crate::capture::{self, CaptureError, Format, FrameOut, Reader, Source, Writer};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::select_args::SelectArgs;
use crate::cli::stream::{Stream, View};

/// Decode the DHCP in captures: pcap or pcapng, plain or compressed with gzip, zstd or xz
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The captures; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    select: SelectArgs,

    /// Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    write: Option<PathBuf>,
}

/// Output is handed over in batches of this size, unless it goes to a terminal.
const BATCH: usize = 256 << 10;
/// Files smaller than this are over before a progress bar is drawn.
const PROGRESS_FROM: u64 = 64 << 20;
/// Frames between two looks at the progress.
const PROGRESS_EVERY: u64 = 1 << 14;

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    let view = View::new(cx.common.json, cx.common.verbose);
    let mut stream = Stream::new(&args.select, view, cx.out.color())?;
    let mut writer = match &args.write {
        Some(path) => Some(Writer::create(path, Format::of_path(path)).map_err(|error| failure(&error))?),
        None => None,
    };
    let mut worst = Exit::Good;
    let mut opened = false;
    for path in &args.files {
        let reader = capture::open(path).map_err(|error| failure(&error));
        opened |= reader.is_ok();
        let result = reader.and_then(|reader| decode(reader, &mut stream, writer.as_mut(), cx));
        cx.out.write(stream.renderer.bytes())?;
        stream.renderer.clear();
        match result {
            Ok(()) => {}
            // One bad capture does not keep the others from being read.
            Err(Failure { exit, message: Some(message) }) if exit != Exit::Usage => {
                cx.error(&message);
                worst = worst.max(exit);
            }
            Err(other) => return Err(other),
        }
        if stream.is_done() {
            break;
        }
    }
    if let Some(mut writer) = writer {
        writer.flush().map_err(|error| failure(&error))?;
    }
    if opened {
        summarise(&stream, cx);
    }
    Ok(worst)
}

fn decode(
    mut reader: Reader<Source>,
    stream: &mut Stream,
    mut writer: Option<&mut Writer<Box<dyn std::io::Write + Send>>>,
    cx: &mut Context,
) -> Result<(), Failure> {
    let bar = progress(&reader, cx);
    let batch = if cx.out.is_terminal() { 0 } else { BATCH };
    let mut frames = 0_u64;
    while !stream.is_done() {
        if let Some(bar) = bar.as_ref().filter(|_| frames.is_multiple_of(PROGRESS_EVERY)) {
            bar.set_position(reader.position());
        }
        frames = frames.wrapping_add(1);
        let Some(frame) = reader.next().map_err(|error| failure(&error))? else { break };
        if !stream.frame(&frame) {
            continue;
        }
        if let Some(writer) = &mut writer {
            writer.write(&FrameOut::from(frame)).map_err(|error| failure(&error))?;
        }
        if stream.renderer.bytes().len() > batch {
            let write = |cx: &mut Context| cx.out.write(stream.renderer.bytes());
            match &bar {
                Some(bar) => bar.suspend(|| write(cx))?,
                None => write(cx)?,
            }
            stream.renderer.clear();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(())
}

fn progress(reader: &Reader<Source>, cx: &Context) -> Option<ProgressBar> {
    let size = reader.size().filter(|size| *size >= PROGRESS_FROM && cx.shows_progress())?;
    let bar = ProgressBar::new(size);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {bytes} of {total_bytes}  {eta} left");
    Some(match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    })
}

/// One line about what was read, for people.
fn summarise(stream: &Stream, cx: &Context) {
    let counts = stream.renderer.counts;
    let plural =
        |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut line = format!("{} read, {} DHCP", plural(counts.frames, "packet", "packets"), counts.found);
    if counts.shown != counts.found {
        line = format!("{line}, {} shown", counts.shown);
    }
    cx.note(&format!("{line}, {} malformed", counts.malformed));
}

/// The program's view of a capture's error.
fn failure(error: &CaptureError) -> Failure {
    if error.is_damage() {
        return Failure::damaged(error);
    }
    match error {
        CaptureError::Write { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => {
            Failure::output(source)
        }
        _ => Failure::could_not_run(error),
    }
}
