//! Values with which nothing can be wrong, told at a glance: most values of most messages are such, and whoever only
//! wants to know what is wrong need not decode them.

use super::kind::{Field, Kind};
use super::registry::Space;
use super::shapes::Shape;
use super::tables::v6;
use crate::wire::v6::packet::Packet;

/// Lists of options inside each other that are looked into; deeper ones are decoded like everything else.
const LEVELS: u8 = 4;

/// True only where [`decode_at`](super::decode_at) succeeds and notes no problem. False says nothing.
pub fn is_plain(kind: &Kind, bytes: &[u8]) -> bool {
    plain(kind, bytes, LEVELS)
}

fn plain(kind: &Kind, bytes: &[u8], levels: u8) -> bool {
    match kind {
        Kind::Text | Kind::Auto | Kind::Bytes | Kind::Opaque | Kind::Message4 => true,
        Kind::Empty => bytes.is_empty(),
        Kind::U8 => bytes.len() == 1,
        Kind::Hardware => !bytes.is_empty(),
        Kind::List(Kind::OptionCode(space)) => multiple(bytes, space.code_width.into()),
        Kind::List(Kind::Name) => names(bytes),
        Kind::Name => behind_name(bytes, false).is_some_and(<[u8]>::is_empty),
        Kind::List(item) => item.fixed_len().is_some_and(|length| multiple(bytes, length)),
        Kind::Duid => match bytes {
            // The hardware type, the time, and an address.
            [0, 1, rest @ ..] => rest.len() > 6,
            [0, 3, rest @ ..] => rest.len() > 2,
            _ => false,
        },
        Kind::Record(fields) => record(fields, bytes, levels),
        Kind::Options(space) => options(space, bytes, levels),
        Kind::Message6 => {
            let packet = Packet::new(bytes);
            let behind = bytes.get(packet.header_len()..);
            !bytes.is_empty() && behind.is_some_and(|behind| options(&v6::SPACE, behind, levels))
        }
        Kind::Shaped(Shape::Fqdn) => {
            bytes.get(1..).and_then(|name| behind_name(name, true)).is_some_and(<[u8]>::is_empty)
        }
        Kind::Shaped(shape) => match shape.holds_options() {
            Some((head, space)) => bytes.get(head..).is_some_and(|behind| options(space, behind, levels)),
            None => false,
        },
        _ => kind.fixed_len() == Some(bytes.len()),
    }
}

fn multiple(bytes: &[u8], of: usize) -> bool {
    bytes.len().checked_rem(of) == Some(0)
}

/// What stands behind the whole name that `bytes` begin with, as `domain::read_digits` reads it.
fn behind_name(bytes: &[u8], partial: bool) -> Option<&[u8]> {
    let mut rest = bytes;
    loop {
        let Some((length, label)) = rest.split_first() else { return partial.then_some(rest) };
        if *length == 0 {
            return Some(label);
        }
        rest = label.get(usize::from(*length)..)?;
        if *length > 63 || bytes.len().saturating_sub(rest.len()) >= 255 {
            return None;
        }
    }
}

fn names(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Some(behind) = behind_name(bytes, false) else { return false };
        bytes = behind;
    }
    true
}

fn record(fields: &[Field], mut bytes: &[u8], levels: u8) -> bool {
    for field in fields {
        if field.optional && bytes.is_empty() {
            return true;
        }
        let length = match field.kind {
            Kind::U8 => Some(1),
            kind => kind.fixed_len(),
        };
        // What has no length of its own ends the record, or is not looked at here.
        let whole = length.unwrap_or(bytes.len());
        let Some((value, rest)) = bytes.split_at_checked(whole) else { return false };
        if length.is_none() && !plain(&field.kind, value, levels) {
            return false;
        }
        bytes = rest;
    }
    bytes.is_empty()
}

/// Whole options up to the end, each with a plain value.
fn options(space: &Space, mut bytes: &[u8], levels: u8) -> bool {
    let Some(levels) = levels.checked_sub(1).filter(|_| space.code_width == 2) else { return false };
    while let [a, b, c, d, rest @ ..] = bytes {
        let (code, length) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
        let Some((payload, behind)) = rest.split_at_checked(length.into()) else { return false };
        if space.by_code(code).is_some_and(|row| !plain(&row.kind, payload, levels)) {
            return false;
        }
        bytes = behind;
    }
    bytes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::options::{Context, Trace, blind, decode_at};
    use proptest::prelude::*;

    /// Whether the decoder finds nothing wrong with it.
    fn is_sound(kind: &Kind, bytes: &[u8]) -> bool {
        let trace = Trace::default();
        let cx = Context { trace: Some(&trace), depth: 1, lax: true, ..Context::default() };
        decode_at(kind, bytes, 0, &cx, &mut blind()).is_ok() && trace.is_empty()
    }

    fn option(code: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap();
        [&code.to_be_bytes(), &length.to_be_bytes(), payload].concat()
    }

    fn row(code: u16) -> &'static Kind {
        &v6::SPACE.by_code(code).unwrap().kind
    }

    /// A message with an IA that holds an address, relayed `times` over.
    fn relayed(times: u8) -> Vec<u8> {
        let address = option(v6::IAADDR, &[7; 24]);
        let mut message =
            [&[1, 0, 0, 7][..], &option(v6::IA_NA, &[&[0; 12][..], &address].concat())].concat();
        for _ in 0..times {
            message = [&[12][..], &[0; 33], &option(v6::RELAY_MSG, &message)].concat();
        }
        message
    }

    #[test]
    fn what_clients_and_servers_send_is_plain() {
        for (code, payload) in [
            (v6::CLIENTID, vec![0, 1, 0, 1, 1, 2, 3, 4, 2, 0, 0, 0, 0, 5]),
            (v6::SERVERID, vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 5]),
            (v6::IA_NA, [&[0; 12][..], &option(v6::IAADDR, &[7; 24])].concat()),
            (v6::IA_PD, [&[0; 12][..], &option(v6::IAPREFIX, &[7; 25])].concat()),
            (v6::ORO, vec![0, 23, 0, 24]),
            (v6::ELAPSED_TIME, vec![0, 0]),
            (v6::RAPID_COMMIT, vec![]),
            (v6::DNS_SERVERS, vec![0xfd; 32]),
            (v6::STATUS_CODE, b"\0\x02none left".to_vec()),
            (v6::DOMAIN_LIST, b"\x03lab\x00\x01a\x01b\x00".to_vec()),
            (v6::CLIENT_FQDN, b"\x01\x04host".to_vec()),
            (v6::CLIENT_FQDN, b"\x01\x04host\x03lab\x00".to_vec()),
            (v6::NIS_DOMAIN_NAME, [&[63; 64][..], &[63; 64], &[63; 64], &[61; 62], &[0]].concat()),
            (v6::RELAY_MSG, relayed(1)),
        ] {
            assert!(is_plain(row(code), &payload), "option {code}");
            // What is cut short anywhere is plain only where the decoder has nothing against it either.
            for end in 0..payload.len() {
                let cut = payload.get(..end).unwrap();
                assert!(!is_plain(row(code), cut) || is_sound(row(code), cut), "option {code}, {end} bytes");
            }
        }
        assert!(!is_plain(row(v6::RELAY_MSG), &relayed(40)));
        // Names of 255 bytes and more, and labels of 64.
        for long in
            [[&[63; 64][..], &[63; 64], &[63; 64], &[62; 63], &[0]].concat(), [&[64; 65][..], &[0]].concat()]
        {
            let fqdn = [&[1][..], &long].concat();
            for (code, payload) in
                [(v6::NIS_DOMAIN_NAME, &long), (v6::DOMAIN_LIST, &long), (v6::CLIENT_FQDN, &fqdn)]
            {
                assert!(!is_plain(row(code), payload) && !is_sound(row(code), payload), "option {code}");
            }
        }
    }

    proptest! {
        #[test]
        fn plain_values_are_sound(
            code in 0_u16..160, payload in proptest::collection::vec(any::<u8>(), 0..40),
            inner in 0_u16..160, behind in proptest::collection::vec(0_u8..4, 0..30), head in 0_usize..40,
        ) {
            let head = vec![0; head];
            let nested = [head, option(inner, &payload), behind.clone()].concat();
            for row in [v6::SPACE.by_code(code), super::super::nd::SPACE.by_code(code)].into_iter().flatten() {
                for payload in [&payload, &nested, &behind] {
                    prop_assert!(!is_plain(&row.kind, payload) || is_sound(&row.kind, payload), "{}", row.name);
                }
            }
        }
    }
}
