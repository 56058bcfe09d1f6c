//! What ARP and echoes told about addresses, as far as it is worth remembering.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use crate::analysis::keyed::KeyedMap;
use crate::analysis::transaction::Sign;
use crate::wire::Mac;

/// Addresses remembered; beyond that all is forgotten, which a sane segment never sees.
const ADDRESSES: usize = 65_536;
/// Signs remembered of one address.
const OF_ONE: usize = 16;

/// An ARP message with a sender's address.
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

/// Somebody looks for an address.
#[derive(Clone, Copy, Debug)]
struct Look {
    frame: u64,
    time: i64,
    mac: Mac,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Signs {
    held: KeyedMap<Ipv4Addr, VecDeque<Heard>>,
    looks: KeyedMap<Ipv4Addr, VecDeque<Look>>,
}

fn push<T>(map: &mut KeyedMap<Ipv4Addr, VecDeque<T>>, address: Ipv4Addr, item: T) {
    if map.len() >= ADDRESSES && !map.contains_key(&address) {
        map.clear();
    }
    let list = map.entry(address).or_default();
    if list.len() >= OF_ONE {
        list.pop_front();
    }
    list.push_back(item);
}

impl Signs {
    /// Takes note of a sign.
    pub(super) fn observe(&mut self, sign: &Sign) {
        match *sign {
            Sign::Arp { frame, time, arp } => {
                if !arp.sender_ip.is_unspecified() {
                    let heard = Heard { frame, time, mac: arp.sender_mac, reply: !arp.is_request() };
                    push(&mut self.held, arp.sender_ip, heard);
                }
                if arp.is_request() && arp.target_ip != arp.sender_ip {
                    push(&mut self.looks, arp.target_ip, Look { frame, time, mac: arp.sender_mac });
                }
            }
            Sign::Echo { frame, time, reply: false, dst, mac, .. } => {
                push(&mut self.looks, dst, Look { frame, time, mac });
            }
            Sign::Echo { .. } | Sign::Refused { .. } => {}
        }
    }

    /// ARP messages that claim `address` between two moments.
    pub(super) fn of(&self, address: Ipv4Addr, from: i64, to: i64) -> Vec<Heard> {
        let heard = self.held.get(&address).into_iter().flatten();
        heard.filter(|heard| (from..=to).contains(&heard.time)).copied().collect()
    }

    /// The frame in which another than `client` looked for `address` between two moments.
    pub(super) fn check(&self, address: Ipv4Addr, client: Mac, from: i64, to: i64) -> Option<u64> {
        let mut looks = self.looks.get(&address).into_iter().flatten();
        looks.find(|look| (from..=to).contains(&look.time) && look.mac != client).map(|look| look.frame)
    }
}
