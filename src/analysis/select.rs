//! Which packets are wanted.

mod option;
mod six;

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

pub use option::{OptionTest, Value, Want};
pub use six::OptionTest6;

use super::around::AroundTest;
use crate::time::Timestamp;
use crate::wire::HwAddr;
use crate::wire::frame::Datagram;
use crate::wire::problem::{Code, Problem, Severity};
use crate::wire::v4::{MessageType, Op, Outline, Packet};

/// Addresses that are looked for: one, or all of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpTest {
    /// The address, or one of the prefix.
    addr: IpAddr,
    /// How many of its bits count.
    length: u8,
}

impl IpTest {
    /// The addresses that have the first `length` bits of `addr`; `None` where it has fewer.
    pub fn new(addr: IpAddr, length: u8) -> Option<Self> {
        (u32::from(length) <= bits(addr)).then_some(Self { addr, length })
    }

    /// True when `found` is such an address.
    pub fn holds(&self, found: IpAddr) -> bool {
        let differ = match (self.addr, found) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => return false,
        };
        differ >= u32::from(self.length)
    }
}

fn bits(addr: IpAddr) -> u32 {
    if addr.is_ipv4() { 32 } else { 128 }
}

impl From<IpAddr> for IpTest {
    fn from(addr: IpAddr) -> Self {
        Self { addr, length: if addr.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for IpTest {
    type Err = String;

    /// Reads an address or `10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an address, nor a prefix such as 10.0.0.0/8");
        match text.split_once('/') {
            None => text.parse::<IpAddr>().map(Self::from).map_err(|_| wrong()),
            Some((addr, length)) => addr
                .parse()
                .ok()
                .zip(length.parse().ok())
                .and_then(|(addr, length)| Self::new(addr, length))
                .ok_or_else(wrong),
        }
    }
}

/// Problems that are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemTest {
    /// Any.
    Any,
    /// Those of this severity.
    Severity(Severity),
    /// This one.
    Code(Code),
}

impl ProblemTest {
    /// True when `problem` is one of them.
    pub fn holds(self, problem: &Problem) -> bool {
        match self {
            Self::Any => true,
            Self::Severity(severity) => problem.severity() == severity,
            // One name may have two severities.
            Self::Code(code) => problem.code.name() == code.name(),
        }
    }
}

impl FromStr for ProblemTest {
    type Err = String;

    /// Reads the name of a problem or of a severity.
    fn from_str(text: &str) -> Result<Self, String> {
        let severity = [Severity::Note, Severity::Warning, Severity::Cut, Severity::Error]
            .into_iter()
            .find(|severity| severity.name() == text);
        let code = || Code::ALL.iter().find(|code| code.name() == text).map(|code| Self::Code(*code));
        match severity.map(Self::Severity).or_else(code) {
            Some(found) => Ok(found),
            None if text == "any" => Ok(Self::Any),
            None => {
                let near = Code::ALL.iter().find(|code| code.name().contains(text) && text.len() > 2);
                let hint = near.map_or_else(String::new, |code| format!("; there is {}", code.name()));
                Err(format!(
                    "no problem is called {text:?}, and no severity: error, warning, note, cut{hint}"
                ))
            }
        }
    }
}

/// A choice of packets. Different kinds of test must all hold; of several tests of one kind, one must.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Client hardware addresses (`chaddr`), or link-layer source or destination: what they begin with.
    pub macs: Vec<HwAddr>,
    /// Transaction identifiers.
    pub xids: Vec<u32>,
    /// Message types; `None` is BOOTP, a message without one.
    pub types: Vec<Option<MessageType>>,
    /// Addresses in any field that holds one, IP header included.
    pub ips: Vec<IpTest>,
    /// Servers: option 54, or the source of a reply.
    pub servers: Vec<IpTest>,
    /// Options; all must hold.
    pub options: Vec<OptionTest>,
    /// DHCPv6 message types; with `types` and `types_router` one kind of test.
    pub types6: Vec<crate::wire::v6::MessageType>,
    /// ICMPv6 types of router discovery.
    pub types_router: Vec<u8>,
    /// Identifiers of clients or servers of DHCPv6.
    pub duids: Vec<Vec<u8>>,
    /// Identifiers of servers of DHCPv6; with `servers` one kind of test.
    pub server_duids: Vec<Vec<u8>>,
    /// What the tests of options mean for IPv6.
    pub options6: Vec<OptionTest6>,
    /// A test of an option that DHCPv4 does not have must hold.
    pub only_six: bool,
    /// No packet before this moment.
    pub since: Option<Timestamp>,
    /// No packet after this moment.
    pub until: Option<Timestamp>,
    /// Problems of the message, its values or what is around it.
    pub problems: Vec<ProblemTest>,
    /// The headers around the message.
    pub around: AroundTest,
    /// Those packets are wanted for which not all the rest holds; times are no part of that.
    pub inverted: bool,
}

impl Selection {
    /// True when every packet is wanted.
    pub fn is_everything(&self) -> bool {
        let Self {
            macs, xids, types, ips, servers, options, since, until, problems, around, inverted, ..
        } = self;
        let nothing_asked = macs.is_empty()
            && xids.is_empty()
            && types.is_empty()
            && ips.is_empty()
            && servers.is_empty()
            && options.is_empty()
            && !self.asks_type()
            && self.duids.is_empty()
            && self.server_duids.is_empty()
            && self.options6.is_empty()
            && problems.is_empty()
            && around.is_everything();
        nothing_asked && since.is_none() && until.is_none() && !inverted
    }

    /// True when `packet` is wanted. `problems` calls what it is given with every problem that the message has; it is asked only
    /// where that matters.
    pub fn matches(
        &self,
        time: Option<Timestamp>,
        datagram: &Datagram<'_>,
        packet: &Packet<'_>,
        outline: &Outline,
        problems: impl FnOnce(&mut dyn FnMut(&Problem)),
    ) -> bool {
        self.matches_time(time)
            && self.inverted
                != (any(&self.xids, |xid| packet.xid().is_some_and(|found| found.0 == *xid))
                    && !self.only_six
                    && self.duids.is_empty()
                    && (!self.asks_type()
                        || self.types.iter().any(|kind| {
                            let is_known =
                                kind.is_some() || packet.op().is_some() && !outline.type_is_cut_off();
                            is_known && outline.message_type == *kind
                        }))
                    && any(&self.macs, |mac| matches_mac(mac, datagram, packet))
                    && any(&self.ips, |ip| matches_ip(ip, datagram, packet, outline))
                    && (self.servers.is_empty() && self.server_duids.is_empty()
                        || self
                            .servers
                            .iter()
                            .any(|server| matches_server(server, datagram, packet, outline)))
                    && self.around.matches(datagram)
                    && self.options.iter().all(|test| test.matches(packet, outline))
                    && self.matches_problems(problems))
    }

    fn matches_problems(&self, problems: impl FnOnce(&mut dyn FnMut(&Problem))) -> bool {
        if self.problems.is_empty() {
            return true;
        }
        let mut found = false;
        problems(&mut |problem| found |= self.problems.iter().any(|test| test.holds(problem)));
        found
    }

    fn matches_time(&self, time: Option<Timestamp>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        time.is_some_and(|time| {
            self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
        })
    }
}

fn any<T>(tests: &[T], test: impl FnMut(&T) -> bool) -> bool {
    tests.is_empty() || tests.iter().any(test)
}

fn matches_mac(mac: &HwAddr, datagram: &Datagram<'_>, packet: &Packet<'_>) -> bool {
    let begins = |found: &HwAddr| found.as_slice().starts_with(mac.as_slice());
    begins(&packet.client())
        || datagram.link.is_some_and(|link| {
            link.src.as_ref().is_some_and(begins) || link.dst.as_ref().is_some_and(begins)
        })
}

fn matches_ip(ip: &IpTest, datagram: &Datagram<'_>, packet: &Packet<'_>, outline: &Outline) -> bool {
    let holds = |addr: Option<Ipv4Addr>| addr.is_some_and(|addr| ip.holds(IpAddr::V4(addr)));
    [packet.ciaddr(), packet.yiaddr(), packet.siaddr(), packet.giaddr()].into_iter().any(holds)
        || datagram.ip.is_some_and(|header| ip.holds(header.src) || ip.holds(header.dst))
        || [50, 54].iter().any(|code| holds(address_option(*code, packet, outline)))
}

fn matches_server(server: &IpTest, datagram: &Datagram<'_>, packet: &Packet<'_>, outline: &Outline) -> bool {
    address_option(54, packet, outline).is_some_and(|addr| server.holds(IpAddr::V4(addr)))
        || packet.op() == Some(Op::REPLY) && datagram.ip.is_some_and(|header| server.holds(header.src))
}

/// An option that holds one address.
fn address_option(code: u8, packet: &Packet<'_>, outline: &Outline) -> Option<Ipv4Addr> {
    let bytes: [u8; 4] = outline.find(code)?.data(packet).try_into().ok()?;
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use crate::wire::frame::Ip;
    use crate::wire::v4::{Message, Xid};

    fn offer() -> Vec<u8> {
        let mut message = Message::request(MessageType::OFFER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
        message.op = Op::REPLY;
        message.yiaddr = [10, 0, 0, 50].into();
        message.set_option(54, &[10, 0, 0, 1]);
        message.set_option(15, b"lab\0");
        message.set_option(82, &[2, 1, 9, 1, 2, b'p', b'1']);
        message.encode()
    }

    fn matches(selection: &Selection) -> bool {
        let bytes = offer();
        let packet = Packet::new(&bytes);
        let mut outline = Outline::default();
        outline.read(&packet, bytes.len(), false);
        let datagram = Datagram {
            ip: Some(Ip::new([10, 0, 0, 2].into(), [10, 0, 0, 50].into())),
            ..Datagram::bare(&bytes)
        };
        selection.matches(Some(Timestamp(5)), &datagram, &packet, &outline, |each| {
            outline.problems.iter().for_each(each);
        })
    }

    #[test]
    fn every_test_can_hold_and_fail() {
        let none = Selection::default();
        assert!(matches(&none) && none.is_everything());
        let ip = |text: &str| text.parse::<IpTest>().unwrap();
        let holds = [
            Selection { macs: vec!["02:00:00:00:00:01".parse().unwrap()], ..none.clone() },
            Selection { macs: vec!["02:00:00".parse().unwrap()], ..none.clone() },
            Selection { xids: vec![1, 7], ..none.clone() },
            Selection { types: vec![Some(MessageType::OFFER)], ..none.clone() },
            Selection { ips: vec![ip("10.0.0.50")], ..none.clone() },
            Selection { ips: vec![ip("10.0.0.0/26")], ..none.clone() },
            Selection { servers: vec![ip("10.0.0.1")], ..none.clone() },
            Selection { servers: vec![ip("10.0.0.2/31")], ..none.clone() },
            Selection { since: Some(Timestamp(5)), until: Some(Timestamp(5)), ..none.clone() },
            Selection { xids: vec![8], inverted: true, ..none.clone() },
        ];
        let fails = [
            Selection { macs: vec!["02:00:00:00:00:02".parse().unwrap()], ..none.clone() },
            Selection { macs: vec!["02:00:01".parse().unwrap()], ..none.clone() },
            Selection { xids: vec![8], ..none.clone() },
            Selection { types: vec![None, Some(MessageType::ACK)], ..none.clone() },
            Selection { ips: vec![ip("10.0.0.51"), ip("10.1.0.0/16"), ip("2001:db8::/32")], ..none.clone() },
            Selection { servers: vec![ip("10.0.0.3")], ..none.clone() },
            Selection { since: Some(Timestamp(6)), ..none.clone() },
            Selection { until: Some(Timestamp(4)), ..none.clone() },
            Selection { problems: vec![ProblemTest::Code(Code::OptionTruncated)], ..none.clone() },
            Selection { xids: vec![7], inverted: true, ..none.clone() },
            Selection { until: Some(Timestamp(4)), inverted: true, ..none.clone() },
        ];
        assert!(holds.iter().all(matches));
        assert!(!fails.iter().any(matches));
    }

    #[test]
    fn prefixes_and_problems_are_read_from_text() {
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.1/"] {
            assert!(wrong.parse::<IpTest>().is_err(), "{wrong}");
        }
        assert!("0.0.0.0/0".parse::<IpTest>().unwrap().holds("255.1.2.3".parse().unwrap()));
        assert!("2001:db8::/32".parse::<IpTest>().unwrap().holds("2001:db8:1::1".parse().unwrap()));
        assert_eq!("error".parse(), Ok(ProblemTest::Severity(Severity::Error)));
        assert_eq!("end-missing".parse(), Ok(ProblemTest::Code(Code::EndMissing)));
        let error = "truncated".parse::<ProblemTest>().unwrap_err();
        assert!(error.contains("there is header-truncated"), "{error}");
    }
}
