//! Exchanges beside a server that says anything: nothing panics, time always goes on, and what is kept is bounded.

use std::time::Duration;

use dhcptool::engine::load::v4::template::{MAC_MARK, XID_MARK};
use dhcptool::engine::load::{After, Lane, Load, Macs, Pace, Plan as LoadPlan, Rate, Templates, V4};
use dhcptool::engine::pair::{Arrivals, Counterpart, Pair};
use dhcptool::engine::v4::collect::{Plan, Until, Want};
use dhcptool::engine::v4::exchange::{ConflictCheck, Settings, Task};
use dhcptool::engine::{Backoff, Collect, Exchange, Machine, OneShot, Recipe, Route, State};
use dhcptool::time::Instant;
use dhcptool::wire::Mac;
use dhcptool::wire::frame::{Envelope, LinkType, Ports, Walker};
use dhcptool::wire::v4::{Message, MessageType, Xid};

const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 9]);
const SERVER: Route =
    Route { server: std::net::Ipv4Addr::new(10, 0, 0, 1), next_hop: std::net::Ipv4Addr::new(10, 0, 0, 1) };

/// What a step of the input says: how long to wait, what comes, and what is bent in it.
struct Step<'a> {
    wait: u64,
    what: u8,
    bend: &'a [u8],
}

/// Steps of: time (1 byte), what (1 byte), length (1 byte), bytes.
fn steps(mut rest: &[u8]) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    while let [wait, what, length, after @ ..] = rest {
        let (bend, behind) = after.split_at(usize::from(*length).min(after.len()));
        rest = behind;
        steps.push(Step { wait: u64::from(*wait).pow(3), what: *what, bend });
    }
    steps.truncate(200);
    steps
}

/// A server's answer to the frame sent last, or what comes instead.
fn answer(asked: Option<&[u8]>, step: &Step<'_>) -> Vec<u8> {
    let mut message = None;
    if let Some(asked) = asked {
        Walker::without_reassembly(Ports::default()).walk(
            LinkType::ETHERNET,
            asked,
            asked.len(),
            0,
            |datagram| {
                message = Some(Message::decode(datagram.payload));
            },
        );
    }
    let Some(request) = message.filter(|_| step.what & 7 < 6) else { return step.bend.to_vec() };
    let kind = [MessageType::OFFER, MessageType::ACK, MessageType::NAK, MessageType(step.what)]
        .get(usize::from(step.what & 3))
        .copied()
        .unwrap_or(MessageType::OFFER);
    let mut reply = Message::reply(kind, &request);
    reply.yiaddr = [10, 0, 0, 50].into();
    reply.set_option(54, &[10, 0, 0, 1 + (step.what >> 6)]);
    reply.set_option(51, &[0, 0, 14, 16]);
    let mut envelope = Envelope::broadcast(Mac([2, 0, 0, 0, 0, 1 + (step.what >> 6)]));
    (envelope.src_port, envelope.dst_port, envelope.src_ip) = (67, 68, [10, 0, 0, 1].into());
    let mut frame = envelope.frame(&reply.encode());
    // Pairs of a place, counted from the end of the headers, and what it is changed by.
    for pair in step.bend.chunks_exact(2) {
        let place = usize::from(pair[0]) + if step.what & 8 == 0 { 42 } else { 240 };
        if let Some(byte) = frame.get_mut(place) {
            *byte ^= pair[1];
        }
    }
    frame
}

/// A server that says what the steps of an input say, whatever it hears.
struct Script<'a> {
    steps: std::vec::IntoIter<Step<'a>>,
    /// The next step, and when it comes.
    next: Option<(Instant, Step<'a>)>,
    /// What the machine sent last.
    last: Option<Vec<u8>>,
    interrupted: bool,
}

impl<'a> Script<'a> {
    fn new(start: Instant, input: &'a [u8]) -> Self {
        let mut script = Self { steps: steps(input).into_iter(), next: None, last: None, interrupted: false };
        script.go_on(start);
        script
    }

    fn go_on(&mut self, now: Instant) {
        let next = self.steps.next();
        self.next = next.map(|step| (now.after(Duration::from_micros(step.wait)), step));
    }
}

impl Counterpart for Script<'_> {
    fn receive(&mut self, _: Instant, frame: &[u8], _: &mut Arrivals) {
        self.last = Some(frame.to_vec());
    }

    fn next_due(&self) -> Option<Instant> {
        self.next.as_ref().map(|(at, _)| *at)
    }

    fn advance(&mut self, now: Instant, arrivals: &mut Arrivals) {
        let Some((_, step)) = self.next.take() else { return };
        // Who is asked twice to stop does nothing more at all.
        if step.what == 0xff && !std::mem::replace(&mut self.interrupted, true) {
            arrivals.interrupt(now);
        } else {
            arrivals.carry(now, answer(self.last.as_deref(), &step));
        }
        self.go_on(now);
    }
}

fn settings(release: bool) -> Settings {
    Settings { release, conflict: ConflictCheck::Decline, ..Settings::default() }
}

fn request(state: State, release: bool) -> Box<dyn Machine> {
    let task = Task::Request { state, address: Some([10, 0, 0, 50].into()), server: Some(SERVER) };
    let task =
        if state == State::Selecting { Task::Request { state, address: None, server: None } } else { task };
    Box::new(Exchange::new(Recipe::new(CLIENT, Xid(7)), task, settings(release), fastrand::Rng::with_seed(1)))
}

fn machine(which: u8) -> Box<dyn Machine> {
    let recipe = Recipe::new(CLIENT, Xid(7));
    let rng = fastrand::Rng::with_seed(1);
    match which % 7 {
        0 => {
            let plan = Plan {
                wait: Duration::from_secs(5),
                send_all: which & 64 != 0,
                backoff: Backoff::COLLECT.with(None, Some(3)),
                until: Until::TimeIsOver,
                want: Want::Any,
                count_secs: true,
            };
            Box::new(Collect::new(recipe.discover(0, None), plan, rng))
        }
        1 => request(State::Selecting, which & 64 != 0),
        2 => request(State::InitReboot, true),
        3 => request(State::Renewing, false),
        4 => request(State::Rebinding, true),
        5 => {
            let task = Task::Inform { address: [10, 0, 0, 50].into(), server: None };
            Box::new(Exchange::new(recipe, task, settings(false), rng))
        }
        _ => Box::new(OneShot::new(recipe.release(SERVER.server, SERVER))),
    }
}

/// The machine (1 byte), then steps. Left alone it ends.
pub fn check(input: &[u8]) {
    let Some((which, rest)) = input.split_first() else { return };
    let mut machine = machine(*which);
    let start = Instant::new(1000, 0);
    let ending = Pair::new(start, Script::new(start, rest)).run(&mut *machine);
    assert!(ending.error.is_none() && machine.deadline().is_none(), "{ending:?}");
}

fn templates() -> Templates {
    Templates::of(&Templates::drafts(&Recipe::new(MAC_MARK, Xid(XID_MARK)), None))
}

/// What is done with leases (1 byte), then steps.
pub fn check_load(input: &[u8]) {
    let Some((which, rest)) = input.split_first() else { return };
    let after = [After::Release, After::Hold, After::Keep].get(usize::from(which % 3)).copied();
    let plan = LoadPlan {
        family: V4 {
            templates: templates(),
            relays: Vec::new(),
            next_hop: None,
            server: None,
            answer_arp: true,
            stands_for: Vec::new(),
            vlans: Vec::new(),
        },
        macs: Macs::made(1, 16),
        pace: Pace { rate: Rate::Open(1_000_000), ramp: Duration::ZERO, count: Some(64), duration: None },
        max_in_flight: 8,
        timeouts: vec![Duration::from_millis(10), Duration::from_millis(20)],
        after: after.unwrap_or(After::Release),
        mix: Vec::new(),
        seed: 5,
        watch_checks: which & 64 != 0,
        remember_holders: true,
    };
    let mut load = Load::new(plan, Lane::ONLY);
    let start = Instant::new(1000, 0);
    load.begin(start);
    let ending = Pair::new(start, Script::new(start, rest)).run_in_batches(&mut load, 64);
    assert!(ending.error.is_none() && load.is_over() && load.in_flight() == 0, "{ending:?}");
}
