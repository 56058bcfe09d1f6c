//! From frames to the records that are joined: work that several threads can share.

use std::ops::RangeInclusive;

use crate::analysis::Selection;
use crate::analysis::redact::Redactor;
use crate::analysis::transaction::{Around, Batch, Sign};
use crate::capture::{Frame, FrameVerdict, Work};
use crate::time::Timestamp;
use crate::wire::frame::{Aside, Beside, Datagram, Direction, LinkType, Ports, Protocol, Walked, Walker};
use crate::wire::problem::Problem;
use crate::wire::v4::{Op, Outline, Packet, Values, judge};
use crate::wire::{nd, v6};

#[cfg(feature = "live")]
use crate::capture::bpf::FrameFilter;

/// What is gathered.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Where DHCP is looked for.
    pub ports: Ports,
    /// Which messages are selected; all are joined.
    pub selection: Selection,
    /// Pedantic codes too.
    pub strict: bool,
    /// A libpcap expression that selected frames match.
    pub filter: Option<String>,
    /// Numbers of selected frames; none: whatever they are.
    pub numbers: Vec<RangeInclusive<u64>>,
    /// With so many selected messages it is enough.
    pub count: Option<u64>,
    /// What names anybody is taken out before anything is looked at.
    pub redactor: Option<Redactor>,
}

/// What one worker keeps from frame to frame.
pub struct Gatherer {
    walker: Walker,
    selection: Selection,
    select_all: bool,
    strict: bool,
    outline: Outline,
    six: Six,
    values: Values,
    problems: Vec<Problem>,
    redactor: Option<Redactor>,
    #[cfg(feature = "live")]
    filter: Option<FrameFilter>,
    numbers: Vec<RangeInclusive<u64>>,
    /// How many selected messages are still to come; none: as many as there are.
    left: Option<u64>,
    /// DHCP messages found.
    pub found: u64,
    /// Of these malformed.
    pub malformed: u64,
}

impl Gatherer {
    /// Sees all frames in order, or with several threads those that need it.
    ///
    /// # Errors
    ///
    /// When the filter is wrong: why.
    pub fn new(wanted: &Wanted) -> Result<Self, String> {
        Self::with(Walker::new(wanted.ports.clone()), wanted)
    }

    /// One worker of several.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn worker(wanted: &Wanted) -> Result<Self, String> {
        Self::with(Walker::without_reassembly(wanted.ports.clone()), wanted)
    }

    #[cfg_attr(
        not(feature = "live"),
        allow(clippy::unnecessary_wraps, reason = "only a filter can be wrong")
    )]
    fn with(walker: Walker, wanted: &Wanted) -> Result<Self, String> {
        #[cfg(feature = "live")]
        let filter =
            wanted.filter.as_deref().map(FrameFilter::new).transpose().map_err(|error| error.to_string())?;
        Ok(Self {
            #[cfg(feature = "live")]
            filter,
            redactor: wanted.redactor.clone(),
            numbers: wanted.numbers.clone(),
            left: wanted.count,
            ..Self::of(walker, wanted.selection.clone(), wanted.strict)
        })
    }

    /// Everything, and nothing pedantic.
    pub fn of_all() -> Self {
        Self::of(Walker::new(Ports::every()), Selection::default(), false)
    }

    fn of(walker: Walker, selection: Selection, strict: bool) -> Self {
        Self {
            walker: walker.hearing(),
            select_all: selection.is_everything(),
            selection,
            strict,
            outline: Outline::default(),
            six: Six::default(),
            values: Values::default(),
            problems: Vec::new(),
            redactor: None,
            #[cfg(feature = "live")]
            filter: None,
            numbers: Vec::new(),
            left: None,
            found: 0,
            malformed: 0,
        }
    }

    /// How many selected messages are still to come; none: as many as there are.
    pub fn left(&self) -> Option<u64> {
        self.left
    }

    /// Takes the next frame.
    pub fn frame(&mut self, frame: &Frame<'_>, batch: &mut Batch) -> Walked {
        if self.left == Some(0) {
            return Walked::Done;
        }
        let before = batch.items.len();
        let walked = if let Some(mut redactor) = self.redactor.take() {
            let interface = frame.interface_name.map(|name| redactor.interface(name));
            // What cannot be redacted tells nothing but its time.
            let data = redactor.frame(frame.link, frame.data).unwrap_or_default();
            let walked = self
                .take(&Frame { data, comment: None, interface_name: interface.as_deref(), ..*frame }, batch);
            self.redactor = Some(redactor);
            walked
        } else {
            self.take(frame, batch)
        };
        batch.passed(frame.time, before);
        batch.enough = self.left == Some(0);
        walked
    }

    fn take(&mut self, frame: &Frame<'_>, batch: &mut Batch) -> Walked {
        // What a filter leaves out may belong to an exchange of which it wants another message.
        #[cfg(feature = "live")]
        let passes = self.filter.as_mut().is_none_or(|filter| filter.matches(frame.link, frame.data));
        #[cfg(not(feature = "live"))]
        let passes = true;
        let is_one = |range: &RangeInclusive<u64>| range.contains(&frame.number);
        let passes = passes && (self.numbers.is_empty() || self.numbers.iter().any(is_one));
        if !self.walker.may_matter(frame.link, frame.data) {
            if let Some(beside) = Beside::glance(frame.link, frame.data) {
                batch.sign(sign(frame, &beside));
            }
            return Walked::Done;
        }
        let Self {
            walker,
            six,
            outline,
            values,
            problems,
            selection,
            left,
            select_all,
            strict,
            found,
            malformed,
            ..
        } = self;
        let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
        let time = frame.time.unwrap_or_default().nanoseconds();
        let before = batch.items.len();
        let walked = walker.walk(frame.link, frame.data, original, time, |datagram| {
            if datagram.protocol != Protocol::Dhcpv4 {
                six.judge(&datagram, problems);
                let selected =
                    passes && (*select_all || six.is_selected(&datagram, frame.time, selection, problems));
                *left = left.map(|left| left.saturating_sub(selected.into()));
                let around = around(frame, &datagram, selected);
                if datagram.protocol == Protocol::Dhcpv6 {
                    let packet = v6::Packet::new(datagram.payload);
                    batch.message6(&around, &datagram, (&packet, &six.message), problems);
                } else {
                    batch.router(&around, &datagram, problems);
                }
                return;
            }
            *found = found.saturating_add(1);
            let packet = Packet::new(datagram.payload);
            outline.read(&packet, datagram.promised, datagram.cut);
            collect(&datagram, packet, outline, values, problems);
            if problems.iter().any(Problem::is_malformed) {
                *malformed = malformed.saturating_add(1);
            }
            judge::judge(&packet, outline, &datagram, *strict, problems);
            let wanted = || {
                let all = |each: &mut dyn FnMut(&Problem)| problems.iter().for_each(each);
                *select_all || selection.matches(frame.time, &datagram, &packet, outline, all)
            };
            let selected = passes && wanted();
            *left = left.map(|left| left.saturating_sub(selected.into()));
            let around = around(frame, &datagram, selected);
            batch.message(&around, &datagram, (&packet, outline), problems);
        });
        if batch.items.len() == before
            && let Some(beside) = walker.beside()
        {
            batch.sign(sign(frame, &beside));
        }
        walked
    }
}

/// What surrounds a message.
fn around<'a>(frame: &Frame<'a>, datagram: &Datagram<'_>, selected: bool) -> Around<'a> {
    Around {
        frame: frame.number,
        time: frame.time,
        precision: frame.precision,
        interface: frame.interface_name,
        number: frame.interface,
        outbound: frame.direction.or(datagram.direction) == Some(Direction::Out),
        selected,
    }
}

/// The structure of a message of IPv6; keeps its memory.
#[derive(Default)]
struct Six {
    message: v6::Outline,
    router: nd::Outline,
}

impl Six {
    /// Puts all that is wrong with a message into `problems`.
    fn judge(&mut self, datagram: &Datagram<'_>, problems: &mut Vec<Problem>) {
        problems.clear();
        if datagram.protocol == Protocol::Dhcpv6 {
            let (packet, outline) = (v6::Packet::new(datagram.payload), &mut self.message);
            outline.read(&packet, datagram.promised, datagram.cut);
            problems.extend_from_slice(&outline.problems);
            v6::values::judge(&packet, outline, &mut (), problems);
            v6::judge::judge(&packet, outline, datagram, problems);
        } else {
            let (packet, outline) = (nd::Packet::new(datagram.payload), &mut self.router);
            outline.read(&packet, datagram.promised, datagram.cut);
            problems.extend_from_slice(&outline.problems);
            v6::values::judge_router(&packet, outline, problems);
            v6::judge::judge_router(&packet, outline, datagram, problems);
        }
        problems.extend(datagram.problems());
    }

    /// The message that was judged is selected.
    fn is_selected(
        &self,
        datagram: &Datagram<'_>,
        time: Option<Timestamp>,
        selection: &Selection,
        problems: &[Problem],
    ) -> bool {
        let problems = |each: &mut dyn FnMut(&Problem)| problems.iter().for_each(each);
        if datagram.protocol == Protocol::Dhcpv6 {
            let packet = v6::Packet::new(datagram.payload);
            selection.matches_v6(time, datagram, &packet, &self.message, problems)
        } else {
            let packet = nd::Packet::new(datagram.payload);
            selection.matches_router(time, datagram, &packet, &self.router, problems)
        }
    }
}

/// Everything that is wrong with how the message is made. Values are judged where a server gives them.
fn collect(
    datagram: &Datagram<'_>,
    packet: Packet<'_>,
    outline: &Outline,
    values: &mut Values,
    problems: &mut Vec<Problem>,
) {
    problems.clear();
    problems.extend_from_slice(&outline.problems);
    problems.extend(datagram.problems());
    if packet.op() == Some(Op::REPLY) {
        values.judge(&packet, outline);
        problems.extend_from_slice(&values.problems);
    }
}

/// What a frame says beside, as it is joined.
fn sign(frame: &Frame<'_>, beside: &Beside) -> Sign {
    let around = Around { interface: frame.interface_name, number: frame.interface, ..Around::default() };
    let place = around.place(beside.interface_index, &beside.vlans);
    let (frame, time) = (frame.number, frame.time.unwrap_or_default().nanoseconds());
    match beside.aside {
        Aside::Arp(arp) => Sign::Arp { frame, time, arp, place },
        Aside::Echo { reply, src, dst } => {
            Sign::Echo { frame, time, reply, src, dst, mac: beside.mac.unwrap_or_default(), place }
        }
    }
}

/// Gathering the messages of a capture. Every frame counts: its time is how far the input goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gathering;

impl Work for Gathering {
    type State = Gatherer;
    type Output = Batch;

    #[inline]
    fn may_matter(&self, _: LinkType, _: &[u8]) -> bool {
        true
    }

    fn frame(&self, state: &mut Gatherer, frame: &Frame<'_>, output: &mut Batch) -> FrameVerdict {
        if state.frame(frame, output) == Walked::NeedsReassembly {
            FrameVerdict::Ordered
        } else {
            FrameVerdict::Done
        }
    }
}
