//! The object `diff`: what two servers give, option by option.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::compare::{Difference, hex};

super::schema::object_type!(DiffType, Diff, "A comparison.");

/// A side of the comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Source {
    /// The file, as it was named.
    pub source: String,
    /// Replies in it that give something.
    pub replies: usize,
}

/// In what the sides differ.
#[derive(Debug, Serialize, JsonSchema)]
struct DifferenceObject {
    /// The header field, or `option`.
    field: &'static str,
    /// The option's code.
    code: Option<u8>,
    /// The option's name.
    name: String,
    /// Values of one side.
    a: Vec<String>,
    /// Values of the other.
    b: Vec<String>,
    /// The first of one side in hexadecimal.
    raw_a: Option<String>,
    /// The first of the other.
    raw_b: Option<String>,
}

/// A comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffObject {
    /// What the object is.
    r#type: DiffType,
    /// One side.
    a: Source,
    /// The other.
    b: Source,
    /// Fields and options that are the same.
    same: usize,
    /// Fields and options that are not.
    differences: Vec<DifferenceObject>,
}

impl DiffObject {
    /// The object of what was found.
    pub fn new(a: Source, b: Source, same: usize, differences: Vec<Difference>) -> Self {
        let differences = differences.into_iter().map(object).collect();
        Self { r#type: DiffType::Diff, a, b, same, differences }
    }
}

fn object(difference: Difference) -> DifferenceObject {
    let [raw_a, raw_b] = difference.raw.each_ref().map(|raw| raw.first().map(|first| hex(first)));
    let [a, b] = difference.values;
    DifferenceObject {
        field: difference.field,
        code: difference.code,
        name: difference.name,
        a,
        b,
        raw_a,
        raw_b,
    }
}
