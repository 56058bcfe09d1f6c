//! Shows the packets of one frame after the other, in whatever form was asked for.

use std::ops::RangeInclusive;

use crate::analysis::Selection;
use crate::analysis::classes::{self, Classed, Classes};
use crate::capture::Frame;
use crate::cli::context::Output;
use crate::cli::frames::Frames;
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
use crate::wire::frame::{Datagram, NotLookedInto, Protocol};
use crate::wire::problem::{Problem, Severity};
use crate::wire::v4::{Outline, Packet, Values, judge};

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
    /// Standard output, on which lines are as wide as they need where it is no terminal, since whoever reads them there wants all they say,
    /// or `wide` is asked for.
    pub fn new(out: &Output, wide: bool, several: bool) -> Self {
        Self { color: out.color(), width: out.width().filter(|_| out.is_terminal() && !wide), several }
    }
}

/// What was met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketCounts {
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

impl PacketCounts {
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
    pub(super) select_all: bool,
    /// Numbers of the frames that are wanted; all where there are none.
    numbers: Vec<RangeInclusive<u64>>,
    view: View,
    outline: Outline,
    /// What is wrong with a message as a message, on its way behind what is wrong with its structure.
    judged: Vec<Problem>,
    json: JsonOut,
    text: Styled,
    /// The capture, as it was named.
    capture: Option<String>,
    /// Whether problems are to be remarked on where frames are kept, and the remark on the frame walked last.
    remarks: bool,
    pub(super) remark: String,
    rows: Option<Rows>,
    time: TimeText,
    packet_json: PacketJson,
    line: PacketLine,
    /// Finds the problems of values, where packets are chosen by problems.
    values: Values,
    detail: PacketDetail,
    six: Six,
    /// The vendor classes of exchanges; a worker that sees only some frames tells them to others instead.
    pub(super) classes: Classes,
    pub(super) told: Option<Vec<Classed>>,
    /// A message was met that can only be read by who sees all frames in order.
    pub(super) out_of_order: bool,
    /// What was met so far.
    pub counts: PacketCounts,
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
            counts: PacketCounts::default(),
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
    pub(super) fn wants(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) -> bool {
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
    pub(super) fn mark(&self) -> (usize, usize, PacketCounts) {
        (self.json.buf.len(), self.text.len(), self.counts)
    }

    /// Takes back what was rendered and counted since.
    pub(super) fn back_to(&mut self, (json, text, counts): (usize, usize, PacketCounts)) {
        self.json.buf.truncate(json);
        self.text.truncate(text);
        self.counts = counts;
        if let Some(told) = &mut self.told {
            told.clear();
        }
    }

    /// Exchanges what was rendered and counted for `other`.
    pub(super) fn exchange(&mut self, other: &mut Rendered) {
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
    pub counts: PacketCounts,
    /// What nothing can be said about.
    pub unread: NotLookedInto,
    /// The frames of the packets shown, where they are to be kept.
    pub frames: Frames,
    /// Vendor classes of exchanges, for who sees the answers.
    pub(super) classes: Vec<Classed>,
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
