//! `dhcptool sniff`: watch live traffic.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::context::Context;
#[cfg(not(feature = "live"))]
use crate::cli::exit::Failure;
use crate::cli::exit::Outcome;
use crate::cli::flags::analysis::AnalysisArgs;
use crate::cli::flags::common::positive;
use crate::cli::flags::confine::ConfineArgs;
use crate::cli::flags::flat::FlatArgs;
use crate::cli::flags::screen::ScreenArgs;
use crate::cli::flags::select::SelectArgs;
use crate::cli::flags::sender::duration;

/// Decode live traffic
///
/// Listens on the interfaces named, else on every interface that is up, and shows the DHCP in what passes there, whoever
/// it is for. A filter in the kernel lets through only what can be DHCP, tagged, fragmented or in a tunnel, so that a busy
/// link costs next to nothing. Interfaces may go down, vanish and come back meanwhile; where none was named, Ethernet
/// interfaces that come up later are listened on, too (four new ones, and one more for each that vanished).
#[derive(clap::Args, Debug)]
#[command(after_long_help = NOTES)]
pub struct Args {
    /// The interfaces; none: every interface that is up
    #[arg(value_name = "IFACE")]
    interfaces: Vec<String>,

    #[command(flatten)]
    select: SelectArgs,

    #[command(flatten)]
    analysis: AnalysisArgs,

    #[command(flatten)]
    flat: FlatArgs,

    #[command(flatten)]
    screen: ScreenArgs,

    /// Listen for this long, as in 90s or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Selection")]
    duration: Option<Duration>,

    /// Keep the frames of the packets shown in FILE: pcap if it ends in .pcap or .cap, else pcapng; - is standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    write: Option<PathBuf>,

    /// Show nothing, only write
    #[arg(long, requires = "write", conflicts_with_all = ["top", "known"], help_heading = "Output")]
    write_only: bool,

    /// Begin another file before this one grows beyond so many bytes, as in 100M (units k, M, G: powers of 1000)
    #[arg(long, value_name = "SIZE", value_parser = parse_size, requires = "write", help_heading = "Output")]
    rotate_size: Option<u64>,

    /// Begin another file after this long, as in 1h; 1s or more
    #[arg(long, value_name = "DURATION", value_parser = turn, requires = "write", help_heading = "Output")]
    rotate_every: Option<Duration>,

    /// Of the files written, keep the last N
    #[arg(long, value_name = "N", value_parser = positive::<u32>, requires = "write", help_heading = "Output")]
    keep: Option<u32>,

    /// See only what the interface takes anyway: do not make it promiscuous
    #[arg(short = 'p', long, help_heading = "Selection")]
    no_promiscuous: bool,

    #[command(flatten)]
    confine: ConfineArgs,
}

const NOTES: &str = "\
Exchanges:
  --transactions, --ladder and --lint show an exchange once no message can join it any more: 10 seconds after the last
  message of one that is complete, two minutes after that of one that is not. --clients, --stats and what several
  exchanges show come at the end.

Ending:
  Ctrl-C and SIGTERM end it: what has arrived by then is shown and written, then one line on standard error says how
  many frames passed the filter, how many DHCP messages were in them and shown, and how many frames were lost, by the
  kernel (this program was too slow) and by the interface. Losses are said when they begin, and at the end even with -q.
  What cannot be shown within 0.7 seconds is left: how many frames that were is said, and it ends with 130 (SIGTERM:
  143). A second signal ends it at once. When --duration is over nothing is left: what had arrived by then is handed to
  whoever reads it, however slowly; only a signal ends that early.

Files:
  With --rotate-size or --rotate-every, FILE is the pattern of a row of files: cap.pcapng becomes
  cap_00001_20261121130500.pcapng and so on (UTC). Every file is a valid capture at every moment: a frame is written
  before it is shown, and a killed process leaves at most the last frame unwritten.

Privileges:
  Capturing takes CAP_NET_RAW (and CAP_NET_ADMIN in some containers): run it as root, or once
      sudo setcap cap_net_raw,cap_net_admin+ep /usr/bin/dhcptool
  Once the interfaces are open it becomes the user who ran sudo, or --user, creates its files as that user, gives up
  every capability, and confines itself before it looks at the first packet: no new privileges, no file opened but new
  ones of a row, no program started, no connection made (seccomp and Landlock, where the kernel has them).";

/// Reads how long a file takes. Without a floor there would be a file for every frame.
fn turn(text: &str) -> Result<Duration, String> {
    let turn = duration(text)?;
    if turn < Duration::from_secs(1) {
        return Err("it must be at least 1s".to_owned());
    }
    Ok(turn)
}

/// Reads a number of bytes.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || "write a number of bytes such as 500000, 100M or 2G".to_owned();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let factor = match text.get(digits.len()..).unwrap_or_default() {
        "" | "B" => 1,
        "k" | "K" | "kB" | "KB" => 1_000,
        "M" | "MB" => 1_000_000,
        "G" | "GB" => 1_000_000_000,
        "T" | "TB" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).filter(|size| *size > 0).ok_or_else(wrong)
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub fn run(args: &Args, _cx: &mut Context) -> Outcome {
    let _ = (
        &args.interfaces,
        &args.select,
        &args.flat,
        &args.analysis,
        &args.screen,
        args.duration,
        &args.write,
        args.write_only,
        args.rotate_size,
    );
    let _ = (args.rotate_every, args.keep, args.no_promiscuous, &args.confine);
    Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
}

/// Runs the command.
#[cfg(feature = "live")]
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    live::run(args, cx)
}

#[cfg(feature = "live")]
mod live;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_take_a_second_or_more() {
        assert_eq!(turn("1h"), Ok(Duration::from_hours(1)));
        assert_eq!(turn("60"), Ok(Duration::from_mins(1)));
        for text in ["0", "0s", "999ms", "soon"] {
            assert!(turn(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_as_people_write_them() {
        assert_eq!(parse_size("500000"), Ok(500_000));
        assert_eq!(parse_size("100k"), Ok(100_000));
        assert_eq!(parse_size("2GB"), Ok(2_000_000_000));
        for text in ["", "0", "M", "1X", "-1", "1.5M", "99999999999999999999", "18446744073709551615k"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
