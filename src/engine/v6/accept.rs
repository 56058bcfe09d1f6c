//! What a client makes of the leases in an answer (RFC 9915 §18.2.9, §18.2.10.1, §21.4, §21.6), and which server it takes.

use std::cmp::Reverse;

use super::recipe::IaWish;
use crate::wire::v6::facts::{Ia, IaKind};
pub use crate::wire::v6::usable::{
    contradict, is_global, is_success, is_usable, is_usable_address, is_usable_prefix, times_contradict,
    usable_addresses, usable_prefixes,
};
use crate::wire::v6::{Facts, MessageType, Prefix6};

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome6 {
    /// Everything asked for was granted.
    Ack,
    /// Some was granted, other was refused.
    Partial,
    /// A valid answer that grants nothing, or refuses.
    Nak,
    /// No answer.
    Timeout,
}

impl Outcome6 {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Partial => "partial",
            Self::Nak => "nak",
            Self::Timeout => "timeout",
        }
    }
}

/// True when a client may keep something of this answer.
pub fn is_usable_answer(facts: &Facts<'_>) -> bool {
    facts.ias.iter().any(is_usable)
}

/// How many of the wishes are granted.
pub fn granted(facts: &Facts<'_>, wishes: &[IaWish]) -> usize {
    let is_granted = |wish: &&IaWish| {
        facts.ias.iter().any(|ia| ia.kind == wish.kind && ia.iaid == wish.iaid && is_usable(ia))
    };
    wishes.iter().filter(is_granted).count()
}

/// What a REPLY comes to. `asked` is the message that it answers, `wishes` are its IAs.
pub fn outcome(facts: &Facts<'_>, asked: MessageType, wishes: &[IaWish]) -> Outcome6 {
    let own = is_success(facts.status.map(|status| status.code));
    match asked {
        MessageType::INFORMATION_REQUEST | MessageType::CONFIRM => {
            if own {
                Outcome6::Ack
            } else {
                Outcome6::Nak
            }
        }
        MessageType::RELEASE | MessageType::DECLINE => {
            if facts.failure().is_none() {
                Outcome6::Ack
            } else {
                Outcome6::Nak
            }
        }
        _ if !own => Outcome6::Nak,
        _ => match granted(facts, wishes) {
            all if all == wishes.len() && (all > 0 || facts.failure().is_none()) => Outcome6::Ack,
            0 => Outcome6::Nak,
            _ => Outcome6::Partial,
        },
    }
}

/// Leases of one IA that a client asks for, and leases of all IAs that one message gives back. So many fit a frame of every link;
/// what a server gives beyond is given back in messages of its own.
pub const MOST: usize = 16;

/// Leaves in `ias` what one message may say of them, [`MOST`] leases; what it may not, in IAs of the same names.
pub fn rest_of_message(ias: &mut Vec<IaWish>) -> Vec<IaWish> {
    let mut room = MOST;
    let mut rest = Vec::new();
    for ia in ias.iter_mut() {
        let addresses = ia.addresses.split_off(room.min(ia.addresses.len()));
        room = room.saturating_sub(ia.addresses.len());
        let prefixes = ia.prefixes.split_off(room.min(ia.prefixes.len()));
        room = room.saturating_sub(ia.prefixes.len());
        rest.push(IaWish { addresses, prefixes, ..IaWish::new(ia.kind, ia.iaid) });
    }
    rest.retain(IaWish::has_lease);
    if !rest.is_empty() {
        ias.retain(IaWish::has_lease);
    }
    rest
}

/// The leases of an answer that a client keeps, as what it holds from then on.
pub fn kept(facts: &Facts<'_>) -> Vec<IaWish> {
    let hold = |ia: &Ia<'_>| IaWish {
        kind: ia.kind,
        iaid: ia.iaid,
        addresses: usable_addresses(ia).map(|lease| lease.address).collect(),
        prefixes: usable_prefixes(ia).map(|lease| Prefix6::new(lease.prefix, lease.length)).collect(),
    };
    facts.ias.iter().filter(|ia| is_usable(ia)).map(hold).collect()
}

/// The IAs as they were advertised, for the REQUEST, with [`MOST`] leases each: those that nothing was granted for are asked for
/// as before.
pub fn requested(facts: &Facts<'_>, wishes: &[IaWish]) -> Vec<IaWish> {
    let offered = kept(facts);
    let of = |wish: &IaWish| {
        let found = offered.iter().find(|ia| ia.kind == wish.kind && ia.iaid == wish.iaid);
        let mut asked = found.unwrap_or(wish).clone();
        asked.addresses.truncate(MOST);
        asked.prefixes.truncate(MOST);
        asked
    };
    wishes.iter().map(of).collect()
}

/// In what the leases of a REPLY depart from those that were advertised, in words.
pub fn departures(offered: &[IaWish], given: &[IaWish]) -> Vec<String> {
    let mut found = Vec::new();
    for ia in offered {
        let Some(now) = given.iter().find(|one| one.kind == ia.kind && one.iaid == ia.iaid) else {
            continue;
        };
        for (was, is) in ia.addresses.iter().zip(&now.addresses).filter(|(was, is)| was != is) {
            found.push(format!("the REPLY gives {is}, {was} was advertised"));
        }
        for (was, is) in ia.prefixes.iter().zip(&now.prefixes).filter(|(was, is)| was != is) {
            found.push(format!("the REPLY delegates {is}, {was} was advertised"));
        }
    }
    found
}

/// The rank of a server's offer: its preference, how much it grants, and when it came.
pub type Rank = (u8, usize, Reverse<usize>);

/// How servers are compared (§18.2.9): the highest preference first, among equals who grants more, then who came first. The
/// greatest wins.
pub fn rank(facts: &Facts<'_>, wishes: &[IaWish], place: usize) -> Rank {
    (facts.preference.unwrap_or(0), granted(facts, wishes), Reverse(place))
}

/// The kinds that a wish list has.
pub fn wants(wishes: &[IaWish], kind: IaKind) -> bool {
    wishes.iter().any(|wish| wish.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::options::v6 as opt;
    use crate::wire::v6::message::{Message, ia, ia_addr, ia_prefix, status};

    fn wishes() -> Vec<IaWish> {
        vec![IaWish::new(IaKind::Na, 1), IaWish::new(IaKind::Pd, 1)]
    }

    fn reply(build: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::new(MessageType::REPLY, 7);
        build(&mut message);
        message.encode()
    }

    fn na(address: &str, times: [u32; 4]) -> impl FnOnce(&mut Message) {
        let [t1, t2, preferred, valid] = times;
        let lease = ia_addr(address.parse().unwrap(), preferred, valid, &[]);
        move |message: &mut Message| message.add_option(opt::IA_NA, ia(1, t1, t2, &[lease]))
    }

    fn judged(bytes: &[u8], asked: MessageType) -> Outcome6 {
        outcome(&Facts::of(bytes), asked, &wishes())
    }

    #[test]
    fn what_a_client_may_keep() {
        for (address, times, want) in [
            ("fd00::5", [50, 80, 100, 200], true),
            ("fd00::5", [0, 0, 100, 200], true),
            ("fd00::5", [400, 300, 500, 600], false),
            ("fd00::5", [50, 80, 300, 200], false),
            ("fd00::5", [50, 80, 0, 0], false),
            ("fe80::5", [50, 80, 100, 200], false),
            ("ff02::5", [50, 80, 100, 200], false),
            ("::", [50, 80, 100, 200], false),
            ("fd00::5", [u32::MAX, u32::MAX, u32::MAX, u32::MAX], true),
        ] {
            let bytes = reply(na(address, times));
            assert_eq!(is_usable_answer(&Facts::of(&bytes)), want, "{address} {times:?}");
        }
    }

    #[test]
    fn what_a_reply_comes_to() {
        let both = reply(|message| {
            na("fd00::5", [50, 80, 100, 200])(message);
            let prefix = ia_prefix("fd00:1::".parse().unwrap(), 56, 100, 200, &[]);
            message.add_option(opt::IA_PD, ia(1, 0, 0, &[prefix]));
        });
        assert_eq!(judged(&both, MessageType::REQUEST), Outcome6::Ack);
        assert_eq!(kept(&Facts::of(&both)).len(), 2);
        let one = reply(|message| {
            na("fd00::5", [50, 80, 100, 200])(message);
            message.add_option(opt::IA_PD, ia(1, 0, 0, &[status(6, "no prefixes")]));
        });
        assert_eq!(judged(&one, MessageType::REQUEST), Outcome6::Partial);
        let facts = Facts::of(&one);
        assert_eq!(requested(&facts, &wishes())[1], wishes()[1], "a refused wish is still one");
        let none = reply(|message| message.add_option(opt::IA_NA, ia(1, 0, 0, &[status(2, "none")])));
        assert_eq!(judged(&none, MessageType::REQUEST), Outcome6::Nak);
        let refused = reply(|message| {
            na("fd00::5", [50, 80, 100, 200])(message);
            message.options.push(status(4, "elsewhere"));
        });
        assert_eq!(judged(&refused, MessageType::REQUEST), Outcome6::Nak);
        assert_eq!(judged(&refused, MessageType::CONFIRM), Outcome6::Nak);
        assert_eq!(judged(&reply(|_| ()), MessageType::CONFIRM), Outcome6::Ack);
        assert_eq!(judged(&reply(|_| ()), MessageType::RELEASE), Outcome6::Ack);
        assert_eq!(judged(&none, MessageType::RELEASE), Outcome6::Nak);
        assert_eq!(judged(&reply(|_| ()), MessageType::RENEW), Outcome6::Nak);
    }

    #[test]
    fn the_highest_preference_wins_then_who_grants_more_then_the_first() {
        let offer = |preference: u8, both: bool| {
            reply(|message| {
                na("fd00::5", [50, 80, 100, 200])(message);
                if both {
                    let prefix = ia_prefix("fd00:1::".parse().unwrap(), 56, 100, 200, &[]);
                    message.add_option(opt::IA_PD, ia(1, 0, 0, &[prefix]));
                }
                message.add_option(opt::PREFERENCE, [preference]);
            })
        };
        let best = |offers: &[Vec<u8>]| {
            let ranks = offers.iter().enumerate();
            ranks.max_by_key(|(place, bytes)| rank(&Facts::of(bytes), &wishes(), *place)).unwrap().0
        };
        assert_eq!(best(&[offer(0, true), offer(9, false)]), 1);
        assert_eq!(best(&[offer(0, false), offer(0, true)]), 1);
        assert_eq!(best(&[offer(0, true), offer(0, true)]), 0);
    }
}
