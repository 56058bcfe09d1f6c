//! The clients of one round, and what each kind of provocation says.

use std::net::Ipv4Addr;

use fastrand::Rng;

use super::ProvokePlan;
use crate::engine::v4::draft::{Draft, OptionEdit, Overrides, opt};
use crate::engine::v4::recipe::{Recipe, Route, State};
use crate::wire::Mac;
use crate::wire::options::v4 as option;
use crate::wire::v4::{MIN_LEN, Message, MessageType, Op, Xid, code};

pub(super) use crate::wire::frame::PXE_PORT;
/// Everything a host, a boot loader or a web browser asks for.
const REQUEST_LIST: [u8; 22] = [
    option::SUBNET_MASK,
    option::ROUTERS,
    option::DOMAIN_NAME_SERVERS,
    option::HOST_NAME,
    option::DOMAIN_NAME,
    option::BROADCAST_ADDRESS,
    option::STATIC_ROUTES,
    option::NTP_SERVERS,
    option::VENDOR_ENCAPSULATED_OPTIONS,
    option::NETBIOS_NAME_SERVERS,
    option::DHCP_LEASE_TIME,
    option::DHCP_SERVER_IDENTIFIER,
    option::DHCP_RENEWAL_TIME,
    option::DHCP_REBINDING_TIME,
    option::TFTP_SERVER_NAME,
    option::BOOTFILE_NAME,
    option::CAPTIVE_PORTAL,
    option::DOMAIN_SEARCH,
    option::CLASSLESS_STATIC_ROUTES,
    option::TFTP_SERVER_ADDRESS,
    option::MS_CLASSLESS_ROUTES,
    option::WPAD,
];
/// What a PXE client asks for (PXE 2.1 §2.2.1).
const PXE_LIST: [u8; 20] = [
    option::SUBNET_MASK,
    option::TIME_OFFSET,
    option::ROUTERS,
    option::TIME_SERVERS,
    option::IEN116_NAME_SERVERS,
    option::DOMAIN_NAME_SERVERS,
    option::HOST_NAME,
    option::BOOT_SIZE,
    option::DOMAIN_NAME,
    option::ROOT_PATH,
    option::VENDOR_ENCAPSULATED_OPTIONS,
    option::DHCP_SERVER_IDENTIFIER,
    option::VENDOR_CLASS_IDENTIFIER,
    option::TFTP_SERVER_NAME,
    option::BOOTFILE_NAME,
    option::PXE_CLIENT_ID,
    option::PXE_128,
    option::PXE_129,
    option::PXE_130,
    option::TFTP_SERVER_ADDRESS,
];

/// A kind of provocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// DISCOVER.
    Discover,
    /// A BOOTP request: no message type.
    Bootp,
    /// A REQUEST that accepts the offer of a server that does not exist.
    Selecting,
    /// A REQUEST of a client that remembers an address from elsewhere.
    InitReboot,
    /// A REQUEST of a client whose lease from elsewhere runs out.
    Rebinding,
    /// INFORM.
    Inform,
    /// A DISCOVER of a PXE client.
    Pxe,
    /// A PXE client's REQUEST to a boot server.
    PxeBoot,
    /// A DISCOVER from the interface's own MAC: some networks let no other through, some servers know no other.
    OwnMac,
}

impl Probe {
    /// Every probe with the milliseconds from the start of a round at which it is sent.
    pub(super) const SCHEDULE: [(Self, &'static [u64]); 9] = [
        (Self::Discover, &[60, 250, 700, 1300, 2100]),
        (Self::Bootp, &[0, 500, 1100, 1900]),
        (Self::Pxe, &[120, 600, 1500, 2500]),
        (Self::Selecting, &[180, 650, 1400, 2300]),
        (Self::InitReboot, &[300, 800, 1600, 2400]),
        (Self::Rebinding, &[360, 900, 1700, 2600]),
        (Self::Inform, &[420, 1000, 1800, 2700]),
        (Self::PxeBoot, &[480, 1200, 2200]),
        (Self::OwnMac, &[220, 750, 1750]),
    ];

    /// True for the probes that a round of this plan has.
    pub(super) fn is_in(self, plan: &ProvokePlan) -> bool {
        match self {
            // With the own MAC a server could bind for ever, as BOOTP has it, what the machine itself has leased.
            Self::Bootp => !plan.own_mac || plan.addresses.is_empty(),
            Self::OwnMac => !plan.own_mac,
            _ => true,
        }
    }

    /// The name used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Bootp => "bootp",
            Self::Selecting => "request",
            Self::InitReboot => "init-reboot",
            Self::Rebinding => "rebinding",
            Self::Inform => "inform",
            Self::Pxe => "pxe",
            Self::PxeBoot => "pxe-4011",
            Self::OwnMac => "own-mac",
        }
    }
}

/// One invented client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) mac: Mac,
    id: [u8; 8],
}

impl Client {
    /// What every message of this client has in common.
    pub(super) fn recipe(self, plan: &ProvokePlan, xid: Xid) -> Recipe {
        let mut recipe = Recipe::new(self.mac, xid);
        recipe.request_list = REQUEST_LIST.to_vec();
        if self.mac == plan.mac {
            recipe.identity.push((opt::CLIENT_ID, [&[0][..], &self.id].concat()));
        }
        recipe.overrides = Overrides {
            broadcast: Some(true),
            vlans: plan.vlans.clone(),
            pad_to: Some(MIN_LEN),
            ..Overrides::default()
        };
        recipe
    }
}

/// Clients that were granted something, and come again.
#[derive(Clone, Debug, Default)]
pub(super) struct Regulars {
    /// What it meant as a decline was granted.
    pub(super) main: Option<Client>,
    /// By BOOTP.
    pub(super) bootp: Option<Client>,
    /// By a REQUEST, and the addresses that it wants.
    pub(super) requests: Option<(Client, [Ipv4Addr; 2])>,
}

/// One round: its clients and what they pretend.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// Of DISCOVER and PXE; of BOOTP; of the REQUESTs; of INFORM; with the interface's own MAC.
    pub(super) clients: [Client; 5],
    pub(super) xids: [Xid; 9],
    pub(super) decline_xid: Xid,
    pub(super) bogus_server: Ipv4Addr,
    pub(super) foreign: [Ipv4Addr; 2],
    pub(super) informs_from: Ipv4Addr,
    uuid: [u8; 16],
    /// The first client was offered an address.
    pub(super) offered: bool,
    /// The probes that were sent.
    pub(super) begun: Vec<Probe>,
}

impl Round {
    /// New clients, or those of another round, and addresses that mean nothing to anybody.
    pub(super) fn invent(plan: &ProvokePlan, like: Option<&Self>, rng: &mut Rng) -> Self {
        let mut client = || {
            let mut mac = Mac(rng.u64(..).to_be_bytes().first_chunk().copied().unwrap_or_default());
            // Locally administered, not a group (IEEE 802 §8.2).
            mac.0[0] = mac.0[0] & 0xfc | 0x02;
            Client { mac: if plan.own_mac { plan.mac } else { mac }, id: rng.u64(..).to_be_bytes() }
        };
        let mut clients = [client(), client(), client(), client(), client()];
        clients[4].mac = plan.mac;
        if let Some(like) = like {
            clients = like.clients;
        }
        let mut xid = || Xid(rng.u32(1..));
        let xids = [xid(), xid(), xid(), xid(), xid(), xid(), xid(), xid(), xid()];
        let decline_xid = xid();
        // Addresses that no network uses (RFC 5737).
        let mut host = |net: [u8; 3]| Ipv4Addr::new(net[0], net[1], net[2], rng.u8(1..255));
        let (bogus_server, invented) = (host([203, 0, 113]), [host([192, 0, 2]), host([198, 51, 100])]);
        let foreign = like.map_or(invented, |like| like.foreign);
        let link_local = Ipv4Addr::new(169, 254, rng.u8(1..255), rng.u8(1..255));
        let mut uuid = [0; 16];
        rng.fill(&mut uuid);
        Self {
            clients,
            xids,
            decline_xid,
            bogus_server,
            foreign,
            informs_from: plan.addresses.first().copied().unwrap_or(link_local),
            uuid,
            offered: false,
            begun: Vec::new(),
        }
    }

    /// Takes on clients that were granted something, where nothing was sent by its own yet.
    pub(super) fn take_on(&mut self, regulars: &Regulars) {
        let is_fresh =
            |round: &Self, probes: &[Probe]| !round.begun.iter().any(|begun| probes.contains(begun));
        let main = [Probe::Discover, Probe::Pxe, Probe::PxeBoot];
        if let Some(client) = regulars.main.filter(|_| is_fresh(self, &main)) {
            self.clients[0] = client;
        }
        if let Some(client) = regulars.bootp.filter(|_| is_fresh(self, &[Probe::Bootp])) {
            self.clients[1] = client;
        }
        let kinds = [Probe::Selecting, Probe::InitReboot, Probe::Rebinding];
        if let Some((client, foreign)) = regulars.requests.filter(|_| is_fresh(self, &kinds)) {
            self.clients[2] = client;
            self.foreign = foreign;
        }
    }

    /// Every probe with its transaction.
    pub(super) fn transactions(&self) -> impl Iterator<Item = (Probe, Xid)> {
        Probe::SCHEDULE.into_iter().map(|(probe, _)| probe).zip(self.xids)
    }

    /// Who sends a probe.
    pub(super) fn client(&self, probe: Probe) -> Client {
        let [main, bootp, requests, inform, own] = self.clients;
        match probe {
            Probe::Discover | Probe::Pxe | Probe::PxeBoot => main,
            Probe::Bootp => bootp,
            Probe::Selecting | Probe::InitReboot | Probe::Rebinding => requests,
            Probe::Inform => inform,
            Probe::OwnMac => own,
        }
    }

    pub(super) fn xid(&self, probe: Probe) -> Xid {
        self.transactions().find(|(kind, _)| *kind == probe).map_or(Xid(0), |(_, xid)| xid)
    }

    pub(super) fn bogus_route(&self) -> Route {
        Route { server: self.bogus_server, next_hop: self.bogus_server }
    }

    /// The `attempt`th message of a probe, `seconds` after the start.
    pub(super) fn draft(&self, plan: &ProvokePlan, probe: Probe, attempt: usize, seconds: u16) -> Draft {
        let mut recipe = self.client(probe).recipe(plan, self.xid(probe));
        // Some servers and relays only serve clients that have waited; the last attempt says it has.
        let last = Probe::SCHEDULE
            .iter()
            .any(|(kind, times)| *kind == probe && attempt.saturating_add(1) == times.len());
        let secs = if last { seconds.max(64) } else { seconds };
        // A server that checks sources (rp_filter) drops an address that is foreign to it, so every other attempt
        // comes from none.
        let sourceless = attempt.is_multiple_of(2);
        match probe {
            Probe::Discover | Probe::OwnMac => recipe.discover(secs, None),
            Probe::Bootp => {
                let mut message = Message::new(Op::REQUEST);
                message.set_mac(recipe.mac);
                message.xid = recipe.xid;
                message.secs = secs;
                message.remove_option(code::MESSAGE_TYPE);
                recipe.any(message, None, None)
            }
            Probe::Selecting => {
                recipe.request(State::Selecting, secs, self.foreign[0], Some(self.bogus_route()))
            }
            Probe::InitReboot => recipe.request(State::InitReboot, secs, self.foreign[0], None),
            Probe::Rebinding => {
                recipe.overrides.src_ip = sourceless.then_some(Ipv4Addr::UNSPECIFIED);
                recipe.request(State::Rebinding, secs, self.foreign[1], None)
            }
            Probe::Inform => recipe.inform(secs, self.informs_from, None),
            Probe::Pxe | Probe::PxeBoot => {
                pxe(&mut recipe, self, attempt);
                if probe == Probe::Pxe {
                    return recipe.discover(secs, None);
                }
                recipe.overrides.dst_port = Some(PXE_PORT);
                recipe.overrides.ciaddr = plan.addresses.first().copied();
                let mut message = Message::request(MessageType::REQUEST, recipe.xid, recipe.mac);
                message.secs = secs;
                recipe.any(message, None, None)
            }
        }
    }
}

/// Makes a client a PXE client (PXE 2.1 §2.2.1): a BIOS and a UEFI machine by turns, because boot servers are
/// configured for one of them.
fn pxe(recipe: &mut Recipe, round: &Round, attempt: usize) {
    let (arch, class): (u8, &[u8]) = if attempt.is_multiple_of(2) {
        (7, b"PXEClient:Arch:00007:UNDI:003016")
    } else {
        (0, b"PXEClient:Arch:00000:UNDI:002001")
    };
    recipe.request_list = PXE_LIST.to_vec();
    let uuid = [&[0][..], &round.uuid].concat();
    let options: [(u8, &[u8]); 4] = [
        (opt::VENDOR_CLASS, class),
        (option::PXE_SYSTEM_TYPE, &[0, arch]),
        (option::PXE_INTERFACE_ID, &[1, 3, 16]),
        (option::PXE_CLIENT_ID, &uuid),
    ];
    let edit = |(code, data): (u8, &[u8])| OptionEdit { code, data: data.to_vec() };
    recipe.overrides.options.extend(options.map(edit));
}
