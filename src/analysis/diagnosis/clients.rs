//! What is remembered of a client from exchange to exchange.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use crate::analysis::transaction::{Exchange, Kind, Letter, Outcome};

/// Exchanges remembered of a client.
const RECENT: usize = 4;
/// Times remembered of one kind of event.
pub(super) const TIMES: usize = 24;

/// One exchange that has closed.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
    pub(super) start: i64,
    pub(super) sent: Box<[(i64, u64)]>,
    pub(super) ciaddr: Ipv4Addr,
    pub(super) wanted: Option<Ipv4Addr>,
    /// First OFFER: time, address, frame.
    pub(super) offer: Option<(i64, Ipv4Addr, u64)>,
    pub(super) from_client: bool,
    pub(super) server: Option<Ipv4Addr>,
    pub(super) refusal: Option<u64>,
}

impl Closed {
    /// What is kept of an exchange.
    pub(super) fn of(exchange: &Exchange) -> Self {
        let offer = exchange.replies().find(|seen| seen.letter == Letter::Offer);
        let first = exchange.sent().next();
        Self {
            kind: exchange.kind,
            outcome: exchange.outcome,
            start: exchange.first().map_or(0, |seen| seen.time),
            sent: exchange.sent().take(8).map(|seen| (seen.time, seen.frame)).collect::<Vec<_>>().into(),
            ciaddr: first.map_or(Ipv4Addr::UNSPECIFIED, |seen| seen.ciaddr),
            wanted: exchange.asked(),
            offer: offer.map(|seen| (seen.time, seen.yiaddr, seen.frame)),
            from_client: exchange.had().client,
            server: exchange.sent().next().map(|seen| seen.dst).filter(|dst| !dst.is_broadcast()),
            refusal: exchange.replies().find(|seen| seen.letter == Letter::Nak).map(|seen| seen.frame),
        }
    }

    /// Frames of what was sent.
    pub(super) fn frames(&self) -> impl Iterator<Item = u64> + '_ {
        self.sent.iter().map(|(_, frame)| *frame)
    }
}

/// A client.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    pub(super) closed: VecDeque<Closed>,
    /// Times and frames of NAKs, DECLINEs, and of what it asked.
    pub(super) naks: VecDeque<(i64, u64)>,
    pub(super) declines: VecDeque<(i64, u64)>,
    pub(super) asked: VecDeque<(i64, u64)>,
    /// Identifiers shown, 0 for none; addresses acknowledged in a row, with their place, relay and frame.
    pub(super) ids: Vec<u32>,
    pub(super) addresses: VecDeque<(Ipv4Addr, u32, Ipv4Addr, u64)>,
    /// Which codes were said of it already.
    pub(super) said: u8,
    pub(super) touched: u64,
}

impl Client {
    /// Keeps `closed` in its place by time; the exchange before and the one after it.
    pub(super) fn keep(&mut self, closed: Closed) -> (Option<Closed>, Option<Closed>) {
        let at = self.closed.partition_point(|other| other.start <= closed.start);
        let before = at.checked_sub(1).and_then(|index| self.closed.get(index)).cloned();
        let after = self.closed.get(at).cloned();
        // Most clients have one or two: there are a great many of them.
        self.closed.reserve_exact(1);
        self.closed.insert(at, closed);
        if self.closed.len() > RECENT {
            self.closed.pop_front();
        }
        (before, after)
    }
}

/// Adds an event in its place; true once there are `count` of them within `span`.
pub(super) fn event(list: &mut VecDeque<(i64, u64)>, at: (i64, u64), count: usize, span: i64) -> bool {
    let index = list.partition_point(|other| *other <= at);
    list.reserve_exact(1);
    list.insert(index, at);
    let mut found = false;
    for (early, late) in list.iter().zip(list.iter().skip(count.saturating_sub(1))) {
        found |= late.0.saturating_sub(early.0) <= span;
    }
    if list.len() > TIMES {
        list.pop_front();
    }
    found
}
