//! Load for a capture program: lays a cable in a private network, starts the program at one end and sends DHCP frames of 342
//! bytes into the other, then says what was sent and what it cost the program.
//!
//! ```sh
//! cargo run --release --example flood -- --rate 400000 --seconds 4 -- dhcptool sniff eth0 --json
//! ```
//!
//! The program's standard output goes to `--out` (default `/dev/null`). It is sent SIGTERM one second after the last frame.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a measuring tool, not shipped"
)]

use std::fs::{self, File};
use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser;
use dhcptool::net::batch::BatchSocket;
use dhcptool::time::{Clock, Instant, SystemClock};

#[path = "../tests/it/support/cable.rs"]
mod cable;

/// Send DHCP frames to a capture program
#[derive(Parser)]
struct Args {
    /// Frames per second; 0: as many as can be
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// For how long
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Send with so many threads
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// Where the program's standard output goes
    #[arg(long, default_value = "/dev/null")]
    out: String,
    /// The program and its arguments; it listens on eth0
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Frames that are sent over and over: enough different ones that nothing is remembered from the last time.
const DIFFERENT: u32 = 4096;
const BATCH: usize = 32;

fn main() {
    let args = Args::parse();
    cable::enter().unwrap();
    let mut far = cable::far_end().unwrap();
    let (arena, spans) = frames();
    let mut child = Command::new(&args.command[0])
        .args(&args.command[1..])
        .stdin(Stdio::null())
        .stdout(File::create(&args.out).unwrap())
        .spawn()
        .unwrap();
    wait_until_it_listens(&mut child);
    let before = ticks(child.id());
    let start = SystemClock.now();
    let end = start.after(Duration::from_secs_f64(args.seconds));
    let rate = args.rate / args.threads.max(1);
    let sent: u64 = std::thread::scope(|scope| {
        let (arena, spans) = (&arena, &spans);
        let another = || send(&mut cable::far_end().unwrap(), arena, spans, rate, start, end);
        let running: Vec<_> = (1..args.threads).map(|_| scope.spawn(another)).collect();
        let own = send(&mut far, arena, spans, rate, start, end);
        own + running.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
    });
    let took = end.since(start) as f64 / 1e9;
    std::thread::park_timeout(Duration::from_secs(1));
    let (user, system) = {
        let after = ticks(child.id());
        ((after.0 - before.0) as f64 / 100.0, (after.1 - before.1) as f64 / 100.0)
    };
    let peak = status(child.id(), "VmHWM:");
    terminate(&child);
    let exit = child.wait().unwrap();
    println!(
        "sent {sent} in {took:.2} s = {:.0}/s; user {user:.2} s, system {system:.2} s = {:.3} us/frame; peak RSS {peak}; {exit}",
        sent as f64 / took,
        (user + system) * 1e6 / sent as f64,
    );
}

/// Sends at a rate until the end; returns how many frames.
fn send(
    socket: &mut BatchSocket,
    arena: &[u8],
    spans: &[Range<usize>],
    rate: u64,
    start: Instant,
    end: Instant,
) -> u64 {
    let mut sent = 0_u64;
    let mut at = 0;
    let mut now = start;
    while now < end {
        if rate == 0 || sent < now.since(start) as u64 * rate / 1_000_000_000 {
            socket.send(arena, &spans[at..at + BATCH]).unwrap();
            sent += BATCH as u64;
            at = (at + BATCH) % spans.len();
        } else {
            std::hint::spin_loop();
        }
        now = SystemClock.now();
    }
    sent
}

fn frames() -> (Vec<u8>, Vec<Range<usize>>) {
    let mut arena = Vec::new();
    let mut spans = Vec::new();
    for number in 0..DIFFERENT {
        let start = arena.len();
        arena.extend(cable::frame(&cable::message(number), &[]));
        spans.push(start..arena.len());
    }
    (arena, spans)
}

/// Waits until there is a packet socket beside our own, and the program has come to rest behind it.
fn wait_until_it_listens(child: &mut Child) {
    let mut sockets_seen = 0;
    while sockets_seen < 20 {
        assert!(child.try_wait().unwrap().is_none(), "the program ended before it listened");
        let sockets = fs::read_to_string("/proc/thread-self/net/packet").unwrap().lines().count();
        sockets_seen += usize::from(sockets > 2);
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// User and system time of a process and those of its children that it waited for, in hundredths of a second.
fn ticks(pid: u32) -> (u64, u64) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap().split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    (fields[11], fields[12])
}

fn status(pid: u32, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned()
}

fn terminate(child: &Child) {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
}
