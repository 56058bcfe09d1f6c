//! Which columns a row has, and where each finds its place.

use std::collections::{HashMap, HashSet};

use super::columns::{self, Column, Field, Source, Type};
use crate::wire::options::{Kind, OptionDef, Space, v4};

/// A choice of columns, in order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The columns; one with several sources stands once.
    pub columns: Vec<&'static Column>,
    /// The fields wanted, and their places.
    pub(super) fields: Vec<(Field, usize)>,
    /// Those of them that are the same in most messages of a type, those that stand in a column with an option, and the others, in the
    /// order of their places.
    pub(super) steady: Vec<(Field, usize)>,
    pub(super) shared: Vec<(Field, usize)>,
    pub(super) steps: Steps,
    /// Problems are wanted.
    pub(super) judges: bool,
    /// What is wanted of each option, by code.
    pub(super) options: Vec<Wanted>,
    /// Place of each option of DHCPv6 that has one, by code.
    pub(super) six: Vec<Option<usize>>,
}

/// What is wanted of the options of one code.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Place and type of their column.
    pub(super) place: Option<(usize, Type)>,
    /// What they are; none for codes that nobody knows.
    pub(super) row: Option<&'static OptionDef>,
    /// What is written of one depends on its payload alone.
    pub(super) alone: bool,
    /// Its text can stand in a template: nothing else is written in its columns, and what it says depends on its payload.
    pub(super) fixable: bool,
    /// It can be written where the row has got to.
    pub(super) direct: bool,
    /// Nested options that are wanted.
    pub(super) nested: Vec<Nested>,
}

impl Wanted {
    fn of(code: u16) -> Self {
        let row = v4::SPACE.by_code(code);
        let alone = row.is_some_and(|row| !is_container(&row.kind) && !row.kind.needs_context());
        Self { place: None, row, alone, fixable: false, direct: false, nested: Vec::new() }
    }
}

impl Wanted {
    /// The columns that are filled from it.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.place.map(|(place, _)| place).into_iter().chain(self.nested.iter().map(|nested| nested.place))
    }
}

/// Kinds whose content has columns of its own.
pub(super) fn is_container(kind: &Kind) -> bool {
    matches!(kind, Kind::Options(_) | Kind::Lenient(_) | Kind::Vendor)
}

/// What is written where the row has got to.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Field(Field),
    /// The time, and in the column behind it the same in nanoseconds.
    Times,
    /// The option of this index in its message.
    Option(usize),
}

impl What {
    /// How many cells it is.
    fn cells(self) -> usize {
        if matches!(self, Self::Times) { 2 } else { 1 }
    }
}

/// A cell that is written where the row has got to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) what: What,
    pub(super) place: usize,
    /// There are columns between it and the step before that are filled before the row is written.
    pub(super) gap: bool,
    /// There are such columns behind it.
    pub(super) ends: bool,
}

/// The steps of a row, by what the row is of.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    /// DHCPv4.
    pub(super) four: Vec<Step>,
    /// DHCPv6 and router discovery.
    pub(super) six: Vec<Step>,
}

/// Places in a row, by bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<u64>);

impl Places {
    pub(super) fn insert(&mut self, place: usize) {
        if self.0.len() <= place / 64 {
            self.0.resize((place / 64).saturating_add(1), 0);
        }
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    fn contains(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<T: IntoIterator<Item = usize>>(places: T) -> Self {
        let mut all = Self::default();
        places.into_iter().for_each(|place| all.insert(place));
        all
    }
}

impl Step {
    /// The place of its last cell.
    #[inline]
    pub(super) fn last(&self) -> usize {
        self.place.saturating_add(self.what.cells()).saturating_sub(1)
    }

    /// The steps to `cells`, which are in the order of their places; `stored` are places that may be filled before.
    pub(super) fn all(cells: impl Iterator<Item = (What, usize)>, stored: &Places) -> Vec<Self> {
        let mut steps: Vec<Self> = Vec::new();
        for (what, place) in cells {
            let next = steps.last().map_or(0, Self::last);
            let gap = (next..place).any(|place| stored.contains(place));
            if let Some(before) = steps.last_mut() {
                before.ends = gap;
                // Both are made of the same.
                if matches!((before.what, what), (What::Field(Field::Time), What::Field(Field::TimeNs)))
                    && before.place.saturating_add(1) == place
                {
                    before.what = What::Times;
                    before.ends = true;
                    continue;
                }
            }
            // What follows the last one may be stored.
            steps.push(Self { what, place, gap, ends: true });
        }
        steps
    }
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
            shared: Vec::new(),
            steps: Steps::default(),
            judges: false,
            options: (0..256).map(Wanted::of).collect(),
            six: Vec::new(),
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
                    if let (Some(wanted), Some(column)) =
                        (plan.options.get_mut(usize::from(code)), plan.columns.get(place))
                    {
                        wanted.place = Some((place, column.kind));
                    }
                }
                Source::Nested { code, space, sub } => {
                    if let Some(wanted) = plan.options.get_mut(usize::from(code)) {
                        wanted.nested.push(Nested { space, sub, place });
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
        let nested = || plan.options.iter().flat_map(|wanted| &wanted.nested).map(|nested| nested.place);
        let options = plan.options.iter().filter_map(|wanted| wanted.place).map(|(place, _)| place);
        let taken: Places = options.chain(plan.six.iter().flatten().copied()).chain(nested()).collect();
        // An option goes before a field of the same name, and it is not steady.
        let (shared, own): (Vec<_>, Vec<_>) =
            plan.fields.iter().partition(|(_, place)| taken.contains(*place));
        let (steady, mut changing): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|(field, _)| is_steady(*field));
        changing.sort_by_key(|(_, place)| *place);
        // What stands around the message comes first in the table, that of DHCPv6 last.
        let last = |field: &Field| *field >= Field::SixMessageType;
        let four = changing.iter().copied().filter(|(field, _)| !last(field) || *field == Field::Problems);
        let six = changing.iter().copied().filter(|(field, _)| *field <= Field::Protocol || last(field));
        let step = |(field, place)| (What::Field(field), place);
        plan.steps = Steps { four: Step::all(four.map(step), &taken), six: Step::all(six.map(step), &taken) };
        (plan.shared, plan.steady) = (shared, steady);
        plan.judges = plan.fields.iter().any(|(field, _)| *field == Field::Problems);
        plan.fix();
        plan
    }

    /// Finds the options whose text can stand in a template.
    fn fix(&mut self) {
        let mut filled: HashMap<usize, usize> = HashMap::new();
        for wanted in &self.options {
            for place in wanted.places() {
                let count = filled.entry(place).or_default();
                *count = count.saturating_add(1);
            }
        }
        let shared: Places = self.shared.iter().map(|(_, place)| *place).collect();
        for wanted in &mut self.options {
            let alone = wanted.places().all(|place| filled.get(&place) == Some(&1));
            let read = self.judges || wanted.places().next().is_some();
            let steady = wanted.row.is_some_and(|row| !row.kind.needs_context());
            wanted.fixable = alone && read && steady;
            let own = wanted.place.is_some_and(|(place, _)| !shared.contains(place));
            wanted.direct = wanted.fixable && wanted.alone && own;
        }
    }

    /// True when options of this code are written where the row has got to.
    #[inline]
    pub(super) fn is_direct(&self, code: u8) -> bool {
        self.options.get(usize::from(code)).is_some_and(|wanted| wanted.direct)
    }

    /// True when the text of options of this code can stand in a template.
    pub(super) fn is_fixable(&self, code: u8) -> bool {
        self.options.get(usize::from(code)).is_some_and(|wanted| wanted.fixable)
    }

    /// The place and type of a column, if it is wanted.
    pub fn place(&self, name: &str) -> Option<(usize, Type)> {
        let place = self.columns.iter().position(|column| column.name == name)?;
        self.columns.get(place).map(|column| (place, column.kind))
    }
}

/// True for the fields that are written from what is [steady](super::steady) alone.
fn is_steady(field: Field) -> bool {
    matches!(
        field,
        Field::Capture
            | Field::Interface
            | Field::Direction
            | Field::Comment
            | Field::Sname
            | Field::File
            | Field::Layers
            | Field::QuotedIn
            | Field::LinkType
            | Field::Vlans
            | Field::Priorities
            | Field::IpVersion
            | Field::IpTtl
            | Field::IpDscp
            | Field::IpEcn
            | Field::IpDontFragment
            | Field::UdpSrcPort
            | Field::UdpDstPort
            | Field::UdpChecksum
            | Field::Protocol
            | Field::Op
            | Field::Htype
            | Field::Hlen
            | Field::Hops
            | Field::Flags
            | Field::Broadcast
            | Field::MessageType
    )
}
