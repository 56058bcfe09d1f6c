//! One message asked again and again, and every answer to it until the wait is over.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use fastrand::Rng;

use super::arp::Step;
use super::client::Client;
use super::draft::Draft;
use super::incoming::Incoming;
use super::note::Note;
use super::station::{Answer, Station};
use super::watch::Reason;
use crate::engine::retransmit::Backoff;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::v4::MessageType;

/// What ends the collection before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Nothing does.
    TimeIsOver,
    /// The first answer does.
    First,
    /// The first answer of this type does.
    Kind(MessageType),
}

/// Which answers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// OFFERs.
    Offers,
    /// Whatever answers.
    Any,
}

/// How a collection goes.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long to wait from the first transmission.
    pub wait: Duration,
    /// Waits from the last transmission instead: all are sent, however long that takes.
    pub send_all: bool,
    /// When to ask again.
    pub backoff: Backoff,
    /// What ends it early.
    pub until: Until,
    /// Which answers count.
    pub want: Want,
    /// Counts the seconds since the first transmission in `secs` (RFC 2131 §2).
    pub count_secs: bool,
}

/// Answers kept; a segment full of liars does not fill the memory.
pub const MAX_ANSWERS: usize = 4096;

/// Memory for answers, about, in bytes.
pub const MAX_WEIGHT: usize = 32 << 20;

/// Addresses kept of a server that offers another one each time.
const MAX_ADDRESSES: usize = 64;

/// What makes two answers the same: who sent them, and what they would make of the client, the address apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    server_id: Option<Ipv4Addr>,
    mac: Option<Mac>,
    ip: Option<Ipv4Addr>,
    relay: Ipv4Addr,
    kind: Option<MessageType>,
    mask: Option<Ipv4Addr>,
    routers: Vec<Ipv4Addr>,
    dns_servers: Vec<Ipv4Addr>,
}

impl Identity {
    fn of(answer: &Answer) -> Self {
        let reply = answer.reply.as_ref();
        Self {
            server_id: answer.server_id(),
            mac: answer.source_mac,
            ip: answer.source_ip,
            relay: answer.message.giaddr,
            kind: answer.kind(),
            mask: reply.and_then(|reply| reply.subnet_mask),
            routers: reply.map(|reply| reply.routers().collect()).unwrap_or_default(),
            dns_servers: reply.map(|reply| reply.dns_servers().collect()).unwrap_or_default(),
        }
    }
}

/// Collects every answer to one message.
#[derive(Clone, Debug)]
pub struct Collect {
    draft: Draft,
    plan: Plan,
    rng: Rng,
    station: Station,
    started: Option<Instant>,
    next_send: Option<Instant>,
    last_send: Option<Instant>,
    over: bool,
    answers: Vec<Answer>,
    known: BTreeMap<Identity, usize>,
    /// What they weigh, about, in bytes.
    weight: usize,
    /// Answers that came when [`MAX_ANSWERS`] or [`MAX_WEIGHT`] were reached.
    pub overflow: u64,
}

impl Collect {
    /// A collection of the answers to `draft`.
    pub fn new(draft: Draft, plan: Plan, rng: Rng) -> Self {
        let station = Station::new(&draft);
        Self {
            draft,
            plan,
            rng,
            station,
            started: None,
            next_send: None,
            last_send: None,
            over: false,
            answers: Vec::new(),
            known: BTreeMap::new(),
            weight: 0,
            overflow: 0,
        }
    }

    /// Every answer so far, in order of arrival, repeats counted in their first.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u32 {
        self.station.sent()
    }

    /// When the first message was handed over.
    pub fn started(&self) -> Option<Instant> {
        self.started
    }

    /// When the wait is over; `None` while that is not known.
    fn end(&self) -> Option<Instant> {
        let from = if self.plan.send_all {
            self.last_send.filter(|_| !self.plan.backoff.may_repeat(self.station.sent()))
        } else {
            self.started
        };
        from.map(|from| from.after(self.plan.wait))
    }

    fn take(&mut self, answer: Answer) -> Note {
        let identity = Identity::of(&answer);
        if let Some(first) = self.known.get(&identity).and_then(|index| self.answers.get_mut(*index)) {
            first.copies = first.copies.saturating_add(1);
            let address = answer.message.yiaddr;
            let known = first.message.yiaddr == address || first.other_addresses.contains(&address);
            if !known && first.other_addresses.len() < MAX_ADDRESSES {
                first.other_addresses.push(address);
            }
            return self.station.accept(&answer, true);
        }
        let note = self.station.accept(&answer, false);
        let weight = self.weight.saturating_add(answer.weight());
        if self.answers.len() >= MAX_ANSWERS || weight > MAX_WEIGHT {
            self.overflow = self.overflow.saturating_add(1);
            return note;
        }
        self.over |= match self.plan.until {
            Until::TimeIsOver => false,
            Until::First => true,
            Until::Kind(kind) => answer.kind() == Some(kind),
        };
        self.weight = weight;
        self.known.insert(identity, self.answers.len());
        self.answers.push(answer);
        note
    }
}

impl Client for Collect {
    fn on_time(&mut self, now: Instant) {
        let started = *self.started.get_or_insert(now);
        if self.end().is_some_and(|end| now >= end) {
            self.over = true;
            for answer in &mut self.answers {
                self.station.review(answer, now);
            }
        }
        if self.over {
            return;
        }
        match self.station.resolve(now) {
            Some(Step::Over) => self.over = true,
            Some(Step::Wait(_) | Step::Send(_)) => return,
            None => {}
        }
        if self.over || self.next_send.is_some_and(|next| now < next) {
            return;
        }
        let sent = self.station.sent();
        if sent > 0 && !self.plan.backoff.may_repeat(sent) {
            self.next_send = self.end();
            return;
        }
        if self.plan.count_secs {
            let seconds = now.since(started).checked_div(1_000_000_000).unwrap_or(0);
            self.draft.message.secs = u16::try_from(seconds).unwrap_or(u16::MAX);
        }
        if self.station.send(&self.draft, now) {
            let delay = self.plan.backoff.delay(self.station.sent(), &mut self.rng);
            self.next_send = Some(now.after(delay));
            self.last_send = Some(now);
        } else {
            self.station.resolve(now);
        }
    }

    fn stop(&mut self, now: Instant) {
        self.over = true;
        for answer in &mut self.answers {
            self.station.review(answer, now);
        }
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.station.on_sent(id, at);
    }

    fn on_incoming(&mut self, incoming: &Incoming<'_>) -> Note {
        match self.sort(incoming) {
            Ok(answer) => {
                let wanted = self.plan.want == Want::Any || answer.kind() == Some(MessageType::OFFER);
                if !wanted {
                    self.station.reject(incoming, Reason::WrongType)
                } else if !self.station.watch.wants_server(answer.server_id(), answer.source_ip) {
                    self.station.reject_unasked(incoming)
                } else {
                    self.take(answer)
                }
            }
            Err(note) => note,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let next = self.station.resolve_deadline().or(self.next_send);
        next.into_iter().chain(self.end()).min()
    }

    fn station(&self) -> &Station {
        &self.station
    }

    fn station_mut(&mut self) -> &mut Station {
        &mut self.station
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v4::recipe::Recipe;
    use crate::time::Timestamp;
    use crate::wire::frame::{Checksum, Vlans};
    use crate::wire::v4::{Item, Message, Xid};

    #[test]
    fn many_huge_offers_do_not_fill_the_memory() {
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let plan = Plan {
            wait: Duration::from_secs(1),
            send_all: false,
            backoff: Backoff::COLLECT,
            until: Until::TimeIsOver,
            want: Want::Any,
            count_secs: false,
        };
        let mut collect = Collect::new(Recipe::new(mac, Xid(7)).discover(0, None), plan, Rng::with_seed(7));
        let request = Message::request(MessageType::DISCOVER, Xid(7), mac);
        for number in 0..200_u32 {
            let mut message = Message::reply(MessageType::OFFER, &request);
            // Two bytes each on the wire, far more in memory.
            message.items.extend(std::iter::repeat_n(Item::Option { code: 224, data: Vec::new() }, 30_000));
            let answer = Answer {
                at: Instant::new(1, 0),
                time: Timestamp::new(1, 0),
                frame: vec![0; 60_000],
                message,
                reply: None,
                source_mac: None,
                source_ip: Some(Ipv4Addr::from(number)),
                checksum: Checksum::Good,
                vlans: Vlans::default(),
                answers: 1,
                sent_at: None,
                first_sent_at: None,
                copies: 1,
                other_addresses: Vec::new(),
                check: None,
            };
            collect.take(answer);
        }
        let kept = collect.answers().len();
        assert!((2..100).contains(&kept), "{kept}");
        assert_eq!(collect.overflow, 200 - u64::try_from(kept).unwrap());
        assert!(collect.answers().iter().map(Answer::weight).sum::<usize>() <= MAX_WEIGHT);
    }
}
