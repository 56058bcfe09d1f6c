//! `dhcptool handshake`: time full exchanges, one or millions.

#[cfg(feature = "live")]
mod ladders;
#[cfg(feature = "live")]
mod progress;
#[cfg(feature = "live")]
mod run;
#[cfg(feature = "live")]
mod runner;
#[cfg(feature = "live")]
mod six;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::context::Context;
#[cfg(not(feature = "live"))]
use crate::cli::exit::Failure;
use crate::cli::exit::Outcome;
use crate::cli::flags::common::positive;
use crate::cli::flags::flat::FlatArgs;
use crate::cli::flags::nagios::NagiosArgs;
use crate::cli::flags::sender::{SenderArgs, duration};
use crate::engine::load::Slo;

/// Time full DISCOVER/OFFER/REQUEST/ACK exchanges, one or millions; with -6 SOLICIT/ADVERTISE/REQUEST/REPLY
///
/// Like ping: one handshake a second, four of them, each lease given back at once. With --rate it generates load on a
/// schedule of its own: a server that stalls cannot slow the schedule down, and latency is counted from it too.
#[allow(clippy::struct_excessive_bools, reason = "flags are independent of each other")]
#[cfg_attr(not(feature = "live"), allow(dead_code, reason = "the command line is the same in every build"))]
#[derive(clap::Args, Debug)]
#[command(after_long_help = NOTES)]
pub struct Args {
    /// The interface; that of the default route if left out, else the only usable one
    interface: Option<String>,

    #[command(flatten)]
    nagios: NagiosArgs,

    /// How many handshakes (4, unless --rate or --duration says how long)
    #[arg(long, short = 'c', value_name = "N", value_parser = positive::<u64>, help_heading = "Run")]
    count: Option<u64>,

    /// Begin one handshake so often; 0s: as soon as the one before is done
    #[arg(long, short = 'i', value_name = "DURATION", value_parser = duration, default_value = "1s", conflicts_with = "rate", help_heading = "Run")]
    interval: Duration,

    /// Begin so many per second, whatever the server does (200, 200/s, 3000/m)
    #[arg(long, value_name = "R/s", value_parser = rate, help_heading = "Run")]
    rate: Option<u64>,

    /// Begin none after this time (with --find-rate: length of each step)
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Run")]
    duration: Option<Duration>,

    /// Reach the rate over this time
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "rate", conflicts_with = "interval", default_value = "0s", help_heading = "Run")]
    ramp: Duration,

    /// Exchanges under way at a time (with --rate as many as there are clients, else 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_048_576), help_heading = "Run")]
    max_in_flight: Option<u32>,

    /// Search the highest rate that the server sustains, up to --rate
    #[arg(long, help_heading = "Run")]
    find_rate: bool,

    /// What "sustains" means: latency from the schedule, and loss
    #[arg(long, value_name = "LIMITS", default_value = "p99<50ms,loss<0.1%", help_heading = "Run")]
    slo: Slo,

    /// Allow more than 50 clients or 100 handshakes per second
    #[arg(long, help_heading = "Run")]
    load: bool,

    /// Threads that share the work, each with its own sockets
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64), help_heading = "Run")]
    threads: u32,

    /// Make choices repeatable: MACs, transaction identifiers, the order of a mix
    #[arg(long, value_name = "N", help_heading = "Run")]
    seed: Option<u64>,

    /// Different clients, with MACs made up from the seed (with -6 DUIDs of these, behind one address)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16_777_216), help_heading = "Clients")]
    clients: Option<u32>,

    /// The clients' MACs, one a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["clients", "mac"], help_heading = "Clients")]
    mac_list: Option<PathBuf>,

    /// Name each client to the server as a relay would: its number as circuit in option 82
    #[arg(long, help_heading = "Clients")]
    option_82: bool,

    /// Keep the leases
    #[arg(long, help_heading = "Clients")]
    keep: bool,

    /// Give leases back at the end, not at once
    #[arg(long, conflicts_with = "keep", help_heading = "Clients")]
    hold: bool,

    /// Write leases that are still held to FILE, for release --lease
    #[arg(long, value_name = "FILE", help_heading = "Clients")]
    write_leases: Option<PathBuf>,

    /// Weight of handshakes in a mix; a client without a lease always begins with one
    #[arg(long, value_name = "WEIGHT", default_value_t = 0, help_heading = "Mix")]
    full: u32,

    /// Weight of renewals (REQUEST to the server that gave the lease)
    #[arg(long, value_name = "WEIGHT", default_value_t = 0, help_heading = "Mix")]
    renew: u32,

    /// Weight of rebinding (REQUEST to any server)
    #[arg(long, value_name = "WEIGHT", default_value_t = 0, help_heading = "Mix")]
    rebind: u32,

    /// Weight of reboots (REQUEST for an address remembered); with -6 it is --confirm
    #[arg(long, value_name = "WEIGHT", default_value_t = 0, help_heading = "Mix")]
    init_reboot: u32,

    /// Weight of CONFIRM, a reboot with -6
    #[arg(long, value_name = "WEIGHT", default_value_t = 0, help_heading = "Mix")]
    confirm: u32,

    /// Weight of INFORM (with -6 INFORMATION-REQUEST)
    #[arg(long, value_name = "WEIGHT", default_value_t = 0, help_heading = "Mix")]
    inform: u32,

    /// Weight of RELEASE
    #[arg(long, value_name = "WEIGHT", default_value_t = 0, help_heading = "Mix")]
    release: u32,

    /// Print each exchange (a run without --rate does anyway, as text)
    #[arg(long, help_heading = "Output")]
    each: bool,

    /// Save the histograms as an HdrHistogram log, which can be merged with others
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    histogram: Option<PathBuf>,

    #[command(flatten)]
    flat: FlatArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

const NOTES: &str = "\
Latency: offer is DISCOVER to OFFER, ack is REQUEST to ACK, total is DISCOVER to ACK (with -6 SOLICIT to ADVERTISE, REQUEST to REPLY, SOLICIT to
REPLY; with rapid commit there is a total alone), scheduled counts from the time at
which the exchange should have begun. Up to 20,000 per second the kernel's own stamps of both messages are used;
faster, the question's time is taken just before it is sent, and the report says so.";

/// Reads `200`, `200/s`, `3000/m` or `1.5/s` as a rate per 1000 seconds.
fn rate(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a rate; write it as 200/s or 30/m");
    let (number, seconds) = match text.split_once('/') {
        None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
        Some((number, "m")) => (number, 60.0),
        Some((number, "h")) => (number, 3600.0),
        Some(_) => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if !(number.is_finite() && number > 0.0 && number <= 1e8) {
        return Err(wrong());
    }
    Ok(milli(number / seconds).max(1))
}

/// A rate per second as one per 1000 seconds.
fn milli(rate: f64) -> u64 {
    u64::try_from(Duration::from_secs_f64(rate.clamp(0.0, 1e9)).as_millis()).unwrap_or(u64::MAX)
}

/// Runs the command.
#[cfg(feature = "live")]
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    args.flat.refuse_beside(&args.nagios)?;
    args.nagios.guard(cx, |cx| run::run(args, cx))
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub fn run(_args: &Args, _cx: &mut Context) -> Outcome {
    Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        assert_eq!(rate("200"), Ok(200_000));
        assert_eq!(rate("200/s"), Ok(200_000));
        assert_eq!(rate("30/m"), Ok(500));
        assert_eq!(rate("0.5/s"), Ok(500));
        for text in ["", "0", "-1", "x/s", "5/d", "1e9", "NaN", "inf"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
