//! Each outcome, and what nearly is one.

use super::*;
use crate::analysis::transaction::{Outcome, Role};

#[test]
fn a_lease_is_bound_though_the_identifier_changes() {
    let found = check(|talk| talk.bound(0, 7), &[("acquire", "bound", "S A R P")]);
    let exchange = &found[0];
    assert_eq!(*exchange.xids, [7, 8]);
    assert_eq!(exchange.mac, Some(mac(1).into()));
    assert_eq!(exchange.extra.addresses().collect::<Vec<_>>(), ["2001:db8::5".parse::<Ipv6Addr>().unwrap()]);
    assert_eq!(
        exchange.extra.timed().map(|lease| (lease.t1, lease.t2, lease.preferred, lease.valid)),
        Some((300, 480, 600, 900))
    );
    assert_eq!(
        (exchange.offer_ns(), exchange.ack_ns(), exchange.total_ns()),
        (Some(10_000_000), Some(10_000_000), Some(1_010_000_000))
    );
    assert!(!exchange.partial() && exchange.had().ack);
    assert_eq!(exchange.server().map(|server| server.ip), Some(link_local(100)));
    // Another client's REQUEST, or one that comes too late, is an exchange of its own.
    check(
        |talk| {
            talk.ask(0, MessageType::SOLICIT, 7, None, &[none(opt::IA_NA, 0, "")]);
            talk.answer(10, MessageType::ADVERTISE, 7, 100, &[na("2001:db8::5")]);
            talk.ask_of(2, 1000, MessageType::REQUEST, 8, Some(100), &[na("2001:db8::5")]);
            talk.ask(16_000, MessageType::REQUEST, 9, Some(100), &[na("2001:db8::5")]);
        },
        &[
            ("acquire", "offered", "S A"),
            ("acquire", "unacknowledged", "R"),
            ("acquire", "unacknowledged", "R"),
        ],
    );
}

/// What the capture leaves out of a REPLY may be what it gives, or why it does not.
#[test]
fn a_cut_reply_refuses_nothing() {
    let story = |cut: usize, parts: &[Part]| {
        let parts = parts.to_vec();
        move |talk: &mut Talk| {
            talk.until_request(0, 7, &[na("2001:db8::5")]);
            let mut way = talk.way(1010, 100, Some(1));
            way.cut = cut;
            talk.put(&way, &Talk::message(MessageType::REPLY, 8, 1, Some(100), &parts));
        }
    };
    let given = [na("2001:db8::5")];
    check(story(0, &given), &[("acquire", "bound", "S A R P")]);
    check(story(20, &given), &[("acquire", "answered", "S A R P")]);
    check(story(0, &[none(opt::IA_NA, 0, "")]), &[("acquire", "refused", "S A R P")]);
    // A status that is there says no all the same.
    let why = [said(1, "no"), none(opt::IA_NA, 0, "")];
    check(story(4, &why), &[("acquire", "refused", "S A R P")]);
    let offered = |cut: usize| {
        move |talk: &mut Talk| {
            talk.ask(0, MessageType::SOLICIT, 7, None, &[none(opt::IA_NA, 0, "")]);
            let mut way = talk.way(10, 100, Some(1));
            way.cut = cut;
            let parts = [none(opt::IA_NA, 2, "none")];
            talk.put(&way, &Talk::message(MessageType::ADVERTISE, 7, 1, Some(100), &parts));
        }
    };
    check(offered(0), &[("acquire", "no-addresses", "S A")]);
    check(offered(12), &[("acquire", "offered", "S A")]);
}

#[test]
fn rapid_commit_needs_no_request() {
    let commit = |with: &[Part]| {
        let mut parts = with.to_vec();
        parts.push(na("2001:db8::5"));
        move |talk: &mut Talk| {
            talk.ask(0, MessageType::SOLICIT, 7, None, &[rapid(), none(opt::IA_NA, 0, "")]);
            talk.answer(5, MessageType::REPLY, 7, 100, &parts);
        }
    };
    let found = check(commit(&[rapid()]), &[("acquire", "bound", "S P")]);
    assert!(found[0].extra.committed);
    assert_eq!((found[0].offer_ns(), found[0].ack_ns(), found[0].total_ns()), (None, None, Some(5_000_000)));
    // A REPLY that does not say so is an answer all the same.
    let found = check(commit(&[]), &[("acquire", "bound", "S P")]);
    assert!(!found[0].extra.committed);
}

#[test]
fn part_of_what_was_asked_for_is_partial() {
    let both = [none(opt::IA_NA, 0, ""), none(opt::IA_PD, 0, "")];
    let story = |given: Vec<Part>| {
        let both = both.clone();
        move |talk: &mut Talk| {
            talk.ask(0, MessageType::SOLICIT, 7, None, &both);
            talk.answer(10, MessageType::ADVERTISE, 7, 100, &given);
            talk.ask(1000, MessageType::REQUEST, 8, Some(100), &both);
            talk.answer(1010, MessageType::REPLY, 8, 100, &given);
        }
    };
    check(story(vec![na("2001:db8::5"), pd("2001:db8:100::")]), &[("acquire", "bound", "S A R P")]);
    let refused = none(opt::IA_PD, 6, "none left");
    let found = check(story(vec![na("2001:db8::5"), refused]), &[("acquire", "partial", "S A R P")]);
    assert!(found[0].outcome.is_success());
    // What is silently missing is not given either.
    check(story(vec![pd("2001:db8:100::")]), &[("acquire", "partial", "S A R P")]);
}

#[test]
fn what_is_refused_says_why() {
    for (code, outcome) in [
        (1, "refused"),
        (2, "no-addresses"),
        (3, "no-binding"),
        (4, "not-on-link"),
        (5, "use-multicast"),
        (6, "no-addresses"),
    ] {
        for whole in [true, false] {
            let story = |talk: &mut Talk| {
                talk.until_request(0, 7, &[na("2001:db8::5")]);
                let why = if whole { said(code, "why\x1b") } else { none(opt::IA_NA, code, "why\x1b") };
                talk.answer(1010, MessageType::REPLY, 8, 100, &[why]);
            };
            let found = check(story, &[("acquire", outcome, "S A R P")]);
            assert_eq!(found[0].texts.reason.as_deref(), Some(&b"why\x1b"[..]));
            assert!(found[0].servers[0].refused && !found[0].outcome.is_success());
        }
    }
    // A lease without time is taken away; no status says so.
    let gone = (opt::IA_NA, ia(1, 0, 0, &[ia_addr("2001:db8::5".parse().unwrap(), 0, 0, &[])]));
    let story = |talk: &mut Talk| {
        talk.ask(0, MessageType::RENEW, 7, Some(100), &[na("2001:db8::5")]);
        talk.answer(10, MessageType::REPLY, 7, 100, &[gone]);
    };
    check(story, &[("renew", "refused", "W P")]);
    // Success that is said in words refuses nothing.
    let story = |talk: &mut Talk| {
        talk.until_request(0, 7, &[na("2001:db8::5")]);
        talk.answer(1010, MessageType::REPLY, 8, 100, &[said(0, "fine"), na("2001:db8::5")]);
    };
    check(story, &[("acquire", "bound", "S A R P")]);
}

#[test]
fn nothing_to_offer_is_told_from_nothing_said() {
    let search = |talk: &mut Talk| talk.ask(0, MessageType::SOLICIT, 7, None, &[none(opt::IA_NA, 0, "")]);
    check(search, &[("acquire", "unanswered", "S")]);
    let refuse = |talk: &mut Talk, server| {
        talk.answer(10, MessageType::ADVERTISE, 7, server, &[none(opt::IA_NA, 2, "")]);
    };
    let story = |talk: &mut Talk| {
        search(talk);
        refuse(talk, 100);
    };
    check(story, &[("acquire", "no-addresses", "S A")]);
    // One server that has something is enough.
    let story = |talk: &mut Talk| {
        search(talk);
        refuse(talk, 100);
        talk.answer(20, MessageType::ADVERTISE, 7, 101, &[na("2001:db8::9")]);
    };
    let found = check(story, &[("acquire", "offered", "S A*2")]);
    assert_eq!(found[0].servers.len(), 2);
    assert_eq!(found[0].servers[1].offered, Some("2001:db8::9".parse().unwrap()));
}

#[test]
fn the_server_that_was_chosen_may_be_elsewhere() {
    let story = |chosen: u8, answered: bool| {
        move |talk: &mut Talk| {
            talk.ask(0, MessageType::SOLICIT, 7, None, &[none(opt::IA_NA, 0, "")]);
            talk.answer(10, MessageType::ADVERTISE, 7, 100, &[na("2001:db8::5")]);
            talk.ask(1000, MessageType::REQUEST, 8, Some(chosen), &[na("2001:db8::5")]);
            if answered {
                talk.answer(1010, MessageType::REPLY, 8, chosen, &[na("2001:db8::5")]);
            }
        }
    };
    check(story(101, false), &[("acquire", "elsewhere", "S A R")]);
    check(story(100, false), &[("acquire", "unacknowledged", "S A R")]);
    check(story(101, true), &[("acquire", "bound", "S A R P")]);
}

#[test]
fn another_server_is_asked_where_the_first_refuses() {
    let story = |talk: &mut Talk| {
        talk.until_request(0, 7, &[na("2001:db8::5")]);
        talk.answer(1010, MessageType::REPLY, 8, 100, &[said(2, "")]);
        talk.ask(1500, MessageType::REQUEST, 9, Some(101), &[na("2001:db8::6")]);
        talk.answer(1510, MessageType::REPLY, 9, 101, &[na("2001:db8::6")]);
    };
    let found = check(story, &[("acquire", "bound", "S A R P R P")]);
    assert_eq!(found[0].server().map(|server| server.ip), Some(link_local(101)));
    // What was granted is over: the next REQUEST is for something else.
    let story = |talk: &mut Talk| {
        talk.bound(0, 7);
        talk.ask(1500, MessageType::REQUEST, 9, Some(100), &[na("2001:db8::6")]);
    };
    check(story, &[("acquire", "bound", "S A R P"), ("acquire", "unacknowledged", "R")]);
}

#[test]
fn each_way_to_keep_a_lease_has_its_outcome() {
    let lease = na("2001:db8::5");
    let story = |kind, server, given: Part| {
        let lease = lease.clone();
        move |talk: &mut Talk| {
            talk.ask(0, kind, 7, server, &[lease]);
            talk.answer(10, MessageType::REPLY, 7, 100, &[given]);
        }
    };
    check(story(MessageType::RENEW, Some(100), lease.clone()), &[("renew", "renewed", "W P")]);
    check(story(MessageType::REBIND, None, lease.clone()), &[("rebind", "rebound", "B P")]);
    check(story(MessageType::RENEW, Some(100), none(opt::IA_NA, 3, "")), &[("renew", "no-binding", "W P")]);
    check(story(MessageType::CONFIRM, None, said(0, "")), &[("confirm", "confirmed", "M P")]);
    check(story(MessageType::CONFIRM, None, said(4, "")), &[("confirm", "not-on-link", "M P")]);
    check(story(MessageType::RELEASE, Some(100), said(0, "")), &[("release", "released", "L P")]);
    check(
        story(MessageType::RELEASE, Some(100), none(opt::IA_NA, 3, "")),
        &[("release", "no-binding", "L P")],
    );
    check(
        |talk| talk.ask(0, MessageType::RELEASE, 7, Some(100), &[na("2001:db8::5")]),
        &[("release", "unanswered", "L")],
    );
    let found = check(story(MessageType::CONFIRM, None, said(0, "")), &[("confirm", "confirmed", "M P")]);
    assert_eq!(found[0].extra.addresses().count(), 1, "the address is the one that was asked about");
}

#[test]
fn a_decline_belongs_to_what_gave_the_address() {
    let story = |address: &'static str, ms| {
        move |talk: &mut Talk| {
            talk.bound(0, 7);
            talk.ask(ms, MessageType::DECLINE, 20, Some(100), &[na(address)]);
            talk.answer(ms + 5, MessageType::REPLY, 20, 100, &[said(0, "")]);
        }
    };
    let found = check(story("2001:db8::5", 3000), &[("acquire", "declined", "S A R P C P")]);
    assert_eq!(found[0].outcome, Outcome::Declined);
    // Another address, and one that was had for long, tell of something else.
    let (own, bound) = (("decline", "declined", "C P"), ("acquire", "bound", "S A R P"));
    // The lease is held for a DECLINE that may come still.
    check(story("2001:db8::6", 3000), &[own, bound]);
    check(story("2001:db8::5", 125_000), &[bound, own]);
}

#[test]
fn those_without_a_lease_are_informed() {
    let story = |client: bool, reply: Option<Part>| {
        move |talk: &mut Talk| {
            let mut message = Message::new(MessageType::INFORMATION_REQUEST, 7);
            let mut answer = Message::new(MessageType::REPLY, 7);
            if client {
                message.add_option(opt::CLIENTID, duid(1));
                answer.add_option(opt::CLIENTID, duid(1));
            }
            answer.add_option(opt::SERVERID, duid(100));
            let way = talk.way(0, 1, None);
            talk.put(&way, &message);
            if let Some((code, data)) = reply {
                answer.add_option(code, data);
                let way = talk.way(5, 100, Some(1));
                talk.put(&way, &answer);
            }
        }
    };
    let dns = (opt::DNS_SERVERS, vec![0; 16]);
    let found = check(story(true, Some(dns.clone())), &[("inform", "informed", "I P")]);
    assert_eq!(found[0].total_ns(), Some(5_000_000));
    check(story(false, Some(dns)), &[("inform", "informed", "I P")]);
    check(story(true, Some(said(1, ""))), &[("inform", "refused", "I P")]);
    check(story(true, None), &[("inform", "unanswered", "I")]);
}

#[test]
fn servers_may_speak_first() {
    let reconfigure =
        |talk: &mut Talk| talk.answer(0, MessageType::RECONFIGURE, 0, 100, &[(opt::RECONF_MSG, vec![5])]);
    check(reconfigure, &[("reconfigure", "sent", "F")]);
    let story = |talk: &mut Talk| {
        reconfigure(talk);
        talk.ask(100, MessageType::RENEW, 7, Some(100), &[na("2001:db8::5")]);
        talk.answer(110, MessageType::REPLY, 7, 100, &[na("2001:db8::5")]);
    };
    check(story, &[("reconfigure", "sent", "F"), ("renew", "renewed", "W P")]);
}

#[test]
fn others_ask_about_leases_and_tell_of_addresses() {
    let story = |talk: &mut Talk| {
        talk.ask(0, MessageType::LEASEQUERY, 7, None, &[]);
        talk.answer(5, MessageType::LEASEQUERY_REPLY, 7, 100, &[]);
        talk.ask(100, MessageType::ADDR_REG_INFORM, 8, None, &[]);
        talk.answer(105, MessageType::ADDR_REG_REPLY, 8, 100, &[]);
        talk.ask(200, MessageType::LEASEQUERY, 9, None, &[]);
    };
    check(
        story,
        &[
            ("leasequery", "answered", "Q V"),
            ("register", "answered", "G K"),
            ("leasequery", "unanswered", "Q"),
        ],
    );
}

#[test]
fn an_answer_may_still_come_when_the_capture_ends() {
    let mut talk = Talk::default();
    talk.until_request(0, 7, &[na("2001:db8::5")]);
    assert_eq!(told(&talk.cut()), [("acquire", "open", "S A R".to_owned())]);
    let mut talk = Talk::default();
    talk.bound(0, 7);
    assert_eq!(told(&talk.cut()), [("acquire", "bound", "S A R P".to_owned())]);
}

#[test]
fn what_is_said_again_is_counted() {
    let wish = [none(opt::IA_NA, 0, "")];
    let story = |talk: &mut Talk| {
        for ms in [0, 1000, 3000] {
            talk.ask(ms, MessageType::SOLICIT, 7, None, &wish);
        }
    };
    let found = check(story, &[("acquire", "unanswered", "S*3")]);
    assert_eq!(found[0].count(|role| role == Role::Retransmission), 2);
    // With another identifier within half a minute it is the same search, sooner or later it is another one.
    let again = |ms| {
        let wish = wish.clone();
        move |talk: &mut Talk| {
            talk.ask(0, MessageType::SOLICIT, 7, None, &wish);
            talk.ask(ms, MessageType::SOLICIT, 8, None, &wish);
        }
    };
    let found = check(again(4000), &[("acquire", "unanswered", "S*2")]);
    assert_eq!(*found[0].xids, [7, 8]);
    let two = [("acquire", "unanswered", "S"), ("acquire", "unanswered", "S")];
    check(again(200), &two);
    check(again(36_000), &two);
}
