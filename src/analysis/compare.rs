//! What two servers give, option by option.

mod four;
mod six;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::wire::HwAddr;
use crate::wire::digits::hex;
use crate::wire::options::{Context, Space, TextSink, decode};
use crate::wire::v4::Message;

/// By so many seconds times may differ.
const DRIFT: u32 = 2;
/// Replies kept of one side.
const MOST: usize = 10_000;

/// The values of each option of a reply, by code.
type Options = BTreeMap<u16, Vec<Vec<u8>>>;

/// What a reply is. Where both sides have some of several kinds, those are compared that come first here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// ACK; REPLY with a lease.
    Final,
    /// OFFER, ADVERTISE.
    Offer,
    /// REPLY to who wants no lease.
    Stateless,
}

/// Which DHCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// DHCPv4.
    Four,
    /// DHCPv6.
    Six,
}

/// How a reply was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The source.
    pub src: IpAddr,
    /// To everybody: broadcast, multicast.
    pub to_all: bool,
}

impl Way {
    /// From one address to another.
    pub fn new(src: IpAddr, dst: IpAddr) -> Self {
        let to_all = match dst {
            IpAddr::V4(ip) => ip.is_broadcast(),
            IpAddr::V6(ip) => ip.is_multicast(),
        };
        Self { src, to_all }
    }
}

/// A reply that gives something, as it is compared.
trait Given: Sized + 'static {
    /// The server, and the client.
    type Key: Ord;

    /// The option with the server's own name.
    const SERVER_ID: u16;
    /// What is compared beside the options.
    const FIELDS: &'static [Field<Self>];

    /// Its options.
    fn options(&self) -> &Options;
    /// It differs from exchange to exchange and says nothing of a server.
    fn is_left_out(code: u16) -> bool;
    /// It is a time that may differ by what passed since the lease began.
    fn drifts(code: u16) -> bool;
    /// The option's name.
    fn name(code: u16) -> Option<&'static str>;
    /// A value as people read it, else its bytes. Nothing in it is escaped.
    fn shown(code: u16, raw: &[u8]) -> Vec<u8>;
}

/// A field of the header, or what follows from several.
struct Field<G> {
    group: &'static str,
    name: &'static str,
    /// A time that may differ by what passed since the lease began.
    drifts: bool,
    /// It says who the server is, which is compared only where all is.
    own: bool,
    values: Values<G>,
}

/// How the values of a field are found in a reply.
enum Values<G> {
    /// A reply has one at most.
    One(fn(&G) -> Option<String>),
    /// The same, as it came from the wire.
    Wire(fn(&G) -> Option<&[u8]>),
    /// A reply may have several.
    Each(fn(&G) -> Vec<String>),
}

impl<G> Field<G> {
    const fn new(group: &'static str, name: &'static str, value: fn(&G) -> Option<String>) -> Self {
        Self { group, name, drifts: false, own: false, values: Values::One(value) }
    }

    /// What differs between servers that give the same.
    const fn own(group: &'static str, name: &'static str, value: fn(&G) -> Option<String>) -> Self {
        Self { own: true, ..Self::new(group, name, value) }
    }

    const fn wire(group: &'static str, name: &'static str, value: fn(&G) -> Option<&[u8]>) -> Self {
        Self { group, name, drifts: false, own: false, values: Values::Wire(value) }
    }

    const fn each(group: &'static str, name: &'static str, values: fn(&G) -> Vec<String>) -> Self {
        Self { group, name, drifts: false, own: false, values: Values::Each(values) }
    }

    const fn times(group: &'static str, name: &'static str, values: fn(&G) -> Vec<String>) -> Self {
        Self { group, name, drifts: true, own: false, values: Values::Each(values) }
    }

    fn of(&self, given: &G) -> Vec<Vec<u8>> {
        match self.values {
            Values::One(value) => value(given).map(String::into_bytes).into_iter().collect(),
            Values::Wire(value) => value(given).map(<[u8]>::to_vec).into_iter().collect(),
            Values::Each(values) => values(given).into_iter().map(String::into_bytes).collect(),
        }
    }
}

/// The last reply of each kind, server and client.
#[derive(Clone, Debug)]
struct Replies<G: Given> {
    known: BTreeMap<(Kind, G::Key), G>,
    /// How many came.
    count: usize,
}

impl<G: Given> Default for Replies<G> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), count: 0 }
    }
}

impl<G: Given> Replies<G> {
    fn put(&mut self, kind: Kind, key: G::Key, given: G) {
        self.count = self.count.saturating_add(1);
        let key = (kind, key);
        if self.known.len() < MOST || self.known.contains_key(&key) {
            self.known.insert(key, given);
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.known.keys().any(|(known, _)| *known == kind)
    }

    fn of(&self, kind: Kind) -> Vec<&G> {
        self.known.iter().filter(|((known, _), _)| *known == kind).map(|(_, given)| given).collect()
    }
}

/// All that one side gives: the last reply of each server to each client.
#[derive(Clone, Debug, Default)]
pub struct Side {
    four: Replies<four::Reply>,
    six: Replies<six::Reply>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `option`, `header`, `lease` or `derived`.
    pub field: &'static str,
    /// The option's code.
    pub code: Option<u16>,
    /// What it is called.
    pub name: String,
    /// What either side gives, as text that is not escaped and need not be UTF-8.
    pub values: [Vec<Vec<u8>>; 2],
    /// The same as bytes, for options.
    pub raw: [Vec<Vec<u8>>; 2],
}

/// What is compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Which DHCP; left out: DHCPv4 if both sides have it, else DHCPv6.
    pub family: Option<Family>,
    /// Left out: the first of which both sides have some.
    pub kind: Option<Kind>,
    /// The servers' own identifiers as well.
    pub all: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What was compared.
    pub family: Family,
    /// In what the sides differ.
    pub differences: Vec<Difference>,
    /// How many fields are the same.
    pub same: usize,
}

impl Side {
    /// Takes a message of DHCPv4; false when it gives nothing. `way` says from where to where it was sent, where known.
    pub fn take(&mut self, message: &Message, way: Option<Way>) -> bool {
        let Some((kind, key, given)) = four::read(message, way) else { return false };
        self.four.put(kind, key, given);
        true
    }

    /// Takes a message of DHCPv6, in the envelopes of relays or not; false when it gives nothing, or not to `client`. `way` says from where
    /// to where it was sent, where known.
    pub fn take6(&mut self, bytes: &[u8], way: Option<Way>, client: Option<HwAddr>) -> bool {
        let Some((kind, key, given)) = six::read(bytes, way, client) else { return false };
        self.six.put(kind, key, given);
        true
    }

    /// How many replies gave something.
    pub fn count(&self, family: Family) -> usize {
        match family {
            Family::Four => self.four.count,
            Family::Six => self.six.count,
        }
    }
}

/// The differences, and how many fields are the same; `None` when either side gives nothing of the kind.
pub fn compare(a: &Side, b: &Side, scope: Scope) -> Option<Comparison> {
    let of = |family: Family| {
        let (differences, same) = match family {
            Family::Four => compared(&a.four, &b.four, scope),
            Family::Six => compared(&a.six, &b.six, scope),
        }?;
        Some(Comparison { family, differences, same })
    };
    match scope.family {
        Some(family) => of(family),
        None => of(Family::Four).or_else(|| of(Family::Six)),
    }
}

/// Distinct values, in order.
fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

fn compared<G: Given>(a: &Replies<G>, b: &Replies<G>, scope: Scope) -> Option<(Vec<Difference>, usize)> {
    let both = |kind: &Kind| a.has(*kind) && b.has(*kind);
    let kind = match scope.kind {
        Some(kind) => Some(kind).filter(both)?,
        None => [Kind::Final, Kind::Offer, Kind::Stateless].into_iter().find(both)?,
    };
    let sides = [a.of(kind), b.of(kind)];
    let mut found = Vec::new();
    let mut same = 0_usize;
    let mut codes: BTreeSet<u16> =
        sides.iter().flatten().flat_map(|given| given.options().keys().copied()).collect();
    codes.retain(|code| !G::is_left_out(*code) && (scope.all || *code != G::SERVER_ID));
    for code in codes {
        let raw = sides.each_ref().map(|side| {
            distinct(side.iter().filter_map(|given| given.options().get(&code)).flatten().cloned())
        });
        if raw[0] == raw[1] || (G::drifts(code) && close(&raw, |bytes| number(bytes))) {
            same = same.saturating_add(1);
            continue;
        }
        let name = G::name(code).map_or_else(|| code.to_string(), str::to_owned);
        let values = raw.each_ref().map(|raw| raw.iter().map(|raw| G::shown(code, raw)).collect());
        found.push(Difference { field: "option", code: Some(code), name, values, raw });
    }
    for field in G::FIELDS.iter().filter(|field| scope.all || !field.own) {
        let values = sides.each_ref().map(|side| distinct(side.iter().flat_map(|given| field.of(given))));
        if values[0] == values[1]
            || (field.drifts && close(&values, |text| std::str::from_utf8(text).ok()?.parse().ok()))
        {
            same = same.saturating_add(usize::from(!values[0].is_empty()));
            continue;
        }
        let name = field.name.to_owned();
        found.push(Difference {
            field: field.group,
            code: None,
            name,
            values,
            raw: [Vec::new(), Vec::new()],
        });
    }
    Some((found, same))
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// Times that differ by no more than passes between two messages: each of one side has such a one on the other.
fn close<T>([a, b]: &[Vec<T>; 2], number: impl Fn(&T) -> Option<u32>) -> bool {
    let numbers = |side: &[T]| side.iter().map(&number).collect::<Option<BTreeSet<u32>>>();
    let (Some(a), Some(b)) = (numbers(a), numbers(b)) else { return false };
    let near = |side: &BTreeSet<u32>, time: &u32| {
        side.range(time.saturating_sub(DRIFT)..=time.saturating_add(DRIFT)).next().is_some()
    };
    !a.is_empty() && a.iter().all(|time| near(&b, time)) && b.iter().all(|time| near(&a, time))
}

/// A value of an option as people read it, else its bytes.
fn decoded(space: &Space, code: u16, raw: &[u8], cx: &Context<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let read = space.by_code(code).map(|def| decode(&def.kind, raw, cx, &mut TextSink::raw(&mut out)));
    if matches!(read, Some(Ok(()))) { out } else { hex(raw).into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use crate::wire::options::v6 as opt;
    use crate::wire::v4::{MessageType, Xid};
    use crate::wire::v6::message::{self, ia, ia_addr, ia_prefix, status};
    use crate::wire::v6::{self, StatusCode};

    fn way(server: u8) -> Way {
        Way::new([10, 0, 0, server].into(), [255; 4].into())
    }

    fn side(kind: MessageType, change: impl FnOnce(&mut Message)) -> Side {
        let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        let mut reply = Message::reply(kind, &request);
        reply.yiaddr = [10, 0, 0, 50].into();
        reply.set_option(54, &[10, 0, 0, 1]);
        reply.set_option(51, &3600_u32.to_be_bytes());
        reply.set_option(1, &[255, 255, 255, 0]);
        reply.set_option(3, &[10, 0, 0, 1]);
        change(&mut reply);
        let mut side = Side::default();
        assert!(side.take(&reply, Some(way(1))));
        side
    }

    fn names(a: &Side, b: &Side) -> Vec<String> {
        let found = compare(a, b, Scope::default()).unwrap().differences;
        found.into_iter().map(|difference| difference.name).collect()
    }

    #[test]
    fn what_differs_is_named_and_what_drifts_is_the_same() {
        let base = side(MessageType::OFFER, |_| {});
        let drifted = side(MessageType::OFFER, |reply| {
            reply.set_option(51, &3598_u32.to_be_bytes());
            reply.set_option(54, &[10, 0, 0, 2]);
            reply.yiaddr = [10, 0, 0, 99].into();
        });
        assert!(names(&base, &drifted).is_empty());
        let other = side(MessageType::OFFER, |reply| {
            reply.set_option(3, &[10, 0, 1, 1]);
            reply.set_option(66, b"boot");
        });
        assert_eq!(
            names(&base, &other),
            ["routers", "tftp-server-name", "router in subnet", "default route"]
        );
        let ack = side(MessageType::ACK, |_| {});
        assert!(compare(&base, &ack, Scope::default()).is_none(), "an OFFER is not compared with an ACK");
    }

    #[test]
    fn an_answer_without_an_address_is_not_compared() {
        let mut both = side(MessageType::ACK, |_| {});
        for kind in [MessageType::OFFER, MessageType::ACK] {
            let request = Message::request(MessageType::INFORM, Xid(8), Mac([2, 0, 0, 0, 0, 1]));
            let mut reply = Message::reply(kind, &request);
            reply.set_option(54, &[10, 0, 0, 1]);
            assert!(!both.take(&reply, Some(Way { to_all: false, ..way(1) })));
        }
        assert_eq!(both.count(Family::Four), 1);
        assert!(names(&side(MessageType::ACK, |_| {}), &both).is_empty());
    }

    #[test]
    fn each_time_of_one_side_drifts_from_one_of_the_other() {
        let times = |times: &[u32]| {
            let mut side = Side::default();
            for (number, time) in (1..).zip(times) {
                let mac = Mac([2, 0, 0, 0, 0, number]);
                let request = Message::request(MessageType::DISCOVER, Xid(number.into()), mac);
                let mut reply = Message::reply(MessageType::ACK, &request);
                reply.yiaddr = [10, 0, 0, number].into();
                reply.set_option(51, &time.to_be_bytes());
                assert!(side.take(&reply, Some(way(1))));
            }
            side
        };
        let same = |a: &[u32], b: &[u32]| names(&times(a), &times(b)).is_empty();
        assert!(same(&[3600], &[3600, 3599]) && same(&[3600, 3599], &[3598]));
        assert!(same(&[3600, 86_400], &[86_399, 3600, 3601]));
        assert!(same(&[0], &[2]) && same(&[u32::MAX], &[u32::MAX - 2]));
        assert!(!same(&[3600], &[3600, 3597]) && !same(&[3600, 86_400], &[3600]));
    }

    #[test]
    fn an_identifier_is_compared_when_asked_for() {
        let a = side(MessageType::ACK, |_| {});
        let b = side(MessageType::ACK, |reply| reply.set_option(54, &[10, 0, 0, 2]));
        assert!(names(&a, &b).is_empty());
        let found = compare(&a, &b, Scope { all: true, ..Scope::default() }).unwrap().differences;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].values, [[b"10.0.0.1"], [b"10.0.0.2"]]);
    }

    /// Where an answer comes from says who the server is, as its identifier does.
    #[test]
    fn a_source_is_compared_when_asked_for() {
        let of = |server: u8| {
            let request = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
            let mut reply = Message::reply(MessageType::ACK, &request);
            reply.yiaddr = [10, 0, 0, 50].into();
            let mut side = Side::default();
            assert!(side.take(&reply, Some(way(server))));
            side
        };
        let found = |b: &Side, all: bool| compare(&of(1), b, Scope { all, ..Scope::default() }).unwrap();
        assert!(found(&of(2), false).differences.is_empty());
        let all = found(&of(2), true);
        let [difference] = &all.differences[..] else { panic!("{all:?}") };
        assert_eq!((difference.field, difference.name.as_str()), ("header", "source"));
        assert_eq!(difference.values, [[b"10.0.0.1"], [b"10.0.0.2"]]);
        assert_eq!(found(&of(1), true).same, found(&of(1), false).same + 1);
    }

    const NA: u16 = opt::IA_NA;
    const PD: u16 = opt::IA_PD;

    fn lease(times: [u32; 4]) -> Vec<u8> {
        let [t1, t2, preferred, valid] = times;
        ia(1, t1, t2, &[ia_addr("2001:db8:1::5".parse().unwrap(), preferred, valid, &[])])
    }

    /// What server `server` says to client `client`.
    fn side6(kind: v6::MessageType, server: u8, client: u8, parts: &[(u16, Vec<u8>)]) -> Side {
        let mut message = message::Message::new(kind, 7);
        message.add_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, 0, 0, client]);
        message.add_option(opt::SERVERID, [0, 3, 0, 1, 2, 0, 0, 0, 1, server]);
        for (code, data) in parts {
            message.add_option(*code, data.clone());
        }
        let mut side = Side::default();
        side.take6(&message.encode(), Some(Way { to_all: false, ..way(1) }), None);
        side
    }

    #[test]
    fn leases_and_options_of_dhcpv6_are_compared() {
        let (advertise, reply) = (v6::MessageType::ADVERTISE, v6::MessageType::REPLY);
        let dns = (opt::DNS_SERVERS, vec![0x20; 16]);
        let base = side6(reply, 1, 1, &[(NA, lease([300, 480, 600, 900])), dns.clone()]);
        let drifted = side6(reply, 2, 2, &[(NA, lease([300, 480, 599, 898])), dns.clone()]);
        assert!(names(&base, &drifted).is_empty());
        let prefix = ia(2, 300, 480, &[ia_prefix("2001:db8:8::".parse().unwrap(), 56, 600, 900, &[])]);
        let other = side6(reply, 2, 2, &[(NA, lease([300, 500, 600, 1900])), (PD, prefix)]);
        assert_eq!(
            names(&base, &other),
            [
                "dns-servers",
                "ia-na t2",
                "ia-na valid lifetime",
                "ia-pd t1",
                "ia-pd t2",
                "ia-pd prefixes",
                "ia-pd preferred lifetime",
                "ia-pd valid lifetime",
                "ia-pd prefix length",
            ]
        );
        let offered = side6(advertise, 2, 2, &[(NA, lease([300, 480, 600, 900]))]);
        assert!(
            compare(&base, &offered, Scope::default()).is_none(),
            "a REPLY is not compared with an ADVERTISE"
        );
        let by_name = compare(&base, &drifted, Scope { all: true, ..Scope::default() }).unwrap();
        assert_eq!((by_name.family, by_name.differences.len()), (Family::Six, 1));
        assert_eq!(by_name.differences[0].name, "serverid");
        let four = Scope { family: Some(Family::Four), ..Scope::default() };
        assert!(compare(&base, &drifted, four).is_none());
    }

    #[test]
    fn every_lease_of_every_association_is_compared() {
        let addr = |text: &str, valid| ia_addr(text.parse().unwrap(), 600, valid, &[]);
        let prefix = |text: &str, length, valid| ia_prefix(text.parse().unwrap(), length, 600, valid, &[]);
        let both = [addr("2001:db8:1::5", 900), addr("2001:db8:2::5", 1800)];
        let temporary = |valid| {
            let mut data = 3_u32.to_be_bytes().to_vec();
            data.extend(message::encode_options(&[addr("2001:db8:1::77", valid)]));
            data
        };
        let given = |parts: &[(u16, Vec<u8>)]| side6(v6::MessageType::REPLY, 1, 1, parts);
        let one = given(&[(NA, ia(1, 300, 480, &both[..1]))]);
        let two = given(&[(NA, ia(1, 300, 480, &both))]);
        assert_eq!(names(&one, &two), ["ia-na addresses", "ia-na valid lifetime", "subnet"]);
        // The same in two associations, and in another order.
        let apart = given(&[(NA, ia(2, 300, 480, &both[1..])), (NA, ia(1, 300, 480, &both[..1]))]);
        assert_eq!(names(&two, &apart), ["ia-na addresses"]);
        assert_eq!(names(&one, &apart), ["ia-na valid lifetime", "subnet"]);
        let first = prefix("2001:db8:8::", 56, 900);
        let delegated = |more: &[message::Item]| {
            let all: Vec<_> = std::iter::once(first.clone()).chain(more.iter().cloned()).collect();
            given(&[(PD, ia(2, 300, 480, &all))])
        };
        assert_eq!(
            names(&delegated(&[]), &delegated(&[prefix("2001:db8:9::", 60, 901)])),
            ["ia-pd prefixes", "ia-pd prefix length"]
        );
        let short = given(&[(opt::IA_TA, temporary(900))]);
        assert_eq!(names(&short, &given(&[(opt::IA_TA, temporary(901))])), [""; 0]);
        assert_eq!(names(&short, &given(&[(opt::IA_TA, temporary(9000))])), ["ia-ta valid lifetime"]);
        // What the server says of one address alone.
        let refused = ia_addr("2001:db8:2::5".parse().unwrap(), 600, 900, &[status(4, "")]);
        let answered = given(&[(NA, ia(1, 300, 480, &[both[0].clone(), refused]))]);
        assert_eq!(names(&one, &answered), ["ia-na addresses", "ia-na status", "subnet"]);
    }

    #[test]
    fn what_gives_nothing_is_not_compared() {
        let reply = v6::MessageType::REPLY;
        let count = |side: &Side| side.count(Family::Six);
        let refused = ia(1, 0, 0, &[status(StatusCode::NO_ADDRS_AVAIL.0, "")]);
        assert_eq!(count(&side6(v6::MessageType::ADVERTISE, 1, 1, &[(NA, refused)])), 0);
        let done = (opt::STATUS_CODE, status(0, "").data);
        assert_eq!(count(&side6(reply, 1, 1, std::slice::from_ref(&done))), 0);
        let stateless = side6(reply, 1, 1, &[(opt::DNS_SERVERS, vec![1; 16])]);
        assert_eq!(count(&stateless), 1);
        let other = side6(reply, 1, 1, &[(opt::DNS_SERVERS, vec![2; 16]), done]);
        assert_eq!(names(&stateless, &other), ["dns-servers"]);
        let mut side = Side::default();
        let mut message = message::Message::new(reply, 7);
        message.add_option(opt::CLIENTID, [0, 3, 0, 1, 2, 0, 0, 0, 0, 9]);
        message.add_option(opt::DNS_SERVERS, [1; 16]);
        let bytes = message.encode();
        assert!(!side.take6(&bytes, None, Some(Mac([2, 0, 0, 0, 0, 1]).into())));
        assert!(side.take6(&bytes, None, Some(Mac([2, 0, 0, 0, 0, 9]).into())));
        assert!(!side.take6(&[1, 2], None, None) && !side.take6(&[], None, None));
    }
}
