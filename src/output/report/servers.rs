//! The servers: a row each, and in what they differ.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::charts;
use crate::analysis::compare::{self, Comparison, Family, Scope, Side};
use crate::analysis::transaction::{ServerFigures, Stats, Whose};
use crate::output::words::counted;
use crate::wire::escape::escape;
use crate::wire::seconds::Lease;

/// Servers of one protocol that have a row.
const LISTED: usize = 50;
/// Columns of the table of differences.
const COLUMNS: usize = 6;
/// Kinds of servers that are told apart to fill them.
const KINDS: usize = 16;
/// Servers that are named at the head of a column, and values of one cell.
const NAMED: usize = 3;
const VALUES: usize = 8;
/// Addresses, network cards, lease times and servers in a cell.
pub(super) const FEW: usize = 4;

/// What servers of DHCPv4 give.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// By server.
    pub sides: BTreeMap<Ipv4Addr, Side>,
    /// So many replies of each were looked at, at most.
    pub most: u32,
    /// Servers that said more than that.
    pub cut: usize,
    /// Servers that were not looked at.
    pub left_out: usize,
}

pub(super) struct ServerRow {
    pub(super) name: String,
    pub(super) macs: String,
    pub(super) offers: u64,
    pub(super) acks: u64,
    pub(super) naks: u64,
    pub(super) share: String,
    pub(super) addresses: usize,
    pub(super) leases: String,
    pub(super) p50: String,
    pub(super) p90: String,
    pub(super) p99: String,
    pub(super) max: String,
    pub(super) measured: u64,
    pub(super) bars: Vec<charts::Bar>,
    pub(super) ticks: Vec<(i64, String)>,
}

pub(super) struct DifferenceRow {
    pub(super) name: String,
    pub(super) cells: Vec<String>,
}

/// In what servers differ: a column for those that most are like, and one for each kind that differs from them.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<DifferenceRow>,
    /// What is not in the table.
    pub(super) folds: Vec<String>,
    /// Those that are not like most.
    odd: BTreeSet<Ipv4Addr>,
}

/// The first of several, and that there are more.
pub(super) fn few<T: ToString>(all: impl IntoIterator<Item = T>, between: &str) -> String {
    let mut all = all.into_iter();
    let mut named: Vec<String> = all.by_ref().take(FEW).map(|one| one.to_string()).collect();
    let more = all.count();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    named.join(between)
}

fn compared(a: &Side, b: &Side) -> Option<Comparison> {
    compare::compare(a, b, Scope::default())
}

/// Servers that give the same, the first of which stands for all.
type Alike<'a> = Vec<(Ipv4Addr, &'a Side)>;

impl Compared {
    /// Compares what servers give.
    pub(super) fn of(given: &Given) -> Self {
        let mut found = Self::default();
        let mut kinds: Vec<Alike<'_>> = Vec::new();
        let mut beyond = 0_usize;
        for (server, side) in given.sides.iter().filter(|(_, side)| side.count(Family::Four) > 0) {
            let alike = |kind: &Alike<'_>| {
                let same = |(_, first): &(Ipv4Addr, &Side)| {
                    compared(first, side).is_some_and(|found| found.differences.is_empty())
                };
                kind.first().is_some_and(same)
            };
            let (place, full) = (kinds.iter().position(alike), kinds.len() >= KINDS);
            match place.and_then(|place| kinds.get_mut(place)) {
                Some(kind) => kind.push((*server, side)),
                None if !full => kinds.push(vec![(*server, side)]),
                None => {
                    found.odd.insert(*server);
                    beyond = beyond.saturating_add(1);
                }
            }
        }
        // Those that most are like come first; of the others those that fewest are like.
        kinds.sort_by_key(|kind| Reverse(kind.len()));
        let mut kinds = kinds.into_iter();
        if let Some(usual) = kinds.next() {
            let mut others: Vec<Alike<'_>> = kinds.collect();
            others.sort_by_key(Vec::len);
            found.table(&usual, &others, beyond);
        }
        if given.left_out > 0 {
            found
                .folds
                .push(format!("Not compared with others: {}.", counted(given.left_out, "more server")));
        }
        if given.cut > 0 {
            let servers = counted(given.cut, "server");
            found.folds.push(format!("Of {servers} only the first {} replies are compared.", given.most));
        }
        found
    }

    /// Fills the table; `beyond` servers are like none of all.
    fn table(&mut self, usual: &Alike<'_>, others: &[Alike<'_>], beyond: usize) {
        let Some((_, base)) = usual.first() else { return };
        self.names.push(named(usual));
        let (mut more, mut apart) = (beyond, 0_usize);
        for kind in others {
            let Some((_, side)) = kind.first() else { continue };
            self.odd.extend(kind.iter().map(|(server, _)| server));
            match compared(base, side) {
                None => apart = apart.saturating_add(kind.len()),
                Some(_) if self.names.len() >= COLUMNS => more = more.saturating_add(kind.len()),
                Some(found) => self.column(named(kind), found),
            }
        }
        for row in &mut self.rows {
            row.cells.resize_with(self.names.len(), same);
        }
        if more > 0 {
            self.folds.push(format!(
                "{} more differ, too; dhcptool diff A B compares what two captures hold.",
                counted(more, "server")
            ));
        }
        if apart > 0 {
            self.folds.push(format!(
                "Not compared, for they gave nothing of the kind that {} gave: {}.",
                self.names.first().map_or("the first", String::as_str),
                counted(apart, "server")
            ));
        }
    }

    fn column(&mut self, name: String, found: Comparison) {
        let place = self.names.len();
        self.names.push(name);
        for difference in found.differences {
            let code = difference.code;
            let label =
                code.map_or_else(|| difference.name.clone(), |code| format!("{} ({code})", difference.name));
            let label = escape(label.as_bytes());
            let [usual, other] = difference.values.each_ref().map(|values| text(values));
            let at = self.rows.iter().position(|row| row.name == label).unwrap_or(self.rows.len());
            if at == self.rows.len() {
                self.rows.push(DifferenceRow { name: label, cells: vec![usual] });
            }
            if let Some(row) = self.rows.get_mut(at) {
                // Where a server between is like the first.
                row.cells.resize_with(place, same);
                row.cells.push(other);
            }
        }
    }
}

/// What stands in the cell of a server that does not differ.
fn same() -> String {
    "as the first".to_owned()
}

/// The servers of a column.
fn named(kind: &Alike<'_>) -> String {
    let show = if kind.len() > NAMED { 1 } else { NAMED };
    let names: Vec<String> = kind.iter().take(show).map(|(server, _)| server.to_string()).collect();
    match kind.len().saturating_sub(show) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// The values of a cell.
fn text(values: &[Vec<u8>]) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    let first = escape(&values.get(..VALUES).unwrap_or(values).join(b"; ".as_slice()));
    match values.len().saturating_sub(VALUES) {
        0 => first,
        more => format!("{first}; and {more} more"),
    }
}

/// The servers of one protocol, those that are odd and those that said most, and what is left out.
pub(super) fn rows(stats: &Stats, compared: &Compared) -> (Vec<ServerRow>, Option<String>) {
    let completed: u64 = stats.servers.values().map(|server| server.completed).sum();
    let mut shown: Vec<(&Whose, &ServerFigures)> = stats.servers.iter().collect();
    let all = shown.len();
    if all > LISTED {
        shown.sort_by_key(|(name, server)| {
            let odd = matches!(name, Whose::Four(ip) if compared.odd.contains(ip));
            let (offers, acks, naks) = server.counts;
            (!odd, Reverse(offers.saturating_add(acks).saturating_add(naks)))
        });
        shown.truncate(LISTED);
        shown.sort_by_key(|(name, _)| *name);
    }
    let fold = (all > LISTED).then(|| {
        format!(
            "{LISTED} of {all} servers are listed, those that differ from most and those that said most; \
             dhcptool decode FILE --stats lists all."
        )
    });
    (shown.into_iter().map(|(name, server)| row(name, server, completed)).collect(), fold)
}

fn row(name: &Whose, server: &ServerFigures, completed: u64) -> ServerRow {
    let offer = server.offer.summary();
    let figure = |of: fn(&crate::stats::delay::Summary) -> f64| {
        offer.as_ref().map_or_else(|| "-".to_owned(), |summary| format!("{:.1}", of(summary)))
    };
    let share = server.completed.saturating_mul(100).checked_div(completed);
    let (bars, ticks) = charts::latency(&server.offer);
    ServerRow {
        name: name.to_string(),
        macs: few(&server.macs, " "),
        offers: server.counts.0,
        acks: server.counts.1,
        naks: server.counts.2,
        share: share.map_or_else(|| "-".to_owned(), |share| format!("{share} %")),
        addresses: server.addresses.len(),
        leases: few(server.leases.iter().map(|lease| Lease(*lease)), ", "),
        p50: figure(|summary| summary.p50),
        p90: figure(|summary| summary.p90),
        p99: figure(|summary| summary.p99),
        max: figure(|summary| summary.max),
        measured: server.offer.count(),
        bars,
        ticks,
    }
}
