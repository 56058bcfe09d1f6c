//! What is kept from message to message changes nothing of what is written.

use proptest::prelude::*;

use super::*;
use crate::wire::v4::{COOKIE, Outline};

/// Messages as clients and servers send them, one after the other: each is one of a few, now and then longer, shorter, with
/// another value, with an option twice, with pads, or cut.
pub(in crate::output) fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let option = proptest::sample::select(vec![
        &[12, 2, b'h', b'i'][..],
        &[3, 4, 10, 0, 0, 1],
        &[6, 8, 10, 0, 0, 1, 10, 0, 0, 2],
        &[51, 4, 0, 0, 14, 16],
        &[54, 4, 10, 0, 0, 1],
        &[61, 7, 1, 2, 0, 0, 0, 0, 1],
        &[60, 3, b'a', b'b', b'c'],
        &[82, 4, 1, 2, b'g', b'0'],
        &[43, 3, 1, 1, 7],
    ]);
    let template = (0_u8..4, proptest::collection::vec(option, 0..8));
    let templates = proptest::collection::vec(template, 1..4);
    let change = (any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), 0_u8..16);
    (templates, proptest::collection::vec(change, 1..80)).prop_map(|(templates, changes)| {
        let message = |(which, at, change): &(proptest::sample::Index, proptest::sample::Index, u8)| {
            let (op, options) = which.get(&templates);
            let mut options: Vec<Vec<u8>> = options.iter().map(|option| option.to_vec()).collect();
            if !options.is_empty() {
                let place = at.index(options.len());
                match change {
                    0 => options.truncate(place),
                    1 => options.push(vec![50, 4, 10, 0, 0, *change]),
                    2 => *options[place].last_mut().unwrap() ^= 1,
                    3 => options.insert(place, options[place].clone()),
                    4 => options.insert(place, vec![0]),
                    5 => options[place] = vec![51, 2, 0, 1],
                    _ => {}
                }
            }
            let mut bytes = vec![0; FIXED_LEN];
            bytes[..3].copy_from_slice(&[*op, 1, 6]);
            bytes.extend(COOKIE);
            bytes.extend([53, 1, if op & 1 == 1 { 1 } else { 2 }]);
            bytes.extend(options.concat());
            bytes.push(255);
            if *change == 6 {
                bytes.truncate(at.index(bytes.len()));
            }
            bytes
        };
        changes.iter().map(message).collect()
    })
}

/// Gives these messages to `check`, often enough for options to become steady.
pub(in crate::output) fn each(
    messages: &[Vec<u8>],
    mut check: impl FnMut(&PacketRecord<'_>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut outline = Outline::default();
    for bytes in messages.iter().cycle().take(messages.len().saturating_mul(6)) {
        let packet = Packet::new(bytes);
        outline.read(&packet, bytes.len(), false);
        let datagram = Datagram::bare(bytes);
        check(&PacketRecord::of(&datagram, packet, &outline, bytes.len()))?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_remembered_is_what_would_be_written(messages in messages()) {
        let mut kept = PacketJson::default();
        each(&messages, |record| {
            let (mut known, mut anew) = (JsonOut::new(), JsonOut::new());
            let mut fresh = PacketJson::default();
            kept.write(record, &mut known);
            fresh.write(record, &mut anew);
            prop_assert_eq!(String::from_utf8_lossy(&known.buf), String::from_utf8_lossy(&anew.buf));
            prop_assert_eq!(kept.value_problems(), fresh.value_problems());
            Ok(())
        })?;
    }
}

/// What the test above is about happens in it.
#[test]
fn a_request_begins_as_its_discover_did() {
    let message = |kind: u8, address: u8, more: &[u8]| {
        let mut bytes = vec![0; FIXED_LEN];
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes.extend(COOKIE);
        bytes.extend([53, 1, kind, 61, 7, 1, 2, 0, 0, 0, 0, address, 12, 2, b'h', b'0', 57, 2, 5, 220]);
        bytes.extend(more);
        bytes.push(255);
        bytes
    };
    let mut kept = PacketJson::default();
    let clients =
        (0..20).flat_map(|client| [message(1, client, &[]), message(3, client, &[54, 4, 10, 0, 0, 1])]);
    let mut copied = 0_usize;
    each(&clients.collect::<Vec<_>>(), |record| {
        kept.write(record, &mut JsonOut::new());
        copied = copied.max(kept.texts.begins_with(1));
        Ok(())
    })
    .unwrap();
    assert_eq!(copied, 3);
}
