//! Why does this machine, or this segment, get no address, or a bad one?
//!
//! [`examine`] drives an [`Examination`] over a [`Transport`] and listens the whole time; what was looked at ([`local`]),
//! heard ([`heard`]) and tried becomes signs ([`signs`]), those of the joined transactions and of IPv6 ([`six`]) among them, and
//! the signs a conclusion. It prints nothing and knows no exit code.

pub mod heard;
pub mod local;
mod rivals;
mod signs;
pub mod six;

use std::sync::Arc;
use std::time::Duration;

use heard::Heard;
use local::Local;
use six::{Heard6, Six};

use super::gather::Gatherer;
use crate::analysis::diagnosis::{Diagnosis, Finding, History, Id};
use crate::analysis::doctor::{Conclusion, Sign, conclude};
use crate::analysis::servers::{Asked, Judgement, Policy, Server, Servers, Sighting, Speaks, Status, judge};
use crate::analysis::transaction::{Batch, Exchange, Joiner, Options, Outcome};
use crate::capture::Frame;
use crate::engine::beside::Beside;
use crate::engine::drive::{Passed, Witness, drive};
use crate::engine::linger::Linger;
use crate::engine::v4::examine::{Examination, Plan, Record};
use crate::net::{NetError, Transport};
use crate::time::{Clock, Moment};
use crate::wire::frame::{Direction, Ports, Protocol, Walker};
use crate::wire::problem::Severity;
use crate::wire::v4::{Outline, Packet};

/// Exchanges that are kept for the report.
const MOST_EXCHANGES: usize = 1000;

/// What says that frames are lost on the way.
const LOSES: &[&str] = &["link-down", "lossy", "slow-start", "port-unauthorised", "frames-not-leaving"];

/// How an examination is made, beside what is asked.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Nothing is sent: what others say is all there is.
    pub passive: bool,
    /// It listens for so long at least.
    pub listen: Duration,
    /// Who may be there, and what they must offer.
    pub policy: Option<Policy>,
    /// Who asks about IPv6, where this host speaks it.
    pub six: Option<Six>,
}

/// A transaction that was heard, with what is said of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The transaction.
    pub exchange: Box<Exchange>,
    /// What is said of it.
    pub problems: Vec<Diagnosis>,
}

/// All that an examination brought to light.
#[derive(Debug)]
pub struct Examined {
    /// What follows from it.
    pub conclusion: Conclusion,
    /// What was tried.
    pub record: Record,
    /// What was heard.
    pub heard: Heard,
    /// Transactions, in order.
    pub told: Vec<Told>,
    /// What is said of the whole.
    pub findings: Vec<Finding>,
    /// What was heard of IPv6, where it was asked about.
    pub six: Option<Heard6>,
    /// Everybody who answered somebody, rogues first.
    pub servers: Vec<(Server, Judgement)>,
    /// Frames seen.
    pub frames: u64,
    /// How long it took.
    pub took: Duration,
    /// The user stopped it.
    pub stopped: bool,
    /// What ended it early; what was found until then stands.
    pub error: Option<NetError>,
}

/// A frame that was seen, for who keeps a record.
pub type Keep<'a> = dyn FnMut(&Passed<'_>) -> bool + 'a;

/// Examines the network behind `transport`. `admitted` counts the datagrams that the kernel let in to port 546 of this host;
/// `None` where that is not known. A transport that fails ends it: what may have been bound was given back as far as it let.
pub fn examine(
    plan: &Plan,
    manner: &Manner,
    local: &Local,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    admitted: &dyn Fn() -> Option<u32>,
    keep: &mut Keep<'_>,
) -> Examined {
    let start = clock.now();
    let exam = (!manner.passive).then(|| Examination::new(plan.clone()));
    let exam = Linger::new(exam, manner.listen);
    let mut both = Beside::new(exam, manner.six.as_ref().map(|six| six.machine(manner)));
    let mut listener = Listener { ears: Ears::new(local.interface.clone(), plan), keep };
    let ending = drive(&mut both, transport, clock, &[], &mut listener);
    let mut ears = listener.ears;
    let took = Duration::from_nanos(u64::try_from(clock.now().since(start)).unwrap_or(0));
    let (told, findings) = ears.finish();
    let record = both.first.inner.map(|exam| exam.record).unwrap_or_default();
    let servers = ears.judge(manner.policy.as_ref());
    let mut all = Vec::new();
    signs::local(local, &mut all);
    signs::dips(ending.dips, &mut all);
    signs::heard(&ears.heard, &record, &mut all);
    signs::tried(&record, plan, &mut all);
    diagnosed(&told, &findings, plan, &mut all);
    signs::deaf(&told, plan, local, &mut all);
    rivals::who_disagrees(&servers, &mut all);
    // Where frames are lost, or do not pass yet, silence says nothing of who is silent.
    let passes = !ending.stopped && !all.iter().any(|sign| LOSES.contains(&sign.code));
    let six = manner.six.as_ref().zip(both.second.as_ref());
    let six = six.map(|(six, found)| six.signs(found, passes, admitted, &mut all));
    if let Some(policy) = &manner.policy {
        rivals::expected(&servers, &judge::missing(&ears.servers, policy, &[Speaks::Dhcpv4]), &mut all);
        if servers.iter().all(|(_, judgement)| judgement.status == Status::Allowed) {
            // Which are meant has been said.
            all.retain(|sign| sign.code != "several-servers");
        }
    }
    let works = if manner.passive {
        told.iter().any(|told| ends_well(told.exchange.outcome))
    } else {
        record.ack.is_some() && record.holders.is_empty()
    };
    Examined {
        conclusion: conclude(all, works),
        record,
        heard: ears.heard,
        told,
        findings,
        six,
        servers,
        frames: ears.number,
        took,
        stopped: ending.stopped,
        error: ending.error,
    }
}

/// A client came by, or kept, an address.
pub fn ends_well(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Bound | Outcome::Rebooted | Outcome::Renewed | Outcome::Rebound)
}

/// What can be said where nothing can be sent: the local signs alone.
pub fn without_packets(local: &Local, why: Option<Sign>) -> Conclusion {
    let mut all: Vec<Sign> = why.into_iter().collect();
    signs::local(local, &mut all);
    conclude(all, false)
}

/// Hears what passes, and shows it to who keeps a record.
struct Listener<'a, 'b> {
    ears: Ears,
    keep: &'a mut Keep<'b>,
}

impl Witness for Listener<'_, '_> {
    fn passed(&mut self, passed: &Passed<'_>) -> bool {
        self.ears.hear(passed);
        (self.keep)(passed)
    }

    /// A full queue, a filter, or a link that does not stay up is one of the things that are looked for.
    fn bears(&mut self, error: &NetError) -> bool {
        error.is_full_queue() || matches!(error, NetError::Down { .. })
    }
}

/// Hears everything: tells the examination of what is meant for it, and joins the transactions of all.
struct Ears {
    interface: Arc<str>,
    asked: Vec<u16>,
    walker: Walker,
    gatherer: Gatherer,
    batch: Batch,
    joiner: Joiner,
    history: History,
    told: Vec<Told>,
    heard: Heard,
    servers: Servers,
    outline: Outline,
    xids: [u32; 3],
    number: u64,
}

impl Ears {
    fn new(interface: String, plan: &Plan) -> Self {
        let ids = plan
            .tags
            .as_chunks::<4>()
            .0
            .iter()
            .map(|[_, _, high, low]| u16::from_be_bytes([high & 0x0f, *low]));
        Self {
            interface: interface.into(),
            asked: ids.collect(),
            walker: Walker::new(Ports::default()),
            gatherer: Gatherer::of_all(),
            batch: Batch::default(),
            joiner: Joiner::new(Options { hold: false, ..Options::default() }),
            history: History::new(false),
            told: Vec::new(),
            heard: Heard::default(),
            servers: Servers::default(),
            outline: Outline::default(),
            xids: plan.xids,
            number: 0,
        }
    }

    fn hear(&mut self, passed: &Passed<'_>) {
        self.number = self.number.saturating_add(1);
        let frame = Frame {
            time: Some(passed.time),
            link: passed.link_type,
            interface_name: Some(&self.interface),
            direction: Some(if passed.outgoing { Direction::Out } else { Direction::In }),
            original_len: u32::try_from(passed.original_len).unwrap_or(u32::MAX),
            ..Frame::of(self.number, passed.frame)
        };
        self.batch.clear();
        self.gatherer.frame(&frame, &mut self.batch);
        let history = &mut self.history;
        self.joiner.batch(&self.batch, |item, role| history.observe(item, role));
        self.take_closed();
        if passed.outgoing {
            return;
        }
        let Self { heard, asked, walker, servers, outline, interface, xids, .. } = self;
        heard.frame(passed.frame);
        let when = Moment { at: passed.at, time: passed.time };
        walker.walk(passed.link_type, passed.frame, passed.original_len, when.at.nanoseconds(), |datagram| {
            if datagram.protocol != Protocol::Dhcpv4 || datagram.quoted {
                return;
            }
            heard.dhcp(datagram.vlans.as_slice(), asked);
            let packet = Packet::new(datagram.payload);
            outline.read(&packet, datagram.promised, datagram.cut);
            let sighting = Sighting::read(when, Some(interface), &datagram, &packet, outline);
            if let Some(mut sighting) = sighting {
                if xids.contains(&sighting.xid.0) {
                    sighting.asked = Asked::Us { probe: "discover", bogus_server: None };
                }
                servers.add(&sighting, false);
            }
        });
    }

    fn judge(&self, policy: Option<&Policy>) -> Vec<(Server, Judgement)> {
        let judged = judge::judge_all(&self.servers, policy);
        judged.into_iter().map(|(server, judgement)| (server.clone(), judgement)).collect()
    }

    fn take_closed(&mut self) {
        for exchange in self.joiner.take_closed() {
            let problems = self.history.closed(&exchange);
            if self.told.len() < MOST_EXCHANGES {
                self.told.push(Told { exchange, problems });
            }
        }
    }

    fn finish(&mut self) -> (Vec<Told>, Vec<Finding>) {
        self.joiner.finish();
        self.take_closed();
        (std::mem::take(&mut self.told), self.history.finish(self.joiner.now()))
    }
}

/// What is said of a client's conduct. Where several ask with one hardware address, the doctor's three attempts and a client
/// of this host, each supersedes the others' exchanges, and it says nothing.
const CONDUCT: &[&str] = &["request-fields", "answer-too-late", "nak-ignored"];

/// What the joined transactions say. What a neighbour brought upon itself is not this host's trouble, but what is said of a
/// server is.
fn diagnosed(told: &[Told], findings: &[Finding], plan: &Plan, signs: &mut Vec<Sign>) {
    let mut add = |id: Id, message: &str, frames: &[u64]| {
        if id.severity() == Severity::Cut {
            return;
        }
        let mut sign = Sign::said(id, message);
        sign.frames.extend_from_slice(frames);
        signs.push(sign);
    };
    for one in told {
        let mac = one.exchange.mac.and_then(|mac| mac.mac());
        let ours = mac.is_some_and(|mac| mac == plan.mac || Some(mac) == plan.second);
        let shared = mac == Some(plan.mac);
        for problem in one.problems.iter().filter(|one| !(shared && CONDUCT.contains(&one.id.name()))) {
            // Notes of others are theirs.
            if ours || problem.id.severity() != Severity::Note {
                add(problem.id, &problem.message, &problem.frames);
            }
        }
    }
    // Who else has the address that is held here has been probed for.
    let held_here = |finding: &&Finding| {
        finding.id.name() == "duplicate-address" && finding.mac().and_then(|mac| mac.mac()) == Some(plan.mac)
    };
    for finding in findings.iter().filter(|finding| !held_here(finding)) {
        add(finding.id, &finding.message, &finding.frames);
    }
}
