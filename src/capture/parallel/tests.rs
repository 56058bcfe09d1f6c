//! The result must be that of one thread, wherever chunks begin and whoever reads them.

#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]

use super::*;
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

fn in_chunks(bytes: &[u8], chunk: u64, threads: usize) -> Seen {
    let file = Arc::new(tempfile::tempfile().unwrap());
    file.write_all_at(bytes, 0).unwrap();
    noted(|state, mut take| {
        let source: Source = Box::new(io::Cursor::new(bytes.to_vec()));
        let mut reader = Reader::new("test", source)?;
        let about = reader.prelude()?;
        let size = u64::try_from(bytes.len()).unwrap();
        let plan = Plan { file, size, chunk, about, name: "test".to_owned() };
        Ok(chunks(&plan, &mut reader, &Notes, state, workers(threads), &mut take))
    })
}

fn in_turns(bytes: &[u8], threads: usize) -> Seen {
    noted(|state, mut take| {
        let source: Source = Box::new(io::Cursor::new(bytes.to_vec()));
        Ok(turns(Reader::new("test", source)?, &Notes, state, workers(threads), &mut take))
    })
}

fn workers(count: usize) -> Vec<Before> {
    (0..count).map(|_| Before::default()).collect()
}

fn same_in_every_way(bytes: &[u8]) {
    let want = sequential(bytes);
    for (chunk, threads) in [(40, 3), (100, 2), (1000, 4), (1 << 20, 2)] {
        same(&in_chunks(bytes, chunk, threads), &want, &format!("chunks of {chunk}, {threads} threads"));
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
    (0..count).fold(build.section().interface(1, 0, &[(2, b"eth0")]), |build, index| {
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
        let source: Source = Box::new(io::Cursor::new(bytes.clone()));
        let mut reader = Reader::new("test", source).unwrap();
        let about = reader.prelude().unwrap();
        let size = u64::try_from(bytes.len()).unwrap();
        let plan = Plan { file: Arc::clone(&file), size, chunk: 300, about, name: String::new() };
        let mut left = enough;
        let mut take = |_: &mut Vec<String>, _: WalkProgress| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut state = Before { all: true, last: 0 };
        chunks(&plan, &mut reader, &Notes, &mut state, workers(4), &mut take).result.unwrap();
        assert_eq!(left, 0);
    }
}

#[test]
fn a_file_that_grew_meanwhile_is_read_to_its_new_end() {
    let bytes = some_pcap(Build::new(ORDERS[0]), 100).bytes;
    let file = Arc::new(tempfile::tempfile().unwrap());
    file.write_all_at(&bytes, 0).unwrap();
    let seen = noted(|state, mut take| {
        let source: Source = Box::new(io::Cursor::new(bytes.clone()));
        let mut reader = Reader::new("test", source)?;
        let about = reader.prelude()?;
        let plan = Plan { file, size: 700, chunk: 300, about, name: "test".to_owned() };
        Ok(chunks(&plan, &mut reader, &Notes, state, workers(2), &mut take))
    });
    assert_eq!(seen, sequential(&bytes));
}
