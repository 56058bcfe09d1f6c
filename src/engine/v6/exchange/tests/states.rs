//! CONFIRM, RENEW, REBIND and INFORMATION-REQUEST, and when everything is asked again.

use super::*;
use crate::wire::v6::Facts;
use crate::wire::v6::message::status;

#[test]
fn silence_is_asked_again_at_the_times_of_the_rfc() {
    let mut machine = select(Settings6::default());
    let sent = hold(&mut machine, |_, _| Vec::new());
    assert_eq!((kinds(&sent), machine.outcome()), (vec![1; 4], Outcome6::Timeout));
    let gaps: Vec<f64> = sent.windows(2).map(|pair| seconds(pair[0].0, pair[1].0)).collect();
    assert!(gaps[0] > 1.0 && gaps[0] <= 1.1, "{gaps:?}");
    assert!(gaps.windows(2).all(|pair| (1.9..=2.1).contains(&(pair[1] / pair[0]))), "{gaps:?}");
    let elapsed = |message: &Message| u16::from_be_bytes(message.option(8).unwrap().try_into().unwrap());
    assert_eq!(elapsed(&sent[0].1), 0);
    assert!((100..=110).contains(&elapsed(&sent[1].1)));
    assert!(sent.iter().all(|(_, message)| message.xid() == Some(7)), "the same transaction");
    for (kind, state, count, first) in
        [(4, State6::Confirming, 5, 0.9), (5, State6::Renewing, 2, 9.0), (6, State6::Rebinding, 2, 9.0)]
    {
        let mut machine = exchange(state, held(), Settings6::default());
        let sent = hold(&mut machine, |_, _| Vec::new());
        assert_eq!(kinds(&sent), vec![kind; sent.len()]);
        assert!((count - 1..=count).contains(&sent.len()), "{kind}: {}", sent.len());
        let gap = seconds(sent[0].0, sent[1].0);
        assert!(gap >= first && gap <= first * 1.3, "{kind}: {gap}");
    }
    // REQUEST goes on ten times, never longer than 33 s apart.
    let mut machine = select(Settings6 { choose: Choose::First, ..Settings6::default() });
    let sent = hold(&mut machine, |message, _| {
        if message.kind == MessageType::SOLICIT { obliging(message, 1) } else { Vec::new() }
    });
    assert_eq!(kinds(&sent[1..]), [3; 10]);
    assert!(sent[1..].windows(2).all(|pair| seconds(pair[0].0, pair[1].0) <= 33.0));
    // RELEASE and DECLINE four times.
    for (task, kind) in [(Task6::Release(held()), 8), (Task6::Decline(held()), 9)] {
        let mut machine = Exchange6::new(recipe(&[]), task, Settings6::default(), false, Rng::with_seed(2));
        assert_eq!(kinds(&hold(&mut machine, |_, _| Vec::new())), [kind; 4]);
    }
}

#[test]
fn every_state_asks_for_what_is_held_and_selects_first_where_nothing_is() {
    for (state, kind) in [(State6::Confirming, 6), (State6::Renewing, 5), (State6::Rebinding, 6)] {
        let mut machine = exchange(state, Vec::new(), Settings6::default());
        let sent = hold(&mut machine, |message, _| obliging(message, 1));
        assert_eq!((kinds(&sent), machine.outcome()), (vec![1, 3, kind], Outcome6::Ack), "{state:?}");
        let bytes = sent[2].1.encode();
        let facts = Facts::of(&bytes);
        assert_eq!(facts.addresses().count(), 1);
        assert_eq!(facts.server_id.is_some(), kind == 5);
    }
    let mut machine = exchange(State6::Confirming, held(), Settings6::default());
    let sent = hold(&mut machine, |message, _| obliging(message, 1));
    assert_eq!((kinds(&sent), machine.outcome()), (vec![4], Outcome6::Ack));
    assert_eq!(sent[0].1.option(opt::ORO), None);
}

#[test]
fn one_that_agrees_wins_over_one_that_does_not() {
    let mut machine = exchange(State6::Confirming, held(), Settings6::default());
    hold(&mut machine, |message, _| {
        let mut all =
            vec![reply(message, 1, MessageType::REPLY, |message| message.options.push(status(4, "")))];
        all.extend(obliging(message, 2));
        all
    });
    assert_eq!(machine.outcome(), Outcome6::Ack);
    let mut machine = exchange(State6::Confirming, held(), Settings6::default());
    let sent = hold(&mut machine, |message, _| {
        vec![reply(message, 1, MessageType::REPLY, |message| message.options.push(status(4, "")))]
    });
    assert_eq!((kinds(&sent), machine.outcome()), (vec![4], Outcome6::Nak));
}

#[test]
fn configuration_alone_is_asked_for_with_or_without_a_name() {
    for duid in [true, false] {
        let mut recipe = recipe(&[]);
        if !duid {
            recipe.duid = None;
        }
        let mut machine =
            Exchange6::new(recipe, Task6::Inform, Settings6::default(), false, Rng::with_seed(1));
        let sent = hold(&mut machine, |message, _| {
            let mut answer = Message::new(MessageType::REPLY, message.xid().unwrap());
            if let Some(id) = message.option(opt::CLIENTID) {
                answer.add_option(opt::CLIENTID, id);
            }
            answer.add_option(opt::SERVERID, [0, 3, 0, 1, 1]);
            vec![(Duration::from_millis(1), 1, answer)]
        });
        assert_eq!((kinds(&sent), machine.outcome()), (vec![11], Outcome6::Ack), "{duid}");
    }
}
