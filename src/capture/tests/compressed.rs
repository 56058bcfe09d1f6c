//! Captures behind gzip, zstd and xz.

use std::io::{self, Write as _};
use std::sync::Arc;

use super::*;

fn opened(bytes: &[u8]) -> (Vec<Owned>, Option<CaptureError>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    match open(file.path()) {
        Ok(mut reader) => {
            assert_eq!(reader.size(), u64::try_from(bytes.len()).ok());
            let result = drain(&mut reader);
            assert!(reader.position() <= reader.size().unwrap());
            result
        }
        Err(error) => (Vec::new(), Some(error)),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::GzBuilder::new()
        .filename("x")
        .comment("y")
        .extra([1, 2])
        .write(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    let mut out = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    out.include_checksum(true).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A capture of some megabytes that compresses badly enough to fill several blocks.
fn large_pcap() -> Vec<u8> {
    let mut build = Build::new(Order::Little).pcap(0xa1b2_c3d4, 4, 65535, 1);
    let mut random = fastrand::Rng::with_seed(7);
    for second in 0..4000 {
        let noise: Vec<u8> = (0..700).map(|_| random.u8(0..40)).collect();
        build = build.record(second, 0, 700, &noise);
    }
    build.bytes
}

pub(crate) type Compressor = fn(&[u8]) -> Vec<u8>;
pub(crate) const COMPRESSORS: [Compressor; 3] = [gzip, zstandard, xz];

#[test]
fn compressed_captures_read_like_plain_ones() {
    let plain = large_pcap();
    let (want, _) = read_all(&plain);
    for compress in COMPRESSORS {
        let (frames, error) = opened(&compress(&plain));
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames, want);
        // Twice, and as two members that make one capture.
        assert_eq!(opened(&gzip(&compress(&plain))).0, want);
        let (front, back) = plain.split_at(plain.len() / 2);
        let (frames, error) = opened(&[compress(front), compress(back)].concat());
        assert!(error.is_none(), "{error:?}");
        assert_eq!(frames, want);
    }
    assert!(matches!(opened(&gzip(&gzip(&gzip(&plain)))).1, Some(CaptureError::NotACapture { .. })));
    // Zeros behind the last member are padding.
    assert!(opened(&[gzip(&plain), vec![0; 512]].concat()).1.is_none());
}

#[test]
fn compressed_captures_deliver_all_that_stands_before_the_damage() {
    let plain = large_pcap();
    let (want, _) = read_all(&plain);
    for (compress, name) in COMPRESSORS.into_iter().zip(["gzip", "zstd", "xz"]) {
        let whole = compress(&plain);
        for keep in [whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let (frames, error) = opened(&whole[..keep]);
            assert_eq!(frames[..], want[..frames.len()]);
            // The formats work in blocks, of which one may be lost.
            let expected = want.len() * keep / whole.len();
            assert!(frames.len() + 400 > expected, "{name}: {} of {expected}", frames.len());
            let Some(CaptureError::Damaged { compressed, .. }) = &error else { panic!("{name}: {error:?}") };
            assert_eq!(*compressed, u64::try_from(keep).ok());
        }
        let mut broken = whole.clone();
        let middle = whole.len() / 2;
        broken[middle..middle + 40].fill(0xff);
        let (frames, error) = opened(&broken);
        assert!(error.unwrap().is_damage());
        let intact = frames.iter().zip(&want).take_while(|(frame, want)| frame == want).count();
        assert!(intact + 400 > want.len() / 2, "{name}: {intact} of {}", want.len() / 2);
    }
}

#[test]
fn every_prefix_and_mutation_of_a_small_compressed_capture() {
    let (want, _) = read_all(&small_pcap(Order::Little));
    for compress in COMPRESSORS {
        let whole = compress(&small_pcap(Order::Little));
        let place = |end: usize| {
            Reader::new(
                "test",
                compress::Compression::recognise(&whole)
                    .unwrap()
                    .decoder(Box::new(io::Cursor::new(whole[..end].to_vec())), Arc::default())
                    .unwrap(),
            )
        };
        for end in 1..whole.len() {
            let Ok(mut reader) = place(end) else { continue };
            let (frames, error) = drain(&mut reader);
            assert_eq!(frames[..], want[..frames.len()]);
            assert!(error.is_some(), "cut at {end} of {}", whole.len());
        }
        for place in 0..whole.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] ^= flip;
                let told = |ahead| {
                    let error = opened_in_memory(bytes.clone(), ahead);
                    error.map(|error| error.to_string())
                };
                assert_eq!(told(true), told(false));
            }
        }
    }
}

fn opened_in_memory(bytes: Vec<u8>, ahead: bool) -> Option<CaptureError> {
    let compression = compress::Compression::recognise(&bytes)?;
    let input = compression.decoder(Box::new(io::Cursor::new(bytes)), Arc::new(ahead.into())).ok()?;
    match Reader::new("test", input) {
        Ok(mut reader) => drain(&mut reader).1,
        Err(error) => Some(error),
    }
}
