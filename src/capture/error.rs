//! What can go wrong with a capture.

use std::fmt;
use std::io;

/// Why a capture could not be opened, read to its end, or written. Every message is one line without control
/// characters that begins with the capture's name.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file could not be opened: it is not there, or may not be read.
    #[error("{}: cannot open: {source}", Printable(.name))]
    Open {
        /// The capture.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It is a directory.
    #[error("{}: is a directory; name the capture files in it", Printable(.name))]
    Directory {
        /// The directory.
        name: String,
    },
    /// It has no bytes at all.
    #[error("{}: not a capture: the file is empty", Printable(.name))]
    Empty {
        /// The capture.
        name: String,
    },
    /// It is a capture of another program's format.
    #[error("{}: {format}, which is not read; convert it: editcap -F pcapng FILE NEW.pcapng", Printable(.name))]
    Foreign {
        /// The capture.
        name: String,
        /// What it is.
        format: &'static str,
    },
    /// It begins like no capture.
    #[error("{}: not a capture: expected the magic number of pcap or pcapng at byte 0, found {}", Printable(.name), Found(.found))]
    NotACapture {
        /// The file.
        name: String,
        /// Its first bytes, at most eight.
        found: Vec<u8>,
    },
    /// What came through a pipe cannot be kept.
    #[error("cannot keep standard input to read it twice: {source}")]
    Keep {
        /// Why.
        source: io::Error,
    },
    /// It is compressed, and was to be read as it grows.
    #[error("{}: a compressed capture cannot be followed; without --follow it is decoded to its end", Printable(.name))]
    Compressed {
        /// The file.
        name: String,
    },
    /// The operating system could not read on.
    #[error("{}: cannot read at byte {offset}: {source}", Printable(.name))]
    Read {
        /// The capture.
        name: String,
        /// Where, in bytes from the start of the decompressed capture.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The bytes are not those of a capture from here on. All frames before have been delivered.
    #[error("{}: damaged at byte {offset}{}: expected {expected}", Printable(.name), InFile(*.compressed))]
    Damaged {
        /// The capture.
        name: String,
        /// Where, in bytes from the start of the decompressed capture.
        offset: u64,
        /// For damage of a compressed file: the same place in the file itself.
        compressed: Option<u64>,
        /// What should have stood there, and what does.
        expected: String,
    },
    /// A frame could not be written.
    #[error("{}: cannot write: {source}", Printable(.name))]
    Write {
        /// The capture.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The frame does not fit the format that is written.
    #[error("{}: {reason}", Printable(.name))]
    Unfit {
        /// The capture.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl CaptureError {
    /// True when the input is at fault (damaged, empty or no capture), false when the system or the command line is.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Empty { .. } | Self::NotACapture { .. } | Self::Damaged { .. })
    }
}

/// A file name with its control characters made visible.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

/// The first bytes of a file: quoted where they are text, in hex otherwise.
struct Found<'a>(&'a [u8]);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, magic) in
            [("bzip2", &b"BZh"[..]), ("LZ4", &b"\x04\x22\x4d\x18"[..]), ("zip", &b"PK\x03\x04"[..])]
        {
            if self.0.starts_with(magic) {
                return write!(f, "{name} data; decompress it first");
            }
        }
        if self.0.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')) {
            return write!(f, "\"{}\"", self.0.escape_ascii());
        }
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The place in a compressed file.
struct InFile(Option<u64>);

impl fmt::Display for InFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(offset) => write!(f, " (byte {offset} of the compressed file)"),
            None => Ok(()),
        }
    }
}

/// The format of a capture that begins with `start`, where it is one that is known and not read.
pub(super) fn foreign_format(start: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 9] = [
        (b"RTSS", "a capture of Microsoft Network Monitor 1"),
        (b"GMBU", "a capture of Microsoft Network Monitor 2"),
        (b"btsnoop\0", "a Bluetooth btsnoop capture"),
        (b"TRSNIFF ", "a Sniffer capture"),
        (b"XCP\0", "a NetXRay capture"),
        (b"Observer", "an Observer capture"),
        (b"iptrace ", "an AIX iptrace capture"),
        (b"\x05VNF", "a Visual Networks capture"),
        (b"\x7fver", "a Peek capture"),
    ];
    let named = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, name)| *name);
    named.or_else(|| is_erf(start).then_some("an Endace ERF capture"))
}

/// Whether a record of Endace's format stands here, which has no magic number: a time between 1990 and 2038 (fraction, seconds),
/// a known type, and lengths that fit each other.
fn is_erf(start: &[u8]) -> bool {
    let Some(&[_, _, _, _, s0, s1, s2, s3, kind, _, r0, r1, _, _, w0, w1]) = start.first_chunk() else {
        return false;
    };
    let seconds = u32::from_le_bytes([s0, s1, s2, s3]);
    let (record, wire) = (u16::from_be_bytes([r0, r1]), u16::from_be_bytes([w0, w1]));
    let plausible = record >= 16 && u32::from(record) <= u32::from(wire).saturating_add(64);
    (631_152_000..=0x7fff_ffff).contains(&seconds) && (1..=27).contains(&(kind & 0x7f)) && plausible
}

/// A growing file turned out to be shorter than what was read of it.
#[derive(Debug, thiserror::Error)]
#[error("the file to grow; it became shorter ({0} bytes), so that it has to be read anew")]
pub(super) struct Shrunk(pub(super) u64);
