//! What holds whatever comes in, one function a kind of input. The fuzz targets (`fuzz/fuzz_targets`) and a test of every run
//! (`tests/it/checks.rs`) call the same ones.

pub mod capture;
pub mod frame;
pub mod joined;
pub mod machines;
pub mod messages;
pub mod options;
pub mod texts;

/// A kind of input: its name, which is that of the fuzz target, and what holds.
pub type Check = (&'static str, fn(&[u8]));

/// Every kind.
pub const ALL: &[Check] = &[
    ("pcap", capture::check),
    ("pcapng", capture::check),
    ("frame", frame::check),
    ("message", messages::check),
    ("message6", messages::check_dhcpv6),
    ("nd", messages::check_nd),
    ("option_text", options::check),
    ("machines", machines::check),
    ("load", machines::check_load),
    ("policy", texts::check_policy),
    ("state", texts::check_state),
    ("transactions", joined::check),
];
