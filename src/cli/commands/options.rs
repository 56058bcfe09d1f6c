//! `dhcptool options`: list the options known.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::output::{Label, table};
use crate::wire::options::{OptionDef, v4};

/// List the options known: code, name, type, reference
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only options whose name contains this, or with this code
    pattern: Option<String>,
}

/// One option, for programs.
#[derive(Serialize)]
struct Row {
    code: u16,
    name: &'static str,
    aliases: &'static [&'static str],
    kind: String,
    reference: &'static str,
    description: &'static str,
    example: String,
}

/// All of them.
#[derive(Serialize)]
struct Listing {
    r#type: &'static str,
    protocol: &'static str,
    options: Vec<Row>,
}

/// Runs the command.
pub fn run(args: &Args, cx: &mut Context) -> Outcome {
    let rows: Vec<&OptionDef> = match &args.pattern {
        Some(pattern) => v4::SPACE.search(pattern).collect(),
        None => v4::SPACE.table.iter().collect(),
    };
    let found = if rows.is_empty() { Exit::Bad } else { Exit::Good };
    if cx.common.json {
        let options = rows.iter().map(|def| row(def)).collect();
        cx.out.write_json(&Listing { r#type: "options", protocol: "dhcpv4", options })?;
        return Ok(found);
    }
    if rows.is_empty() {
        cx.note(&format!("no option is called like {:?}", args.pattern.as_deref().unwrap_or_default()));
        return Ok(found);
    }
    let mut table = table::Table::new(&["code", "name", "type", "reference"]);
    if cx.common.verbose > 0 {
        table = table::Table::new(&["code", "name", "type", "reference", "description"]);
    }
    for def in rows {
        let mut cells = vec![
            (Label::Dim, def.code.to_string()),
            (Label::Strong, def.name.to_owned()),
            (Label::Plain, def.kind.to_string()),
            (Label::Dim, def.reference.to_owned()),
        ];
        if cx.common.verbose > 0 {
            cells.push((Label::Plain, def.doc.to_owned()));
        }
        table.row(cells);
    }
    let text = table.render(cx.out.color());
    cx.out.write(text.as_bytes())?;
    Ok(found)
}

fn row(def: &OptionDef) -> Row {
    Row {
        code: def.code,
        name: def.name,
        aliases: def.aliases,
        kind: def.kind.to_string(),
        reference: def.reference,
        description: def.doc,
        example: def.kind.example(),
    }
}
