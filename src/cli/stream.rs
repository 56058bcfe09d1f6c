//! From frames to shown packets: the one implementation behind decode and sniff.

use super::exit::Failure;
use super::select_args::SelectArgs;
use crate::analysis::Selection;
use crate::capture::Frame;
use crate::output::packet::PacketRecord;
use crate::output::packet_detail::PacketDetail;
use crate::output::packet_json::PacketJson;
use crate::output::packet_line::PacketLine;
use crate::output::when::TimeText;
use crate::output::{JsonOut, Styled};
use crate::wire::frame::{Datagram, Ports, Walker};
use crate::wire::problem::Severity;
use crate::wire::v4::{Outline, Packet};

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

/// What was met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames read.
    pub frames: u64,
    /// DHCP messages found.
    pub found: u64,
    /// Messages shown: those the selection wants.
    pub shown: u64,
    /// Messages found that are malformed.
    pub malformed: u64,
}

impl Counts {
    /// Adds what another worker met.
    pub fn add(&mut self, other: &Self) {
        self.frames = self.frames.saturating_add(other.frames);
        self.found = self.found.saturating_add(other.found);
        self.shown = self.shown.saturating_add(other.shown);
        self.malformed = self.malformed.saturating_add(other.malformed);
    }
}

/// Turns datagrams into text or JSON. Holds everything that does not depend on the frames before, so that workers can each
/// have one.
pub struct Renderer {
    selection: Selection,
    select_all: bool,
    view: View,
    outline: Outline,
    json: JsonOut,
    text: Styled,
    time: TimeText,
    packet_json: PacketJson,
    line: PacketLine,
    detail: PacketDetail,
    /// What was met so far.
    pub counts: Counts,
}

impl Renderer {
    /// A renderer of this view.
    pub fn new(selection: Selection, view: View, time: TimeText, color: bool) -> Self {
        Self {
            select_all: selection.is_everything(),
            selection,
            view,
            outline: Outline::default(),
            json: JsonOut::new(),
            text: Styled::new(color),
            time,
            packet_json: PacketJson::default(),
            line: PacketLine::default(),
            detail: PacketDetail::new(view == View::Dump),
            counts: Counts::default(),
        }
    }

    /// Shows `datagram` if it is wanted; true when it was.
    pub fn datagram(&mut self, frame: &Frame<'_>, datagram: &Datagram<'_>) -> bool {
        let packet = Packet::new(datagram.payload);
        self.outline.read(&packet, datagram.promised, datagram.cut);
        self.counts.found = self.counts.found.saturating_add(1);
        if self.outline.problems.iter().any(|problem| problem.severity() == Severity::Error) {
            self.counts.malformed = self.counts.malformed.saturating_add(1);
        }
        if !self.select_all && !self.selection.matches(frame.time, datagram, &packet, &self.outline) {
            return false;
        }
        self.counts.shown = self.counts.shown.saturating_add(1);
        let record = PacketRecord {
            number: frame.number,
            time: frame.time,
            precision: frame.precision,
            interface: frame.interface_name,
            captured_length: frame.data.len(),
            original_length: frame.original_len,
            datagram,
            packet,
            outline: &self.outline,
        };
        match self.view {
            View::Json => {
                self.packet_json.write(&record, &mut self.json);
                self.json.end_line();
            }
            View::Line => self.line.write(&record, &mut self.time, &mut self.text),
            View::Detail | View::Dump => self.detail.write(&record, &mut self.time, &mut self.text),
        }
        true
    }

    /// What was rendered since [`clear`](Self::clear).
    pub fn bytes(&self) -> &[u8] {
        if self.view == View::Json { &self.json.buf } else { self.text.as_str().as_bytes() }
    }

    /// Forgets what was rendered, keeps the memory.
    pub fn clear(&mut self) {
        self.json.buf.clear();
        self.text.clear();
    }
}

/// A sequence of frames on its way to being shown.
pub struct Stream {
    walker: Walker,
    #[cfg(feature = "live")]
    filter: Option<FrameFilter>,
    /// The packets shown.
    pub renderer: Renderer,
    limit: Option<u64>,
}

impl Stream {
    /// A stream as the flags ask for.
    pub fn new(args: &SelectArgs, view: View, color: bool) -> Result<Self, Failure> {
        let mut ports = Ports::default();
        for port in &args.ports {
            ports.add(*port);
        }
        let time = TimeText::new(args.time.into());
        Ok(Self {
            walker: Walker::new(ports),
            #[cfg(feature = "live")]
            filter: args.filter.as_deref().map(FrameFilter::new).transpose().map_err(Failure::usage)?,
            renderer: Renderer::new(args.selection()?, view, time, color),
            limit: args.count,
        })
    }

    /// Takes the next frame; true when a packet in it was shown.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>) -> bool {
        self.renderer.counts.frames = self.renderer.counts.frames.saturating_add(1);
        #[cfg(feature = "live")]
        if let Some(filter) = &mut self.filter
            && !filter.matches(frame.link, frame.data)
        {
            return false;
        }
        if !self.walker.may_matter(frame.link, frame.data) {
            return false;
        }
        self.walk(frame)
    }

    fn walk(&mut self, frame: &Frame<'_>) -> bool {
        let Self { walker, renderer, limit, .. } = self;
        let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
        let time = frame.time.unwrap_or_default().nanoseconds();
        let mut shown = false;
        walker.walk(frame.link, frame.data, original, time, |datagram| {
            if limit.is_none_or(|limit| renderer.counts.shown < limit) {
                shown |= renderer.datagram(frame, &datagram);
            }
        });
        shown
    }

    /// True when as many packets as were asked for have been shown.
    pub fn is_done(&self) -> bool {
        self.limit.is_some_and(|limit| self.renderer.counts.shown >= limit)
    }
}
