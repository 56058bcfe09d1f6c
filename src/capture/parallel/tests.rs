//! The result must be that of one thread, wherever chunks begin and whoever reads them.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::*;
use crate::capture::tests::compressed::COMPRESSORS;
use crate::capture::tests::{Build, ORDERS};

/// Notes what it sees. Frames that begin with `!` need to be seen in order: each is noted with the one before.
struct Notes;

#[derive(Default)]
struct Before {
    all: bool,
    last: u64,
}

impl Work for Notes {
    type State = Before;
    type Output = Vec<String>;

    fn may_matter(&self, _: LinkType, data: &[u8]) -> bool {
        data.first() != Some(&b'-')
    }

    fn frame(&self, state: &mut Before, frame: &Frame<'_>, output: &mut Vec<String>) -> FrameVerdict {
        let ordered = frame.data.first() == Some(&b'!');
        if ordered && !state.all {
            return FrameVerdict::Ordered;
        }
        let before = if ordered { std::mem::replace(&mut state.last, frame.number) } else { 0 };
        output.push(format!("{before} {frame:?}"));
        FrameVerdict::Done
    }
}

type Seen = (Vec<String>, u64, Result<(), String>);

fn noted(
    run: impl FnOnce(
        &mut Before,
        &mut dyn FnMut(&mut Vec<String>, WalkProgress) -> ControlFlow<()>,
    ) -> Result<Walk, CaptureError>,
) -> Seen {
    let mut seen = Vec::new();
    let mut state = Before { all: true, last: 0 };
    let result = run(&mut state, &mut |output, moment| {
        if moment.waits {
            seen.append(output);
        }
        ControlFlow::Continue(())
    });
    let walk = result.unwrap_or_else(|error| Walk { frames: 0, result: Err(error) });
    (seen, walk.frames, walk.result.map_err(|error| error.to_string()))
}

fn sequential(bytes: &[u8]) -> Seen {
    noted(|state, mut take| match Reader::new("test", bytes) {
        Ok(mut reader) => Ok(alone(&mut reader, &Notes, state, &mut take)),
        Err(error) => Err(error),
    })
}

fn in_chunks(bytes: &[u8], chunk: u64, most: usize, threads: usize) -> Seen {
    let file = Arc::new(tempfile::tempfile().unwrap());
    file.write_all_at(bytes, 0).unwrap();
    noted(|state, mut take| {
        let source = Source::of(io::Cursor::new(bytes.to_vec()));
        let mut reader = Reader::new("test", source)?;
        let about = reader.prelude()?;
        let size = u64::try_from(bytes.len()).unwrap();
        let plan = Plan { file, size, chunk, most, about, name: "test".to_owned() };
        Ok(chunks::walk(&plan, &mut reader, &Notes, state, workers(threads), &mut take))
    })
}

fn in_turns(bytes: &[u8], threads: usize) -> Seen {
    noted(|state, mut take| {
        let source = Source::of(io::Cursor::new(bytes.to_vec()));
        Ok(turns(Reader::new("test", source)?, &Notes, state, workers(threads), &mut take))
    })
}

/// From a file, by one thread or by several with others that read ahead.
fn opened(bytes: &[u8], threads: usize) -> Seen {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().write_all_at(bytes, 0).unwrap();
    let (seen, frames, result) = noted(|state, mut take| {
        let mut reader = crate::capture::open(file.path())?;
        if threads < 2 {
            return Ok(alone(&mut reader, &Notes, state, &mut take));
        }
        reader.go_ahead(threads);
        Ok(turns(reader, &Notes, state, workers(threads), &mut take))
    });
    // Each has a name of its own.
    let name = file.path().to_string_lossy();
    (seen, frames, result.map_err(|error| error.replace(&*name, "it")))
}

fn workers(count: usize) -> Vec<Before> {
    (0..count).map(|_| Before::default()).collect()
}

fn same_in_every_way(bytes: &[u8]) {
    let want = sequential(bytes);
    for (chunk, most, threads) in [
        (40, MOST, 3),
        (100, 20, 2),
        (1000, 10, 4),
        (1000, 700, 9),
        (1000, 700, 1),
        (1 << 20, 100, 2),
        (1 << 20, MOST, 2),
    ] {
        same(
            &in_chunks(bytes, chunk, most, threads),
            &want,
            &format!("chunks of {chunk}, {threads} threads"),
        );
    }
    same(&in_turns(bytes, 3), &want, "turns");
}

/// Equality whose failure can be read.
fn same(got: &Seen, want: &Seen, what: &str) {
    let differ = got.0.iter().zip(&want.0).find(|(got, want)| got != want);
    assert_eq!(differ, None, "{what}");
    assert_eq!((got.0.len(), got.1, &got.2), (want.0.len(), want.1, &want.2), "{what}");
}

const FRAMES: [&[u8]; 5] =
    [b"abcde", b"!one", b"-skipped, and somewhat longer than the rest of them", b"", b"!"];

fn some_pcap(build: Build, count: usize) -> Build {
    (0..count).fold(build.pcap(0xa1b2_c3d4, 4, 65535, 1), |build, index| {
        build.record(1_700_000_000, 7, 90, FRAMES[index % FRAMES.len()])
    })
}

fn some_pcapng(build: Build, count: usize) -> Build {
    some(build.section().interface(1, 0, &[(2, b"eth0")]), count)
}

/// Packets on the interface that is there.
fn some(build: Build, count: usize) -> Build {
    (0..count).fold(build, |build, index| {
        let build = build.packet(0, 1_700_000_000_000_000, FRAMES[index % FRAMES.len()]);
        if index % 37 == 36 { build.block(0x0bad, &[7; 60]) } else { build }
    })
}

#[test]
fn every_way_sees_the_same_frames() {
    for order in ORDERS {
        same_in_every_way(&some_pcap(Build::new(order), 300).bytes);
        same_in_every_way(&some_pcapng(Build::new(order), 300).bytes);
        same_in_every_way(&some_pcap(Build::new(order), 0).bytes);
        same_in_every_way(&some_pcapng(Build::new(order), 0).bytes);
    }
}

#[test]
fn a_capture_inside_a_capture_does_not_confuse() {
    for order in ORDERS {
        let inner = some_pcap(Build::new(order), 40).bytes;
        let mut outer = some_pcap(Build::new(order), 3);
        for _ in 0..5 {
            outer = outer.record(1_700_000_000, 7, 60_000, &inner).record(1_700_000_000, 8, 90, b"!x");
        }
        same_in_every_way(&outer.bytes);
        let inner = some_pcapng(Build::new(order), 40).bytes;
        let mut outer = some_pcapng(Build::new(order), 3);
        for _ in 0..5 {
            outer = outer.packet(0, 7, &inner).packet(0, 7, b"!x");
        }
        same_in_every_way(&outer.bytes);
    }
}

#[test]
fn interfaces_and_sections_in_the_middle_hold_from_there_on() {
    let mut build = some_pcapng(Build::new(ORDERS[0]), 30);
    for index in 1..30_u32 {
        let name = format!("eth{index}");
        build = build.interface(1, 0, &[(2, name.as_bytes())]).packet(index, 5, b"abc").packet(0, 5, b"!d");
    }
    let mut bytes = build.bytes;
    bytes.extend(some_pcapng(Build::new(ORDERS[1]), 50).bytes);
    bytes.extend(some_pcapng(Build::new(ORDERS[0]), 50).bytes);
    same_in_every_way(&bytes);
}

#[test]
fn damage_ends_every_way_at_the_same_place() {
    for whole in [some_pcap(Build::new(ORDERS[0]), 60).bytes, some_pcapng(Build::new(ORDERS[1]), 60).bytes] {
        for place in (0..whole.len()).step_by(13) {
            same_in_every_way(&whole[..place.max(30)]);
            let mut bytes = whole.clone();
            bytes[place] ^= 0xff;
            if place > 48 {
                same_in_every_way(&bytes);
            }
        }
    }
}

#[test]
fn nobody_is_left_waiting_when_the_caller_has_enough() {
    let bytes = some_pcap(Build::new(ORDERS[0]), 5000).bytes;
    let file = Arc::new(tempfile::tempfile().unwrap());
    file.write_all_at(&bytes, 0).unwrap();
    for enough in [1, 2, 10] {
        let source = Source::of(io::Cursor::new(bytes.clone()));
        let mut reader = Reader::new("test", source).unwrap();
        let about = reader.prelude().unwrap();
        let size = u64::try_from(bytes.len()).unwrap();
        let plan = Plan { file: Arc::clone(&file), size, chunk: 300, most: 50, about, name: String::new() };
        let mut left = enough;
        let mut take = |_: &mut Vec<String>, _: WalkProgress| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut state = Before { all: true, last: 0 };
        chunks::walk(&plan, &mut reader, &Notes, &mut state, workers(4), &mut take).result.unwrap();
        assert_eq!(left, 0);
    }
}

/// Who is asked whether to go on is asked where nothing is found as well.
#[test]
fn time_goes_on_where_nothing_matters() {
    let build = Build::new(ORDERS[0]).pcap(0xa1b2_c3d4, 4, 65535, 1);
    let bytes = (0..5000).fold(build, |build, _| build.record(1_700_000_000, 7, 90, b"-nothing")).bytes;
    let file = Arc::new(tempfile::tempfile().unwrap());
    file.write_all_at(&bytes, 0).unwrap();
    for enough in [3, usize::MAX] {
        let mut reader = Reader::new("test", Source::of(io::Cursor::new(bytes.clone()))).unwrap();
        let about = reader.prelude().unwrap();
        let size = u64::try_from(bytes.len()).unwrap();
        let plan = Plan { file: Arc::clone(&file), size, chunk: 300, most: MOST, about, name: String::new() };
        let (mut places, mut state) = (Vec::new(), Before { all: true, last: 0 });
        let mut take = |_: &mut Vec<String>, moment: WalkProgress| {
            places.push(moment.position);
            if places.len() == enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let walk = chunks::walk(&plan, &mut reader, &Notes, &mut state, workers(3), &mut take);
        walk.result.unwrap();
        assert!(places.is_sorted());
        if enough == 3 {
            // What was walked beyond that does not count.
            let before = 24 + walk.frames * 24;
            assert_eq!((places.len(), places.last()), (3, Some(&before)));
        } else {
            assert!(places.len() > 10 && walk.frames == 5000, "{} times", places.len());
        }
    }
}

#[test]
fn a_file_that_grew_meanwhile_is_read_to_its_new_end() {
    let bytes = some_pcap(Build::new(ORDERS[0]), 100).bytes;
    let file = Arc::new(tempfile::tempfile().unwrap());
    file.write_all_at(&bytes, 0).unwrap();
    let seen = noted(|state, mut take| {
        let source = Source::of(io::Cursor::new(bytes.clone()));
        let mut reader = Reader::new("test", source)?;
        let about = reader.prelude()?;
        let plan = Plan { file, size: 700, chunk: 300, most: MOST, about, name: "test".to_owned() };
        Ok(chunks::walk(&plan, &mut reader, &Notes, state, workers(2), &mut take))
    });
    assert_eq!(seen, sequential(&bytes));
}

#[test]
fn what_is_read_ahead_is_what_is_there() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut build = some_pcapng(Build::new(ORDERS[0]), 300);
    for size in [60_000, 70_000, 700_000, 5, 3_000_000, 65_536] {
        let noise: Vec<u8> = (0..size).map(|_| random.u8(..)).collect();
        build = some(build.packet(0, 5, &noise), 40);
    }
    let bytes = build.bytes;
    let want = sequential(&bytes);
    for compress in COMPRESSORS {
        let whole = compress(&bytes);
        same(&opened(&whole, 3), &want, "whole");
        let (half, mut broken) = (&whole[..whole.len() / 2], whole.clone());
        *broken.iter_mut().nth_back(20).unwrap() ^= 0x55;
        for damaged in [half, &broken, &[whole.as_slice(), b"what is this"].concat()] {
            same(&opened(damaged, 2), &opened(damaged, 1), "damaged");
        }
    }
}

/// How many times something is handed over, and how much at once.
fn handed_over(bytes: &[u8], most: usize) -> (usize, usize) {
    let file = Arc::new(tempfile::tempfile().unwrap());
    file.write_all_at(bytes, 0).unwrap();
    let (mut times, mut largest) = (0, 0);
    let source = Source::of(io::Cursor::new(bytes.to_vec()));
    let mut reader = Reader::new("test", source).unwrap();
    let about = reader.prelude().unwrap();
    let size = u64::try_from(bytes.len()).unwrap();
    let plan = Plan { file, size, chunk: 1 << 20, most, about, name: "test".to_owned() };
    let mut take = |output: &mut Vec<String>, _: WalkProgress| {
        times += 1;
        largest = largest.max(output.len());
        output.clear();
        ControlFlow::Continue(())
    };
    let mut state = Before { all: true, last: 0 };
    chunks::walk(&plan, &mut reader, &Notes, &mut state, workers(2), &mut take).result.unwrap();
    (times, largest)
}

#[test]
fn frames_that_are_seen_in_order_are_handed_over_together() {
    let build = Build::new(ORDERS[0]).pcap(0xa1b2_c3d4, 4, 65535, 1);
    let fragments = (0..500).fold(build, |build, _| build.record(1_700_000_000, 7, 90, b"!fragment"));
    let (times, largest) = handed_over(&fragments.bytes, MOST);
    // One more time at the end.
    assert!(times <= 2 && largest == 500, "{times} times, {largest}");
}

#[test]
fn a_chunk_ends_early_where_too_much_of_it_matters() {
    let frames = |count, data: &[u8]| {
        let build = Build::new(ORDERS[0]).pcap(0xa1b2_c3d4, 4, 65535, 1);
        (0..count).fold(build, |build, _| build.record(1_700_000_000, 7, 90, data)).bytes
    };
    assert_eq!(handed_over(&frames(500, b"abcde"), MOST).1, 500);
    // What is remembered of a frame takes memory, too, and more than one that has no bytes.
    for data in [&b""[..], b"abcde", &[b'a'; 2000]] {
        let (times, largest) = handed_over(&frames(1000, data), 8000);
        // It ends behind the frame with which there are as many.
        assert!(times >= 5 && (largest - 1) * (16 + data.len()) < 8000, "{times} times, {largest}");
    }
}
