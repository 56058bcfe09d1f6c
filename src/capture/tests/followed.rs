//! Captures that grow while they are read.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::compressed::COMPRESSORS;
use super::*;

/// Gives out its pieces one by one, with an end of file between them.
struct Pieces(Vec<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let piece = self.0.remove(0);
        out[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

#[test]
fn a_growing_capture_is_followed_byte_by_byte() {
    for whole in [small_pcap(Order::Little), small_pcapng(Order::Big)] {
        let (want, _) = read_all(&whole);
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        for byte in &whole {
            pieces.extend([vec![*byte], vec![]]);
        }
        let waits = Arc::new(AtomicUsize::new(0));
        let (counter, limit) = (Arc::clone(&waits), whole.len());
        let waiter = Box::new(move || counter.fetch_add(1, Ordering::Relaxed) < limit);
        let mut reader = Reader::following("test", Pieces(pieces), waiter).unwrap();
        let (frames, error) = drain(&mut reader);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames, want);
        assert_eq!(waits.load(Ordering::Relaxed), whole.len() + 1);
    }
}

#[test]
fn a_followed_capture_that_becomes_shorter_is_told() {
    let whole = small_pcap(Order::Little);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &whole).unwrap();
    let handle = file.reopen().unwrap();
    let waiter = Box::new(move || handle.set_len(30).is_ok());
    let mut reader = follow(file.path(), waiter).unwrap();
    let (frames, error) = drain(&mut reader);
    assert_eq!(frames, read_all(&whole).0);
    let error = error.unwrap();
    assert!(error.is_damage());
    assert!(
        error.to_string().ends_with("it became shorter (30 bytes), so that it has to be read anew"),
        "{error}"
    );
}

#[test]
fn a_compressed_capture_is_not_followed() {
    for compress in COMPRESSORS {
        let whole = compress(&small_pcap(Order::Little));
        let Err(error) = Reader::following("x.gz", &whole[..], Box::new(|| false)) else {
            panic!("it was read as a capture")
        };
        assert_eq!(
            error.to_string(),
            "x.gz: a compressed capture cannot be followed; without --follow it is decoded to its end"
        );
        assert!(!error.is_damage());
    }
}

#[test]
fn a_followed_capture_may_stop_inside_a_record() {
    let whole = small_pcap(Order::Little);
    let mut reader = Reader::following("test", &whole[..whole.len() - 1], Box::new(|| false)).unwrap();
    let (frames, error) = drain(&mut reader);
    assert_eq!((frames.len(), error.is_none()), (1, true));
}
