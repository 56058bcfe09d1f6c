//! What two servers give, option by option: the object `diff`, and the same for people.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::compare::{Comparison, Difference, Family};
use crate::output::width::{columns, padded};
use crate::output::words::counted;
use crate::output::wrap::wrap;
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
    /// The bytes of those of one side in hexadecimal, of several with a space between.
    raw_a: Option<String>,
    /// The same of the other.
    raw_b: Option<String>,
    /// Both as people read them.
    #[serde(skip)]
    #[schemars(skip)]
    shown: [String; 2],
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
    let [raw_a, raw_b] = difference.raw.map(|raw| {
        let all: Vec<String> = raw.iter().map(|bytes| hex(bytes)).collect();
        (!all.is_empty()).then(|| all.join(" "))
    });
    let shown = difference.values.each_ref().map(|values| {
        // Escaped here, once: a broken character is told apart from another, and nothing moves the cursor.
        if values.is_empty() { "-".to_owned() } else { escape(&values.join(b"; ".as_slice())) }
    });
    let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    let [a, b] = difference.values.map(|values| values.into_iter().map(text).collect());
    DifferenceObject {
        field: difference.field,
        code: difference.code,
        name: difference.name,
        a,
        b,
        raw_a,
        raw_b,
        shown,
    }
}

/// Columns of the longest label and value that others are aligned with.
const LABEL: usize = 30;
const VALUE: usize = 40;
/// Between label and value, and between the values.
const GAP: usize = 2;
const BAR: &str = " | ";
/// In fewer columns no value is read with pleasure.
const NARROW: usize = 12;

impl Render for DiffObject {
    fn object(&self) -> impl Serialize {
        self
    }

    fn text(&self, out: &mut Styled) {
        let rows: Vec<[String; 3]> = self.differences.iter().map(row).collect();
        let longest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|text| columns(text));
            cells.max().unwrap_or(0)
        };
        // In a pipe nothing is folded, and the longest name is no more than a name.
        let name = longest(0).min(if out.width().is_some() { LABEL } else { usize::MAX });
        let sides = out.width().and_then(|width| beside(width, name, [longest(1), longest(2)]));
        for [label, left, right] in &rows {
            if let Some(sides) = sides {
                folded([(label, name), (left, sides[0]), (right, sides[1])], out);
                continue;
            }
            let value = longest(1).min(VALUE);
            out.label(Label::Strong, &padded(label, name)).text("  ").text(&padded(left, value));
            out.label(Label::Dim, BAR).text(right).text("\n");
        }
        out.text(&format!("{}, {} the same\n", counted(self.differences.len(), "difference"), self.same));
    }
}

/// How wide the two values may be beside each other behind a name of `name` columns, in lines of `width`; none where that is too little.
/// The shorter is as wide as it needs to be, if that is not more than half.
fn beside(width: usize, name: usize, [left, right]: [usize; 2]) -> Option<[usize; 2]> {
    let room = width.checked_sub(name.saturating_add(GAP).saturating_add(BAR.len()))?;
    let half = room / 2;
    let left = if left <= half { left } else { room.saturating_sub(right.min(half)).min(left) };
    let columns = [left, room.saturating_sub(left).min(right)];
    (half >= NARROW).then_some(columns)
}

/// A row whose cells go on in lines below.
fn folded([label, left, right]: [(&String, usize); 3], out: &mut Styled) {
    let lines = |(text, width): (&String, usize)| wrap(text, width).into_iter();
    let (mut labels, mut lefts, mut rights) = (lines(label), lines(left), lines(right));
    loop {
        let line = [labels.next(), lefts.next(), rights.next()];
        if line.iter().all(Option::is_none) {
            return;
        }
        let [name, value, other] = line.map(Option::unwrap_or_default);
        out.label(Label::Strong, &padded(&name, label.1)).text("  ").text(&padded(&value, left.1));
        if other.is_empty() {
            out.label(Label::Dim, BAR.trim_end()).text("\n");
        } else {
            out.label(Label::Dim, BAR).text(&other).text("\n");
        }
    }
}

/// What differs, and what each side says.
fn row(difference: &DifferenceObject) -> [String; 3] {
    let label = match difference.code {
        Some(code) => format!("option {code} {}", difference.name),
        None => difference.name.clone(),
    };
    let [a, b] = difference.shown.clone();
    [label, a, b]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a side has several values, their bytes are those of all of them.
    #[test]
    fn bytes_are_of_every_value() {
        let source = || Source { source: "a.pcap".into(), replies: 1 };
        let difference = Difference {
            field: "option",
            code: Some(3),
            name: "routers".into(),
            values: [vec![b"10.0.0.1".to_vec()], vec![b"10.0.0.1".to_vec(), b"10.0.0.2".to_vec()]],
            raw: [vec![vec![10, 0, 0, 1]], vec![vec![10, 0, 0, 1], vec![10, 0, 0, 2]]],
        };
        let derived =
            Difference { field: "derived", code: None, raw: Default::default(), ..difference.clone() };
        let found = Comparison { family: Family::Four, differences: vec![difference, derived], same: 0 };
        let object = DiffObject::new(source(), source(), found);
        let raw = |index: usize| {
            let difference = &object.differences[index];
            (difference.raw_a.as_deref(), difference.raw_b.as_deref())
        };
        assert_eq!(raw(0), (Some("0a000001"), Some("0a000001 0a000002")));
        assert_eq!(raw(1), (None, None));
    }

    #[test]
    fn sides_stay_beside_each_other_where_there_is_room() {
        let source = || Source { source: "a.pcap".into(), replies: 1 };
        let differs = |name: &str, values: [&str; 2]| Difference {
            field: "option",
            code: Some(6),
            name: name.into(),
            values: values.map(|value| vec![value.as_bytes().to_vec()]),
            raw: [Vec::new(), Vec::new()],
        };
        let long = "198.51.100.11, 198.51.100.12, 198.51.100.13, 198.51.100.14";
        let differences = vec![
            differs("domain-name-servers", ["192.0.2.1", long]),
            differs("wpad", ["http://wpad.corp.example.com/proxy/wpad.dat", "-"]),
        ];
        let object =
            DiffObject::new(source(), source(), Comparison { family: Family::Four, differences, same: 9 });
        let told = |width: Option<usize>| {
            let mut out = Styled::new(false).within(width);
            object.text(&mut out);
            String::from_utf8(out.into_bytes()).unwrap()
        };
        let rows = [
            ["option 6 domain-name-servers", "192.0.2.1", "198.51.100.11,"],
            ["", "", "198.51.100.12,"],
            ["", "", "198.51.100.13,"],
            ["", "", "198.51.100.14"],
            ["option 6 wpad", "http://wpad.corp.", "-"],
            ["", "example.com/proxy/", ""],
            ["", "wpad.dat", ""],
        ];
        let line =
            |[name, a, b]: [&str; 3]| format!("{name:<28}  {a:<24} | {b}").trim_end().to_owned() + "\n";
        assert_eq!(told(Some(80)), rows.map(line).concat() + "2 differences, 9 the same\n");
        assert!(told(None).lines().any(|line| line.ends_with(long)));
        assert!(told(Some(40)).lines().all(|line| line.chars().count() <= 40));
    }
}
