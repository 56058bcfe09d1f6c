//! The options known, as a table and as an object.

use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::width::shortened;
use super::{Label, Render, Styled, schema, table};
use crate::wire::options::{OptionDef, Space, v6};

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

/// An option and where it stands.
pub struct Listed {
    /// The codes that lead to it, joined by dots.
    pub path: String,
    /// The option.
    pub def: &'static OptionDef,
}

impl Listed {
    /// One that stands in no other.
    pub fn top(def: &'static OptionDef) -> Self {
        Self { path: def.code.to_string(), def }
    }
}

/// The options that are listed.
pub struct Options {
    /// Whose they are.
    pub space: &'static Space,
    /// In order.
    pub rows: Vec<Listed>,
    /// Types in full, and descriptions.
    pub verbose: bool,
}

impl Render for Options {
    fn object(&self) -> impl Serialize {
        let is_v6 = self.space.name == v6::SPACE.name;
        let options = self.rows.iter().map(|listed| row(listed, is_v6)).collect();
        Listing { r#type: "options", protocol: self.space.name, options }
    }

    fn text(&self, out: &mut Styled) {
        if self.rows.is_empty() {
            return;
        }
        let mut table = table::Table::new(&["code", "name", "type", "reference"]);
        if self.verbose {
            table = table::Table::new(&["code", "name", "type", "reference", "description"]);
        }
        for Listed { path, def } in &self.rows {
            let mut cells = vec![
                (Label::Dim, path.clone()),
                (Label::Strong, def.name.to_owned()),
                (Label::Plain, if self.verbose { def.kind.to_string() } else { brief(def) }),
                (Label::Dim, def.reference.to_owned()),
            ];
            if self.verbose {
                cells.push((Label::Plain, def.doc.to_owned()));
            }
            table.row(cells);
        }
        table.show(out);
        if let [Listed { path, def }] = self.rows.as_slice() {
            about(path, def, out);
        }
    }
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

/// The type in few words: some options have fields enough to fill a line.
fn brief(def: &OptionDef) -> String {
    shortened(&def.kind.to_string(), BRIEF)
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
    use crate::wire::options::v4;

    #[test]
    fn no_type_makes_the_table_wide() {
        let brief: Vec<String> = v4::SPACE.table.iter().map(brief).collect();
        assert!(brief.iter().all(|kind| kind.chars().count() <= BRIEF));
        assert!(brief.contains(&"list of IPv4 address".to_owned()));
        assert!(brief.iter().filter(|kind| kind.ends_with('…')).count() < 8);
    }
}
