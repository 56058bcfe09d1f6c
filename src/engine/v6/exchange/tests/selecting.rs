//! SOLICIT and REQUEST: whom it asks, how long it waits, whose answer it takes.

use super::*;
use crate::engine::v6::watch::Reason6;
use crate::wire::v6::Facts;
use crate::wire::v6::message::status;

#[test]
fn advertisements_are_collected_until_the_first_retransmission() {
    let mut machine = select(Settings6::default());
    let sent = hold(&mut machine, |message, _| {
        let mut all = obliging(message, 1);
        all.extend(obliging(message, 2));
        all
    });
    assert_eq!(kinds(&sent), [1, 3]);
    let waited = seconds(sent[0].0, sent[1].0);
    assert!(waited > 1.0 && waited <= 1.1, "{waited}");
    assert_eq!((machine.outcome(), machine.offers().len()), (Outcome6::Ack, 2));
    assert_eq!(machine.answer().unwrap().server().unwrap().0, [0, 3, 0, 1, 1], "the first of equals");
    assert_ne!(sent[0].1.xid(), sent[1].1.xid(), "a transaction of its own");
}

#[test]
fn a_preference_of_255_and_the_first_wanted_end_the_wait() {
    let preferring = |message: &Message, _: usize| {
        let mut all = obliging(message, 1);
        for (_, _, answer) in all.iter_mut().filter(|(_, _, answer)| answer.kind == MessageType::ADVERTISE) {
            answer.add_option(opt::PREFERENCE, [255]);
        }
        all
    };
    let mut machine = select(Settings6::default());
    let sent = hold(&mut machine, preferring);
    assert!(seconds(sent[0].0, sent[1].0) < 0.01);
    let mut machine = select(Settings6 { choose: Choose::First, ..Settings6::default() });
    let sent = hold(&mut machine, |message, _| obliging(message, 3));
    assert!(seconds(sent[0].0, sent[1].0) < 0.01);
    let wanted = Choose::Server(Duid(vec![0, 3, 0, 1, 2]));
    let mut machine = select(Settings6 { choose: wanted, ..Settings6::default() });
    hold(&mut machine, |message, _| [obliging(message, 1), obliging(message, 2)].concat());
    assert_eq!(machine.answer().unwrap().server().unwrap().0, [0, 3, 0, 1, 2]);
}

#[test]
fn the_highest_preference_of_those_that_offer_something_wins() {
    let preferring = |message: &Message, number: u8, preference: u8, offers: bool| {
        let kind =
            if message.kind == MessageType::SOLICIT { MessageType::ADVERTISE } else { MessageType::REPLY };
        reply(message, number, kind, |reply| {
            if offers {
                lease(number)(reply);
            }
            reply.add_option(opt::PREFERENCE, [preference]);
        })
    };
    let mut machine = select(Settings6::default());
    hold(&mut machine, |message, _| {
        let all = [(1, 5, true), (2, 9, true), (3, 200, false), (4, 9, true), (5, 0, true)];
        let named = message.option(opt::SERVERID).and_then(|id| id.last().copied());
        let answers = all.iter().filter(|(number, ..)| named.is_none_or(|named| named == *number));
        answers
            .map(|(number, preference, offers)| preferring(message, *number, *preference, *offers))
            .collect()
    });
    assert_eq!((machine.outcome(), machine.offers().len()), (Outcome6::Ack, 5));
    assert_eq!(machine.answer().unwrap().server().unwrap().0, [0, 3, 0, 1, 2], "the first of the two with 9");
}

#[test]
fn an_advertisement_after_the_first_retransmission_is_taken_at_once() {
    let mut machine = select(Settings6::default());
    let sent =
        hold(&mut machine, |message, number| if number == 1 { Vec::new() } else { obliging(message, 1) });
    assert_eq!(kinds(&sent), [1, 1, 3]);
    assert!(seconds(sent[1].0, sent[2].0) < 0.01);
}

#[test]
fn what_is_refused_in_part_is_partial_and_what_is_refused_whole_is_nak() {
    let mut machine = select(Settings6::default());
    let refuses = |message: &mut Message| {
        message.add_option(opt::IA_NA, ia(5, 0, 0, &[status(2, "no more")]));
        let prefix = ia_prefix("fd00:d00::".parse().unwrap(), 56, 500, 1000, &[]);
        message.add_option(opt::IA_PD, ia(5, 250, 400, &[prefix]));
    };
    hold(&mut machine, |message, _| {
        let kind =
            if message.kind == MessageType::SOLICIT { MessageType::ADVERTISE } else { MessageType::REPLY };
        vec![reply(message, 1, kind, refuses)]
    });
    assert_eq!(machine.outcome(), Outcome6::Partial);
    let mut machine = select(Settings6::default());
    let sent = hold(&mut machine, |message, _| {
        let empty = |message: &mut Message| message.add_option(opt::IA_NA, ia(5, 0, 0, &[status(2, "")]));
        vec![reply(message, 1, MessageType::ADVERTISE, empty)]
    });
    assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 1], Outcome6::Nak));
    assert!(machine.answer().is_some() && machine.offer().is_none());
}

#[test]
fn rapid_commit_counts_only_when_both_say_so() {
    let commit = |message: &Message, with: bool| {
        let build = |message: &mut Message| {
            lease(1)(message);
            if with {
                message.add_option(opt::RAPID_COMMIT, []);
            }
        };
        vec![reply(message, 1, MessageType::REPLY, build)]
    };
    for (asked, with, want) in
        [(true, true, Outcome6::Ack), (true, false, Outcome6::Timeout), (false, true, Outcome6::Timeout)]
    {
        let mut recipe = recipe(&[IaKind::Na, IaKind::Pd]);
        recipe.rapid_commit = asked;
        let task = Task6::Request { state: State6::Selecting, held: Vec::new() };
        let mut machine = Exchange6::new(recipe, task, Settings6::default(), false, Rng::with_seed(1));
        let sent = hold(&mut machine, |message, _| commit(message, with));
        assert_eq!(machine.outcome(), want, "{asked} {with}");
        assert_eq!(machine.is_rapid_commit(), want == Outcome6::Ack);
        assert_eq!(sent.len() == 1, want == Outcome6::Ack);
        let strays = machine.watch().strays().len();
        assert_eq!(strays > 0, want == Outcome6::Timeout);
    }
}

#[test]
fn not_on_link_is_asked_again_without_addresses_once() {
    let mut recipe = recipe(&[IaKind::Na]);
    recipe.ias[0].addresses.push("fd00:99::1".parse().unwrap());
    let task = Task6::Request { state: State6::Selecting, held: Vec::new() };
    let mut machine = Exchange6::new(recipe, task, Settings6::default(), false, Rng::with_seed(1));
    let sent = hold(&mut machine, |message, _| {
        if message.kind == MessageType::SOLICIT {
            return obliging(message, 1);
        }
        vec![reply(message, 1, MessageType::REPLY, |message| {
            message.options.push(status(4, "elsewhere"));
        })]
    });
    assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 3, 1, 3], Outcome6::Nak));
    let bytes = sent[2].1.encode();
    assert_eq!(Facts::of(&bytes).addresses().count(), 0);
}

#[test]
fn what_answers_another_transaction_is_told_from_what_could_have_been_ours() {
    let mut machine = select(Settings6 { choose: Choose::First, ..Settings6::default() });
    hold(&mut machine, |message, _| {
        let stray = |kind: MessageType, own: bool| {
            reply(message, 9, kind, |reply| {
                let mut other = Message::new(kind, 0x00ab_cdef);
                other.options.append(&mut reply.options);
                if !own {
                    other.options.retain(|option| option.code != opt::CLIENTID);
                    other.add_option(opt::CLIENTID, [0, 3, 0, 1, 9]);
                }
                *reply = other;
            })
        };
        let own = [stray(MessageType::ADVERTISE, true), stray(MessageType::REPLY, true)];
        let all = [own.to_vec(), vec![stray(MessageType::REPLY, false)], obliging(message, 12)];
        all.concat()
    });
    let watch = machine.watch();
    // Of those to the SOLICIT the other client's; of those to the REQUEST the ADVERTISE, too.
    assert_eq!((watch.stranger(Reason6::OtherXid).count, watch.elsewhere), (6, 3));
}

#[test]
fn only_the_server_that_was_asked_answers() {
    let mut machine = select(Settings6 { choose: Choose::First, ..Settings6::default() });
    hold(&mut machine, |message, _| {
        let mut all = Vec::new();
        if message.kind == MessageType::REQUEST {
            all.push(reply(message, 9, MessageType::REPLY, lease(9)));
        }
        all.extend(obliging(message, 12));
        all
    });
    assert_eq!(machine.answer().unwrap().server().unwrap().0, [0, 3, 0, 1, 12]);
    assert_eq!(machine.watch().stranger(Reason6::OtherServer).count, 1);
}
