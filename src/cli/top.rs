//! `sniff --top`, `decode --top`: a screen that shows how it stands, drawn again every second.
//!
//! Nothing of the terminal is changed but that its other screen is shown and the cursor hidden, which both are undone at the end; the
//! last state stays on the ordinary screen.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::sync::Once;

use crate::analysis::diagnosis::History;
use crate::analysis::transaction::{
    Batch, Both, Clients, Closed, Counted, Exchange, Follow, Item, Joined, Kind, Letter, Message as _,
    Options, Sense, Stats, Status, Who, Whose,
};
use crate::interrupt::{self, Words};
use crate::output::Styled;
use crate::output::transaction::top::{self, ClientLine, Screen, ServerLine};
use crate::output::width::beginning;

/// Shows the other screen of the terminal and hides the cursor; and back.
const WORDS: Words = Words { first: "\x1b[?1049h\x1b[?25l", last: "\x1b[?25h\x1b[?1049l" };
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
    /// Offers, what gave what was asked for, refusals.
    counts: (u64, u64, u64),
    /// Messages by the end of each of the last seconds.
    before: VecDeque<u64>,
}

/// What is shown.
pub struct Top {
    joiner: Both,
    history: History,
    stats: Stats,
    stats6: Stats,
    clients: Clients,
    number: u64,
    heard: BTreeMap<Whose, Heard>,
    /// Servers that are meant to be there; none: nobody is marked.
    known: Vec<IpAddr>,
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
        if let Some(words) = interrupt::last_words()
            && let Ok(terminal) = terminal.try_clone()
        {
            // There is nobody left to tell that it failed.
            let _ = File::from(terminal).write_all(words.as_bytes());
        }
        before(info);
    }));
}

impl Follow for Top {
    fn joiner(&mut self) -> &mut Both {
        &mut self.joiner
    }

    fn joined(&mut self, item: &Item, joined: Joined, batch: &Batch) {
        self.history.observe(item, joined.role);
        let (name, time, sense) = match item {
            Item::Message(entry) => {
                let seen = &entry.seen;
                self.stats.message(seen);
                if seen.from_client {
                    return;
                }
                (Whose::Four(seen.server()), seen.time, seen.sense())
            }
            Item::Six(entry) => {
                let seen = &entry.seen;
                self.stats6.message(seen);
                if seen.from_client {
                    return;
                }
                (batch.server_of(entry), seen.time, joined.sense)
            }
            Item::Router(_) | Item::Sign(_) => return,
        };
        if self.heard.len() >= SERVERS && !self.heard.contains_key(&name) {
            return;
        }
        let server = self.heard.entry(name).or_insert_with(|| Heard {
            first: time,
            last: time,
            messages: 0,
            counts: (0, 0, 0),
            before: VecDeque::new(),
        });
        server.last = time;
        server.messages = server.messages.saturating_add(1);
        let count = match sense {
            Sense::Offers => &mut server.counts.0,
            Sense::Grants => &mut server.counts.1,
            Sense::Refuses => &mut server.counts.2,
            _ => return,
        };
        *count = count.saturating_add(1);
    }

    fn closed(&mut self, closed: Closed) {
        self.number = self.number.saturating_add(1);
        match closed {
            Closed::Four(exchange) => {
                let problems = self.history.closed(&exchange);
                self.stats.exchange(&exchange);
                self.clients.exchange(&exchange, self.number, &problems);
            }
            Closed::Six(exchange) => {
                self.stats6.exchange(&exchange);
                self.clients.exchange(&exchange, self.number, &[]);
            }
        }
    }
}

impl Top {
    /// A screen of so many columns and rows.
    pub fn new(known: &[IpAddr], size: (usize, usize), color: bool, max_open: usize) -> Self {
        Self {
            joiner: Both::new(Options { max_open, hold: false }),
            history: History::new(false),
            stats: Stats::default(),
            stats6: Stats::default(),
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
        self.follow(batch);
        self.joiner.advance(now);
        self.hand_on();
        let begun = *self.begun.get_or_insert(now);
        let due = self.drawn.is_none_or(|drawn| now.saturating_sub(drawn) >= EVERY);
        // It may have been stopped: then it is drawn anew, or not at all where it is to end.
        self.stale |= interrupt::is_back();
        let is_given_back = self.drawn.is_some() && !interrupt::is_owed();
        if (due || self.stale) && !is_given_back {
            self.stale = false;
            if self.drawn.is_none() {
                static HOOK: Once = Once::new();
                HOOK.call_once(leave_in_a_panic);
                interrupt::owe(WORDS);
                self.bytes.extend_from_slice(WORDS.first.as_bytes());
            }
            self.drawn = Some(now);
            let screen = self.screen(now, begun);
            // Line by line over what was there, then away with the rest.
            self.bytes.extend_from_slice(b"\x1b[H");
            let end: &[u8] = if self.color { b"\x1b[0m\x1b[K\r\n" } else { b"\x1b[K\r\n" };
            self.lines(&screen, self.size.1.saturating_sub(1), end);
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
            self.bytes.extend_from_slice(interrupt::last_words().unwrap_or_default().as_bytes());
        }
        self.lines(&screen, usize::MAX, if self.color { b"\x1b[0m\n" } else { b"\n" });
    }

    /// Writes so many lines of a screen, each as far as it fits.
    fn lines(&mut self, screen: &Styled, most: usize, end: &[u8]) {
        for line in screen.as_str().lines().take(most) {
            self.bytes.extend_from_slice(beginning(line, self.size.0).as_bytes());
            self.bytes.extend_from_slice(end);
        }
    }

    /// Servers of its protocol are named, and it is none of them.
    fn is_stranger(&self, server: &Whose) -> bool {
        let ip = match server {
            Whose::Four(ip) => IpAddr::V4(*ip),
            Whose::Six(_, ip) => IpAddr::V6(*ip),
        };
        let mut alike = self.known.iter().filter(|known| known.is_ipv4() == ip.is_ipv4()).peekable();
        alike.peek().is_some() && alike.all(|known| *known != ip)
    }

    fn screen(&self, now: i64, begun: i64) -> Styled {
        let servers = self.heard.iter().map(|(name, heard)| {
            let figures = self.stats.servers.get(name).or_else(|| self.stats6.servers.get(name));
            let seconds = u64::try_from(heard.before.len()).unwrap_or(0).max(1);
            let since = heard.before.front().copied().unwrap_or(0);
            ServerLine {
                name: name.to_string(),
                unknown: self.is_stranger(name),
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
        let four = self.joiner.open().filter_map(|exchange| stuck(&*exchange, now));
        // Most hosts look for DHCPv6, wherever they are.
        let served = self.stats.messages == 0 || self.heard.keys().any(|name| matches!(name, Whose::Six(..)));
        let six = self.joiner.open6().filter(|_| served);
        let mut failing: Vec<ClientLine> =
            four.chain(six.filter_map(|exchange| stuck(&*exchange, now))).collect();
        let all = self.clients.sorted();
        let mut listed: HashSet<_> = failing.iter().map(|client| client.who.clone()).collect();
        for client in all.iter().filter(|client| client.status() == Status::Failed) {
            if listed.insert(client.who.clone()) {
                failing.push(ClientLine {
                    who: client.who.clone(),
                    client_id: client.texts.client_id.clone(),
                    mac: client.mac,
                    hostname: client.texts.hostname.clone(),
                    tries: client.tries(),
                    since: now.saturating_sub(client.seen.0),
                    state: client.why().unwrap_or_default(),
                });
            }
        }
        failing.sort_by_key(|client| (std::cmp::Reverse(client.since), client.who.clone()));
        let open = self.joiner.open().count().saturating_add(self.joiner.open6().count());
        top::draw(&Screen {
            now,
            length: now.saturating_sub(begun),
            messages: self.stats.messages.saturating_add(self.stats6.messages),
            exchanges: self.number.saturating_add(u64::try_from(open).unwrap_or(u64::MAX)),
            clients: self
                .joiner
                .open()
                .map(|exchange| Counted::who(&*exchange))
                .chain(self.joiner.open6().map(|exchange| Counted::who(&*exchange)))
                .chain(all.iter().map(|known| known.who.clone()))
                .filter(Who::is_known)
                .collect::<HashSet<_>>()
                .len(),
            servers: servers.collect(),
            failing,
            size: self.size,
            color: self.color,
        })
    }
}

/// A client that has asked for long, or asks on though it was answered.
fn stuck<S: Counted>(exchange: &Exchange<S>, now: i64) -> Option<ClientLine> {
    let asked = exchange.sent_count();
    let had = exchange.had();
    let asks = matches!(
        exchange.kind,
        Kind::Acquire | Kind::Reboot | Kind::Renew | Kind::Rebind | Kind::Confirm | Kind::Bootp
    );
    if !asks
        || exchange.partial()
        || had.ack
        || (had.reply && asked < ASKED.saturating_add(2))
        || asked < ASKED
    {
        return None;
    }
    let who = S::who(exchange);
    let start = exchange.first().map_or(now, S::time);
    let last = exchange.sent().next_back().map_or(Letter::Other, S::letter);
    let state = match (had.offer, last) {
        (_, Letter::Request) if !who.is_six() => "REQUEST, neither ACK nor NAK".to_owned(),
        (_, Letter::Request) => "REQUEST, no answer yet".to_owned(),
        (true, _) => "offered, no REQUEST yet".to_owned(),
        (false, letter) => format!("{}, no answer yet", letter.name().to_uppercase()),
    };
    Some(ClientLine {
        who,
        client_id: exchange.texts.client_id.clone(),
        mac: exchange.mac,
        hostname: exchange.texts.hostname.clone(),
        tries: u64::try_from(asked).unwrap_or(u64::MAX),
        since: now.saturating_sub(start),
        state,
    })
}
