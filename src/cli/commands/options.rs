//! `dhcptool options`: list the options known.

use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::output::schema;
use crate::output::{Label, Styled, table};
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

/// One option, for programs.
#[derive(Serialize, JsonSchema)]
struct Row {
    code: u16,
    /// As -o takes it: the code, behind those of the options that it stands in.
    path: String,
    name: &'static str,
    aliases: &'static [&'static str],
    kind: String,
    reference: &'static str,
    description: &'static str,
    example: String,
    /// DHCPv6: a client may ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    oro: Option<bool>,
    /// DHCPv6: it may come only once.
    #[serde(skip_serializing_if = "Option::is_none")]
    singleton: Option<bool>,
    /// DHCPv6: it is no longer to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    obsolete: Option<bool>,
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
    if cx.common.json {
        let options = rows.iter().map(|listed| row(listed, args.ipv6)).collect();
        cx.out.write_json(&Listing { r#type: "options", protocol: space.name, options })?;
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
    let single = rows.len() == 1;
    for Listed { path, def } in &rows {
        let mut cells = vec![
            (Label::Dim, path.clone()),
            (Label::Strong, def.name.to_owned()),
            (Label::Plain, if cx.common.verbose > 0 { def.kind.to_string() } else { brief(def) }),
            (Label::Dim, def.reference.to_owned()),
        ];
        if cx.common.verbose > 0 {
            cells.push((Label::Plain, def.doc.to_owned()));
        }
        table.row(cells);
    }
    let mut text = cx.out.styled();
    text.text(&table.render(cx.out.color()));
    if let [Listed { path, def }] = rows.as_slice()
        && single
    {
        about(path, def, &mut text);
    }
    cx.out.write_styled(text)?;
    Ok(found)
}

/// What more there is to say of one option.
fn about(path: &str, def: &OptionDef, out: &mut Styled) {
    out.text("\n").text(def.doc).text("\n");
    if !def.aliases.is_empty() {
        out.label(Label::Dim, "also called  ").text(&def.aliases.join(", ")).text("\n");
    }
    let name = if path.contains('.') { path } else { def.name };
    out.label(Label::Dim, "for example  ").text(&format!("-o '{name}={}'\n", def.kind.example()));
}

/// An option and where it stands.
struct Listed {
    path: String,
    def: &'static OptionDef,
}

impl Listed {
    fn top(def: &'static OptionDef) -> Self {
        Self { path: def.code.to_string(), def }
    }
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
    let lower = pattern.to_ascii_lowercase();
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

/// The type in few words: some options have fields enough to fill a line.
fn brief(def: &OptionDef) -> String {
    let kind = def.kind.to_string();
    match kind.char_indices().nth(BRIEF) {
        Some(_) => kind.chars().take(BRIEF.saturating_sub(1)).chain(['…']).collect(),
        None => kind,
    }
}

fn row(Listed { path, def }: &Listed, is_v6: bool) -> Row {
    Row {
        code: def.code,
        path: path.clone(),
        name: def.name,
        aliases: def.aliases,
        kind: def.kind.to_string(),
        reference: def.reference,
        description: def.doc,
        example: def.kind.example(),
        oro: is_v6.then(|| v6::may_be_requested(def.code)),
        singleton: is_v6.then(|| !v6::may_repeat(def.code)),
        obsolete: is_v6.then(|| v6::is_obsolete(def.code)),
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

    #[test]
    fn options_inside_others_are_found() {
        let paths = |pattern: &str| {
            matching(&v4::SPACE, pattern).into_iter().map(|listed| listed.path).collect::<Vec<_>>()
        };
        assert!(paths("82").contains(&"82.1".to_owned()) && paths("82").contains(&"82".to_owned()));
        assert!(paths("circuit").contains(&"82.1".to_owned()), "{:?}", paths("circuit"));
        assert_eq!(paths("82.1"), ["82.1"]);
        assert!(paths("43").len() > 5);
        assert!(paths("3").contains(&"3".to_owned()));
    }
}
