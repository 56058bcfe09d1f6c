//! One file per subcommand: its arguments (whose doc comments are the help) and the function that runs it.

pub mod completions;
pub mod decline;
pub mod decode;
pub mod diff;
pub mod discover;
pub mod doctor;
pub mod explain;
pub mod handshake;
pub mod inform;
pub mod interfaces;
pub mod lab;
pub mod options;
pub mod release;
pub mod report;
pub mod request;
pub mod rogue;
pub mod schema;
pub mod send;
pub mod sniff;
