//! `dhcptool explain`: what a code means and what to do.

use crate::analysis::diagnosis::{self, Row};
use crate::analysis::servers::rules::{RULES, Rule, Weight};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::output::explain::Explanation;
use crate::output::transaction::table::severity_label;
use crate::output::{Label, Styled, table};

/// Say what a problem, finding or reason means, why it matters and what to do
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The codes, as printed by decode, sniff, discover or rogue; none: the list
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    if args.codes.is_empty() {
        return list(cx);
    }
    let meant: Vec<Meant> = args.codes.iter().map(|code| meant(code)).collect::<Result<_, _>>()?;
    for (index, meant) in meant.into_iter().enumerate() {
        if cx.common.json {
            cx.out.write_json(&match meant {
                Meant::Row(row) => Explanation::from(row),
                Meant::Rule(rule) => Explanation::from(rule),
            })?;
            continue;
        }
        let mut out = cx.out.styled();
        if index > 0 {
            out.text("\n");
        }
        match meant {
            Meant::Row(row) => explain(row, &mut out),
            Meant::Rule(rule) => explain_rule(rule, &mut out),
        }
        cx.out.write_styled(out)?;
    }
    Ok(Exit::Good)
}

/// What a code may be: of messages, exchanges and hosts, or a reason of `rogue` alone.
enum Meant {
    Row(&'static Row),
    Rule(&'static Rule),
}

fn meant(code: &str) -> Result<Meant, Failure> {
    let rule = || RULES.iter().find(|rule| rule.code == code.to_lowercase());
    find(code).map(Meant::Row).or_else(|failure| rule().map(Meant::Rule).ok_or(failure))
}

/// The reasons that `rogue` alone gives.
fn reasons() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| diagnosis::find(rule.code).is_none())
}

fn list(cx: &mut Context) -> Outcome {
    if cx.common.json {
        for row in diagnosis::rows() {
            cx.out.write_json(&Explanation::from(row))?;
        }
        for rule in reasons() {
            cx.out.write_json(&Explanation::from(rule))?;
        }
        return Ok(Exit::Good);
    }
    let mut table = table::Table::new(&["code", "severity", "scope", "meaning"]);
    for row in diagnosis::rows() {
        table.row(vec![
            (Label::Strong, row.id.name().to_owned()),
            (severity_label(row.id.severity()), row.id.severity().name().to_owned()),
            (Label::Dim, row.scope.name().to_owned()),
            (Label::Plain, row.summary.to_owned()),
        ]);
    }
    for rule in reasons() {
        table.row(vec![
            (Label::Strong, rule.code.to_owned()),
            (Label::Dim, if rule.weight == Weight::Suspicious { "warning" } else { "error" }.to_owned()),
            (Label::Dim, "capture".to_owned()),
            (Label::Plain, rule.sentence.to_owned()),
        ]);
    }
    let text = table.render(cx.out.color());
    cx.out.write(text.as_bytes())?;
    Ok(Exit::Good)
}

/// The row of a code; an error that names the nearest.
pub fn find(code: &str) -> Result<&'static Row, Failure> {
    diagnosis::find(&code.to_lowercase()).ok_or_else(|| {
        let near = diagnosis::nearest(code, diagnosis::rows().map(|row| row.id.name()));
        let hint = if near.is_empty() {
            "dhcptool explain lists them".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        Failure::usage(format_args!("no code is called {code:?}; {hint}"))
    })
}

fn explain_rule(rule: &Rule, out: &mut Styled) {
    out.label(Label::Strong, rule.code).text(" (a reason of rogue)\n").text(rule.sentence).text("\n");
    out.label(Label::Dim, "Do    ").text(rule.advice).text("\n");
}

fn explain(row: &Row, out: &mut Styled) {
    let severity = row.id.severity();
    out.label(Label::Strong, row.id.name())
        .text(" (")
        .label(severity_label(severity), severity.name())
        .text(")\n");
    out.text(row.summary).text("\n");
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            out.label(Label::Dim, &format!("{name:<6}")).text(value).text("\n");
        }
    };
    line("Why", row.why);
    line(
        "Seen",
        match row.scope {
            diagnosis::Scope::Packet => "in one packet",
            diagnosis::Scope::Transaction => "in one exchange",
            diagnosis::Scope::Host => "at this host and its port, by doctor",
            diagnosis::Scope::Capture => "over time, in several exchanges or servers",
        },
    );
    line("Do", row.advice);
    line("Not", &row.not.join("; "));
    line("From", row.id.reference());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_rogue_is_explained() {
        for rule in RULES {
            assert!(meant(rule.code).is_ok(), "{}", rule.code);
            assert!(!rule.sentence.is_empty() && !rule.advice.is_empty(), "{}", rule.code);
        }
        assert!(meant("no-such-code").is_err());
    }
}
