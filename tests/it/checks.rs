//! What the fuzz targets hold, held in every run: over the seeds kept, those that the captures give, and a bounded number
//! of mutations of them. `BLESS=1 cargo test --test it checks` writes those kept in `fuzz/seeds` anew.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use dhcptool::capture;
use dhcptool::time::{Clock as _, SystemClock};
use dhcptool::wire::frame::{Ports, Protocol, Walker};
use dhcptool::wire::options::v6 as opt;
use dhcptool::wire::v4::{Outline, Packet};
use dhcptool::wire::v6::MessageType;
use dhcptool::wire::v6::message::{Message, ia, ia_addr, status};
use fastrand::Rng;

#[allow(unreachable_pub, clippy::similar_names, reason = "the fuzz targets, other crates, have it too")]
#[path = "../checks/mod.rs"]
mod held;

/// How long each kind is tried, in nanoseconds, and how often at most.
const TIME: i64 = 1_500_000_000;
const MOST: usize = 20_000;
/// Seeds of one kind.
const SEEDS: usize = 16;

/// Bytes of the longest seed of a kind: none is long, but a capture of pcapng has more around its frames.
fn longest(kind: &str) -> usize {
    if kind == "pcapng" { 3000 } else { 700 }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn corpus(kind: &str) -> PathBuf {
    root().join("fuzz/seeds").join(kind)
}

fn captures() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/data/captures")).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|kind| kind == "pcap" || kind == "pcapng"));
    all.sort();
    all
}

/// What the captures hold, as input of this kind.
fn of_captures(kind: &str) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for path in captures() {
        if matches!(kind, "pcap" | "pcapng") {
            if path.extension().is_some_and(|ending| ending == kind) {
                seeds.push(fs::read(&path).unwrap());
            }
            continue;
        }
        let Ok(mut reader) = capture::open(&path) else { continue };
        let mut walker = Walker::new(Ports::every());
        let (mut joined, mut number) = (Vec::new(), 0_u8);
        while let Ok(Some(frame)) = reader.next() {
            if kind == "frame" {
                let (length, link) = (frame.data.len().div_ceil(2), frame.link.0.to_be_bytes());
                let Ok(length) = u8::try_from(length) else { continue };
                let mut seed = vec![link[2], link[3], length, 0];
                seed.extend(frame.data);
                seeds.push(seed);
            }
            walker.walk(frame.link, frame.data, frame.data.len(), 0, |datagram| {
                let wanted = match datagram.protocol {
                    Protocol::Dhcpv4 => "message",
                    Protocol::Dhcpv6 => "message6",
                    Protocol::Icmpv6 => "nd",
                };
                if kind == wanted {
                    seeds.push([&[0, 0], datagram.payload].concat());
                }
                if wanted != "nd" && kind == "transactions" {
                    number = number.wrapping_add(1);
                    let length = u16::try_from(datagram.payload.len()).unwrap_or(0).to_be_bytes();
                    joined.extend([number % 32, if wanted == "message" { 1 } else { 0x81 }]);
                    joined.extend(length);
                    joined.extend(&datagram.payload[..usize::from(u16::from_be_bytes(length))]);
                }
                if wanted == "message" && kind == "option_text" {
                    let (packet, mut outline) = (Packet::new(datagram.payload), Outline::default());
                    outline.read(&packet, datagram.payload.len(), false);
                    seeds.extend(
                        outline.options.iter().map(|span| [&[0, span.code, 0], span.data(&packet)].concat()),
                    );
                }
            });
        }
        if !joined.is_empty() {
            joined.truncate(1500);
            seeds.push(joined);
        }
    }
    seeds
}

/// Seeds that no capture gives.
fn written(kind: &str) -> Vec<Vec<u8>> {
    let steps = |which: u8| {
        let mut input = vec![which];
        for what in [0_u8, 1, 0x41, 2, 9, 7, 0xff] {
            input.extend([20, what, 4, 0, 1, 100, 0x80]);
        }
        input
    };
    match kind {
        "machines" => (0..14_u8).map(steps).collect(),
        "load" => [0, 1, 2, 64].map(steps).into(),
        "policy" => vec![
            b"[[server]]\nname = \"main\"\nserver-id = \"10.0.0.1\"\nmac = \"02:00:00:00:00:01\"\nvlan = [100]\n".to_vec(),
            b"[[server]]\nip = \"10.0.0.1\"\n[server.offers]\nrouters = [\"10.0.0.1\"]\nlease = \">=1h\"\n".to_vec(),
        ],
        "state" => vec![
            br#"{"version":1,"servers":[{"interface":"eth0","interfaces":["eth0"],"vlans":[],"source_ip":"10.0.0.1",
"source_mac":"02:00:00:00:00:01","relay":null,"server_id":"10.0.0.1","status":"rogue","reasons":[["unknown-server","x"]],
"facets":[["router","10.0.0.1"]],"first_seen_ns":1,"last_seen_ns":2,"present":true}]}"#
                .to_vec(),
        ],
        "transactions" => vec![six()],
        _ => Vec::new(),
    }
}

/// A client of DHCPv6 that gets a lease through a relay, asks for more time, and has lost it.
fn six() -> Vec<u8> {
    let duid = |number: u8| [0, 3, 0, 1, 2, 0, 0, 0, 0, number];
    let lease = ia(1, 3, 4, &[ia_addr("2001:db8::5".parse().unwrap(), 5, 9, &[])]);
    let gone = ia(1, 0, 0, &[status(3, "gone")]);
    let link = "2001:db8::1".parse().unwrap();
    let mut input = Vec::new();
    for (kind, xid, ia, step, relayed) in [
        (MessageType::SOLICIT, 7, ia(1, 0, 0, &[]), 9, None),
        (MessageType::SOLICIT, 7, ia(1, 0, 0, &[]), 9, Some(MessageType::RELAY_FORW)),
        (MessageType::ADVERTISE, 7, lease.clone(), 9, Some(MessageType::RELAY_REPL)),
        (MessageType::REQUEST, 8, lease.clone(), 30, None),
        (MessageType::REPLY, 8, lease.clone(), 9, None),
        (MessageType::RENEW, 9, lease, 90, None),
        (MessageType::REPLY, 9, gone, 9, None),
    ] {
        let mut message = Message::new(kind, xid);
        message.add_option(opt::CLIENTID, duid(0x81));
        message.add_option(opt::SERVERID, duid(1));
        message.add_option(opt::IA_NA, ia);
        let inner = message.encode();
        let bytes =
            relayed.map_or(inner.clone(), |kind| Message::relay(kind, 0, link, link, &inner).encode());
        input.extend([step, 0x81]);
        input.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        input.extend(bytes);
    }
    input
}

/// A few of many, spread out, none of them long.
fn chosen(kind: &str, mut seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.retain(|seed| (1..=longest(kind)).contains(&seed.len()));
    seeds.sort();
    seeds.dedup();
    let step = seeds.len().div_ceil(SEEDS).max(1);
    seeds.into_iter().step_by(step).collect()
}

fn bless(kind: &str) {
    let folder = corpus(kind);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (seed, number) in chosen(kind, [written(kind), of_captures(kind)].concat()).iter().zip(1..) {
        fs::write(folder.join(format!("{number:02}")), seed).unwrap();
    }
}

fn mutate(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = seeds[rng.usize(..seeds.len())].clone();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..=input.len());
        match rng.u8(..6) {
            0 => input.insert(at, rng.u8(..)),
            1 => input.truncate(at),
            2 => {
                let other = &seeds[rng.usize(..seeds.len())];
                let from = rng.usize(..=other.len());
                let part = &other[from..(from + rng.usize(..40)).min(other.len())];
                input.splice(at..at, part.iter().copied());
            }
            3 if at < input.len() => drop(input.remove(at)),
            4 if at < input.len() => input[at] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][rng.usize(..6)],
            _ if at < input.len() => input[at] ^= 1 << rng.u8(..8),
            _ => {}
        }
    }
    input
}

fn hold(kind: &str, check: fn(&[u8])) {
    if std::env::var_os("BLESS").is_some() {
        bless(kind);
    }
    // A package has no corpus.
    let kept = fs::read_dir(corpus(kind)).into_iter().flatten();
    let kept = kept.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    let mut seeds = [kept, written(kind), of_captures(kind)].concat();
    seeds.retain(|seed: &Vec<u8>| seed.len() < 40_000);
    assert!(!seeds.is_empty(), "{kind}");
    let tried = |input: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(input))) {
            let hex: Vec<String> = input.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!("{kind} does not hold for {}", hex.concat());
            resume_unwind(panic);
        }
    };
    for seed in &seeds {
        tried(seed);
    }
    let (mut rng, began) = (Rng::with_seed(1), SystemClock.now());
    for _ in 0..MOST {
        tried(&mutate(&mut rng, &seeds));
        if SystemClock.now().since(began) > TIME {
            break;
        }
    }
}

#[test]
fn captures_hold_what_fuzzing_holds() {
    for (kind, check) in &held::ALL[..2] {
        hold(kind, *check);
    }
}

#[test]
fn messages_hold_what_fuzzing_holds() {
    for (kind, check) in &held::ALL[2..7] {
        hold(kind, *check);
    }
}

#[test]
fn machines_hold_what_fuzzing_holds() {
    for (kind, check) in &held::ALL[7..9] {
        hold(kind, *check);
    }
}

#[test]
fn files_and_exchanges_hold_what_fuzzing_holds() {
    for (kind, check) in &held::ALL[9..] {
        hold(kind, *check);
    }
}

#[test]
fn every_kind_has_its_target_and_seeds() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap_or_default();
    if manifest.is_empty() {
        return;
    }
    for (kind, _) in held::ALL {
        assert!(manifest.contains(&format!("name = \"{kind}\"")), "{kind} is no fuzz target");
        let seeds = fs::read_dir(corpus(kind)).map_or(0, Iterator::count);
        assert!(seeds > 0, "the target {kind} has no seeds: BLESS=1 cargo test --test it checks");
    }
}
