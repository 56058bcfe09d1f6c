//! One embedded DHCP server: a query and the time in, at most one answer out (RFC 2131 §4.3).

use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::query::{Dhcp, PXE_PORT};
use crate::lab::leases::{ClientKey, LeaseState, Leases};
use crate::time::Instant;
use crate::wire::options::v4 as option;
use crate::wire::v4::{COOKIE, FIXED_LEN, MIN_LEN, MessageType, code};
use crate::wire::{Mac, Prefix};

/// What kind of server it plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// One that does as RFC 2131 says.
    #[default]
    Honest,
    /// One that denies every REQUEST, whoever it is for.
    Denier,
    /// One that answers BOOTP requests only.
    Bootp,
    /// A proxyDHCP server: boot information for PXE clients, no addresses.
    Pxe,
}

/// How a server misbehaves.
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// REQUESTs are denied.
    pub nak: bool,
    /// Nothing is offered.
    pub no_offer: bool,
    /// Nothing is acknowledged.
    pub no_ack: bool,
    /// An ACK carries another address than the OFFER did.
    pub other_address: bool,
    /// BOOTP requests are answered too.
    pub bootp: bool,
}

/// A server's identity, pool and what it hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Server identifier and source address.
    pub id: Ipv4Addr,
    /// Hardware address.
    pub mac: Mac,
    /// The first address of the pool.
    pub pool: Ipv4Addr,
    /// How many addresses the pool has.
    pub pool_size: u32,
    /// Prefix length of the segment.
    pub prefix: u8,
    /// How long leases run.
    pub lease_time: Duration,
    /// Options given when they are asked for, by code.
    pub options: Vec<(u8, Vec<u8>)>,
    /// What kind of server it is.
    pub role: Role,
    /// Its misbehaviour.
    pub quirks: Quirks,
}

/// A server with its leases. Shared between threads: only the leases are behind a lock, briefly.
#[derive(Debug)]
pub struct Server {
    /// Who it is.
    pub identity: Identity,
    leases: Mutex<Leases>,
}

/// How long an offer is kept for a client that has not asked for it yet.
const OFFER_HOLD: Duration = Duration::from_secs(30);
/// How long a declined address rests.
const DECLINE_HOLD: Duration = Duration::from_mins(10);

/// What a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// OFFER, ACK or NAK; none for a BOOTP reply.
    pub kind: Option<MessageType>,
    /// `yiaddr`.
    pub address: Ipv4Addr,
    /// Seconds; none where no lease is granted.
    pub lease: Option<u32>,
    /// Option 56.
    pub message: &'static str,
    /// The address was never offered to this client before: a careful server looks first whether it is in use.
    pub first: bool,
}

impl Answer {
    fn new(kind: MessageType, address: Ipv4Addr) -> Self {
        Self { kind: Some(kind), address, lease: None, message: "", first: false }
    }

    fn nak(message: &'static str) -> Self {
        Self { message, ..Self::new(MessageType::NAK, Ipv4Addr::UNSPECIFIED) }
    }
}

impl Server {
    /// A server without leases.
    pub fn new(identity: Identity) -> Self {
        let leases = Mutex::new(Leases::new(identity.pool_size));
        Self { identity, leases }
    }

    /// Decides what to answer, and keeps the leases accordingly.
    pub fn answer(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        let quirks = self.identity.quirks;
        match (self.identity.role, query.kind) {
            (Role::Denier, Some(MessageType::REQUEST)) => Some(Answer::nak("address not available")),
            (Role::Pxe, Some(kind)) => Self::boot(query, kind),
            (Role::Bootp, None) => self.bootp(query, now),
            (Role::Honest, None) if quirks.bootp => self.bootp(query, now),
            (Role::Honest, Some(kind)) if query.port != PXE_PORT => match kind {
                MessageType::DISCOVER if !quirks.no_offer => self.offer(query, now),
                MessageType::REQUEST if quirks.no_ack => None,
                MessageType::REQUEST if quirks.nak => Some(Answer::nak("requests are denied here")),
                MessageType::REQUEST => self.request(query, now),
                MessageType::INFORM if !quirks.no_ack => {
                    Some(Answer::new(MessageType::ACK, Ipv4Addr::UNSPECIFIED))
                }
                MessageType::RELEASE => self.release(query, now),
                MessageType::DECLINE => self.decline(query, now),
                _ => None,
            },
            _ => None,
        }
    }

    /// The address of `client` was found to be in use: it rests, and another one is offered.
    pub fn conflict(&self, address: Ipv4Addr, now: Instant) {
        if let Some(index) = self.index(address) {
            self.leases().decline(index, now.after(DECLINE_HOLD));
        }
    }

    /// True when the address is one of the pool's.
    pub fn owns(&self, address: Ipv4Addr) -> bool {
        self.index(address).is_some()
    }

    /// How many leases are bound.
    pub fn bound(&self, now: Instant) -> usize {
        self.leases().bound(now)
    }

    fn offer(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        let client = query.client();
        let mut leases = self.leases();
        let known = leases.of(client);
        let wish = query.requested.and_then(|address| self.index(address));
        let index = leases.find(client, wish, now)?;
        if known.is_none_or(|lease| lease.state != LeaseState::Bound || lease.until <= now) {
            leases.give(client, index, LeaseState::Offered, now, OFFER_HOLD);
        }
        drop(leases);
        let first = known.is_none();
        Some(Answer {
            lease: Some(self.lease_seconds()),
            first,
            ..Answer::new(MessageType::OFFER, self.address(index))
        })
    }

    /// RFC 2131 §4.3.2: by the fields that are filled in, one of four states of the client.
    fn request(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        let client = query.client();
        let mut leases = self.leases();
        let held = leases.of(client).filter(|lease| lease.until > now);
        let asked = query.requested.unwrap_or(query.ciaddr);
        let index = self.index(asked);
        let fits = index.is_some() && held.map(|lease| lease.index) == index;
        if let Some(server) = query.server_id {
            // SELECTING: the offer was taken, ours or another's.
            if server != self.identity.id {
                leases.withdraw(client, now);
                return None;
            }
            let free = held.is_none() && index.is_some_and(|index| leases.is_free(index, now));
            if !fits && !free {
                return Some(Answer::nak("address was not offered"));
            }
        } else if query.ciaddr.is_unspecified() {
            // INIT-REBOOT: silence unless the client is known or on the wrong network.
            if !self.on_segment(asked) {
                return Some(Answer::nak("wrong network"));
            }
            held?;
            if !fits {
                return Some(Answer::nak("wrong address"));
            }
        } else if !fits {
            // RENEWING comes to this server alone; REBINDING to everybody, and only what is ours to deny is denied.
            let ours = !query.was_broadcast() || index.is_some() || !self.on_segment(asked);
            return ours.then(|| Answer::nak("lease not found"));
        }
        let index = index?;
        leases.give(client, index, LeaseState::Bound, now, self.identity.lease_time);
        drop(leases);
        let shift = u32::from(self.identity.quirks.other_address);
        let address = self.address(index.saturating_add(shift));
        Some(Answer { lease: Some(self.lease_seconds()), ..Answer::new(MessageType::ACK, address) })
    }

    fn release(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        if query.server_id.is_none_or(|server| server == self.identity.id)
            && let Some(index) = self.index(query.ciaddr)
        {
            self.leases().release(query.client(), index, now);
        }
        None
    }

    fn decline(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        if query.server_id.is_none_or(|server| server == self.identity.id)
            && let Some(index) = query.requested.and_then(|address| self.index(address))
        {
            let mut leases = self.leases();
            if leases.of(query.client()).is_some_and(|lease| lease.index == index) {
                leases.decline(index, now.after(DECLINE_HOLD));
            }
        }
        None
    }

    /// BOOTP (RFC 951, RFC 1534): an address for good, which here means the longest there is.
    fn bootp(&self, query: &Dhcp<'_>, now: Instant) -> Option<Answer> {
        let client: ClientKey = query.client();
        let mut leases = self.leases();
        let index = leases.find(client, None, now)?;
        leases.give(client, index, LeaseState::Bound, now, Duration::MAX);
        drop(leases);
        Some(Answer { kind: None, ..Answer::new(MessageType::ACK, self.address(index)) })
    }

    /// A proxyDHCP server answers PXE clients: OFFER on the server port, ACK on the boot server port
    /// (PXE specification 2.1 §2.2).
    fn boot(query: &Dhcp<'_>, kind: MessageType) -> Option<Answer> {
        let answer = match kind {
            MessageType::DISCOVER if query.port != PXE_PORT => MessageType::OFFER,
            MessageType::REQUEST | MessageType::INFORM if query.port == PXE_PORT => MessageType::ACK,
            _ => return None,
        };
        query.vendor_class.starts_with(b"PXEClient").then(|| Answer::new(answer, Ipv4Addr::UNSPECIFIED))
    }

    /// Appends the message of an answer to `out`.
    pub fn write(&self, query: &Dhcp<'_>, answer: &Answer, via_relay: Option<Ipv4Addr>, out: &mut Vec<u8>) {
        let start = out.len();
        let head = query.packet.bytes();
        out.extend([2, query.packet.htype().unwrap_or(1), query.packet.hlen().unwrap_or(6), 0]);
        out.extend(head.get(4..8).unwrap_or(&[0; 4])); // xid
        out.extend([0, 0]);
        out.extend(head.get(10..12).unwrap_or(&[0; 2])); // flags
        let denied = answer.kind == Some(MessageType::NAK);
        let acknowledged = answer.kind == Some(MessageType::ACK);
        out.extend(if acknowledged { query.ciaddr } else { Ipv4Addr::UNSPECIFIED }.octets());
        out.extend(answer.address.octets());
        out.extend([0; 4]);
        out.extend(via_relay.unwrap_or(query.giaddr).octets());
        out.extend(query.packet.chaddr_field());
        out.resize(start.saturating_add(FIXED_LEN), 0);
        out.extend(COOKIE);
        if let Some(kind) = answer.kind {
            out.extend([code::MESSAGE_TYPE, 1, kind.0]);
            push(out, option::DHCP_SERVER_IDENTIFIER, &self.identity.id.octets());
        }
        if let Some(lease) = answer.lease {
            push(out, option::DHCP_LEASE_TIME, &lease.to_be_bytes());
            // T1 and T2 at their usual places (RFC 2131 §4.4.5); an endless lease is never renewed.
            if lease != u32::MAX {
                let eighth = lease >> 3;
                push(out, option::DHCP_RENEWAL_TIME, &(lease >> 1).to_be_bytes());
                push(out, option::DHCP_REBINDING_TIME, &lease.saturating_sub(eighth).to_be_bytes());
            }
        }
        if denied {
            push(out, option::DHCP_MESSAGE, answer.message.as_bytes());
        } else {
            self.write_options(query, out);
        }
        if self.identity.role == Role::Pxe {
            push(out, option::VENDOR_CLASS_IDENTIFIER, b"PXEClient");
            // Discovery control: boot from what is offered here, do not look for others.
            push(out, option::VENDOR_ENCAPSULATED_OPTIONS, &[6, 1, 8, 255]);
        }
        // A relay in between has taken its own option off already.
        if via_relay.is_none()
            && let Some(info) = query.relay_info
        {
            push(out, option::RELAY_AGENT_INFORMATION, info);
        }
        out.push(code::END);
        if out.len().saturating_sub(start) < MIN_LEN {
            out.resize(start.saturating_add(MIN_LEN), 0);
        }
    }

    /// The mask always, the rest as asked for and in that order (RFC 2132 §9.8); unasked the usual few.
    fn write_options(&self, query: &Dhcp<'_>, out: &mut Vec<u8>) {
        const USUAL: [u8; 4] =
            [option::ROUTERS, option::DOMAIN_NAME_SERVERS, option::DOMAIN_NAME, option::BROADCAST_ADDRESS];
        let options = &self.identity.options;
        let mut given = [false; 256];
        for wanted in
            std::iter::once(option::SUBNET_MASK).chain(query.wants.unwrap_or(&USUAL).iter().copied())
        {
            let Some(seen) = given.get_mut(usize::from(wanted)) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            if let Ok(at) = options.binary_search_by_key(&wanted, |(option, _)| *option)
                && let Some((_, data)) = options.get(at)
            {
                push(out, wanted, data);
            }
        }
    }

    fn lease_seconds(&self) -> u32 {
        u32::try_from(self.identity.lease_time.as_secs()).unwrap_or(u32::MAX)
    }

    fn address(&self, index: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.identity.pool.to_bits().wrapping_add(index))
    }

    fn index(&self, address: Ipv4Addr) -> Option<u32> {
        address
            .to_bits()
            .checked_sub(self.identity.pool.to_bits())
            .filter(|index| *index < self.identity.pool_size)
    }

    fn on_segment(&self, address: Ipv4Addr) -> bool {
        Prefix::of(self.identity.pool, self.identity.prefix).contains(address)
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        // A thread that panicked left the leases as they were before or after a step: both are consistent.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push(out: &mut Vec<u8>, code: u8, data: &[u8]) {
    out.push(code);
    out.push(u8::try_from(data.len()).unwrap_or(u8::MAX));
    out.extend(data.iter().take(255));
}
