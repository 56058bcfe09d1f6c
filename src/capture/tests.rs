//! Hand-made captures, well-formed and not.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

mod build;
pub(super) mod compressed;
mod followed;
mod pcap;
mod pcapng;
mod snoop;
mod written;

use std::io::Read;

use proptest::prelude::*;

pub(super) use build::{Build, ORDERS};
use build::{small_pcap, small_pcapng, small_snoop};

use super::bytes::Order;
use super::*;
use crate::time::{Precision, Timestamp};

/// A frame with everything owned.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    number: u64,
    time: Option<i64>,
    precision: Precision,
    link: u32,
    interface: Option<String>,
    data: Vec<u8>,
    original_len: u32,
}

fn drain<R: Read>(reader: &mut Reader<R>) -> (Vec<Owned>, Option<CaptureError>) {
    let mut frames = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(frame)) => frames.push(Owned {
                number: frame.number,
                time: frame.time.map(Timestamp::nanoseconds),
                precision: frame.precision,
                link: frame.link.0,
                interface: frame.interface_name.map(str::to_owned),
                data: frame.data.to_vec(),
                original_len: frame.original_len,
            }),
            Ok(None) => return (frames, None),
            Err(error) => {
                assert!(matches!(reader.next(), Ok(None)), "an error ends the capture");
                return (frames, Some(error));
            }
        }
    }
}

fn read_all(bytes: &[u8]) -> (Vec<Owned>, Option<CaptureError>) {
    match Reader::new("test", bytes) {
        Ok(mut reader) => drain(&mut reader),
        Err(error) => (Vec::new(), Some(error)),
    }
}

fn complaint(bytes: &[u8]) -> String {
    read_all(bytes).1.map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn every_prefix_delivers_what_is_whole_and_names_the_rest() {
    for whole in [
        small_pcap(Order::Little),
        small_pcap(Order::Big),
        small_pcapng(Order::Little),
        small_pcapng(Order::Big),
        small_snoop(),
    ] {
        let (all, error) = read_all(&whole);
        assert!(error.is_none());
        for end in 0..whole.len() {
            let (frames, error) = read_all(&whole[..end]);
            assert_eq!(frames[..], all[..frames.len()], "cut at {end}");
            assert!(frames.len() <= all.len());
            if let Some(error) = error {
                assert!(error.is_damage(), "cut at {end}: {error}");
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
}

#[test]
fn every_mutation_ends_without_panic() {
    for whole in [small_pcap(Order::Little), small_pcapng(Order::Big), small_snoop()] {
        for place in 0..whole.len() {
            for value in 0..=255 {
                let mut bytes = whole.clone();
                bytes[place] = value;
                let (frames, _) = read_all(&bytes);
                assert!(frames.len() <= 4);
            }
        }
    }
}

#[test]
fn what_is_no_capture_is_called_that() {
    assert_eq!(complaint(b""), "test: not a capture: the file is empty");
    let text = "test: not a capture: expected the magic number of pcap or pcapng at byte 0, found ";
    assert_eq!(complaint(b"Hello world"), format!("{text}\"Hello wo\""));
    assert_eq!(complaint(b"a\n\"b"), format!("{text}\"a\\n\\\"b\""));
    assert_eq!(complaint(b"\x1b[31mxyz"), format!("{text}0x1b5b33316d78797a"));
    assert_eq!(complaint(b"ab"), format!("{text}\"ab\""));
    assert_eq!(complaint(b"BZh91AY"), format!("{text}bzip2 data; decompress it first"));
}

#[test]
fn missing_files_directories_and_hostile_names_have_errors_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let Err(error) = open(folder.path()) else { panic!("a directory") };
    assert!(matches!(error, CaptureError::Directory { .. }) && !error.is_damage());
    let Err(error) = open(folder.path().join("a\u{1b}b")) else { panic!("missing") };
    assert!(matches!(error, CaptureError::Open { .. }) && !error.is_damage());
    assert!(error.to_string().contains("a\\u{1b}b"), "{error}");
}

proptest! {
    #[test]
    fn noise_behind_a_good_start_ends_without_panic(order in any::<bool>(), noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let order = if order { Order::Big } else { Order::Little };
        for mut bytes in [small_pcap(order), small_pcapng(order)] {
            bytes.extend(&noise);
            let (frames, _) = read_all(&bytes);
            prop_assert!(frames.len() >= 2);
        }
    }
}
