//! Who gives what address, where a line is short.

use std::net::Ipv4Addr;

use crate::output::packet::line::rank;
use crate::output::styled::{Label, Styled};
use crate::output::text::Text;

/// What is given and who gives it, in few columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Short {
    given: Ipv4Addr,
    length: Option<u8>,
    server: Ipv4Addr,
    /// The server is told by its last number.
    last: bool,
}

impl Short {
    const GAP: &str = "  ";
    const FROM: &str = " from ";

    /// Appends it.
    pub(super) fn write(&self, out: &mut Styled) {
        out.piece(rank::CORE).text(Self::GAP);
        out.labelled(Label::Address, |out| with_length(self.given, self.length, out));
        out.label(Label::Dim, Self::FROM);
        out.labelled(Label::Address, |out| match self.server.octets() {
            [.., last] if self.last => {
                out.push('.');
                out.digits(last);
            }
            _ => out.ip4(self.server),
        });
    }

    fn columns(&self) -> usize {
        let [.., last] = self.server.octets();
        let server = if self.last { digits(last).saturating_add(1) } else { dotted(self.server) };
        [Self::GAP.len(), lengthy(self.given, self.length), Self::FROM.len(), server].iter().sum()
    }
}

/// The few columns that are spent on what a server gives where there is no `room` for all: who gives it matters as much. Where even the
/// prefix length is too much, a server of the same 256 addresses is told by its last number.
pub(super) fn short(given: Ipv4Addr, length: Option<u8>, server: Ipv4Addr, room: usize) -> Option<Short> {
    let whole = ["  gets ".len(), lengthy(given, length), "  server ".len(), dotted(server)];
    if whole.iter().sum::<usize>() <= room {
        return None;
    }
    let ([network @ .., _], [near @ .., _]) = (given.octets(), server.octets());
    let least = Short { given, length: None, server, last: network == near };
    let longer =
        [Short { length, last: false, ..least }, Short { last: false, ..least }, Short { length, ..least }];
    Some(longer.into_iter().find(|way| way.columns() <= room).unwrap_or(least))
}

/// Appends an address and its prefix length.
pub(super) fn with_length(address: Ipv4Addr, length: Option<u8>, out: &mut Text) {
    out.ip4(address);
    if let Some(length) = length {
        out.push('/');
        out.digits(length);
    }
}

/// How many columns an address and its prefix length take.
fn lengthy(address: Ipv4Addr, length: Option<u8>) -> usize {
    dotted(address).saturating_add(length.map_or(0, |length| digits(length).saturating_add(1)))
}

/// The same of an address alone.
fn dotted(address: Ipv4Addr) -> usize {
    address.octets().into_iter().map(digits).sum::<usize>().saturating_add(3)
}

fn digits(number: u8) -> usize {
    match number {
        0..10 => 1,
        10..100 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_told_as_there_is_room_for() {
        let ip = |text: &str| text.parse::<Ipv4Addr>().unwrap();
        let told = |server: &str, length: Option<u8>, room: usize| {
            short(ip("10.20.130.4"), length, ip(server), room).map(|short| {
                let mut out = Styled::new(false);
                short.write(&mut out);
                assert_eq!(out.as_str().len(), short.columns());
                out.as_str().to_owned()
            })
        };
        let whole = "  gets 10.20.130.4/24  server 10.20.130.99".len();
        assert_eq!(told("10.20.130.99", Some(24), whole), None);
        for text in [
            "  10.20.130.4/24 from 10.20.130.99",
            "  10.20.130.4 from 10.20.130.99",
            "  10.20.130.4/24 from .99",
            "  10.20.130.4 from .99",
        ] {
            assert_eq!(told("10.20.130.99", Some(24), text.len()).as_deref(), Some(text));
        }
        // Where nothing fits it is the least; a server of another network is told whole.
        assert_eq!(told("10.20.130.99", Some(24), 0).as_deref(), Some("  10.20.130.4 from .99"));
        assert_eq!(told("10.20.1.9", None, 0).as_deref(), Some("  10.20.130.4 from 10.20.1.9"));
    }
}
