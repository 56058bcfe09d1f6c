//! Who is there: SOLICIT, INFORMATION-REQUEST and a router solicitation at once, and every answer until the wait is over. Nothing is
//! bound unless rapid commit was asked for.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use fastrand::Rng;

use super::accept::is_usable_answer;
use super::client::Seated6;
use super::draft::Draft6;
use super::recipe::Recipe6;
use super::station::{Answer6, MAX_BYTES, Sorted, Station6};
use super::timer::hundredths;
use super::watch::{Reason6, Watch6};
use crate::engine::machine::{Arrival, Event, Machine, Remark, Sense, Transmit};
use crate::engine::retransmit::{Backoff, Jitter};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::v6::{Duid, MessageType};

/// Servers and routers kept of each kind; more are counted.
pub const MAX_ANSWERS: usize = 1000;
/// Addresses kept of a server that offers another one each time.
const MAX_ADDRESSES: usize = 64;
/// Lane of SOLICIT.
pub const SOLICIT: usize = 0;
/// Lane of INFORMATION-REQUEST.
pub const INFORM: usize = 1;
/// Lane of the router solicitation.
pub const ROUTER: usize = 2;

/// So soon after a solicitation an advertisement to everybody answers it (RFC 4861 §10: `MAX_RA_DELAY_TIME`, and slack), nanoseconds.
const SOLICITED_WITHIN: i64 = 600_000_000;

/// How often servers are asked: the time from one message to the next grows to a second. With the routers' solicitations that stays
/// below the 20 messages in 20 seconds that clients shall keep (RFC 9915 §14.1).
pub const ASK: Backoff = Backoff {
    first: Duration::from_millis(400),
    growth: 140,
    limit: Duration::from_secs(1),
    jitter: Jitter::Relative(10),
    retries: 6,
};
/// How often routers are asked. A router answers to everybody once in three seconds only (RFC 4861 §6.2.6): the last question comes
/// after that.
pub const ASK_ROUTERS: Backoff = Backoff {
    first: Duration::from_millis(700),
    growth: 200,
    limit: Duration::from_millis(1400),
    jitter: Jitter::Relative(10),
    retries: 3,
};

/// How a search goes.
#[derive(Clone, Copy, Debug)]
pub struct Plan6 {
    /// How long to wait from the first transmission.
    pub wait: Duration,
    /// Stops at the first offer that a client could use.
    pub first: bool,
    /// Asks for configuration too.
    pub inform: bool,
    /// Asks routers too.
    pub routers: bool,
    /// When to ask servers again.
    pub ask: Backoff,
    /// When to ask routers again.
    pub ask_routers: Backoff,
}

/// One question that is asked again and again.
#[derive(Clone, Debug)]
struct Question {
    lane: usize,
    recipe: Recipe6,
    kind: Option<MessageType>,
    backoff: Backoff,
    next: Option<Instant>,
    over: bool,
}

/// Which server: its name and the card it speaks from.
type Who = (Option<Duid>, Option<Mac>);

/// The search.
#[derive(Clone, Debug)]
pub struct Discover6 {
    plan: Plan6,
    rng: Rng,
    station: Station6,
    questions: Vec<Question>,
    /// Only this server's answers count.
    only: (Option<Duid>, Option<Ipv6Addr>),
    rapid_commit: bool,
    started: Option<Instant>,
    over: bool,
    offers: Vec<Answer6>,
    stateless: Vec<Answer6>,
    routers: Vec<Answer6>,
    known: BTreeMap<(usize, Who, Option<Ipv6Addr>), usize>,
    /// Bytes of the answers that are kept.
    weight: usize,
    /// Answers that came after 1,000 others of their kind.
    pub overflow: u64,
}

impl Discover6 {
    /// A search. `inform_xid` is the transaction of the INFORMATION-REQUEST; `foreign` says that the client's MAC is not the
    /// interface's own.
    pub fn new(recipe: &Recipe6, inform_xid: u32, plan: Plan6, foreign: bool, mut rng: Rng) -> Self {
        let first = drafts(recipe, inform_xid, &plan);
        let mut station = match first.first() {
            Some(draft) => Station6::new(draft, recipe.duid.clone(), foreign),
            None => Station6::new(&recipe.router_solicitation(), recipe.duid.clone(), foreign),
        };
        station.expect(SOLICIT, Some(recipe.xid));
        let mut questions = vec![Question {
            lane: SOLICIT,
            recipe: recipe.clone(),
            kind: Some(MessageType::SOLICIT),
            backoff: plan.ask,
            next: None,
            over: false,
        }];
        if plan.inform {
            station.expect(INFORM, Some(inform_xid & 0x00ff_ffff));
            questions.push(Question {
                lane: INFORM,
                recipe: Recipe6 { xid: inform_xid & 0x00ff_ffff, ..recipe.clone() },
                kind: Some(MessageType::INFORMATION_REQUEST),
                backoff: plan.ask,
                next: None,
                over: false,
            });
        }
        if plan.routers {
            let router = Question {
                lane: ROUTER,
                recipe: Recipe6 { to: None, ..recipe.clone() },
                kind: None,
                backoff: plan.ask_routers,
                next: None,
                over: false,
            };
            questions.push(router);
        }
        let rng = rng.fork();
        Self {
            plan,
            rng,
            station,
            questions,
            only: (recipe.server.clone(), recipe.to),
            rapid_commit: recipe.rapid_commit,
            started: None,
            over: false,
            offers: Vec::new(),
            stateless: Vec::new(),
            routers: Vec::new(),
            known: BTreeMap::new(),
            weight: 0,
            overflow: 0,
        }
    }

    /// The same, asking nothing: what routers say to everybody is all there is to hear.
    #[must_use]
    pub fn listening(mut self) -> Self {
        self.questions.clear();
        self
    }

    /// The same, hearing this server alone. It is asked as everybody is.
    #[must_use]
    pub fn only_from(mut self, server: Ipv6Addr) -> Self {
        self.only.1 = Some(server);
        self
    }

    /// ADVERTISEs, and REPLYs with rapid commit, in order of arrival; repeats counted in their first.
    pub fn offers(&self) -> &[Answer6] {
        &self.offers
    }

    /// REPLYs to the INFORMATION-REQUEST.
    pub fn stateless(&self) -> &[Answer6] {
        &self.stateless
    }

    /// Router advertisements that hosts believe, one of each router.
    pub fn routers(&self) -> &[Answer6] {
        &self.routers
    }

    /// What else was seen.
    pub fn watch(&self) -> &Watch6 {
        &self.station.watch
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u32 {
        self.station.sent_in_all()
    }

    /// How many messages of a lane were sent.
    pub fn sent_of(&self, lane: usize) -> u32 {
        self.station.sent(lane)
    }

    fn end(&self) -> Option<Instant> {
        self.started.map(|started| started.after(self.plan.wait))
    }

    fn ask(&mut self, now: Instant) {
        let Some(started) = self.started else { return };
        let elapsed = hundredths(started, now);
        for question in &mut self.questions {
            if question.over || question.next.is_some_and(|next| now < next) {
                continue;
            }
            let sent = self.station.sent(question.lane);
            if sent > 0 && !question.backoff.may_repeat(sent) {
                question.over = true;
                continue;
            }
            if self.station.send(&question.draft(elapsed), question.lane, now) {
                let delay = question.backoff.delay(self.station.sent(question.lane), &mut self.rng);
                question.next = Some(now.after(delay));
            } else if self.station.resolve_deadline().is_none() {
                question.over = true;
            }
        }
    }

    fn take(&mut self, answer: Answer6) -> Remark {
        let facts = answer.facts();
        let kind = facts.kind;
        let is_offer = answer.lane == SOLICIT
            && (kind == MessageType::ADVERTISE
                || kind == MessageType::REPLY && facts.rapid_commit && self.rapid_commit);
        let is_stateless = answer.lane == INFORM && kind == MessageType::REPLY;
        if !is_offer && !is_stateless {
            let detail = match (answer.lane, kind, facts.rapid_commit) {
                (SOLICIT, MessageType::REPLY, true) => "a REPLY with rapid commit, which was not asked for",
                (SOLICIT, MessageType::REPLY, false) => "a REPLY without rapid commit (option 14)",
                _ => "",
            };
            return self.station.reject(&answer, Reason6::WrongType, detail);
        }
        let server = facts.server_id.map(Duid::from);
        let elsewhere = self.only.1.is_some_and(|ip| !self.station.is_from(&answer, ip));
        if elsewhere || self.only.0.is_some() && self.only.0 != server {
            // What another server binds is told, though it does not count.
            return if is_offer && kind == MessageType::REPLY {
                self.station.reject(&answer, Reason6::OtherServer, "")
            } else {
                self.station.reject_unasked(&answer)
            };
        }
        let usable = is_offer && is_usable_answer(&facts);
        let lane = answer.lane;
        let remark = self.keep(answer, lane, server);
        self.over |= usable && self.plan.first;
        remark
    }

    fn take_router(&mut self, answer: Answer6) -> Remark {
        if !self.plan.routers {
            return Remark::new(Sense::Noticed, "a router advertisement");
        }
        let mut answer = self.station.timed(answer, ROUTER);
        // One that comes by itself is no answer.
        let to_us = answer.destination.is_some_and(|dst| !dst.is_multicast());
        if !to_us && answer.latency().is_none_or(|latency| latency > SOLICITED_WITHIN) {
            (answer.sent_at, answer.answers) = (None, 0);
        }
        let source = answer.source_ip;
        self.keep_of(answer, (ROUTER, (None, None), source))
    }

    fn keep(&mut self, answer: Answer6, lane: usize, server: Option<Duid>) -> Remark {
        let mac = answer.source_mac;
        self.keep_of(answer, (lane, (server, mac), None))
    }

    fn keep_of(&mut self, answer: Answer6, key: (usize, Who, Option<Ipv6Addr>)) -> Remark {
        let lane = key.0;
        let kept = match lane {
            SOLICIT => &mut self.offers,
            INFORM => &mut self.stateless,
            _ => &mut self.routers,
        };
        if let Some(first) = self.known.get(&key).and_then(|index| kept.get_mut(*index)) {
            first.copies = first.copies.saturating_add(1);
            if lane == SOLICIT {
                let before: Vec<Ipv6Addr> = leases(first);
                for address in leases(&answer) {
                    let known = before.contains(&address) || first.other_addresses.contains(&address);
                    if !known && first.other_addresses.len() < MAX_ADDRESSES {
                        first.other_addresses.push(address);
                    }
                }
            }
            return self.station.accept(&answer, true);
        }
        let remark = self.station.accept(&answer, false);
        self.weight = self.weight.saturating_add(answer.weight());
        if kept.len() >= MAX_ANSWERS || self.weight > MAX_BYTES {
            self.overflow = self.overflow.saturating_add(1);
            return remark;
        }
        self.known.insert(key, kept.len());
        kept.push(answer);
        remark
    }
}

/// Every address and prefix of an answer.
fn leases(answer: &Answer6) -> Vec<Ipv6Addr> {
    let facts = answer.facts();
    let addresses = facts.addresses().map(|lease| lease.address);
    addresses.chain(facts.prefixes().map(|lease| lease.prefix)).collect()
}

impl Question {
    fn draft(&self, elapsed: u16) -> Draft6 {
        match self.kind {
            None => self.recipe.router_solicitation(),
            Some(MessageType::INFORMATION_REQUEST) => {
                self.recipe.draft(self.recipe.message(MessageType::INFORMATION_REQUEST, &[], None, elapsed))
            }
            Some(kind) => self.recipe.draft(self.recipe.message(kind, &self.recipe.ias, None, elapsed)),
        }
    }
}

/// What a search sends first.
pub fn drafts(recipe: &Recipe6, inform_xid: u32, plan: &Plan6) -> Vec<Draft6> {
    let mut drafts = vec![recipe.draft(recipe.message(MessageType::SOLICIT, &recipe.ias, None, 0))];
    if plan.inform {
        let recipe = Recipe6 { xid: inform_xid & 0x00ff_ffff, ..recipe.clone() };
        drafts.push(recipe.draft(recipe.message(MessageType::INFORMATION_REQUEST, &[], None, 0)));
    }
    if plan.routers {
        drafts.push(Recipe6 { to: None, ..recipe.clone() }.router_solicitation());
    }
    drafts
}

impl Machine for Discover6 {
    fn on_time(&mut self, now: Instant) {
        self.started.get_or_insert(now);
        if self.end().is_some_and(|end| now >= end) {
            self.over = true;
        }
        if self.over {
            return;
        }
        let looking = self.station.resolve_deadline().is_some();
        if looking && !self.station.resolve(now) && self.station.watch.unresolved.is_some() {
            // The server that was named is not there; routers still may be.
            for question in &mut self.questions {
                question.over |= question.lane != ROUTER;
            }
        }
        self.ask(now);
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
        let resolving = self.station.resolve_deadline();
        let waiting =
            |question: &&Question| !question.over && (question.next.is_some() || resolving.is_none());
        let next = self.questions.iter().filter(waiting).filter_map(|question| question.next);
        next.chain(resolving).chain(self.end()).min()
    }

    fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Option<Transmit> {
        self.station.poll_transmit(out)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.station.poll_event()
    }
}

impl Seated6 for Discover6 {
    fn station(&mut self) -> &mut Station6 {
        &mut self.station
    }

    fn on_sorted(&mut self, sorted: Sorted, _: Instant) -> Remark {
        match sorted {
            Sorted::Answer(answer) => self.take(*answer),
            Sorted::Router(answer) => self.take_router(*answer),
            Sorted::Claim(..) => Remark::UNRELATED,
            Sorted::Done(remark) => remark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v6::recipe::IaWish;
    use crate::time::Timestamp;
    use crate::wire::frame::Envelope6;
    use crate::wire::nd;
    use crate::wire::neighbor::link_local;
    use crate::wire::options::v6 as opt;
    use crate::wire::v6::Message;
    use crate::wire::v6::facts::IaKind;
    use crate::wire::v6::message::{ia, ia_addr};

    const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);

    fn machine(first: bool) -> Discover6 {
        let recipe =
            Recipe6 { ias: vec![IaWish::new(IaKind::Na, 5)], ..Recipe6::new(MAC, link_local(MAC), 7) };
        let plan = Plan6 {
            wait: Duration::from_millis(4500),
            first,
            inform: true,
            routers: true,
            ask: ASK,
            ask_routers: ASK_ROUTERS,
        };
        Discover6::new(&recipe, 8, plan, false, Rng::with_seed(1))
    }

    fn advertise(number: u16, size: usize) -> Vec<u8> {
        let [a, b] = number.to_be_bytes();
        let mut message = Message::new(MessageType::ADVERTISE, 7);
        message.add_option(opt::CLIENTID, Duid::link_layer(MAC).0);
        message.add_option(opt::SERVERID, [0, 3, 0, 1, a, b]);
        message.add_option(opt::IA_NA, ia(5, 0, 0, &[ia_addr("fd00::5".parse().unwrap(), 5, 9, &[])]));
        message.add_option(60_000, vec![0; size]);
        Envelope6::between(Mac([2, 0, 0, 0, a, b]), MAC).udp((547, 546), &message.encode())
    }

    fn hear(machine: &mut Discover6, at: Instant, frame: &[u8]) -> Sense {
        machine.on_frame(&Arrival::whole(at, Timestamp::default(), frame)).sense
    }

    #[test]
    fn everything_is_asked_at_once_and_again_below_the_rate_of_clients() {
        let mut machine = machine(false);
        let mut now = Instant::new(0, 0);
        machine.on_time(now);
        assert_eq!(machine.sent(), 3);
        while let Some(deadline) = machine.deadline() {
            now = deadline;
            machine.on_time(now);
        }
        assert_eq!(now.since(Instant::new(0, 0)), 4_500_000_000);
        assert!((14..=19).contains(&machine.sent()), "{}", machine.sent());
        let each = [SOLICIT, INFORM, ROUTER].map(|lane| machine.sent_of(lane));
        assert_eq!((each[0], each[2]), (each[1], 4), "{each:?}");
    }

    #[test]
    fn a_server_is_told_once_and_the_first_ends_it_where_that_was_wanted() {
        let mut machine = machine(false);
        let now = Instant::new(0, 0);
        machine.on_time(now);
        assert_eq!(hear(&mut machine, now, &advertise(1, 0)), Sense::Accepted);
        assert_eq!(hear(&mut machine, now, &advertise(1, 0)), Sense::Repeated);
        assert_eq!(hear(&mut machine, now, &advertise(2, 0)), Sense::Accepted);
        assert_eq!((machine.offers().len(), machine.offers()[0].copies), (2, 2));
        let mut machine = self::machine(true);
        machine.on_time(now);
        hear(&mut machine, now, &advertise(1, 0));
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn who_was_not_asked_is_no_part_of_it_unless_it_binds() {
        let wanted = Duid(vec![0, 3, 0, 1, 0, 2]);
        let mut machine = Discover6 { only: (Some(wanted), None), rapid_commit: true, ..machine(false) };
        let now = Instant::new(0, 0);
        machine.on_time(now);
        let commit = |number: u8| {
            let mut message = Message::new(MessageType::REPLY, 7);
            message.add_option(opt::CLIENTID, Duid::link_layer(MAC).0);
            message.add_option(opt::SERVERID, [0, 3, 0, 1, 0, number]);
            message.add_option(opt::RAPID_COMMIT, []);
            message.add_option(opt::IA_NA, ia(5, 0, 0, &[ia_addr("fd00::5".parse().unwrap(), 5, 9, &[])]));
            Envelope6::between(Mac([2, 0, 0, 0, 0, number]), MAC).udp((547, 546), &message.encode())
        };
        assert_eq!(hear(&mut machine, now, &advertise(1, 0)), Sense::NotAsked);
        assert_eq!(hear(&mut machine, now, &commit(1)), Sense::Ignored);
        assert_eq!(hear(&mut machine, now, &advertise(2, 0)), Sense::Accepted);
        assert_eq!(machine.watch().stranger(Reason6::OtherServer).count, 2);
    }

    #[test]
    fn a_flood_stays_bounded_in_number_and_in_bytes() {
        let now = Instant::new(0, 0);
        for (count, size, most) in [(1500, 0, MAX_ANSWERS), (700, 60_000, 300)] {
            let mut machine = machine(false);
            machine.on_time(now);
            for number in 0..count {
                hear(&mut machine, now, &advertise(number, size));
            }
            assert!(machine.offers().len() <= most, "{}", machine.offers().len());
            let kept = u64::try_from(machine.offers().len()).unwrap();
            assert_eq!(machine.overflow + kept, u64::from(count));
        }
    }

    #[test]
    fn an_advertisement_that_comes_by_itself_answers_nothing() {
        let mut machine = machine(false);
        let start = Instant::new(0, 0);
        machine.on_time(start);
        let router = |number: u8| {
            let mac = Mac([2, 0, 0, 0, 1, number]);
            let envelope = Envelope6::to_group(mac, link_local(mac), nd::ALL_NODES, 255);
            envelope.icmpv6(&nd::Message::advertisement(64, 0, 1800).encode(), true)
        };
        hear(&mut machine, start.after(Duration::from_millis(300)), &router(1));
        hear(&mut machine, start.after(Duration::from_millis(690)), &router(2));
        let solicited: Vec<bool> = machine.routers().iter().map(|answer| answer.sent_at.is_some()).collect();
        assert_eq!(solicited, [true, false]);
    }
}
