//! Capture files of the block format.
#![no_main]

mod capture;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    capture::check(&[&[0x0a, 0x0d, 0x0d, 0x0a], bytes].concat());
});
