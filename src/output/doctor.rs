//! What a doctor tells: one screen for people, one object for programs.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::Serialize;

use super::json::object::{FindingObject, TransactionObject};
use super::render::Render;
use super::rogue::ServerObject;
use super::styled::{Label, Styled};
use super::transaction::ladder::Ladder;
use super::width::columns;
use super::words::counted;
use super::wrap::between_words;
use crate::analysis::diagnosis::Diagnosis;
use crate::analysis::doctor::{Conclusion, DoctorVerdict, Sign};
use crate::analysis::transaction::Exchange;
use crate::engine::v4::examine::{Booted, Fetched, Given, Record};
use crate::wire::digits::hex;
use crate::wire::escape::escape_line;
use crate::wire::options::v4 as opt;
use crate::wire::seconds::Lease;
use crate::wire::{Mac, Prefix};

/// The width that everything fits into.
const WIDTH: usize = 80;
/// Where texts begin.
const INDENT: usize = 9;

/// One of the checks, and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CheckObject {
    /// Its number in the order of checks.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// ok, failed, skipped or noted.
    pub result: &'static str,
    /// How long it took.
    pub ms: Option<f64>,
    /// What came of it.
    pub detail: String,
}

/// Something that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotChecked {
    /// What.
    pub check: String,
    /// Why.
    pub why: String,
}

/// The whole report.
#[derive(Debug)]
pub struct DoctorReport<'a> {
    /// The interface.
    pub interface: &'a str,
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// The client identifier that was used.
    pub client_id: Option<&'a [u8]>,
    /// The address that the interface has.
    pub address: Option<Ipv4Addr>,
    /// The client that manages it.
    pub manager: Option<&'a str>,
    /// What the interface is like, and what was heard: a line each.
    pub head: Vec<String>,
    /// What follows.
    pub conclusion: &'a Conclusion,
    /// What was tried.
    pub record: &'a Record,
    /// Branches in which nothing was found.
    pub excluded: Vec<&'static str>,
    /// What was not looked at.
    pub not_checked: Vec<NotChecked>,
    /// All checks.
    pub checks: Vec<CheckObject>,
    /// Servers that were heard.
    pub servers: Vec<ServerObject<'a>>,
    /// What was heard is all there is, in a sentence; nothing was sent.
    pub listened: Option<String>,
    /// Transactions that were heard.
    pub transactions: Vec<TransactionObject>,
    /// What several of them show.
    pub findings: Vec<FindingObject>,
    /// Where the frames were kept, and how many.
    pub saved: Option<(String, u64)>,
    /// How long it took.
    pub elapsed_ms: f64,
    /// The transactions of this host and of the stranger it posed as, with their numbers.
    pub own: Vec<(u64, &'a Exchange, &'a [Diagnosis])>,
    /// From 1 what was done is drawn, from 2 all checks are shown.
    pub verbose: u8,
    /// Advice is given in full for everything.
    pub explain: bool,
}

super::schema::object_type!(DoctorType, Doctor, "An examination.");

/// The object of `doctor`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DoctorObject<'a> {
    /// What the object is.
    r#type: DoctorType,
    /// The interface.
    interface: &'a str,
    /// healthy, problem, unclear or unable.
    verdict: &'static str,
    /// The first cause.
    cause: Option<CauseObject<'a>>,
    /// Further causes, and notes that narrow the first down.
    also: Vec<CauseObject<'a>>,
    /// What is worth knowing.
    notes: Vec<CauseObject<'a>>,
    /// Branches in which something would have been said.
    excluded: &'a [&'static str],
    /// What was not looked at.
    not_checked: &'a [NotChecked],
    /// The host as it presented itself.
    client: ClientObject<'a>,
    /// Offers to the host.
    offers: Vec<GivenObject>,
    /// What came of the request; null where nothing could be asked for.
    lease: Option<LeaseObject>,
    /// Servers that answered anybody, as `rogue` has them.
    servers: &'a [ServerObject<'a>],
    /// All checks, in order.
    checks: &'a [CheckObject],
    /// Exchanges that were heard, those of others among them.
    transactions: &'a [TransactionObject],
    /// What several of them show.
    findings: &'a [FindingObject],
    /// Where the frames were kept.
    saved: Option<&'a str>,
    /// How long it took, in milliseconds.
    elapsed_ms: f64,
}

/// A cause, or something beside it.
#[derive(Debug, Serialize, JsonSchema)]
struct CauseObject<'a> {
    /// Its code; `dhcptool explain` says more.
    code: &'static str,
    /// error, warning or note.
    severity: &'static str,
    /// What it is, in a sentence.
    summary: &'a str,
    /// What to do.
    advice: &'static str,
    /// What it rests on, a line each.
    evidence: &'a [String],
    /// The frames it rests on, by their number in what was heard.
    frames: &'a [u64],
    /// Codes that follow from it.
    explains: &'a [&'static str],
}

/// The host as it presented itself.
#[derive(Debug, Serialize, JsonSchema)]
struct ClientObject<'a> {
    /// Its hardware address.
    mac: Option<String>,
    /// Its client identifier, in hexadecimal.
    client_id: Option<String>,
    /// The address that the interface has.
    address: Option<Ipv4Addr>,
    /// The DHCP client that holds the interface.
    manager: Option<&'a str>,
}

/// What a server gives.
#[derive(Debug, Serialize, JsonSchema)]
struct GivenObject {
    /// Its server identifier.
    server_id: Option<Ipv4Addr>,
    /// Source of its message.
    source_ip: Ipv4Addr,
    /// The network card it came from.
    source_mac: String,
    /// The address.
    address: Option<Ipv4Addr>,
    /// From the first question to the answer.
    latency_ms: Option<f64>,
    /// Seconds that the lease runs.
    lease_time: Option<u32>,
    /// The subnet mask.
    subnet_mask: Option<Ipv4Addr>,
    /// Routers, in the server's order.
    routers: Vec<Ipv4Addr>,
    /// Name servers, in the server's order.
    dns_servers: Vec<Ipv4Addr>,
    /// The domain.
    domain_name: Option<String>,
}

/// What came of the request.
#[derive(Debug, Serialize, JsonSchema)]
struct LeaseObject {
    /// What the object is like: request.
    r#type: &'static str,
    /// The state it was asked in: selecting.
    state: &'static str,
    /// ack or nak.
    outcome: &'static str,
    /// How often it was asked.
    sent: u32,
    /// Seconds until renewal (T1).
    renewal_time: Option<u32>,
    /// Seconds until rebinding (T2).
    rebinding_time: Option<u32>,
    /// What the server said with it (option 56).
    message: Option<String>,
    /// It was given back.
    released: bool,
    /// The lease.
    #[serde(flatten)]
    given: GivenObject,
}

fn text_of(given: &Given, code: u8) -> Option<String> {
    let mut bytes = given.message.option(code)?;
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn given(given: &Given, latency_ms: Option<f64>) -> GivenObject {
    let address = given.message.yiaddr;
    GivenObject {
        server_id: given.message.ip_option(opt::DHCP_SERVER_IDENTIFIER),
        source_ip: given.source,
        source_mac: given.mac.to_string(),
        address: (!address.is_unspecified()).then_some(address),
        latency_ms,
        lease_time: given.message.u32_option(opt::DHCP_LEASE_TIME),
        subnet_mask: given.message.ip_option(opt::SUBNET_MASK),
        routers: given.addresses(opt::ROUTERS),
        dns_servers: given.addresses(opt::DOMAIN_NAME_SERVERS),
        domain_name: text_of(given, opt::DOMAIN_NAME),
    }
}

/// Milliseconds with three digits behind the point.
fn ms(duration: std::time::Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}

fn cause<'a>(sign: &'a Sign, explains: &'a [&'static str]) -> CauseObject<'a> {
    let Sign { code, severity, summary, advice, evidence, frames } = sign;
    CauseObject { code, severity: severity.name(), summary, advice, evidence, frames, explains }
}

impl Render for DoctorReport<'_> {
    fn object(&self) -> impl Serialize {
        let record = self.record;
        let first = record.own.took().map(ms);
        let lease = record.ack.as_ref().or(record.nak.as_ref()).map(|answer| LeaseObject {
            r#type: "request",
            state: "selecting",
            outcome: if record.ack.is_some() { "ack" } else { "nak" },
            sent: record.request.sent,
            renewal_time: answer.message.u32_option(opt::DHCP_RENEWAL_TIME),
            rebinding_time: answer.message.u32_option(opt::DHCP_REBINDING_TIME),
            message: text_of(answer, opt::DHCP_MESSAGE),
            released: record.released > 0,
            given: given(answer, record.request.took().map(ms)),
        });
        DoctorObject {
            r#type: DoctorType::Doctor,
            interface: self.interface,
            verdict: self.conclusion.verdict.name(),
            cause: self.conclusion.cause.as_ref().map(|sign| cause(sign, &self.conclusion.explains)),
            also: self.conclusion.also.iter().map(|sign| cause(sign, &[])).collect(),
            notes: self.conclusion.notes.iter().map(|sign| cause(sign, &[])).collect(),
            excluded: &self.excluded,
            not_checked: &self.not_checked,
            client: ClientObject {
                mac: self.mac.map(|mac| mac.to_string()),
                client_id: self.client_id.map(hex),
                address: self.address,
                manager: self.manager,
            },
            offers: record.offers.iter().map(|offer| given(offer, first)).collect(),
            lease,
            servers: &self.servers,
            checks: &self.checks,
            transactions: &self.transactions,
            findings: &self.findings,
            saved: self.saved.as_ref().map(|(file, _)| file.as_str()),
            elapsed_ms: self.elapsed_ms,
        }
    }

    fn text(&self, out: &mut Styled) {
        for (place, line) in self.head.iter().enumerate() {
            let label = if place == 0 { Label::Strong } else { Label::Plain };
            paragraph("", line, label, out);
        }
        out.text("\n");
        match self.conclusion.verdict {
            DoctorVerdict::Healthy => {
                out.label(Label::Good, "OK");
                block(2, &self.works(), out);
                self.short("also", &self.conclusion.also, out);
                self.short("notes", &self.conclusion.notes, out);
            }
            DoctorVerdict::Problem => {
                if let Some(cause) = &self.conclusion.cause {
                    Self::problem(cause, out);
                }
                self.short("also", &self.conclusion.also, out);
                self.short("notes", &self.conclusion.notes, out);
            }
            DoctorVerdict::Unclear => {
                out.label(Label::Warning, "UNCLEAR");
                let unclear = "no lease was had, and nothing that was seen says why";
                block(7, self.listened.as_deref().unwrap_or(unclear), out);
                let next = match self.listened {
                    Some(_) => "listen longer (--listen 5m), or ask (without --passive)",
                    None => "capture at the server, or at another port of the switch, while this runs again",
                };
                paragraph("try", next, Label::Plain, out);
                self.short("also", &self.conclusion.also, out);
                self.short("notes", &self.conclusion.notes, out);
            }
            DoctorVerdict::Unable => {
                out.label(Label::Error, "UNABLE");
                block(6, "it could not be looked", out);
            }
        }
        out.text("\n");
        if !self.excluded.is_empty() {
            let wide = format!(
                "not the cause  {}",
                self.excluded.iter().map(|one| readable(one)).collect::<Vec<_>>().join(", ")
            );
            wrapped(&wide, 15, out);
        }
        if !self.not_checked.is_empty() {
            let each: Vec<String> =
                self.not_checked.iter().map(|one| format!("{} ({})", one.check, one.why)).collect();
            wrapped(&format!("not looked at  {}", escape_line(&each.join("; "))), 15, out);
        }
        if let Some((file, frames)) = &self.saved {
            wrapped(
                &format!("saved          {} ({})", escape_line(file), counted(*frames, "frame")),
                15,
                out,
            );
        }
        if self.verbose > 0 {
            let ladder = Ladder { width: WIDTH, ascii: false, begins: None };
            out.text("\n");
            // Behind each there is a line of its own.
            for (number, exchange, problems) in &self.own {
                ladder.draw(exchange, *number, problems, out);
            }
        }
        if self.verbose > 1 {
            for check in &self.checks {
                let took = check.ms.map_or(String::new(), |ms| format!("{ms:.0} ms"));
                wrapped(
                    &format!(
                        "{:>2} {:<16}{:<8}{took:>9}  {}",
                        check.number,
                        check.name,
                        check.result,
                        escape_line(&check.detail)
                    ),
                    38,
                    out,
                );
            }
        }
    }
}

impl DoctorReport<'_> {
    fn problem(cause: &Sign, out: &mut Styled) {
        out.label(Label::Error, "PROBLEM");
        let summary = escape_line(&cause.summary);
        let room = WIDTH.saturating_sub(cause.code.len().saturating_add(INDENT).saturating_add(2));
        let mut lines = between_words(&summary, room.max(30)).into_iter();
        let first = lines.next().unwrap_or_default();
        let gap =
            WIDTH.saturating_sub(INDENT.saturating_add(columns(&first)).saturating_add(cause.code.len()));
        out.text(&" ".repeat(INDENT.saturating_sub(7)));
        out.text(&first);
        out.text(&" ".repeat(gap.max(1)));
        out.label(Label::Dim, cause.code);
        out.text("\n");
        for line in lines {
            out.text(&" ".repeat(INDENT));
            out.text(&line);
            out.text("\n");
        }
        for evidence in &cause.evidence {
            paragraph("", &format!("{}{}", " ".repeat(INDENT), escape_line(evidence)), Label::Plain, out);
        }
        if !cause.advice.is_empty() {
            paragraph("do", cause.advice, Label::Plain, out);
        }
    }

    /// A line a sign.
    fn short(&self, head: &str, signs: &[Sign], out: &mut Styled) {
        let mut head = head;
        for sign in signs {
            let line = format!("{}  {}", sign.code, escape_line(&sign.summary));
            paragraph(head, &line, Label::Plain, out);
            if self.explain && !sign.advice.is_empty() {
                paragraph("", &format!("{}do: {}", " ".repeat(INDENT), sign.advice), Label::Plain, out);
            }
            head = "";
            if head.is_empty() && signs.len() > 1 {
                head = " ";
            }
        }
    }

    /// What works, in a sentence.
    pub fn works(&self) -> String {
        let Some(ack) = &self.record.ack else {
            return self.listened.clone().unwrap_or_else(|| "nothing is wrong".to_owned());
        };
        let address = ack.message.yiaddr;
        let length = ack.prefix().map_or(String::new(), |prefix: Prefix| format!("/{}", prefix.length()));
        let lease = ack
            .message
            .u32_option(opt::DHCP_LEASE_TIME)
            .map_or(String::new(), |seconds| format!(" for {}", Lease(seconds)));
        let took = self.record.own.took().map_or(String::new(), |took| format!(" in {:.1} ms", ms(took)));
        let mut parts = vec![format!("{} gives {address}{length}{lease}{took}; ACK", ack.server())];
        if self.record.probes > 0 {
            parts.push("free".to_owned());
        }
        let mut reached = Vec::new();
        if self.record.routers.iter().any(|one| one.arp.answers > 0) {
            reached.push("gateway".to_owned());
        }
        match self.record.name_servers.iter().filter(|one| one.question.answers > 0).count() {
            0 => {}
            1 => reached.push("name server".to_owned()),
            count => reached.push(format!("{count} name servers")),
        }
        match reached.as_slice() {
            [] => {}
            [one] => parts.push(format!("{one} answers")),
            _ => parts.push(format!("{} answer", reached.join(" and "))),
        }
        if self.record.renewal.answers > 0 {
            parts.push("renewal by unicast works".to_owned());
        }
        if let Some(Booted { file: Some(file), fetched: Some(Fetched::There), .. }) = &self.record.boot {
            parts.push(format!("boot file {} is there", escape_line(&String::from_utf8_lossy(file))));
        }
        if let Some(offer) = self.record.relayed_offers.first() {
            parts.push(format!("{} offers {} to the relay", offer.server(), offer.message.yiaddr));
        }
        if self.record.kept {
            parts.push("it is the address that this host has, and was not given back".to_owned());
        }
        parts.join(", ")
    }
}

fn readable(branch: &str) -> String {
    match branch {
        "local-filter" => "own filters".to_owned(),
        "vlan" => "VLAN".to_owned(),
        "conflict" => "address conflict".to_owned(),
        other => other.replace('-', " "),
    }
}

/// A paragraph behind a word in the margin.
fn paragraph(head: &str, text: &str, label: Label, out: &mut Styled) {
    if head.is_empty() {
        let indent = text.len().saturating_sub(text.trim_start().len());
        for (place, line) in between_words(text.trim_start(), WIDTH.saturating_sub(indent)).iter().enumerate()
        {
            out.text(&" ".repeat(indent));
            if place == 0 && label == Label::Strong {
                out.label(label, line)
            } else {
                out.text(line)
            };
            out.text("\n");
        }
        return;
    }
    out.label(Label::Dim, head.trim());
    block(head.trim().len(), text, out);
}

/// Text from the margin on, behind what takes so many columns already.
fn block(taken: usize, text: &str, out: &mut Styled) {
    let mut gap = INDENT.saturating_sub(taken);
    for line in between_words(text, WIDTH.saturating_sub(INDENT)) {
        out.text(&" ".repeat(gap));
        out.text(&line);
        out.text("\n");
        gap = INDENT;
    }
}

/// A line, and its continuation so far to the right.
fn wrapped(text: &str, indent: usize, out: &mut Styled) {
    let mut lines = between_words(text, WIDTH).into_iter();
    out.text(&lines.next().unwrap_or_default());
    out.text("\n");
    let rest: Vec<String> = lines.collect();
    for line in between_words(&rest.join(" "), WIDTH.saturating_sub(indent)) {
        if !line.is_empty() {
            out.text(&" ".repeat(indent));
            out.text(&line);
            out.text("\n");
        }
    }
}
