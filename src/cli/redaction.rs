//! Before captures are redacted: what is to be known of all of them.

use std::path::PathBuf;

use super::gather::{self, Stop};
use crate::analysis::redact::Redactor;
use crate::capture;
use crate::wire::frame::{Ports, Protocol, Walker};

/// Who redacts these captures: one who knows the networks that their servers give addresses of. A pipe of another name than standard
/// input is read once only, and its networks stay unknown.
pub fn redactor(files: &[PathBuf], ports: &Ports, stop: &Stop) -> Redactor {
    let mut redactor = Redactor::default();
    for path in files {
        let is_file = std::fs::metadata(path).is_ok_and(|about| about.is_file());
        if !is_file && !capture::is_stdin(path) {
            continue;
        }
        let mut walker = Walker::without_reassembly(ports.clone());
        let goes_on = gather::each_frame(path, stop, |frame| {
            let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
            walker.walk(frame.link, frame.data, original, 0, |datagram| {
                if datagram.protocol == Protocol::Dhcpv4 && !datagram.quoted {
                    redactor.learn(datagram.payload);
                }
            });
        });
        if !goes_on {
            break;
        }
    }
    redactor
}
