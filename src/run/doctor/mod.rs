//! Why does this machine, or this segment, get no address, or a bad one?
//!
//! [`examine`] drives an [`Examination`] over a [`Transport`] and listens the whole time; what was looked at ([`local`]),
//! heard ([`heard`]) and tried becomes signs ([`signs`]), those of the joined transactions among them, and the signs a
//! conclusion. It prints nothing and knows no exit code.

pub mod heard;
pub mod local;
mod signs;

use std::collections::VecDeque;
use std::time::Duration;

use heard::Heard;
use local::Local;

use super::gather::Gatherer;
use crate::analysis::diagnosis::{Diagnosis, Finding, History};
use crate::analysis::doctor::{Conclusion, Sign, conclude};
use crate::analysis::transaction::{Batch, Exchange, Joiner, Options};
use crate::capture::Frame;
use crate::engine::v4::examine::{Examination, Plan, Record};
use crate::net::{Event, NetError, Received, Transport};
use crate::time::{Clock, Instant};
use crate::wire::frame::{Direction, LinkType, Ports, Protocol, Walker};
use crate::wire::problem::Severity;
use crate::wire::v4::{Message, SERVER_PORT};

/// Exchanges that are kept for the report.
const MOST_EXCHANGES: usize = 1000;
/// Frames whose outgoing copies are awaited.
const MOST_AWAITED: usize = 64;

/// A transaction that was heard, with what is said of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The transaction.
    pub exchange: Exchange,
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
    /// Frames seen.
    pub frames: u64,
    /// How long it took.
    pub took: Duration,
    /// The user stopped it.
    pub stopped: bool,
}

/// A frame that was seen, for who keeps a record.
pub type Keep<'a> = dyn FnMut(&Received<'_>, LinkType) -> bool + 'a;

/// Examines the network behind `transport`.
///
/// # Errors
///
/// When the transport fails; what may have been bound was given back as far as it let.
pub fn examine(
    plan: &Plan,
    local: &Local,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    keep: &mut Keep<'_>,
) -> Result<Examined, NetError> {
    let start = clock.now();
    let mut exam = Examination::new(plan.clone());
    let mut ears = Ears::new(local.interface.clone(), plan);
    let stopped = drive(&mut exam, &mut ears, transport, clock, keep)?;
    let took = Duration::from_nanos(u64::try_from(clock.now().since(start)).unwrap_or(0));
    let (told, findings) = ears.finish();
    let mut all = Vec::new();
    signs::local(local, &mut all);
    signs::heard(&ears.heard, &exam.record, &mut all);
    signs::tried(&exam.record, plan, local, &mut all);
    diagnosed(&told, &findings, plan, &mut all);
    let works = exam.record.ack.is_some() && exam.record.holders.is_empty();
    Ok(Examined {
        conclusion: conclude(all, works),
        record: exam.record,
        heard: ears.heard,
        told,
        findings,
        frames: ears.number,
        took,
        stopped,
    })
}

/// What can be said where nothing can be sent: the local signs alone.
pub fn without_packets(local: &Local, why: Option<Sign>) -> Conclusion {
    let mut all: Vec<Sign> = why.into_iter().collect();
    signs::local(local, &mut all);
    conclude(all, false)
}

/// True when the user stopped it.
fn drive(
    exam: &mut Examination,
    ears: &mut Ears,
    transport: &mut dyn Transport,
    clock: &dyn Clock,
    keep: &mut Keep<'_>,
) -> Result<bool, NetError> {
    let mut awaited: VecDeque<Vec<u8>> = VecDeque::new();
    let mut stopped = false;
    let link = transport.link_type();
    exam.on_time(clock.now());
    loop {
        while let Some(frame) = exam.poll_transmit() {
            // A full queue, or a filter, is one of the things that are looked for.
            match transport.send(&frame) {
                Ok(()) => {}
                Err(error) if error.is_full_queue() => continue,
                Err(error) => return Err(error),
            }
            if awaited.len() >= MOST_AWAITED {
                awaited.pop_front();
            }
            awaited.push_back(frame);
        }
        let Some(deadline) = exam.deadline() else { return Ok(stopped) };
        let received = match transport.wait(Some(deadline))? {
            Event::Timeout => {
                exam.on_time(clock.now());
                continue;
            }
            Event::Interrupted if stopped => return Ok(true),
            Event::Interrupted => {
                stopped = true;
                exam.stop(clock.now());
                continue;
            }
            Event::Frame(received) => received,
        };
        let at = received.at;
        if at >= deadline {
            exam.on_time(at);
        }
        if !keep(&received, link) {
            stopped = true;
            exam.stop(at);
        }
        if received.outgoing {
            if let Some(place) = awaited.iter().position(|frame| starts_alike(frame, received.frame)) {
                awaited.remove(place);
                exam.on_left();
            }
        } else if ears.heard.frame(received.frame) {
            exam.expect_blocking();
        }
        ears.hear(&received, link, exam, at);
    }
}

fn starts_alike(sent: &[u8], seen: &[u8]) -> bool {
    let length = sent.len().min(seen.len());
    length >= 14 && sent.get(..length) == seen.get(..length)
}

/// Hears everything: tells the examination of what is meant for it, and joins the transactions of all.
struct Ears {
    interface: String,
    asked: Vec<u16>,
    walker: Walker,
    gatherer: Gatherer,
    batch: Batch,
    joiner: Joiner,
    history: History,
    told: Vec<Told>,
    heard: Heard,
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
            interface,
            asked: ids.collect(),
            walker: Walker::new(Ports::default()),
            gatherer: Gatherer::of_all(),
            batch: Batch::default(),
            joiner: Joiner::new(Options { hold: false, ..Options::default() }),
            history: History::new(false),
            told: Vec::new(),
            heard: Heard::default(),
            number: 0,
        }
    }

    fn hear(&mut self, received: &Received<'_>, link: LinkType, exam: &mut Examination, at: Instant) {
        self.number = self.number.saturating_add(1);
        let frame = Frame {
            number: self.number,
            time: Some(received.time),
            precision: crate::time::Precision::Nano,
            link,
            offset: 0,
            interface: None,
            interface_name: Some(&self.interface),
            direction: Some(if received.outgoing { Direction::Out } else { Direction::In }),
            comment: None,
            data: received.frame,
            original_len: u32::try_from(received.original_len).unwrap_or(u32::MAX),
        };
        self.batch.clear();
        self.gatherer.frame(&frame, &mut self.batch);
        let history = &mut self.history;
        self.joiner.batch(&self.batch, |item, _| history.observe(item));
        self.take_closed();
        if received.outgoing {
            return;
        }
        let (heard, asked) = (&mut self.heard, &self.asked);
        let mut any = false;
        self.walker.walk(link, received.frame, received.original_len, at.nanoseconds(), |datagram| {
            if datagram.protocol != Protocol::Dhcpv4 || datagram.quoted {
                return;
            }
            any = true;
            heard.dhcp(datagram.vlans.as_slice(), asked);
            let (mac, source) = (
                datagram.link.and_then(|link| link.src).and_then(|mac| mac.mac()),
                datagram.ip.map(|ip| ip.src),
            );
            // What goes to a server's port is between relays and servers.
            let to_client = datagram.udp.is_none_or(|udp| udp.dst_port != SERVER_PORT);
            if let (Some(mac), Some(std::net::IpAddr::V4(source))) = (mac, source)
                && to_client
                && datagram.vlans.as_slice() == asked.as_slice()
            {
                exam.on_reply(at, mac, source, &Message::decode(datagram.payload));
            }
        });
        if !any {
            exam.on_frame(at, received.frame);
        }
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
        (std::mem::take(&mut self.told), self.history.finish())
    }
}

/// What the joined transactions say. What a neighbour brought upon itself is not this host's trouble, but what is said of a
/// server is.
fn diagnosed(told: &[Told], findings: &[Finding], plan: &Plan, signs: &mut Vec<Sign>) {
    let mut add = |name: &'static str, severity: Severity, message: &str, frames: &[u64]| {
        if severity == Severity::Cut {
            return;
        }
        let mut sign = match Sign::of(name, message) {
            Some(sign) => sign,
            None => Sign {
                code: name,
                severity,
                summary: message.to_owned(),
                advice: "",
                evidence: Vec::new(),
                frames: Vec::new(),
            },
        };
        sign.frames.extend_from_slice(frames);
        signs.push(sign);
    };
    for one in told {
        let ours = one
            .exchange
            .mac
            .and_then(|mac| mac.mac())
            .is_some_and(|mac| mac == plan.mac || Some(mac) == plan.second);
        for problem in &one.problems {
            // Notes of others are theirs.
            if ours || problem.id.severity() != Severity::Note {
                add(problem.id.name(), problem.id.severity(), &problem.message, &problem.frames);
            }
        }
    }
    for finding in findings {
        add(finding.id.name(), finding.id.severity(), &finding.message, &finding.frames);
    }
}
