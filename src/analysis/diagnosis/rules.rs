//! What is wrong with one exchange, from what was seen of it alone.
//!
//! A reply is compared with requests of its own side of a relay. Copies and forwarded messages never trigger anything.

use std::net::Ipv4Addr;

use super::history::SECOND;
use super::signs::Signs;
use super::{Code, Diagnosis, Id};
use crate::analysis::transaction::{Exchange, Kind, Letter, Outcome, Seen, Side, bit};
use crate::wire::Mac;
use crate::wire::problem::{self, Severity};

/// Longest gap to a retransmission with another identifier.
const RETRANSMIT: i64 = 35 * SECOND;
/// Within this a client that did not take an ACK asks for something else.
const SOON: i64 = 120 * SECOND;
/// So many moments are told one by one.
const TIMES: usize = 12;

/// Everything said of `exchange`, worst first.
pub(super) fn judge(exchange: &Exchange, signs: &Signs, strict: bool) -> Vec<Diagnosis> {
    let mut case = Case { exchange, found: Vec::new() };
    case.packets();
    for reply in exchange.replies() {
        case.reply(reply, strict);
    }
    case.requests();
    case.parameters();
    case.outside();
    case.conflict(signs);
    case.time(signs);
    case.too_late();
    case.relay();
    case.boot();
    case.silence();
    case.offer_ignored();
    if case.found.len() > 1 {
        case.found.sort_by_key(|diagnosis| std::cmp::Reverse(diagnosis.id.severity()));
    }
    case.found
}

struct Case<'a> {
    exchange: &'a Exchange,
    found: Vec<Diagnosis>,
}

/// So many seconds, as a person says it.
pub(super) fn seconds(nanoseconds: i64) -> String {
    let tenths = nanoseconds.max(0) / (SECOND / 10);
    if tenths < 100 { format!("{}.{} s", tenths / 10, tenths % 10) } else { format!("{} s", tenths / 10) }
}

impl<'a> Case<'a> {
    fn say(&mut self, code: Code, frames: impl IntoIterator<Item = u64>, message: impl Into<String>) {
        self.add(Id::Wider(code), frames, message.into());
    }

    fn add(&mut self, id: Id, frames: impl IntoIterator<Item = u64>, message: String) {
        match self.found.iter_mut().find(|known| known.id == id) {
            Some(known) => known.frames.extend(frames),
            None => self.found.push(Diagnosis { id, frames: frames.into_iter().collect(), message }),
        }
        if let Some(known) = self.found.iter_mut().find(|known| known.id == id) {
            known.frames.sort_unstable();
            known.frames.dedup();
        }
    }

    fn has(&self, code: Code) -> bool {
        self.found.iter().any(|known| known.id == Id::Wider(code))
    }

    /// The client's messages of a kind that were really said.
    fn sent(&self, letter: Letter) -> impl DoubleEndedIterator<Item = &'a Seen> + Clone + use<'a> {
        self.exchange.sent().filter(move |seen| seen.letter == letter)
    }

    fn replies(&self, letter: Letter) -> impl DoubleEndedIterator<Item = &'a Seen> + Clone + use<'a> {
        self.exchange.replies().filter(move |seen| seen.letter == letter)
    }

    /// The client's messages before a step, on its side, latest first, copies included.
    fn before(&self, reply: &Seen) -> impl Iterator<Item = &'a Seen> {
        let (time, frame, side) = (reply.time, reply.frame, reply.side);
        let steps = self.exchange.steps.iter().rev().map(|step| &step.seen);
        steps.filter(move |seen| {
            seen.from_client && seen.side == side && (seen.time, seen.frame) <= (time, frame)
        })
    }

    /// What a reply answers: the latest before it with its identifier, else the latest.
    fn asked_by(&self, reply: &Seen, fits: impl Fn(&Seen) -> bool) -> Option<&'a Seen> {
        let of_xid = self.before(reply).find(|sent| sent.xid == reply.xid && fits(sent));
        of_xid.or_else(|| self.before(reply).find(|sent| fits(sent)))
    }

    /// Problems of single messages.
    fn packets(&mut self) {
        for (frame, problem) in &self.exchange.problems {
            self.add(Id::Packet(problem.code), [*frame], problem.to_string());
        }
    }

    fn reply(&mut self, seen: &'a Seen, strict: bool) {
        self.checksum(seen);
        let Some(asked) = self.asked_by(seen, |_| true) else {
            if seen.letter == Letter::Ack {
                self.ack(seen, None);
            }
            return;
        };
        if matches!(seen.letter, Letter::Offer | Letter::Ack | Letter::Nak) {
            self.direction(seen, asked);
        }
        if matches!(seen.letter, Letter::Offer | Letter::Ack) {
            self.identity(seen, strict);
        }
        let request = || self.asked_by(seen, |sent| sent.letter == Letter::Request);
        match seen.letter {
            Letter::Ack => self.ack(seen, request()),
            Letter::Nak => {
                if let Some(request) = request() {
                    self.nak(seen, request);
                }
            }
            _ => {}
        }
    }

    /// A reply that arrived broken, and what the client did next as if there were none. What it did in an exchange after an ACK is told
    /// [there](super::clients).
    fn checksum(&mut self, seen: &Seen) {
        if !seen.has(bit::CHECKSUM) {
            return;
        }
        let mut later = self.exchange.sent().filter(|sent| sent.time > seen.time);
        let next = self.exchange.superseded.filter(|next| next.time > seen.time);
        let ignored = match seen.letter {
            Letter::Offer => !self.exchange.had().request && (later.next().is_some() || next.is_some()),
            Letter::Ack => Broken::of(self.exchange, seen).is_some_and(|broken| {
                later.any(|sent| sent.letter == Letter::Request && broken.is_ignored(&Again::of(sent)))
            }),
            _ => {
                later.any(|sent| sent.letter == Letter::Request)
                    || next.is_some_and(|next| next.letter == Letter::Request)
            }
        };
        if ignored {
            self.say(Code::ReplyChecksumBad, [seen.frame], checksum_text(seen.letter));
        }
    }

    fn direction(&mut self, seen: &Seen, last: &Seen) {
        if seen.side == Side::Client
            && matches!(seen.letter, Letter::Offer | Letter::Ack)
            && last.broadcast()
            && last.ciaddr.is_unspecified()
            && seen.giaddr.is_unspecified()
            && seen.dst == seen.yiaddr
            && seen.link_unicast()
        {
            let text = format!("the client set BROADCAST, the answer went to {} alone", seen.dst_mac);
            self.say(Code::BroadcastFlagIgnored, [last.frame, seen.frame], text);
        }
        if !seen.has(bit::IPV4) {
            return;
        }
        let own = seen.has(bit::IP_BROADCAST) || [seen.yiaddr, seen.ciaddr, seen.giaddr].contains(&seen.dst);
        let theirs = || {
            let mut asked = self.before(seen);
            asked.any(|sent| [sent.src, sent.ciaddr, sent.giaddr].contains(&seen.dst))
        };
        let directed = seen.dst.octets()[3] == 255;
        let port = seen.ports.1;
        let known = || matches!(port, 67 | 68 | 4011) || self.before(seen).any(|sent| sent.ports.0 == port);
        let what = || seen.letter.name().to_uppercase();
        let text = if !own && !directed && !theirs() {
            format!("{} goes to {}, which nobody asked from", what(), seen.dst)
        } else if !known() {
            format!("{} goes to port {port}", what())
        } else if seen.has(bit::ETHERNET | bit::HLEN6)
            && seen.giaddr.is_unspecified()
            && seen.ciaddr.is_unspecified()
            && last.ciaddr.is_unspecified()
            && seen.dst == seen.yiaddr
            && seen.link_unicast()
            && mac(self.exchange).is_some_and(|mac| mac != seen.dst_mac)
        {
            format!("{} goes to the MAC {}", what(), seen.dst_mac)
        } else {
            return;
        };
        self.say(Code::ReplyMisdirected, [last.frame, seen.frame], text);
    }

    fn identity(&mut self, seen: &Seen, strict: bool) {
        let Some(asked) = self.before(seen).find(|sent| sent.xid == seen.xid) else { return };
        let frames = [asked.frame, seen.frame];
        if asked.has(bit::CLIENT_ID) && seen.has(bit::CLIENT_ID) && asked.client_id != seen.client_id {
            let text = format!("{} returns another client identifier", seen.letter.name().to_uppercase());
            self.say(Code::ClientIdAltered, frames, text);
        }
        if strict && asked.has(bit::CLIENT_ID) && seen.has(bit::COMPLETE) && !seen.has(bit::CLIENT_ID) {
            self.say(Code::ClientIdNotEchoed, frames, "the reply does not return the client identifier");
        }
        if seen.side != Side::Relay || !seen.has(bit::COMPLETE) {
            return;
        }
        // Two relays that pass one message on each say where it came from.
        let of_relay = |sent: &&Seen| sent.xid == seen.xid && sent.giaddr == seen.giaddr;
        let Some(asked) = self.before(seen).find(of_relay) else { return };
        let port = |seen: &Seen| seen.has(bit::RELAY_AGENT).then_some(seen.relay_agent);
        // Of what was asked twice, by two ways, the answer to the first may come late.
        let is_echoed = || self.before(seen).filter(of_relay).any(|sent| port(sent) == port(seen));
        if port(asked).is_some_and(|port| port != 0) && !is_echoed() {
            let how = if seen.has(bit::RELAY_AGENT) { "changed" } else { "dropped" };
            let text = format!("{} {how} option 82 of relay {}", seen.server(), seen.giaddr);
            self.say(Code::Option82NotEchoed, [asked.frame, seen.frame], text);
        }
    }

    fn ack(&mut self, seen: &Seen, request: Option<&Seen>) {
        let kind = self.exchange.kind;
        if seen.has(bit::COMPLETE)
            && !seen.has(bit::LEASE_THERE)
            && !seen.yiaddr.is_unspecified()
            && self.exchange.had().client
            && matches!(kind, Kind::Acquire | Kind::Reboot | Kind::Renew | Kind::Rebind)
        {
            let text = "this ACK has no lease time (option 51)".to_owned();
            self.add(Id::Packet(problem::Code::LeaseTimeMissing), [seen.frame], text);
        }
        for offer in self.replies(Letter::Offer) {
            if offer.side != seen.side || offer.server() != seen.server() || offer.yiaddr != seen.yiaddr {
                continue;
            }
            let mask = offer.has(bit::MASK) && seen.has(bit::MASK) && offer.mask != seen.mask;
            let routers = offer.has(bit::ROUTERS) && seen.has(bit::ROUTERS) && offer.routers != seen.routers;
            let text = if mask {
                format!("mask {} in the OFFER, {} in the ACK", offer.mask, seen.mask)
            } else if routers {
                format!("router {} in the OFFER, {} in the ACK", offer.router, seen.router)
            } else {
                continue;
            };
            self.say(Code::AckDiffers, [offer.frame, seen.frame], text);
        }
        let Some(request) = request else { return };
        let frames = [request.frame, seen.frame];
        let both = request.has(bit::SERVER_ID) && seen.has(bit::SERVER_ID);
        if both
            && request.server_id != seen.server_id
            && !request.server_id.is_unspecified()
            && !seen.server_id.is_unspecified()
        {
            let text = format!("{} acknowledges what was asked of {}", seen.server_id, request.server_id);
            self.say(Code::AckByOtherServer, frames, text);
        }
        let wanted = if request.has(bit::ASKED) { request.requested } else { request.ciaddr };
        let another = !wanted.is_unspecified() && !seen.yiaddr.is_unspecified() && wanted != seen.yiaddr;
        if another && kind != Kind::Inform {
            let text = format!("{} was asked for, the ACK gives {}", wanted, seen.yiaddr);
            self.say(Code::AckOtherAddress, frames, text);
        }
    }

    fn nak(&mut self, seen: &Seen, request: &Seen) {
        let chosen = request.server_id;
        if !request.has(bit::SERVER_ID) || chosen.is_unspecified() || is_nameless(seen) {
            return;
        }
        let frames = [request.frame, seen.frame];
        if seen.server() != chosen {
            if !matches!(self.exchange.kind, Kind::Reboot | Kind::Renew | Kind::Rebind) {
                let text = format!("{} refuses what was asked of {chosen}", seen.server());
                self.say(Code::NakByOtherServer, frames, text);
            }
            return;
        }
        let offered = self.replies(Letter::Offer).find(|offer| {
            offer.side == seen.side
                && offer.server() == chosen
                && offer.yiaddr == request.requested
                && !offer.yiaddr.is_unspecified()
        });
        if let Some(offer) = offered.map(|offer| offer.frame) {
            let text = format!("{chosen} offered {} and refuses it", request.requested);
            self.say(Code::NakAfterOffer, [offer, request.frame, seen.frame], text);
        }
    }

    fn requests(&mut self) {
        if self.exchange.lacks_offers() {
            return;
        }
        for request in self.sent(Letter::Request) {
            let mut of_server = self
                .replies(Letter::Offer)
                .filter(|offer| offer.side == request.side && offer.server() == request.server_id)
                .peekable();
            if request.has(bit::SERVER_ID | bit::ASKED)
                && request.ports.1 != 4011
                && of_server.peek().is_some()
                && !self.replies(Letter::Offer).any(is_nameless)
                && of_server.all(|offer| offer.yiaddr != request.requested)
            {
                let text = format!(
                    "{} is asked for {}, which it did not offer",
                    request.server_id, request.requested
                );
                self.add(Id::Packet(problem::Code::RequestFields), [request.frame], text);
            }
        }
    }

    /// What the first ACK, else OFFER, lacks.
    fn parameters(&mut self) {
        // What boot servers offer is no address.
        let offer = || self.replies(Letter::Offer).find(|seen| seen.gives());
        let first = self.replies(Letter::Ack).next().or_else(offer);
        let Some(seen) = first.filter(|seen| seen.gives() && seen.has(bit::COMPLETE)) else { return };
        let Some(asked) = self.before(seen).next() else { return };
        if !seen.has(bit::MASK_THERE)
            && self.exchange.kind != Kind::Pxe
            && (asked.has(bit::WANTS_MASK) || (!asked.has(bit::LIST) && asked.has(bit::COMPLETE)))
        {
            let text = "no subnet mask (option 1): the client assumes a classful one".to_owned();
            self.add(Id::Packet(problem::Code::MaskBad), [asked.frame, seen.frame], text);
        }
        if asked.has(bit::WANTS_ROUTERS) && !seen.has(bit::ROUTES) && self.exchange.kind != Kind::Pxe {
            self.say(
                Code::RouterMissing,
                [asked.frame, seen.frame],
                "no router was given, which the client asked for",
            );
        }
    }

    /// The first address given through a relay, against the relay's own.
    fn outside(&mut self) {
        let mut given = self.exchange.replies().filter(|seen| seen.gives() && !seen.giaddr.is_unspecified());
        let Some(seen) = given.next() else { return };
        let Some(prefix) = seen.prefix() else { return };
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
        if u32::from(seen.giaddr) & mask != u32::from(seen.yiaddr) & mask {
            let text = format!("relay {} got {}/{prefix} for its client", seen.giaddr, seen.yiaddr);
            self.say(Code::AddressOutsideGiaddr, [seen.frame], text);
        }
    }

    fn conflict(&mut self, signs: &Signs) {
        if !self.exchange.had().decline {
            return;
        }
        let Some(decline) = self.sent(Letter::Decline).next() else { return };
        let wanted = [decline.requested, decline.ciaddr].into_iter().find(|ip| !ip.is_unspecified());
        let ack = self.replies(Letter::Ack).next();
        let Some(address) = wanted.or(ack.map(|ack| ack.yiaddr)) else { return };
        let own = mac(self.exchange).unwrap_or_default();
        let from =
            ack.map_or(decline.time.saturating_sub(10 * SECOND), |ack| ack.time).saturating_sub(2 * SECOND);
        let heard = signs.of(self.exchange, address, from, decline.time.saturating_add(SECOND));
        let answer = heard.iter().find(|arp| arp.reply || arp.mac != own);
        let frames = heard.iter().map(|arp| arp.frame).chain([decline.frame]);
        match answer {
            Some(arp) if arp.mac == own => {
                let text = format!("the probe for {address} was answered with the client's own MAC {own}");
                self.say(Code::ProbeAnsweredByClientMac, frames, text);
            }
            Some(arp) => {
                let text = format!("{} holds {address}, which the client declined", arp.mac);
                self.say(Code::AddressConflict, frames, text);
            }
            None => self.say(Code::AddressConflict, frames, format!("the client declined {address}")),
        }
    }

    fn time(&mut self, signs: &Signs) {
        let Some(offer) = self.replies(Letter::Offer).next() else { return };
        let discovers = self.sent(Letter::Discover).filter(|seen| seen.time <= offer.time);
        let (Some(first), Some(last)) = (discovers.clone().next(), discovers.clone().next_back()) else {
            return;
        };
        let since = |seen: &Seen| offer.time.saturating_sub(seen.time);
        let own = mac(self.exchange).unwrap_or_default();
        let check = discovers
            .clone()
            .rfind(|seen| seen.xid == offer.xid)
            .filter(|asked| since(asked) >= SECOND / 2)
            .and_then(|asked| {
                let from = asked.time.saturating_sub(SECOND);
                Some((asked, signs.check(self.exchange, offer.yiaddr, own, (from, offer.time))?))
            });
        if since(first) >= 4 * SECOND {
            let frames = || -> Vec<u64> { discovers.clone().chain([offer]).map(|seen| seen.frame).collect() };
            let count = discovers.clone().count();
            let all = count.saturating_add(self.exchange.left_out_before_offer(Letter::Discover));
            if count >= 3 && since(last) < SECOND * 3 / 2 && since(first) >= 8 * SECOND {
                let text = format!(
                    "{all} DISCOVERs before the first OFFER, {} after the first of them",
                    seconds(since(first))
                );
                self.say(Code::SlowStart, frames(), text);
            }
            let waited = discovers.clone().find(|seen| seen.xid == offer.xid).map_or(0, since);
            if waited >= 4 * SECOND && since(last) >= SECOND * 3 / 2 {
                let cause =
                    if check.is_some() { listed(&[Code::ServerChecksAddress.name()]) } else { String::new() };
                let text = format!("the first OFFER took {}{cause}", seconds(waited));
                self.say(Code::AnswerTooSlow, frames(), text);
            }
        }
        if let Some((asked, check)) = check {
            let text = format!("{} was looked for before it was offered", offer.yiaddr);
            self.say(Code::ServerChecksAddress, [asked.frame, check, offer.frame], text);
        }
    }

    fn too_late(&mut self) {
        let Some(next) = self.exchange.superseded else { return };
        let replies = || self.exchange.replies();
        let given = replies().any(|seen| matches!(seen.letter, Letter::Offer | Letter::Ack));
        if given
            && !self.exchange.xids.contains(&next.xid)
            && replies().all(|seen| seen.time > next.time)
            && let Some(first) = replies().next()
        {
            let late = seconds(first.time.saturating_sub(next.time));
            let frames: Vec<u64> = replies().map(|seen| seen.frame).collect();
            let text = format!("the answer came {late} after the client had started over");
            self.say(Code::AnswerTooLate, frames, text);
        }
    }

    fn relay(&mut self) {
        if self.sent(Letter::Discover).nth(1).is_none() {
            return;
        }
        let client_side = self.sent(Letter::Discover).filter(|seen| seen.side == Side::Client);
        let all = || self.exchange.steps.iter().map(|step| &step.seen);
        let relayed = all().find(|seen| {
            !seen.from_client
                && seen.side == Side::Relay
                && matches!(seen.letter, Letter::Offer | Letter::Ack)
        });
        let delivered = || all().any(|seen| !seen.from_client && seen.side == Side::Client);
        if let Some(reply) = relayed
            && !self.exchange.had().request
            && !delivered()
            && client_side.clone().count() >= 2
            && client_side.clone().any(|seen| seen.time >= reply.time.saturating_add(SECOND))
        {
            let frames: Vec<u64> = client_side.map(|seen| seen.frame).chain([reply.frame]).collect();
            let text = format!("relay {} was answered and the client was not", reply.giaddr);
            self.say(Code::RelayDropsReply, frames, text);
        }
        let marked = |seen: &Seen| seen.giaddr.is_unspecified() && seen.has(bit::RELAY_AGENT);
        if !self.exchange.had().reply && self.exchange.visible && self.sent(Letter::Discover).all(marked) {
            let frames: Vec<u64> = self.sent(Letter::Discover).map(|seen| seen.frame).collect();
            let count = self.exchange.sent_of(|letter| letter == Letter::Discover);
            let text = format!("{count} DISCOVERs with option 82 and no relay stay unanswered");
            self.say(Code::Option82Refused, frames, text);
        }
    }

    fn boot(&mut self) {
        let discovers = self.sent(Letter::Discover);
        let offers = self.replies(Letter::Offer);
        if matches!(self.exchange.outcome, Outcome::Offered | Outcome::Open)
            && discovers.clone().nth(1).is_some()
            && discovers.clone().any(|seen| seen.has(bit::BOOT))
            && offers.clone().next().is_some()
        {
            let frames = discovers.chain(offers.clone()).map(|seen| seen.frame);
            if !offers.clone().any(Seen::gives) {
                self.say(Code::PxeNoAddress, frames, "only boot servers answer: nobody offers an address");
            } else if !offers.clone().any(|seen| seen.has(bit::BOOT_FILE) || !seen.has(bit::COMPLETE)) {
                self.say(Code::PxeNoBootFile, frames, "no offer names a boot file or boot server");
            }
        }
        let asked = self.exchange.sent().filter(|seen| seen.ports.1 == 4011);
        let count = asked.clone().count();
        let exchange = self.exchange;
        let answered =
            || exchange.steps.iter().any(|step| step.seen.ports.0 == 4011 && !step.seen.from_client);
        if count >= 2 && !answered() {
            // What boot servers are asked goes to this port, all of it.
            let all = if exchange.kind == Kind::Pxe { exchange.sent_count() } else { count };
            let text = format!("{all} messages to port 4011, none answered");
            self.say(Code::Pxe4011Silent, asked.map(|seen| seen.frame), text);
        }
    }

    fn silence(&mut self) {
        let exchange = self.exchange;
        if !matches!(exchange.outcome, Outcome::Unanswered | Outcome::Unacknowledged) {
            return;
        }
        let sent: Vec<&Seen> = exchange.sent().collect();
        let (Some(first), Some(last)) = (sent.first(), sent.last()) else { return };
        let span = last.time.saturating_sub(first.time);
        let frames: Vec<u64> = sent.iter().map(|seen| seen.frame).collect();
        let searching = sent.iter().all(|seen| seen.is_probe());
        let expects = match exchange.kind {
            Kind::Release | Kind::Decline | Kind::ForceRenew => false,
            // A REQUEST that fits no state is one all the same.
            Kind::Unknown => first.letter == Letter::Request,
            _ => true,
        };
        let what = first.letter.name().to_uppercase();
        if exchange.outcome == Outcome::Unanswered {
            if !expects || searching || sent.len() < 2 {
                return;
            }
            let text = format!("{} sent{}, no answer", exchange.sent_count(), self.within(span));
            let sure = matches!(exchange.kind, Kind::Acquire | Kind::Rebind)
                && sent.len() >= 3
                && span >= 6 * SECOND
                && exchange.visible;
            if sure {
                let causes = self.silence_causes(&sent);
                let times: Vec<String> = sent
                    .iter()
                    .take(TIMES)
                    .map(|seen| {
                        let text = seconds(seen.time.saturating_sub(first.time));
                        text.trim_end_matches(" s").to_owned()
                    })
                    .collect();
                let more = if sent.len() > TIMES { "…" } else { "s" };
                let text = format!("{what}: {text} (at {} {more}){causes}", times.join(", "));
                self.say(Code::NoAnswer, frames, text);
            } else {
                let why = if exchange.visible { "" } else { " seen, and none could be seen here" };
                self.say(Code::NoAnswerSeen, frames, format!("{what}: {text}{why}"));
            }
            return;
        }
        let requests: Vec<&Seen> = self.sent(Letter::Request).collect();
        let (Some(first), Some(last)) = (requests.first(), requests.last()) else { return };
        let span = last.time.saturating_sub(first.time);
        let frames: Vec<u64> = requests.iter().map(|seen| seen.frame).collect();
        if requests.len() >= 2 {
            let count = exchange.sent_of(|letter| letter == Letter::Request);
            let text = format!("{count} REQUESTs{}, neither ACK nor NAK", self.within(span));
            if span >= 3 * SECOND && (exchange.had().offer || exchange.visible) {
                let causes = self.silence_causes(&requests);
                self.say(Code::NoAck, frames, format!("{text}{causes}"));
            } else {
                self.say(Code::NoAnswerSeen, frames, text);
            }
        }
    }

    /// In so much time, where times are known.
    fn within(&self, span: i64) -> String {
        if self.exchange.is_timed() { format!(" in {}", seconds(span)) } else { String::new() }
    }

    /// What may be the reason that nobody answers.
    fn silence_causes(&self, sent: &[&Seen]) -> String {
        let mut causes = Vec::new();
        for code in
            [problem::Code::ServerIdZero, problem::Code::RequestFields, problem::Code::Option82FromClient]
        {
            if self.found.iter().any(|known| known.id == Id::Packet(code)) {
                causes.push(code.name());
            }
        }
        if sent.iter().any(|seen| seen.has(bit::SHORT)) {
            causes.push(problem::Code::MessageShort.name());
        }
        listed(&causes)
    }

    fn offer_ignored(&mut self) {
        let exchange = self.exchange;
        if !matches!(exchange.outcome, Outcome::Offered | Outcome::Open) || exchange.had().request {
            return;
        }
        let Some(offer) = self.replies(Letter::Offer).next() else { return };
        let later: Vec<&Seen> = self
            .sent(Letter::Discover)
            .filter(|seen| seen.time >= offer.time.saturating_add(SECOND))
            .collect();
        let Some(last) = later.last() else { return };
        let since = last.time.saturating_sub(offer.time);
        if later.len() < 2 || since < 5 * SECOND {
            return;
        }
        let mut causes = Vec::new();
        if self.has(Code::ReplyChecksumBad) {
            causes.push(Code::ReplyChecksumBad.name());
        }
        let own = |known: &&Diagnosis| match known.id {
            Id::Packet(code) => {
                !code.is_semantic()
                    && code.severity() == Severity::Error
                    && known.frames.contains(&offer.frame)
            }
            Id::Wider(_) | Id::Server(..) | Id::Link(..) | Id::Host(..) => false,
        };
        causes.extend(self.found.iter().filter(own).map(|known| known.id.name()));
        let order = [
            Id::Packet(problem::Code::AnswerNamesNoServer),
            Id::Packet(problem::Code::LeaseTimeMissing),
            Id::Wider(Code::ClientIdAltered),
            Id::Wider(Code::BroadcastFlagIgnored),
            Id::Wider(Code::ReplyMisdirected),
            Id::Wider(Code::VlanCrossed),
            Id::Wider(Code::PxeNoBootFile),
            Id::Packet(problem::Code::RouterOffSubnet),
            Id::Packet(problem::Code::AddressUnusable),
        ];
        let crossed = vlans_crossed(exchange).is_some();
        for id in order {
            let crossed = id == Id::Wider(Code::VlanCrossed) && crossed;
            if crossed || self.found.iter().any(|known| known.id == id) {
                causes.push(id.name());
            }
        }
        let why = if causes.is_empty() {
            "; the OFFER does not reach the client".to_owned()
        } else {
            listed(&causes)
        };
        let left = exchange.left_out_after_offer(Letter::Discover);
        let count = later.len().saturating_add(left);
        let text = format!("{count} more DISCOVERs in {} after the OFFER{why}", seconds(since));
        let frames: Vec<u64> = later.iter().map(|seen| seen.frame).chain([offer.frame]).collect();
        self.say(Code::OfferIgnored, frames, text);
    }
}

/// What is said of a broken reply.
fn checksum_text(letter: Letter) -> String {
    format!("{} has a wrong UDP checksum and the client did not act on it", letter.name().to_uppercase())
}

/// An ACK that arrived broken: the client may have taken it all the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken {
    kind: Kind,
    time: i64,
    xid: u32,
    address: Ipv4Addr,
    /// How long a client that took it waits at least before it renews.
    rest: i64,
    frame: u64,
}

/// What a client asks after an ACK.
pub(super) struct Again {
    pub(super) time: i64,
    pub(super) xid: u32,
    pub(super) ciaddr: Ipv4Addr,
    /// Option 50 of one that names no server.
    pub(super) wanted: Option<Ipv4Addr>,
}

impl Again {
    fn of(seen: &Seen) -> Self {
        let reboots = !seen.has(bit::SERVER_ID) && seen.ciaddr.is_unspecified() && seen.has(bit::ASKED);
        let wanted = reboots.then_some(seen.requested);
        Self { time: seen.time, xid: seen.xid, ciaddr: seen.ciaddr, wanted }
    }
}

impl Broken {
    /// The ACK of an exchange, where it is one that a client can fail to act on.
    fn of(exchange: &Exchange, ack: &Seen) -> Option<Self> {
        if !matches!(exchange.kind, Kind::Acquire | Kind::Reboot | Kind::Renew | Kind::Rebind) {
            return None;
        }
        let t1 = if ack.has(bit::T1) { Some(ack.t1) } else { ack.has(bit::LEASE).then_some(ack.lease / 2) };
        // A tenth less: clients spread their renewals.
        let rest = t1.map_or(i64::MAX, |t1| i64::from(t1).saturating_mul(SECOND / 10 * 9));
        let Seen { time, xid, frame, .. } = *ack;
        let given = Some(ack.yiaddr).filter(|address| !address.is_unspecified());
        let address = given.or_else(|| exchange.asked()).unwrap_or(Ipv4Addr::UNSPECIFIED);
        Some(Self { kind: exchange.kind, time, xid, address, rest, frame })
    }

    /// The last ACK of an exchange that has closed, where it is broken.
    pub(super) fn last(exchange: &Exchange) -> Option<Self> {
        let ack = exchange.replies().rfind(|seen| seen.letter == Letter::Ack)?;
        Self::of(exchange, Some(ack).filter(|ack| ack.has(bit::CHECKSUM))?)
    }

    /// The client asks as if there had been no ACK.
    pub(super) fn is_ignored(&self, again: &Again) -> bool {
        let gap = again.time.saturating_sub(self.time);
        // Retransmissions come sooner than what a client does on its own account.
        let repeats = again.xid == self.xid || gap <= RETRANSMIT;
        if again.wanted == Some(self.address) {
            return self.kind == Kind::Reboot && repeats;
        }
        if again.ciaddr == self.address {
            return matches!(self.kind, Kind::Renew | Kind::Rebind) && repeats && gap < self.rest;
        }
        (0..=SOON).contains(&gap)
    }

    /// What is said of it.
    pub(super) fn diagnosis(&self) -> Diagnosis {
        let message = checksum_text(Letter::Ack);
        Diagnosis { id: Id::Wider(Code::ReplyChecksumBad), frames: vec![self.frame], message }
    }
}

fn listed(causes: &[&str]) -> String {
    if causes.is_empty() { String::new() } else { format!("; see {}", causes.join(", ")) }
}

/// A reply whose name of its server is cut off: the source may be a relay's.
fn is_nameless(seen: &Seen) -> bool {
    !seen.has(bit::SERVER_ID) && !seen.has(bit::COMPLETE)
}

/// A request and a reply that are tagged and have no VLAN in common.
pub(super) fn vlans_crossed(exchange: &Exchange) -> Option<(Seen, Seen)> {
    let tagged = |seen: &Seen| seen.vlans.0 != 0;
    let request = exchange.sent().find(|seen| seen.side == Side::Client).filter(|seen| tagged(seen))?;
    let reply = exchange.replies().find(|seen| seen.side == Side::Client).filter(|seen| tagged(seen))?;
    if is_routed(exchange) {
        return None;
    }
    // Seen again in another VLAN, a message was in both.
    let all = exchange.steps.iter().map(|step| &step.seen).filter(|seen| seen.side == Side::Client);
    if all.clone().any(|seen| !tagged(seen) || seen.has(bit::DEEP)) {
        return None;
    }
    let is_in = |seen: &Seen, other: &Seen| {
        [other.vlans.0, other.vlans.1].iter().any(|id| [seen.vlans.0, seen.vlans.1].contains(id))
    };
    let mut replies = all.clone().filter(|seen| !seen.from_client);
    let common = replies.any(|reply| all.clone().any(|sent| sent.from_client && is_in(sent, reply)));
    (!common).then_some((*request, *reply))
}

/// A client asks a server of another network, and routers take it, or the answer, from one VLAN to the other.
fn is_routed(exchange: &Exchange) -> bool {
    let Some(own) = mac(exchange) else { return false };
    let alone = |seen: &&Seen| seen.side == Side::Client && seen.has(bit::ETHERNET) && seen.link_unicast();
    let mut asked = exchange.sent().filter(|seen| !seen.has(bit::IP_BROADCAST)).filter(alone).peekable();
    asked.peek().is_some()
        && (asked.any(|sent| sent.src_mac != own)
            || exchange.replies().filter(alone).any(|reply| reply.dst_mac != own))
}

/// Two giving OFFERs on the client's side whose networks or routers differ.
pub(super) fn disagreement(exchange: &Exchange) -> Option<(Seen, Seen, String)> {
    let offers: Vec<&Seen> = exchange
        .replies()
        .filter(|seen| seen.letter == Letter::Offer && seen.gives() && seen.side == Side::Client)
        .collect();
    for (index, one) in offers.iter().enumerate() {
        for other in offers.iter().skip(index.saturating_add(1)) {
            if one.server() == other.server() || is_nameless(one) || is_nameless(other) {
                continue;
            }
            let net = |seen: &Seen| Ipv4Addr::from(u32::from(seen.yiaddr) & u32::from(seen.mask));
            let masks = one.has(bit::MASK) && other.has(bit::MASK);
            let text = if masks && (one.mask != other.mask || net(one) != net(other)) {
                format!("network {}/{} against {}/{}", net(one), one.mask, net(other), other.mask)
            } else if one.has(bit::ROUTERS) && other.has(bit::ROUTERS) && one.routers != other.routers {
                format!("router {} against {}", one.router, other.router)
            } else {
                continue;
            };
            return Some((**one, **other, text));
        }
    }
    None
}

/// The client's MAC, where it has one.
pub(super) fn mac(exchange: &Exchange) -> Option<Mac> {
    exchange.mac.and_then(|mac| mac.mac())
}
