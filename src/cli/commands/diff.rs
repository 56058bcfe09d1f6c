//! `dhcptool diff`: what two servers give, option by option.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::analysis::compare::{self, Difference, Scope, Side};
use crate::capture;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::output::Label;
use crate::output::diff::{DiffObject, Source};
use crate::output::packet::read::read_message;
use crate::wire::HwAddr;
use crate::wire::escape::escape;
use crate::wire::frame::{Ports, Protocol, Walker};
use crate::wire::v4::{Message, MessageType};

/// Compare what two servers give, option by option
///
/// Each side is a capture (its OFFERs and ACKs count), or JSON that decode, discover or request printed. Of several replies
/// the last of each server to each client counts, and values are sets. Transaction number, times that drift, client identifier,
/// relay agent information and the address itself are left out; its subnet is compared.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// One side: a capture, or saved JSON
    #[arg(value_name = "A")]
    a: PathBuf,

    /// The other side
    #[arg(value_name = "B")]
    b: PathBuf,

    /// Compare these messages; left out: ACKs if both sides have one, else OFFERs
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<KindArg>,

    /// Only replies to this client
    #[arg(long, value_name = "MAC")]
    mac: Option<HwAddr>,

    /// Compare the servers' own identifiers, too
    #[arg(long)]
    all: bool,
}

/// The values of `--type`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum KindArg {
    /// OFFERs
    Offer,
    /// ACKs
    Ack,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    let (a, count_a) = read(&args.a, args.mac)?;
    let (b, count_b) = read(&args.b, args.mac)?;
    let kind = args.kind.map(|kind| match kind {
        KindArg::Offer => MessageType::OFFER,
        KindArg::Ack => MessageType::ACK,
    });
    let Some((differences, same)) = compare::compare(&a, &b, Scope { kind, all: args.all }) else {
        return Err(Failure::could_not_run(format_args!(
            "nothing to compare: {} has {count_a} replies that give something, {} has {count_b}, and not of one type",
            args.a.display(),
            args.b.display()
        )));
    };
    let exit = if differences.is_empty() { Exit::Good } else { Exit::Bad };
    if cx.common.json {
        let source = |path: &Path, replies: usize| Source { source: path.display().to_string(), replies };
        let (a, b) = (source(&args.a, count_a), source(&args.b, count_b));
        cx.out.write_json(&DiffObject::new(a, b, same, differences))?;
        return Ok(exit);
    }
    let mut out = cx.out.styled();
    let rows: Vec<(String, String, String)> = differences.iter().map(row).collect();
    let width = |of: fn(&(String, String, String)) -> &String, most: usize| {
        rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0).min(most)
    };
    let (name, value) = (width(|row| &row.0, 30), width(|row| &row.1, 40));
    for (label, left, right) in &rows {
        out.label(Label::Strong, &format!("{label:<name$}")).text("  ").text(&format!("{left:<value$}"));
        out.label(Label::Dim, " | ").text(right).text("\n");
    }
    let plural = if differences.len() == 1 { "difference" } else { "differences" };
    out.text(&format!("{} {plural}, {same} the same\n", differences.len()));
    cx.out.write_styled(out)?;
    Ok(exit)
}

fn row(difference: &Difference) -> (String, String, String) {
    let label = match difference.code {
        Some(code) => format!("option {code} {}", difference.name),
        None => difference.name.clone(),
    };
    let side = |values: &[String]| {
        if values.is_empty() { "-".to_owned() } else { escape(values.join("; ").as_bytes()) }
    };
    (label, side(&difference.values[0]), side(&difference.values[1]))
}

/// Reads one side; how many replies gave something.
fn read(path: &Path, mac: Option<HwAddr>) -> Result<(Side, usize), Failure> {
    let mut side = Side::default();
    let mut count = 0_usize;
    let mut take = |message: &Message, broadcast: Option<bool>| {
        if mac.is_none_or(|mac| message.client() == mac) && side.take(message, broadcast) {
            count = count.saturating_add(1);
        }
    };
    match capture::open(path) {
        Ok(mut reader) => {
            let mut walker = Walker::new(Ports::default());
            loop {
                let frame = match reader.next() {
                    Ok(Some(frame)) => frame,
                    Ok(None) => break,
                    Err(error) => return Err(Failure::damaged(error)),
                };
                let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
                let time = frame.time.unwrap_or_default().nanoseconds();
                walker.walk(frame.link, frame.data, original, time, |datagram| {
                    if datagram.protocol == Protocol::Dhcpv4 && !datagram.quoted && !datagram.cut {
                        let broadcast = datagram.ip.map(|ip| match ip.dst {
                            std::net::IpAddr::V4(ip) => ip.is_broadcast(),
                            std::net::IpAddr::V6(_) => false,
                        });
                        take(&Message::decode(datagram.payload), broadcast);
                    }
                });
            }
        }
        Err(error) => {
            let text = crate::cli::text::read(path, MOST).unwrap_or_default();
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            let objects: Option<Vec<Value>> =
                lines.by_ref().map(|line| serde_json::from_str(line).ok()).collect();
            let Some(objects) = objects.filter(|objects| !objects.is_empty()) else {
                return Err(Failure::could_not_run(error));
            };
            for object in &objects {
                packets(object, &mut take);
            }
        }
    }
    Ok((side, count))
}

/// The most that is read of what was saved, in bytes.
const MOST: u64 = 256 << 20;

/// Every packet object in what discover, request or decode printed.
fn packets(object: &Value, take: &mut impl FnMut(&Message, Option<bool>)) {
    if object.get("type").and_then(Value::as_str) == Some("packet") {
        if let Ok(message) = read_message(object) {
            let dst = object.get("ip").and_then(|ip| ip.get("dst")).and_then(Value::as_str);
            take(&message, dst.map(|dst| dst == "255.255.255.255"));
        }
        return;
    }
    let offers = object.get("offers").and_then(Value::as_array).into_iter().flatten();
    for inner in offers.filter_map(|offer| offer.get("packet")).chain(object.get("packet")) {
        packets(inner, take);
    }
}
