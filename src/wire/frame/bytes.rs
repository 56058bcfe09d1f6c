//! Bytes of a layer, together with how many there were before the capture cut them.

/// What a capture holds of a layer (`have`) and how long the layer was on the wire (`len`, never less).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes<'a> {
    pub(super) have: &'a [u8],
    pub(super) len: usize,
}

impl<'a> Bytes<'a> {
    /// `have` was cut from `len` bytes.
    pub(super) fn new(have: &'a [u8], len: usize) -> Self {
        Self { have, len: len.max(have.len()) }
    }

    /// Drops the first `count` bytes; none when the capture does not hold them.
    pub(super) fn skip(self, count: usize) -> Option<Self> {
        let have = self.have.get(count..)?;
        Some(Self { have, len: self.len.saturating_sub(count) })
    }

    /// Splits off a header of fixed size.
    pub(super) fn chunk<const N: usize>(self) -> Option<(&'a [u8; N], Self)> {
        let (head, have) = self.have.split_first_chunk()?;
        Some((head, Self { have, len: self.len.saturating_sub(N) }))
    }

    /// The first `len` bytes at most.
    pub(super) fn limit(self, len: usize) -> Self {
        Self { have: self.have.get(..len).unwrap_or(self.have), len: self.len.min(len) }
    }

    /// Notes that the layer had at least `len` bytes, though not here.
    pub(super) fn promise(self, len: usize) -> Self {
        Self { len: self.len.max(len), ..self }
    }

    /// Drops `count` bytes of trailer.
    pub(super) fn without_trailer(self, count: usize) -> Self {
        self.limit(self.len.saturating_sub(count))
    }

    /// The byte at `at`.
    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.have.get(at).copied()
    }

    /// The big-endian number of two bytes at `at`.
    pub(super) fn be16(self, at: usize) -> Option<u16> {
        be16(self.have, at)
    }

    /// The big-endian number of four bytes at `at`.
    pub(super) fn be32(self, at: usize) -> Option<u32> {
        self.have.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
    }
}

/// The big-endian number of two bytes at `at`.
pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|pair| u16::from_be_bytes(*pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_narrow_and_never_widen() {
        let bytes = Bytes::new(&[1, 2, 3, 4], 10);
        assert_eq!(bytes.skip(4), Some(Bytes { have: &[], len: 6 }));
        assert_eq!(bytes.skip(5), None);
        assert_eq!(bytes.limit(3), Bytes { have: &[1, 2, 3], len: 3 });
        assert_eq!(bytes.limit(7), Bytes { have: &[1, 2, 3, 4], len: 7 });
        assert_eq!(bytes.limit(70).len, 10);
        assert_eq!(bytes.promise(5).len, 10);
        assert_eq!(bytes.promise(50), Bytes { have: &[1, 2, 3, 4], len: 50 });
        assert_eq!(bytes.without_trailer(4).have, [1, 2, 3, 4]);
        assert_eq!(bytes.without_trailer(8).have, [1, 2]);
        assert_eq!(bytes.chunk::<5>(), None);
        assert_eq!(bytes.be16(2), Some(0x0304));
        assert_eq!((bytes.be16(3), bytes.u8(3), bytes.u8(4)), (None, Some(4), None));
        assert_eq!((bytes.be32(0), bytes.be32(1)), (Some(0x0102_0304), None));
        assert_eq!(Bytes::new(&[1, 2], 0).len, 2);
    }
}
