//! Compressed captures, recognised by content.
//!
//! Every decompressor here delivers each byte it could decode before it reports damage; the ready-made readers of the
//! crates drop what they had decoded in the call that fails.

mod frames;
mod layout;
#[cfg(test)]
mod tests;
mod zstandard;

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

use super::ahead::{Ahead, Block, LEAD, Pool};
use super::source::Source;
use flate2::{Decompress, FlushDecompress, Status};
use liblzma::stream::{Action, CONCATENATED, Stream};

pub(super) use frames::side_by_side;
pub(super) use zstandard::Zstd;

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
    ) -> io::Result<Source> {
        let inner = Inner::Here(BufReader::with_capacity(INPUT, input));
        let input = Input { inner, read_ahead, taken: 0 };
        Ok(match self {
            Self::Gzip => Source::of(Gzip {
                input,
                inflate: Decompress::new(false),
                crc: flate2::Crc::new(),
                state: Member::Start,
            }),
            Self::Zstd => Source::zstd(Zstd::new(input)),
            Self::Xz => Source::of(Xz {
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
    /// Another thread hands out which of the bytes it read are for this one.
    Pieces(Pieces),
}

/// What was read and not consumed, from which byte of the file on, and what nobody has read yet.
struct Unread {
    first: Vec<u8>,
    at: u64,
    input: Box<dyn Read + Send>,
}

/// Bytes of the file, one piece after the other.
struct Pieces {
    pieces: Receiver<io::Result<Piece>>,
    piece: Option<Piece>,
}

/// A part of what was read at once.
struct Piece {
    read: Arc<Portion>,
    at: usize,
    end: usize,
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        self.read.bytes.get(self.at..self.end).unwrap_or_default()
    }
}

/// What was read at once; its memory goes back when the last piece of it is used up.
struct Portion {
    bytes: Vec<u8>,
    pool: Arc<Pool>,
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.bytes));
    }
}

impl Pieces {
    fn new(pieces: Receiver<io::Result<Piece>>) -> Self {
        Self { pieces, piece: None }
    }

    /// What is left of this piece, or the next one.
    fn peek(&mut self) -> io::Result<&[u8]> {
        while self.piece.as_ref().is_none_or(|piece| piece.bytes().is_empty()) {
            // It may be the last one of its portion, which the reader may wait for.
            self.piece = None;
            match self.pieces.recv() {
                Ok(next) => self.piece = Some(next?),
                Err(_) => break,
            }
        }
        Ok(self.piece.as_ref().map_or(&[], Piece::bytes))
    }
}

/// Compressed bytes with their count.
struct Input {
    inner: Inner,
    read_ahead: Arc<AtomicBool>,
    /// How many were consumed.
    taken: u64,
}

impl Input {
    /// What comes as `pieces` from this byte of the file on.
    fn of(at: u64, pieces: Pieces) -> Self {
        Self { inner: Inner::Pieces(pieces), read_ahead: Arc::default(), taken: at }
    }

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
            Inner::Pieces(pieces) => pieces.peek(),
        }
    }

    /// Has all that follows come as `pieces`, unless another thread reads it already. Returns what is still to be read.
    fn exchange(&mut self, pieces: Pieces) -> Option<Unread> {
        let Inner::Here(reader) = &mut self.inner else { return None };
        let first = reader.buffer().to_vec();
        let input = std::mem::replace(reader.get_mut(), Box::new(io::empty()));
        self.inner = Inner::Pieces(pieces);
        Some(Unread { first, at: self.taken, input })
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
            Inner::Pieces(pieces) => {
                if let Some(piece) = &mut pieces.piece {
                    piece.at = piece.at.saturating_add(count);
                }
            }
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
        self.damage_before(0, expected)
    }

    /// Damage so many bytes before what was consumed last.
    fn damage_before(&self, back: u64, expected: &'static str) -> io::Error {
        Damage::error(self.taken.saturating_sub(back), expected)
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
