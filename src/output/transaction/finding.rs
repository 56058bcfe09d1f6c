//! The object `finding`: what several exchanges show.

use super::parts::{Explained, whole};
use crate::analysis::diagnosis::{self, Id};
use crate::analysis::findings6::story::Told;
use crate::output::json::told::{Moment, Word, object, words};
use crate::output::schema::Severity;

words! {
    /// What the object is.
    enum FindingType {
        /// Something that several exchanges show.
        Finding = "finding",
    }
}

object! {
    /// Something that several exchanges show.
    pub struct Finding<'a> {
        /// What the object is.
        r#type: FindingType,
        /// Which code; `dhcptool explain` says more.
        code: Word,
        /// How bad it is.
        #[schemars(with = "Severity")]
        severity: Word,
        /// The server it is about; of IPv6 the first, or the router.
        server: Option<String>,
        /// The client it is about.
        client: Option<String>,
        /// The address it is about.
        address: Option<String>,
        /// The frames it rests on.
        frames: &'a [u64],
        /// How often it was seen.
        count: u64,
        /// When it was seen first.
        first_seen: Option<Moment>,
        /// When it was seen last.
        last_seen: Option<Moment>,
        #[schemars(flatten)]
        explained: Explained<'a>,
    }
}

/// Of captures that tell no times every moment is 0.
fn told(time: i64) -> Option<Moment> {
    (time != 0).then(|| whole(time))
}

impl<'a> Finding<'a> {
    fn new(id: Id, message: &'a str, frames: &'a [u64], count: u64, seen: (i64, i64)) -> Self {
        Self {
            r#type: FindingType::Finding,
            code: Word(id.name()),
            severity: Word(id.severity().name()),
            server: None,
            client: None,
            address: None,
            frames,
            count,
            first_seen: told(seen.0),
            last_seen: told(seen.1),
            explained: Explained::new(id, message),
        }
    }
}

impl<'a> From<&'a diagnosis::Finding> for Finding<'a> {
    fn from(finding: &'a diagnosis::Finding) -> Self {
        Self {
            server: finding.server.map(|server| server.to_string()),
            client: finding.mac().map(|mac| mac.to_string()),
            address: finding.address.map(|address| address.to_string()),
            ..Self::new(finding.id, &finding.message, &finding.frames, finding.count, finding.seen)
        }
    }
}

impl<'a> From<&'a Told> for Finding<'a> {
    fn from(told: &'a Told) -> Self {
        Self {
            server: told.whose().into_iter().next(),
            client: told.client.clone(),
            ..Self::new(told.id(), &told.finding.message, &told.frames, told.count, told.seen)
        }
    }
}
