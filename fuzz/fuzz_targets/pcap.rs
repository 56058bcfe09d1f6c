//! Capture files of the classic format, in both byte orders and all its variants.
#![no_main]

mod capture;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    const MAGIC: [[u8; 4]; 5] = [
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x34, 0xcd, 0xb2, 0xa1],
    ];
    let Some((choice, rest)) = bytes.split_first() else { return };
    let Some(magic) = MAGIC.get(usize::from(*choice) % MAGIC.len()) else { return };
    capture::check(&[magic, rest].concat());
});
