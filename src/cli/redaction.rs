//! Before captures are redacted: what is to be known of all of them.

use std::path::{Path, PathBuf};

use super::gather::{LOOK_EVERY, Stop};
use crate::analysis::redact::Redactor;
use crate::capture::{self, CaptureError};
use crate::interrupt;
use crate::wire::frame::{Ports, Protocol, Walker};

/// Sees to it that captures can be read twice, standard input too: what comes through it is kept in a temporary file.
///
/// # Errors
///
/// When that file cannot be written.
pub fn prepare(files: &[PathBuf]) -> Result<(), CaptureError> {
    if files.iter().any(|path| is_stdin(path)) { capture::keep_stdin(&std::env::temp_dir()) } else { Ok(()) }
}

/// Who redacts these captures: one who knows the networks that their servers give addresses of. What cannot be read is told by who
/// reads it next; a pipe of another name is read once only, and its networks stay unknown.
pub fn redactor(files: &[PathBuf], ports: &Ports, stop: &Stop) -> Redactor {
    let mut redactor = Redactor::default();
    for path in files {
        let is_file = std::fs::metadata(path).is_ok_and(|about| about.is_file());
        if !is_file && !is_stdin(path) {
            continue;
        }
        let Ok(mut reader) = capture::open(path) else { continue };
        let mut walker = Walker::without_reassembly(ports.clone());
        while let Ok(Some(frame)) = reader.next() {
            let look = interrupt::has_come() || frame.number.is_multiple_of(u64::from(LOOK_EVERY));
            if look && stop.arrived().is_some() {
                return redactor;
            }
            let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
            walker.walk(frame.link, frame.data, original, 0, |datagram| {
                if datagram.protocol == Protocol::Dhcpv4 && !datagram.quoted {
                    redactor.learn(datagram.payload);
                }
            });
        }
    }
    redactor
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
