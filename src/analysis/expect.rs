//! What somebody expects of the servers of a segment, and whether the offers keep to it.
//!
//! An expectation is one line of text: a subject, and what it must be. `routers=10.0.0.1`, `lease>=1h`, `servers=2`,
//! `!wpad`, `boot-file~^pxe`. It must hold for every offer; the counts `servers` and `offers` are of all of them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use regex_lite::Regex;

mod six;

pub use six::{Figure6, Subject6};

use super::OptionTest;
use crate::wire::digits::hex;
use crate::wire::options::{self, Context, TextSink, v4};
use crate::wire::v4::facts::Facts;
use crate::wire::v4::{Message, Outline, Packet};
use crate::wire::{Lease, Prefix};

/// One offer as expectations see it.
#[derive(Clone, Debug)]
pub struct Offered<'a> {
    /// Who offers: its server identifier or DUID, else where the packet came from.
    pub server: Option<String>,
    /// What it offers.
    pub said: Said<'a>,
    /// From the first question to the offer, nanoseconds.
    pub latency: Option<i64>,
}

impl Offered<'_> {
    fn name(&self) -> &str {
        self.server.as_deref().unwrap_or("somebody")
    }
}

/// Most servers that are named beside a number.
const MAX_NAMED: usize = 8;

/// The message of an offer.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// An OFFER.
    Four(&'a Message),
    /// An ADVERTISE, or a REPLY with rapid commit, in its relays' envelopes.
    Six(&'a [u8]),
}

/// How a number must compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// The operators as they are written, longer ones first.
    pub const ALL: [(&'static str, Self); 6] = [
        ("!=", Self::IsNot),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Is),
        ("<", Self::Below),
        (">", Self::Above),
    ];

    pub(super) fn holds(self, found: u64, wanted: u64) -> bool {
        match self {
            Self::Is => found == wanted,
            Self::IsNot => found != wanted,
            Self::Below => found < wanted,
            Self::AtMost => found <= wanted,
            Self::Above => found > wanted,
            Self::AtLeast => found >= wanted,
        }
    }
}

/// What is looked at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// How many servers offer.
    Servers(Comparison, u64),
    /// How many offers came.
    Offers(Comparison, u64),
    /// How long an offer took, nanoseconds.
    Latency(Comparison, u64),
    /// The number that an option holds; seconds for a time.
    Number(u16, Comparison, u64),
    /// The address offered lies in this network.
    Address(Prefix, bool),
    /// The server is this one, as [`Offered::server`] writes it.
    Server(String, bool),
    /// siaddr.
    NextServer(Ipv4Addr, bool),
    /// What is said of the boot file: option 67, else the field `file`.
    BootFile(TextTest),
    /// What is said of the server that has it: option 66, else the field `sname`.
    ServerName(TextTest),
    /// An option holds what this asks for.
    Option(OptionTest),
    /// Something of DHCPv6.
    Six(Subject6),
}

/// What is asked of a text.
#[derive(Clone, Debug)]
pub struct TextTest {
    /// The test must fail.
    pub negated: bool,
    /// What it tests.
    pub want: TextWant,
}

/// What a text must be.
#[derive(Clone, Debug)]
pub enum TextWant {
    /// There.
    Given,
    /// This.
    Is(Vec<u8>),
    /// What the pattern matches.
    Pattern(Regex),
}

impl TextTest {
    fn judge(&self, text: Option<&[u8]>) -> (bool, String) {
        let holds = match &self.want {
            TextWant::Given => text.is_some(),
            TextWant::Is(wanted) => text.unwrap_or_default() == wanted,
            TextWant::Pattern(pattern) => {
                text.is_some_and(|text| pattern.is_match(&String::from_utf8_lossy(text)))
            }
        };
        (holds != self.negated, text.map_or_else(|| "nothing".to_owned(), crate::wire::escape::escape))
    }
}

/// An expectation.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// What it means.
    pub subject: Subject,
}

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// As it was written.
    pub text: String,
    /// It is kept.
    pub met: bool,
    /// What was found instead, for people, escaped; empty where it is kept.
    pub found: String,
}

impl Expectation {
    /// Looks whether `offers` keep to it.
    pub fn check(&self, offers: &[Offered<'_>]) -> Checked {
        let (met, found) = match &self.subject {
            Subject::Servers(how, wanted) => {
                let mut servers = names(offers);
                servers.sort_unstable();
                servers.dedup();
                count(*how, &servers, *wanted)
            }
            Subject::Offers(how, wanted) => count(*how, &names(offers), *wanted),
            _ if offers.is_empty() => (false, "nobody offered".to_owned()),
            subject => {
                let mut found = String::new();
                for offer in offers {
                    let (kept, says) = subject.judge(offer);
                    if !kept {
                        let between = if found.is_empty() { "" } else { "; " };
                        let server = offer.name();
                        // Writing into a String cannot fail.
                        let _ = write!(found, "{between}{server} says {says}");
                    }
                }
                (found.is_empty(), found)
            }
        };
        Checked { text: self.text.clone(), met, found: if met { String::new() } else { found } }
    }
}

/// Who offers, of every offer.
fn names<'a>(offers: &'a [Offered<'_>]) -> Vec<&'a str> {
    offers.iter().map(Offered::name).collect()
}

/// Whether there are as many as wanted; how many there are, and whose.
fn count(how: Comparison, found: &[&str], wanted: u64) -> (bool, String) {
    let number = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let named = found.get(..MAX_NAMED).unwrap_or(found);
    let more = match found.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let whose = if named.is_empty() { String::new() } else { format!(" ({}{more})", named.join(", ")) };
    (how.holds(number, wanted), format!("{number}{whose}"))
}

/// In microseconds, so that what was found is no equal of what it is held against.
fn milliseconds(nanoseconds: u64) -> String {
    let microseconds = nanoseconds / 1000;
    format!("{}.{:03} ms", microseconds / 1000, microseconds % 1000)
}

impl Subject {
    /// Whether one offer keeps to it, and what it says.
    fn judge(&self, offer: &Offered<'_>) -> (bool, String) {
        match self {
            Self::Servers(..) | Self::Offers(..) => (true, String::new()),
            Self::Server(name, wanted) => {
                let server = offer.server.as_deref();
                ((server == Some(name)) == *wanted, server.unwrap_or("nothing").to_owned())
            }
            Self::Latency(how, wanted) => match offer.latency.and_then(|latency| u64::try_from(latency).ok())
            {
                Some(latency) => (how.holds(latency, *wanted), milliseconds(latency)),
                None => (false, "nothing: it was not seen leaving".to_owned()),
            },
            subject => match (subject, offer.said) {
                (Self::Six(subject), Said::Six(bytes)) => subject.judge(bytes),
                (subject, Said::Four(message)) => subject.judge_four(message),
                // What is of the other protocol is not said.
                (_, Said::Six(_)) => (false, "nothing".to_owned()),
            },
        }
    }

    fn judge_four(&self, message: &Message) -> (bool, String) {
        match self {
            Self::Number(code, how, wanted) => {
                let data = u8::try_from(*code).ok().and_then(|code| message.option(code));
                let number = data
                    .filter(|data| (1..=8).contains(&data.len()))
                    .map(|data| data.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)));
                match number {
                    Some(number) => (how.holds(number, *wanted), said(message, *code)),
                    None => (false, said(message, *code)),
                }
            }
            Self::Address(net, wanted) => {
                (net.contains(message.yiaddr) == *wanted, message.yiaddr.to_string())
            }
            Self::NextServer(ip, wanted) => ((message.siaddr == *ip) == *wanted, message.siaddr.to_string()),
            Self::BootFile(test) => test.judge(Facts::of(message).boot_file()),
            Self::ServerName(test) => test.judge(Facts::of(message).server_name()),
            Self::Option(test) => {
                let message = &with_fields(message, test.code);
                let bytes = message.encode();
                let packet = Packet::new(&bytes);
                let mut outline = Outline::default();
                outline.read(&packet, bytes.len(), false);
                (test.matches(&packet, &outline), said(message, test.code))
            }
            Self::Servers(..) | Self::Offers(..) | Self::Latency(..) | Self::Server(..) | Self::Six(_) => {
                (false, "nothing".to_owned())
            }
        }
    }
}

/// The message with the boot file and its server in the options 67 and 66, where it has them in its fields alone: to a client that is
/// the same (RFC 2132 9.4, 9.5).
fn with_fields(message: &Message, code: u16) -> Cow<'_, Message> {
    let Some(option @ (66 | 67)) = u8::try_from(code).ok().filter(|code| message.option(*code).is_none())
    else {
        return Cow::Borrowed(message);
    };
    let facts = Facts::of(message);
    let text = if option == 66 { facts.server_name() } else { facts.boot_file() };
    let Some(text) = text else { return Cow::Borrowed(message) };
    let mut with = message.clone();
    with.set_option(option, text);
    Cow::Owned(with)
}

/// What a message says in an option, for people.
fn said(message: &Message, code: u16) -> String {
    let Some(data) = u8::try_from(code).ok().and_then(|code| message.option(code)) else {
        return "nothing".to_owned();
    };
    if code == 51
        && let Ok(seconds) = <[u8; 4]>::try_from(data.as_slice())
    {
        return Lease(u32::from_be_bytes(seconds)).to_string();
    }
    let mut text = Vec::new();
    let kind = v4::SPACE.by_code(code).map(|row| &row.kind);
    let decoded = kind.is_some_and(|kind| {
        options::decode(kind, &data, &Context::default(), &mut TextSink::pretty(&mut text)).is_ok()
    });
    if decoded {
        return String::from_utf8_lossy(&text).into_owned();
    }
    format!("0x{}", hex(&data))
}
