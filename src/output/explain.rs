//! What a code means: the object `explanation`, and the same for people.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::diagnosis::{Row, Scope};
use crate::analysis::servers::rules::{Rule, Weight};
use crate::output::table::Table;
use crate::output::transaction::table::severity_label;
use crate::output::{Label, Render, Styled};
use crate::wire::problem::Severity;

super::schema::object_type!(ExplanationType, Explanation, "What a code means.");

/// What a code means and what to do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// What the object is.
    r#type: ExplanationType,
    /// The code.
    code: &'static str,
    /// How bad it is: error, warning, note or cut.
    severity: &'static str,
    /// In what it is seen: packet, transaction, capture or host.
    scope: &'static str,
    /// What it says.
    summary: &'static str,
    /// Why it matters.
    why: &'static str,
    /// What to do.
    advice: &'static str,
    /// When it is not said, although it looks like it.
    not: &'static [&'static str],
    /// The specification that it is judged by.
    reference: Option<&'static str>,
    #[serde(skip)]
    level: Severity,
    #[serde(skip)]
    of_rogue: bool,
}

impl From<&'static Rule> for Explanation {
    fn from(rule: &'static Rule) -> Self {
        let level = if rule.weight == Weight::Suspicious { Severity::Warning } else { Severity::Error };
        Self {
            r#type: ExplanationType::Explanation,
            code: rule.code,
            severity: level.name(),
            scope: "capture",
            summary: rule.sentence,
            why: "",
            advice: rule.advice,
            not: &[],
            reference: None,
            level,
            of_rogue: true,
        }
    }
}

impl From<&'static Row> for Explanation {
    fn from(row: &'static Row) -> Self {
        Self {
            r#type: ExplanationType::Explanation,
            code: row.id.name(),
            severity: row.id.severity().name(),
            scope: row.scope.name(),
            summary: row.summary,
            why: row.why,
            advice: row.advice,
            not: row.not,
            reference: Some(row.id.reference()).filter(|text| !text.is_empty()),
            level: row.id.severity(),
            of_rogue: false,
        }
    }
}

impl Render for Explanation {
    fn object(&self) -> impl Serialize {
        self
    }

    fn text(&self, out: &mut Styled) {
        out.label(Label::Strong, self.code).text(" (");
        if self.of_rogue {
            out.text("a reason of rogue");
        } else {
            out.label(severity_label(self.level), self.severity);
        }
        out.text(")\n").text(self.summary).text("\n");
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                out.label(Label::Dim, &format!("{name:<6}")).text(value).text("\n");
            }
        };
        let scope = |scope: Scope| self.scope == scope.name() && !self.of_rogue;
        line("Why", self.why);
        for (seen, text) in [
            (Scope::Packet, "in one packet"),
            (Scope::Transaction, "in one exchange"),
            (Scope::Host, "at this host and its port, by doctor"),
            (Scope::Capture, "over time, in several exchanges or servers"),
        ] {
            line("Seen", if scope(seen) { text } else { "" });
        }
        line("Do", self.advice);
        line("Not", &self.not.join("; "));
        line("From", self.reference.unwrap_or_default());
    }
}

/// Appends the list of these codes.
pub fn list(codes: &[Explanation], out: &mut Styled) {
    let mut table = Table::new(&["code", "severity", "scope", "meaning"]);
    for one in codes {
        table.row(vec![
            (Label::Strong, one.code.to_owned()),
            (severity_label(one.level), one.severity.to_owned()),
            (Label::Dim, one.scope.to_owned()),
            (Label::Plain, one.summary.to_owned()),
        ]);
    }
    table.show(out);
}
