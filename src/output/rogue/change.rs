//! A change that `rogue --watch` tells: an object of the same shape as the report, text, and a line for a log.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::object::{RogueType, ServerObject};
use super::server::{block, who};
use crate::analysis::servers::watcher::{ChangeKind, Folded, OfferChange, ServerChange};
use crate::analysis::servers::{SegmentVerdict, Status};
use crate::output::json::object::moment;
use crate::output::styled::{Label, Styled};
use crate::output::when::TimeText;
use crate::time::Precision;

/// The object of a change: that of the report, with one server.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeObject<'a> {
    /// What the object is.
    r#type: RogueType,
    /// What happened.
    event: &'static str,
    /// When.
    time: String,
    /// The verdict on all; null when not everything was seen and nobody is known to be a rogue.
    #[schemars(extend("enum" = ["clean", "rogue", "none", null]))]
    verdict: Option<&'static str>,
    /// The interfaces looked at.
    interfaces: &'a [String],
    /// The server; none where changes are folded.
    servers: Vec<ServerObject<'a>>,
    /// In what it differs from before.
    differences: Vec<DifferenceObject<'a>>,
    /// How many changes were folded into this one; null where none were.
    folded: Option<FoldedObject>,
}

/// In what a server differs from before.
#[derive(Debug, Serialize, JsonSchema)]
struct DifferenceObject<'a> {
    /// In what.
    what: &'a str,
    /// What it was; empty for nothing.
    from: &'a str,
    /// What it is.
    to: &'a str,
}

/// Changes that are not told one by one.
#[derive(Debug, Serialize, JsonSchema)]
struct FoldedObject {
    /// New servers.
    new: u64,
    /// Servers that changed.
    changed: u64,
    /// Servers that are gone.
    gone: u64,
    /// Servers that are back.
    back: u64,
    /// How many of all were rogues.
    rogues: u64,
}

impl<'a> ChangeObject<'a> {
    /// The object of `change`, with the verdict on all servers.
    pub fn new(
        change: &'a ServerChange,
        verdict: SegmentVerdict,
        interfaces: &'a [String],
        precision: Precision,
    ) -> Self {
        let who = change.who.iter();
        let Folded { new, changed, gone, back, rogues, .. } = change.folded;
        Self {
            r#type: RogueType::Rogue,
            event: change.kind.name(),
            time: moment(change.time, precision),
            verdict: verdict.name(),
            interfaces,
            servers: who.map(|who| ServerObject::new(&who.server, &who.judgement, precision)).collect(),
            differences: change.differences.iter().map(DifferenceObject::from).collect(),
            folded: (change.kind == ChangeKind::Folded).then_some(FoldedObject {
                new,
                changed,
                gone,
                back,
                rogues,
            }),
        }
    }
}

impl<'a> From<&'a OfferChange> for DifferenceObject<'a> {
    fn from(difference: &'a OfferChange) -> Self {
        Self { what: &difference.what, from: &difference.from, to: &difference.to }
    }
}

/// A change of `rogue --watch` for people.
pub fn change_text(change: &ServerChange, time: &mut TimeText, out: &mut Styled) {
    out.labelled(Label::Dim, |out| time.write(Some(change.time), Precision::Micro, out));
    out.text("  ").label(Label::Strong, change.kind.name());
    match &change.who {
        None => {
            let folded = change.folded;
            let _ = writeln!(
                out,
                "  {} more changes within a minute: {} new, {} changed, {} gone, {} back; {} of rogues",
                folded.total(),
                folded.new,
                folded.changed,
                folded.gone,
                folded.back,
                folded.rogues
            );
        }
        Some(who) => {
            out.text("\n");
            block(&who.server, &who.judgement, out);
            for difference in &change.differences {
                let _ = writeln!(out, "          {}", told(difference));
            }
        }
    }
}

/// What was there before and what is now.
fn told(OfferChange { what, from, to }: &OfferChange) -> String {
    let or_nothing = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
    format!("{what}: {} -> {}", or_nothing(from), or_nothing(to))
}

/// A change of `rogue --watch` in one line, as a log keeps it.
pub fn change_line(change: &ServerChange) -> String {
    let mut line = change.kind.name().to_owned();
    let Some(described) = &change.who else {
        let folded = change.folded;
        let _ =
            write!(line, ": {} more changes within a minute, {} of rogues", folded.total(), folded.rogues);
        return line;
    };
    let (server, judgement) = (&described.server, &described.judgement);
    let _ = write!(line, ": {} {}", judgement.status.name(), who(server, judgement));
    for interface in &server.interfaces {
        let _ = write!(line, " on {interface}");
    }
    for reason in &judgement.reasons {
        let _ = write!(line, "; {reason}");
    }
    for difference in &change.differences {
        line.push_str("; ");
        line.push_str(&told(difference));
    }
    line
}

/// How grave a change is for syslog and journald (RFC 5424 6.2.1): 2 critical, 4 warning, 5 notice.
pub fn change_priority(change: &ServerChange) -> u8 {
    let is_rogue =
        change.who.as_ref().map_or(change.folded.rogues > 0, |who| who.judgement.status == Status::Rogue);
    match change.kind {
        ChangeKind::Gone => 4,
        _ if is_rogue => 2,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::servers::watcher::Who;
    use crate::output::json::object::line;
    use crate::output::rogue::tests::{judged, server};
    use crate::time::Timestamp;

    #[test]
    fn changes_are_objects_of_the_same_shape() {
        let change = ServerChange {
            kind: ChangeKind::Changed,
            time: Timestamp::new(5, 0),
            who: Some(Box::new(Who { server: server(1), judgement: judged(Status::Rogue) })),
            differences: vec![OfferChange {
                what: "routers".into(),
                from: String::new(),
                to: "10.0.0.9".into(),
            }],
            folded: Folded::default(),
        };
        let interfaces = ["eth0".to_owned()];
        let told = line(&ChangeObject::new(&change, SegmentVerdict::Rogue, &interfaces, Precision::Nano));
        let fold = ServerChange { kind: ChangeKind::Folded, who: None, ..change.clone() };
        let folded = line(&ChangeObject::new(&fold, SegmentVerdict::Rogue, &[], Precision::Nano));
        let text = String::from_utf8([told, folded].concat()).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["event"], &lines[0]["verdict"]), (&"changed".into(), &"rogue".into()));
        assert_eq!(lines[0]["differences"][0]["to"], "10.0.0.9");
        assert_eq!(lines[0]["servers"][0]["server_id"], "10.0.0.1");
        assert_eq!(lines[1]["folded"]["new"], 0);
        let mut out = Styled::new(false);
        change_text(&change, &mut TimeText::default(), &mut out);
        change_text(&fold, &mut TimeText::default(), &mut out);
        assert!(out.as_str().contains("routers: nothing -> 10.0.0.9"), "{}", out.as_str());
    }

    #[test]
    fn a_change_is_one_line_for_a_log() {
        let change = ServerChange {
            kind: ChangeKind::New,
            time: Timestamp::new(5, 0),
            who: Some(Box::new(Who { server: server(1), judgement: judged(Status::Rogue) })),
            differences: vec![],
            folded: Folded::default(),
        };
        let line = change_line(&change);
        assert!(line.starts_with("new: rogue 10.0.0.1 at 02:00:00:00:00:01"), "{line}");
        assert!(line.contains("unknown-server") && change_priority(&change) == 2);
        let gone = ServerChange { kind: ChangeKind::Gone, ..change.clone() };
        assert_eq!(change_priority(&gone), 4);
        let fold = ServerChange { kind: ChangeKind::Folded, who: None, ..change };
        assert_eq!((change_priority(&fold), change_line(&fold).lines().count()), (5, 1));
    }
}
