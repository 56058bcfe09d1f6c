//! What became of expectations: a line each, JSON, and JUnit XML for CI.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::expect::Checked;
use crate::output::styled::{Label, Styled};
use crate::wire::escape::{escape_line, is_hostile};

/// An expectation in the object of `discover`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExpectationObject {
    expect: String,
    met: bool,
    found: Option<String>,
}

impl From<&Checked> for ExpectationObject {
    fn from(checked: &Checked) -> Self {
        let found = Some(checked.found.clone()).filter(|_| !checked.met);
        Self { expect: checked.text.clone(), met: checked.met, found }
    }
}

/// A line for each.
pub fn text(checked: &[Checked], out: &mut Styled) {
    for one in checked {
        if one.met {
            out.label(Label::Good, "ok    ");
        } else {
            out.label(Label::Error, "FAILED");
        }
        out.text("  ").text(&escape_line(&one.text));
        if !one.met {
            out.text(": ").text(&one.found);
        }
        out.text("\n");
    }
}

/// JUnit XML: a test case for each.
pub fn junit(interface: &str, checked: &[Checked]) -> String {
    let failures = checked.iter().filter(|one| !one.met).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"dhcptool discover {}\" tests=\"{}\" failures=\"{failures}\">\n",
        xml(interface),
        checked.len()
    );
    for one in checked {
        // Writing into a String cannot fail.
        let _ = write!(out, "  <testcase classname=\"dhcptool.discover\" name=\"{}\"", xml(&one.text));
        let _ = if one.met {
            writeln!(out, "/>")
        } else {
            writeln!(out, ">\n    <failure message=\"{}\"/>\n  </testcase>", xml(&one.found))
        };
    }
    out.push_str("</testsuite>\n");
    out
}

/// Text for an attribute; what XML cannot hold or a terminal should not see is replaced.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if is_hostile(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_says_what_failed() {
        let met = Checked { text: "lease>=1h".into(), met: true, found: String::new() };
        let not = Checked { text: "a\"<\u{1b}".into(), met: false, found: "10.0.0.1 says 1 & 2".into() };
        let xml = junit("eth0", &[met, not]);
        assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
        assert!(xml.contains("name=\"lease&gt;=1h\"/>"), "{xml}");
        assert!(
            xml.contains("name=\"a&quot;&lt;\u{fffd}\">\n    <failure message=\"10.0.0.1 says 1 &amp; 2\"/>"),
            "{xml}"
        );
    }
}
