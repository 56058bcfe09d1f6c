//! Other machines on the cable: clients with needs of their own, and hosts that answer ARP.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::parcel::{Parcel, tag};
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::frame::Checksum;
use crate::wire::options::v4 as opt;
use crate::wire::v4::{CLIENT_PORT, Message, MessageType, SERVER_PORT, Xid};

/// How long a client waits after a NAK before it begins again.
const DENIED: Duration = Duration::from_secs(1);

/// What a client on the cable does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Its hardware address.
    pub mac: Mac,
    /// Its host name.
    pub hostname: Option<String>,
    /// Its client identifier.
    pub client_id: Option<Vec<u8>>,
    /// When it begins, counted from the lab's start.
    pub start: Duration,
    /// How long it waits before it asks again.
    pub patience: Duration,
    /// It takes no notice of replies whose UDP checksum is wrong, as kernels do not either.
    pub picky: bool,
    /// It hears nothing of what is said to it.
    pub deaf: bool,
    /// It only asks and takes nothing.
    pub only_asks: bool,
    /// How often it renews what it holds.
    pub renew: Option<Duration>,
    /// It begins by asking for an address of another network (INIT-REBOOT).
    pub reboot: Option<Ipv4Addr>,
    /// It gives its address back so long after it got it.
    pub leave: Option<Duration>,
    /// Its vendor class.
    pub vendor_class: Option<String>,
    /// It lives in this VLAN.
    pub vlan: Option<u16>,
}

impl Habits {
    /// An ordinary client that begins at once.
    pub fn client(number: u8) -> Self {
        Self {
            mac: Mac([2, 0, 0, 0, 2, number]),
            hostname: Some(format!("neighbour-{number}")),
            client_id: None,
            start: Duration::ZERO,
            patience: Duration::from_secs(4),
            picky: false,
            deaf: false,
            only_asks: false,
            renew: None,
            reboot: None,
            leave: None,
            vendor_class: None,
            vlan: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Rebooting,
    Selecting,
    Requesting { address: Ipv4Addr, server: Ipv4Addr },
    Bound { address: Ipv4Addr, server: Ipv4Addr, since: Instant },
    Gone,
}

/// A client on the cable.
#[derive(Clone, Debug)]
pub struct Neighbour {
    habits: Habits,
    stage: Stage,
    xid: u32,
    began: Instant,
    due: Option<Instant>,
}

impl Neighbour {
    /// A client that begins when its habits say, counted from `origin`.
    pub fn new(habits: Habits, origin: Instant) -> Self {
        let due = Some(origin.after(habits.start));
        let [.., a, b, c] = habits.mac.0;
        let xid = u32::from_be_bytes([0x4e, a, b, c]);
        Self { habits, stage: Stage::Waiting, xid, began: origin, due }
    }

    /// Its hardware address.
    pub fn mac(&self) -> Mac {
        self.habits.mac
    }

    /// The address it holds.
    pub fn address(&self) -> Option<Ipv4Addr> {
        match self.stage {
            Stage::Bound { address, .. } => Some(address),
            _ => None,
        }
    }

    /// When it wants to speak next.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What it says now that the time has come.
    pub fn speak(&mut self, now: Instant) -> Option<Parcel> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.due = None;
        match self.stage {
            Stage::Waiting => {
                self.began = now;
                if self.habits.reboot.is_some() { Some(self.reboot(now)) } else { Some(self.discover(now)) }
            }
            // Nobody answered: from the start, or once more.
            Stage::Rebooting | Stage::Requesting { .. } => {
                self.xid = self.xid.wrapping_add(0x0100_0000);
                Some(self.discover(now))
            }
            Stage::Selecting => Some(self.discover(now)),
            Stage::Bound { address, server, since } => {
                if self.habits.leave.is_some_and(|leave| since.after(leave) <= now) {
                    self.stage = Stage::Gone;
                    return Some(self.release(address, server));
                }
                self.xid = self.xid.wrapping_add(0x0100_0000);
                self.plan_bound(since, now);
                Some(self.renew(address))
            }
            Stage::Gone => None,
        }
    }

    /// What it says to a reply; `checksum` is that of its UDP header.
    pub fn hear(&mut self, reply: &Parcel, checksum: Checksum, now: Instant) -> Option<Parcel> {
        let message = &reply.message;
        let ours = message.xid == Xid(self.xid) && message.client().mac() == Some(self.habits.mac);
        if !ours || self.habits.deaf || (self.habits.picky && checksum == Checksum::Bad) {
            return None;
        }
        match (message.message_type()?, self.stage) {
            (MessageType::OFFER, Stage::Selecting) if !self.habits.only_asks => {
                let server = message.ip_option(opt::DHCP_SERVER_IDENTIFIER)?;
                let address = message.yiaddr;
                if address.is_unspecified() {
                    return None;
                }
                self.stage = Stage::Requesting { address, server };
                self.due = Some(now.after(self.habits.patience));
                let mut request = self.message(MessageType::REQUEST);
                request.set_option(opt::DHCP_REQUESTED_ADDRESS, &address.octets());
                request.set_option(opt::DHCP_SERVER_IDENTIFIER, &server.octets());
                Some(self.broadcast(request))
            }
            (MessageType::ACK, Stage::Rebooting | Stage::Requesting { .. } | Stage::Bound { .. }) => {
                let server = message.ip_option(opt::DHCP_SERVER_IDENTIFIER)?;
                self.stage = Stage::Bound { address: message.yiaddr, server, since: self.since(now) };
                self.plan_bound(self.since(now), now);
                None
            }
            (MessageType::NAK, Stage::Rebooting | Stage::Requesting { .. } | Stage::Bound { .. }) => {
                // From the start, after a pause: where every request is denied it would go round for ever within one frame.
                self.xid = self.xid.wrapping_add(0x0100_0000);
                self.began = now.after(DENIED);
                self.stage = Stage::Selecting;
                self.due = Some(self.began);
                None
            }
            _ => None,
        }
    }

    fn since(&self, now: Instant) -> Instant {
        if let Stage::Bound { since, .. } = self.stage { since } else { now }
    }

    fn plan_bound(&mut self, since: Instant, now: Instant) {
        let renew = self.habits.renew.map(|every| now.after(every));
        let leave = self.habits.leave.map(|leave| since.after(leave));
        self.due = [renew, leave].into_iter().flatten().min();
    }

    fn discover(&mut self, now: Instant) -> Parcel {
        self.stage = Stage::Selecting;
        self.due = Some(now.after(self.habits.patience));
        let mut message = self.message(MessageType::DISCOVER);
        let waited = now.since(self.began).checked_div(1_000_000_000).unwrap_or(0);
        message.secs = u16::try_from(waited.max(0)).unwrap_or(u16::MAX);
        self.broadcast(message)
    }

    fn reboot(&mut self, now: Instant) -> Parcel {
        self.stage = Stage::Rebooting;
        self.due = Some(now.after(self.habits.patience));
        let mut message = self.message(MessageType::REQUEST);
        if let Some(address) = self.habits.reboot {
            message.set_option(opt::DHCP_REQUESTED_ADDRESS, &address.octets());
        }
        self.broadcast(message)
    }

    /// Renewals are sent to everybody (REBINDING), so that all on the cable hear both halves.
    fn renew(&self, address: Ipv4Addr) -> Parcel {
        let mut message = self.message(MessageType::REQUEST);
        message.ciaddr = address;
        let mut parcel = self.broadcast(message);
        parcel.addrs.0 = address;
        parcel
    }

    fn release(&self, address: Ipv4Addr, server: Ipv4Addr) -> Parcel {
        let mut message = self.message(MessageType::RELEASE);
        message.ciaddr = address;
        message.set_broadcast(false);
        message.set_option(opt::DHCP_SERVER_IDENTIFIER, &server.octets());
        let mut parcel = self.broadcast(message);
        parcel.addrs = (address, server);
        parcel
    }

    fn message(&self, kind: MessageType) -> Message {
        let mut message = Message::request(kind, Xid(self.xid), self.habits.mac);
        message.set_broadcast(true);
        if let Some(id) = &self.habits.client_id {
            message.set_option(opt::DHCP_CLIENT_IDENTIFIER, id);
        }
        if kind != MessageType::RELEASE {
            if let Some(name) = &self.habits.hostname {
                message.set_option(opt::HOST_NAME, name.as_bytes());
            }
            if let Some(class) = &self.habits.vendor_class {
                message.set_option(opt::VENDOR_CLASS_IDENTIFIER, class.as_bytes());
            }
            message.set_option(opt::DHCP_PARAMETER_REQUEST_LIST, &[1, 3, 6, 15, 51, 54]);
        }
        message
    }

    fn broadcast(&self, message: Message) -> Parcel {
        Parcel {
            tags: self.habits.vlan.map(tag).unwrap_or_default(),
            src: self.habits.mac,
            dst: Mac::BROADCAST,
            addrs: (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST),
            ports: (CLIENT_PORT, SERVER_PORT),
            message,
            bad_checksum: false,
        }
    }
}
