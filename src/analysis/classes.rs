//! Which vendor class the client of an exchange gave: option 43 of the answer is read by it (RFC 2132 §8.4, §9.13), and answers
//! seldom repeat it.

use std::collections::{HashMap, VecDeque};

use crate::wire::options::{v4, vendor};
use crate::wire::v4::{Op, Outline, Packet};

/// Exchanges remembered; the oldest are forgotten first.
const MOST: usize = 1 << 16;

/// What an exchange is known by: its transaction identifier and the client's hardware address.
type Key = (u32, [u8; 16]);

/// A client's class: the exchange, and what the class begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classed {
    key: Key,
    class: &'static [u8],
}

impl Classed {
    /// What a client's message says of its class, where that decides anything.
    #[inline]
    pub fn of(packet: &Packet<'_>, outline: &Outline) -> Option<Self> {
        if packet.op() != Some(Op::REQUEST) {
            return None;
        }
        let class = outline.find(v4::VENDOR_CLASS_IDENTIFIER)?.data(packet);
        Some(Self { key: key(packet)?, class: vendor::known_class(class)? })
    }
}

/// True for an answer with an option 43 that does not say by which class it is to be read.
#[inline]
pub fn depends(packet: &Packet<'_>, outline: &Outline) -> bool {
    packet.op() == Some(Op::REPLY)
        && outline.find(v4::VENDOR_ENCAPSULATED_OPTIONS).is_some()
        && outline.find(v4::VENDOR_CLASS_IDENTIFIER).is_none()
}

/// Messages that are only noted before anybody asks: a client sends two that name its class for most exchanges.
const NOTED: usize = 2 * MOST;

/// The classes of the exchanges seen so far.
#[derive(Debug, Default)]
pub struct Classes {
    /// What was said since somebody asked last. Most captures have no answer that depends on it, and a table of it would cost every
    /// message more than all else about its class.
    noted: VecDeque<Classed>,
    known: HashMap<Key, &'static [u8]>,
    order: VecDeque<Key>,
}

impl Classes {
    /// Remembers.
    #[inline]
    pub fn learn(&mut self, classed: Classed) {
        if self.noted.len() >= NOTED {
            self.noted.pop_front();
        }
        self.noted.push_back(classed);
    }

    fn enter(&mut self, classed: Classed) {
        if self.known.insert(classed.key, classed.class).is_some() {
            return;
        }
        self.order.push_back(classed.key);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// What the class of the exchange begins with that this message belongs to.
    pub fn of(&mut self, packet: &Packet<'_>) -> Option<&'static [u8]> {
        while let Some(classed) = self.noted.pop_front() {
            self.enter(classed);
        }
        self.known.get(&key(packet)?).copied()
    }
}

fn key(packet: &Packet<'_>) -> Option<Key> {
    Some((packet.xid()?.0, packet.chaddr_field().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use crate::wire::v4::{Message, MessageType, Xid};

    fn read(message: &Message) -> (Vec<u8>, Outline) {
        let (bytes, mut outline) = (message.encode(), Outline::default());
        outline.read(&Packet::new(&bytes), bytes.len(), false);
        (bytes, outline)
    }

    #[test]
    fn an_answer_is_read_by_the_class_of_its_exchange() {
        let mut discover = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        discover.set_option(60, b"ubnt");
        let mut offer = Message::reply(MessageType::OFFER, &discover);
        offer.set_option(43, &[1, 4, 192, 0, 2, 1]);
        let ((asked, asked_outline), (said, outline)) = (read(&discover), read(&offer));
        let (asked, said) = (Packet::new(&asked), Packet::new(&said));
        let mut classes = Classes::default();
        assert_eq!(classes.of(&said), None);
        assert!(depends(&said, &outline) && !depends(&asked, &asked_outline));
        assert_eq!(Classed::of(&said, &outline), None);
        classes.learn(Classed::of(&asked, &asked_outline).unwrap());
        assert_eq!(classes.of(&said), Some(&b"ubnt"[..]));
        offer.xid = Xid(8);
        let (other, _) = read(&offer);
        assert_eq!(classes.of(&Packet::new(&other)), None);
        offer.set_option(60, b"ubnt");
        let (other, outline) = read(&offer);
        assert!(!depends(&Packet::new(&other), &outline));
    }

    #[test]
    fn memory_is_bounded() {
        let mut classes = Classes::default();
        for number in 0..140_000 {
            classes.learn(Classed { key: (number, [0; 16]), class: b"ubnt" });
        }
        assert_eq!(classes.noted.len(), NOTED);
        let asked = Message::request(MessageType::DISCOVER, Xid(139_999), Mac([0; 6]));
        assert_eq!(classes.of(&Packet::new(&asked.encode())), Some(&b"ubnt"[..]));
        assert_eq!((classes.noted.len(), classes.known.len(), classes.order.len()), (0, MOST, MOST));
    }
}
