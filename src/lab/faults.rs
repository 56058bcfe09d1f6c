//! What can be wrong with a lab's network, by name: one row each, with the codes by which a diagnosis must name it.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::ra::Mode;
use super::scene::{Boot, Edit, Habits, Plan, Trouble};
use super::settings::{AddressCheck, ROUTER, RogueKind, Settings, Silence, SixSettings, Trouble6};
use crate::wire::Mac;
use crate::wire::options::v4 as opt;
use crate::wire::v4::MessageType;

/// What is wrong with the near end of the cable, where the command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NearEnd {
    /// eth0 is down.
    LinkDown,
    /// eth0 is up, the other end of the cable is not.
    NoCarrier,
    /// A full queue keeps every frame from leaving eth0.
    Drops,
}

/// A lab with its faults applied.
#[derive(Clone, Debug, Default)]
pub struct Faulty {
    /// The servers.
    pub settings: Settings,
    /// What is wrong on the cable, and who else is there.
    pub plan: Plan,
    /// What is wrong with the near end.
    pub near: Option<NearEnd>,
}

/// A fault, or an oddity that is none.
#[derive(Debug)]
pub struct Fault {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its argument's default, as it is written on the command line; none where it takes none.
    pub argument: Option<&'static str>,
    /// What servers, relays, cable or neighbours do, in a few words.
    pub what: &'static str,
    /// The codes that must be named; none for what is healthy.
    pub codes: &'static [&'static str],
    /// It is of IPv6.
    pub six: bool,
    apply: Apply,
}

/// How a fault is made.
#[derive(Debug)]
enum Apply {
    Four(fn(&mut Faulty, &str, Mac) -> Result<(), String>),
    Six(fn(&mut Faulty)),
}

/// The fault called `name`.
pub fn by_name(name: &str) -> Option<&'static Fault> {
    FAULTS.iter().chain(FAULTS6).find(|fault| fault.name == name)
}

impl Fault {
    /// Makes the network so; `near` is the hardware address of the near end.
    ///
    /// # Errors
    ///
    /// When the fault takes no argument, or another kind of argument: what it takes, in a sentence.
    pub fn apply(&self, to: &mut Faulty, argument: Option<&str>, near: Mac) -> Result<(), String> {
        match (argument, self.argument) {
            (Some(_), None) => Err(format!("{} takes no argument", self.name)),
            (given, default) => match self.apply {
                Apply::Four(apply) => apply(to, given.or(default).unwrap_or_default(), near),
                Apply::Six(apply) => {
                    apply(to);
                    Ok(())
                }
            },
        }
    }
}

macro_rules! faults {
    ($($name:literal $(= $argument:literal)?: $what:literal => [$($code:literal),*] $apply:expr;)*) => {
        /// Every fault of DHCPv4, in the order of a diagnosis; what is healthy stands last.
        pub static FAULTS: &[Fault] = &[$(Fault {
            name: $name,
            argument: faults!(@argument $($argument)?),
            what: $what,
            codes: &[$($code),*],
            six: false,
            apply: Apply::Four($apply),
        }),*];
    };
    (@argument) => { None };
    (@argument $argument:literal) => { Some($argument) };
}

faults! {
    "link-down": "eth0 is down" => ["link-down"]
        |lab, _, _| { lab.near = Some(NearEnd::LinkDown); Ok(()) };
    "no-carrier": "the other end of the cable is down" => ["no-carrier"]
        |lab, _, _| { lab.near = Some(NearEnd::NoCarrier); Ok(()) };
    "egress-filter": "a queue on eth0 drops all that leaves" => ["frames-not-leaving"]
        |lab, _, _| { lab.near = Some(NearEnd::Drops); Ok(()) };
    "silent": "nobody serves" => ["no-answer", "everybody"]
        |lab, _, _| { lab.settings.silent = Some(Silence::All); Ok(()) };
    "wrong-vlan": "DHCP is served in VLAN 30 only" => ["no-answer", "vlan-seen"]
        |lab, _, _| {
            lab.plan.troubles.push(Trouble::OnlyVlan(30));
            for number in 1..=2 {
                let start = Duration::from_millis(u64::from(number).saturating_mul(700));
                lab.plan.clients.push(Habits { vlan: Some(30), start, ..Habits::client(number) });
            }
            Ok(())
        };
    "vlan-crossed": "replies leave in VLAN 30, whatever they answer (ask with --vlan 20)" => ["vlan-crossed"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::ReplyVlan(30)); Ok(()) };
    "stp" = "15s": "the port blocks so long, as spanning tree does" => ["slow-start"]
        |lab, text, _| { lab.plan.troubles.push(Trouble::Blocking(duration(text)?)); Ok(()) };
    "unauthorised": "the port asks for IEEE 802.1X and lets nothing else pass" => ["port-unauthorised"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::Unauthorised); Ok(()) };
    "mac-refused": "the server ignores eth0's hardware address" => ["per-client"]
        |lab, _, near| { lab.plan.troubles.push(Trouble::Ignores(near)); Ok(()) };
    "port-security": "the cable passes eth0's own hardware address alone" => ["mac-filtered"]
        |lab, _, near| { lab.plan.troubles.push(Trouble::OnlyMac(near)); Ok(()) };
    "pool-empty": "three addresses, held by neighbours who renew" => ["pool-exhausted"]
        |lab, _, _| { pool_empty(lab); Ok(()) };
    "starved" = "60": "a neighbour sends so many DISCOVERs with hardware addresses drawn by lot" => ["starvation"]
        |lab, text, _| { lab.plan.troubles.push(Trouble::Starves(number(text)?)); Ok(()) };
    "no-ack": "OFFER, but never an ACK" => ["no-ack"]
        |lab, _, _| { lab.settings.silent = Some(Silence::Request); Ok(()) };
    "nak": "every REQUEST is refused" => ["nak-after-offer"]
        |lab, _, _| { lab.settings.nak = true; Ok(()) };
    "nak-other": "a second server refuses what the first acknowledges" => ["nak-by-other-server"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::Second(MessageType::NAK)); Ok(()) };
    "two-acks": "a second server acknowledges too" => ["ack-by-other-server"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::Second(MessageType::ACK)); Ok(()) };
    "other-address": "the ACK gives another address than the OFFER" => ["ack-other-address"]
        |lab, _, _| { lab.settings.other_address = true; Ok(()) };
    "no-server-id": "replies lack the server identifier" => ["server-id-missing"]
        |lab, _, _| reply(lab, [Edit::Without(opt::DHCP_SERVER_IDENTIFIER)]);
    "no-lease-time": "replies lack the lease time" => ["lease-time-missing"]
        |lab, _, _| reply(lab, [Edit::Without(opt::DHCP_LEASE_TIME)]);
    "bad-timers": "T1 is 3600 s, T2 600 s" => ["timers-disordered"]
        |lab, _, _| {
            lab.settings.lease_time = Duration::from_hours(2);
            reply(lab, [seconds(opt::DHCP_RENEWAL_TIME, 3600), seconds(opt::DHCP_REBINDING_TIME, 600)])
        };
    "bad-mask": "the mask is 255.0.255.0" => ["mask-bad"]
        |lab, _, _| reply(lab, [Edit::With(opt::SUBNET_MASK, vec![255, 0, 255, 0])]);
    "router-off-subnet": "the router is 10.99.0.1, the mask a /24" => ["router-off-subnet"]
        |lab, _, _| reply(lab, [
            Edit::With(opt::SUBNET_MASK, vec![255, 255, 255, 0]),
            Edit::With(opt::ROUTERS, vec![10, 99, 0, 1]),
        ]);
    "router-dead": "the router's address is nobody's" => ["gateway-silent"]
        |lab, _, _| reply(lab, [Edit::With(opt::ROUTERS, vec![10, 0, 0, 253])]);
    "router-twice": "two machines have the router's address" => ["gateway-two-macs"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::Host(ROUTER, Mac([2, 0, 0, 0, 4, 1]))); Ok(()) };
    "no-default": "option 121 without a default route, beside option 3" => ["routes-without-default"]
        |lab, _, _| reply(lab, [Edit::With(opt::CLASSLESS_STATIC_ROUTES, vec![24, 192, 168, 5, 10, 0, 0, 254])]);
    "dns-dead": "the name server is a neighbour that serves no names" => ["dns-silent"]
        |lab, _, _| {
            let address = Ipv4Addr::new(10, 0, 0, 252);
            lab.plan.troubles.push(Trouble::Host(address, Mac([2, 0, 0, 0, 4, 2])));
            reply(lab, [Edit::With(opt::DOMAIN_NAME_SERVERS, address.octets().to_vec())])
        };
    "dns-zero": "the name server is 0.0.0.0" => ["dns-unusable"]
        |lab, _, _| reply(lab, [Edit::With(opt::DOMAIN_NAME_SERVERS, vec![0; 4])]);
    "bad-checksum": "the server's UDP checksums are wrong; a neighbour drops such" => ["reply-checksum-bad"]
        |lab, _, _| {
            for number in 1..=2 {
                let start = Duration::from_millis(u64::from(number).saturating_mul(400));
                let patience = Duration::from_millis(2500);
                lab.plan.clients.push(Habits { picky: true, start, patience, ..Habits::client(number) });
            }
            reply(lab, [Edit::BadChecksum])
        };
    "unicast-only": "the server unicasts in spite of the BROADCAST flag" => ["broadcast-flag-ignored"]
        |lab, _, _| reply(lab, [Edit::Unicast]);
    "bad-xid": "replies carry the transaction identifier with its bytes swapped" => ["xid-mismatch"]
        |lab, _, _| reply(lab, [Edit::SwapXid]);
    "bad-client-id": "the client identifier comes back changed" => ["client-id-altered"]
        |lab, _, _| reply(lab, [Edit::ClientId]);
    "wrong-destination": "the ACK goes to another address and machine" => ["reply-misdirected"]
        |lab, _, _| reply(lab, [Edit::Misdirect]);
    "slow" = "6s": "the server pings so long before it offers" => ["answer-too-slow"]
        |lab, text, _| {
            lab.settings.slow_check = Some(AddressCheck::Icmp);
            lab.settings.check_time = duration(text)?;
            Ok(())
        };
    "occupied": "the first address that is offered is in use" => ["address-conflict"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::FirstOffered(Mac([2, 0, 0, 0, 0x99, 0x99]))); Ok(()) };
    "proxy-arp": "a neighbour answers every ARP request" => ["proxy-arp"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::ProxyArp(Mac([2, 0, 0, 0, 4, 3]))); Ok(()) };
    "rogue": "a second server gives itself as router" => ["servers-disagree"]
        |lab, _, _| { lab.settings.rogue = Some(RogueKind::Gateway); Ok(()) };
    "no-renew": "the server drops REQUESTs by unicast, answers broadcast ones" => ["renewal-unanswered"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::NoUnicast); Ok(()) };
    "daemon-dead": "renewals are answered by ICMP port unreachable" => ["icmp-refused"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::PortUnreachable); Ok(()) };
    "relay-drops": "the relay drops replies without option 82, the server does not echo it" => ["relay-drops-reply", "option-82-not-echoed"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::RelayDrops); Ok(()) };
    "no-pool-for-relay": "two relays; the server knows the network of the other one" => ["giaddr-unserved"]
        |lab, _, _| {
            lab.plan.troubles.push(Trouble::RelayUnserved);
            for number in 1..=2 {
                let start = Duration::from_secs(u64::from(number));
                lab.plan.clients.push(Habits { start, ..Habits::client(number) });
            }
            Ok(())
        };

    "host-drops-replies": "a client with eth0's hardware address is answered and hears nothing (a client must hold eth0)" => ["host-drops-replies"]
        |lab, _, near| {
            let patience = Duration::from_millis(2500);
            lab.plan.clients.push(Habits { mac: near, deaf: true, patience, ..Habits::client(1) });
            Ok(())
        };
    "stale-lease": "servers are silent to who asks for an address of another network (ask with --ip 192.168.7.7)" => ["lease-foreign", "stale-address-not-refused"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::NoReboot); Ok(()) };
    "boot-file": "the boot file is not on its TFTP server (ask with --pxe)" => ["boot-file-missing"]
        |lab, _, _| boot(lab, Boot { http: false, there: false, menu: false });
    "boot-file-http": "the boot file is not on its web server (ask with --pxe)" => ["boot-file-missing"]
        |lab, _, _| boot(lab, Boot { http: true, there: false, menu: false });
    "pxe-4011": "a boot server offers, and is silent on port 4011 (ask with --pxe)" => ["pxe-4011-silent"]
        |lab, _, _| {
            lab.settings.rogue = Some(RogueKind::Pxe);
            lab.plan.troubles.push(Trouble::NoMenu);
            Ok(())
        };
    "loss" = "40": "so many frames of a hundred are lost, in each direction" => ["lossy"]
        |lab, text, _| { lab.settings.loss = f64::from(number(text)?.min(100)); Ok(()) };
    "pxe-no-boot": "a PXE client is told no boot file" => ["pxe-no-boot-file"]
        |lab, _, _| {
            let vendor_class = Some("PXEClient:Arch:00007:UNDI:003016".to_owned());
            lab.plan.clients.push(Habits { vendor_class, only_asks: true, ..Habits::client(1) });
            Ok(())
        };
    "clones": "two machines share a client identifier" => ["client-id-shared"]
        |lab, _, _| {
            for number in 1..=2 {
                let start = Duration::from_secs(u64::from(number));
                let client_id = Some(vec![0xff, 0, 0, 0, 1, 0, 2, 0, 0, 0xab, 0x11, 1, 2, 3, 4]);
                lab.plan.clients.push(Habits { client_id, start, ..Habits::client(number) });
            }
            Ok(())
        };
    "mac-churn": "one telephone comes with a new hardware address again and again" => ["mac-churn"]
        |lab, _, _| {
            for number in 1..=6 {
                let start = Duration::from_millis(u64::from(number).saturating_mul(900));
                let hostname = Some("Mias-iPhone".to_owned());
                let mac = Mac([0x6e, 0x31, number, 0xb7, 0x0c, number.wrapping_mul(37)]);
                lab.plan.clients.push(Habits { mac, hostname, start, ..Habits::client(number) });
            }
            Ok(())
        };
    "relay-loop": "two relays hand every DISCOVER to each other" => ["relay-loop"]
        |lab, _, _| { lab.plan.troubles.push(Trouble::RelayLoop); Ok(()) };

    "pxe": "healthy: the boot file is on its TFTP server (ask with --pxe)" => []
        |lab, _, _| boot(lab, Boot { http: false, there: true, menu: false });
    "pxe-http": "healthy: the boot file is on its web server (ask with --pxe)" => []
        |lab, _, _| boot(lab, Boot { http: true, there: true, menu: false });
    "pxe-proxy": "healthy: a boot server names the file on port 4011 (ask with --pxe)" => []
        |lab, _, _| {
            lab.settings.rogue = Some(RogueKind::Pxe);
            boot(lab, Boot { http: false, there: true, menu: true })
        };
    "host-route": "healthy: the mask is a /32, the router comes by option 121" => []
        |lab, _, _| reply(lab, [Edit::HostMask]);
    "crowd" = "20": "healthy: so many neighbours come, renew, and are refused once as they move in" => []
        |lab, text, _| {
            for client in 1..=u8::try_from(number(text)?.min(200)).unwrap_or(200) {
                let start = Duration::from_millis(u64::from(client).saturating_mul(350));
                let reboot = Some(Ipv4Addr::new(192, 168, 7, client));
                let renew = Some(Duration::from_secs(3));
                lab.plan.clients.push(Habits { start, renew, reboot, ..Habits::client(client) });
            }
            Ok(())
        };
}

/// What can be wrong with DHCPv6 and routers; `discover -6` and `doctor` name it.
pub static FAULTS6: &[Fault] = &[
    six(
        "v6-no-server",
        "the router sends hosts to DHCPv6, where nobody answers",
        &["m-flag-no-server"],
        |lab| {
            trouble(lab, Trouble6::NoServers);
        },
    ),
    six("v6-no-inform", "INFORMATION-REQUEST is not answered", &["o-flag-no-answer"], |lab| {
        trouble(lab, Trouble6::NoInform);
    }),
    six("v6-no-router", "DHCPv6 is served, but there is no router", &["no-router"], |lab| {
        spoken(lab).ra = None;
    }),
    six(
        "v6-no-flag",
        "DHCPv6 is served, but the router sends nobody there",
        &["server-without-flag"],
        |lab| {
            spoken(lab).ra = Some(Mode::Slaac);
        },
    ),
    six("v6-lifetime-zero", "the router is no default router", &["router-lifetime-zero"], |lab| {
        trouble(lab, Trouble6::NotDefault);
    }),
    six("v6-two-routers", "a second router says the contrary of the first", &["routers-disagree"], |lab| {
        trouble(lab, Trouble6::SecondRouter);
    }),
    six("v6-no-addresses", "DHCPv6 gives no addresses: NoAddrsAvail", &["no-addresses"], |lab| {
        trouble(lab, Trouble6::NoAddresses);
    }),
    six("v6-no-prefix", "DHCPv6 delegates no prefix: NoPrefixAvail", &["pd-refused"], |lab| {
        trouble(lab, Trouble6::NoPrefixes);
    }),
    six("v6-ignores-pd", "DHCPv6 passes over IA_PD in silence", &["pd-ignored"], |lab| {
        trouble(lab, Trouble6::IgnoresPd);
    }),
    six("v6-bad-timers", "T1 is after T2", &["t1-after-t2"], |lab| {
        trouble(lab, Trouble6::TimersDisordered);
    }),
    six(
        "v6-inverted",
        "leases are preferred for longer than they are valid",
        &["lifetime-inverted"],
        |lab| {
            trouble(lab, Trouble6::LifetimesInverted);
        },
    ),
    six(
        "v6-link-local",
        "DHCPv6 gives addresses that lead nowhere, fe80::",
        &["address-not-global"],
        |lab| {
            trouble(lab, Trouble6::LinkLocal);
        },
    ),
    six(
        "v6-off-link",
        "addresses are of a prefix that no router calls on-link",
        &["address-not-on-link"],
        |lab| {
            trouble(lab, Trouble6::OffLink);
        },
    ),
    six("v6-no-dns", "nobody names a name server", &["dns-missing"], |lab| {
        trouble(lab, Trouble6::NoDns);
    }),
    six("v6-long-prefix", "the prefix for stateless addresses is no /64", &["slaac-broken"], |lab| {
        trouble(lab, Trouble6::LongPrefix);
    }),
];

const fn six(
    name: &'static str,
    what: &'static str,
    codes: &'static [&'static str],
    apply: fn(&mut Faulty),
) -> Fault {
    Fault { name, argument: None, what, codes, six: true, apply: Apply::Six(apply) }
}

/// IPv6, which a lab with such a fault speaks.
fn spoken(lab: &mut Faulty) -> &mut SixSettings {
    lab.settings.six.get_or_insert_with(SixSettings::default)
}

fn trouble(lab: &mut Faulty, trouble: Trouble6) {
    spoken(lab).troubles.push(trouble);
}

/// Three addresses and four takers: one of the three gives way to the fourth in sight of all, and all others ask in vain.
fn pool_empty(lab: &mut Faulty) {
    let moves = Duration::from_millis(1500);
    lab.settings.pool_size = 3;
    let renew = Some(Duration::from_secs(2));
    for number in 1..=3 {
        let leave = (number == 3).then_some(moves);
        lab.plan.clients.push(Habits { renew, leave, ..Habits::client(number) });
    }
    lab.plan.clients.push(Habits { start: moves, renew, ..Habits::client(4) });
    for number in 5..=8 {
        let start = moves.saturating_add(Duration::from_millis(u64::from(number).saturating_mul(60)));
        let patience = Duration::from_millis(2700);
        lab.plan.clients.push(Habits { start, patience, ..Habits::client(number) });
    }
}

#[allow(clippy::unnecessary_wraps, reason = "it ends the rows' functions, which may fail")]
fn boot(lab: &mut Faulty, boot: Boot) -> Result<(), String> {
    lab.plan.troubles.push(Trouble::Boot(boot));
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "it ends the rows' functions, which may fail")]
fn reply<const N: usize>(lab: &mut Faulty, edits: [Edit; N]) -> Result<(), String> {
    lab.plan.troubles.extend(edits.map(Trouble::Reply));
    Ok(())
}

fn seconds(code: u8, value: u32) -> Edit {
    Edit::With(code, value.to_be_bytes().to_vec())
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("write a duration, such as 15s, not {text}"))
}

fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("write a number, not {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_be_made_and_is_named_once() {
        let near = Mac([2, 0, 0, 0, 1, 0]);
        let mut names = std::collections::BTreeSet::new();
        for fault in FAULTS.iter().chain(FAULTS6) {
            assert!(names.insert(fault.name), "{} stands twice", fault.name);
            let mut lab = Faulty::default();
            fault.apply(&mut lab, None, near).unwrap();
            let changed = lab.settings != Settings::default() || !lab.plan.is_quiet() || lab.near.is_some();
            assert!(changed, "{} changes nothing", fault.name);
            assert_eq!(fault.what.starts_with("healthy"), fault.codes.is_empty(), "{}", fault.name);
            if fault.argument.is_none() {
                assert!(fault.apply(&mut lab, Some("1"), near).is_err());
            }
        }
        assert!(by_name("stp").unwrap().apply(&mut Faulty::default(), Some("soon"), near).is_err());
    }
}
