//! What is kept of an exchange of a client that has closed, and what two of them show together.

use std::net::Ipv4Addr;

use super::asked::{NEVER, after, gap};
use super::{OF_ONE, at};
use crate::analysis::diagnosis::evidence::Place;
use crate::analysis::diagnosis::history::{SECOND, finding};
use crate::analysis::diagnosis::rules::{Again, Broken};
use crate::analysis::diagnosis::{Code, Diagnosis, Finding, Id};
use crate::analysis::transaction::{Exchange, Kind, Letter, Outcome, Seen};

/// One exchange that has closed. There are a great many of them, of which most came to what the client wanted.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    /// When its first message came, and in which frame: that of the client, if there is one.
    pub(super) start: i64,
    pub(super) frame: u64,
    /// Identifier of the first message.
    pub(super) xid: u32,
    pub(super) ciaddr: Ipv4Addr,
    /// What a reboot asks for, 0.0.0.0 for nothing; of others what was offered first.
    pub(super) address: Ipv4Addr,
    /// How long after the start, and in how many frames, the first OFFER came; [`NEVER`] where none did.
    pub(super) offer: (u32, u32),
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
    pub(super) from_client: bool,
    /// It begins with a REQUEST.
    pub(super) asks: bool,
    rest: Option<Box<Rest>>,
}

/// When an OFFER came, what it offers, its frame.
type Offer = (i64, Ipv4Addr, u64);

/// What is kept only of exchanges that came to nothing, were hurt, or are odd.
#[derive(Clone, Debug, Default)]
struct Rest {
    /// Whom it was sent to first, the first NAK, and what was sent again, the latest: of what came to nothing.
    server: Option<Ipv4Addr>,
    refusal: Option<Place>,
    again: Box<[Resent]>,
    /// An ACK that arrived broken.
    broken: Option<Box<Broken>>,
    odd: Option<Box<Odd>>,
}

impl Rest {
    fn is_empty(&self) -> bool {
        let Self { server, refusal, again, broken, odd } = self;
        server.is_none() && refusal.is_none() && again.is_empty() && broken.is_none() && odd.is_none()
    }
}

/// What [`Closed`] has no room for.
#[derive(Clone, Copy, Debug)]
struct Odd {
    /// When and in which frame it was sent first, if it was.
    sent: Option<Place>,
    /// The first OFFER, where it lies too far from the start.
    offer: Option<Offer>,
}

/// A message of a client that was not its first.
#[derive(Clone, Copy, Debug)]
struct Resent {
    time: i64,
    frame: u64,
    xid: u32,
}

impl Closed {
    /// What is kept of an exchange.
    pub(super) fn of(exchange: &Exchange) -> Self {
        let reply = |letter: Letter| exchange.replies().find(move |seen| seen.letter == letter);
        let mut sent = exchange.sent();
        let first = sent.next();
        let (start, frame) = exchange.first().map_or((0, 0), at);
        let kind = exchange.kind;
        let mut new = Self {
            start,
            frame,
            xid: exchange.xids.first().copied().unwrap_or(0),
            ciaddr: first.map_or(Ipv4Addr::UNSPECIFIED, |seen| seen.ciaddr),
            address: Ipv4Addr::UNSPECIFIED,
            offer: (NEVER, NEVER),
            kind,
            outcome: exchange.outcome,
            from_client: exchange.had().client,
            asks: first.is_some_and(|first| first.letter == Letter::Request),
            rest: None,
        };
        let offer = reply(Letter::Offer).map(|seen| (seen.time, seen.yiaddr, seen.frame));
        if kind == Kind::Reboot {
            new.address = exchange.asked().unwrap_or(Ipv4Addr::UNSPECIFIED);
        } else if let Some((time, address, frame)) = offer {
            new.offer = gap((start, new.frame), (time, frame)).unwrap_or((NEVER, NEVER));
            new.address = address;
        }
        let mut rest = Rest {
            broken: Broken::last(exchange).map(Box::new),
            odd: new.odd(first, offer),
            ..Rest::default()
        };
        if !exchange.outcome.is_success() {
            let resent = |seen: &Seen| Resent { time: seen.time, frame: seen.frame, xid: seen.xid };
            rest.again = sent.rev().take(OF_ONE - 1).map(resent).collect();
            rest.again.reverse();
            rest.server = first.map(|seen| seen.dst).filter(|dst| !dst.is_broadcast());
            rest.refusal = reply(Letter::Nak).map(at);
        }
        new.rest = (!rest.is_empty()).then(|| Box::new(rest));
        new
    }

    /// What the rest of it has to say of what it was sent `first` and of its first `offer`.
    fn odd(&self, first: Option<&Seen>, offer: Option<Offer>) -> Option<Box<Odd>> {
        let sent = first.map(at);
        let (own, near) = (self.sent_first(), self.offer());
        (own != sent || near != offer)
            .then(|| Box::new(Odd { sent, offer: offer.filter(|_| near.is_none()) }))
    }

    /// What was sent after the first, the latest of what came to nothing.
    fn resent(&self) -> &[Resent] {
        self.rest.as_ref().map_or(&[], |rest| &rest.again)
    }

    /// The client asked with this identifier.
    fn has_xid(&self, xid: u32) -> bool {
        self.from_client && (self.xid == xid || self.resent().iter().any(|sent| sent.xid == xid))
    }

    fn has_odd(&self) -> Option<&Odd> {
        self.rest.as_ref()?.odd.as_deref()
    }

    /// When it was sent first, and in which frame.
    pub(super) fn sent_first(&self) -> Option<Place> {
        self.has_odd().map_or_else(|| self.from_client.then_some((self.start, self.frame)), |odd| odd.sent)
    }

    /// The first OFFER.
    pub(super) fn offer(&self) -> Option<Offer> {
        let far = self.has_odd().and_then(|odd| odd.offer);
        let (later, frames) = self.offer;
        let near = || {
            let (time, frame) = after((self.start, self.frame), (later, frames));
            (time, self.address, frame)
        };
        far.or_else(|| (later != NEVER).then(near))
    }

    /// What a reboot asks for.
    fn wanted(&self) -> Option<Ipv4Addr> {
        Some(self.address).filter(|address| self.kind == Kind::Reboot && !address.is_unspecified())
    }

    /// Whom what came to nothing was sent to.
    fn server(&self) -> Option<Ipv4Addr> {
        self.rest.as_ref()?.server
    }

    /// When and in which frames it was sent.
    fn sent(&self) -> impl Iterator<Item = Place> + '_ {
        self.sent_first().into_iter().chain(self.resent().iter().map(|sent| (sent.time, sent.frame)))
    }

    /// Frames of what was sent.
    fn frames(&self) -> impl Iterator<Item = u64> + '_ {
        self.sent().map(|(_, frame)| frame)
    }

    /// When it was sent last, else when it began.
    fn last(&self) -> i64 {
        self.sent().last().map_or(self.start, |(time, _)| time)
    }

    /// What it asks, if it begins with a REQUEST.
    fn again(&self) -> Again {
        let time = self.sent_first().map_or(self.start, |(time, _)| time);
        Again { time, xid: self.xid, ciaddr: self.ciaddr, wanted: self.wanted() }
    }

    /// When it began, and in which frame.
    pub(super) fn began(&self) -> Place {
        (self.start, self.frame)
    }

    /// The first NAK.
    fn refusal(&self) -> Option<Place> {
        self.rest.as_ref()?.refusal
    }

    /// An acquisition, or a renewal of what `own` renews.
    pub(super) fn is_kin_of(&self, own: &Self) -> bool {
        self.kind == Kind::Acquire || (self.kind.renews() && self.ciaddr == own.ciaddr)
    }

    fn is_unanswered(&self, kind: Kind) -> bool {
        self.kind == kind && self.outcome == Outcome::Unanswered
    }
}

/// Frames of what two exchanges show together.
fn shown(early: &Closed, late: &Closed) -> Vec<u64> {
    let refusal = early.refusal().map(|(_, frame)| frame);
    early.frames().chain(refusal).chain(late.frames().take(1)).collect()
}

/// What a renewal and the next one of the same address show together, where the client acquired nothing between.
pub(super) fn renewed_again(early: &Closed, late: &Closed) -> Option<Diagnosis> {
    let ((refused, _), (asked, _)) = (early.refusal()?, late.sent_first()?);
    let soon = (0..=300 * SECOND).contains(&asked.saturating_sub(refused));
    if early.outcome != Outcome::Refused || !early.kind.renews() || !late.kind.renews() || !soon {
        return None;
    }
    let mut frames = shown(early, late);
    frames.sort_unstable();
    frames.dedup();
    let message = format!("{} was refused and is renewed again", early.ciaddr);
    Some(Diagnosis { id: Id::Wider(Code::NakIgnored), frames, message })
}

/// What one exchange and the client's next one show together; `all` are those of the client beside.
pub(super) fn pair(
    (early, late): (&Closed, &Closed),
    all: &[Closed],
    found: &mut Vec<Diagnosis>,
    findings: &mut Vec<Finding>,
) {
    let rest = early.rest.as_deref();
    if let Some(broken) = rest.and_then(|rest| rest.broken.as_deref()).filter(|_| late.asks)
        && broken.is_ignored(&late.again())
    {
        found.push(broken.diagnosis());
    }
    let frames = || shown(early, late);
    let mut say = |code: Code, mut frames: Vec<u64>, message: String| {
        frames.sort_unstable();
        frames.dedup();
        found.push(Diagnosis { id: Id::Wider(code), frames, message });
    };
    let repeated = !early.resent().is_empty();
    if early.is_unanswered(Kind::Reboot)
        && repeated
        && late.kind == Kind::Acquire
        && let Some((time, address, frame)) = late.offer()
        && time.saturating_sub(early.last()) <= 60 * SECOND
        && let Some(wanted) = early.wanted().filter(|wanted| *wanted != address)
    {
        let mut all = frames();
        all.push(frame);
        let text = format!("{wanted} was asked for in vain, then {address} offered");
        say(Code::StaleAddressNotRefused, all, text);
    }
    let recent = |(time, _): (i64, u64)| (0..=5 * SECOND).contains(&late.start.saturating_sub(time));
    if !late.from_client
        && let Some((.., frame)) = late.offer()
        && early.from_client
        && early.kind == Kind::Acquire
        && matches!(early.outcome, Outcome::Unanswered | Outcome::Open)
        && early.start < late.start
        && early.sent().any(recent)
        && !early.has_xid(late.xid)
        && !all.iter().any(|other| other.has_xid(late.xid))
    {
        let all = early.frames().chain([frame]).collect();
        say(Code::XidMismatch, all, "an OFFER came with a transaction number nobody asked with".to_owned());
    }
    let gap = late.start.saturating_sub(early.last());
    let rebinds = late.kind == Kind::Rebind && late.ciaddr == early.ciaddr;
    let starts_over = repeated && late.kind == Kind::Acquire && gap <= 600 * SECOND;
    if early.is_unanswered(Kind::Renew) && early.from_client && (rebinds || starts_over) {
        let server = early.server().map_or_else(String::new, |server| format!(" by {server}"));
        let next = if rebinds { "asks everybody" } else { "starts over" };
        let text = format!("renewing {} is not answered{server}; the client {next}", early.ciaddr);
        let mut said = finding(Code::RenewalUnanswered, frames(), (early.start, late.start), text);
        said.server = early.server();
        findings.push(said);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::analysis::diagnosis::tests::an_ack;

    pub(in super::super) fn closed(start: i64) -> Closed {
        Closed {
            start,
            frame: 0,
            xid: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            address: Ipv4Addr::UNSPECIFIED,
            offer: (NEVER, NEVER),
            kind: Kind::Renew,
            outcome: Outcome::Renewed,
            from_client: true,
            asks: true,
            rest: None,
        }
    }

    /// What is kept in few bytes, and what has no room there, reads alike.
    #[test]
    fn an_offer_is_kept_wherever_it_lies() {
        let mut seen = an_ack();
        for (time, frame) in [(10, 5), (11, 9), (9, 5), (12, 4), (1 << 40, 6), (12, 1 << 40)] {
            (seen.time, seen.frame) = (10, 5);
            let offer = Some((time, seen.yiaddr, frame));
            for from_client in [false, true] {
                for sent in [None, Some(&seen)] {
                    let mut new = Closed { frame: 5, address: seen.yiaddr, from_client, ..closed(10) };
                    new.offer = gap((10, 5), (time, frame)).unwrap_or((NEVER, NEVER));
                    let odd = new.odd(sent, offer);
                    assert_eq!(
                        odd.is_none(),
                        (10..100).contains(&time)
                            && (5..100).contains(&frame)
                            && from_client == sent.is_some()
                    );
                    new.rest = odd.map(|odd| Box::new(Rest { odd: Some(odd), ..Rest::default() }));
                    assert_eq!((new.offer(), new.sent_first()), (offer, sent.map(at)));
                }
            }
        }
        assert_eq!(closed(10).offer(), None);
    }
}
