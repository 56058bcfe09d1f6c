//! Where the parts of a zstd file begin and end (RFC 8878), found without decompressing.

/// The first bytes of a frame.
const MAGIC: u32 = 0xfd2f_b528;
/// Those of a frame to skip, whose lowest four bits are free.
const SKIPPED: u32 = 0x184d_2a50;
/// What no block exceeds.
const LARGEST_BLOCK: u64 = 128 << 10;

/// What stands at a place of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Magic,
    SkippedLength,
    Skipped,
    Descriptor,
    /// The rest of a frame's header.
    Header,
    BlockHeader,
    Block,
    /// A block that is not compressed.
    Raw,
    Checksum,
    /// Not what the format has: nobody can tell where it ends.
    Unknown,
}

/// A place in a file that is gone over part by part.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    part: Part,
    /// How many bytes of the part there were, and how many are left.
    seen: u64,
    left: u64,
    /// The bytes of a small part.
    bytes: [u8; 16],
    descriptor: u8,
    /// What no block of this frame exceeds.
    most: u64,
    is_last: bool,
    /// The frame says how much comes out of it.
    is_sized: bool,
    /// How much comes out of the frames since this was set to 0: what they say, or the most their blocks can hold.
    pub(super) content: u64,
    /// The largest window of a frame so far.
    pub(super) window: u64,
}

impl Layout {
    /// The start of a file.
    pub(super) fn new() -> Self {
        Self {
            part: Part::Magic,
            seen: 0,
            left: 4,
            bytes: [0; 16],
            descriptor: 0,
            most: LARGEST_BLOCK,
            is_last: false,
            is_sized: false,
            content: 0,
            window: 0,
        }
    }

    /// True in front of the first frame and behind each.
    pub(super) fn is_between(&self) -> bool {
        self.part == Part::Magic && self.seen == 0
    }

    /// How many bytes of this part there were.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// How many bytes a decompressor may be given so that, where they are damaged, it loses nothing it made of those before:
    /// no more than this part. What the last byte of a block that is not compressed shows (the frame has another size than
    /// it says) would take along what came with it.
    pub(super) fn unit(&self) -> usize {
        let left =
            if self.part == Part::Raw && self.left > 1 { self.left.saturating_sub(1) } else { self.left };
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Goes over `bytes` as far as the end of a frame. Returns how many those are, and whether it is there.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at: usize = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let here = rest.get(..usize::try_from(self.left).unwrap_or(usize::MAX)).unwrap_or(rest);
            self.advance(here);
            at = at.saturating_add(here.len());
            if self.is_between() {
                return (at, true);
            }
        }
        (at, false)
    }

    /// Goes over `bytes`, which are no more than what is left of this part.
    pub(super) fn advance(&mut self, bytes: &[u8]) {
        let place = usize::try_from(self.seen).unwrap_or(usize::MAX);
        for (slot, byte) in self.bytes.iter_mut().skip(place).zip(bytes) {
            *slot = *byte;
        }
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.seen = self.seen.saturating_add(count);
        self.left = self.left.saturating_sub(count);
        while self.left == 0 {
            (self.part, self.left) = self.next();
            self.seen = 0;
        }
    }

    /// What follows this part, and its length.
    fn next(&mut self) -> (Part, u64) {
        let [a, b, c, d, ..] = self.bytes;
        let number = u32::from_le_bytes([a, b, c, d]);
        match self.part {
            Part::Magic if number == MAGIC => (Part::Descriptor, 1),
            Part::Magic if number & !15 == SKIPPED => (Part::SkippedLength, 4),
            Part::SkippedLength if number > 0 => (Part::Skipped, number.into()),
            Part::SkippedLength | Part::Skipped | Part::Checksum => (Part::Magic, 4),
            Part::Descriptor => {
                self.descriptor = a;
                let size = self.window_size().saturating_add(self.dictionary_size());
                (Part::Header, size.saturating_add(self.content_size()))
            }
            Part::Header => {
                self.judge();
                (Part::BlockHeader, 3)
            }
            Part::BlockHeader => {
                self.is_last = a & 1 != 0;
                let size = u64::from(u32::from_le_bytes([a, b, c, 0]) >> 3);
                let made = match a >> 1 & 3 {
                    _ if self.is_sized => 0,
                    2 if size > 0 => self.most,
                    _ => size,
                };
                self.content = self.content.saturating_add(made);
                match a >> 1 & 3 {
                    _ if size > self.most => (Part::Unknown, u64::MAX),
                    1 => (Part::Block, 1),
                    0 if size > 0 => (Part::Raw, size),
                    2 if size > 0 => (Part::Block, size),
                    0 | 2 => self.behind_block(),
                    _ => (Part::Unknown, u64::MAX),
                }
            }
            Part::Block | Part::Raw => self.behind_block(),
            Part::Magic | Part::Unknown => (Part::Unknown, u64::MAX),
        }
    }

    fn behind_block(&self) -> (Part, u64) {
        match (self.is_last, self.descriptor & 4 != 0) {
            (false, _) => (Part::BlockHeader, 3),
            (true, true) => (Part::Checksum, 4),
            (true, false) => (Part::Magic, 4),
        }
    }

    /// The whole content is in one segment, which is the window.
    fn is_single(&self) -> bool {
        self.descriptor & 0x20 != 0
    }

    /// How long the fields of a header are.
    fn window_size(&self) -> u64 {
        u64::from(!self.is_single())
    }

    fn dictionary_size(&self) -> u64 {
        match self.descriptor & 3 {
            3 => 4,
            other => other.into(),
        }
    }

    fn content_size(&self) -> u64 {
        match self.descriptor >> 6 {
            0 => self.is_single().into(),
            1 => 2,
            2 => 4,
            _ => 8,
        }
    }

    /// Takes sizes from a header.
    fn judge(&mut self) {
        let length = usize::try_from(self.content_size()).unwrap_or(0);
        let start = usize::try_from(self.window_size().saturating_add(self.dictionary_size())).unwrap_or(0);
        let mut field = [0; 8];
        for (slot, byte) in field.iter_mut().zip(self.bytes.iter().skip(start).take(length)) {
            *slot = *byte;
        }
        // Two bytes count from 256.
        let content = u64::from_le_bytes(field).saturating_add(if length == 2 { 256 } else { 0 });
        self.is_sized = length > 0;
        self.content = self.content.saturating_add(content);
        let window = if self.is_single() {
            content
        } else {
            let [field, ..] = self.bytes;
            // At most 31 + 10 bits.
            let base = 1024_u64 << (field >> 3);
            base.saturating_add((base >> 3).saturating_mul(u64::from(field & 7)))
        };
        self.most = window.min(LARGEST_BLOCK);
        self.window = self.window.max(window);
    }
}
