//! Any message, sent as often as one likes, and every answer to it.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::time::Duration;

use super::client::Seated6;
use super::draft::Draft6;
use super::station::{Answer6, MAX_BYTES, Sorted, Station6};
use super::watch::{Reason6, Watch6};
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::Protocol;
use crate::wire::nd;
use crate::wire::v6::{Duid, Facts, MessageType, Packet};

/// Answers kept; more are counted.
const MAX_ANSWERS: usize = 1000;

/// What ends the wait early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until6 {
    /// Nothing does.
    TimeIsOver,
    /// An answer of this type, the outermost message.
    Kind(MessageType),
    /// A router advertisement.
    Router,
}

/// How a message is sent.
#[derive(Clone, Copy, Debug)]
pub struct Shots {
    /// How often.
    pub count: u32,
    /// Time between two.
    pub interval: Duration,
    /// How long to wait for answers after the last.
    pub wait: Duration,
    /// What ends the wait early.
    pub until: Until6,
}

/// A message that is sent.
#[derive(Clone, Debug)]
pub struct OneShot6 {
    draft: Draft6,
    shots: Shots,
    station: Station6,
    solicits: bool,
    next: Option<Instant>,
    last: Option<Instant>,
    over: bool,
    answers: Vec<Answer6>,
    /// Where an answer is among them, by who sent it and the hash of what it says.
    known: HashMap<(Option<Mac>, u64), usize>,
    /// Their bytes.
    weight: usize,
    /// Answers that came after 1,000 others, or 32 MiB of them.
    pub overflow: u64,
}

impl OneShot6 {
    /// The message of `draft`. `foreign` says that its MAC is not the interface's own.
    pub fn new(draft: Draft6, shots: Shots, foreign: bool) -> Self {
        let payload = draft.payload();
        let router = draft.protocol() == Protocol::Icmpv6;
        let client = if router { None } else { Facts::of(&payload).client_id.map(Duid::from) };
        let mut station = Station6::new(&draft, client, foreign);
        let solicits = router && !nd::Packet::new(&payload).is_advertisement();
        if !router {
            station.expect(0, draft.innermost().1);
        }
        Self {
            draft,
            shots,
            station,
            solicits,
            next: None,
            last: None,
            over: false,
            answers: Vec::new(),
            known: HashMap::new(),
            weight: 0,
            overflow: 0,
        }
    }

    /// Every answer, in order of arrival; the same once more is counted in the first.
    pub fn answers(&self) -> &[Answer6] {
        &self.answers
    }

    /// How often it was sent.
    pub fn sent(&self) -> u32 {
        self.station.sent(0)
    }

    /// What else was seen.
    pub fn watch(&self) -> &Watch6 {
        &self.station.watch
    }

    fn end(&self) -> Option<Instant> {
        let all = self.station.sent(0) >= self.shots.count;
        self.last.filter(|_| all).map(|last| last.after(self.shots.wait))
    }

    fn take(&mut self, answer: Answer6) -> Remark {
        let who = (answer.source_mac, self.known.hasher().hash_one(&answer.payload));
        let place = self.known.get(&who).copied();
        if let Some(first) = place.and_then(|place| self.answers.get_mut(place))
            && first.payload == answer.payload
        {
            first.copies = first.copies.saturating_add(1);
            return self.station.accept(&answer, true);
        }
        let remark = self.station.accept(&answer, false);
        self.over |= match self.shots.until {
            Until6::TimeIsOver => false,
            Until6::Router => answer.protocol == Protocol::Icmpv6,
            Until6::Kind(kind) => is_or_holds(&answer, kind),
        };
        let weight = self.weight.saturating_add(answer.weight());
        if self.answers.len() < MAX_ANSWERS && weight <= MAX_BYTES {
            self.weight = weight;
            self.known.insert(who, self.answers.len());
            self.answers.push(answer);
        } else {
            self.overflow = self.overflow.saturating_add(1);
        }
        remark
    }
}

/// True when the answer is of this type, or a RELAY-REPL around one that is.
pub fn is_or_holds(answer: &Answer6, kind: MessageType) -> bool {
    Packet::new(&answer.payload).message_type() == Some(kind)
        || answer.protocol != Protocol::Icmpv6 && answer.kind() == kind
}

impl Machine for OneShot6 {
    fn on_time(&mut self, now: Instant) {
        if self.end().is_some_and(|end| now >= end) {
            self.over = true;
        }
        if self.over {
            return;
        }
        if self.station.resolve_deadline().is_some() {
            if !self.station.resolve(now) && self.station.watch.unresolved.is_some() {
                self.over = true;
            }
            return;
        }
        let due = self.next.is_none_or(|next| now >= next) && self.station.sent(0) < self.shots.count;
        if due && self.station.send(&self.draft, 0, now) {
            self.last = Some(now);
            self.next = Some(now.after(self.shots.interval));
        }
    }

    fn on_sent(&mut self, id: u32, at: Instant) {
        self.station.on_sent(id, at);
    }

    fn on_frame(&mut self, arrival: &Arrival<'_>) -> Remark {
        self.hear(arrival)
    }

    fn stop(&mut self, _: Instant) {
        self.over = true;
    }

    fn deadline(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let more = self.next.filter(|_| self.station.sent(0) < self.shots.count);
        self.station.resolve_deadline().or(more).into_iter().chain(self.end()).min()
    }

    fn gives_up(&self) -> Option<Instant> {
        self.end()
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.station.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.station.poll_event()
    }
}

impl Seated6 for OneShot6 {
    fn station(&mut self) -> &mut Station6 {
        &mut self.station
    }

    fn on_sorted(&mut self, sorted: Sorted, _: Instant) -> Remark {
        match sorted {
            Sorted::Answer(answer) if self.solicits => self.station.reject(&answer, Reason6::WrongType, ""),
            Sorted::Answer(answer) => self.take(*answer),
            Sorted::Router(answer) if self.solicits => {
                let answer = self.station.timed(*answer, 0);
                self.take(answer)
            }
            Sorted::Router(_) => Remark::new(Sense::Noticed, "a router advertisement"),
            Sorted::Claim(..) => Remark::UNRELATED,
            Sorted::Done(remark) => remark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v6::recipe::Recipe6;
    use crate::time::Timestamp;
    use crate::wire::frame::Envelope6;
    use crate::wire::neighbor::link_local;

    const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);

    fn shots(count: u32, until: Until6) -> Shots {
        Shots { count, interval: Duration::from_millis(100), wait: Duration::from_secs(1), until }
    }

    fn frame(src: Mac, hop_limit: u8, message: &nd::Message) -> Vec<u8> {
        Envelope6::to_group(src, link_local(src), nd::ALL_NODES, hop_limit).icmpv6(&message.encode(), true)
    }

    fn hear(machine: &mut OneShot6, at: Instant, frame: &[u8]) -> Sense {
        machine.on_frame(&Arrival::whole(at, Timestamp::default(), frame)).sense
    }

    #[test]
    fn a_solicitation_is_answered_by_routers() {
        let recipe = Recipe6::new(MAC, link_local(MAC), 7);
        let mut machine = OneShot6::new(recipe.router_solicitation(), shots(2, Until6::TimeIsOver), false);
        let mut now = Instant::new(0, 0);
        machine.on_time(now);
        let advert = nd::Message::advertisement(64, 0x80, 1800);
        let router = Mac([2, 0, 0, 0, 0, 9]);
        assert_eq!(hear(&mut machine, now, &frame(router, 255, &advert)), Sense::Accepted);
        assert_eq!(hear(&mut machine, now, &frame(router, 255, &advert)), Sense::Repeated);
        assert_eq!(hear(&mut machine, now, &frame(router, 64, &advert)), Sense::Ignored);
        let mut times = Vec::new();
        while let Some(deadline) = machine.deadline() {
            times.push(deadline.since(now) / 1_000_000);
            now = deadline;
            machine.on_time(now);
        }
        assert_eq!((times, machine.sent()), (vec![100, 1000], 2));
        assert_eq!((machine.answers().len(), machine.answers()[0].copies), (1, 2));
        assert_eq!(machine.watch().strays().len(), 1, "the one that a router passed on");
    }

    #[test]
    fn what_is_waited_for_ends_the_wait() {
        let recipe = Recipe6::new(MAC, link_local(MAC), 7);
        let mut machine = OneShot6::new(recipe.router_solicitation(), shots(1, Until6::Router), false);
        machine.on_time(Instant::new(0, 0));
        let advert = nd::Message::advertisement(64, 0x80, 1800);
        hear(&mut machine, Instant::new(0, 1), &frame(Mac([2; 6]), 255, &advert));
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let recipe = Recipe6::new(MAC, link_local(MAC), 7);
        let mut machine = OneShot6::new(recipe.router_solicitation(), shots(1, Until6::TimeIsOver), false);
        let now = Instant::new(0, 0);
        machine.on_time(now);
        // Options of 255 times 8 bytes, which nobody knows.
        let filler = [&[253, 255][..], &[0; 2038]].concat();
        let router = Mac([2, 0, 0, 0, 0, 9]);
        let mut frames = Vec::new();
        for number in 0..900_u16 {
            let advert = nd::Message::advertisement(64, 0x80, number);
            let bytes = [advert.encode(), filler.repeat(30)].concat();
            let envelope = Envelope6::to_group(router, link_local(router), nd::ALL_NODES, 255);
            frames.push(envelope.icmpv6(&bytes, true));
            hear(&mut machine, now, frames.last().unwrap());
        }
        let kept: usize = machine.answers().iter().map(Answer6::weight).sum();
        assert!(kept <= MAX_BYTES && kept > MAX_BYTES / 2, "{kept}");
        let all = machine.answers().len();
        assert_eq!(u64::try_from(all).unwrap() + machine.overflow, 900);
        // The last one that is kept is still known.
        assert_eq!(hear(&mut machine, now, &frames[all - 1]), Sense::Repeated);
        assert_eq!(machine.answers()[all - 1].copies, 2);
    }
}
