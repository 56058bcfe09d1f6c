//! `sniff --top`, `decode --top`: a screen that shows how it stands, drawn again every second.
//!
//! Nothing of the terminal is changed but that its other screen is shown and the cursor hidden, which both are undone at the end; the
//! last state stays on the ordinary screen.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analysis::diagnosis::History;
use crate::analysis::transaction::{Batch, Clients, Item, Joiner, Kind, Letter, Options, Stats, Status};
use crate::output::Styled;
use crate::output::transaction::top::{self, ClientLine, Screen, ServerLine};

/// Shows the other screen of the terminal and hides the cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The other screen is shown.
static SHOWN: AtomicBool = AtomicBool::new(false);
/// How often it is drawn, nanoseconds.
const EVERY: i64 = 1_000_000_000;
/// Seconds over which rates are taken.
const SPAN: usize = 10;
/// Servers told apart.
const SERVERS: usize = 256;
/// A client that asked so often without an answer is told of before its exchange closes.
const ASKED: usize = 2;

/// A server that was heard.
#[derive(Debug)]
struct Heard {
    first: i64,
    last: i64,
    messages: u64,
    /// OFFERs, ACKs, NAKs.
    counts: (u64, u64, u64),
    /// Messages by the end of each of the last seconds.
    before: VecDeque<u64>,
}

/// What is shown.
pub struct Top {
    joiner: Joiner,
    history: History,
    stats: Stats,
    clients: Clients,
    number: u64,
    heard: BTreeMap<Ipv4Addr, Heard>,
    /// Servers that are meant to be there; none: nobody is marked.
    known: Vec<Ipv4Addr>,
    size: (usize, usize),
    color: bool,
    begun: Option<i64>,
    drawn: Option<i64>,
    /// What is drawn is for a terminal of another size.
    stale: bool,
    bytes: Vec<u8>,
}

/// Sees to it that a panic, too, leaves the terminal as it was.
fn leave_in_a_panic() {
    use std::os::fd::AsFd as _;
    let Ok(terminal) = io::stdout().as_fd().try_clone_to_owned() else { return };
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if SHOWN.swap(false, Ordering::Relaxed)
            && let Ok(terminal) = terminal.try_clone()
        {
            // There is nobody left to tell that it failed.
            let _ = File::from(terminal).write_all(LEAVE.as_bytes());
        }
        before(info);
    }));
}

impl Top {
    /// A screen of so many columns and rows.
    pub fn new(known: &[Ipv4Addr], size: (usize, usize), color: bool, max_open: usize) -> Self {
        Self {
            joiner: Joiner::new(Options { max_open, hold: false }),
            history: History::new(false),
            stats: Stats::default(),
            clients: Clients::default(),
            number: 0,
            heard: BTreeMap::new(),
            known: known.to_vec(),
            size,
            color,
            begun: None,
            drawn: None,
            stale: false,
            bytes: Vec::new(),
        }
    }

    /// The terminal has so many columns and rows now.
    pub fn resize(&mut self, size: (usize, usize)) {
        if self.size != size {
            // What was drawn for another size may be anywhere.
            self.bytes.extend_from_slice(if self.drawn.is_some() { b"\x1b[2J" } else { b"" });
            (self.size, self.stale) = (size, true);
        }
    }

    /// Takes what came, at `now`, and draws when it is time.
    pub fn take(&mut self, batch: &Batch, now: i64) {
        let Self { joiner, history, stats, heard, .. } = self;
        joiner.batch(batch, |item, role| {
            history.observe(item, role);
            let Item::Message(entry) = item else { return };
            stats.message(entry);
            let seen = &entry.seen;
            if seen.from_client || (heard.len() >= SERVERS && !heard.contains_key(&seen.server())) {
                return;
            }
            let server = heard.entry(seen.server()).or_insert_with(|| Heard {
                first: seen.time,
                last: seen.time,
                messages: 0,
                counts: (0, 0, 0),
                before: VecDeque::new(),
            });
            server.last = seen.time;
            server.messages = server.messages.saturating_add(1);
            let count = match seen.letter {
                Letter::Offer => &mut server.counts.0,
                Letter::Ack => &mut server.counts.1,
                Letter::Nak => &mut server.counts.2,
                _ => return,
            };
            *count = count.saturating_add(1);
        });
        self.joiner.advance(now);
        for exchange in self.joiner.take_closed() {
            self.number = self.number.saturating_add(1);
            let problems = self.history.closed(&exchange);
            self.stats.exchange(&exchange);
            self.clients.exchange(&exchange, self.number, &problems);
        }
        let begun = *self.begun.get_or_insert(now);
        let due = self.drawn.is_none_or(|drawn| now.saturating_sub(drawn) >= EVERY);
        if due || self.stale {
            self.stale = false;
            if self.drawn.is_none() {
                if !SHOWN.swap(true, Ordering::Relaxed) {
                    leave_in_a_panic();
                }
                self.bytes.extend_from_slice(ENTER.as_bytes());
            }
            self.drawn = Some(now);
            let screen = self.screen(now, begun);
            // Line by line over what was there, then away with the rest.
            self.bytes.extend_from_slice(b"\x1b[H");
            let (width, height) = self.size;
            for line in screen.as_str().lines().take(height.saturating_sub(1)) {
                self.bytes.extend_from_slice(top::cut(line, width).as_bytes());
                self.bytes.extend_from_slice(b"\x1b[0m\x1b[K\r\n");
            }
            self.bytes.extend_from_slice(b"\x1b[J");
            for server in self.heard.values_mut().filter(|_| due) {
                server.before.push_back(server.messages);
                if server.before.len() > SPAN {
                    server.before.pop_front();
                }
            }
        }
    }

    /// What is to be written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// It was written.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The end: the terminal is as it was, and the last state stays on it.
    pub fn finish(&mut self, now: i64) {
        let Some(begun) = self.begun else { return };
        let screen = self.screen(now, begun);
        if self.drawn.is_some() {
            self.bytes.extend_from_slice(LEAVE.as_bytes());
            SHOWN.store(false, Ordering::Relaxed);
        }
        self.bytes.extend_from_slice(screen.as_str().as_bytes());
    }

    fn screen(&self, now: i64, begun: i64) -> Styled {
        let servers = self.heard.iter().map(|(name, heard)| {
            let figures = self.stats.servers.get(name);
            let seconds = u64::try_from(heard.before.len()).unwrap_or(0).max(1);
            let since = heard.before.front().copied().unwrap_or(0);
            ServerLine {
                name: *name,
                unknown: !self.known.is_empty() && !self.known.contains(name),
                messages: heard.messages,
                tenths: heard
                    .messages
                    .saturating_sub(since)
                    .saturating_mul(10)
                    .checked_div(seconds)
                    .unwrap_or(0),
                counts: heard.counts,
                p99: figures.and_then(|figures| figures.offer.summary()).map(|summary| summary.p99),
                first: now.saturating_sub(heard.first),
                last: now.saturating_sub(heard.last),
            }
        });
        let mut failing: Vec<ClientLine> = Vec::new();
        for exchange in self.joiner.open() {
            let asked = exchange.sent().count();
            let had = exchange.had();
            let asks = matches!(
                exchange.kind,
                Kind::Acquire | Kind::Reboot | Kind::Renew | Kind::Rebind | Kind::Bootp
            );
            if !asks
                || exchange.partial()
                || had.ack
                || (had.reply && asked < ASKED.saturating_add(2))
                || asked < ASKED
            {
                continue;
            }
            let start = exchange.first().map_or(now, |seen| seen.time);
            let last = exchange.sent().next_back().map_or(Letter::Other, |seen| seen.letter);
            let state = match (had.offer, last) {
                (_, Letter::Request) => "REQUEST, neither ACK nor NAK".to_owned(),
                (true, _) => "offered, never REQUESTs".to_owned(),
                (false, letter) => format!("{}, no answer yet", letter.name().to_uppercase()),
            };
            failing.push(ClientLine {
                mac: exchange.mac,
                hostname: exchange.texts.hostname.clone(),
                tries: u64::try_from(asked).unwrap_or(u64::MAX),
                since: now.saturating_sub(start),
                state,
            });
        }
        let all = self.clients.sorted();
        for client in all.iter().filter(|client| client.status() == Status::Failed) {
            if failing.iter().any(|other| other.mac == client.mac) {
                continue;
            }
            failing.push(ClientLine {
                mac: client.mac,
                hostname: client.texts.hostname.clone(),
                tries: client.tries,
                since: now.saturating_sub(client.seen.0),
                state: client.why().unwrap_or_default(),
            });
        }
        failing.sort_by_key(|client| (std::cmp::Reverse(client.since), client.mac));
        top::draw(&Screen {
            now,
            length: now.saturating_sub(begun),
            messages: self.stats.messages,
            exchanges: self.number.saturating_add(u64::try_from(self.joiner.open().count()).unwrap_or(0)),
            clients: self
                .joiner
                .open()
                .filter_map(|open| open.mac)
                .chain(all.iter().filter_map(|known| known.mac))
                .collect::<HashSet<_>>()
                .len(),
            servers: servers.collect(),
            failing,
            size: self.size,
            color: self.color,
        })
    }
}
