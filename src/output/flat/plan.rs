//! Which columns a row has, and where each finds its place.

use std::collections::{HashMap, HashSet};

use super::columns::{self, Column, Field, Source, Type};
use super::steady;
use crate::wire::options::Space;

/// A choice of columns, in order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The columns; one with several sources stands once.
    pub columns: Vec<&'static Column>,
    /// The fields wanted, and their places.
    pub(super) fields: Vec<(Field, usize)>,
    /// Those of them that are the same in most messages of a type, and the others.
    pub(super) steady: Vec<(Field, usize)>,
    pub(super) changing: Vec<(Field, usize)>,
    /// Problems are wanted.
    pub(super) judges: bool,
    /// Place of each option, by code.
    pub(super) options: Vec<Option<usize>>,
    /// Place of each option of DHCPv6 that has one, by code.
    pub(super) six: Vec<Option<usize>>,
    /// Nested options wanted of each option, by code.
    pub(super) nested: Vec<Vec<Nested>>,
}

/// A nested option and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nested {
    pub(super) space: &'static Space,
    pub(super) sub: u16,
    pub(super) place: usize,
}

impl Plan {
    /// All of `table`.
    pub fn all(table: &'static [Column]) -> Self {
        let mut seen = HashSet::new();
        let names: Vec<&str> =
            table.iter().map(|column| column.name.as_str()).filter(|name| seen.insert(*name)).collect();
        Self::of_known(table, &names)
    }

    /// These columns of `table`, by name; `-` and `_`, upper and lower case are the same.
    pub fn of(table: &'static [Column], names: &[String]) -> Result<Self, String> {
        let mut chosen: Vec<&str> = Vec::new();
        for name in names {
            let asked = name.trim().replace('-', "_").to_ascii_lowercase();
            let Some(column) = table.iter().find(|column| column.name == asked) else {
                let near: Vec<&str> = (asked.len() > 2)
                    .then(|| {
                        table.iter().map(|column| column.name.as_str()).filter(|known| {
                            known.contains(&asked) || (known.len() > 2 && asked.ends_with(*known))
                        })
                    })
                    .into_iter()
                    .flatten()
                    .take(3)
                    .collect();
                let hint =
                    if near.is_empty() { String::new() } else { format!("; there is {}", near.join(", ")) };
                return Err(format!(
                    "no column is called {name:?}; dhcptool schema{} --sql duckdb lists them{hint}",
                    columns::word(table)
                ));
            };
            if chosen.contains(&column.name.as_str()) {
                return Err(format!("--fields names {name} twice"));
            }
            chosen.push(&column.name);
        }
        if chosen.is_empty() {
            return Err("--fields names no column".to_owned());
        }
        Ok(Self::of_known(table, &chosen))
    }

    fn of_known(table: &'static [Column], names: &[&str]) -> Self {
        let mut plan = Self {
            columns: Vec::with_capacity(names.len()),
            fields: Vec::new(),
            steady: Vec::new(),
            changing: Vec::new(),
            judges: false,
            options: vec![None; 256],
            six: Vec::new(),
            nested: vec![Vec::new(); 256],
        };
        let places: HashMap<&str, usize> =
            names.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        // Of the sources of a column the first says what it is.
        let mut first: HashMap<&str, &'static Column> = HashMap::new();
        for column in table {
            first.entry(&column.name).or_insert(column);
        }
        plan.columns = names.iter().filter_map(|name| first.get(name).copied()).collect();
        for column in table {
            let Some(&place) = places.get(column.name.as_str()) else { continue };
            match column.source {
                Source::Field(field) => plan.fields.push((field, place)),
                Source::Option(code) => {
                    if let Some(slot) = plan.options.get_mut(usize::from(code)) {
                        *slot = Some(place);
                    }
                }
                Source::Nested { code, space, sub } => {
                    if let Some(nested) = plan.nested.get_mut(usize::from(code)) {
                        nested.push(Nested { space, sub, place });
                    }
                }
                Source::SixOption(code) => {
                    let code = usize::from(code);
                    plan.six.resize(plan.six.len().max(code.saturating_add(1)), None);
                    if let Some(slot) = plan.six.get_mut(code) {
                        *slot = Some(place);
                    }
                }
                Source::Own => {}
            }
        }
        let nested = || plan.nested.iter().flatten().map(|nested| nested.place);
        let taken: HashSet<usize> =
            plan.options.iter().chain(&plan.six).flatten().copied().chain(nested()).collect();
        // An option goes before a field of the same name, and it is not steady.
        let steady = |(field, place): &(Field, usize)| steady::is_steady(*field) && !taken.contains(place);
        (plan.steady, plan.changing) = plan.fields.iter().partition(|field| steady(field));
        plan.judges = plan.fields.iter().any(|(field, _)| *field == Field::Problems);
        plan
    }

    /// The place and type of a column, if it is wanted.
    pub fn place(&self, name: &str) -> Option<(usize, Type)> {
        let place = self.columns.iter().position(|column| column.name == name)?;
        self.columns.get(place).map(|column| (place, column.kind))
    }
}
