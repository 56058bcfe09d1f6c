//! `dhcptool diff`: what two servers give, option by option.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser as _;
use serde_json::Value;

use crate::analysis::compare::{self, Scope, Side};
use crate::capture;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::confine::ConfineArgs;
use crate::cli::flags::sender::{self, SenderArgs};
use crate::cli::session;
use crate::cli::teller::{Awaited, Manner, Teller, Watched};
use crate::cli::text;
use crate::engine::v4::collect::{Plan, Until, Want};
use crate::engine::{Backoff, Client as _, Collect};
#[cfg(feature = "live")]
use crate::net::sandbox::Needs;
use crate::output::answers::Place;
use crate::output::diff::{DiffObject, Source};
use crate::output::packet::read::read_message;
use crate::run::segment::Way;
use crate::run::session as run;
use crate::wire::HwAddr;
use crate::wire::frame::{Ports, Protocol, Walker};
use crate::wire::v4::{Message, MessageType};

/// Compare what two servers give, option by option
///
/// Each side is a capture (its OFFERs and ACKs count), JSON that decode, discover or request printed, or server:ADDR[%IFACE], which is
/// asked now with a DISCOVER and keeps no lease for it. Of several replies
/// the last of each server to each client counts, and values are sets. Transaction number, times that drift, client identifier,
/// relay agent information and the address itself are left out; its subnet is compared.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// One side: a capture, saved JSON, or server:ADDR[%IFACE]
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

    #[command(flatten)]
    confine: ConfineArgs,
}

/// How long a server that is asked has to answer.
const WAIT: Duration = Duration::from_secs(5);

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
    let [(a, count_a), (b, count_b)] = sides(args, cx)?;
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
    let source = |path: &Path, replies: usize| Source { source: path.display().to_string(), replies };
    let (a, b) = (source(&args.a, count_a), source(&args.b, count_b));
    cx.show(&DiffObject::new(a, b, same, differences))?;
    Ok(exit)
}

/// Both sides, of which servers are asked last: files are read before that, confined, with the rights of who named them.
fn sides(args: &Args, cx: &Context) -> Result<[(Side, usize); 2], Failure> {
    let mut found = [None, None];
    let (mut servers, mut files) = (Vec::new(), Vec::new());
    for (path, place) in [&args.a, &args.b].into_iter().zip(0_usize..) {
        match path.to_str().and_then(|text| text.strip_prefix("server:")) {
            Some(server) => servers.push((place, Asked::parse(server)?)),
            None => files.push((place, path.as_path())),
        }
    }
    #[cfg(feature = "live")]
    if servers.is_empty() {
        let read = files.iter().map(|(_, path)| path.to_path_buf()).collect();
        args.confine.offline(&Needs { read, ..Needs::default() }, cx)?;
    }
    for (place, path) in files {
        let side = args.confine.apart(&[path], cx, || read(path, args.mac))?;
        if let Some(slot) = found.get_mut(place) {
            *slot = Some(side);
        }
    }
    if !servers.is_empty() {
        let asked = ask(&servers, args, cx)?;
        for ((place, _), side) in servers.iter().zip(asked) {
            if let Some(slot) = found.get_mut(*place) {
                *slot = Some(side);
            }
        }
    }
    Ok(found.map(Option::unwrap_or_default))
}

/// A server that is asked now.
struct Asked {
    server: Ipv4Addr,
    interface: Option<String>,
}

impl Asked {
    fn parse(text: &str) -> Result<Self, Failure> {
        let (server, interface) = match text.split_once('%') {
            Some((server, interface)) => (server, Some(interface.to_owned())),
            None => (text, None),
        };
        let server = server.parse().map_err(|_| {
            Failure::usage(format_args!(
                "server:{text} is not server:ADDR[%IFACE]; write server:10.0.0.1 or server:10.0.0.1%eth0"
            ))
        })?;
        Ok(Self { server, interface })
    }
}

/// The flags of a sender as if they had been typed.
#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    sender: SenderArgs,
}

/// Asks servers, one after the other: what each gives, and how many replies that are.
fn ask(servers: &[(usize, Asked)], args: &Args, cx: &Context) -> Result<Vec<(Side, usize)>, Failure> {
    let mut rng = fastrand::Rng::new();
    let mut open = Vec::new();
    // All are opened before the rights to are given up.
    for (_, asked) in servers {
        let mut words = vec!["dhcptool".to_owned(), "--server".to_owned(), asked.server.to_string()];
        if let Some(mac) = args.mac {
            words.extend(["--mac".to_owned(), mac.to_string()]);
        }
        let Flags { sender: flags } =
            Flags::try_parse_from(words).map_err(|error| Failure::usage(error.to_string().trim()))?;
        let (segment, recipe) =
            sender::prepare(&flags, asked.interface.as_deref(), MessageType::DISCOVER, &mut rng)?;
        let segment = segment.ok_or_else(|| Failure::could_not_run("no interface"))?;
        let draft = recipe.discover(0, None);
        let opening = session::opening(Way::Link, [&draft].into_iter());
        let exchanges = run::Session::open(&segment, opening)?;
        let plan = Plan {
            wait: WAIT,
            send_all: false,
            backoff: flags.backoff(Backoff::COLLECT),
            until: Until::First,
            want: Want::Offers,
            count_secs: flags.counts_secs(),
        };
        open.push((asked, segment, exchanges, draft, plan));
    }
    #[cfg(feature = "live")]
    {
        args.confine.give_up(cx)?;
        args.confine.confine(&Needs::default(), cx)?;
    }
    #[cfg(not(feature = "live"))]
    let _ = cx;
    let mut sides = Vec::new();
    for (asked, segment, mut exchanges, draft, plan) in open {
        let mut collect = Collect::new(draft, plan, fastrand::Rng::new());
        collect.station_mut().watch.only_server = Some(asked.server);
        let teller = RefCell::new(Teller::new(false, Manner::of(cx)));
        teller.borrow_mut().begin(Awaited::within("an offer", WAIT));
        let held = exchanges.hold(&mut Watched::new(&mut collect, &teller), &cx.clock, &mut |_| {});
        teller.borrow_mut().end();
        if let Some(error) = held.error {
            return Err(error.into());
        }
        let place = Place {
            interface: &segment.name,
            link_type: held.link_type,
            precision: held.precision,
            ports: &exchanges.ports,
            class: exchanges.class,
            fragments: exchanges.fragments(),
            story: &[],
            columns: 0,
        };
        let (mut side, mut count) = (Side::default(), 0_usize);
        for answer in collect.answers() {
            place.record(answer, 1, &mut |record| {
                let broadcast = record.datagram.ip.map(|ip| match ip.dst {
                    std::net::IpAddr::V4(ip) => ip.is_broadcast(),
                    std::net::IpAddr::V6(_) => false,
                });
                if side.take(&Message::decode(record.datagram.payload), broadcast) {
                    count = count.saturating_add(1);
                }
            });
        }
        if count == 0 {
            return Err(Failure::could_not_run(format_args!(
                "server:{} made no offer on {} within {} s; dhcptool discover {} shows who does",
                asked.server,
                segment.name,
                WAIT.as_secs(),
                segment.name
            )));
        }
        sides.push((side, count));
    }
    Ok(sides)
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
    let failed = |error| Failure::could_not_run(format_args!("cannot read {}: {error}", path.display()));
    // Opened once, for a pipe delivers its bytes once: they say what it is.
    let mut input = BufReader::new(capture::raw(path).map_err(failed)?);
    if input.fill_buf().map_err(failed)?.trim_ascii_start().starts_with(b"{") {
        let text = text::bounded(input, MOST).map_err(failed)?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let object = serde_json::from_str(line).map_err(|error| {
                let what = "neither a capture nor what decode, discover or request --json printed";
                Failure::could_not_run(format_args!("{}: {what}: {error}", path.display()))
            })?;
            packets(&object, &mut take);
        }
        return Ok((side, count));
    }
    let mut reader =
        capture::read(&path.to_string_lossy(), Box::new(input)).map_err(Failure::could_not_run)?;
    let mut walker = Walker::new(Ports::default());
    while let Some(frame) = reader.next().map_err(Failure::damaged)? {
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
