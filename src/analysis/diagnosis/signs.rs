//! What ARP and echoes told about addresses, as far as it is worth remembering.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::evidence::Place;
use super::history::SECOND;
use crate::analysis::bounded::make_room;
use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::{Exchange, Letter, Seen, Sign};
use crate::wire::Mac;

/// Addresses remembered; beyond that all is forgotten, which a sane segment never sees.
const ADDRESSES: usize = 65_536;
/// Signs remembered of one address.
const OF_ONE: usize = 16;
/// Addresses of which it is remembered what was known when they were declined or offered.
const ASKED: usize = 4096;
/// How far back from there: an acknowledged address is declined within two minutes.
const BACK: i64 = 150 * SECOND;

/// An address in a place.
type Where = (Ipv4Addr, u32);

/// Somebody claims an address, or looks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// The frame's number.
    pub(super) frame: u64,
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    /// Who says it.
    pub(super) mac: Mac,
    /// It is a reply.
    pub(super) reply: bool,
}

impl Heard {
    /// What tells it from others: every capture has a first frame.
    fn at(&self) -> Place {
        (self.time, self.frame)
    }
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Signs {
    held: Memory,
    looks: Memory,
}

/// What was heard of addresses: the latest, and what was known when it came to matter, which a busy segment would push out.
#[derive(Debug, Default)]
struct Memory {
    latest: KeyedMap<Where, VecDeque<Heard>>,
    kept: KeyedMap<Where, Vec<Heard>>,
}

impl Memory {
    fn push(&mut self, at: Where, item: Heard) {
        if self.latest.len() >= ADDRESSES && !self.latest.contains_key(&at) {
            self.latest.clear();
        }
        let list = self.latest.entry(at).or_default();
        if list.len() >= OF_ONE {
            // Who says the same again says nothing new.
            let same = |known: &Heard| {
                known.mac == item.mac
                    && known.reply == item.reply
                    && item.time.saturating_sub(known.time).saturating_abs() < SECOND
            };
            if list.iter().any(same) {
                return;
            }
            list.pop_front();
        }
        list.push_back(item);
    }

    /// What is known of this now is asked for later.
    fn keep(&mut self, at: Where, now: i64) {
        let Some(list) = self.latest.get(&at) else { return };
        let from = now.saturating_sub(BACK);
        let recent = || list.iter().filter(|heard| heard.time >= from);
        if recent().next().is_none() {
            return;
        }
        make_room(&mut self.kept, ASKED, &at, |kept| kept.last().map_or(0, |heard| heard.time));
        let kept = self.kept.entry(at).or_default();
        for heard in recent() {
            if !kept.iter().any(|known| known.at() == heard.at()) {
                kept.push(*heard);
            }
        }
        let over = kept.len().saturating_sub(OF_ONE.saturating_mul(2));
        kept.drain(..over);
    }

    /// What was heard of an address where an exchange was seen, between two moments, in order.
    fn of(&self, exchange: &Exchange, address: Ipv4Addr, between: (i64, i64)) -> Vec<Heard> {
        if self.latest.is_empty() {
            return Vec::new();
        }
        let mut places: Vec<u32> = exchange.steps.iter().map(|step| step.seen.place).collect();
        places.sort_unstable();
        places.dedup();
        self.at(&places, address, between)
    }

    /// The same of places.
    fn at(&self, places: &[u32], address: Ipv4Addr, (from, to): (i64, i64)) -> Vec<Heard> {
        let mut all = Vec::new();
        for place in places {
            let kept = self.kept.get(&(address, *place)).into_iter().flatten();
            let latest = self.latest.get(&(address, *place)).into_iter().flatten();
            all.extend(kept.chain(latest).filter(|heard| (from..=to).contains(&heard.time)).copied());
        }
        all.sort_unstable_by_key(Heard::at);
        all.dedup_by_key(|heard| heard.at());
        all
    }
}

impl Signs {
    /// Takes note of a sign.
    pub(super) fn observe(&mut self, sign: &Sign) {
        match *sign {
            Sign::Arp { frame, time, arp, place } => {
                let heard = Heard { frame, time, mac: arp.sender_mac, reply: !arp.is_request() };
                if !arp.sender_ip.is_unspecified() {
                    self.held.push((arp.sender_ip, place), heard);
                }
                if arp.is_request() && arp.target_ip != arp.sender_ip {
                    self.looks.push((arp.target_ip, place), heard);
                }
            }
            Sign::Echo { frame, time, reply: false, dst, mac, place, .. } => {
                self.looks.push((dst, place), Heard { frame, time, mac, reply: false });
            }
            Sign::Echo { .. } | Sign::Refused { .. } => {}
        }
    }

    /// Takes note of a message about an address of which it will be asked what was heard.
    pub(super) fn message(&mut self, seen: &Seen) {
        match seen.letter {
            Letter::Offer if seen.gives() && !self.looks.latest.is_empty() => {
                self.looks.keep((seen.yiaddr, seen.place), seen.time);
            }
            Letter::Decline if !self.held.latest.is_empty() => {
                let named = [seen.requested, seen.ciaddr].into_iter().find(|ip| !ip.is_unspecified());
                if let Some(address) = named {
                    self.held.keep((address, seen.place), seen.time);
                }
            }
            _ => {}
        }
    }

    /// ARP messages that claim `address` where an exchange was seen, between two moments.
    pub(super) fn of(&self, exchange: &Exchange, address: Ipv4Addr, from: i64, to: i64) -> Vec<Heard> {
        self.held.of(exchange, address, (from, to))
    }

    /// The frame in which another than `client` looked for `address` where an exchange was seen, between two moments.
    pub(super) fn check(
        &self,
        exchange: &Exchange,
        address: Ipv4Addr,
        client: Mac,
        between: (i64, i64),
    ) -> Option<u64> {
        let looks = self.looks.of(exchange, address, between);
        looks.into_iter().find(|look| look.mac != client).map(|look| look.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::{a_discover, an_ack};
    use crate::wire::arp::Arp;

    /// However busy the segment is, what is kept of an address and of how many is bounded.
    #[test]
    fn what_is_kept_is_bounded() {
        let mut signs = Signs::default();
        let mut seen = a_discover();
        (seen.letter, seen.place) = (Letter::Decline, 7);
        for number in 0..200_000_u32 {
            let address = Ipv4Addr::from(0x0b00_0000 + number % 10_000);
            let arp = Arp::request(Mac([2, 0, 0, 0, 0, number.to_be_bytes()[3]]), address, address);
            let time = i64::from(number) * SECOND / 1000;
            signs.observe(&Sign::Arp { frame: number.into(), time, arp, place: 7 });
            (seen.requested, seen.time) = (address, time);
            signs.message(&seen);
            assert!(signs.held.kept.len() <= ASKED);
        }
        assert!(signs.held.kept.values().all(|kept| kept.len() <= OF_ONE * 2));
        let full = signs.held.latest.values().filter(|list| list.len() == OF_ONE).count();
        assert_eq!((signs.held.latest.len(), full), (10_000, 10_000));
    }

    /// What matters stays, whatever is said later, and only of the place that was asked about.
    #[test]
    fn what_is_known_of_an_offered_address_stays() {
        let mut signs = Signs::default();
        let mut offer = an_ack();
        (offer.letter, offer.place, offer.time) = (Letter::Offer, 7, 10 * SECOND);
        let look = |signs: &mut Signs, frame: u64, time: i64, place: u32| {
            let mac = Mac([2, 0, 0, 0, 0, frame.to_be_bytes()[7]]);
            let arp = Arp::request(mac, Ipv4Addr::UNSPECIFIED, offer.yiaddr);
            signs.observe(&Sign::Arp { frame, time, arp, place });
        };
        look(&mut signs, 1, 9 * SECOND, 7);
        look(&mut signs, 2, 9 * SECOND, 8);
        signs.message(&offer);
        for number in 3..100 {
            look(&mut signs, number, 11 * SECOND, 7);
        }
        let list = signs.looks.kept.get(&(offer.yiaddr, 7)).unwrap();
        assert_eq!(list.iter().map(|look| look.frame).collect::<Vec<_>>(), [1]);
        assert!(!signs.looks.kept.contains_key(&(offer.yiaddr, 8)));
    }

    /// Numbers of frames begin anew with every capture.
    #[test]
    fn what_is_known_of_a_declined_address_stays_in_every_capture() {
        let mut signs = Signs::default();
        let mut decline = a_discover();
        let address = Ipv4Addr::new(10, 0, 0, 77);
        (decline.letter, decline.place, decline.requested) = (Letter::Decline, 7, address);
        let claim = |signs: &mut Signs, number: u8, time: i64, frame: u64| {
            let arp = Arp::request(Mac([2, 0, 0, 0, 0, number]), address, address);
            signs.observe(&Sign::Arp { frame, time, arp, place: 7 });
        };
        // Nor does the later capture have to come last.
        for (start, frame) in [(0, 5000), (2000 * SECOND, 5), (1000 * SECOND, 1)] {
            // Two say it at once, and many others after what matters.
            claim(&mut signs, 0, start, frame);
            claim(&mut signs, 1, start, frame + 1);
            decline.time = start + SECOND;
            signs.message(&decline);
            (2..100).for_each(|number| {
                claim(&mut signs, number, start + 2 * SECOND, frame + 1 + u64::from(number));
            });
        }
        let frames = |time: i64| -> Vec<u64> {
            signs.held.at(&[7], address, (time, time)).iter().map(|heard| heard.frame).collect()
        };
        assert_eq!([frames(0), frames(2000 * SECOND)], [[5000, 5001], [5, 6]]);
        assert_eq!(frames(1000 * SECOND), [1, 2]);
    }
}
