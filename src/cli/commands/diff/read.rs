//! One side of a comparison that was saved: a capture, or JSON.

use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::analysis::compare::{Side, Way};
use crate::capture;
use crate::cli::exit::Failure;
use crate::cli::text;
use crate::output::packet::read::read_message;
use crate::output::packet::read6::read_six;
use crate::wire::HwAddr;
use crate::wire::frame::{Ports, Protocol, Walker};
use crate::wire::v4::Message;

/// The most that is read of what was saved, in bytes.
const MOST: u64 = 256 << 20;

/// A side that is read.
pub(super) struct Reading {
    pub(super) side: Side,
    /// Why the rest could not be read.
    pub(super) damage: Option<String>,
    /// Only replies to this client.
    mac: Option<HwAddr>,
}

impl Reading {
    fn four(&mut self, message: &Message, way: Option<Way>) {
        if self.mac.is_none_or(|mac| message.client() == mac) {
            self.side.take(message, way);
        }
    }

    fn six(&mut self, bytes: &[u8], way: Option<Way>) {
        self.side.take6(bytes, way, self.mac);
    }

    /// Every packet object in what discover, request or decode printed.
    fn object(&mut self, object: &Value) {
        if object.get("type").and_then(Value::as_str) == Some("packet") {
            let end = |name: &str| object.get("ip")?.get(name)?.as_str()?.parse().ok();
            let way = end("src").zip(end("dst")).map(|(src, dst)| Way::new(src, dst));
            match read_six(object) {
                Ok(Some((Protocol::Dhcpv6, bytes))) => self.six(&bytes, way),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => {
                    if let Ok(message) = read_message(object) {
                        self.four(&message, way);
                    }
                }
            }
            return;
        }
        let lists = ["offers", "stateless"].iter().filter_map(|key| object.get(*key)?.as_array()).flatten();
        for inner in lists.filter_map(|offer| offer.get("packet")).chain(object.get("packet")) {
            self.object(inner);
        }
    }
}

/// Reads one side.
pub(super) fn read(path: &Path, mac: Option<HwAddr>) -> Result<Reading, Failure> {
    let mut reading = Reading { side: Side::default(), damage: None, mac };
    let failed = |error| Failure::could_not_run(format_args!("cannot read {}: {error}", path.display()));
    // Opened once, for a pipe delivers its bytes once: they say what it is.
    let mut input = BufReader::new(capture::raw(path).map_err(failed)?);
    if input.fill_buf().map_err(failed)?.trim_ascii_start().starts_with(b"{") {
        let text = text::bounded(input, MOST).map_err(failed)?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let object = serde_json::from_str(line).map_err(|error| {
                let what = "neither a capture nor what decode, discover or request --json printed";
                Failure::could_not_run(format_args!("{}: {what}: {error}", path.display()))
            })?;
            reading.object(&object);
        }
        return Ok(reading);
    }
    let mut reader =
        capture::read(&path.to_string_lossy(), Box::new(input)).map_err(Failure::could_not_run)?;
    let mut walker = Walker::new(Ports::every());
    loop {
        let frame = match reader.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error) if error.is_damage() => {
                reading.damage = Some(error.to_string());
                break;
            }
            Err(error) => return Err(error.into()),
        };
        let original = usize::try_from(frame.original_len).unwrap_or(usize::MAX);
        let time = frame.time.unwrap_or_default().nanoseconds();
        walker.walk(frame.link, frame.data, original, time, |datagram| {
            if datagram.quoted || datagram.cut {
                return;
            }
            let way = datagram.ip.map(|ip| Way::new(ip.src, ip.dst));
            match datagram.protocol {
                Protocol::Dhcpv4 => reading.four(&Message::decode(datagram.payload), way),
                Protocol::Dhcpv6 => reading.six(datagram.payload, way),
                Protocol::Icmpv6 => {}
            }
        });
    }
    Ok(reading)
}
