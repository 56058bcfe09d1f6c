//! What `rogue` found: for people, programs and monitoring plugins, and in [`metrics`] for Prometheus.

pub mod metrics;
mod six;

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use serde::Serialize;

use crate::analysis::servers::offered6::Offered6;
use crate::analysis::servers::policy::{Allowed, Identity};
use crate::analysis::servers::table::Server;
use crate::analysis::servers::watcher::{Change, ChangeKind, Difference};
use crate::analysis::servers::{Judgement, Key, ServerId, Speaks, Status, Verdict};
use crate::engine::v4::provoke::Granted;
use crate::engine::v6::provoke::Granted as Granted6;
use crate::output::Render;
use crate::output::json::JsonOut;
use crate::output::json::fields::{bytes, list, milliseconds, number, optional, texts};
use crate::output::json::object::PacketObject;
pub use crate::output::plugin::State as PluginState;
use crate::output::plugin::{Plugin, Thresholds};
use crate::output::styled::{Label, Styled};
use crate::output::when::{TimeText, stretch};
use crate::output::words::counted;
use crate::time::Precision;
use crate::wire::Seconds;
use crate::wire::escape::escape;
use crate::wire::options::Sink as _;

/// The result of one look at a segment.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// Where was looked.
    pub interfaces: &'a [String],
    /// Everybody, rogues first.
    pub servers: &'a [(&'a Server, Judgement)],
    /// Allowed servers that were not heard.
    pub missing: &'a [&'a Allowed],
    /// Required servers that were not heard.
    pub required: &'a [&'a Identity],
    /// Servers are required; others are welcome.
    pub requires: bool,
    /// Servers that were pushed out of memory by others.
    pub forgotten: u64,
    /// Probes sent.
    pub sent: u64,
    /// Messages of servers.
    pub answers: u64,
    /// How long was listened, nanoseconds; `None` for a capture.
    pub waited: Option<i64>,
    /// How fine the times are.
    pub precision: Precision,
    /// Servers were asked, so that silence means something.
    pub asked: bool,
    /// What was granted to invented clients and could not be given back.
    pub kept: &'a [Granted],
    /// The same of DHCPv6.
    pub kept6: &'a [Granted6],
    /// Grants beyond those that are given back.
    pub overlooked: u64,
    /// Frames lost before they were looked at.
    pub lost: u64,
    /// Why not everything was seen, one clause each; empty when it was.
    pub blind: &'a [String],
}

impl Report<'_> {
    /// All servers taken together.
    pub fn verdict(&self) -> Verdict {
        let verdict = Verdict::of(self.servers.iter().map(|(_, judgement)| judgement.status));
        if self.blind.is_empty() { verdict } else { verdict.seen_in_part() }
    }

    /// How many servers have this status.
    pub fn count(&self, status: Status) -> usize {
        self.servers.iter().filter(|(_, judgement)| judgement.status == status).count()
    }

    /// How many servers nobody judged; one that answers through several relays is one.
    fn unjudged(&self) -> usize {
        let unjudged = self.servers.iter().filter(|(_, judgement)| judgement.status == Status::Unjudged);
        let who = |key: &Key| {
            let mac = key.source_mac.filter(|_| key.relay.is_none() || key.server_id.is_none());
            (key.speaks, name(key), mac)
        };
        unjudged.map(|(server, _)| who(&server.key)).collect::<HashSet<_>>().len()
    }

    fn has_unjudged(&self, speaks: Speaks) -> bool {
        let unjudged = |judgement: &Judgement| judgement.status == Status::Unjudged;
        self.servers.iter().any(|(server, judgement)| server.key.speaks == speaks && unjudged(judgement))
    }

    /// The same of the protocol that has most of them: a DHCPv4 server beside a router is what every network has.
    fn rivals(&self) -> usize {
        let of = |speaks| {
            let same = self.servers.iter().filter(|(server, _)| server.key.speaks == speaks).cloned();
            Report { servers: &same.collect::<Vec<_>>(), ..self.clone() }.unjudged()
        };
        Speaks::ALL.into_iter().map(of).max().unwrap_or(0)
    }

    /// The contract's object.
    fn json(&self, json: &mut JsonOut) {
        json.begin_object();
        json.name_next("type");
        json.plain("rogue");
        head(self.verdict(), self.interfaces, json);
        json.name_next("servers");
        json.begin_array();
        for (server, judgement) in self.servers {
            server_json(server, judgement, self.precision, json);
        }
        json.end_array();
        texts("missing", self.missing, json);
        texts("required_missing", self.required, json);
        for (name, count) in [
            ("sent", self.sent),
            ("answers", self.answers),
            ("forgotten", self.forgotten),
            ("lost", self.lost),
        ] {
            number(name, Some(count), json);
        }
        texts("cannot_tell", self.blind, json);
        milliseconds("waited_ms", self.waited, json);
        json.name_next("not_given_back");
        json.begin_array();
        for kept in self.kept {
            json.begin_object();
            optional("address", Some(kept.address), json);
            optional("client_mac", Some(kept.client), json);
            optional("server_id", kept.server, json);
            optional("source_mac", kept.via, json);
            json.end_object();
        }
        for kept in self.kept6 {
            json.begin_object();
            optional("address", Some(kept.address), json);
            optional("client_mac", None::<&str>, json);
            optional("client_duid", Some(&kept.client), json);
            optional("server_id", Some(&kept.server), json);
            optional("source_mac", kept.via, json);
            json.end_object();
        }
        json.end_array();
        json.end_object();
    }

    /// One line about all.
    pub fn summary(&self, has_policy: bool) -> String {
        let mut parts = Vec::new();
        for (status, what) in [
            (Status::Rogue, "rogue server"),
            (Status::Allowed, "allowed server"),
            (Status::Unjudged, "server"),
        ] {
            // Beside servers that were judged they must not look as if they were too.
            let apart = has_policy && status == Status::Unjudged;
            let count = self.count(status);
            if count > 0 {
                parts.push(if apart { format!("{count} unjudged") } else { counted(count, what) });
            }
        }
        let mut line = if parts.is_empty() { "no server".to_owned() } else { parts.join(", ") };
        let _ = write!(line, "; {} of servers", counted(self.answers, "message"));
        if self.sent > 0 {
            let _ = write!(line, ", {} sent", counted(self.sent, "frame"));
        }
        if let Some(waited) = self.waited {
            let _ = write!(line, ", {}", stretch(waited));
        }
        line
    }

    /// What speaks for a network that passes the card's own MAC only.
    fn mac_filter(&self, own_mac: bool) -> Option<&'static str> {
        let answered = || self.servers.iter().flat_map(|(server, _)| &server.answered);
        if !self.asked || own_mac {
            return None;
        }
        if self.servers.is_empty() && self.blind.is_empty() {
            return Some(
                "nobody answered; on a wireless network, a virtual machine or a port that passes one MAC only, \
                 ask everything from the card's own with --own-mac",
            );
        }
        (answered().count() > 0 && answered().all(|probe| *probe == "own-mac")).then_some(
            "only what was asked from the card's own MAC was answered: this network or server passes no other; \
             ask everything from it with --own-mac",
        )
    }

    /// What else should be known, one sentence each.
    pub fn hints(&self, has_policy: bool, own_mac: bool) -> Vec<String> {
        let mut hints: Vec<String> = self.mac_filter(own_mac).map(str::to_owned).into_iter().collect();
        let unjudged = self.rivals();
        if !has_policy && !self.requires && unjudged > 1 {
            hints.push(format!(
                "{unjudged} DHCP servers answer here and none is judged: say with --allow or --policy which may \
                 (--learn FILE writes a policy of all)"
            ));
        }
        let unjudged = self.count(Status::Unjudged);
        if has_policy && unjudged > 0 {
            let speak = Speaks::ALL.into_iter().filter(|speaks| self.has_unjudged(*speaks));
            let names: Vec<&str> = speak.map(Speaks::title).collect();
            let are = if unjudged == 1 { "1 server is" } else { &format!("{unjudged} servers are") };
            hints.push(format!(
                "{are} unjudged: nothing in --allow or the policy is about {}",
                names.join(" or ")
            ));
        }
        for required in self.required {
            hints.push(format!("required server {required} did not answer"));
        }
        for allowed in self.missing.iter().take(MOST_HINTS) {
            hints.push(format!("allowed server {allowed} was not heard"));
        }
        if let Some(more @ 1..) = self.missing.len().checked_sub(MOST_HINTS) {
            hints.push(format!("{more} more allowed servers were not heard"));
        }
        for blind in self.blind {
            hints.push(match self.verdict() {
                Verdict::Rogue => format!("there may be more rogues: {blind}"),
                _ => format!("cannot tell whether there is a rogue: {blind}"),
            });
        }
        hints.extend(kept_text(self.kept, self.kept6, self.overlooked));
        hints
    }
}

/// Allowed servers that are named when they are not heard.
const MOST_HINTS: usize = 10;

/// What servers keep of what they were made to grant, one sentence each.
pub fn kept_text(kept: &[Granted], kept6: &[Granted6], overlooked: u64) -> Vec<String> {
    let mut lines: Vec<String> = kept
        .iter()
        .map(|kept| {
            let server = kept.server.map_or_else(|| "a server without address".to_owned(), |ip| ip.to_string());
            format!(
                "{} could not be given back: {server} granted it to {}, a client invented here; delete that lease at the server",
                kept.address, kept.client
            )
        })
        .collect();
    for Granted6 { address, client, server, .. } in kept6 {
        lines.push(format!(
            "{address} could not be given back: {server} bound it to {client}, a client invented here; delete that lease at the server"
        ));
    }
    if overlooked > 0 {
        lines.push(format!(
            "{overlooked} more grants than are given back: look at the leases of the servers above for MACs that begin with 02, 06, 0a or 0e"
        ));
    }
    lines
}

fn head(verdict: Verdict, interfaces: &[String], json: &mut JsonOut) {
    json.name_next("verdict");
    match verdict.name() {
        Some(name) => json.plain(name),
        None => json.null(),
    }
    texts("interfaces", interfaces, json);
}

/// A server as an object of its own.
pub fn server_line(server: &Server, judgement: &Judgement, precision: Precision) -> Vec<u8> {
    let mut json = JsonOut::new();
    server_json(server, judgement, precision, &mut json);
    json.buf
}

fn server_json(server: &Server, judgement: &Judgement, precision: Precision, json: &mut JsonOut) {
    let key = &server.key;
    json.begin_object();
    json.name_next("protocol");
    json.plain(key.speaks.name());
    optional("server_id", key.server_id.as_ref(), json);
    optional("source_ip", key.source_ip, json);
    optional("source_mac", key.source_mac, json);
    bytes("vendor", judgement.vendor.as_deref().map(str::as_bytes), json);
    optional("relay", key.relay, json);
    json.name_next("vlans");
    json.begin_array();
    for vlan in &key.vlans {
        json.u64(u64::from(*vlan));
    }
    json.end_array();
    bytes("interface", server.interfaces.first().map(|name| name.as_bytes()), json);
    texts("interfaces", server.interfaces.as_slice(), json);
    json.name_next("status");
    json.plain(judgement.status.name());
    bytes("name", judgement.name.as_deref().map(str::as_bytes), json);
    texts("reasons", &judgement.reasons, json);
    list("reason_codes", judgement.reasons.iter().map(|reason| reason.code), json);
    texts("notes", &judgement.notes, json);
    number("answers", Some(server.answers), json);
    let latency = server.latency.map(|latency| i64::try_from(latency.as_nanos()).unwrap_or(i64::MAX));
    milliseconds("latency_ms", latency, json);
    json.name_next("messages");
    json.begin_object();
    for (name, count) in six::messages(key, &server.counts) {
        number(name, Some(count), json);
    }
    json.end_object();
    list("answered", &server.answered, json);
    for (name, at) in [("first_seen", server.first_seen), ("last_seen", server.last_seen)] {
        json.name_next(name);
        json.time(at, precision);
    }
    match &server.offered.six {
        Some(offered) => six::offered(server, offered, json),
        None if key.speaks != Speaks::Dhcpv4 => six::offered(server, &Offered6::default(), json),
        None => offered_json(server, json),
    }
    json.end_object();
}

/// What people know a server by.
fn name(key: &Key) -> Option<String> {
    key.server_id.as_ref().map(ServerId::to_string).or(key.source_ip.map(|ip| ip.to_string()))
}

fn offered_json(server: &Server, json: &mut JsonOut) {
    let offered = &server.offered;
    json.name_next("offered");
    json.begin_object();
    optional("address", server.addresses.last(), json);
    list("addresses", &server.addresses, json);
    optional("subnet_mask", offered.subnet_mask, json);
    list("routers", &offered.routers, json);
    list("dns_servers", &offered.dns_servers, json);
    bytes("domain_name", offered.domain_name.as_deref(), json);
    number("lease_time", offered.lease_time, json);
    optional("next_server", offered.next_server, json);
    bytes("boot_file", offered.boot_file.as_deref(), json);
    list("default_routes", offered.default_routes.iter().map(|(_, router)| router), json);
    bytes("wpad", offered.wpad.as_deref(), json);
    json.name_next("pxe");
    json.flag(server.pxe);
    json.end_object();
}

impl Render for Report<'_> {
    fn object(&self) -> impl Serialize {
        let mut json = JsonOut::new();
        self.json(&mut json);
        PacketObject::from_json(json)
    }

    /// One block per server.
    fn text(&self, out: &mut Styled) {
        for (server, judgement) in self.servers {
            block(server, judgement, out);
        }
    }
}

/// A change of `rogue --watch` as an object of the same shape as the report, with one server.
pub fn change_json(
    change: &Change,
    verdict: Verdict,
    interfaces: &[String],
    precision: Precision,
    json: &mut JsonOut,
) {
    json.begin_object();
    json.name_next("type");
    json.plain("rogue");
    json.name_next("event");
    json.plain(change.kind.name());
    json.name_next("time");
    json.time(change.time, precision);
    head(verdict, interfaces, json);
    json.name_next("servers");
    json.begin_array();
    if let Some(who) = &change.who {
        server_json(&who.server, &who.judgement, precision, json);
    }
    json.end_array();
    json.name_next("differences");
    json.begin_array();
    for difference in &change.differences {
        json.begin_object();
        for (name, text) in [("what", &difference.what), ("from", &difference.from), ("to", &difference.to)] {
            json.name_next(name);
            json.string(text.as_bytes());
        }
        json.end_object();
    }
    json.end_array();
    json.name_next("folded");
    let folded = change.folded;
    if change.kind == ChangeKind::Folded {
        json.begin_object();
        for (name, count) in [
            ("new", folded.new),
            ("changed", folded.changed),
            ("gone", folded.gone),
            ("back", folded.back),
            ("rogues", folded.rogues),
        ] {
            number(name, Some(count), json);
        }
        json.end_object();
    } else {
        json.null();
    }
    json.end_object();
    json.end_line();
}

/// A change of `rogue --watch` for people.
pub fn change_text(change: &Change, time: &mut TimeText, out: &mut Styled) {
    out.labelled(Label::Dim, |out| time.write(Some(change.time), Precision::Micro, out));
    out.text("  ").label(Label::Strong, change.kind.name());
    match &change.who {
        None => {
            let folded = change.folded;
            let _ = writeln!(
                out,
                "  {} more changes within a minute: {} new, {} changed, {} gone, {} back; {} of rogues",
                folded.total(),
                folded.new,
                folded.changed,
                folded.gone,
                folded.back,
                folded.rogues
            );
        }
        Some(who) => {
            out.text("\n");
            block(&who.server, &who.judgement, out);
            for difference in &change.differences {
                let or_nothing =
                    |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
                let _ = writeln!(
                    out,
                    "          {}: {} -> {}",
                    difference.what,
                    or_nothing(&difference.from),
                    or_nothing(&difference.to)
                );
            }
        }
    }
}

fn status_label(status: Status) -> Label {
    match status {
        Status::Allowed => Label::Good,
        Status::Unjudged => Label::Warning,
        Status::Rogue => Label::Error,
    }
}

/// A server: who it is, why it is judged so, what it offers.
fn block(server: &Server, judgement: &Judgement, out: &mut Styled) {
    let key = &server.key;
    out.label(status_label(judgement.status), &format!("{:<8}", judgement.status.name())).text("  ");
    match key.speaks {
        Speaks::Dhcpv4 => {}
        Speaks::Dhcpv6 => {
            out.text("DHCPv6 ");
        }
        Speaks::Ra => {
            out.text("router ");
        }
    }
    match name(key) {
        Some(name) => out.label(Label::Address, &name),
        None => out.text("server without address"),
    };
    if let Some(name) = &judgement.name {
        out.text(" (").foreign(name.as_bytes()).text(")");
    }
    let is_named =
        |ip: &IpAddr| key.server_id.as_ref().is_some_and(|id| id.ip().map(IpAddr::from) != Some(*ip));
    if let Some(ip) = key.source_ip.filter(is_named) {
        let _ = write!(out, " from {ip}");
    }
    if let Some(mac) = key.source_mac {
        let _ = write!(out, " at {mac}");
    }
    if let Some(vendor) = &judgement.vendor {
        out.text(" (").foreign(vendor.as_bytes()).text(")");
    }
    if let Some(relay) = key.relay {
        let _ = write!(out, " through relay {relay}");
    }
    for (index, interface) in server.interfaces.iter().enumerate() {
        out.text(if index == 0 { " on " } else { ", " }).foreign(interface.as_bytes());
    }
    if !key.vlans.is_empty() {
        let _ = write!(out, " VLAN {}", joined(&key.vlans, "."));
    }
    out.text("\n");
    for (label, reasons) in
        [(status_label(judgement.status), &judgement.reasons), (Label::Dim, &judgement.notes)]
    {
        for reason in reasons {
            // What a reason quotes from the wire was escaped when it was made.
            out.text("          ").label(label, reason.code).text(": ").text(&reason.detail).text("\n");
        }
    }
    let offers = offers(server);
    if !offers.is_empty() {
        out.text("          offers ").text(&offers).text("\n");
    }
    let mut said = Vec::new();
    let counts = server.counts;
    for (count, name) in [
        (counts.offers, "OFFER"),
        (counts.acks, "ACK"),
        (counts.naks, "NAK"),
        (counts.bootp, "BOOTP reply"),
        (counts.advertises, "ADVERTISE"),
        (counts.replies, "REPLY"),
        (counts.reconfigures, "RECONFIGURE"),
        (counts.adverts, "RA"),
        (counts.other, "other"),
    ] {
        if count > 0 {
            said.push(format!("{count} {name}"));
        }
    }
    if !said.is_empty() {
        out.text("          ").label(Label::Dim, "said ").text(&said.join(", "));
        if !server.answered.is_empty() {
            out.label(Label::Dim, " to ").text(&server.answered.join(", "));
        }
        out.text("\n");
    }
}

/// What a server offers, in one line; texts from the wire are escaped.
fn offers(server: &Server) -> String {
    let offered = &server.offered;
    if let Some(six) = &offered.six {
        return six::offers(server, six);
    }
    let mut parts = Vec::new();
    if let Some(address) = server.addresses.last() {
        let more = server.addresses.len().saturating_sub(1);
        let prefix = offered.prefix().map_or_else(String::new, |prefix| format!("/{prefix}"));
        let others = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("{address}{prefix}{others}"));
    }
    if !offered.routers.is_empty() {
        parts.push(format!("router {}", joined(&offered.routers, " ")));
    }
    if !offered.dns_servers.is_empty() {
        parts.push(format!("DNS {}", joined(&offered.dns_servers, " ")));
    }
    if let Some(domain) = &offered.domain_name {
        parts.push(format!("domain {}", escape(domain)));
    }
    if let Some(lease) = offered.lease_time {
        parts.push(if lease == u32::MAX {
            "lease without end".to_owned()
        } else {
            format!("lease {}", Seconds(lease))
        });
    }
    if let Some(file) = &offered.boot_file {
        parts.push(format!("boot file {}", escape(file)));
    }
    if server.pxe {
        parts.push("PXE".to_owned());
    }
    parts.join(", ")
}

fn joined<T: fmt::Display>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// What a monitoring plugin says. The latency is that of the first allowed server's quickest answer, the slowest of them deciding.
pub fn plugin(report: &Report<'_>, has_policy: bool, thresholds: &Thresholds) -> Plugin {
    let latencies = || {
        let good = report.servers.iter().filter(|(_, judgement)| judgement.status != Status::Rogue);
        good.filter_map(|(server, _)| server.latency)
    };
    let latency = latencies().max().map(|latency| latency.as_secs_f64() * 1000.0);
    let (mut state, mut text) = plugin_state(report, has_policy);
    let slow = if latency.is_some() { thresholds.judge(latency) } else { PluginState::Ok };
    let rank = |state: PluginState| match state {
        PluginState::Ok => 0,
        PluginState::Warning => 1,
        PluginState::Critical | PluginState::Unknown => 2,
    };
    if rank(slow) > rank(state) {
        state = slow;
        let _ = write!(text, "; too slow: {:.1} ms", latency.unwrap_or_default());
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    // Who only listens misses nobody.
    let missing = if report.asked { report.missing.len().max(report.required.len()) } else { 0 };
    let mut plugin = Plugin::new(state, text)
        .milliseconds("latency", latency, thresholds)
        .count("servers", count(report.servers.len()))
        .count("rogue", count(report.count(Status::Rogue)))
        .count("allowed", count(report.count(Status::Allowed)))
        .count("unjudged", count(report.unjudged()))
        .count("missing", count(missing))
        .count("answers", report.answers)
        .count("lost", report.lost);
    for (server, judgement) in report.servers.iter().take(MAX_LINES) {
        let mut line = format!("{} {}", judgement.status.name(), who(server, judgement));
        let offers = offers(server);
        if !offers.is_empty() {
            let _ = write!(line, " offers {offers}");
        }
        for reason in &judgement.reasons {
            let _ = write!(line, "; {reason}");
        }
        plugin = plugin.line(line);
    }
    plugin
}

/// Servers named one by one in a plugin's long output.
const MAX_LINES: usize = 64;

/// Address, MAC and vendor of a server.
fn who(server: &Server, judgement: &Judgement) -> String {
    let address = server.key.address().map_or_else(|| "without address".to_owned(), |ip| ip.to_string());
    let mac = server.key.source_mac.map_or_else(String::new, |mac| format!(" at {mac}"));
    let vendor = judgement.vendor.as_ref().map_or_else(String::new, |vendor| format!(" ({vendor})"));
    let what = match server.key.speaks {
        Speaks::Dhcpv4 => "",
        Speaks::Dhcpv6 => "DHCPv6 ",
        Speaks::Ra => "router ",
    };
    format!("{what}{address}{mac}{vendor}")
}

fn plugin_state(report: &Report<'_>, has_policy: bool) -> (PluginState, String) {
    let (rogues, allowed) = (report.count(Status::Rogue), report.count(Status::Allowed));
    let servers = |count: usize| counted(count, "server");
    let rogue = report.servers.iter().find(|(_, judgement)| judgement.status == Status::Rogue);
    if let Some((server, judgement)) = rogue {
        let why = judgement.reasons.first().map_or_else(String::new, |reason| format!(": {reason}"));
        let many = counted(rogues, "rogue server");
        return (PluginState::Critical, format!("{many}, {}{why}", who(server, judgement)));
    }
    if let Some(blind) = report.blind.first() {
        let text = format!("cannot tell: {blind}; {} answered", servers(report.servers.len()));
        return (PluginState::Unknown, text);
    }
    if let Some(required) = report.required.first().filter(|_| report.asked) {
        let others = servers(report.servers.len());
        return (
            PluginState::Critical,
            format!("required server {required} did not answer; {others} answered"),
        );
    }
    if report.servers.is_empty() {
        // Who only listens hears nothing of servers that nobody asks.
        return if report.asked {
            (PluginState::Critical, "no server answered".to_owned())
        } else {
            (PluginState::Ok, "no server was heard".to_owned())
        };
    }
    if let Some(missing) = report.missing.first().filter(|_| report.asked) {
        let answered = counted(allowed, "allowed server");
        let text = format!("{answered} answered, {} did not: {missing}", report.missing.len());
        return (PluginState::Warning, text);
    }
    let unjudged = report.rivals();
    if !has_policy && !report.requires && unjudged > 1 {
        return (
            PluginState::Warning,
            format!("{} answered and no allow list says which may", servers(unjudged)),
        );
    }
    let mut names: Vec<IpAddr> = Vec::new();
    for ip in report.servers.iter().filter_map(|(server, _)| server.key.address()) {
        // A machine may be a server of several protocols.
        if !names.contains(&ip) || ip.is_ipv4() {
            names.push(ip);
        }
    }
    let unjudged = report.count(Status::Unjudged);
    let unjudged = if has_policy && unjudged > 0 { format!(", {unjudged} unjudged") } else { String::new() };
    let all = servers(report.servers.len());
    (PluginState::Ok, format!("{all} answered{unjudged}: {}", joined(&names, ", ")))
}

/// A change of `rogue --watch` in one line, as a log keeps it.
pub fn change_line(change: &Change) -> String {
    let mut line = change.kind.name().to_owned();
    let Some(described) = &change.who else {
        let folded = change.folded;
        let _ =
            write!(line, ": {} more changes within a minute, {} of rogues", folded.total(), folded.rogues);
        return line;
    };
    let (server, judgement) = (&described.server, &described.judgement);
    let _ = write!(line, ": {} {}", judgement.status.name(), who(server, judgement));
    for interface in &server.interfaces {
        let _ = write!(line, " on {interface}");
    }
    for reason in &judgement.reasons {
        let _ = write!(line, "; {reason}");
    }
    for Difference { what, from, to } in &change.differences {
        let _ = write!(line, "; {what}: {from} -> {to}");
    }
    line
}

/// How grave a change is for syslog and journald (RFC 5424 6.2.1): 2 critical, 4 warning, 5 notice.
pub fn change_priority(change: &Change) -> u8 {
    let is_rogue =
        change.who.as_ref().map_or(change.folded.rogues > 0, |who| who.judgement.status == Status::Rogue);
    match change.kind {
        ChangeKind::Gone => 4,
        _ if is_rogue => 2,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::servers::Reason;
    use crate::analysis::servers::watcher::{Folded, Who};
    use crate::output::Format;
    use crate::output::render::Look;
    use crate::time::Timestamp;
    use crate::wire::Mac;
    use crate::wire::escape::is_hostile;

    fn server(last: u8) -> Server {
        let mut server = Server {
            interfaces: vec!["eth0".into()],
            key: Key {
                source_ip: Some([10, 0, 0, last].into()),
                source_mac: Some(Mac([2, 0, 0, 0, 0, last])),
                server_id: Some([10, 0, 0, last].into()),
                ..Key::default()
            },
            answers: 3,
            answered: vec!["discover"],
            addresses: vec![[10, 0, 0, 50].into()],
            first_seen: Timestamp::new(1, 5),
            last_seen: Timestamp::new(2, 5),
            ..Server::default()
        };
        server.counts.offers = 3;
        server.offered.routers = vec![[10, 0, 0, last].into()];
        server.offered.domain_name = Some(b"la\x1b[31m\xe2\x80\xaeb|".to_vec());
        server
    }

    fn judged(status: Status) -> Judgement {
        let reasons = match status {
            Status::Rogue => {
                vec![Reason { code: "unknown-server", detail: "10.0.0.66 is on no allow list".into() }]
            }
            _ => vec![],
        };
        Judgement {
            status,
            reasons,
            notes: vec![],
            name: Some("ma\x1bin".into()),
            vendor: Some("AC\x1bME\u{202e}".into()),
        }
    }

    fn with_report<T>(statuses: &[Status], missing: usize, look: impl FnOnce(&Report<'_>) -> T) -> T {
        let servers: Vec<Server> = (1..=4).map(server).collect();
        let judged: Vec<_> =
            servers.iter().zip(statuses).map(|(server, status)| (server, judged(*status))).collect();
        let allowed = Allowed {
            identity: Identity { ip: Some([10, 0, 0, 9].into()), ..Identity::default() },
            ..Allowed::default()
        };
        look(&Report {
            interfaces: &["eth0".to_owned()],
            servers: &judged,
            missing: &vec![&allowed; missing],
            required: &[],
            requires: false,
            forgotten: 0,
            sent: 64,
            answers: 12,
            waited: Some(8_000_500_000),
            precision: Precision::Nano,
            asked: true,
            kept: &[],
            kept6: &[],
            overlooked: 0,
            lost: 0,
            blind: &[],
        })
    }

    #[test]
    fn the_object_is_the_contracts() {
        let text = with_report(&[Status::Rogue, Status::Allowed], 1, |report| {
            String::from_utf8(report.render(Format::Json, Look::default())).unwrap()
        });
        assert!(text.ends_with("}\n") && !text.trim_end().chars().any(is_hostile), "{text:?}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["type"], "rogue");
        assert_eq!(value["verdict"], "rogue");
        assert_eq!(value["interfaces"][0], "eth0");
        assert_eq!(value["missing"][0], "ip=10.0.0.9");
        assert_eq!(value["waited_ms"], 8000.5);
        let server = &value["servers"][0];
        for (name, want) in [
            ("protocol", "dhcpv4"),
            ("server_id", "10.0.0.1"),
            ("source_ip", "10.0.0.1"),
            ("source_mac", "02:00:00:00:00:01"),
            ("vendor", "AC\x1bME\u{202e}"),
            ("interface", "eth0"),
            ("status", "rogue"),
            ("first_seen", "1970-01-01T00:00:01.000000005Z"),
        ] {
            assert_eq!(server[name], want, "{name}");
        }
        assert_eq!(server["reasons"][0], "unknown-server: 10.0.0.66 is on no allow list");
        assert_eq!(server["offered"]["routers"][0], "10.0.0.1");
        assert!(server["offered"]["lease_time"].is_null() && server["relay"].is_null());
    }

    #[test]
    fn nothing_hostile_reaches_a_terminal() {
        with_report(&[Status::Rogue, Status::Allowed, Status::Unjudged], 0, |report| {
            let mut out = Styled::new(false);
            report.text(&mut out);
            assert!(!out.as_str().chars().any(|c| is_hostile(c) && c != '\n'), "{:?}", out.as_str());
            let head = "rogue     10.0.0.1 (ma\\x1bin) at 02:00:00:00:00:01 (AC\\x1bME\\u{202e}) on eth0\n";
            assert!(out.as_str().starts_with(head), "{:?}", out.as_str());
            assert_eq!(
                report.summary(false),
                "1 rogue server, 1 allowed server, 1 server; 12 messages of servers, 64 frames sent, 8.000 s"
            );
        });
    }

    #[test]
    fn the_plugin_follows_the_convention() {
        use Status::{Allowed, Rogue, Unjudged};
        for (statuses, missing, has_policy, state, text) in [
            (
                &[Allowed][..],
                0,
                true,
                PluginState::Ok,
                "DHCP OK - 1 server answered: 10.0.0.1 | servers=1;;;0 rogue=0;;;0 ",
            ),
            (&[Unjudged], 0, false, PluginState::Ok, "DHCP OK - 1 server"),
            (
                &[Allowed, Unjudged],
                0,
                true,
                PluginState::Ok,
                "DHCP OK - 2 servers answered, 1 unjudged: 10.0.0.1, 10.0.0.2 | ",
            ),
            (
                &[Unjudged, Unjudged],
                0,
                false,
                PluginState::Warning,
                "DHCP WARNING - 2 servers answered and no",
            ),
            (
                &[Allowed],
                1,
                true,
                PluginState::Warning,
                "DHCP WARNING - 1 allowed server answered, 1 did not",
            ),
            (&[], 1, true, PluginState::Critical, "DHCP CRITICAL - no server answered | "),
            (
                &[Rogue, Allowed],
                0,
                true,
                PluginState::Critical,
                "DHCP CRITICAL - 1 rogue server, 10.0.0.1 at 02:00",
            ),
        ] {
            let found =
                with_report(statuses, missing, |report| plugin(report, has_policy, &Thresholds::default()));
            let line = found.text();
            assert_eq!(found.state, state, "{line}");
            assert!(line.starts_with(text), "{line}");
            assert_eq!(line.matches('|').count(), 1);
            assert_eq!(line.lines().count(), 1 + statuses.len());
            assert!(!line.chars().any(|c| is_hostile(c) && c != '\n'), "{line:?}");
        }
        for (statuses, text) in
            [(&[][..], "DHCP OK - no server was heard | "), (&[Allowed], "DHCP OK - 1 server answered")]
        {
            let listening = |report: &Report<'_>| {
                plugin(&Report { asked: false, ..report.clone() }, true, &Thresholds::default())
            };
            let found = with_report(statuses, 1, listening);
            let line = found.text();
            assert!(found.state == PluginState::Ok && line.starts_with(text), "{line}");
            assert!(line.contains("missing=0;"), "{line}");
        }
    }

    #[test]
    fn several_unjudged_servers_are_pointed_out() {
        // Beside a policy, who is of another protocol is neither allowed nor overlooked.
        let beside = [Status::Allowed, Status::Unjudged];
        let (line, said) =
            with_report(&beside, 0, |report| (report.summary(true), report.hints(true, false)));
        assert!(line.starts_with("1 allowed server, 1 unjudged; "), "{line}");
        assert_eq!(said, ["1 server is unjudged: nothing in --allow or the policy is about DHCPv4 servers"]);
        let hints = |statuses: &[Status]| with_report(statuses, 0, |report| report.hints(false, false));
        assert!(hints(&[Status::Unjudged]).is_empty());
        let mut twice = [server(1), server(1)];
        for (server, relay) in twice.iter_mut().zip([7, 8]) {
            server.key.relay = Some([10, 0, relay, 1].into());
            server.key.source_mac = Some(Mac([2, 0, 0, 0, 7, relay]));
        }
        let judged: Vec<_> = twice.iter().map(|server| (server, judged(Status::Unjudged))).collect();
        let through_relays =
            with_report(&[], 0, |report| Report { servers: &judged, ..report.clone() }.hints(false, false));
        assert!(through_relays.is_empty());
        assert!(hints(&[Status::Unjudged, Status::Unjudged])[0].starts_with("2 DHCP servers answer here"));
    }

    #[test]
    fn changes_are_objects_of_the_same_shape() {
        let change = Change {
            kind: ChangeKind::Changed,
            time: Timestamp::new(5, 0),
            who: Some(Box::new(Who { server: server(1), judgement: judged(Status::Rogue) })),
            differences: vec![Difference {
                what: "routers".into(),
                from: String::new(),
                to: "10.0.0.9".into(),
            }],
            folded: Folded::default(),
        };
        let mut json = JsonOut::new();
        change_json(&change, Verdict::Rogue, &["eth0".to_owned()], Precision::Nano, &mut json);
        let fold = Change { kind: ChangeKind::Folded, who: None, ..change.clone() };
        change_json(&fold, Verdict::Rogue, &[], Precision::Nano, &mut json);
        let text = String::from_utf8(json.buf).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["event"], &lines[0]["verdict"]), (&"changed".into(), &"rogue".into()));
        assert_eq!(lines[0]["differences"][0]["to"], "10.0.0.9");
        assert_eq!(lines[0]["servers"][0]["server_id"], "10.0.0.1");
        assert_eq!(lines[1]["folded"]["new"], 0);
        let mut out = Styled::new(false);
        change_text(&change, &mut TimeText::default(), &mut out);
        change_text(&fold, &mut TimeText::default(), &mut out);
        assert!(out.as_str().contains("routers: nothing -> 10.0.0.9"), "{}", out.as_str());
    }

    #[test]
    fn what_is_required_what_is_slow_and_what_was_not_seen() {
        let of = |thresholds: &Thresholds| {
            let mut slow = server(1);
            slow.latency = Some(std::time::Duration::from_millis(150));
            let judged = [(&slow, judged(Status::Unjudged))];
            let plugin = with_report(&[], 0, |report| {
                plugin(&Report { servers: &judged, ..report.clone() }, false, thresholds)
            });
            (plugin.state, plugin.text())
        };
        let none = Thresholds::default();
        let limits = Thresholds { warning: "100".parse().ok(), critical: "200".parse().ok() };
        let (state, line) = of(&limits);
        assert!(state == PluginState::Warning && line.contains("latency=150.000ms;100;200;0"), "{line}");
        assert!(line.contains("too slow: 150.0 ms"), "{line}");
        assert_eq!(of(&none).0, PluginState::Ok);
        let wanted: Identity = "10.0.0.9".parse().unwrap();
        let seen = |required: &[&Identity], blind: &[String]| {
            with_report(&[Status::Unjudged], 0, |report| {
                let plugin = plugin(&Report { required, blind, ..report.clone() }, false, &none);
                (plugin.state, plugin.text())
            })
        };
        let (state, line) = seen(&[&wanted], &[]);
        assert!(state == PluginState::Critical && line.contains("required server 10.0.0.9 did"), "{line}");
        assert!(line.contains("missing=1;"), "{line}");
        let (state, line) = seen(&[], &["3 frames are lost".to_owned()]);
        assert!(state == PluginState::Unknown, "{line}");
        assert!(line.starts_with("DHCP UNKNOWN - cannot tell: 3 frames"), "{line}");
    }

    #[test]
    fn a_change_is_one_line_for_a_log() {
        let change = Change {
            kind: ChangeKind::New,
            time: Timestamp::new(5, 0),
            who: Some(Box::new(Who { server: server(1), judgement: judged(Status::Rogue) })),
            differences: vec![],
            folded: Folded::default(),
        };
        let line = change_line(&change);
        assert!(line.starts_with("new: rogue 10.0.0.1 at 02:00:00:00:00:01"), "{line}");
        assert!(line.contains("unknown-server") && change_priority(&change) == 2);
        let gone = Change { kind: ChangeKind::Gone, ..change.clone() };
        assert_eq!(change_priority(&gone), 4);
        let fold = Change { kind: ChangeKind::Folded, who: None, ..change };
        assert_eq!((change_priority(&fold), change_line(&fold).lines().count()), (5, 1));
    }
}
