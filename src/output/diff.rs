//! What two servers give, option by option: the object `diff`, and the same for people.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::compare::{Comparison, Difference, Family};
use crate::output::words::counted;
use crate::output::{Label, Render, Styled};
use crate::wire::digits::hex;
use crate::wire::escape::escape;

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
    /// What is meant: an `option`, a field of the `header`, of a `lease` of DHCPv6, or what is `derived` of several.
    field: &'static str,
    /// The option's code.
    code: Option<u16>,
    /// What it is called.
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
    /// What was compared: `dhcpv4` or `dhcpv6`.
    protocol: &'static str,
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
    pub fn new(a: Source, b: Source, found: Comparison) -> Self {
        let differences = found.differences.into_iter().map(object).collect();
        let protocol = match found.family {
            Family::Four => "dhcpv4",
            Family::Six => "dhcpv6",
        };
        Self { r#type: DiffType::Diff, protocol, a, b, same: found.same, differences }
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

/// Columns of the longest label and value that others are aligned with.
const LABEL: usize = 30;
const VALUE: usize = 40;

impl Render for DiffObject {
    fn object(&self) -> impl Serialize {
        self
    }

    fn text(&self, out: &mut Styled) {
        let rows: Vec<[String; 3]> = self.differences.iter().map(row).collect();
        let width = |column: usize, most: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count());
            cells.max().unwrap_or(0).min(most)
        };
        let (name, value) = (width(0, LABEL), width(1, VALUE));
        for [label, left, right] in &rows {
            out.label(Label::Strong, &format!("{label:<name$}")).text("  ").text(&format!("{left:<value$}"));
            out.label(Label::Dim, " | ").text(right).text("\n");
        }
        out.text(&format!("{}, {} the same\n", counted(self.differences.len(), "difference"), self.same));
    }
}

/// What differs, and what each side says.
fn row(difference: &DifferenceObject) -> [String; 3] {
    let label = match difference.code {
        Some(code) => format!("option {code} {}", difference.name),
        None => difference.name.clone(),
    };
    let side = |values: &[String]| {
        if values.is_empty() { "-".to_owned() } else { escape(values.join("; ").as_bytes()) }
    };
    [label, side(&difference.a), side(&difference.b)]
}
