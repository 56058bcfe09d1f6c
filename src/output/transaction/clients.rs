//! Clients: a row each, worst first.

use super::json::{moment, numbers};
use super::table::shortened;
use super::unjoined;
use crate::analysis::transaction::{ClientRecord, Clients, Status, Unjoined, Who, Whose};
use crate::output::json::fields::{bytes, list, milliseconds, number, optional};
use crate::output::table::Table;
use crate::output::words::counted;
use crate::output::wrap::hanging;
use crate::output::{JsonOut, Label, Styled};
use crate::time::Precision;
use crate::wire::HwAddr;
use crate::wire::escape::escape;
use crate::wire::options::Sink as _;
use crate::wire::v6::Duid;

/// How many fare how.
fn counts(all: &[&ClientRecord]) -> (u64, u64, u64) {
    let of = |wanted: Status| {
        u64::try_from(all.iter().filter(|client| client.status() == wanted).count()).unwrap_or(u64::MAX)
    };
    (of(Status::Ok), of(Status::Failed), of(Status::Odd))
}

fn servers(all: &[&ClientRecord]) -> Vec<Whose> {
    let mut servers: Vec<Whose> = all.iter().flat_map(|client| client.servers.iter().cloned()).collect();
    servers.sort();
    servers.dedup();
    servers
}

/// What is told beside the clients.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The capture's name, where there is one alone.
    pub capture: Option<&'a str>,
    /// Messages that no client is known by.
    pub unjoined: Unjoined,
}

/// Writes a line for every client, then the summary. `vendor` knows who made a network card.
pub fn json(
    clients: &Clients,
    about: About<'_>,
    mut vendor: impl FnMut(Option<HwAddr>) -> Option<String>,
    out: &mut JsonOut,
) {
    let all = clients.sorted();
    for client in &all {
        out.begin_object();
        object(client, vendor(client.mac).as_deref(), out);
        out.end_object();
        out.end_line();
    }
    let (good, failed, odd) = counts(&all);
    out.begin_object();
    optional("type", Some("clients"), out);
    bytes("capture", about.capture.map(str::as_bytes), out);
    for (name, time) in [("start", clients.span.map(|span| span.0)), ("end", clients.span.map(|span| span.1))]
    {
        match time {
            Some(time) => moment(name, time, Precision::Micro, out),
            None => optional(name, None::<u8>, out),
        }
    }
    number("clients", Some(u64::try_from(all.len()).unwrap_or(u64::MAX)), out);
    number("ok", Some(good), out);
    number("failed", Some(failed), out);
    number("odd", Some(odd), out);
    list("servers", servers(&all).iter().map(Whose::id), out);
    if let Some(unserved) = u64::try_from(clients.unserved()).ok().filter(|count| *count > 0) {
        number("dhcpv6_unserved", Some(unserved), out);
    }
    out.name_next("not_joined");
    out.begin_object();
    number("dhcpv6", Some(about.unjoined.dhcpv6), out);
    number("router_discovery", Some(about.unjoined.discovery), out);
    out.end_object();
    out.end_object();
    out.end_line();
}

fn object(client: &ClientRecord, vendor: Option<&str>, out: &mut JsonOut) {
    optional("type", Some("client"), out);
    if client.is_six() {
        optional("protocol", Some("dhcpv6"), out);
    }
    optional("status", Some(client.status().name()), out);
    optional("mac", client.mac, out);
    out.name_next(if client.is_six() { "duid" } else { "client_id" });
    match client.texts.client_id.as_deref() {
        Some(id) => out.bytes(id),
        None => out.null(),
    }
    bytes("hostname", client.texts.hostname.as_deref(), out);
    bytes("vendor_class", client.texts.vendor_class.as_deref(), out);
    bytes("vendor", vendor.map(str::as_bytes), out);
    bytes("interface", client.texts.interface.as_deref(), out);
    numbers("vlans", client.vlans.iter().map(|id| u64::from(*id)), out);
    list("relays", &client.relays, out);
    list("servers", client.servers.iter().map(Whose::id), out);
    optional("address", client.address(), out);
    if client.is_six() {
        let addresses = client.leases.iter().filter(|(_, length)| length.is_none());
        list("addresses", addresses.map(|(address, _)| *address), out);
        list("prefixes", client.prefixes().map(|(prefix, length)| format!("{prefix}/{length}")), out);
    }
    number("messages", Some(client.messages), out);
    number("tries", Some(client.tries), out);
    moment("first_seen", client.seen.0, Precision::Micro, out);
    moment("last_seen", client.seen.1, Precision::Micro, out);
    milliseconds("for_ms", Some(client.seen.1.saturating_sub(client.seen.0)), out);
    milliseconds("offer_ms", client.delays.0, out);
    milliseconds("ack_ms", client.delays.1, out);
    bytes("why", client.why().as_deref().map(str::as_bytes), out);
    list("codes", client.codes.iter().map(|(_, code)| *code), out);
    numbers("transactions", client.transactions.iter().copied(), out);
}

/// Writes the table for people: those that fail or are odd; the others are a count.
pub fn text(clients: &Clients, unjoined: Unjoined, width: usize, out: &mut Styled) {
    let all = clients.sorted();
    let (good, failed, odd) = counts(&all);
    let span = clients.span.map_or(0, |(start, end)| end.saturating_sub(start));
    let names: Vec<String> = servers(&all).iter().map(ToString::to_string).collect();
    let servers = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let count = clients.unserved();
    let clients = counted(all.len(), "client");
    out.label(
        Label::Strong,
        &hanging(&format!("{clients} in {}; servers {servers}", stretch(span)), width, 0, 2),
    );
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
        return;
    }
    // A name takes what a sentence can spare.
    let room = (width / 5).clamp(12, 32);
    let mut table = Table::new(&["", "client", "host", "tries", "for", "why"]);
    for client in worse {
        let (label, word) = match client.status() {
            Status::Failed => (Label::Error, "FAIL"),
            _ => (Label::Warning, "odd"),
        };
        table.row(vec![
            (label, word.to_owned()),
            (Label::Plain, name(client.mac, &client.who)),
            (
                Label::Plain,
                client
                    .texts
                    .hostname
                    .as_deref()
                    .map_or_else(|| "-".to_owned(), |host| shortened(&escape(host), room)),
            ),
            (Label::Plain, client.tries.to_string()),
            (Label::Plain, stretch(client.seen.1.saturating_sub(client.seen.0))),
            (Label::Plain, escape(client.why().unwrap_or_default().as_bytes())),
        ]);
    }
    out.text(&table.render_within(width, out.color()));
    if good > 0 {
        out.label(Label::Dim, &format!("and {good} that {} fine", if good == 1 { "is" } else { "are" }))
            .text("\n");
    }
}

/// What is said of clients that look for DHCPv6 where nobody serves it.
pub fn unserved(count: usize) -> Option<String> {
    let (verb, clients) = (if count == 1 { "looks" } else { "look" }, counted(count, "client"));
    (count > 0).then(|| format!("{clients} {verb} for DHCPv6, which nobody serves here"))
}

/// Columns of a DUID at most.
const DUID: usize = 24;

/// The client's name.
pub(in crate::output) fn name(mac: Option<HwAddr>, who: &Who) -> String {
    match (mac, who) {
        (Some(mac), _) => mac.to_string(),
        (None, Who::Six(duid)) => shortened(&Duid::from(&**duid).to_string(), DUID),
        (None, Who::Nameless(Some(address))) => address.to_string(),
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
