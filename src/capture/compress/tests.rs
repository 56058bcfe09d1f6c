//! Frames of zstd: where they lie, and that several threads make of them what one does.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use ::zstd::zstd_safe::{self, CCtx, CParameter, InBuffer, OutBuffer, zstd_sys::ZSTD_EndDirective};
use proptest::prelude::*;

use super::frames::{BOUNDS, Bounds, Cutter};
use super::layout::Layout;
use super::*;
use crate::capture::ahead::fill;
use crate::time::{Clock as _, SystemClock};

/// So small that a few hundred bytes are several jobs, each in pieces.
const SMALL: Bounds =
    Bounds { portion: 64, read: 3, made: 1, long: 700, enough: 90, enough_content: 2000, least: 20 };

/// What a file is made of.
#[derive(Clone, Debug)]
enum Frame {
    Content { content: Vec<u8>, checksum: bool, size: bool, window: u32, flush: usize },
    Skipped(Vec<u8>),
}

impl Frame {
    fn content(&self) -> &[u8] {
        match self {
            Self::Content { content, .. } => content,
            Self::Skipped(_) => &[],
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Skipped(bytes) => {
                let length = u32::try_from(bytes.len()).unwrap();
                [&[0x5a, 0x2a, 0x4d, 0x18][..], &length.to_le_bytes(), bytes].concat()
            }
            Self::Content { content, checksum, size, window, flush } => {
                let mut context = CCtx::create();
                let parameters = [
                    CParameter::ChecksumFlag(*checksum),
                    CParameter::ContentSizeFlag(*size),
                    CParameter::WindowLog(*window),
                ];
                for parameter in parameters {
                    context.set_parameter(parameter).unwrap();
                }
                if *size {
                    context.set_pledged_src_size(u64::try_from(content.len()).ok()).unwrap();
                }
                let mut out =
                    vec![0; zstd_safe::compress_bound(content.len()) + 20 * content.len() / flush + 1000];
                let mut output = OutBuffer::around(&mut out[..]);
                let mut give = |part: &[u8], how| {
                    let mut input = InBuffer::around(part);
                    assert_eq!(context.compress_stream2(&mut output, &mut input, how), Ok(0));
                };
                // Without a part that is flushed, the last block is not an empty one.
                let last = content.len() - content.len() % flush;
                for part in content[..last].chunks(*flush) {
                    give(part, ZSTD_EndDirective::ZSTD_e_flush);
                }
                give(&content[last..], ZSTD_EndDirective::ZSTD_e_end);
                let written = output.pos();
                out.truncate(written);
                out
            }
        }
    }
}

fn noise(seed: u64, length: usize, most: u8) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length).map(|_| random.u8(..=most)).collect()
}

fn frame() -> impl Strategy<Value = Frame> {
    let content = (
        any::<u64>(),
        prop_oneof![Just(0), 0..400_usize, 0..6000_usize],
        prop_oneof![Just(0), Just(5), Just(255)],
    )
        .prop_map(|(seed, length, most)| noise(seed, length, most));
    let framed = (content, any::<bool>(), any::<bool>(), 10..14_u32, 1..6000_usize).prop_map(
        |(content, checksum, size, window, flush)| Frame::Content { content, checksum, size, window, flush },
    );
    prop_oneof![8 => framed, 1 => (0..300_usize).prop_map(|length| Frame::Skipped(vec![0x28; length]))]
}

/// What becomes of the file, where one part of it in 65536 stands.
#[derive(Clone, Debug)]
enum Damage {
    None,
    Cut(u16),
    Flip(u16, u8),
    /// Somewhere in the header of a frame, or of its first block.
    Header(u16, u8, u8),
    Append(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::None),
        any::<u16>().prop_map(Damage::Cut),
        (any::<u16>(), 1..=255_u8).prop_map(|(place, flip)| Damage::Flip(place, flip)),
        (any::<u16>(), 0..18_u8, 1..=255_u8)
            .prop_map(|(frame, place, flip)| Damage::Header(frame, place, flip)),
        prop::collection::vec(any::<u8>(), 1..40).prop_map(Damage::Append),
    ]
}

fn made(frames: &[Frame], damage: &Damage) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = frames.iter().map(Frame::bytes).collect();
    let mut bytes = parts.concat();
    let place = |of: usize, part: u16| (of * usize::from(part)) >> 16;
    let length = bytes.len();
    match damage {
        Damage::None => {}
        Damage::Cut(part) => bytes.truncate(place(length, *part)),
        Damage::Flip(part, flip) => {
            if let Some(byte) = bytes.get_mut(place(length, *part)) {
                *byte ^= flip;
            }
        }
        Damage::Header(frame, at, flip) => {
            let before: usize = parts[..place(parts.len(), *frame)].iter().map(Vec::len).sum();
            if let Some(byte) = bytes.get_mut(before + usize::from(*at)) {
                *byte ^= flip;
            }
        }
        Damage::Append(more) => bytes.extend(more),
    }
    bytes
}

/// Gives a few bytes at a time, and fails at its end where it shall.
struct Trickle {
    bytes: io::Cursor<Vec<u8>>,
    most: usize,
    fails: bool,
    /// Goes with it.
    _with: Option<Sender<()>>,
}

impl Trickle {
    fn new(bytes: &[u8], most: usize) -> Self {
        Self { bytes: io::Cursor::new(bytes.to_vec()), most, fails: false, _with: None }
    }
}

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(self.most);
        match self.bytes.read(&mut out[..most])? {
            0 if self.fails && most > 0 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

fn reader(input: Trickle) -> Box<Zstd> {
    let inner = Inner::Here(BufReader::with_capacity(INPUT, Box::new(input)));
    Box::new(Zstd::new(Input { inner, read_ahead: Arc::default(), taken: 0 }))
}

type Outcome = (Vec<u8>, Option<String>);

/// With one thread, which asks for so much at a time.
fn alone(input: Trickle, room: usize) -> Outcome {
    let (mut zstd, mut all) = (reader(input), Vec::new());
    let mut out = vec![0; room];
    loop {
        match zstd.read(&mut out) {
            Ok(0) => return (all, None),
            Ok(count) => all.extend(&out[..count]),
            Err(error) => return (all, Some(error.to_string())),
        }
    }
}

/// With several threads once so much was read with one.
fn together(input: Trickle, before: usize, threads: usize, bounds: Bounds) -> Outcome {
    let mut zstd = reader(input);
    let mut all = vec![0; before];
    let mut end = 0;
    let error = fill(&mut zstd, &mut all, &mut end).err();
    all.truncate(end);
    if let Some(error) = error {
        return (all, Some(error.to_string()));
    }
    let (cutter, mut ahead) = Cutter::new(threads, bounds);
    let read = Arc::clone(&cutter.pool);
    assert!(cutter.start(zstd).is_ok());
    let error = loop {
        match ahead.next() {
            None => break None,
            Some(Ok(block)) => {
                all.extend(&block.bytes[LEAD..block.end]);
                ahead.give_back(block.bytes);
            }
            Some(Err(error)) => break Some(error.to_string()),
        }
    };
    assert!(ahead.next().is_none() || error.is_none());
    // What lies there was in use at some time, all at once.
    assert!(read.spare() <= (bounds.read * threads).max(4) + 1, "{}", read.spare());
    assert!(ahead.spare() <= (threads + 2) * (bounds.made.max(2) + 1), "{}", ahead.spare());
    (all, error)
}

fn rooms() -> impl Strategy<Value = usize> {
    prop_oneof![1..9_usize, 1..3000_usize, Just(1 << 20)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn several_threads_make_of_frames_what_one_does(
        frames in prop::collection::vec(frame(), 1..14),
        damage in damage(),
        trickles in (rooms(), rooms(), rooms()),
        before in prop_oneof![Just(0), 0..9000_usize],
        threads in 1..4_usize,
        fails in any::<bool>(),
    ) {
        let bytes = made(&frames, &damage);
        let input = |most| Trickle { fails, ..Trickle::new(&bytes, most) };
        let want = alone(input(usize::MAX), 1 << 20);
        prop_assert_eq!(&alone(input(trickles.0), trickles.1), &want);
        prop_assert_eq!(&together(input(trickles.2), before, threads, SMALL), &want);
        prop_assert_eq!(&together(input(usize::MAX), before, threads, BOUNDS), &want);
        if matches!(damage, Damage::None) && !fails {
            let content: Vec<u8> = frames.iter().flat_map(|frame| frame.content().to_vec()).collect();
            prop_assert_eq!(want, (content, None));
        }
    }

    #[test]
    fn the_ends_of_frames_are_found_without_decompressing(frames in prop::collection::vec(frame(), 1..8)) {
        let bytes = made(&frames, &Damage::None);
        let (mut layout, mut at) = (Layout::new(), 0);
        for frame in &frames {
            let length = frame.bytes().len();
            prop_assert_eq!(Ok(length), zstd_safe::find_frame_compressed_size(&bytes[at..]));
            layout.content = 0;
            // In two parts.
            let (first, ends) = layout.scan(&bytes[at..at + length / 2]);
            prop_assert_eq!((first, ends), (length / 2, false));
            prop_assert_eq!(layout.scan(&bytes[at + first..]), (length - first, true));
            prop_assert!(layout.content >= u64::try_from(frame.content().len()).unwrap());
            at += length;
        }
    }
}

fn content(content: Vec<u8>, size: bool) -> Frame {
    Frame::Content { content, checksum: true, size, window: 17, flush: 1 << 20 }
}

/// Frames of several blocks each, with others between, and one that is longer than what is read or made ahead.
fn large() -> Vec<Frame> {
    let mut frames: Vec<Frame> = (0..6)
        .flat_map(|index| {
            let noisy = content(noise(index, 600_000, 40), index % 2 == 0);
            [
                noisy,
                Frame::Skipped(vec![7; 300_000]),
                content(Vec::new(), true),
                content(vec![7; 900_000], false),
            ]
        })
        .collect();
    frames.insert(15, content(vec![9; 9_000_000], true));
    frames.insert(11, content(noise(9, 2_000_000, 255), false));
    frames
}

#[test]
fn frames_of_any_size_come_in_order_whatever_the_bounds() {
    let frames = large();
    let want: Vec<u8> = frames.iter().flat_map(|frame| frame.content().to_vec()).collect();
    let bytes = made(&frames, &Damage::None);
    let tight =
        Bounds { portion: 5000, read: 1, made: 1, long: 1 << 20, enough: 1, enough_content: 1, least: 1 };
    for (threads, bounds) in [(1, BOUNDS), (2, BOUNDS), (4, BOUNDS), (1, tight), (2, tight), (3, tight)] {
        let (got, error) = together(Trickle::new(&bytes, usize::MAX), 100, threads, bounds);
        assert!(got == want && error.is_none(), "{} of {}, {error:?}", got.len(), want.len());
    }
}

#[test]
fn damage_in_large_frames_is_found_where_one_thread_finds_it() {
    let frames = large();
    let whole = made(&frames, &Damage::None);
    for part in (0..6).map(|index| index * 10_900 + 1000) {
        for damage in [
            Damage::Cut(part),
            Damage::Flip(part, 0x55),
            Damage::Header(part, 5, 1),
            Damage::Header(part, 4, 0x80),
        ] {
            let bytes = made(&frames, &damage);
            let want = alone(Trickle::new(&bytes, usize::MAX), 1 << 20);
            let got = together(Trickle::new(&bytes, usize::MAX), 100, 2, BOUNDS);
            assert!(got == want, "{damage:?} of {}: {:?}, {:?}", whole.len(), got.1, want.1);
        }
    }
}

#[test]
fn a_size_that_is_not_that_of_the_content_is_found_behind_it() {
    for length in [100_000, 600_000] {
        for most in [255, 9] {
            let intact = content(noise(1, length, most), true);
            let mut lies = intact.bytes();
            // Magic number, descriptor and, where there is one, the window's size are in front of it.
            let place = if lies[4] & 0x20 == 0 { 6 } else { 5 };
            lies[place] ^= 1;
            let file = [intact.bytes(), intact.bytes(), lies, intact.bytes()].concat();
            let want = alone(Trickle::new(&file, usize::MAX), 1 << 20);
            let error = want.1.as_deref().unwrap();
            assert!(error.contains("compressed data (zstd)"), "{error}");
            // But for the last block, or where that is not compressed for its last byte, all is there.
            let got = want.0.len();
            assert!(
                got >= 2 * length && got > 3 * length - 128 * 1024 - 1 && got < 3 * length,
                "{got} {length}"
            );
            for threads in 1..4 {
                let tight = Bounds { enough: 1, ..BOUNDS };
                assert!(together(Trickle::new(&file, 3000), 100, threads, tight) == want);
            }
        }
    }
}

#[test]
fn everybody_goes_home_when_nobody_wants_more() {
    let frames: Vec<Frame> = (0..30).map(|index| content(noise(index, 400_000, 9), true)).collect();
    let bytes = made(&frames, &Damage::None);
    for taken in [0, 1, 2, 7] {
        let (gone, wait) = channel();
        let input = Trickle { _with: Some(gone), ..Trickle::new(&bytes, usize::MAX) };
        let tight = Bounds { read: 2, made: 1, ..BOUNDS };
        let (cutter, mut ahead) = Cutter::new(2, tight);
        let made = Arc::clone(&cutter.made);
        assert!(cutter.start(reader(input)).is_ok());
        for _ in 0..taken {
            assert!(ahead.next().unwrap().is_ok());
        }
        drop(ahead);
        assert_eq!(wait.recv_timeout(Duration::from_mins(1)), Err(RecvTimeoutError::Disconnected));
        // All who decompress have a share in it.
        let end = SystemClock.now().after(Duration::from_mins(1));
        while Arc::strong_count(&made) > 1 {
            assert!(SystemClock.now() < end);
            std::thread::yield_now();
        }
    }
}

#[test]
fn memory_for_a_large_window_is_not_kept() {
    let large =
        Frame::Content { content: vec![1; 100], checksum: false, size: false, window: 24, flush: 100 };
    let pieces = |bytes: Vec<u8>| {
        let (send, receive) = channel();
        let (end, pool) = (bytes.len(), Arc::default());
        send.send(Ok(Piece { read: Arc::new(Portion { bytes, pool }), at: 0, end })).unwrap();
        Pieces::new(receive)
    };
    for (frame, kept) in [(large, false), (content(vec![1; 100], false), true)] {
        let mut zstd = Zstd::behind(0, pieces(frame.bytes()), None);
        let mut out = Vec::new();
        zstd.read_to_end(&mut out).unwrap();
        assert_eq!((out, zstd.into_context(8 << 20).is_some()), (vec![1; 100], kept));
    }
}
