//! `dhcptool options`: list the options known.

use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::output::schema;
use crate::output::{Label, table};
use crate::wire::options::{OptionDef, v4};

/// List the options known: code, name, type, reference
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only options whose name contains this, or with this code
    pattern: Option<String>,
}

/// One option, for programs.
#[derive(Serialize, JsonSchema)]
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
#[derive(Serialize, JsonSchema)]
struct Listing {
    r#type: &'static str,
    protocol: &'static str,
    options: Vec<Row>,
}

/// What is printed, as JSON Schema.
pub fn schema(command: &str) -> Schema {
    schema::schema::<Listing>(command)
}

/// The longest type that is shown without -v, in characters.
const BRIEF: usize = 36;

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
            (Label::Plain, if cx.common.verbose > 0 { def.kind.to_string() } else { brief(def) }),
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

/// The type in few words: some options have fields enough to fill a line.
fn brief(def: &OptionDef) -> String {
    let kind = def.kind.to_string();
    match kind.char_indices().nth(BRIEF) {
        Some(_) => kind.chars().take(BRIEF.saturating_sub(1)).chain(['…']).collect(),
        None => kind,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_makes_the_table_wide() {
        let brief: Vec<String> = v4::SPACE.table.iter().map(brief).collect();
        assert!(brief.iter().all(|kind| kind.chars().count() <= BRIEF));
        assert!(brief.contains(&"list of IPv4 address".to_owned()));
        assert!(brief.iter().filter(|kind| kind.ends_with('…')).count() < 8);
    }
}
