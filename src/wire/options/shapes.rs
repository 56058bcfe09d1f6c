//! Values of DHCPv6 and Neighbor Discovery whose parts do not lie in the order, or in the form, in which they are told.

use std::net::Ipv6Addr;

use super::cursor::{Context, Cursor, Outcome, ValueFault};
use super::decode::{auto, flags, options, partial_name, value};
use super::domain;
use super::kind::{Kind, Width};
use super::parse::{self, Members, ParseError};
use super::registry::Space;
use super::sink::Sink;
use super::syntax;
use super::tables::{names, nd, v6, vendor};
use super::text::without_trailing_zeros;

/// A shape that is used by one option, or by few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Circuit or remote identifier of a relay (82.1 and 82.2, RFC 3046): text or bytes; what Cisco's switches write is told.
    AgentId,
    /// Client FQDN (39, RFC 4704 §4).
    Fqdn,
    /// A prefix of an IA (26, RFC 9915 §21.22).
    IaPrefix,
    /// Vendor options (17, RFC 9915 §21.17): an enterprise number, then its options.
    VendorOptions,
    /// Elements of a civic address (36, RFC 4776 §3.3).
    Civic,
    /// RADIUS attributes (81, RFC 7037 §4); the length counts the header.
    Radius,
    /// 4rd mapping rule (98, RFC 7600 §4.9).
    MapRule,
    /// A short prefix; a length of 0 stands for none (113, RFC 8115 §3).
    PrefixOrNone,
    /// Names up to zero padding (31 of Neighbor Discovery, RFC 8106 §5.2).
    PaddedNames,
    /// A prefix of the link (3 of Neighbor Discovery, RFC 4861 §4.6.2).
    PrefixInformation,
    /// A route (24 of Neighbor Discovery, RFC 4191 §2.3).
    RouteInformation,
    /// Provisioning domain (21 of Neighbor Discovery, RFC 8801 §3.1).
    Pvd,
    /// `6LoWPAN` context (34 of Neighbor Discovery, RFC 6775 §4.2).
    SixLowpanContext,
    /// `6LoWPAN` border router (35 of Neighbor Discovery, RFC 6775 §4.3).
    BorderRouter,
    /// Prefix of a NAT64 (38 of Neighbor Discovery, RFC 8781 §4).
    Pref64,
    /// Encrypted DNS resolver (144 of Neighbor Discovery, RFC 9463 §6.1).
    EncryptedDns,
}

const FQDN_FLAGS: &[(u32, &str)] = &[(1, "server-update"), (2, "override"), (4, "no-update")];
const PVD_BITS: &[(u32, &str)] = &[(0x8000, "http"), (0x4000, "legacy"), (0x2000, "ra")];
const PIO_FLAGS: [(u8, &str); 4] =
    [(0x80, "on_link"), (0x40, "autonomous"), (0x20, "router_address"), (0x10, "pd_preferred")];
const PREFERENCES: [&str; 4] = ["medium", "high", "reserved", "low"];
const PREF64_LENGTHS: [u8; 6] = [96, 64, 56, 48, 40, 32];
const PARTS_PREFIX: &[&str] = &["prefix", "preferred_lifetime", "valid_lifetime", "options"];

impl Shape {
    /// One of it, with article, for error messages.
    pub fn what(self) -> &'static str {
        match self {
            Self::AgentId => "text or bytes",
            Self::Fqdn => "a client FQDN",
            Self::IaPrefix => "a prefix of an IA",
            Self::VendorOptions => "vendor options",
            Self::Civic => "a civic address",
            Self::Radius => "RADIUS attributes",
            Self::MapRule => "a 4rd mapping rule",
            Self::PrefixOrNone => "an IPv6 prefix",
            Self::PaddedNames => "a list of domain names",
            Self::PrefixInformation => "prefix information",
            Self::RouteInformation => "a route",
            Self::Pvd => "a provisioning domain",
            Self::SixLowpanContext => "a 6LoWPAN context",
            Self::BorderRouter => "a border router",
            Self::Pref64 => "a NAT64 prefix",
            Self::EncryptedDns => "an encrypted DNS resolver",
        }
    }

    /// The type as `dhcptool options` lists it.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::AgentId => "text or bytes",
            Self::Fqdn => "client FQDN",
            Self::IaPrefix => "record of prefix, preferred_lifetime, valid_lifetime, options",
            Self::VendorOptions => "record of enterprise, options",
            Self::Civic => "options of civic",
            Self::Radius => "options of radius",
            Self::MapRule => "record of ipv4_prefix, ipv6_prefix, ea_length, well_known_ports",
            Self::PrefixOrNone => "IPv6 prefix",
            Self::PaddedNames => "list of domain name",
            Self::PrefixInformation => "record of prefix, flags, valid_lifetime, preferred_lifetime",
            Self::RouteInformation => "record of prefix, preference, lifetime",
            Self::Pvd => "record of flags, delay, sequence, name",
            Self::SixLowpanContext => "record of prefix, compression, context, lifetime",
            Self::BorderRouter => "record of version, lifetime, address",
            Self::Pref64 => "record of prefix, lifetime",
            Self::EncryptedDns => "record of priority, lifetime, name, addresses, parameters",
        }
    }

    /// A text that parses as it.
    pub fn example(self) -> &'static str {
        match self {
            Self::AgentId => "example",
            Self::Fqdn => "flags=[server-update],name=host.example.com.",
            Self::IaPrefix => "prefix=2001:db8::/56,preferred_lifetime=3600,valid_lifetime=7200,options=[]",
            Self::VendorOptions => "enterprise=4491,options=[33=modem.cfg]",
            Self::Civic => "1=Bayern,3=Munich",
            Self::Radius => "1=0x626f62",
            Self::MapRule => {
                "ipv4_prefix=192.0.2.0/24,ipv6_prefix=2001:db8::/40,ea_length=8,well_known_ports=true"
            }
            Self::PrefixOrNone => "64:ff9b::/96",
            Self::PaddedNames => "example.com,corp.example.com",
            Self::PrefixInformation => {
                "prefix=2001:db8::/64,flags=0xc0,valid_lifetime=7200,preferred_lifetime=3600"
            }
            Self::RouteInformation => "prefix=2001:db8::/32,preference=high,lifetime=600",
            Self::Pvd => "flags=[http],delay=1,sequence=2,name=pvd.example",
            Self::SixLowpanContext => "prefix=2001:db8::/64,compression=true,context=1,lifetime=60",
            Self::BorderRouter => "version=1,lifetime=60,address=2001:db8::1",
            Self::Pref64 => "prefix=64:ff9b::/96,lifetime=600",
            Self::EncryptedDns => "priority=1,lifetime=600,name=dns.example,addresses=[2001:db8::53]",
        }
    }

    /// True where its text stands in brackets inside another value, false for braces.
    pub fn is_list(self) -> bool {
        matches!(self, Self::Civic | Self::Radius | Self::PaddedNames)
    }

    /// True where its text is one word.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::PrefixOrNone | Self::AgentId)
    }

    /// Reads it from where the cursor stands.
    #[allow(clippy::too_many_lines, reason = "one arm per shape, each short")]
    pub(super) fn decode<S: Sink>(self, cursor: &mut Cursor<'_>, cx: &Context<'_>, sink: &mut S) -> Outcome {
        let what = self.what();
        match self {
            Self::AgentId => {
                let bytes = cursor.rest();
                auto(bytes, sink);
                if let Some(remark) = of_switch(bytes) {
                    sink.remark(&remark);
                }
                return Ok(());
            }
            Self::Fqdn => {
                let bits = cursor.u8(what)?;
                sink.begin_map();
                sink.key("flags");
                flags(bits.into(), FQDN_FLAGS, sink);
                sink.key("name");
                partial_name(cursor, sink)?;
            }
            Self::IaPrefix => {
                let [preferred, valid] = [cursor.u32(what)?, cursor.u32(what)?];
                let length = cursor.u8(what)?;
                let addr: [u8; 16] = cursor.array(what)?;
                sink.begin_map();
                sink.key("prefix");
                sink.prefix6(addr.into(), length);
                sink.key("preferred_lifetime");
                sink.seconds(preferred, true);
                sink.key("valid_lifetime");
                sink.seconds(valid, true);
                sink.key("options");
                options(&v6::SPACE, cursor, cx, sink)?;
            }
            Self::VendorOptions => {
                let enterprise = cursor.u32(what)?;
                sink.begin_map();
                sink.key("enterprise");
                sink.coded(enterprise, &names::ENTERPRISES);
                sink.key("options");
                options(vendor::space_of_enterprise_v6(enterprise), cursor, cx, sink)?;
            }
            Self::Civic | Self::Radius => return elements(self == Self::Radius, cursor, sink),
            Self::MapRule => map_rule(cursor, sink)?,
            Self::PrefixOrNone => {
                let (addr, length) = cursor.short_prefix()?;
                if length == 0 {
                    sink.null();
                } else {
                    sink.prefix6(addr, length);
                }
                return Ok(());
            }
            Self::PaddedNames => return padded_names(cursor, sink),
            Self::PrefixInformation => prefix_information(cursor, sink)?,
            Self::RouteInformation => {
                let [length, bits] = cursor.array(what)?;
                let lifetime = cursor.u32(what)?;
                if length > 128 {
                    return Err(cursor.error(ValueFault::Content, what));
                }
                sink.begin_map();
                sink.key("prefix");
                sink.prefix6(padded(cursor.rest()), length);
                sink.key("preference");
                sink.name(preference(bits));
                sink.key("lifetime");
                sink.seconds(lifetime, true);
            }
            Self::Pvd => {
                let field = cursor.u16(what)?;
                sink.begin_map();
                sink.key("flags");
                sink.begin_list();
                PVD_BITS
                    .iter()
                    .filter(|(bit, _)| u32::from(field) & bit != 0)
                    .for_each(|(_, name)| sink.name(name));
                sink.end_list();
                sink.key("delay");
                sink.number(u64::from(field & 15));
                sink.key("sequence");
                sink.number(u64::from(cursor.u16(what)?));
                sink.key("name");
                value(&Kind::Name, cursor, cx, sink)?;
                // A header and options of the domain may follow: they are shown as bytes alone.
                cursor.rest();
            }
            Self::SixLowpanContext => {
                let [length, bits, _, _] = cursor.array(what)?;
                let lifetime = cursor.u16(what)?;
                sink.begin_map();
                sink.key("prefix");
                sink.prefix6(padded(cursor.rest()), length);
                sink.key("compression");
                sink.flag(bits & 16 != 0);
                sink.key("context");
                sink.number(u64::from(bits & 15));
                sink.key("lifetime");
                sink.number(lifetime.into());
            }
            Self::BorderRouter => {
                let [low, high, lifetime] = [cursor.u16(what)?, cursor.u16(what)?, cursor.u16(what)?];
                let addr: [u8; 16] = cursor.array(what)?;
                sink.begin_map();
                sink.key("version");
                sink.number(u64::from(high) << 16 | u64::from(low));
                sink.key("lifetime");
                sink.number(lifetime.into());
                sink.key("address");
                sink.ip6(addr.into());
            }
            Self::Pref64 => {
                let field = cursor.u16(what)?;
                let length = PREF64_LENGTHS.get(usize::from(field & 7)).copied();
                let length = length.ok_or_else(|| cursor.error(ValueFault::Content, what))?;
                let addr = padded(cursor.take(12, what)?);
                sink.begin_map();
                sink.key("prefix");
                sink.prefix6(addr, length);
                sink.key("lifetime");
                sink.seconds(u32::from(field & 0xfff8), false);
            }
            Self::EncryptedDns => encrypted_dns(cursor, cx, sink)?,
        }
        sink.end_map();
        Ok(())
    }

    /// As [`Kind::holds_options`].
    pub(super) fn holds_options(self) -> Option<(usize, &'static Space)> {
        (self == Self::IaPrefix).then_some((25, &v6::SPACE))
    }

    /// Appends what `text` says.
    #[allow(clippy::too_many_lines, reason = "one arm per shape, each short")]
    pub(super) fn parse(
        self,
        text: &str,
        inside: bool,
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ParseError> {
        let wrong = || ParseError::new(text, self.what());
        let plain = syntax::trim(text);
        let member = |kind: &Kind, text: &str, out: &mut Vec<u8>| parse::value(kind, text, true, cx, out);
        match self {
            Self::AgentId => return parse::value(&Kind::Auto, text, inside, cx, out),
            Self::PaddedNames => return parse::value(&Kind::List(&Kind::Name), text, inside, cx, out),
            Self::PrefixOrNone => {
                if plain == "null" {
                    out.push(0);
                    return Ok(());
                }
                return parse::value(&Kind::ShortPrefix, text, inside, cx, out);
            }
            Self::Civic | Self::Radius => return parse_elements(self, plain, out),
            Self::Fqdn if !syntax::is_record(plain) => {
                // A bare name: the server is asked to update the DNS.
                out.push(1);
                return member(&Kind::PartialName, plain, out);
            }
            Self::IaPrefix if !syntax::is_record(plain) => {
                // PREFIX/LENGTH, then perhaps its lifetimes.
                let mut parts = plain.split(',');
                let (addr, length) = parse::prefix6(parts.next().unwrap_or_default()).ok_or_else(wrong)?;
                let [preferred, valid] = [parts.next().unwrap_or("0"), parts.next().unwrap_or("0")];
                member(&Kind::Lifetime, preferred, out)?;
                member(&Kind::Lifetime, valid, out)?;
                out.push(length);
                out.extend(addr.octets());
                return if parts.next().is_none() { Ok(()) } else { Err(wrong()) };
            }
            Self::VendorOptions if !plain.contains("enterprise") => {
                // ENTERPRISE.CODE=VALUE
                let (enterprise, rest) = plain.split_once('.').ok_or_else(wrong)?;
                let number: u32 = syntax::trim(enterprise).parse().map_err(|_| wrong())?;
                out.extend(number.to_be_bytes());
                return member(&Kind::Options(vendor::space_of_enterprise_v6(number)), rest, out);
            }
            _ => {}
        }
        let members = Members::read(plain)?;
        let need = |key: &str| {
            members.get(key).ok_or_else(|| ParseError::new(text, format!("complete: {key} is missing")))
        };
        let prefix = |key: &str| {
            let text = need(key)?;
            parse::prefix6(text).ok_or_else(|| ParseError::new(text, "an IPv6 prefix"))
        };
        let only = |known: &[&str]| members.only(|key| known.iter().any(|known| parse::same(known, key)));
        match self {
            Self::Fqdn => {
                only(&["flags", "name"])?;
                member(&Kind::Bits(Width::One, FQDN_FLAGS), members.get("flags").unwrap_or_default(), out)?;
                member(&Kind::PartialName, members.get("name").unwrap_or_default(), out)?;
            }
            Self::IaPrefix => {
                only(PARTS_PREFIX)?;
                let (addr, length) = prefix("prefix")?;
                member(&Kind::Lifetime, members.get("preferred_lifetime").unwrap_or("0"), out)?;
                member(&Kind::Lifetime, members.get("valid_lifetime").unwrap_or("0"), out)?;
                out.push(length);
                out.extend(addr.octets());
                member(&Kind::Options(&v6::SPACE), members.get("options").unwrap_or("[]"), out)?;
            }
            Self::VendorOptions => {
                only(&["enterprise", "options"])?;
                let begin = out.len();
                member(&Kind::Coded(Width::Four, &names::ENTERPRISES), need("enterprise")?, out)?;
                let number = out.get(begin..).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
                let space = vendor::space_of_enterprise_v6(number.map_or(0, u32::from_be_bytes));
                member(&Kind::Options(space), members.get("options").unwrap_or("[]"), out)?;
            }
            Self::MapRule => {
                only(&["ipv4_prefix", "ipv6_prefix", "ea_length", "well_known_ports"])?;
                let text = need("ipv4_prefix")?;
                let (four, four_length) =
                    parse::prefix4(text).ok_or_else(|| ParseError::new(text, "an IPv4 prefix"))?;
                let (six, six_length) = prefix("ipv6_prefix")?;
                out.extend([four_length, six_length]);
                member(&Kind::U8, need("ea_length")?, out)?;
                member(&Kind::Flag, members.get("well_known_ports").unwrap_or("false"), out)?;
                if let Some(flag) = out.last_mut() {
                    *flag <<= 7;
                }
                out.extend(four.octets());
                out.extend(six.octets());
            }
            Self::PrefixInformation => {
                let mut known = vec!["prefix", "flags", "valid_lifetime", "preferred_lifetime"];
                known.extend(PIO_FLAGS.iter().map(|flag| flag.1));
                only(&known)?;
                let (addr, length) = prefix("prefix")?;
                out.push(length);
                if let Some(text) = members.get("flags") {
                    member(&Kind::HexNumber(Width::One), text, out)?;
                } else {
                    let set = |name: &str| members.get(name).is_some_and(|text| syntax::trim(text) == "true");
                    out.push(PIO_FLAGS.iter().filter(|flag| set(flag.1)).fold(0, |bits, flag| bits | flag.0));
                }
                member(&Kind::Lifetime, need("valid_lifetime")?, out)?;
                member(&Kind::Lifetime, need("preferred_lifetime")?, out)?;
                out.extend([0; 4]);
                out.extend(addr.octets());
            }
            Self::RouteInformation => {
                only(&["prefix", "preference", "lifetime"])?;
                let (addr, length) = prefix("prefix")?;
                let word = syntax::trim(members.get("preference").unwrap_or("medium"));
                let code = PREFERENCES.iter().position(|name| *name == word);
                let code = code.and_then(|code| u8::try_from(code).ok()).ok_or_else(wrong)?;
                out.extend([length, code << 3]);
                member(&Kind::Lifetime, need("lifetime")?, out)?;
                let octets = addr.octets();
                let used = match (length, addr.to_bits() << 64, addr.is_unspecified()) {
                    (0, _, true) => 0,
                    (0..=64, 0, _) => 8,
                    _ => 16,
                };
                out.extend(octets.get(..used).unwrap_or(&octets));
            }
            Self::Pvd => {
                only(&["flags", "delay", "sequence", "name"])?;
                let mut bits = Vec::new();
                member(&Kind::Bits(Width::Two, PVD_BITS), members.get("flags").unwrap_or("[]"), &mut bits)?;
                member(&Kind::U8, members.get("delay").unwrap_or("0"), &mut bits)?;
                let &[high, low, delay @ 0..=15] = bits.as_slice() else { return Err(wrong()) };
                out.extend([high, low | delay]);
                member(&Kind::U16, members.get("sequence").unwrap_or("0"), out)?;
                member(&Kind::Name, need("name")?, out)?;
            }
            Self::SixLowpanContext => {
                only(&["prefix", "compression", "context", "lifetime"])?;
                let (addr, length) = prefix("prefix")?;
                let mut bits = Vec::new();
                member(&Kind::Flag, members.get("compression").unwrap_or("false"), &mut bits)?;
                member(&Kind::U8, members.get("context").unwrap_or("0"), &mut bits)?;
                let &[compression, context @ 0..=15] = bits.as_slice() else { return Err(wrong()) };
                out.extend([length, compression << 4 | context, 0, 0]);
                member(&Kind::U16, need("lifetime")?, out)?;
                let octets = addr.octets();
                let long = length > 64 || addr.to_bits() << 64 != 0;
                out.extend(octets.get(..if long { 16 } else { 8 }).unwrap_or(&octets));
            }
            Self::BorderRouter => {
                only(&["version", "lifetime", "address"])?;
                let mut version = Vec::new();
                member(&Kind::U32, need("version")?, &mut version)?;
                let &[a, b, c, d] = version.as_slice() else { return Err(wrong()) };
                out.extend([c, d, a, b]);
                member(&Kind::U16, need("lifetime")?, out)?;
                member(&Kind::Ip6, need("address")?, out)?;
            }
            Self::Pref64 => {
                only(&["prefix", "lifetime"])?;
                let (addr, length) = prefix("prefix")?;
                let code = PREF64_LENGTHS.iter().position(|known| *known == length);
                let code = code.and_then(|code| u16::try_from(code).ok()).ok_or_else(wrong)?;
                let lifetime = syntax::seconds(need("lifetime")?).and_then(|n| u16::try_from(n).ok());
                out.extend((lifetime.ok_or_else(wrong)? & 0xfff8 | code).to_be_bytes());
                let octets = addr.octets();
                out.extend(octets.get(..12).unwrap_or(&octets));
            }
            Self::EncryptedDns => {
                only(&["priority", "lifetime", "name", "addresses", "parameters"])?;
                member(&Kind::U16, need("priority")?, out)?;
                member(&Kind::Lifetime, need("lifetime")?, out)?;
                member(&Kind::Sized16(&Kind::Name), need("name")?, out)?;
                if members.get("addresses").is_some() || members.get("parameters").is_some() {
                    let text = members.get("addresses").unwrap_or("[]");
                    member(&Kind::Sized16(&Kind::List(&Kind::Ip6)), text, out)?;
                }
                if let Some(text) = members.get("parameters") {
                    member(&Kind::Sized16(&nd::RESOLVER_PARAMETERS), text, out)?;
                }
            }
            Self::AgentId | Self::Civic | Self::Radius | Self::PrefixOrNone | Self::PaddedNames => {
                return Err(wrong());
            }
        }
        Ok(())
    }
}

/// What a switch says in a circuit or remote identifier, in the forms that Cisco's have: type and length, then a VLAN, module
/// and port, a hardware address, or text.
fn of_switch(bytes: &[u8]) -> Option<String> {
    match *bytes {
        [0, 4, high, low, module, port] => {
            Some(format!("vlan {}, module {module}, port {port}", u16::from_be_bytes([high, low])))
        }
        [0, 6, a, b, c, d, e, f] => Some(crate::wire::Mac([a, b, c, d, e, f]).to_string()),
        [0 | 1, length, ref text @ ..] if usize::from(length) == text.len() => {
            super::text::as_text(text).map(str::to_owned)
        }
        _ => None,
    }
}

/// At most sixteen bytes, filled with zeros.
fn padded(bytes: &[u8]) -> Ipv6Addr {
    let mut addr = [0; 16];
    for (to, from) in addr.iter_mut().zip(bytes) {
        *to = *from;
    }
    addr.into()
}

/// The preference in the two bits where routes and advertisements have it (RFC 4191 §2.1).
pub fn preference(bits: u8) -> &'static str {
    PREFERENCES.get(usize::from(bits >> 3 & 3)).copied().unwrap_or("medium")
}

/// Type, length and bytes, again and again; all of it must fit.
fn elements<S: Sink>(is_radius: bool, cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    let what = if is_radius { Shape::Radius } else { Shape::Civic }.what();
    sink.begin_list();
    while !cursor.bytes.is_empty() {
        let start = cursor.error(ValueFault::Length, what);
        let code = cursor.u8(what)?;
        let length = usize::from(cursor.u8(what).map_err(|_| start)?);
        let length = if is_radius { length.checked_sub(2).ok_or(start)? } else { length };
        let payload = cursor.take(length, what).map_err(|_| start)?;
        sink.begin_option(code.into(), None, payload, true);
        if is_radius {
            sink.opaque(payload);
        } else {
            sink.text(without_trailing_zeros(payload));
        }
        sink.end_option(payload);
    }
    sink.end_list();
    Ok(())
}

fn parse_elements(shape: Shape, text: &str, out: &mut Vec<u8>) -> Result<(), ParseError> {
    for item in parse::list_items(text)? {
        let wrong = || ParseError::new(item, shape.what());
        let (code, raw, value) = if item.starts_with('{') {
            let members = Members::read(item)?;
            let raw = members.get("raw");
            let value = raw.or_else(|| members.get("value")).ok_or_else(wrong)?;
            (members.get("code").ok_or_else(wrong)?, raw.is_some(), value)
        } else {
            let (code, value) = item.split_once('=').ok_or_else(wrong)?;
            let (code, raw) = code.strip_suffix(":hex").map_or((code, false), |code| (code, true));
            (code, raw, value)
        };
        out.push(syntax::trim(code).parse().map_err(|_| wrong())?);
        let bytes = if raw { syntax::hex(value) } else { syntax::prefixed_hex(syntax::trim(value)) };
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => syntax::unquote(value).map_err(|_| wrong())?,
        };
        let header = if shape == Shape::Radius { 2 } else { 0 };
        out.push(bytes.len().checked_add(header).and_then(|n| u8::try_from(n).ok()).ok_or_else(wrong)?);
        out.extend(bytes);
    }
    Ok(())
}

fn map_rule<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    let what = Shape::MapRule.what();
    let [four_length, six_length, ea_length, bits] = cursor.array(what)?;
    let four: [u8; 4] = cursor.array(what)?;
    let six: [u8; 16] = cursor.array(what)?;
    sink.begin_map();
    sink.key("ipv4_prefix");
    sink.prefix4(four.into(), four_length);
    sink.key("ipv6_prefix");
    sink.prefix6(six.into(), six_length);
    sink.key("ea_length");
    sink.number(ea_length.into());
    sink.key("well_known_ports");
    sink.flag(bits & 0x80 != 0);
    Ok(())
}

fn prefix_information<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    let what = Shape::PrefixInformation.what();
    let [length, bits] = cursor.array(what)?;
    let [valid, preferred, _] = [cursor.u32(what)?, cursor.u32(what)?, cursor.u32(what)?];
    let addr: [u8; 16] = cursor.array(what)?;
    sink.begin_map();
    sink.key("prefix");
    sink.prefix6(addr.into(), length);
    sink.key("flags");
    sink.hex_number(bits.into(), 2);
    for (bit, name) in PIO_FLAGS {
        sink.key(name);
        sink.flag(bits & bit != 0);
    }
    sink.key("valid_lifetime");
    sink.seconds(valid, true);
    sink.key("preferred_lifetime");
    sink.seconds(preferred, true);
    Ok(())
}

fn encrypted_dns<S: Sink>(cursor: &mut Cursor<'_>, cx: &Context<'_>, sink: &mut S) -> Outcome {
    let what = Shape::EncryptedDns.what();
    let is_padding = |cursor: &Cursor<'_>| cursor.bytes.iter().all(|byte| *byte == 0);
    sink.begin_map();
    sink.key("priority");
    sink.number(cursor.u16(what)?.into());
    sink.key("lifetime");
    sink.seconds(cursor.u32(what)?, true);
    sink.key("name");
    value(&Kind::Sized16(&Kind::Name), cursor, cx, sink)?;
    if is_padding(cursor) {
        cursor.rest();
        return Ok(());
    }
    sink.key("addresses");
    value(&Kind::Sized16(&Kind::List(&Kind::Ip6)), cursor, cx, sink)?;
    if let [high, low, ..] = *cursor.bytes {
        // Too few bytes for a parameter's key and length would leave a list as empty as none.
        if (1..4).contains(&u16::from_be_bytes([high, low])) {
            return Err(cursor.error(ValueFault::Length, what));
        }
        sink.key("parameters");
        let lax = Context { lax: true, ..*cx };
        value(&Kind::Sized16(&nd::RESOLVER_PARAMETERS), cursor, &lax, sink)?;
    }
    if !is_padding(cursor) {
        return Err(cursor.error(ValueFault::Content, what));
    }
    cursor.rest();
    Ok(())
}

fn padded_names<S: Sink>(cursor: &mut Cursor<'_>, sink: &mut S) -> Outcome {
    sink.begin_list();
    while let Some(&first) = cursor.bytes.first() {
        if first == 0 {
            let only_zeros = cursor.bytes.iter().all(|byte| *byte == 0);
            let error = cursor.error(ValueFault::Content, Shape::PaddedNames.what());
            cursor.rest();
            if !only_zeros {
                return Err(error);
            }
            break;
        }
        let mut name = domain::Name::new();
        let used = domain::read_digits(cursor.bytes, false, &mut name)
            .map_err(|at| super::decode::domain_error(cursor, at))?;
        sink.text(name.text());
        cursor.take(used, "a domain name")?;
    }
    sink.end_list();
    Ok(())
}
