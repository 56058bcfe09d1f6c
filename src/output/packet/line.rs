//! One line per packet that a person can scan.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use crate::output::json::remembered::{AddressTexts, OptionTexts, Piece};
use crate::output::packet::record::PacketRecord;
use crate::output::packet::short::{short, with_length};
use crate::output::styled::{Label, Styled};
use crate::output::text::Text;
use crate::output::when::TimeText;
use crate::wire::digits::write_ip4;
use crate::wire::escape::is_plain_but;
use crate::wire::frame::{Datagram, Ip};
use crate::wire::options::text::without_trailing_zeros;
use crate::wire::options::{nowhere, sub, v4};
use crate::wire::problem::{Problem, Severity};
use crate::wire::v4::facts::Routes;
use crate::wire::v4::{MessageType, Op, Shown, Values};
use crate::wire::{Lease, Prefix};

/// Writes one line per packet; keeps its memory from one to the next.
#[derive(Clone, Debug, Default)]
pub struct PacketLine {
    values: Values,
    /// Options whose values have nothing wrong with them, and a byte for each option of the packet written last.
    sound: OptionTexts,
    mark: Vec<u8>,
    /// Addresses written lately, and the problem told last.
    pub(super) addresses: AddressTexts,
    worst: Piece<(Problem, usize)>,
    /// What a server told last: its routers, routes, name servers. It tells all its clients the same.
    told: [Told; 3],
    /// The ways of clients and of servers, each as it was told last.
    ways: [Piece<(Ipv4Addr, Ipv4Addr)>; 2],
    /// The columns that a line may take.
    width: Option<usize>,
    /// Packets of several captures are shown, or of several interfaces.
    several: bool,
    /// The capture of the line before.
    capture: String,
}

/// A part of a line, and the bytes that it was written from.
#[derive(Clone, Debug, Default)]
struct Told {
    raw: Vec<u8>,
    text: Vec<u8>,
}

impl Told {
    /// Appends what `write` makes of `raw`, unless it is known from the last time. Where lines are fitted into a width, pieces are
    /// counted as they are written.
    #[inline]
    fn write(&mut self, raw: &[u8], out: &mut Styled, write: impl FnOnce(&[u8], &mut Styled)) {
        if out.fits() {
            return write(raw, out);
        }
        if self.raw != raw || self.text.is_empty() {
            let start = out.len();
            write(raw, out);
            raw.clone_into(&mut self.raw);
            out.as_bytes().get(start..).unwrap_or_default().clone_into(&mut self.text);
            return;
        }
        out.plain().bytes_mut().extend_from_slice(&self.text);
    }
}

/// How little each part of a line matters where not all fit: the higher, the sooner it is left out.
pub(super) mod rank {
    /// What the message is about: the address, the status.
    pub(in crate::output::packet) const CORE: u8 = 1;
    /// What is wrong, what somebody says.
    pub(in crate::output::packet) const WRONG: u8 = 2;
    /// Which server.
    pub(in crate::output::packet) const SERVER: u8 = 3;
    /// For how long; who asks.
    pub(in crate::output::packet) const TERM: u8 = 4;
    /// The way: relay, boot file.
    pub(in crate::output::packet) const WAY: u8 = 5;
    /// What a client is told besides.
    pub(in crate::output::packet) const TOLD: u8 = 6;
    /// Tags, circuits.
    pub(in crate::output::packet) const DETAIL: u8 = 7;
    /// Classes.
    pub(in crate::output::packet) const CLASS: u8 = 8;
    /// Addresses of the IP header, which repeat what was said.
    pub(in crate::output::packet) const PATH: u8 = 9;
    /// The transaction.
    pub(in crate::output::packet) const XID: u8 = 10;
}

/// The colour a message type has everywhere.
pub fn type_label(kind: Option<MessageType>, op: Option<Op>) -> Label {
    match kind {
        Some(MessageType::ACK) => Label::Good,
        Some(MessageType::NAK | MessageType::DECLINE) => Label::Error,
        Some(MessageType::OFFER) => Label::Server,
        Some(MessageType::RELEASE) => Label::Warning,
        _ if op == Some(Op::REPLY) => Label::Server,
        _ => Label::Client,
    }
}

impl PacketLine {
    /// Lines of at most `width` columns. `several` says which capture or interface each packet is from.
    pub fn new(width: Option<usize>, several: bool) -> Self {
        Self { width, several, sound: OptionTexts::cheap(), ..Self::default() }
    }

    /// From here on lines have at most `width` columns, where they had a width before.
    pub fn resize(&mut self, width: usize) {
        self.width = self.width.map(|_| width);
    }

    /// Appends what every line begins with, and says where it begins.
    pub(super) fn begin(
        &mut self,
        record: &PacketRecord<'_>,
        time: &mut TimeText,
        out: &mut Styled,
    ) -> usize {
        if self.width.is_some() {
            self.begin_part(record, time, out);
            out.begin_pieces();
        }
        let start = out.len();
        out.labelled(Label::Dim, |out| {
            out.digits_wide(record.number, 4);
            out.push_str("  ");
            time.write(record.time, record.precision, out);
        });
        out.text("  ");
        start
    }

    /// Where the capture or the day is another one than that of the line before: says so once, above.
    fn begin_part(&mut self, record: &PacketRecord<'_>, time: &mut TimeText, out: &mut Styled) {
        let capture = record.capture.filter(|name| self.several && *name != self.capture);
        let date = time.date(record.time);
        if capture.is_none() && date.is_none() {
            return;
        }
        out.text("      ");
        if let Some(name) = capture {
            name.clone_into(&mut self.capture);
            out.labelled(Label::Strong, |out| out.foreign(name.as_bytes()));
            out.text(if date.is_some() { "  " } else { "" });
        }
        out.label(Label::Dim, date.unwrap_or_default()).text("\n");
    }

    /// The transaction says something beside other packets, which takes room for both.
    pub(super) fn shows_xid(&self) -> bool {
        self.width.is_none_or(|width| width >= 120)
    }

    /// Ends a line: what does not fit is left out.
    pub(super) fn end(&self, start: usize, out: &mut Styled) {
        if let Some(width) = self.width {
            out.fit(start, width);
        }
        out.text("\n");
    }

    /// Where the packet is from, where that is not the same for all.
    pub(super) fn write_origin(&self, record: &PacketRecord<'_>, out: &mut Styled) {
        if !self.several || (self.width.is_some() && record.capture.is_some()) {
            return;
        }
        for name in [record.capture, record.interface].into_iter().flatten().take(1) {
            out.piece(rank::WRONG);
            word(out, "in");
            out.foreign(name.rsplit('/').next().unwrap_or(name).as_bytes());
        }
    }

    /// The worst of the problems, and how many more there are.
    pub(super) fn write_worst(&mut self, problems: &[Problem], out: &mut Styled) {
        let worst = problems.iter().map(Problem::severity).max();
        out.piece(if worst > Some(Severity::Note) { rank::WRONG } else { rank::CLASS });
        let Some(worst) = problems.iter().max_by_key(|problem| problem.severity()) else { return };
        let label = match worst.severity() {
            Severity::Error => Label::Error,
            Severity::Note => Label::Dim,
            Severity::Warning | Severity::Cut => Label::Warning,
        };
        let (short, more) = (self.width.is_some(), problems.len().saturating_sub(1));
        out.text("  ");
        let text =
            self.worst.of((*worst, more), |text| text.buf = worst_text(worst, more, short).into_bytes());
        out.labelled(label, |out| out.bytes_mut().extend_from_slice(text));
    }

    /// Where it went, when that is more than client broadcast: tags, quoting, IP addresses.
    pub(super) fn write_path(&mut self, datagram: &Datagram<'_>, out: &mut Styled) {
        // Where room is short it is not spent on what every client's broadcast has.
        let says = |ip: &Ip| !(out.fits() && ip.src.is_unspecified() && is_everybody(ip.dst));
        if let Some(ip) = datagram.ip.filter(says) {
            out.piece(rank::PATH).text("  ");
            let Self { addresses, ways: [servers, clients], .. } = self;
            out.labelled(Label::Dim, |out| match (ip.src, ip.dst) {
                (IpAddr::V4(src), IpAddr::V4(dst)) => {
                    let way = if src.is_unspecified() { clients } else { servers };
                    let text = way.of((src, dst), |text| {
                        text.octets(src, b'>');
                        write_ip4(dst, &mut text.buf);
                    });
                    out.bytes_mut().extend_from_slice(text);
                }
                (src, dst) => {
                    addresses.write(src, out.bytes_mut());
                    out.push('>');
                    addresses.write(dst, out.bytes_mut());
                }
            });
        }
        for id in datagram.vlans.as_slice() {
            out.piece(rank::DETAIL);
            word(out, "vlan");
            out.number(*id);
        }
    }

    /// What was wrong with values of the packet written last.
    pub fn value_problems(&self) -> &[Problem] {
        &self.values.problems
    }

    /// Appends the line for `record`.
    pub fn write(&mut self, record: &PacketRecord<'_>, time: &mut TimeText, out: &mut Styled) {
        let (packet, outline) = (&record.packet, record.outline);
        let start = self.begin(record, time, out);
        let kind = outline.message_type;
        out.labelled(type_label(kind, packet.op()), |out| {
            write_type(kind, packet.op(), outline.type_is_cut_off(), out);
        });
        out.text("  ");
        out.labelled(Label::Address, |out| write_client(record, out));
        self.write_origin(record, out);
        let wrong = self.judge(record);
        // An ellipsis says what is left out.
        let room = self.width.map(|width| width.saturating_sub(2).saturating_sub(out.columns_since(start)));
        self.write_facts(record, room, wrong, out);
        self.write_path(record.datagram, out);
        if let Some(xid) = record.packet.xid().filter(|_| self.shows_xid()) {
            out.piece(rank::XID).text("  ");
            out.labelled(Label::Dim, |out| {
                out.push_str("xid ");
                out.xid(xid);
            });
        }
        if record.datagram.quoted {
            out.piece(rank::CORE).text("  ").label(Label::Warning, QUOTED);
        }
        self.write_problems(record, out);
        self.end(start, out);
    }

    /// What was asked or given; there is `room` for so many columns. What is `wrong` has to be told with it, and matters more than who gives.
    fn write_facts(&mut self, record: &PacketRecord<'_>, room: Option<usize>, wrong: bool, out: &mut Styled) {
        let (packet, outline) = (&record.packet, record.outline);
        let server = address(record, v4::DHCP_SERVER_IDENTIFIER);
        let held = packet.ciaddr().filter(|addr| !addr.is_unspecified());
        let reply = packet.op() == Some(Op::REPLY);
        if reply {
            let given = packet.yiaddr().filter(|addr| !addr.is_unspecified());
            let both = given.zip(server).filter(|_| !wrong);
            let short = both.and_then(|(given, server)| short(given, given_length(record), server, room?));
            match &short {
                Some(short) => short.write(out),
                None => write_given(record, given, out),
            }
            write_term(record, out);
            // The answer to an INFORM or to a lease query speaks of the address that was asked about.
            addressed(held.filter(|_| given.is_none()), "about", rank::CORE, out);
            let rank = if both.is_some() { rank::CORE } else { rank::SERVER };
            addressed(server.filter(|_| short.is_none()), "server", rank, out);
        } else {
            addressed(address(record, v4::DHCP_REQUESTED_ADDRESS), "asks", rank::CORE, out);
            // A query names there whom it asks about (RFC 4388 6.1).
            let query = outline.message_type == Some(MessageType::LEASEQUERY);
            addressed(held, if query { "about" } else { "has" }, rank::CORE, out);
            addressed(server, "from", rank::SERVER, out);
        }
        for (code, name, rank) in [
            (v4::DHCP_MESSAGE, "says", rank::WRONG),
            (v4::HOST_NAME, "host", rank::TERM),
            (v4::VENDOR_CLASS_IDENTIFIER, "class", rank::CLASS),
        ] {
            if let Some(span) = outline.find(code) {
                out.piece(rank);
                word(out, name);
                let mut scratch = Vec::new();
                quoted(outline.joined(packet, span, &mut scratch), out);
            }
        }
        if reply {
            self.write_told(record, out);
            write_boot(record, out);
        }
        addressed(packet.giaddr().filter(|addr| !addr.is_unspecified()), "relay", rank::WAY, out);
        write_circuit(record, out);
    }

    /// What a client is told of the network: routers, routes, name servers.
    fn write_told(&mut self, record: &PacketRecord<'_>, out: &mut Styled) {
        let [routers, classless, servers] = &mut self.told;
        let mut scratch = Vec::new();
        let mut tell = |told: &mut Told, codes: &[u8], write: fn(&[u8], &mut Styled)| {
            let Some(span) = codes.iter().find_map(|code| record.outline.find(*code)) else { return };
            told.write(record.outline.joined(&record.packet, span, &mut scratch), out, write);
        };
        tell(routers, &[v4::ROUTERS], |data, out| addresses(data, "router", out));
        tell(classless, &[v4::CLASSLESS_STATIC_ROUTES, v4::MS_CLASSLESS_ROUTES], write_routes);
        tell(servers, &[v4::DOMAIN_NAME_SERVERS], |data, out| addresses(data, "dns", out));
    }

    /// Finds what is wrong with the values. Those that are known to be sound are not looked at again. True when anything is wrong with
    /// the packet.
    fn judge(&mut self, record: &PacketRecord<'_>) -> bool {
        let Self { values, sound, mark, .. } = self;
        values.begin();
        let cx = record.context();
        mark.clear();
        sound.write(record, mark, |span, mark| {
            let problems = values.problems.len();
            let shown = values.show((&record.packet, record.outline), &cx, span, &mut nowhere());
            mark.push(b'.');
            shown == Shown::Value && values.problems.len() == problems
        });
        self.problems(record).any(|problem| problem.severity() > Severity::Note)
    }

    /// What was found wrong with the packet that was judged last, and with what is around it.
    fn problems<'a>(&'a self, record: &'a PacketRecord<'_>) -> impl Iterator<Item = Problem> + 'a {
        let outer = (!record.is_sound()).then(|| record.outer_problems()).into_iter().flatten();
        record.outline.problems.iter().chain(&self.values.problems).copied().chain(outer)
    }

    fn write_problems(&mut self, record: &PacketRecord<'_>, out: &mut Styled) {
        if self.values.problems.is_empty() && record.is_sound() {
            return;
        }
        let all: Vec<Problem> = self.problems(record).collect();
        self.write_worst(&all, out);
    }
}

/// What is said of a message that is only quoted.
pub(super) const QUOTED: &str = "quoted in an ICMP error";

/// A problem where a line is short in a sentence, else with its code and place too; and how many more there are.
fn worst_text(worst: &Problem, more: usize, short: bool) -> String {
    let mut text = String::from("[");
    // Writing into memory cannot fail.
    let _ = match (short, worst.offset) {
        (true, _) => write!(text, "{worst}"),
        (false, Some(offset)) => write!(text, "{} at byte {offset}: {worst}", worst.code.name()),
        (false, None) => write!(text, "{}: {worst}", worst.code.name()),
    };
    if more > 0 {
        let _ = write!(text, ", {more} more");
    }
    text.push(']');
    text
}

fn addressed(addr: Option<Ipv4Addr>, name: &str, rank: u8, out: &mut Styled) {
    if let Some(addr) = addr {
        out.piece(rank);
        word(out, name);
        out.labelled(Label::Address, |out| out.ip4(addr));
    }
}

/// The classless routes (RFC 3442), at most three.
fn write_routes(data: &[u8], out: &mut Styled) {
    let mut routes = Routes::new(data);
    for (index, route) in routes.by_ref().take(3).enumerate() {
        if index == 0 {
            out.piece(rank::TOLD);
            word(out, "routes");
        } else {
            out.text(",");
        }
        out.labelled(Label::Address, |out| {
            if route.width == 0 {
                out.push_str("default");
            } else {
                out.ip4(route.destination);
                out.push('/');
                out.digits(route.width);
            }
            out.push('>');
            out.ip4(route.router);
        });
    }
    if routes.next().is_some() {
        out.text(",…");
    }
}

/// The boot file and where it is to be had.
fn write_boot(record: &PacketRecord<'_>, out: &mut Styled) {
    let (packet, outline) = (&record.packet, record.outline);
    let mut scratch = Vec::new();
    let file = match outline.find(v4::BOOTFILE_NAME) {
        Some(span) => Some(outline.joined(packet, span, &mut scratch)),
        None => Some(packet.file_field()).filter(|_| outline.overload & 1 == 0),
    };
    let file = file.map(text_of).filter(|file| !file.is_empty());
    let Some(file) = file else { return };
    out.piece(rank::WAY);
    word(out, "boot");
    quoted(file, out);
    let next = packet.siaddr().filter(|addr| !addr.is_unspecified());
    addressed(next, "at", rank::DETAIL, out);
}

/// The circuit that a relay names in option 82.
fn write_circuit(record: &PacketRecord<'_>, out: &mut Styled) {
    let Some(span) = record.outline.find(v4::RELAY_AGENT_INFORMATION) else { return };
    let mut scratch = Vec::new();
    let mut rest = record.outline.joined(&record.packet, span, &mut scratch);
    while let Some(([code, length], behind)) = rest.split_first_chunk() {
        let Some((value, others)) = behind.split_at_checked(usize::from(*length)) else { return };
        if *code == sub::RELAY_CIRCUIT_ID && !value.is_empty() {
            out.piece(rank::DETAIL);
            word(out, "circuit");
            if value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
                quoted(value, out);
            } else {
                out.labelled(Label::Strong, |out| {
                    out.hex(value.get(..12).unwrap_or(value));
                    out.push_str(if value.len() > 12 { "…" } else { "" });
                });
            }
            return;
        }
        rest = others;
    }
}

/// Text up to its first zero.
fn text_of(data: &[u8]) -> &[u8] {
    data.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The message type in capitals, padded to the width of the longest common one.
fn write_type(kind: Option<MessageType>, op: Option<Op>, cut_off: bool, out: &mut Text) {
    let start = out.len();
    match (kind.map(|kind| (kind, kind.name())), op) {
        (Some((_, Some(name))), _) => out.capitals(name),
        (Some((kind, None)), _) => {
            out.push_str("TYPE ");
            out.digits(kind.0);
        }
        (None, _) if cut_off => out.push_str("UNKNOWN"),
        (None, Some(Op::REQUEST)) => out.push_str("BOOTREQ"),
        (None, Some(Op::REPLY)) => out.push_str("BOOTREP"),
        (None, _) => out.push_str("BOOTP?"),
    }
    out.pad(start, 8);
}

/// Who asks where there is no hardware address: the client identifier is all there is (RFC 4390 §2).
fn write_identity(record: &PacketRecord<'_>, out: &mut Text) {
    /// Bytes shown of it: all of a DUID made of a UUID, with its IAID.
    const MOST: usize = 24;
    let span = record.outline.find(v4::DHCP_CLIENT_IDENTIFIER);
    let data = span.map_or(&[][..], |span| span.data(&record.packet));
    if data.is_empty() {
        out.push_str("(no chaddr)");
        return;
    }
    out.push_str("id ");
    out.hex(data.get(..MOST).unwrap_or(data));
    if data.len() > MOST {
        out.push('…');
    }
}

fn write_client(record: &PacketRecord<'_>, out: &mut Text) {
    let addr = record.packet.chaddr();
    let start = out.len();
    if addr.is_empty() {
        write_identity(record, out);
    }
    out.colons(addr);
    out.pad(start, 17);
}

/// The address given, and its prefix length.
fn write_given(record: &PacketRecord<'_>, given: Option<Ipv4Addr>, out: &mut Styled) {
    let Some(given) = given else { return };
    out.piece(rank::CORE);
    word(out, "gets");
    out.labelled(Label::Address, |out| with_length(given, given_length(record), out));
}

/// For how long it is given.
fn write_term(record: &PacketRecord<'_>, out: &mut Styled) {
    if let Some(seconds) = number(record, v4::DHCP_LEASE_TIME) {
        out.piece(rank::TERM);
        word(out, "for");
        out.plain().lease(Lease(seconds));
    }
}

fn given_length(record: &PacketRecord<'_>) -> Option<u8> {
    address(record, v4::SUBNET_MASK).and_then(Prefix::length_of)
}

fn is_everybody(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => addr.is_broadcast(),
        IpAddr::V6(addr) => addr.is_multicast(),
    }
}

pub(super) fn word(out: &mut Styled, name: &str) {
    out.text("  ").label(Label::Dim, name).text(" ");
}

/// Foreign text, at most 40 characters of it, in quotation marks.
pub(super) fn quoted(data: &[u8], out: &mut Styled) {
    let data = without_trailing_zeros(data);
    let short = data.get(..40).unwrap_or(data);
    out.labelled(Label::Strong, |out| {
        out.push('"');
        if short.len() == data.len() && is_plain_but(short, b'"', b'\\') {
            out.bytes_mut().extend_from_slice(short);
            out.push('"');
            return;
        }
        let start = out.len();
        out.foreign(short);
        if short.contains(&b'"') {
            let text = out.as_bytes().get(start..).and_then(|text| std::str::from_utf8(text).ok());
            let text = text.unwrap_or_default().replace('"', "\\\"");
            out.truncate(start);
            out.push_str(&text);
        }
        out.push_str(if short.len() < data.len() { "…\"" } else { "\"" });
    });
}

fn addresses(data: &[u8], name: &str, out: &mut Styled) {
    let mut first = true;
    for chunk in data.chunks_exact(4).take(3) {
        let Ok(bytes) = <[u8; 4]>::try_from(chunk) else { continue };
        if first {
            out.piece(rank::TOLD);
            word(out, name);
        } else {
            out.text(",");
        }
        first = false;
        out.labelled(Label::Address, |out| out.ip4(bytes.into()));
    }
    if data.len() > 12 {
        out.text(",…");
    }
}

fn address(record: &PacketRecord<'_>, code: u8) -> Option<Ipv4Addr> {
    let bytes: [u8; 4] = record.outline.find(code)?.data(&record.packet).try_into().ok()?;
    Some(bytes.into())
}

fn number(record: &PacketRecord<'_>, code: u8) -> Option<u32> {
    address(record, code).map(u32::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::packet::detail::PacketDetail;
    use crate::output::packet::json::tests::{each, messages};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_is_remembered_is_what_would_be_written(messages in messages(), color: bool, width in 0_usize..2) {
            let width = Some(90).filter(|_| width == 1);
            let new = || PacketLine::new(width, false);
            let (mut line, mut detail) = (new(), PacketDetail::new(false));
            each(&messages, |record| {
                let written = |write: &mut dyn FnMut(&mut Styled)| {
                    let mut out = Styled::new(color);
                    write(&mut out);
                    out.as_str().to_owned()
                };
                let known = written(&mut |out| line.write(record, &mut TimeText::default(), out));
                prop_assert_eq!(known, written(&mut |out| new().write(record, &mut TimeText::default(), out)));
                let known = written(&mut |out| detail.write(record, &mut TimeText::default(), out));
                let fresh = written(&mut |out| PacketDetail::new(false).write(record, &mut TimeText::default(), out));
                prop_assert_eq!(known, fresh);
                Ok(())
            })?;
        }
    }
}
