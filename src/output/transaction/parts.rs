//! What the objects of joined messages have in common, whatever the protocol.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::analysis::diagnosis::{Diagnosis, Id};
use crate::analysis::transaction::{Exchange, Letter, Message, Party, Role, Server, Side, Step, Texts};
use crate::output::JsonOut;
use crate::output::json::told::{
    Address, Each, Foreign, Hardware, Milliseconds, Moment, Of, ToJson, Whom, Word, Xid, Xid6, object, words,
};
use crate::output::schema::Severity;
use crate::time::{Precision, Timestamp};
use crate::wire::{HwAddr, Mac};

words! {
    /// What the object is.
    pub(super) enum TransactionType {
        /// An exchange.
        Transaction = "transaction",
    }
}

words! {
    /// Which protocol.
    pub(super) enum Dhcpv6 {
        /// DHCPv6.
        Dhcpv6 = "dhcpv6",
    }
}

object! {
    /// What an exchange is.
    pub(super) part struct About {
        /// Its number, from 1, in the order in which exchanges close.
        number: u64,
        /// What it was for: acquire, renew, rebind, inform, release, decline, leasequery, unknown; of DHCPv4 also reboot, bootp, pxe,
        /// forcerenew; of DHCPv6 confirm, reconfigure, register.
        kind: Word,
        /// What came of it.
        outcome: Word,
        /// Its beginning is missing.
        partial: bool,
        /// It was closed early, to keep memory bounded.
        evicted: bool,
    }
}

impl About {
    pub(super) fn new<S: Message>(exchange: &Exchange<S>, number: u64) -> Self {
        Self {
            number,
            kind: Word(exchange.kind.name()),
            outcome: Word(exchange.outcome.name()),
            partial: exchange.partial(),
            evicted: exchange.evicted,
        }
    }
}

object! {
    /// What a client calls itself.
    pub(super) part struct Names<'a> {
        /// Its host name (of DHCPv6 option 39).
        hostname: Option<Foreign<'a>>,
        /// Its vendor class (of DHCPv6 option 16, the first).
        vendor_class: Option<Foreign<'a>>,
        /// The vendor of its network card.
        vendor: Option<&'a str>,
    }
}

impl<'a> Names<'a> {
    pub(super) fn new(texts: &'a Texts, vendor: Option<&'a str>) -> Self {
        Self::of(texts.hostname.as_deref(), texts.vendor_class.as_deref(), vendor)
    }

    pub(super) fn of(
        hostname: Option<&'a [u8]>,
        vendor_class: Option<&'a [u8]>,
        vendor: Option<&'a str>,
    ) -> Self {
        Self { hostname: hostname.map(Foreign), vendor_class: vendor_class.map(Foreign), vendor }
    }
}

object! {
    /// Where it was seen.
    pub(super) part struct Place<'a> {
        /// The interface, where known.
        interface: Option<Foreign<'a>>,
        /// VLAN tags, outermost first.
        vlans: &'a [u16],
    }
}

impl<'a> Place<'a> {
    pub(super) fn new(interface: Option<&'a [u8]>, vlans: &'a [u16]) -> Self {
        Self { interface: interface.map(Foreign), vlans }
    }
}

/// The digits of a moment that is no single packet's: as many as say it whole.
pub(super) fn finest(time: i64) -> Precision {
    if time.rem_euclid(1000) == 0 { Precision::Micro } else { Precision::Nano }
}

/// A moment of several captures.
pub(super) fn whole(time: i64) -> Moment {
    Moment { time: Timestamp(time), precision: finest(time) }
}

/// The letters of an exchange's messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Messages<'a>(&'a dyn Letters);

/// What has messages that letters stand for.
trait Letters: Debug {
    /// Appends them.
    fn write(&self, out: &mut Vec<u8>);
}

impl<S: Message> Letters for Exchange<S> {
    fn write(&self, out: &mut Vec<u8>) {
        self.write_messages(out);
    }
}

impl ToJson for Messages<'_> {
    #[inline]
    fn tell(&self, out: &mut JsonOut) {
        out.quote(|buf| self.0.write(buf));
    }
}

impl JsonSchema for Messages<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

object! {
    /// When it was, and which messages it had.
    pub(super) part struct Course<'a> {
        /// Time of the first message.
        start: Option<Moment>,
        /// Time of the last message.
        end: Option<Moment>,
        /// From the first message to the last.
        duration_ms: Option<Milliseconds>,
        /// A letter a message: D O R A N, C decline, L release, I inform, and so on; of DHCPv6 S A R P, M confirm, W renew, B rebind,
        /// I information-request, L release, C decline, F reconfigure, Q V leasequery and its reply, G K addr-reg-inform and its reply.
        messages: Messages<'a>,
    }
}

impl<'a> Course<'a> {
    pub(super) fn new<S: Message>(exchange: &'a Exchange<S>) -> Self {
        let precision = exchange.first().map(S::precision).unwrap_or_default();
        let times = exchange.times();
        let moment = |time| Moment { time: Timestamp(time), precision };
        Self {
            start: times.map(|(start, _)| moment(start)),
            end: times.map(|(_, end)| moment(end)),
            duration_ms: times.map(|(start, end)| Milliseconds(end.saturating_sub(start))),
            messages: Messages(exchange),
        }
    }
}

object! {
    /// How long it took, and what was said twice.
    pub(super) part struct Tally {
        /// Messages that were counted and not kept.
        steps_left_out: u32,
        /// From DISCOVER to OFFER; of DHCPv6 from SOLICIT to the first ADVERTISE that offers something.
        offer_ms: Option<Milliseconds>,
        /// From REQUEST to ACK; of DHCPv6 from the last request to the REPLY that grants it, null with rapid commit.
        ack_ms: Option<Milliseconds>,
        /// From the first message to the ACK or to the REPLY that grants what was asked for.
        total_ms: Option<Milliseconds>,
        /// Messages that were sent again.
        retransmissions: usize,
        /// Copies of messages, seen twice or on both sides of a relay.
        copies: usize,
        /// The capture would have seen an answer.
        visible: bool,
    }
}

impl Tally {
    pub(super) fn new<S: Message>(exchange: &Exchange<S>) -> Self {
        Self {
            steps_left_out: exchange.left_out,
            offer_ms: exchange.offer_ns().map(Milliseconds),
            ack_ms: exchange.ack_ns().map(Milliseconds),
            total_ms: exchange.total_ns().map(Milliseconds),
            retransmissions: exchange.count(|role| role == Role::Retransmission),
            copies: exchange.count(|role| !role.counts()),
            visible: exchange.visible,
        }
    }
}

impl<S: Message> Of<'_, Exchange<S>, u32> for Xid {
    fn of(_: &Exchange<S>, _: usize, xid: &u32) -> Self {
        Self(*xid)
    }
}

impl<S: Message> Of<'_, Exchange<S>, u32> for Xid6 {
    fn of(_: &Exchange<S>, _: usize, xid: &u32) -> Self {
        Self(*xid)
    }
}

object! {
    /// Where a server speaks from.
    pub(super) part struct Source<A> where A: Address {
        /// Source of its first message.
        source_ip: Option<A>,
        /// The network card it came from.
        source_mac: Option<Hardware>,
    }
}

impl<A: Address> Source<A> {
    pub(super) fn new<I>(server: &Server<I, A>) -> Self {
        Self {
            source_ip: Some(server.ip).filter(|ip| !ip.is_none()),
            source_mac: Some(server.mac).filter(|mac| *mac != Mac::ZERO).map(HwAddr::from).map(Hardware),
        }
    }
}

object! {
    /// What a server did.
    pub(super) part struct Deeds<A> where A: Address {
        /// The address that it offered first; of DHCPv6 an address or a prefix.
        offered: Option<A>,
        /// From DISCOVER to its OFFER, from SOLICIT to its ADVERTISE.
        offer_ms: Option<Milliseconds>,
        /// It granted what was asked for.
        acked: bool,
        /// It refused.
        refused: bool,
    }
}

impl<A: Address> Deeds<A> {
    pub(super) fn new<I>(server: &Server<I, A>) -> Self {
        Self {
            offered: server.offered,
            offer_ms: server.offer.map(Milliseconds),
            acked: server.acked,
            refused: server.refused,
        }
    }
}

/// The messages of an exchange, and what they are told with.
#[derive(Debug)]
pub struct Scene<'a, S: Message> {
    pub(super) exchange: &'a Exchange<S>,
    start: i64,
}

impl<'a, S: Message> Scene<'a, S> {
    pub(super) fn new(exchange: &'a Exchange<S>) -> Self {
        Self { exchange, start: exchange.span().map_or(0, |(start, _)| start) }
    }

    /// What every message has, with its transaction identifier.
    pub(super) fn said<X>(&self, step: &Step<S>, xid: X) -> Said<X, S::Ip> {
        let seen = &step.seen;
        let time = seen.moment();
        let (from, to): (Party<S::Ip>, Party<S::Ip>) = self.exchange.parties(step);
        Said {
            frame: seen.frame(),
            time: time.map(|time| Moment { time: Timestamp(time), precision: seen.precision() }),
            delta_ms: time.map(|time| Milliseconds(time.saturating_sub(self.start))),
            kinds: Ready { letter: seen.letter(), role: step.role, side: seen.side() },
            xid,
            from: Whom(from),
            to: Whom(to),
        }
    }
}

object! {
    /// What every message of an exchange has.
    pub part struct Said<X, A> where X: ToJson, A: Address {
        /// The frame's number.
        frame: u64,
        /// Its time.
        time: Option<Moment>,
        /// Since the first step.
        delta_ms: Option<Milliseconds>,
        #[schemars(flatten, with = "Kinds")]
        kinds: Ready,
        /// Its transaction identifier.
        xid: X,
        /// client, all, server:N (an index into `servers`), relay:ADDRESS or an address.
        from: Whom<A>,
        /// The same of its destination.
        to: Whom<A>,
    }
}

object! {
    /// What a message is.
    part struct Kinds {
        /// The message type; of a relayed message its own.
        message_type: Word,
        /// first, retransmission, copy or forwarded.
        role: Word,
        /// On which side of a relay it was seen.
        side: Word,
    }
}

/// The same, as it was written once for every type, role and side.
#[derive(Clone, Copy, Debug)]
struct Ready {
    letter: Letter,
    role: Role,
    side: Side,
}

static READY: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let sides = |letter: Letter, role: Role| {
        Side::ALL.iter().map(move |side| {
            let [message_type, role, side] = [letter.name(), role.name(), side.name()].map(Word);
            let mut json = JsonOut::new();
            Kinds { message_type, role, side }.members(&mut json);
            json.buf
        })
    };
    let roles = |letter: Letter| Role::ALL.iter().flat_map(move |role| sides(letter, *role));
    Letter::ALL.iter().flat_map(|letter| roles(*letter)).collect()
});

impl Ready {
    /// Numbers of variants are in the order of `ALL`.
    #[allow(clippy::as_conversions, reason = "the number of a variant")]
    fn index(self) -> usize {
        let row = (self.letter as usize).saturating_mul(Role::ALL.len()).saturating_add(self.role as usize);
        row.saturating_mul(Side::ALL.len()).saturating_add(self.side as usize)
    }
}

impl ToJson for Ready {
    fn tell(&self, out: &mut JsonOut) {
        out.braced(|out| self.members(out));
    }

    #[inline]
    fn member(&self, _: &'static str, out: &mut JsonOut) {
        self.members(out);
    }

    #[inline]
    fn members(&self, out: &mut JsonOut) {
        out.fixed(READY.get(self.index()).map_or(&[], Vec::as_slice));
    }
}

object! {
    /// Something that is wrong with an exchange, or odd.
    pub struct Remark<'a> {
        /// How bad it is.
        #[schemars(with = "Severity")]
        severity: Word,
        /// Which code; `dhcptool explain` says more.
        code: Word,
        /// The frames it rests on.
        frames: &'a [u64],
        #[schemars(flatten)]
        explained: Explained<'a>,
    }
}

/// What is wrong with an exchange, one by one.
pub(super) type Remarks<'a> = Each<'a, (), Diagnosis, Remark<'a>>;

/// What is wrong with an exchange.
pub(super) fn remarks(problems: &[Diagnosis]) -> Remarks<'_> {
    Each::new(&(), problems)
}

impl<'a> Of<'a, (), Diagnosis> for Remark<'a> {
    fn of((): &(), _: usize, problem: &'a Diagnosis) -> Self {
        Self {
            severity: Word(problem.id.severity().name()),
            code: Word(problem.id.name()),
            frames: &problem.frames,
            explained: Explained::new(problem.id, &problem.message),
        }
    }
}

object! {
    /// What is said of something that is wrong or odd.
    pub(super) part struct Explained<'a> {
        /// A sentence.
        message: &'a str,
        /// The specification that it is judged by.
        reference: Option<Word>,
        /// What to do.
        advice: Word,
    }
}

impl<'a> Explained<'a> {
    pub(super) fn new(id: Id, message: &'a str) -> Self {
        let reference = Some(id.reference()).filter(|text| !text.is_empty());
        Self { message, reference: reference.map(Word), advice: Word(id.advice()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_step_has_its_own_words() {
        for letter in Letter::ALL {
            for role in Role::ALL {
                for side in Side::ALL {
                    let mut json = JsonOut::new();
                    Ready { letter: *letter, role: *role, side: *side }.tell(&mut json);
                    let told: serde_json::Value = serde_json::from_slice(&json.buf).unwrap();
                    let wanted = serde_json::json!({
                        "message_type": letter.name(), "role": role.name(), "side": side.name(),
                    });
                    assert_eq!(told, wanted);
                }
            }
        }
    }
}
