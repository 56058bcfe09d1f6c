//! The screen of `sniff --top`.

use std::sync::Arc;

use super::clients::name;
use super::table::clock;
use crate::analysis::transaction::Who;
use crate::output::table::Table;
use crate::output::width::shortened;
use crate::output::words::counted;
use crate::output::wrap::hanging;
use crate::output::{Label, Styled};
use crate::wire::HwAddr;
use crate::wire::escape::escape;

/// A server.
#[derive(Clone, Debug)]
pub struct ServerLine {
    /// Its name.
    pub name: String,
    /// It is none of those that are meant.
    pub unknown: bool,
    /// Messages heard of it.
    pub messages: u64,
    /// Tenths of messages a second, of late.
    pub tenths: u64,
    /// OFFERs, ACKs, NAKs.
    pub counts: (u64, u64, u64),
    /// DISCOVER to OFFER, milliseconds.
    pub p99: Option<f64>,
    /// Since it was heard first and last, nanoseconds.
    pub first: i64,
    /// Since it was heard last, nanoseconds.
    pub last: i64,
}

/// A client that has no address, or gets none.
#[derive(Clone, Debug)]
pub struct ClientLine {
    /// It.
    pub who: Who,
    /// Its hardware address.
    pub mac: Option<HwAddr>,
    /// Its client identifier.
    pub client_id: Option<Arc<[u8]>>,
    /// Its name.
    pub hostname: Option<Arc<[u8]>>,
    /// How often it asked.
    pub tries: u64,
    /// For how long, nanoseconds.
    pub since: i64,
    /// Where it is stuck.
    pub state: String,
}

/// All that is shown.
#[derive(Clone, Debug)]
pub struct Screen {
    /// The moment, nanoseconds since 1970.
    pub now: i64,
    /// How long it has been watched, nanoseconds.
    pub length: i64,
    /// Messages.
    pub messages: u64,
    /// Exchanges.
    pub exchanges: u64,
    /// Clients of these.
    pub clients: usize,
    /// The servers.
    pub servers: Vec<ServerLine>,
    /// Clients that fail, longest first.
    pub failing: Vec<ClientLine>,
    /// Columns and rows.
    pub size: (usize, usize),
    /// With colours.
    pub color: bool,
}

/// Draws it.
pub fn draw(screen: &Screen) -> Styled {
    let mut out = Styled::new(screen.color);
    let (width, height) = screen.size;
    let time = clock(screen.now);
    let time = time.get(..8).unwrap_or(&time);
    let head = format!(
        " UTC, watched for {}: {}, {} of {}, {} failing",
        stretch(screen.length),
        counted(screen.messages, "message"),
        counted(screen.exchanges, "exchange"),
        counted(screen.clients, "client"),
        screen.failing.len()
    );
    let head = hanging(&head, width, time.len(), time.len().saturating_add(1));
    out.label(Label::Strong, time).text(&head).text("\n");
    // A second line takes the place of the empty one.
    out.text(if head.contains('\n') { "" } else { "\n" });
    if screen.servers.is_empty() {
        out.label(Label::Dim, "no server heard yet").text("\n");
    } else {
        let mut table = Table::new(&[
            "server", "", "messages", "per s", "offers", "acks", "naks", "p99 ms", "since", "last",
        ]);
        for server in screen.servers.iter().take(height / 2) {
            let (offers, acks, naks) = server.counts;
            let mark = if server.unknown {
                (Label::Error, "UNKNOWN".to_owned())
            } else {
                (Label::Plain, String::new())
            };
            table.row(vec![
                (if server.unknown { Label::Error } else { Label::Address }, server.name.clone()),
                mark,
                (Label::Plain, server.messages.to_string()),
                (Label::Plain, format!("{}.{}", server.tenths / 10, server.tenths % 10)),
                (Label::Plain, offers.to_string()),
                (Label::Plain, acks.to_string()),
                (if naks > 0 { Label::Error } else { Label::Plain }, naks.to_string()),
                (Label::Plain, server.p99.map_or_else(|| "-".to_owned(), |p99| format!("{p99:.1}"))),
                (Label::Dim, stretch(server.first)),
                (Label::Dim, stretch(server.last)),
            ]);
        }
        out.text(&table.render(screen.color));
    }
    out.text("\n");
    if screen.failing.is_empty() {
        out.label(Label::Good, "no client fails").text("\n");
        return out;
    }
    let mut table = Table::new(&["client", "host", "tries", "for", "state"]);
    let used = screen.servers.len().min(height / 2).saturating_add(7);
    let rows = height.saturating_sub(used).max(3);
    for client in screen.failing.iter().take(rows) {
        table.row(vec![
            (Label::Plain, name(client.mac, &client.who, client.client_id.as_deref())),
            (
                Label::Plain,
                client
                    .hostname
                    .as_deref()
                    .map_or_else(|| "-".to_owned(), |host| shortened(&escape(host), 20)),
            ),
            (Label::Plain, client.tries.to_string()),
            (Label::Plain, stretch(client.since)),
            (Label::Warning, shortened(&escape(client.state.as_bytes()), width.saturating_sub(55).max(20))),
        ]);
    }
    out.text(&table.render(screen.color));
    let more = screen.failing.len().saturating_sub(rows);
    if more > 0 {
        out.label(Label::Dim, &format!("and {more} more")).text("\n");
    }
    out
}

fn stretch(nanoseconds: i64) -> String {
    let seconds = nanoseconds.max(0) / 1_000_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::width::columns;

    #[test]
    fn strangers_are_marked_and_lines_fit() {
        let server = |last: u8, unknown: bool| ServerLine {
            name: format!("10.0.0.{last}"),
            unknown,
            messages: 20,
            tenths: 15,
            counts: (10, 9, 1),
            p99: Some(3.25),
            first: 5_000_000_000,
            last: 0,
        };
        let client = ClientLine {
            who: Who::Nameless(None),
            client_id: None,
            mac: Some(crate::wire::Mac([0, 12, 41, 0, 0, 1]).into()),
            hostname: Some(b"a\x1b[31mb".to_vec().into()),
            tries: 4,
            since: 130_000_000_000,
            state: "DISCOVER, no answer yet".to_owned(),
        };
        let screen = Screen {
            now: 3_600_000_000_000,
            length: 60_000_000_000,
            messages: 44,
            exchanges: 9,
            clients: 8,
            servers: vec![server(1, false), server(66, true)],
            failing: vec![client; 30],
            size: (80, 24),
            color: false,
        };
        let drawn = draw(&screen);
        let text = drawn.as_str();
        assert!(text.starts_with("01:00:00 UTC, watched for 60 s: 44 messages"), "{text}");
        let stranger = text.lines().find(|line| line.starts_with("10.0.0.66")).unwrap();
        assert!(
            stranger.contains("UNKNOWN") && stranger.contains("1.5") && stranger.contains("3.2"),
            "{text}"
        );
        assert!(
            !text.lines().any(|line| line.starts_with("10.0.0.1 ") && line.contains("UNKNOWN")),
            "{text}"
        );
        assert!(text.contains("a\\x1b[31mb") && text.contains("2 min") && text.contains("more"), "{text}");
        assert!(text.lines().count() <= 24, "{text}");
        let wide = "漢字ホスト名日本漢字ホスト名日本".as_bytes().to_vec();
        let failing = vec![ClientLine { hostname: Some(wide.into()), ..screen.failing[0].clone() }];
        let text = draw(&Screen { failing, ..screen }).as_str().to_owned();
        let row = text.lines().find(|line| line.contains("漢字")).unwrap();
        assert!(row.contains(" 漢字ホスト名日本漢… ") && columns(row) <= 80, "{text}");
    }
}
