//! The object `explanation`: what a code means.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::diagnosis::Row;
use crate::analysis::servers::rules::{Rule, Weight};

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
}

impl From<&'static Rule> for Explanation {
    fn from(rule: &'static Rule) -> Self {
        Self {
            r#type: ExplanationType::Explanation,
            code: rule.code,
            severity: if rule.weight == Weight::Suspicious { "warning" } else { "error" },
            scope: "capture",
            summary: rule.sentence,
            why: "",
            advice: rule.advice,
            not: &[],
            reference: None,
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
        }
    }
}
