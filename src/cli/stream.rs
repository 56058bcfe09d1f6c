//! From frames to shown packets: the one implementation behind decode and sniff.

mod renderer;

use super::exit::Failure;
use super::frames::{Frames, Waiting};
use crate::analysis::redact::Redactor;
use crate::capture::{Frame, FrameVerdict, Work};
use crate::cli::flags::select::SelectArgs;
use crate::output::when::TimeText;
use crate::wire::frame::{Beside, LinkType, Walked, Walker};
pub use renderer::{PacketCounts, Page, Rendered, Renderer, View};

#[cfg(feature = "live")]
use crate::capture::bpf::FrameFilter;

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

    /// Shows a frame without what names anybody; what was shown is to be kept, as it was shown, and with `signs` what else findings rest
    /// on. Which packets are wanted is decided by the frame as it came.
    fn walk_redacted(
        &mut self,
        frame: &Frame<'_>,
        redactor: &mut Redactor,
        (kept, signs): (Option<&mut Frames>, bool),
    ) {
        #[cfg(feature = "live")]
        if let Some(filter) = &mut self.filter
            && !filter.matches(frame.link, frame.data)
        {
            return;
        }
        let Self { walker, renderer, left, .. } = self;
        // Its name may be made of a hardware address, and what was said of the frame may name somebody.
        let interface = frame.interface_name.map(|name| redactor.interface(name));
        let around = Frame { comment: None, interface_name: interface.as_deref(), ..*frame };
        if is_sign(frame.link, frame.data) {
            if let Some(kept) = kept.filter(|_| signs)
                && let Some(data) = redactor.frame(frame.link, frame.data)
            {
                kept.add(&Frame { data, ..around }, None);
            }
            return;
        }
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
        let redacted = Frame { data, ..around };
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
pub struct PacketWork {
    walker: Walker,
    keeps: bool,
    /// Keeps also what `--lint` looks at beside the packets.
    signs: bool,
}

impl PacketWork {
    /// For the frames that the flags ask for; `keeps` says whether those shown are also to be written.
    pub fn new(args: &SelectArgs, keeps: bool) -> Self {
        Self { walker: Walker::without_reassembly(args.wanted()), keeps, signs: false }
    }

    /// Keeps also what `--lint` looks at beside the packets.
    pub fn keep_signs(&mut self) {
        self.signs = self.keeps;
    }
}

/// What is no DHCP and yet tells of it, who holds an address above all. It stays out of what is asked of every frame.
#[cold]
#[inline(never)]
fn is_sign(link: LinkType, data: &[u8]) -> bool {
    Beside::glance(link, data).is_some()
}

impl Work for PacketWork {
    type State = Stream;
    type Output = Rendered;

    #[inline]
    fn may_matter(&self, link: LinkType, data: &[u8]) -> bool {
        // Nearly all that is decoded keeps no signs, and this is asked of every frame.
        if self.signs && is_sign(link, data) {
            return true;
        }
        self.walker.may_matter(link, data)
    }

    fn learn(&self, stream: &mut Stream, output: &mut Rendered) {
        for classed in output.classes.drain(..) {
            stream.renderer.classes.learn(classed);
        }
    }

    fn frame(&self, stream: &mut Stream, frame: &Frame<'_>, output: &mut Rendered) -> FrameVerdict {
        if let Some(mut redactor) = stream.redactor.take() {
            stream.renderer.exchange(output);
            let kept = self.keeps.then_some(&mut output.frames);
            stream.walk_redacted(frame, &mut redactor, (kept, self.signs));
            stream.renderer.exchange(output);
            stream.redactor = Some(redactor);
            return FrameVerdict::Done;
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
            return FrameVerdict::Ordered;
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
        if walked == Walked::NeedsReassembly { FrameVerdict::Ordered } else { FrameVerdict::Done }
    }
}
