//! Exchanges against servers that answer late, twice, wrongly or not at all: scenarios as data, played under a virtual
//! clock. No root, no network, no sleep.
//!
//! A scenario says what the client does, how its servers behave, and what must come out. Times are milliseconds.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use serde::Deserialize;

use dhcptool::engine::Client as _;
use dhcptool::engine::drive::{Passed, Witness};
use dhcptool::engine::pair::{Arrivals, Counterpart, Pair};
use dhcptool::engine::v4::arp::ANNOUNCE_WAIT;
use dhcptool::engine::v4::collect::{Plan, Until, Want};
use dhcptool::engine::v4::exchange::{ConflictCheck, ConflictVerdict, Settings, Task};
use dhcptool::engine::v4::silence::findings;
use dhcptool::engine::{Answer, Backoff, Collect, Exchange, Machine, OneShot, Reason, Recipe, Route, State};
use dhcptool::time::{Clock as _, Instant};
use dhcptool::wire::Mac;
use dhcptool::wire::arp::Arp;
use dhcptool::wire::frame::Envelope;
use dhcptool::wire::frame::build::arp_frame;
use dhcptool::wire::frame::{LinkType, Ports, Walker};
use dhcptool::wire::v4::{Message, MessageType, Xid};

/// The client of every scenario.
const CLIENT: Mac = Mac([2, 0, 0, 0, 1, 0]);
const XID: Xid = Xid(0x1234_5678);
/// The path of a frame through the wire, in either direction.
const WIRE: Duration = Duration::from_micros(50);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What it shows, for the reader.
    about: String,
    client: Client,
    #[serde(default)]
    server: Vec<Server>,
    #[serde(default)]
    host: Vec<Host>,
    expect: Expect,
}

#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    /// discover, selecting, init-reboot, renewing, rebinding, inform, release
    does: String,
    ip: Option<Ipv4Addr>,
    server: Option<Ipv4Addr>,
    #[serde(default)]
    arp_check: bool,
    #[serde(default)]
    decline_on_conflict: bool,
    #[serde(default)]
    release: bool,
    #[serde(default)]
    first: bool,
    wait: Option<u64>,
    timeout: Option<u64>,
    retries: Option<u32>,
    /// When the user stops it.
    interrupt: Option<u64>,
    /// When the link goes down, and for how long.
    dip: Option<[u64; 2]>,
}

/// One server.
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    ip: Ipv4Addr,
    /// What it offers.
    address: Option<Ipv4Addr>,
    /// How long it takes to answer.
    #[serde(default)]
    delay: u64,
    /// Answers come so often.
    #[serde(default = "one")]
    copies: u32,
    /// It checks the address first: `icmp` or `arp`; `delay` is how long.
    check: Option<String>,
    /// Messages it does not hear: the first so many.
    #[serde(default)]
    deaf: u32,
    /// Answers REQUEST with a NAK and this reason.
    nak: Option<String>,
    /// Answers a REQUEST that names another server too: with `nak`, as an authoritative server does, or with `ack`.
    meddles: Option<String>,
    /// An ACK follows its NAK.
    #[serde(default)]
    relents: bool,
    /// Answers nothing of these types.
    #[serde(default)]
    silent: Vec<String>,
    /// What it gets wrong: xid, chaddr, op, port, short, type.
    lies: Option<String>,
    /// It must ask for the client's MAC before it can answer.
    #[serde(default)]
    asks_arp: bool,
    /// Offers another address every time.
    #[serde(default)]
    fickle: bool,
    /// It refuses with an ICMP error instead of answering.
    #[serde(default)]
    unreachable: bool,
    /// It asks for the address and never gets to an answer.
    #[serde(default)]
    silent_after_check: bool,
    /// It does not say who it is.
    #[serde(default)]
    nameless: bool,
    /// It does not answer ARP for itself.
    #[serde(default)]
    no_arp: bool,
}

fn one() -> u32 {
    1
}

/// A host that uses an address.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    ip: Ipv4Addr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// ack, nak, timeout; for discover and release left out.
    outcome: Option<String>,
    /// Servers whose offers were found, in order of arrival.
    offers: Option<Vec<Ipv4Addr>>,
    /// Latency of each offer, or of the answer.
    latency: Option<Vec<f64>>,
    /// Server checks of each offer: `icmp 1000`, or empty.
    checks: Option<Vec<String>>,
    /// Copies of each offer.
    copies: Option<Vec<u32>>,
    /// Messages sent, by type, in order.
    sent: Option<Vec<String>>,
    /// At what times the DHCP messages went out.
    sent_at: Option<Vec<u64>>,
    /// Messages ignored: reason and count.
    #[serde(default)]
    ignored: std::collections::BTreeMap<String, u64>,
    /// What the silence is explained by: parts of sentences.
    #[serde(default)]
    silence: Vec<String>,
    /// What the conflict check found: free, or in use.
    conflict: Option<String>,
    /// Answers of servers that were not chosen: type and server.
    others: Option<Vec<String>>,
    /// Leases that may be left: address and server.
    left: Option<Vec<String>>,
    /// When it was all over.
    over: Option<u64>,
}

/// Scripted servers and hosts.
struct World {
    /// Each with how many messages it has heard.
    servers: Vec<(Server, u32)>,
    /// Answers of servers that wait for the client's MAC.
    held_back: VecDeque<Vec<u8>>,
    hosts: Vec<Host>,
    sent: Vec<(Instant, String)>,
}

fn server_mac(ip: Ipv4Addr) -> Mac {
    let [.., last] = ip.octets();
    Mac([2, 0, 0, 0, 9, last])
}

impl Counterpart for World {
    fn receive(&mut self, now: Instant, frame: &[u8], arrivals: &mut Arrivals) {
        let arrival = now.after(WIRE);
        if let Some(arp) = frame.get(14..).filter(|_| frame[12..14] == [8, 6]).and_then(Arp::decode) {
            self.hears_arp(&arp, arrival, arrivals);
            return;
        }
        let mut payload = None;
        Walker::new(Ports::default()).walk(LinkType::ETHERNET, frame, frame.len(), 0, |datagram| {
            payload = Some(datagram.payload.to_vec());
        });
        let message = Message::decode(&payload.expect("a DHCP message"));
        let kind = message.message_type().map(|kind| kind.to_string()).unwrap_or_default();
        self.sent.push((now, kind.clone()));
        for index in 0..self.servers.len() {
            let to = Ipv4Addr::from(<[u8; 4]>::try_from(&frame[30..34]).unwrap());
            if to.is_broadcast() || to == self.servers[index].0.ip {
                self.answer(index, &message, &kind, arrival, arrivals);
            }
        }
    }
}

impl World {
    fn hears_arp(&mut self, arp: &Arp, arrival: Instant, arrivals: &mut Arrivals) {
        if arp.operation == Arp::REPLY {
            // The client tells its MAC: whoever waited for it can answer now.
            while let Some(frame) = self.held_back.pop_front() {
                arrivals.carry(arrival.after(WIRE), frame);
            }
            return;
        }
        let servers = self.servers.iter().filter(|(server, _)| !server.no_arp).map(|(server, _)| server.ip);
        let owner = servers.chain(self.hosts.iter().map(|host| host.ip)).find(|ip| *ip == arp.target_ip);
        if let Some(ip) = owner {
            let reply = arp.reply(server_mac(ip));
            let frame = arp_frame(&reply, server_mac(ip), arp.sender_mac, &[]);
            arrivals.carry(arrival.after(WIRE), frame);
        }
    }

    fn answer(
        &mut self,
        index: usize,
        request: &Message,
        kind: &str,
        arrival: Instant,
        arrivals: &mut Arrivals,
    ) {
        let (server, heard) = &mut self.servers[index];
        *heard += 1;
        let (server, heard) = (server.clone(), *heard);
        if heard <= server.deaf || server.silent.iter().any(|silent| silent == kind) {
            return;
        }
        let mac = server_mac(server.ip);
        if server.unreachable {
            let mut inner = Envelope::broadcast(CLIENT);
            inner.dst_ip = server.ip;
            let mut icmp = vec![3, 3, 0, 0, 0, 0, 0, 0];
            icmp.extend(&inner.frame(&request.encode())[14..42]);
            arrivals.carry(arrival.after(WIRE), ip_frame(mac, server.ip, 1, &icmp));
            return;
        }
        let answer = match kind {
            "discover" => MessageType::OFFER,
            "request" if server.nak.is_some() => MessageType::NAK,
            "request" | "inform" => MessageType::ACK,
            _ => return,
        };
        let foreign = kind == "request" && request.ip_option(54).is_some_and(|chosen| chosen != server.ip);
        let answer = match (foreign, server.meddles.as_deref()) {
            (false, _) => answer,
            (true, Some("nak")) => MessageType::NAK,
            (true, Some("ack")) => MessageType::ACK,
            (true, _) => return,
        };
        let mut reply = Message::reply(answer, request);
        reply.ciaddr = request.ciaddr;
        if !server.nameless {
            reply.set_option(54, &server.ip.octets());
        }
        let address = server.address.unwrap_or(request.ciaddr);
        if answer != MessageType::NAK && kind != "inform" {
            reply.yiaddr = if server.fickle { Ipv4Addr::from(u32::from(address) + heard) } else { address };
            reply.set_option(51, &3600_u32.to_be_bytes());
        }
        if let Some(reason) = server.nak.as_ref().filter(|_| answer == MessageType::NAK) {
            reply.set_option(56, reason.as_bytes());
        }
        let mut envelope = Envelope {
            dst_mac: CLIENT,
            src_ip: server.ip,
            dst_ip: Ipv4Addr::BROADCAST,
            src_port: 67,
            dst_port: 68,
            ..Envelope::broadcast(mac)
        };
        match server.lies.as_deref() {
            Some("xid") => reply.xid = Xid(1),
            Some("chaddr") => reply.chaddr[5] ^= 0xff,
            Some("op") => reply.op.0 = 1,
            Some("port") => envelope.dst_port = 4011,
            Some("type") => reply.set_option(53, &[7]),
            _ => {}
        }
        let payload = reply.encode_padded();
        let payload = if server.lies.as_deref() == Some("short") { &payload[..200] } else { &payload[..] };
        let ready = arrival.after(Duration::from_millis(server.delay));
        if let Some(check) = &server.check {
            looks(&server, check, reply.yiaddr, arrival, heard, arrivals);
        }
        if server.silent_after_check {
            return;
        }
        if server.asks_arp {
            let ask = Arp::request(mac, server.ip, request.ciaddr);
            self.held_back.push_back(envelope.frame(payload));
            arrivals.carry(ready, arp_frame(&ask, mac, Mac::BROADCAST, &[]));
            return;
        }
        for _ in 0..server.copies {
            arrivals.carry(ready.after(WIRE), envelope.frame(payload));
        }
        if server.relents && answer == MessageType::NAK {
            reply.set_option(53, &[MessageType::ACK.0]);
            reply.yiaddr = address;
            arrivals.carry(ready.after(millis(30)), envelope.frame(&reply.encode_padded()));
        }
    }
}

/// The server looks whether the address is free: what of that is to be seen on the wire.
fn looks(
    server: &Server,
    check: &str,
    address: Ipv4Addr,
    arrival: Instant,
    heard: u32,
    arrivals: &mut Arrivals,
) {
    if heard > server.deaf + 1 {
        return;
    }
    let mac = server_mac(server.ip);
    let ask = Arp::request(mac, server.ip, address);
    let repeats = if check == "icmp" { server.delay / 1000 + 1 } else { 1 };
    for second in 0..repeats {
        let at = arrival.after(Duration::from_millis(second * 1000 + second * 20)).after(WIRE);
        arrivals.carry(at, arp_frame(&ask, mac, Mac::BROADCAST, &[]));
    }
}

fn ip_frame(mac: Mac, src: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame =
        Envelope { dst_mac: CLIENT, src_ip: src, ..Envelope::broadcast(mac) }.frame(&[])[..34].to_vec();
    frame[23] = protocol;
    frame[16..18].copy_from_slice(&u16::try_from(payload.len() + 20).unwrap().to_be_bytes());
    frame.extend(payload);
    frame
}

/// Sees that every frame has a comment.
#[derive(Default)]
struct Comments(Vec<String>);

impl Witness for Comments {
    fn passed(&mut self, passed: &Passed<'_>) -> bool {
        if passed.remark.is_related() {
            self.0.push(passed.remark.to_string());
        }
        true
    }
}

fn millis(value: u64) -> Duration {
    Duration::from_millis(value)
}

fn near(found: i64, wanted: f64) -> bool {
    #[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "milliseconds of a test")]
    let found = found as f64 / 1e6;
    (found - wanted).abs() < 1.0
}

fn play(name: &str, scenario: &Scenario, jump: i64) {
    let begin = Instant::new(1000, 0);
    let world = World {
        servers: scenario.server.iter().map(|server| (server.clone(), 0)).collect(),
        held_back: VecDeque::new(),
        hosts: scenario.host.clone(),
        sent: Vec::new(),
    };
    let mut pair = Pair::new(begin, world);
    pair.clock.jump = jump;
    if let Some(at) = scenario.client.interrupt {
        pair.arrivals.interrupt(begin.after(millis(at)));
    }
    pair.dip =
        scenario.client.dip.map(|[at, long]| [begin.after(millis(at)), begin.after(millis(at + long))]);
    let recipe = Recipe::new(CLIENT, XID);
    let client = &scenario.client;
    let route = client.server.map(|server| Route { server, next_hop: server });
    let mut comments = Comments::default();
    let mut run = |machine: &mut dyn Machine| {
        let ending = pair.watched(machine, &mut comments);
        assert!(ending.error.is_none(), "{name}: {:?}", ending.error);
        assert_eq!(ending.stopped, client.interrupt.is_some(), "{name}");
        assert_eq!(ending.dips, u32::from(client.dip.is_some()), "{name}");
    };
    let timeout = client.timeout.map(millis);
    let expect = &scenario.expect;
    let rng = Rng::with_seed(7);
    match client.does.as_str() {
        "discover" => {
            let plan = Plan {
                wait: millis(client.wait.unwrap_or(4800)),
                send_all: false,
                backoff: Backoff::COLLECT.with(timeout, client.retries),
                until: if client.first { Until::First } else { Until::TimeIsOver },
                want: Want::Offers,
                count_secs: true,
            };
            let mut collect = Collect::new(recipe.discover(0, client.ip), plan, rng);
            collect.station_mut().watch.only_server = client.server;
            run(&mut collect);
            check_offers(name, expect, &collect);
            check_watch(name, expect, &collect);
        }
        "release" => {
            let route = route.expect("a release names its server");
            let mut shot = OneShot::new(recipe.release(client.ip.expect("an address"), route));
            run(&mut shot);
            check_watch(name, expect, &shot);
        }
        does => {
            let conflict = match (client.decline_on_conflict, client.arp_check) {
                (true, _) => ConflictCheck::Decline,
                (false, true) => ConflictCheck::Report,
                (false, false) => ConflictCheck::None,
            };
            let settings = Settings {
                backoff: Backoff::RFC2131.with(timeout, client.retries),
                conflict,
                release: client.release,
                ..Settings::default()
            };
            let task = match does {
                "inform" => Task::Inform { address: client.ip.expect("an address"), server: route },
                state => {
                    let state: State = state.parse().expect("a state");
                    Task::Request { state, address: client.ip, server: route }
                }
            };
            let mut exchange = Exchange::new(recipe, task, settings, rng);
            run(&mut exchange);
            check_exchange(name, expect, &exchange);
            check_watch(name, expect, &exchange);
        }
    }
    if let Some(sent) = &expect.sent {
        let found: Vec<&str> = pair.far.sent.iter().map(|(_, kind)| kind.as_str()).collect();
        assert_eq!(found, sent.iter().map(String::as_str).collect::<Vec<_>>(), "{name}");
    }
    if let Some(times) = &expect.sent_at {
        let found: Vec<i64> = pair.far.sent.iter().map(|(at, _)| at.since(begin)).collect();
        assert_eq!(found.len(), times.len(), "{name}: {found:?}");
        for (found, want) in found.iter().zip(times) {
            #[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "milliseconds of a test")]
            let want = *want as f64;
            assert!(near(*found, want), "{name}: {found} ns instead of {want} ms");
        }
    }
    if let Some(over) = expect.over {
        #[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "milliseconds of a test")]
        let over = over as f64;
        let took = pair.clock.now().since(begin);
        assert!(near(took, over), "{name}: over after {took} ns");
    }
    assert!(comments.0.iter().all(|comment| !comment.is_empty()), "{name}");
}

fn check_offers(name: &str, expect: &Expect, collect: &Collect) {
    let offers = collect.answers();
    if let Some(want) = &expect.offers {
        let found: Vec<Ipv4Addr> = offers.iter().filter_map(Answer::server_id).collect();
        assert_eq!(&found, want, "{name}");
    }
    if let Some(want) = &expect.copies {
        assert_eq!(&offers.iter().map(|offer| offer.copies).collect::<Vec<_>>(), want, "{name}");
    }
    if let Some(want) = &expect.latency {
        for (offer, want) in offers.iter().zip(want) {
            let found = offer.latency().expect("its request was seen leaving");
            assert!(near(found, *want), "{name}: {found} ns instead of {want} ms");
        }
    }
    if let Some(want) = &expect.checks {
        let text = |offer: &Answer| match &offer.check {
            Some(check) => format!("{} {}", check.kind.name(), (check.nanoseconds() + 500_000) / 1_000_000),
            None => String::new(),
        };
        assert_eq!(&offers.iter().map(text).collect::<Vec<_>>(), want, "{name}");
    }
}

fn check_exchange(name: &str, expect: &Expect, exchange: &Exchange) {
    assert_eq!(Some(exchange.outcome().name()), expect.outcome.as_deref(), "{name}");
    if let Some([want]) = expect.latency.as_deref() {
        let found = exchange.answer().and_then(Answer::latency).expect("an answer");
        assert!(near(found, *want), "{name}: {found} ns instead of {want} ms");
    }
    let conflict = exchange.checked().map(|verdict| match verdict {
        ConflictVerdict::Free => "free",
        ConflictVerdict::InUse(_) => "in use",
    });
    assert_eq!(conflict, expect.conflict.as_deref(), "{name}");
    let others = exchange.others().iter().map(|other| {
        format!("{} {}", other.kind().expect("a type"), other.server_id().expect("an identifier"))
    });
    assert_eq!(others.collect::<Vec<_>>(), expect.others.clone().unwrap_or_default(), "{name}");
    let left = exchange.debts().open().map(|debt| format!("{} {}", debt.address, debt.server));
    assert_eq!(left.collect::<Vec<_>>(), expect.left.clone().unwrap_or_default(), "{name}");
}

fn check_watch(name: &str, expect: &Expect, machine: &dyn dhcptool::engine::Client) {
    let watch = machine.watch();
    for (reason, count) in &expect.ignored {
        let reason = Reason::ALL.iter().find(|known| known.name() == reason).expect("a known reason");
        assert_eq!(watch.stranger(*reason).count, *count, "{name}: {reason}");
    }
    if expect.ignored.is_empty() {
        assert_eq!(watch.ignored(), 0, "{name}");
    }
    let text: Vec<String> = findings(watch, None).iter().map(ToString::to_string).collect();
    for part in &expect.silence {
        assert!(text.iter().any(|sentence| sentence.contains(part)), "{name}: {part:?} not in {text:?}");
    }
}

#[test]
fn every_scenario_ends_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(path.extension().is_some_and(|extension| extension == "toml"), "{name} is no scenario");
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.about.is_empty());
        play(&name, &scenario, 0);
        // The time of day is nothing to go by.
        play(&format!("{name}, clock set forward"), &scenario, 3600);
        play(&format!("{name}, clock set back"), &scenario, -3600);
        played += 1;
    }
    assert!(played >= 20, "only {played} scenarios were found");
}

#[test]
fn a_client_that_gets_no_answer_to_its_probes_waits_as_long_as_the_rfc_says() {
    assert_eq!(ANNOUNCE_WAIT, Duration::from_secs(2));
}
