//! The Internet checksum (RFC 1071): one implementation, for what is judged, built and patched.

use std::net::IpAddr;

/// A one's complement sum of 16-bit words, not yet folded. Adds in the byte order of the machine, which gives the same folded
/// sum with its bytes swapped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(u64);

impl Sum {
    /// Adds `bytes`; an odd number of them is filled up with a zero.
    #[inline]
    #[must_use]
    pub fn add_bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        // A carry out of 64 bits counts one, as one out of 16 bits does.
        let wide =
            words.iter().fold(0_u128, |total, word| total.wrapping_add(u64::from_ne_bytes(*word).into()));
        let part = |shift: u32| u64::try_from(wide.wrapping_shr(shift) & 0xffff_ffff).unwrap_or(0);
        let total = [0, 32, 64].into_iter().fold(self.0, |total, shift| total.wrapping_add(part(shift)));
        let (words, rest) = rest.as_chunks::<4>();
        let mut last = [0; 4];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        words.iter().fold(Self(total), |total, word| total.add_word(*word)).add_word(last)
    }

    /// Adds four bytes.
    #[inline]
    #[must_use]
    pub fn add_word(self, bytes: [u8; 4]) -> Self {
        Self(self.0.wrapping_add(u32::from_ne_bytes(bytes).into()))
    }

    /// Adds another sum; `odd` where its bytes begin in the low byte of a word, in which each counts 1 instead of 256 and
    /// the other way round.
    #[inline]
    #[must_use]
    pub fn add_sum(self, other: Self, odd: bool) -> Self {
        let share = if odd { other.short().wrapping_mul(256) } else { other.0 };
        Self(self.0.wrapping_add(share))
    }

    /// Takes away what `bytes` added (RFC 1624).
    #[inline]
    #[must_use]
    pub fn subtract(self, bytes: &[u8]) -> Self {
        Self(self.0.wrapping_add(0xffff_u64.wrapping_sub(Self::default().add_bytes(bytes).short())))
    }

    /// Adds the pseudo header (RFC 768, RFC 8200 §8.1) of an upper layer of `length` bytes; none where the addresses are of
    /// different families.
    #[inline]
    pub fn add_pseudo_header(self, src: IpAddr, dst: IpAddr, protocol: u8, length: usize) -> Option<Self> {
        let addresses = match (src, dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => self.add_word(src.octets()).add_word(dst.octets()),
            (IpAddr::V6(src), IpAddr::V6(dst)) => self.add_bytes(&src.octets()).add_bytes(&dst.octets()),
            _ => return None,
        };
        let length = u32::try_from(length).unwrap_or(0);
        Some(addresses.add_word(length.to_be_bytes()).add_word([0, protocol, 0, 0]))
    }

    /// The sum of 16 bits.
    #[inline]
    pub fn fold(self) -> u16 {
        u16::from_be(u16::try_from(self.short()).unwrap_or_default())
    }

    /// The checksum: the sum's complement.
    #[inline]
    pub fn checksum(self) -> u16 {
        !self.fold()
    }

    /// The checksum of UDP, where zero means "none": its other spelling in one's complement is all ones (RFC 768).
    #[inline]
    pub fn udp_checksum(self) -> u16 {
        match self.checksum() {
            0 => u16::MAX,
            sum => sum,
        }
    }

    /// Folded, in the byte order of the machine.
    #[inline]
    fn short(self) -> u64 {
        let mut total = self.0;
        while total >> 16 != 0 {
            total = (total & 0xffff).wrapping_add(total >> 16);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(bytes: &[u8]) -> Sum {
        Sum::default().add_bytes(bytes)
    }

    #[test]
    fn the_known_vector_of_rfc_1071() {
        assert_eq!(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]).fold(), 0xddf2);
        assert_eq!(sum(&[]).fold(), 0);
        assert_eq!((sum(&[0xff, 0xff]).checksum(), sum(&[0xff, 0xff]).udp_checksum()), (0, 0xffff));
    }

    #[test]
    fn a_pseudo_header_needs_addresses_of_one_family() {
        let (four, six) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([0xfd; 16]));
        let of = |src, dst| Sum::default().add_pseudo_header(src, dst, 17, 8).map(Sum::fold);
        assert_eq!(of(four, four), Some(0x1400 + 2 + 17 + 8));
        assert_eq!(of(four, six), None);
        assert!(of(six, six).is_some());
    }

    proptest! {
        #[test]
        fn parts_add_up_and_can_be_taken_away(
            bytes in prop::collection::vec(any::<u8>(), 1..200),
            at in 0_usize..200,
            more in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            // The slow way.
            let mut slow = bytes.chunks(2).map(|pair| {
                u32::from(pair[0]).saturating_mul(256).saturating_add((*pair.get(1).unwrap_or(&0)).into())
            }).sum::<u32>();
            while slow > 0xffff {
                slow = (slow & 0xffff).saturating_add(slow >> 16);
            }
            prop_assert_eq!(u32::from(sum(&bytes).fold()), slow);
            let at = at.min(bytes.len());
            let (front, back) = bytes.split_at(at);
            let odd = at % 2 == 1;
            prop_assert_eq!(sum(front).add_sum(sum(back), odd).fold(), sum(&bytes).fold());
            // Both spellings of zero are zero.
            let there_and_back = sum(&bytes).add_bytes(&more).subtract(&more).fold();
            prop_assert!(there_and_back == sum(&bytes).fold() || there_and_back % 0xffff == sum(&bytes).fold() % 0xffff);
        }
    }
}
