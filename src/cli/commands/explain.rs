//! `dhcptool explain`: what a code means and what to do.

use crate::analysis::diagnosis::{self, Row};
use crate::analysis::servers::rules::RULES;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::output::Format;
use crate::output::explain::{self, Explanation};

/// Say what a problem, finding or reason means and what to do
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The codes, as printed by decode, sniff, discover or rogue; none: the list
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    // Those that are known are explained, whatever else was asked for.
    let mut unknown = Vec::new();
    let codes: Vec<Explanation> = if args.codes.is_empty() {
        let reasons = RULES.iter().filter(|rule| diagnosis::find(rule.code).is_none());
        diagnosis::rows().map(Explanation::from).chain(reasons.map(Explanation::from)).collect()
    } else {
        let each = args.codes.iter().map(|code| meant(code));
        each.filter_map(|meant| meant.map_err(|failure| unknown.push(failure)).ok()).flatten().collect()
    };
    if args.codes.is_empty() && cx.format() == Format::Text {
        let mut out = cx.out.styled();
        explain::list(&codes, &mut out);
        cx.out.write_styled(out)?;
        return Ok(Exit::Good);
    }
    for (index, code) in codes.iter().enumerate() {
        if index > 0 && cx.format() == Format::Text {
            cx.out.write(b"\n")?;
        }
        cx.show(code)?;
    }
    let Some(last) = unknown.pop() else { return Ok(Exit::Good) };
    for message in unknown.iter().filter_map(|failure| failure.message.as_ref()) {
        cx.error(message);
    }
    Err(last)
}

/// What a code may be: of messages, exchanges and hosts, of which two protocols may have one each, or a reason of `rogue` alone.
fn meant(code: &str) -> Result<Vec<Explanation>, Failure> {
    let name = code.to_lowercase();
    let rows: Vec<Explanation> = diagnosis::named(&name).map(Explanation::from).collect();
    if !rows.is_empty() {
        return Ok(rows);
    }
    match RULES.iter().find(|rule| rule.code == name) {
        Some(rule) => Ok(vec![rule.into()]),
        None => find(code).map(|row| vec![row.into()]),
    }
}

/// The row of a code; an error that names the nearest.
pub fn find(code: &str) -> Result<&'static Row, Failure> {
    diagnosis::find(&code.to_lowercase()).ok_or_else(|| {
        let near = diagnosis::nearest(code, diagnosis::distinct().map(|row| row.id.name()));
        let hint = if near.is_empty() {
            "dhcptool explain lists them".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        Failure::usage(format_args!("no code is called {code:?}; {hint}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_protocols_share_is_explained_for_both() {
        for (code, count) in [("server-id-missing", 2), ("Port-Unusual", 2), ("option-truncated", 1)] {
            assert_eq!(meant(code).unwrap().len(), count, "{code}");
        }
    }

    #[test]
    fn every_reason_of_rogue_is_explained() {
        for rule in RULES {
            assert!(meant(rule.code).is_ok(), "{}", rule.code);
            assert!(!rule.sentence.is_empty() && !rule.advice.is_empty(), "{}", rule.code);
        }
        assert!(meant("no-such-code").is_err());
    }
}
