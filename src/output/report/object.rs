//! What is told of a page in JSON: the object `report`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{CaptureReport, number};
use crate::analysis::transaction::Status;
use crate::output::json::object::foreign;

crate::output::schema::object_type!(ReportType, Report, "A page that was written.");

/// A page that was written, and what it begins with.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReportObject {
    /// What the object is.
    r#type: ReportType,
    /// The file that has the page.
    page: String,
    /// The captures that it tells.
    captures: Vec<CaptureObject>,
    /// How it stands, in a sentence.
    verdict: String,
    /// Frames of all captures.
    frames: u64,
    /// DHCP messages.
    messages: u64,
    /// Exchanges.
    exchanges: u64,
    /// Exchanges that are drawn.
    drawn: u64,
    /// Clients.
    clients: u64,
    /// Those that have what they asked for.
    ok: u64,
    /// Those that have no usable address.
    failed: u64,
    /// Those that have one, with trouble.
    odd: u64,
    /// Servers.
    servers: u64,
}

/// A capture.
#[derive(Debug, Serialize, JsonSchema)]
struct CaptureObject {
    /// As it was named.
    name: String,
    /// Its size in bytes.
    size: u64,
    /// Its SHA-256 in hexadecimal; null where it is not told.
    sha256: Option<String>,
}

impl CaptureReport<'_> {
    /// The object of the page in the file `page`.
    pub fn object(&self, page: &[u8]) -> ReportObject {
        let all = self.clients.sorted();
        let of = |status: Status| number(all.iter().filter(|client| client.status() == status).count());
        ReportObject {
            r#type: ReportType::Report,
            page: foreign(page),
            captures: self
                .captures
                .iter()
                .map(|capture| CaptureObject {
                    name: capture.name.clone(),
                    size: capture.size,
                    sha256: capture.sha256.clone(),
                })
                .collect(),
            verdict: self.verdict(&all).0,
            frames: self.frames,
            messages: self.stats.messages.saturating_add(self.stats6.messages),
            exchanges: self.exchanges(),
            drawn: number(self.drawn.len()),
            clients: number(all.len()),
            ok: of(Status::Ok),
            failed: of(Status::Failed),
            odd: of(Status::Odd),
            servers: number(self.servers()),
        }
    }
}
