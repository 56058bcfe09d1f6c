//! Exchanges held with servers that say what a test wants.

mod afterwards;
mod selecting;
mod states;

use super::*;
use crate::engine::pair::play;
use crate::wire::frame::Envelope6;
use crate::wire::frame::peek::Ethernet;
use crate::wire::neighbor::link_local;
use crate::wire::options::v6 as opt;
use crate::wire::v6::Message;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::message::{ia, ia_addr, ia_prefix};

const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);

fn recipe(kinds: &[IaKind]) -> Recipe6 {
    let ias = kinds.iter().map(|kind| IaWish::new(*kind, 5)).collect();
    Recipe6 { ias, ..Recipe6::new(MAC, link_local(MAC), 7) }
}

fn select(settings: Settings6) -> Exchange6 {
    exchange(State6::Selecting, Vec::new(), settings)
}

fn exchange(state: State6, held: Vec<IaWish>, settings: Settings6) -> Exchange6 {
    let task = Task6::Request { state, held };
    Exchange6::new(recipe(&[IaKind::Na, IaKind::Pd]), task, settings, false, Rng::with_seed(1))
}

/// What was sent: when, the message.
type Sent = (Instant, Message);
/// What is answered to a message: after how long, by which server.
type Answer = (Duration, u8, Message);

/// Holds the exchange with servers that answer as `answer` says; everything that was sent.
fn hold(machine: &mut Exchange6, mut answer: impl FnMut(&Message, usize) -> Vec<Answer>) -> Vec<Sent> {
    let mut sent = Vec::new();
    play(machine, Instant::new(1000, 0), |now, frame| {
        let Some(message) = message_in(frame) else { return Vec::new() };
        let answers = answer(&message, sent.len().saturating_add(1));
        sent.push((now, message));
        answers.iter().map(|(after, server, reply)| (*after, framed(*server, reply))).collect()
    });
    sent
}

/// The message of DHCPv6 in a frame, if it holds one.
fn message_in(frame: &[u8]) -> Option<Message> {
    let ip = Ethernet::read(frame).unwrap().ipv6().unwrap();
    ip.udp().map(|udp| Message::decode(udp.payload))
}

fn framed(server: u8, message: &Message) -> Vec<u8> {
    Envelope6::between(Mac([2, 0, 0, 0, 0, server]), MAC).udp((547, 546), &message.encode())
}

/// The answer of server `number` to `message`, with the options that `build` adds.
fn reply(message: &Message, number: u8, kind: MessageType, build: impl FnOnce(&mut Message)) -> Answer {
    let mut reply = Message::new(kind, message.xid().unwrap());
    reply.add_option(opt::CLIENTID, message.option(opt::CLIENTID).unwrap());
    reply.add_option(opt::SERVERID, [0, 3, 0, 1, number]);
    build(&mut reply);
    (Duration::from_millis(number.into()), number, reply)
}

fn lease(number: u8) -> impl FnOnce(&mut Message) {
    let address: Ipv6Addr = format!("fd00:64::{number}").parse().unwrap();
    move |message: &mut Message| {
        message.add_option(opt::IA_NA, ia(5, 250, 400, &[ia_addr(address, 500, 1000, &[])]));
        let prefix = ia_prefix("fd00:d00::".parse().unwrap(), 56, 500, 1000, &[]);
        message.add_option(opt::IA_PD, ia(5, 250, 400, &[prefix]));
    }
}

/// A server that gives what is asked for.
fn obliging(message: &Message, number: u8) -> Vec<Answer> {
    let kind = match message.kind {
        MessageType::SOLICIT => MessageType::ADVERTISE,
        _ => MessageType::REPLY,
    };
    let named = message.option(opt::SERVERID).is_none_or(|id| id == [0, 3, 0, 1, number]);
    let gives = !matches!(message.kind.0, 4 | 8 | 9 | 11);
    let build = |message: &mut Message| {
        if gives {
            lease(number)(message);
        }
    };
    if named { vec![reply(message, number, kind, build)] } else { Vec::new() }
}

fn kinds(sent: &[Sent]) -> Vec<u8> {
    sent.iter().map(|(_, message)| message.kind.0).collect()
}

fn seconds(from: Instant, to: Instant) -> f64 {
    Duration::from_nanos(u64::try_from(to.since(from)).unwrap()).as_secs_f64()
}

fn held() -> Vec<IaWish> {
    vec![IaWish { addresses: vec!["fd00:64::1".parse().unwrap()], ..IaWish::new(IaKind::Na, 5) }]
}
