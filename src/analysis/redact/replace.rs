//! What stands for what.

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::net::Ipv4Addr;

use super::{Redactor, part};
use crate::wire::options::text::{is_printable, without_trailing_zeros};
use crate::wire::{Mac, Prefix};

/// What the secret is asked for: kinds of things do not share their replacements.
#[derive(Clone, Copy, Debug, Hash)]
enum Use {
    /// The makers of network cards.
    Maker,
    /// The cards of this maker.
    Card(u32),
    Ip,
    Xid,
    Interface,
    Name,
    Bytes,
}

/// Blocks of addresses that stay what they are, within what else their first byte begins.
const BLOCKS: [([u8; 4], u8); 4] =
    [([100, 64, 0, 0], 10), ([169, 254, 0, 0], 16), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)];
/// Blocks of which the first and last addresses mean something (RFC 6890).
const EDGED: [([u8; 4], u8); 5] =
    [([0; 4], 8), ([127, 0, 0, 0], 8), ([169, 254, 0, 0], 16), ([224, 0, 0, 0], 4), ([240, 0, 0, 0], 4)];
/// So many networks are kept: beyond them nobody has an overview anyway.
const MOST_NETWORKS: usize = 1 << 16;

/// The networks whose masks are known.
#[derive(Clone, Debug)]
pub(super) struct Networks {
    known: HashSet<Prefix>,
    /// The lengths that there are, by bit.
    lengths: u64,
}

impl Default for Networks {
    fn default() -> Self {
        let mut networks = Self { known: HashSet::new(), lengths: 0 };
        for (address, length) in EDGED {
            networks.add(Prefix::of(address.into(), length));
        }
        networks
    }
}

impl Networks {
    pub(super) fn add(&mut self, network: Prefix) {
        // The last byte stays anyway.
        if network.length() < 24 && self.known.len() < MOST_NETWORKS {
            self.lengths |= 1 << (network.length() & 63);
            self.known.insert(network);
        }
    }

    fn contains(&self, network: Prefix) -> bool {
        self.lengths >> (network.length() & 63) & 1 != 0 && self.known.contains(&network)
    }
}

impl Redactor {
    /// A mask, good or bad: nobody's name begins with ones.
    pub(super) fn mask_at(&self, data: &mut [u8]) {
        let is_number = is_mask(data) || (data.len() == 4 && matches!(data, [0xf8..=0xff, ..]));
        if !is_number {
            self.unread_at(data);
        }
    }

    /// Names as labels with their lengths (RFC 1035), as far as they are that.
    pub(super) fn domain_at(&self, data: &mut [u8]) {
        let mut at = 0_usize;
        while let [length, rest @ ..] = part(data, at..usize::MAX) {
            let taken = match (*length, rest.first()) {
                (length @ 0..64, _) => {
                    let length = usize::from(length);
                    self.unread_at(part(rest, 0..length));
                    length
                }
                // To a name before this one.
                (high @ 192.., Some(low)) if usize::from(u16::from_be_bytes([high & 0x3f, *low])) < at => 1,
                _ => return self.unread_at(part(data, at..usize::MAX)),
            };
            at = at.saturating_add(1).saturating_add(taken);
        }
    }

    /// What may be anything: a text, a hardware address, or bytes.
    pub(super) fn unread_at(&self, data: &mut [u8]) {
        if is_printable(without_trailing_zeros(data)) {
            self.text_at(data);
        } else if data.len() == 6 {
            self.own_mac_at(data);
        } else {
            self.bytes_at(data);
        }
    }

    /// Numbers stay, but any bytes are numbers, names too.
    pub(super) fn numbers_at(&self, data: &mut [u8]) {
        let mut in_name = Vec::with_capacity(data.len());
        for chunk in data.utf8_chunks() {
            for letter in chunk.valid().chars() {
                let is = letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_');
                in_name.extend(std::iter::repeat_n(is, letter.len_utf8()));
            }
            in_name.extend(chunk.invalid().iter().map(|_| false));
        }
        let mut at = 0_usize;
        for run in in_name.chunk_by(|before, after| before == after) {
            let end = at.saturating_add(run.len());
            if run.len() > 3 && run.first() == Some(&true) {
                self.text_at(part(data, at..end));
            }
            at = end;
        }
    }

    /// Every word of a text becomes another of the same length, a hardware address that for which it stands; what is no letter and no
    /// digit stays between them.
    pub(super) fn text_at(&self, data: &mut [u8]) {
        let mut rest = data;
        while let Some((begin, length, Mac(mut mac))) = spelled_mac(rest) {
            let (before, behind) = rest.split_at_mut(begin.min(rest.len()));
            let (spelled, behind) = behind.split_at_mut(length.min(behind.len()));
            self.words_at(before);
            self.own_mac_at(&mut mac);
            spell(mac, spelled);
            rest = behind;
        }
        self.words_at(rest);
    }

    fn words_at(&self, data: &mut [u8]) {
        for word in data.split_mut(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()) {
            let mut numbers = self.numbers(Use::Name, &word.to_ascii_lowercase());
            for letter in word {
                *letter = b'a'.saturating_add(u8::try_from(numbers(26)).unwrap_or(0));
            }
        }
    }

    /// Bytes of unknown meaning become others; zeros stay, and nothing becomes zero.
    pub(super) fn bytes_at(&self, data: &mut [u8]) {
        if data.iter().all(|byte| *byte == 0) {
            return;
        }
        let mut numbers = self.numbers(Use::Bytes, data);
        for byte in data.iter_mut().filter(|byte| **byte != 0) {
            *byte = u8::try_from(numbers(255)).unwrap_or(0).saturating_add(1);
        }
    }

    /// Numbers that follow from `of` and the secret.
    fn numbers(&self, what: Use, of: &[u8]) -> impl FnMut(u64) -> u64 + use<> {
        let secret = self.secret.clone();
        let seed = secret.hash_one((what, of));
        let mut count = 0_u64;
        move |below| {
            count = count.wrapping_add(1);
            secret.hash_one((seed, count)).checked_rem(below).unwrap_or(0)
        }
    }

    /// A permutation of the numbers of `2 * half` bits (a Feistel network), one for each `what`.
    fn permuted(&self, what: Use, number: u64, half: u32) -> u64 {
        let mask = u64::MAX.checked_shl(half).map_or(0, |high| !high);
        let (mut left, mut right) = (number.checked_shr(half).unwrap_or(0) & mask, number & mask);
        for round in 0..4_u8 {
            let mixed = left ^ (self.secret.hash_one((what, round, right)) & mask);
            (left, right) = (right, mixed);
        }
        left.checked_shl(half).unwrap_or(0) | right
    }

    /// The address that stands for `mac`: one of the same kind, and never the same for two; those of one maker stay together. All
    /// zeros and groups stay.
    pub fn mac(&self, mac: Mac) -> Mac {
        let [a, b, c, d, e, f] = mac.0;
        if a & 1 != 0 || mac == Mac::ZERO {
            return mac;
        }
        let maker = u32::from_be_bytes([0, a, b, c]);
        // All but the two flags, which are the lowest of the first byte.
        let bits = u64::from(maker >> 18 << 16 | maker & 0xffff);
        let own = self.permuted(Use::Card(maker), u64::from(u32::from_be_bytes([0, d, e, f])), 12);
        let bits = self.permuted(Use::Maker, bits, 11);
        let first = bits >> 16 << 2 | u64::from(a & 3);
        let [_, _, octets @ ..] = (first << 40 | (bits & 0xffff) << 24 | own).to_be_bytes();
        Mac(octets)
    }

    /// The number of an exchange, which some clients make of their address: another, and never the same for two.
    pub(super) fn xid_at(&self, data: &mut [u8]) {
        match <[u8; 4]>::try_from(&*data) {
            Ok(xid) => {
                let [.., a, b, c, d] =
                    self.permuted(Use::Xid, u32::from_be_bytes(xid).into(), 16).to_be_bytes();
                data.copy_from_slice(&[a, b, c, d]);
            }
            Err(_) => self.bytes_at(data),
        }
    }

    /// The name that stands for an interface's: systemd makes such of hardware addresses.
    pub fn interface(&self, name: &str) -> String {
        format!("if{:06x}", self.secret.hash_one((Use::Interface, name)) & 0xff_ffff)
    }

    pub(super) fn mac_at(&self, data: &mut [u8]) {
        if let Ok(octets) = <[u8; 6]>::try_from(&*data) {
            data.copy_from_slice(&self.mac(Mac(octets)).0);
        }
    }

    /// The hardware address of somebody, which a group is not.
    pub(super) fn own_mac_at(&self, data: &mut [u8]) {
        match data {
            [first, ..] if *first & 1 != 0 && data != Mac::BROADCAST.0 => self.bytes_at(data),
            _ => self.mac_at(data),
        }
    }

    /// The address that stands for `ip`. Addresses with a common beginning keep one, as far as it reaches; the last byte stays, and so
    /// does which address of a known network is the first and the last.
    pub fn ip(&self, ip: Ipv4Addr) -> Ipv4Addr {
        let bits = u32::from(ip);
        let mut flips = 0_u32;
        // So far as it goes, the address is the lowest or the highest of a network; the bit before this one was free.
        let (mut lowest, mut highest, mut was_free) = (false, false, false);
        for bit in 0..24_u8 {
            let before = Prefix::of(ip, bit);
            let known = self.networks.contains(before);
            (lowest, highest) = (lowest || known, highest || known);
            let place = 1_u32 << 31_u32.saturating_sub(bit.into());
            let free = bit >= 8 && !lowest && !highest && !leads_to_a_block(before);
            // The first that is free always changes, so that no address stays.
            if free && (!was_free || self.secret.hash_one((Use::Ip, before)) & 1 != 0) {
                flips |= place;
            }
            was_free |= free;
            (lowest, highest) = (lowest && bits & place == 0, highest && bits & place != 0);
        }
        Ipv4Addr::from(bits ^ flips)
    }

    pub(super) fn ip_at(&self, data: &mut [u8]) {
        match <[u8; 4]>::try_from(&*data) {
            Ok(octets) => data.copy_from_slice(&self.ip(octets.into()).octets()),
            Err(_) => self.bytes_at(data),
        }
    }
}

/// The mask of a network: ones, then zeros.
fn is_mask(data: &[u8]) -> bool {
    <[u8; 4]>::try_from(data).is_ok_and(|mask| Prefix::length_of(mask.into()).is_some())
}

/// Where in a text the first hardware address is spelled, how long it is there, and which it is.
fn spelled_mac(text: &[u8]) -> Option<(usize, usize, Mac)> {
    let mut begins = true;
    for (at, byte) in text.iter().enumerate() {
        if begins && let Some((length, mac)) = text.get(at..).and_then(spelled_here) {
            return Some((at, length, mac));
        }
        begins = byte.is_ascii() && !byte.is_ascii_alphanumeric();
    }
    None
}

/// The hardware address that a text begins with, in one of the four ways that it is spelled in.
fn spelled_here(text: &[u8]) -> Option<(usize, Mac)> {
    let (length, _) = [(17, 2, b':'), (17, 2, b'-'), (14, 4, b'.'), (12, 12, b' ')]
        .into_iter()
        .find(|(length, group, between)| {
            let ends = text.get(*length).is_none_or(|next| next.is_ascii() && !next.is_ascii_alphanumeric());
            let is_group = |part: &[u8]| part.len() == *group && part.iter().all(u8::is_ascii_hexdigit);
            ends && text
                .get(..*length)
                .is_some_and(|spelled| spelled.split(|byte| byte == between).all(is_group))
        })
        .map(|(length, group, _)| (length, group))?;
    let digits = text.get(..length)?.iter().filter_map(|byte| char::from(*byte).to_digit(16));
    let bits = digits.fold(0_u64, |bits, digit| bits << 4 | u64::from(digit));
    let [_, _, octets @ ..] = bits.to_be_bytes();
    Some((length, Mac(octets)))
}

/// Writes the digits of an address over those that spell another, as large as they are.
fn spell(mac: [u8; 6], over: &mut [u8]) {
    let large = over.iter().any(u8::is_ascii_uppercase);
    let mut digits = mac.into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    for place in over.iter_mut().filter(|byte| byte.is_ascii_hexdigit()) {
        let digit = digits.next().and_then(|digit| char::from_digit(digit.into(), 16)).unwrap_or('0');
        let digit = if large { digit.to_ascii_uppercase() } else { digit };
        *place = u8::try_from(digit).unwrap_or(b'0');
    }
}

/// A block begins with these bits and goes on.
fn leads_to_a_block(beginning: Prefix) -> bool {
    let bits = beginning.length();
    BLOCKS.iter().any(|(block, length)| bits < *length && Prefix::of((*block).into(), bits) == beginning)
}
