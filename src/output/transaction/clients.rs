//! Clients: a row each, worst first.

use std::collections::BTreeSet;

use super::client::{ClientObject, ClientObject6, ClientsObject};
use super::unjoined;
use crate::analysis::transaction::{ClientRecord, Clients, Status, Unjoined, Who, Whose};
use crate::output::table::Table;
use crate::output::width::{padded, shortened, tail};
use crate::output::words::counted;
use crate::output::wrap::hanging;
use crate::output::{JsonOut, Label, Styled};
use crate::wire::HwAddr;
use crate::wire::digits;
use crate::wire::escape::escape;
use crate::wire::v6::Duid;

/// How many fare how: well, not at all, oddly.
pub(super) fn counts(all: &[&ClientRecord]) -> (u64, u64, u64) {
    let of = |wanted: Status| {
        u64::try_from(all.iter().filter(|client| client.status() == wanted).count()).unwrap_or(u64::MAX)
    };
    (of(Status::Ok), of(Status::Failed), of(Status::Odd))
}

/// All servers.
pub(super) fn servers<'a>(all: &[&'a ClientRecord]) -> BTreeSet<&'a Whose> {
    let mut servers = BTreeSet::new();
    // Of several that are alike the first is told.
    for server in all.iter().flat_map(|client| client.servers.iter()) {
        servers.insert(server);
    }
    servers
}

/// What is told beside the clients.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The capture's name, where there is one alone.
    pub capture: Option<&'a str>,
    /// Messages that no client is known by.
    pub unjoined: Unjoined,
    /// Codes of what is wrong with all of it, and with no client alone.
    pub whole: &'a [&'static str],
}

/// Writes a line for every client, then the summary. `vendor` knows who made a network card. After each line `each` may hand on
/// what was written.
pub fn json<E>(
    clients: &Clients,
    about: About<'_>,
    mut vendor: impl FnMut(Option<HwAddr>) -> Option<String>,
    out: &mut JsonOut,
    mut each: impl FnMut(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let all = clients.sorted();
    for client in &all {
        let vendor = vendor(client.mac);
        if client.is_six() {
            out.line(&ClientObject6::new(client, vendor.as_deref()));
        } else {
            out.line(&ClientObject::new(client, vendor.as_deref()));
        }
        each(&mut out.buf)?;
    }
    out.line(&ClientsObject::new(clients, &all, about));
    Ok(())
}

/// How those are had that are only counted.
const ALL_LISTED: &str = "--json and --format csv list every client";

/// Writes the table for people: those that fail or are odd; the others are a count.
pub fn text(clients: &Clients, unjoined: Unjoined, width: usize, out: &mut Styled) {
    let all = clients.sorted();
    let (good, failed, odd) = counts(&all);
    let span = clients.span.map(|(start, end)| format!(" in {}", stretch(end.saturating_sub(start))));
    let span = span.unwrap_or_default();
    let names: Vec<String> = servers(&all).iter().map(ToString::to_string).collect();
    let servers = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let count = clients.unserved();
    let clients = counted(all.len(), "client");
    out.label(Label::Strong, &hanging(&format!("{clients}{span}; servers {servers}"), width, 0, 2));
    out.text("\n");
    out.label(Label::Good, &format!("{good} ok")).text(", ");
    out.label(if failed == 0 { Label::Plain } else { Label::Error }, &format!("{failed} FAIL")).text(", ");
    out.label(if odd == 0 { Label::Plain } else { Label::Warning }, &format!("{odd} odd")).text("\n");
    if let Some(unserved) = unserved(count) {
        out.label(Label::Dim, &hanging(&unserved, width, 0, 2)).text("\n");
    }
    if let Some(unjoined) = unjoined::text(unjoined) {
        out.label(Label::Dim, &hanging(&unjoined, width, 0, 2)).text("\n");
    }
    let worse: Vec<&&ClientRecord> = all.iter().filter(|client| client.status() != Status::Ok).collect();
    if worse.is_empty() {
        if good > 0 {
            out.label(Label::Dim, &hanging(ALL_LISTED, width, 0, 2)).text("\n");
        }
        return;
    }
    if width < SLIM {
        for client in worse {
            slim(client, width, out);
        }
    } else {
        table(&worse, width, out);
    }
    if good > 0 {
        let verb = if good == 1 { "is" } else { "are" };
        let text = format!("and {good} that {verb} fine; {ALL_LISTED}");
        out.label(Label::Dim, &hanging(&text, width, 0, 2)).text("\n");
    }
}

/// How a client fares, in a word.
fn verdict(client: &ClientRecord) -> (Label, &'static str) {
    match client.status() {
        Status::Failed => (Label::Error, "FAIL"),
        _ => (Label::Warning, "odd"),
    }
}

/// What a client calls itself.
fn host(client: &ClientRecord, room: usize) -> Option<String> {
    let host = client.texts.hostname.as_deref().filter(|host| !host.is_empty())?;
    Some(shortened(&escape(host), room))
}

/// A client where a table has no room: who it is in one line, why below.
fn slim(client: &ClientRecord, width: usize, out: &mut Styled) {
    const INDENT: usize = 5;
    let (label, word) = verdict(client);
    let tries = client.tries();
    let mut who = vec![shortened(&client_name(client), DUID)];
    who.extend(host(client, DUID));
    who.push(format!("{tries} {}", if tries == 1 { "try" } else { "tries" }));
    who.extend(client.times().map(lasts));
    out.label(label, &padded(word, INDENT)).text(&hanging(&who.join("  "), width, INDENT, INDENT)).text("\n");
    let why = escape(client.why().unwrap_or_default().as_bytes());
    out.text(&" ".repeat(INDENT)).text(&hanging(&why, width, INDENT, INDENT)).text("\n");
}

/// How long that is.
fn lasts((first, last): (i64, i64)) -> String {
    stretch(last.saturating_sub(first))
}

fn table(worse: &[&&ClientRecord], width: usize, out: &mut Styled) {
    // A name takes what a sentence can spare.
    let room = (width / 5).clamp(12, 32);
    let mut table = Table::new(&["", "client", "host", "tries", "for", "why"]);
    for client in worse {
        let (label, word) = verdict(client);
        table.row(vec![
            (label, word.to_owned()),
            (Label::Plain, shortened(&client_name(client), if width < WIDE { DUID } else { LONGEST })),
            (Label::Plain, host(client, room).unwrap_or_else(|| "-".to_owned())),
            (Label::Plain, client.tries().to_string()),
            (Label::Plain, client.times().map_or_else(|| "-".to_owned(), lasts)),
            (Label::Plain, escape(client.why().unwrap_or_default().as_bytes())),
        ]);
    }
    out.text(&table.render_within(width, out.color()));
}

/// What is said of clients that look for DHCPv6 where nobody serves it.
pub fn unserved(count: usize) -> Option<String> {
    let (verb, clients) = (if count == 1 { "looks" } else { "look" }, counted(count, "client"));
    (count > 0).then(|| format!("{clients} {verb} for DHCPv6, which nobody serves here"))
}

/// Columns of a DUID at most; of a hardware address, too, where the terminal is narrower than [`WIDE`].
const DUID: usize = 24;
const WIDE: usize = 120;
/// Columns below which no table is drawn.
const SLIM: usize = 60;
/// Columns of the longest hardware address.
const LONGEST: usize = 47;

/// The name of a client that there is a record of.
pub(in crate::output) fn client_name(client: &ClientRecord) -> String {
    name(client.mac, &client.who, client.texts.client_id.as_deref())
}

/// Bytes shown of a client identifier: all of a DUID made of a UUID, with its IAID.
const IDENTIFIER: usize = 24;

/// The client's name: its hardware address, else what it is told apart by, as in the lines of packets.
pub(in crate::output) fn name(mac: Option<HwAddr>, who: &Who, client_id: Option<&[u8]>) -> String {
    match (mac, who) {
        (Some(mac), _) => mac.to_string(),
        (None, Who::Six(duid)) => tail(&Duid::from(&**duid).to_string(), DUID),
        (None, Who::Nameless(Some(address))) => address.to_string(),
        (None, Who::Address(address)) => address.to_string(),
        (None, Who::Xid(xid)) => format!("xid {xid:#010x}"),
        (None, Who::Identifier(_)) => {
            let id = client_id.unwrap_or_default();
            let more = if id.len() > IDENTIFIER { "…" } else { "" };
            format!("id {}{more}", digits::hex(id.get(..IDENTIFIER).unwrap_or(id)))
        }
        _ => "-".to_owned(),
    }
}

/// How long, in a few letters.
fn stretch(nanoseconds: i64) -> String {
    let seconds = nanoseconds.max(0) / 1_000_000_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}
