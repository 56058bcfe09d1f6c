//! Compressed captures, recognised by content.
//!
//! Every decompressor here delivers each byte it could decode before it reports damage; the ready-made readers of the
//! crates drop what they had decoded in the call that fails.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::{Decompress, FlushDecompress, Status};
use liblzma::stream::{Action, CONCATENATED, Stream};
use zstd::zstd_safe::{DCtx, InBuffer, OutBuffer};

use super::ahead::{Ahead, Block, LEAD};

/// How much of the compressed file is read at once.
const INPUT: usize = 256 << 10;
/// The most memory an xz stream may ask for; its highest preset takes 65 MB.
const XZ_MEMORY: u64 = 128 << 20;

/// Damage found by a decompressor, carried inside an [`io::Error`].
#[derive(Debug)]
pub(super) struct Damage {
    /// Where, in bytes from the start of the compressed file.
    pub(super) at: u64,
    /// What should have been there.
    pub(super) expected: &'static str,
}

impl Damage {
    /// The damage in `error`, when a decompressor made it.
    pub(super) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    fn error(at: u64, expected: &'static str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self { at, expected })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for Damage {}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Xz,
}

impl Compression {
    /// Bytes needed to recognise any of them.
    pub(super) const MAGIC_LEN: usize = 6;

    /// Recognises a compressed file by its first bytes.
    pub(super) fn recognise(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or a skippable frame in front of one.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    /// The decompressed bytes of `input`, which is read by a thread of its own once `read_ahead` is set.
    pub(super) fn decoder(
        self,
        input: Box<dyn Read + Send>,
        read_ahead: Arc<AtomicBool>,
    ) -> io::Result<Box<dyn Read + Send>> {
        let inner = Inner::Here(BufReader::with_capacity(INPUT, input));
        let input = Input { inner, read_ahead, taken: 0 };
        Ok(match self {
            Self::Gzip => Box::new(Gzip {
                input,
                inflate: Decompress::new(false),
                crc: flate2::Crc::new(),
                state: Member::Start,
            }),
            Self::Zstd => Box::new(Zstd { input, context: DCtx::create(), want: 0, full: false, members: 0 }),
            Self::Xz => Box::new(Xz {
                input,
                stream: Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED).map_err(io::Error::other)?,
                finished: false,
            }),
        })
    }
}

/// Where compressed bytes come from.
enum Inner {
    Here(BufReader<Box<dyn Read + Send>>),
    /// Another thread reads them: what it read, from where on it was not consumed, and what failed after that.
    Ahead {
        blocks: Ahead,
        block: Block,
        at: usize,
    },
}

/// Compressed bytes with their count.
struct Input {
    inner: Inner,
    read_ahead: Arc<AtomicBool>,
    /// How many were consumed.
    taken: u64,
}

impl Input {
    fn peek(&mut self) -> io::Result<&[u8]> {
        if self.read_ahead.load(Ordering::Relaxed) {
            self.go_ahead();
        }
        match &mut self.inner {
            Inner::Here(reader) => loop {
                // Asked twice because the borrow checker does not let the first answer out of the loop.
                match reader.fill_buf() {
                    Ok(_) => return Ok(reader.buffer()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            },
            Inner::Ahead { blocks, block, at } => {
                if *at >= block.end
                    && let Some(next) = blocks.next()
                {
                    blocks.give_back(std::mem::replace(block, next?).bytes);
                    *at = LEAD;
                }
                Ok(block.bytes.get(*at..block.end).unwrap_or_default())
            }
        }
    }

    /// Has another thread read on, once nothing that was read here is left.
    #[cold]
    fn go_ahead(&mut self) {
        self.read_ahead.store(false, Ordering::Relaxed);
        let Inner::Here(reader) = &mut self.inner else { return };
        let before = reader.buffer().to_vec();
        let input = std::mem::replace(reader.get_mut(), Box::new(io::empty()));
        let end = LEAD.saturating_add(before.len());
        match Ahead::new(input) {
            Ok(blocks) => {
                let mut bytes = vec![0; LEAD];
                bytes.extend(before);
                self.inner = Inner::Ahead { blocks, block: Block { bytes, end }, at: LEAD };
            }
            Err(input) => *reader.get_mut() = input,
        }
    }

    fn consume(&mut self, count: usize) {
        match &mut self.inner {
            Inner::Here(reader) => reader.consume(count),
            Inner::Ahead { at, .. } => *at = at.saturating_add(count),
        }
        self.taken = self.taken.saturating_add(u64::try_from(count).unwrap_or(0));
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?.first().copied();
        if byte.is_some() {
            self.consume(1);
        }
        Ok(byte)
    }

    fn array<const N: usize>(&mut self, expected: &'static str) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        for slot in &mut bytes {
            *slot = self.byte()?.ok_or_else(|| Damage::error(self.taken, expected))?;
        }
        Ok(bytes)
    }

    fn damage(&self, expected: &'static str) -> io::Error {
        Damage::error(self.taken, expected)
    }
}

/// Where a gzip reader stands.
enum Member {
    Start,
    Body,
    Trailer,
    End,
}

/// Members of RFC 1952, one after the other.
struct Gzip {
    input: Input,
    inflate: Decompress,
    crc: flate2::Crc,
    state: Member,
}

impl Read for Gzip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                Member::Start => self.header()?,
                Member::Body => {
                    let count = self.body(out)?;
                    if count > 0 || out.is_empty() {
                        return Ok(count);
                    }
                }
                Member::Trailer => self.trailer()?,
                Member::End => return Ok(0),
            }
        }
    }
}

impl Gzip {
    /// The header of the next member; none, or padding with zeros, ends the file.
    fn header(&mut self) -> io::Result<()> {
        const HEADER: &str = "the header of a gzip member";
        let later = self.input.taken > 0;
        loop {
            match self.input.byte()? {
                None => {
                    self.state = Member::End;
                    return Ok(());
                }
                Some(0) if later => {}
                Some(0x1f) => break,
                Some(_) => return Err(self.input.damage(HEADER)),
            }
        }
        let [magic, method, flags, _, _, _, _, _, _] = self.input.array(HEADER)?;
        if (magic, method) != (0x8b, 8) || flags & 0xe0 != 0 {
            return Err(self.input.damage(HEADER));
        }
        if flags & 4 != 0 {
            let length = u16::from_le_bytes(self.input.array(HEADER)?);
            for _ in 0..length {
                self.input.array::<1>(HEADER)?;
            }
        }
        // The file's name and a comment, each up to a NUL.
        for present in [flags & 8 != 0, flags & 16 != 0] {
            while present && self.input.array::<1>(HEADER)? != [0] {}
        }
        if flags & 2 != 0 {
            self.input.array::<2>(HEADER)?;
        }
        self.inflate.reset(false);
        self.crc.reset();
        self.state = Member::Body;
        Ok(())
    }

    fn body(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let bytes = self.input.peek()?;
            let at_end = bytes.is_empty();
            let (input_before, output_before) = (self.inflate.total_in(), self.inflate.total_out());
            let flush = if at_end { FlushDecompress::Finish } else { FlushDecompress::None };
            let status = self.inflate.decompress(bytes, out, flush);
            let consumed = difference(self.inflate.total_in(), input_before);
            let produced = difference(self.inflate.total_out(), output_before);
            self.input.consume(consumed);
            if let Some(done) = out.get(..produced) {
                self.crc.update(done);
            }
            match status {
                Ok(Status::StreamEnd) => {
                    self.state = Member::Trailer;
                    return Ok(produced);
                }
                _ if produced > 0 || out.is_empty() => return Ok(produced),
                Err(_) => return Err(self.input.damage("compressed data (gzip)")),
                Ok(_) if at_end => {
                    return Err(self.input.damage("more compressed data (gzip), the file ends"));
                }
                Ok(_) if consumed == 0 => return Err(self.input.damage("compressed data (gzip)")),
                Ok(_) => {}
            }
        }
    }

    fn trailer(&mut self) -> io::Result<()> {
        const TRAILER: &str = "the checksum and length of a gzip member";
        let crc = u32::from_le_bytes(self.input.array(TRAILER)?);
        let length = u32::from_le_bytes(self.input.array(TRAILER)?);
        if crc != self.crc.sum() || length != self.crc.amount() {
            return Err(self.input.damage("a matching checksum of the gzip member before"));
        }
        self.state = Member::Start;
        Ok(())
    }
}

/// Frames of RFC 8878, one after the other.
struct Zstd {
    input: Input,
    context: DCtx<'static>,
    /// How many bytes the next block takes; 0 between frames.
    want: usize,
    /// The last call filled all its output: there may be more without new input.
    full: bool,
    members: u64,
}

impl Read for Zstd {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            // One block at a time: a call that fails loses the output it made, so it must not hold an earlier block's.
            let bytes = self.input.peek()?;
            let at_end = bytes.is_empty() && !self.full;
            if at_end {
                return match self.want {
                    0 if self.members > 0 => Ok(0),
                    _ => Err(self.input.damage("more compressed data (zstd), the file ends")),
                };
            }
            let limit = match (self.full, self.want) {
                (true, _) => 0,
                (false, 0) => 1,
                (false, want) => want,
            };
            let mut input = InBuffer::around(bytes.get(..limit).unwrap_or(bytes));
            let mut output = OutBuffer::around(&mut *out);
            let result = self.context.decompress_stream(&mut output, &mut input);
            let (consumed, produced) = (input.pos(), output.pos());
            self.full = produced == out.len();
            self.input.consume(consumed);
            match result {
                Ok(want) => self.want = want,
                Err(_) => return Err(self.input.damage("compressed data (zstd)")),
            }
            if self.want == 0 {
                self.members = self.members.saturating_add(1);
                self.full = false;
            }
            if produced > 0 {
                return Ok(produced);
            }
            self.full = false;
        }
    }
}

/// Streams of the .xz format, one after the other.
struct Xz {
    input: Input,
    stream: Stream,
    finished: bool,
}

impl Read for Xz {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.finished {
            return Ok(0);
        }
        loop {
            let bytes = self.input.peek()?;
            let at_end = bytes.is_empty();
            let action = if at_end { Action::Finish } else { Action::Run };
            let (input_before, output_before) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.process(bytes, out, action);
            let consumed = difference(self.stream.total_in(), input_before);
            let produced = difference(self.stream.total_out(), output_before);
            self.input.consume(consumed);
            match status {
                Ok(liblzma::stream::Status::StreamEnd) => {
                    self.finished = true;
                    return Ok(produced);
                }
                _ if produced > 0 => return Ok(produced),
                Err(liblzma::stream::Error::MemLimit) => {
                    return Err(self.input.damage("an xz stream that needs at most 128 MiB of memory"));
                }
                Ok(_) if at_end => return Err(self.input.damage("more compressed data (xz), the file ends")),
                Err(_) if at_end => {
                    return Err(self.input.damage("more compressed data (xz), the file ends"));
                }
                Err(_) => return Err(self.input.damage("compressed data (xz)")),
                Ok(_) if consumed == 0 => return Err(self.input.damage("compressed data (xz)")),
                Ok(_) => {}
            }
        }
    }
}

fn difference(after: u64, before: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}
