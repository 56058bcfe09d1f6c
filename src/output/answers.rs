//! What the exchanges of a client found, for people and programs: `discover`, `request`, `release`, `decline`, `inform`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::analysis::classes;
use crate::analysis::diagnosis::Account;
use crate::analysis::transaction::Closed;
use crate::engine::Answer;
use crate::engine::v4::accept::refusals;
use crate::engine::v4::silence::Finding;
use crate::output::json::object::TransactionObject;
use crate::output::packet::detail::{PacketDetail, grouped, write_more};
use crate::output::packet::record::{MOST_PROBLEMS, PacketRecord};
use crate::output::styled::{Label, Styled};
use crate::output::table::Table;
use crate::output::transaction::ladder::Ladder;
use crate::output::when::{TimeText, stretch};
use crate::output::width::{columns, shortened};
use crate::output::words::counted;
use crate::time::Precision;
use crate::wire::digits::hex;
use crate::wire::escape::{escape, escape_line};
use crate::wire::frame::{Datagram, LinkType, Ports, Walker};
use crate::wire::options::{TextSink, v4};
use crate::wire::problem::Severity;
use crate::wire::v4::{Facts, Outline, Packet, Shown, Values, facts};
use crate::wire::{Lease, Mac, Prefix};

/// Where answers were seen.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The interface.
    pub interface: &'a str,
    /// What its frames start with.
    pub link_type: LinkType,
    /// How fine its stamps are.
    pub precision: Precision,
    /// UDP ports beside the usual ones.
    pub ports: &'a [u16],
    /// The vendor class that the client gave, which answers seldom repeat.
    pub class: Option<&'static [u8]>,
    /// Frames with parts of a datagram, in the order in which they came.
    pub fragments: &'a [Vec<u8>],
    /// What happened, for who is told more.
    pub story: &'a [Account],
    /// Columns of a drawing of it.
    pub columns: usize,
}

impl<'a> Place<'a> {
    /// An Ethernet interface of which nothing else is known.
    pub fn on(interface: &'a str) -> Self {
        Self {
            interface,
            link_type: LinkType::ETHERNET,
            precision: Precision::Nano,
            ports: &[],
            class: None,
            fragments: &[],
            story: &[],
            columns: 80,
        }
    }

    /// Draws what happened.
    pub fn draw(&self, out: &mut Styled) {
        for (account, number) in self.story.iter().zip(1..) {
            out.text("\n");
            let ladder = Ladder { width: self.columns, ascii: false, begins: None };
            match &account.exchange {
                Closed::Four(exchange) => ladder.draw(exchange, number, &account.problems, out),
                Closed::Six(exchange) => ladder.draw(exchange, number, &account.problems, out),
            }
        }
    }

    /// The exchange that it began with, as an object.
    pub fn transaction(&self) -> Option<TransactionObject> {
        let first = self.story.first()?;
        Some(TransactionObject::of(&first.exchange, 1, &first.problems))
    }

    /// Shows the packet that brought `answer` to `show`.
    pub fn record(&self, answer: &Answer, number: u64, show: &mut dyn FnMut(&PacketRecord<'_>)) {
        let mut ports = Ports::default();
        for port in self.ports {
            ports.add(*port);
        }
        let frame = answer.frame.as_slice();
        let mut outline = Outline::default();
        let shown = std::cell::Cell::new(false);
        let mut each = |datagram: &Datagram<'_>| {
            let packet = Packet::new(datagram.payload);
            outline.read(&packet, datagram.promised, datagram.cut);
            if classes::depends(&packet, &outline) {
                outline.exchange_class = self.class;
            }
            show(&PacketRecord {
                number,
                time: Some(answer.time),
                precision: self.precision,
                interface: Some(self.interface),
                ..PacketRecord::of(datagram, packet, &outline, frame.len())
            });
            shown.set(true);
        };
        let at = answer.at.nanoseconds();
        Walker::without_reassembly(ports.clone())
            .walk(self.link_type, frame, frame.len(), at, |datagram| each(&datagram));
        if !shown.get() && !self.fragments.is_empty() {
            // The last fragment of several: together with those before it makes the datagram.
            let mut walker = Walker::new(ports);
            for part in self.fragments {
                walker.walk(self.link_type, part, part.len(), at, |_| ());
            }
            walker.walk(self.link_type, frame, frame.len(), at, |datagram| each(&datagram));
        }
        if !shown.get() {
            // What came before was too much to keep: the message is whole, the frame is not.
            let payload = answer.message.encode();
            each(&Datagram::bare(&payload));
        }
    }
}

/// The sentence about how long an answer took. Where it came to a question asked again, what the client waited leads.
pub fn latency_sentence(answer: &Answer) -> Option<String> {
    let kind = answer.kind().map_or_else(|| "answer".to_owned(), |kind| kind.to_string());
    let latency = answer.latency()?;
    let again = answer.answers > 1;
    let mut line =
        format!("{kind} after {}", stretch(answer.since_first().filter(|_| again).unwrap_or(latency)));
    if again {
        let _ = write!(line, " ({} after request {})", stretch(latency), answer.answers);
    }
    if let Some(check) = &answer.check {
        let held_up = stretch(check.nanoseconds());
        let _ = write!(line, ", of which {held_up} the server was checking {}", check.address);
        if check.sure {
            let _ = write!(line, " by {}", check.kind);
        }
    }
    Some(line)
}

/// A value in which answers differ: its name and what each server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The option's or field's name.
    pub field: String,
    /// Text of the value, and the servers that say so.
    pub values: Vec<(String, Vec<Arc<str>>)>,
}

impl Difference {
    /// What each server says first.
    fn by_server(&self) -> HashMap<&str, &str> {
        let mut said = HashMap::new();
        for (value, servers) in &self.values {
            for server in servers {
                said.entry(server.as_ref()).or_insert(value.as_str());
            }
        }
        said
    }
}

/// Options that differ between servers by their nature.
const OWN_NATURE: [u8; 3] = [50, 53, 54];

/// In what the answers differ: each option that not all have alike, and the fields a client uses. The addresses
/// themselves always differ and are left out; the subnets they are in are not.
pub fn differences(answers: &[Answer], place: &Place<'_>) -> Vec<Difference> {
    let mut fields: BTreeMap<(u16, String), Vec<String>> = BTreeMap::new();
    let servers = server_names(answers);
    let subnets: Vec<String> = answers.iter().map(|answer| subnet(answer).unwrap_or_default()).collect();
    fields.insert((0, "subnet".to_owned()), subnets);
    let next = |answer: &Answer| match answer.message.siaddr {
        Ipv4Addr::UNSPECIFIED => String::new(),
        siaddr => siaddr.to_string(),
    };
    fields.insert((0, "next-server".to_owned()), answers.iter().map(next).collect());
    for name in ["server-name", "boot-file"] {
        let texts = answers.iter().map(|answer| boot_field(answer, name)).collect();
        fields.insert((0, name.to_owned()), texts);
    }
    for (index, answer) in answers.iter().enumerate() {
        for (code, name, text) in option_texts(answer, place) {
            if OWN_NATURE.contains(&code) {
                continue;
            }
            let texts =
                fields.entry((u16::from(code), name)).or_insert_with(|| vec![String::new(); answers.len()]);
            if let Some(slot) = texts.get_mut(index) {
                slot.push_str(&text);
            }
        }
    }
    unlike(fields, &servers)
}

/// Which of the fields, by code and name, the servers do not all say alike; of each there is a text a server.
pub fn unlike(fields: BTreeMap<(u16, String), Vec<String>>, servers: &[Arc<str>]) -> Vec<Difference> {
    let mut found = Vec::new();
    for ((_, field), texts) in fields {
        if texts.windows(2).all(|pair| matches!(pair, [a, b] if a == b)) {
            continue;
        }
        let mut values: Vec<(String, Vec<Arc<str>>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (text, server) in texts.iter().zip(servers) {
            let place = *places.entry(text).or_insert(values.len());
            match values.get_mut(place) {
                Some((_, who)) => who.push(Arc::clone(server)),
                None => values.push((text.clone(), vec![Arc::clone(server)])),
            }
        }
        found.push(Difference { field, values });
    }
    found
}

fn subnet(answer: &Answer) -> Option<String> {
    let reply = answer.reply.as_ref()?;
    let (address, mask) = (reply.yiaddr.specified()?, reply.subnet_mask?);
    Some(match Prefix::with_mask(address, mask) {
        Some(prefix) => prefix.to_string(),
        None => format!("{} mask {mask}", address & mask),
    })
}

/// The text of one of the two fields that PXE servers put names in; empty where it holds none, or options.
fn boot_field(answer: &Answer, name: &str) -> String {
    let message = &answer.message;
    let overload = message.option(52).and_then(|data| data.first().copied()).unwrap_or(0);
    let (field, overloaded) = match name {
        "boot-file" => (message.file.as_slice(), overload & 1 != 0),
        _ => (message.sname.as_slice(), overload & 2 != 0),
    };
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    if overloaded { String::new() } else { escape(text) }
}

/// The servers' names, each with its hardware address where another card answers by the same name.
fn server_names(answers: &[Answer]) -> Vec<Arc<str>> {
    told_apart(answers.iter().map(|answer| (server_name(answer), answer.source_mac)))
}

/// Names of servers as they are told: where several hardware addresses go by one name, each with its own.
pub fn told_apart(servers: impl Iterator<Item = (String, Option<Mac>)> + Clone) -> Vec<Arc<str>> {
    let mut first: HashMap<String, Option<Mac>> = HashMap::new();
    let mut shared: HashSet<String> = HashSet::new();
    for (name, mac) in servers.clone() {
        if *first.entry(name.clone()).or_insert(mac) != mac {
            shared.insert(name);
        }
    }
    let told = |(name, mac): (String, Option<Mac>)| match mac {
        Some(mac) if shared.contains(&name) => format!("{name} at {mac}").into(),
        _ => name.into(),
    };
    servers.map(told).collect()
}

fn server_name(answer: &Answer) -> String {
    answer.server_id().or(answer.source_ip).map_or_else(|| "unknown".to_owned(), |ip| ip.to_string())
}

/// Every option of an answer with a name and a text, already escaped.
fn option_texts(answer: &Answer, place: &Place<'_>) -> Vec<(u8, String, String)> {
    let mut found = Vec::new();
    place.record(answer, 0, &mut |record| {
        let mut values = Values::default();
        values.begin();
        let cx = record.context();
        let mut text = Vec::new();
        for span in &record.outline.options {
            text.clear();
            let shown =
                values.show((&record.packet, record.outline), &cx, span, &mut TextSink::pretty(&mut text));
            let value = match shown {
                Shown::Value => String::from_utf8_lossy(&text).into_owned(),
                Shown::Continues => continue,
                Shown::Nothing => hex(span.data(&record.packet)),
            };
            let name =
                v4::SPACE.name_of(u16::from(span.code)).map_or_else(|| span.code.to_string(), str::to_owned);
            found.push((span.code, name, value));
        }
    });
    found
}

/// An answer that came more often than this came more often than anybody asked.
const MANY: u32 = 16;

/// Options whose values have a line of their own in a block.
const IN_BLOCK: [u8; 9] = [1, 3, 6, 15, 51, 53, 54, 58, 59];

/// Writes the block for one answer, which came from a network card of `vendor`.
pub fn block(answer: &Answer, vendor: Option<&str>, place: &Place<'_>, out: &mut Styled) {
    let reply = answer.reply.as_ref();
    let kind = answer.kind().map_or_else(|| "BOOTP reply".to_owned(), |kind| kind.to_string().to_uppercase());
    out.label(crate::output::packet::line::type_label(answer.kind(), Some(answer.message.op)), &kind);
    out.text(" from ").label(Label::Strong, &server_name(answer)).text("\n");
    let line = |out: &mut Styled, name: &str, value: &str| {
        if !value.is_empty() {
            out.text("  ").label(Label::Dim, &format!("{name:<14}"));
            out.text(value).text("\n");
        }
    };
    let text = |ip: Option<Ipv4Addr>| ip.map(|ip| ip.to_string()).unwrap_or_default();
    let list = |ips: &[Ipv4Addr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut address = text(reply.and_then(|reply| reply.yiaddr.specified()));
    if !answer.other_addresses.is_empty() {
        let _ = write!(address, " (later {})", list(&answer.other_addresses));
    }
    line(out, "address", &address);
    if let Some(reply) = reply {
        let mask = |mask: Ipv4Addr| match Prefix::length_of(mask) {
            Some(length) => format!("{mask} (/{length})"),
            None => format!("{mask} (no prefix)"),
        };
        line(out, "mask", &reply.subnet_mask.map(mask).unwrap_or_default());
        line(out, "routers", &list(&reply.routers().collect::<Vec<_>>()));
        line(out, "DNS", &list(&reply.dns_servers().collect::<Vec<_>>()));
        line(out, "domain", &foreign(facts::text(&reply.domain_name)));
        line(out, "lease", &lease(reply));
        line(out, "next server", &text(reply.siaddr.specified()));
        line(out, "server name", &boot_field(answer, "server-name"));
        line(out, "boot file", &boot_field(answer, "boot-file"));
        line(out, "relay", &text(reply.giaddr.specified()));
        line(out, "message", &foreign(facts::text(&reply.message)));
    }
    let mac = answer.source_mac.map(|mac| mac.to_string()).unwrap_or_default();
    let vlans: Vec<String> = answer.vlans.as_slice().iter().map(ToString::to_string).collect();
    let vlan = if vlans.is_empty() { String::new() } else { format!(", VLAN {}", vlans.join(".")) };
    let vendor = vendor.map_or_else(String::new, |vendor| format!(" ({})", escape(vendor.as_bytes())));
    line(out, "source", &format!("{} {mac}{vendor}{vlan}", text(answer.source_ip)));
    line(
        out,
        "latency",
        &latency_sentence(answer).unwrap_or_else(|| "unknown: the request was not seen leaving".into()),
    );
    if answer.copies > MANY {
        line(out, "came", &format!("{} times", grouped(&answer.copies)));
    }
    for (code, name, value) in option_texts(answer, place) {
        if !IN_BLOCK.contains(&code) {
            out.text("  ").label(Label::Dim, "option        ");
            out.text(&format!("{code} {name} ")).text(&value).text("\n");
        }
    }
    write_faults(answer, place, out);
}

/// Says what is wrong with an answer: first what makes clients drop it, then every problem of its bytes.
fn write_faults(answer: &Answer, place: &Place<'_>, out: &mut Styled) {
    let refusals: Vec<String> = refusals(answer).iter().map(ToString::to_string).collect();
    if !refusals.is_empty() {
        out.text("  ").label(Label::Error, "clients will not accept this");
        out.text(&format!(": {}\n", refusals.join("; ")));
    }
    place.record(answer, 0, &mut |record| {
        let mut told = 0_usize;
        record.judge(&mut Values::default(), &mut |problem| {
            told = told.saturating_add(1);
            if told > MOST_PROBLEMS {
                return;
            }
            let label = if problem.severity() == Severity::Error { Label::Error } else { Label::Warning };
            out.text("  ").label(label, &format!("{:<14}", problem.severity().name()));
            out.text(&format!("{problem} ({})\n", problem.code.name()));
        });
        write_more(told.saturating_sub(MOST_PROBLEMS), out);
    });
}

fn foreign(bytes: Option<&[u8]>) -> String {
    bytes.map(|bytes| escape_line(&String::from_utf8_lossy(bytes))).unwrap_or_default()
}

fn lease(reply: &Facts<'_>) -> String {
    let Some(seconds) = reply.lease_time else { return String::new() };
    let times: Vec<String> = [("T1", reply.renewal_time), ("T2", reply.rebinding_time)]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", Lease(value?))))
        .collect();
    let lease = Lease(seconds);
    if times.is_empty() { lease.to_string() } else { format!("{lease} ({})", times.join(", ")) }
}

/// Writes every field and option of the answer, as `decode -v` does.
pub fn detail(answer: &Answer, number: u64, place: &Place<'_>, dump: bool, out: &mut Styled) {
    let mut time = TimeText::default();
    place.record(answer, number, &mut |record| PacketDetail::new(dump).write(record, &mut time, out));
}

/// Values longer than this are cut on a terminal; elsewhere they are whole.
const CELL: usize = 96;
/// A server's column is not made narrower than this, less two, to get another beside it.
const COLUMN: usize = 18;
/// Nor that of the fields.
const FIELD: usize = 26;

/// Writes the differences between the answers as a table: a column for each server, a row for each field in which they
/// differ. Values are folded so that three servers stand beside each other in 80 columns; what does not fit into `width` goes on
/// below with the other servers.
pub fn write_differences(differences: &[Difference], width: Option<usize>, out: &mut Styled) {
    let Some(first) = differences.first() else { return };
    out.label(Label::Strong, "The servers differ in").text("\n");
    let mut servers: Vec<&str> =
        first.values.iter().flat_map(|(_, servers)| servers).map(AsRef::as_ref).collect();
    servers.sort_by_key(|name| (name.parse::<Ipv4Addr>().ok(), *name));
    servers.dedup();
    let said: Vec<HashMap<&str, &str>> = differences.iter().map(Difference::by_server).collect();
    let cell = |said: &HashMap<&str, &str>, server: &str| match said.get(server).copied() {
        None | Some("") => (Label::Dim, "-".to_owned()),
        Some(value) if width.is_some() => (Label::Plain, shortened(value, CELL)),
        Some(value) => (Label::Plain, value.to_owned()),
    };
    let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0).saturating_add(2);
    let fields = longest(&mut differences.iter().map(|difference| columns(&difference.field))).min(FIELD);
    let wide: Vec<usize> = servers
        .iter()
        .map(|server| {
            let cells = said.iter().map(|said| columns(&cell(said, server).1));
            longest(&mut cells.chain([columns(server)])).min(COLUMN)
        })
        .collect();
    let room = width.unwrap_or(usize::MAX).saturating_sub(fields);
    let mut begin = 0;
    while begin < servers.len() {
        let mut used = 0_usize;
        let fitting = wide.iter().skip(begin).take_while(|column| {
            used = used.saturating_add(**column);
            used <= room
        });
        let end = begin.saturating_add(fitting.count().max(1));
        let shown = servers.get(begin..end).unwrap_or_default();
        if begin > 0 {
            out.text("\n");
        }
        let head: Vec<&str> = std::iter::once("").chain(shown.iter().copied()).collect();
        let mut table = Table::new(&head);
        for (difference, said) in differences.iter().zip(&said) {
            let mut row = vec![(Label::Dim, difference.field.clone())];
            row.extend(shown.iter().map(|server| cell(said, server)));
            table.row(row);
        }
        let color = out.color();
        out.text(&match width {
            Some(width) => table.render_within(width, color),
            None => table.render(color),
        });
        begin = end;
    }
}

/// The one line that counts what answered.
pub fn count_line(offers: &[Answer], waited: i64, sent: u32) -> String {
    let mut servers = server_names(offers);
    servers.sort();
    servers.dedup();
    format!(
        "{} from {} within {}, asked {}",
        counted(offers.len(), "offer"),
        counted(servers.len(), "server"),
        stretch(waited),
        if sent == 1 { "once".to_owned() } else { format!("{sent} times") },
    )
}

/// The code of a silence to what was asked for.
fn silence_code(what: &str) -> Option<&'static str> {
    match what {
        "offer" => Some("no-answer"),
        "ACK" => Some("no-ack"),
        _ => None,
    }
}

/// The one line that says why nothing answered, each cause with the code under which `explain` and `doctor` know it.
pub fn silence_line(what: &str, waited: i64, findings: &[Finding]) -> String {
    let reasons: Vec<String> = findings.iter().map(reason).collect();
    format!("no {what} within {}{}: {}", stretch(waited), coded(silence_code(what)), reasons.join("; "))
}

/// What may explain silence, with its code.
pub fn reason(finding: &Finding) -> String {
    format!("{finding}{}", coded(finding.code()))
}

fn coded(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::json::JsonOut;
    use crate::output::packet::json::PacketJson;
    use crate::time::{Instant, Timestamp};
    use crate::wire::Mac;
    use crate::wire::frame::{Checksum, Envelope, Vlans};
    use crate::wire::options::vendor::known_class;
    use crate::wire::v4::{Message, MessageType, Xid};

    #[test]
    fn option_43_of_an_answer_reads_by_the_class_of_the_question() {
        let client = Mac([2, 0, 0, 0, 0, 9]);
        let mut offer =
            Message::reply(MessageType::OFFER, &Message::request(MessageType::DISCOVER, Xid(7), client));
        offer.set_option(43, &[1, 4, 192, 168, 3, 195]);
        let shown = |class: Option<&'static [u8]>, offer: &Message| {
            let mut envelope = Envelope::broadcast(client);
            (envelope.src_port, envelope.dst_port) = (67, 68);
            let answer = Answer {
                at: Instant::new(1, 0),
                time: Timestamp::new(1, 0),
                frame: envelope.frame(&offer.encode_padded()),
                message: offer.clone(),
                reply: None,
                source_mac: None,
                source_ip: None,
                checksum: Checksum::Good,
                vlans: Vlans::default(),
                answers: 1,
                sent_at: None,
                first_sent_at: None,
                copies: 0,
                other_addresses: Vec::new(),
                check: None,
            };
            let mut text = String::new();
            let place = Place { class, ..Place::on("eth0") };
            place.record(&answer, 1, &mut |record| {
                let mut json = JsonOut::new();
                PacketJson::default().write(record, &mut json);
                text = String::from_utf8_lossy(&json.buf).into_owned();
            });
            text
        };
        let ubiquiti = known_class(b"ubnt");
        assert!(ubiquiti.is_some());
        assert!(shown(ubiquiti, &offer).contains(r#""name":"controller","value":"192.168.3.195""#));
        assert!(!shown(None, &offer).contains("controller"));
        // What the answer says of itself counts more.
        offer.set_option(60, b"MSFT 5.0");
        assert!(!shown(ubiquiti, &offer).contains("controller"));
    }

    #[test]
    fn who_goes_by_the_name_of_another_has_a_name_of_its_own() {
        let mac = |last: u8| Some(Mac([2, 0, 0, 0, 0, last]));
        let servers =
            [("10.0.0.1", mac(1)), ("10.0.0.2", mac(2)), ("10.0.0.1", mac(3)), ("10.0.0.2", mac(2))];
        let told = told_apart(servers.iter().map(|(name, mac)| ((*name).to_owned(), *mac)));
        let told: Vec<&str> = told.iter().map(AsRef::as_ref).collect();
        let wanted =
            ["10.0.0.1 at 02:00:00:00:00:01", "10.0.0.2", "10.0.0.1 at 02:00:00:00:00:03", "10.0.0.2"];
        assert_eq!(told, wanted);
    }

    #[test]
    fn differences_are_a_table_that_fits() {
        let servers: Vec<Arc<str>> = (1..=5).map(|last| format!("192.168.100.{last}").into()).collect();
        let each = |field: &str| Difference {
            field: field.to_owned(),
            values: servers
                .iter()
                .map(|server| (format!("{field} of {server}"), vec![server.clone()]))
                .collect(),
        };
        let same = Difference {
            field: "routers".to_owned(),
            values: vec![
                (String::new(), servers[..4].to_vec()),
                ("10.0.0.1".to_owned(), servers[4..].to_vec()),
            ],
        };
        let text = |width| {
            let mut out = Styled::new(false);
            write_differences(&[each("boot-file"), same.clone()], width, &mut out);
            out.as_str().to_owned()
        };
        let narrow = text(Some(80));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        for server in &servers {
            assert!(narrow.contains(&**server), "{narrow}");
        }
        // Three beside each other, then two; a value is folded where it must.
        assert_eq!(narrow.matches("boot-file").count(), 2 + servers.len(), "{narrow}");
        assert_eq!(text(None).lines().count(), 4, "{}", text(None));
        assert!(text(None).lines().last().unwrap().ends_with("10.0.0.1"), "{}", text(None));
    }
}
