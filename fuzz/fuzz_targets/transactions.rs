#![no_main]

#[allow(dead_code, reason = "each target holds one of them")]
#[path = "../../tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::joined::check(input));
