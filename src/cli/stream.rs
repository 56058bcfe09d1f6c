//! From frames to shown packets: the one implementation behind decode and sniff.

use std::ops::RangeInclusive;

use super::context::Output;
use super::exit::Failure;
use super::frames::{Frames, Waiting};
use crate::analysis::Selection;
use crate::analysis::classes::{self, Classed, Classes};
use crate::analysis::redact::Redactor;
use crate::capture::{Frame, Verdict, Work};
use crate::cli::flags::select::SelectArgs;
use crate::output::flat::Rows;
use crate::output::packet::detail::PacketDetail;
use crate::output::packet::json::PacketJson;
use crate::output::packet::line::PacketLine;
use crate::output::packet::record::{MOST_PROBLEMS, PacketRecord};
use crate::output::packet::record6::{Judged, Message6, Record6};
use crate::output::text::Text;
use crate::output::when::TimeText;
use crate::output::{JsonOut, Styled};
use crate::wire;
use crate::wire::frame::Protocol;
use crate::wire::frame::{Datagram, LinkType, NotLookedInto, Walked, Walker};
use crate::wire::problem::{Problem, Severity};
use crate::wire::v4::{Outline, Packet, Values, judge};

#[cfg(feature = "live")]
use crate::capture::bpf::FrameFilter;

/// How packets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The contract's packet object.
    Json,
    /// One line for people.
    Line,
    /// Every field and option.
    Detail,
    /// Every field and option, and the annotated bytes.
    Dump,
    /// A flat row.
    Rows,
    /// Not at all: packets are only counted, and kept elsewhere.
    Nothing,
}

impl View {
    /// The view that the common flags ask for.
    pub fn new(json: bool, verbose: u8) -> Self {
        match (json, verbose) {
            (true, _) => Self::Json,
            (false, 0) => Self::Line,
            (false, 1) => Self::Detail,
            (false, _) => Self::Dump,
        }
    }
}

/// What packets are shown on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// With colour.
    pub color: bool,
    /// The columns that a line may take; everything where that is not known.
    pub width: Option<usize>,
    /// Packets come from several captures or interfaces.
    pub several: bool,
}

impl Page {
    /// Standard output, on which lines are as wide as they need where it is no terminal or `wide` is asked for.
    pub fn new(out: &Output, wide: bool, several: bool) -> Self {
        Self { color: out.color(), width: out.width().filter(|_| !wide), several }
    }
}

/// What was met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames read.
    pub frames: u64,
    /// DHCP messages found.
    pub found: u64,
    /// Messages shown: those the selection wants.
    pub shown: u64,
    /// Messages that are malformed: in their structure, or those shown, in a value.
    pub malformed: u64,
    /// Frames whose layers are nested deeper than is followed.
    pub too_deep: u64,
    /// Frames with packets that were wanted and cannot be redacted.
    pub left_out: u64,
}

impl Counts {
    /// Adds what another worker met.
    pub fn add(&mut self, other: &Self) {
        self.frames = self.frames.saturating_add(other.frames);
        self.found = self.found.saturating_add(other.found);
        self.shown = self.shown.saturating_add(other.shown);
        self.malformed = self.malformed.saturating_add(other.malformed);
        self.too_deep = self.too_deep.saturating_add(other.too_deep);
        self.left_out = self.left_out.saturating_add(other.left_out);
    }
}

/// Turns datagrams into text or JSON. Holds everything that does not depend on the frames before, so that workers can each
/// have one.
pub struct Renderer {
    selection: Selection,
    select_all: bool,
    /// Numbers of the frames that are wanted; all where there are none.
    numbers: Vec<RangeInclusive<u64>>,
    view: View,
    outline: Outline,
    /// What is wrong with a message as a message, on its way behind what is wrong with its structure.
    judged: Vec<Problem>,
    /// Finds the problems of values, where packets are chosen by problems.
    json: JsonOut,
    text: Styled,
    /// The capture, as it was named.
    capture: Option<String>,
    /// Whether problems are to be remarked on where frames are kept, and the remark on the frame walked last.
    remarks: bool,
    remark: String,
    rows: Option<Rows>,
    time: TimeText,
    packet_json: PacketJson,
    line: PacketLine,
    values: Values,
    detail: PacketDetail,
    six: Six,
    /// The vendor classes of exchanges; a worker that sees only some frames tells them to others instead.
    classes: Classes,
    told: Option<Vec<Classed>>,
    /// A message was met that can only be read by who sees all frames in order.
    out_of_order: bool,
    /// What was met so far.
    pub counts: Counts,
}

/// The memory of what is read of IPv6.
#[derive(Default)]
struct Six {
    v6: wire::v6::Outline,
    router: wire::nd::Outline,
    judged: Judged,
}

/// The record of a message in a frame of a capture.
#[inline]
fn record_of<'a>(
    capture: Option<&'a str>,
    frame: &'a Frame<'_>,
    datagram: &'a Datagram<'a>,
    packet: Packet<'a>,
    outline: &'a Outline,
) -> PacketRecord<'a> {
    PacketRecord {
        capture,
        number: frame.number,
        time: frame.time,
        precision: frame.precision,
        interface: frame.interface_name,
        comment: frame.comment,
        captured_length: frame.data.len(),
        original_length: frame.original_len,
        datagram,
        packet,
        outline,
    }
}

impl Renderer {
    /// A renderer of this view.
    pub fn new(selection: Selection, view: View, time: TimeText, page: Page) -> Self {
        let fits = page.width.is_some() && view == View::Line;
        Self {
            select_all: selection.is_everything(),
            numbers: Vec::new(),
            selection,
            view,
            outline: Outline::default(),
            judged: Vec::new(),
            json: JsonOut::new(),
            text: Styled::new(page.color).within(page.width),
            capture: None,
            remarks: false,
            remark: String::new(),
            rows: None,
            time: if fits { time.short() } else { time },
            packet_json: PacketJson::default(),
            line: PacketLine::new(page.width, page.several),
            values: Values::default(),
            detail: PacketDetail::new(view == View::Dump),
            six: Six::default(),
            classes: Classes::default(),
            told: None,
            out_of_order: false,
            counts: Counts::default(),
        }
    }

    /// Lines fit a terminal of so many columns from here on, where they fitted one before.
    pub fn resize(&mut self, width: usize) {
        self.line.resize(width);
        self.text.resize(width);
    }

    /// Shows only frames of these numbers, where there are any.
    pub fn set_numbers(&mut self, numbers: &[RangeInclusive<u64>]) {
        self.numbers = numbers.to_vec();
    }

    fn is_numbered(&self, number: u64) -> bool {
        self.numbers.is_empty() || self.numbers.iter().any(|range| range.contains(&number))
    }

    /// What [`View::Rows`] writes its rows with.
    pub fn set_rows(&mut self, rows: Option<Rows>) {
        self.rows = rows;
    }

    /// Whether what is wrong is to be told beside the frames that are kept.
    pub fn set_remarks(&mut self, wanted: bool) {
        self.remarks = wanted;
    }

    /// What is wrong with the messages shown of the frame walked last, a line each.
    pub fn remark(&self) -> Option<&str> {
        Some(self.remark.as_str()).filter(|remark| !remark.is_empty())
    }

    /// The capture that the next frames are from, as it was named.
    pub fn set_capture(&mut self, capture: Option<String>) {
        self.capture = capture;
    }

    /// True when `datagram` is wanted. Of DHCPv6 it is not asked.
    fn wants(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) -> bool {
        if self.select_all || datagram.protocol != Protocol::Dhcpv4 {
            return true;
        }
        let packet = Packet::new(datagram.payload);
        self.outline.read(&packet, datagram.promised, datagram.cut);
        let Self { selection, outline, values, .. } = self;
        selection.matches(frame.time, datagram, &packet, outline, |each| {
            values.judge(&packet, outline);
            outline.problems.iter().chain(&values.problems).for_each(each);
        })
    }

    /// Shows `datagram` if it is wanted; true when it was.
    pub fn datagram(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) -> bool {
        let told = frame.direction.filter(|_| datagram.direction.is_none());
        let directed = told.map(|_| Datagram { direction: told, ..*datagram });
        let datagram = directed.as_ref().unwrap_or(datagram);
        if datagram.protocol != Protocol::Dhcpv4 {
            return self.six(frame, datagram);
        }
        let packet = Packet::new(datagram.payload);
        self.outline.read(&packet, datagram.promised, datagram.cut);
        if classes::depends(&packet, &self.outline) {
            if self.told.is_some() {
                self.out_of_order = true;
                return false;
            }
            self.outline.exchange_class = self.classes.of(&packet);
        } else if let Some(classed) = Classed::of(&packet, &self.outline) {
            match &mut self.told {
                Some(told) => told.push(classed),
                None => self.classes.learn(classed),
            }
        }
        self.counts.found = self.counts.found.saturating_add(1);
        let malformed = self.outline.problems.iter().any(Problem::is_malformed);
        if malformed {
            self.counts.malformed = self.counts.malformed.saturating_add(1);
        }
        // What is counted only need not be judged as a message.
        if self.view != View::Nothing || !self.select_all {
            judge::judge(&packet, &self.outline, datagram, false, &mut self.judged);
            self.outline.problems.append(&mut self.judged);
        }
        let record = record_of(self.capture.as_deref(), frame, datagram, packet, &self.outline);
        if !self.is_numbered(frame.number) {
            return false;
        }
        let values = &mut self.values;
        if !self.select_all
            && !self.selection.matches(frame.time, datagram, &packet, &self.outline, |each| {
                record.judge(values, each);
            })
        {
            return false;
        }
        self.counts.shown = self.counts.shown.saturating_add(1);
        let values = match self.view {
            View::Json => {
                self.packet_json.write(&record, &mut self.json);
                self.json.end_line();
                self.packet_json.value_problems()
            }
            View::Rows => match &mut self.rows {
                Some(rows) => {
                    rows.write(&record, &mut self.json.buf);
                    rows.value_problems()
                }
                None => &[],
            },
            View::Line => {
                self.line.write(&record, &mut self.time, &mut self.text);
                self.line.value_problems()
            }
            View::Nothing => {
                self.values.judge(&record.packet, record.outline);
                &self.values.problems
            }
            View::Detail | View::Dump => {
                let start = self.text.len();
                self.detail.write(&record, &mut self.time, &mut self.text);
                self.text.fold_since(start);
                self.detail.value_problems()
            }
        };
        if self.remarks {
            let found = record.outline.problems.iter().chain(values).copied();
            remark_on(found.chain(record.outer_problems()), &mut self.remark);
        }
        if !malformed && values.iter().any(Problem::is_malformed) {
            self.counts.malformed = self.counts.malformed.saturating_add(1);
        }
        true
    }

    /// The same for DHCPv6 and router discovery.
    fn six(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) -> bool {
        let numbered = self.is_numbered(frame.number);
        let Six { v6, router, judged } = &mut self.six;
        let message = if datagram.protocol == Protocol::Dhcpv6 {
            let packet = wire::v6::Packet::new(datagram.payload);
            v6.read(&packet, datagram.promised, datagram.cut);
            Message6::Dhcp { packet, outline: v6 }
        } else {
            let packet = wire::nd::Packet::new(datagram.payload);
            router.read(&packet, datagram.promised, datagram.cut);
            Message6::Router { packet, outline: router }
        };
        self.counts.found = self.counts.found.saturating_add(1);
        let record = Record6 {
            around: record_of(self.capture.as_deref(), frame, datagram, Packet::new(&[]), &self.outline),
            message,
        };
        let mut judge = |each: &mut dyn FnMut(&Problem)| {
            judged.judge(&record);
            judged.problems.iter().for_each(each);
        };
        let wanted = numbered
            && (self.select_all
                || match message {
                    Message6::Dhcp { packet, outline } => {
                        self.selection.matches_v6(frame.time, datagram, &packet, outline, &mut judge)
                    }
                    Message6::Router { packet, outline } => {
                        self.selection.matches_router(frame.time, datagram, &packet, outline, &mut judge)
                    }
                });
        if wanted {
            self.counts.shown = self.counts.shown.saturating_add(1);
            match self.view {
                View::Json => {
                    self.packet_json.write_six(&record, judged, &mut self.json);
                    self.json.end_line();
                }
                View::Line => self.line.write_six(&record, judged, &mut self.time, &mut self.text),
                View::Nothing => judged.judge(&record),
                View::Rows => {
                    judged.judge(&record);
                    if let Some(rows) = &mut self.rows {
                        rows.write_six(&record.around, &judged.problems, &mut self.json.buf);
                    }
                }
                View::Detail | View::Dump => {
                    let start = self.text.len();
                    self.detail.write_six(&record, judged, &mut self.time, &mut self.text);
                    self.text.fold_since(start);
                }
            }
        }
        if wanted && self.remarks {
            remark_on(judged.problems.iter().copied(), &mut self.remark);
        }
        let is_error = |problem: &Problem| problem.severity() == Severity::Error;
        let errors = if wanted { &judged.problems[..] } else { message.structural() };
        if errors.iter().any(is_error) {
            self.counts.malformed = self.counts.malformed.saturating_add(1);
        }
        wanted
    }

    /// What was rendered since [`clear`](Self::clear).
    pub fn bytes(&self) -> &[u8] {
        if matches!(self.view, View::Json | View::Rows) { &self.json.buf } else { self.text.as_bytes() }
    }

    /// Forgets what was rendered, keeps the memory.
    pub fn clear(&mut self) {
        self.json.buf.clear();
        self.text.clear();
    }

    /// Where the rendering stands.
    fn mark(&self) -> (usize, usize, Counts) {
        (self.json.buf.len(), self.text.len(), self.counts)
    }

    /// Takes back what was rendered and counted since.
    fn back_to(&mut self, (json, text, counts): (usize, usize, Counts)) {
        self.json.buf.truncate(json);
        self.text.truncate(text);
        self.counts = counts;
        if let Some(told) = &mut self.told {
            told.clear();
        }
    }

    /// Exchanges what was rendered and counted for `other`.
    fn exchange(&mut self, other: &mut Rendered) {
        if matches!(self.view, View::Json | View::Rows) {
            std::mem::swap(&mut self.json.buf, &mut other.json);
        } else {
            self.text.exchange(&mut other.text);
        }
        std::mem::swap(&mut self.counts, &mut other.counts);
    }

    /// True when what is shown of a packet depends on the packets shown before it.
    pub fn has_memory(&self) -> bool {
        !matches!(self.view, View::Json | View::Rows) && self.time.has_memory()
    }
}

/// Appends a line: `error at byte 282: option 3 says 8 bytes, 4 are left [option-truncated]`.
fn remark_on(problems: impl Iterator<Item = Problem>, remark: &mut String) {
    use std::fmt::Write as _;
    let mut untold = 0_u64;
    for (index, problem) in problems.enumerate() {
        if index >= MOST_PROBLEMS {
            untold = untold.saturating_add(1);
            continue;
        }
        if !remark.is_empty() {
            remark.push('\n');
        }
        remark.push_str(problem.severity().name());
        // Writing into a String cannot fail.
        let _ = match problem.offset {
            Some(offset) => write!(remark, " at byte {offset}: {problem} [{}]", problem.code.name()),
            None => write!(remark, ": {problem} [{}]", problem.code.name()),
        };
    }
    if untold > 0 {
        let _ = write!(remark, "\nand {untold} more problems");
    }
}

/// What was rendered of some frames, on its way from a worker to standard output.
#[derive(Debug, Default)]
pub struct Rendered {
    json: Vec<u8>,
    text: Text,
    /// What was met.
    pub counts: Counts,
    /// What nothing can be said about.
    pub unread: NotLookedInto,
    /// The frames of the packets shown, where they are to be kept.
    pub frames: Frames,
    /// Vendor classes of exchanges, for who sees the answers.
    classes: Vec<Classed>,
}

impl Rendered {
    /// JSON or text.
    pub fn bytes(&self) -> &[u8] {
        if self.json.is_empty() { self.text.as_bytes() } else { &self.json }
    }

    /// The same, to be taken away.
    pub fn batch(&mut self) -> &mut Vec<u8> {
        if self.json.is_empty() { self.text.bytes_mut() } else { &mut self.json }
    }
}

/// A sequence of frames on its way to being shown.
pub struct Stream {
    walker: Walker,
    #[cfg(feature = "live")]
    filter: Option<FrameFilter>,
    /// The packets shown.
    pub renderer: Renderer,
    /// How many packets may still be shown.
    left: Option<u64>,
    /// Fragments that are to be kept if what they are of is shown.
    waiting: Waiting,
    /// Every packet is wanted, and none is shown.
    #[cfg(feature = "live")]
    only_counts: bool,
    /// Shows and keeps frames without what names anybody.
    redactor: Option<Box<Redactor>>,
}

impl Stream {
    /// A stream as the flags ask for, which sees all frames in order.
    pub fn new(args: &SelectArgs, view: View, page: Page) -> Result<Self, Failure> {
        Self::with(Walker::new(args.wanted()), args, view, page)
    }

    /// A stream that sees only some of the frames.
    pub fn worker(args: &SelectArgs, view: View, page: Page) -> Result<Self, Failure> {
        let mut stream = Self::with(Walker::without_reassembly(args.wanted()), args, view, page)?;
        stream.renderer.told = Some(Vec::new());
        Ok(stream)
    }

    fn with(walker: Walker, args: &SelectArgs, view: View, page: Page) -> Result<Self, Failure> {
        let time = TimeText::new(args.time.into());
        let mut renderer = Renderer::new(args.selection()?, view, time, page);
        renderer.set_numbers(&args.numbers);
        Ok(Self {
            #[cfg(feature = "live")]
            only_counts: view == View::Nothing
                && renderer.select_all
                && args.numbers.is_empty()
                && args.filter.is_none(),
            walker,
            #[cfg(feature = "live")]
            filter: args.filter.as_deref().map(FrameFilter::new).transpose().map_err(Failure::usage)?,
            renderer,
            left: args.count,
            waiting: Waiting::default(),
            redactor: None,
        })
    }

    /// Takes what names anybody out of the frames.
    pub fn set_redactor(&mut self, redactor: Option<Box<Redactor>>) {
        self.redactor = redactor;
    }

    /// Shows a frame without what names anybody; what was shown is to be kept, as it was shown. Which packets are wanted is decided
    /// by the frame as it came.
    fn walk_redacted(&mut self, frame: &Frame<'_>, redactor: &mut Redactor, kept: Option<&mut Frames>) {
        #[cfg(feature = "live")]
        if let Some(filter) = &mut self.filter
            && !filter.matches(frame.link, frame.data)
        {
            return;
        }
        let Self { walker, renderer, left, .. } = self;
        let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
        let mut wanted = false;
        let walked = walker.walk(frame.link, frame.data, original, 0, |datagram| {
            wanted |= renderer.wants(frame, &datagram);
        });
        // Pieces of a datagram are not understood alone.
        wanted |= matches!(walked, Walked::Kept | Walked::NeedsReassembly);
        if !wanted || *left == Some(0) {
            return;
        }
        let Some(data) = redactor.frame(frame.link, frame.data) else {
            renderer.counts.left_out = renderer.counts.left_out.saturating_add(1);
            return;
        };
        // What was said of the frame may name somebody.
        let redacted = Frame { data, comment: None, ..*frame };
        renderer.remark.clear();
        let all = std::mem::replace(&mut renderer.select_all, true);
        let before = renderer.counts.shown;
        walker.walk(redacted.link, data, original, 0, |datagram| {
            if *left != Some(0)
                && renderer.datagram(&redacted, &datagram)
                && let Some(left) = left
            {
                *left = left.saturating_sub(1);
            }
        });
        renderer.select_all = all;
        if let Some(kept) = kept.filter(|_| renderer.counts.shown > before) {
            kept.add(&redacted, renderer.remark());
        }
    }

    /// Takes the next frame, of live traffic. True when it is one to keep: a packet in it was shown, or it is a fragment that
    /// a packet shown later may be made of.
    #[cfg(feature = "live")]
    #[inline]
    pub fn live_frame(&mut self, frame: &Frame<'_>) -> bool {
        self.renderer.remark.clear();
        if self.only_counts && self.left.is_none() && self.walker.is_plain_dhcp(frame.link, frame.data) {
            self.renderer.counts.found = self.renderer.counts.found.saturating_add(1);
            self.renderer.counts.shown = self.renderer.counts.shown.saturating_add(1);
            return true;
        }
        if !self.walker.may_matter(frame.link, frame.data) {
            return false;
        }
        let shown = self.renderer.counts.shown;
        self.walk(frame) == Walked::Kept || self.renderer.counts.shown > shown
    }

    /// True when as many packets as were asked for have been shown.
    #[cfg(feature = "live")]
    pub fn is_done(&self) -> bool {
        self.left == Some(0)
    }

    fn walk(&mut self, frame: &Frame<'_>) -> Walked {
        self.renderer.remark.clear();
        #[cfg(feature = "live")]
        if let Some(filter) = &mut self.filter
            && !filter.matches(frame.link, frame.data)
        {
            return Walked::Done;
        }
        let Self { walker, renderer, left, .. } = self;
        let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
        let time = frame.time.unwrap_or_default().nanoseconds();
        let walked = walker.walk(frame.link, frame.data, original, time, |datagram| {
            if *left != Some(0)
                && renderer.datagram(frame, &datagram)
                && let Some(left) = left
            {
                *left = left.saturating_sub(1);
            }
        });
        if walked == Walked::TooDeep {
            renderer.counts.too_deep = renderer.counts.too_deep.saturating_add(1);
        }
        walked
    }
}

/// Showing the packets of a capture, as work that several threads can share.
pub struct Showing {
    walker: Walker,
    keeps: bool,
}

impl Showing {
    /// For the frames that the flags ask for; `keeps` says whether those shown are also to be written.
    pub fn new(args: &SelectArgs, keeps: bool) -> Self {
        Self { walker: Walker::without_reassembly(args.wanted()), keeps }
    }
}

impl Work for Showing {
    type State = Stream;
    type Output = Rendered;

    #[inline]
    fn may_matter(&self, link: LinkType, data: &[u8]) -> bool {
        self.walker.may_matter(link, data)
    }

    fn learn(&self, stream: &mut Stream, output: &mut Rendered) {
        for classed in output.classes.drain(..) {
            stream.renderer.classes.learn(classed);
        }
    }

    fn frame(&self, stream: &mut Stream, frame: &Frame<'_>, output: &mut Rendered) -> Verdict {
        if let Some(mut redactor) = stream.redactor.take() {
            stream.renderer.exchange(output);
            let kept = self.keeps.then_some(&mut output.frames);
            stream.walk_redacted(frame, &mut redactor, kept);
            stream.renderer.exchange(output);
            stream.redactor = Some(redactor);
            return Verdict::Done;
        }
        let shown = output.counts.shown;
        stream.renderer.exchange(output);
        let before = stream.renderer.mark();
        let left = stream.left;
        let walked = stream.walk(frame);
        if std::mem::take(&mut stream.renderer.out_of_order) {
            // Nothing may have been done with it, not even with what else is in the frame.
            stream.renderer.back_to(before);
            stream.left = left;
            stream.renderer.exchange(output);
            return Verdict::Ordered;
        }
        if let Some(told) = &mut stream.renderer.told {
            output.classes.append(told);
        }
        stream.renderer.exchange(output);
        if let Walked::Unread(unread) = walked {
            output.unread.add(unread, 1);
        }
        if self.keeps {
            let shown = output.counts.shown > shown;
            let Stream { waiting, walker, renderer, .. } = stream;
            waiting.walked(frame, walker.joined(), shown, renderer.remark(), &mut output.frames);
        }
        if walked == Walked::NeedsReassembly { Verdict::Ordered } else { Verdict::Done }
    }
}
