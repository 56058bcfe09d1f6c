//! `dhcptool options`: list the options known.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::output::Format;
use crate::output::options::{Listed, Options};
use crate::wire::options::vendor::CLASS_SPACES;
use crate::wire::options::{Kind, OptionDef, Space, nd, v4, v6};

/// List the options known: code, name, type, reference
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only options whose name contains this, or with this code: of options that hold others those are listed too (82,
    /// 82.1, circuit-id)
    pattern: Option<String>,

    /// Those of DHCPv6 instead of DHCPv4
    #[arg(short = '6', long = "ipv6", conflicts_with = "nd")]
    ipv6: bool,

    /// Those of Neighbor Discovery
    #[arg(long)]
    nd: bool,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    let space = match (args.ipv6, args.nd) {
        (true, _) => &v6::SPACE,
        (_, true) => &nd::SPACE,
        _ => &v4::SPACE,
    };
    let rows = match &args.pattern {
        Some(pattern) => matching(space, pattern),
        None => space.table.iter().map(Listed::top).collect(),
    };
    let found = if rows.is_empty() { Exit::Bad } else { Exit::Good };
    if rows.is_empty() && cx.format() == Format::Text {
        cx.note(&format!("no option is called like {:?}", args.pattern.as_deref().unwrap_or_default()));
        return Ok(found);
    }
    cx.show(&Options { space, rows, verbose: cx.common.verbose > 0 })?;
    Ok(found)
}

/// The spaces of the options inside one.
fn inside(def: &OptionDef) -> Vec<&'static Space> {
    match def.kind {
        Kind::Options(space) | Kind::Lenient(space) => vec![space],
        Kind::Vendor => CLASS_SPACES.to_vec(),
        _ => Vec::new(),
    }
}

/// The options that `pattern` means, each with those inside it where it was meant by its own name or code.
fn matching(space: &'static Space, pattern: &str) -> Vec<Listed> {
    // Columns of flat rows are named alike, with other strokes.
    let lower = pattern.to_ascii_lowercase().replace('_', "-");
    let meant = |path: &str, def: &OptionDef| {
        path == lower || def.name.contains(&lower) || def.aliases.iter().any(|alias| alias.contains(&lower))
    };
    let mut found = Vec::new();
    for def in space.table {
        let top = Listed::top(def);
        let whole = meant(&top.path, def);
        let path = top.path.clone();
        if whole {
            found.push(top);
        }
        // DHCPv6 options hold each other.
        let inner_spaces = inside(def).into_iter().filter(|inner| !std::ptr::eq(*inner, space));
        for inner in inner_spaces.flat_map(|space| space.table) {
            let path = format!("{path}.{}", inner.code);
            if whole || meant(&path, inner) {
                found.push(Listed { path, def: inner });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_inside_others_are_found() {
        let paths = |pattern: &str| {
            matching(&v4::SPACE, pattern).into_iter().map(|listed| listed.path).collect::<Vec<_>>()
        };
        assert!(paths("82").contains(&"82.1".to_owned()) && paths("82").contains(&"82".to_owned()));
        assert!(paths("circuit").contains(&"82.1".to_owned()), "{:?}", paths("circuit"));
        assert_eq!(paths("82.1"), ["82.1"]);
        assert_eq!(paths("host_name"), paths("host-name"));
        assert!(paths("43").len() > 5);
        assert!(paths("3").contains(&"3".to_owned()));
    }
}
