//! What an examination sends: as the host, as a stranger, and as a host that has its lease.

use std::net::Ipv4Addr;

use super::{CLIENT_PORT, DNS_CLIENT, DNS_PORT, Examination, Neighbour, SERVER_PORT, WANTED};
use crate::engine::machine::{Remark, Sense};
use crate::engine::v4::note::Note;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::build::{self, EthernetHeader};
use crate::wire::options::v4 as opt;
use crate::wire::v4::{Message, MessageType, Xid};

impl Examination {
    pub(super) fn discover(&self, identity: usize, broadcast: bool) -> Message {
        let mac = if identity == 1 { self.plan.second.unwrap_or(self.plan.mac) } else { self.plan.mac };
        let xid = self.plan.xids.get(identity).copied().unwrap_or_default();
        let mut message = Message::request(MessageType::DISCOVER, Xid(xid), mac);
        message.set_broadcast(broadcast);
        if identity == 0 {
            self.sign(&mut message);
        }
        if let Some(arch) = self.plan.pxe {
            let class = format!("PXEClient:Arch:{arch:05}:UNDI:003016");
            message.set_option(opt::VENDOR_CLASS_IDENTIFIER, class.as_bytes());
            message.set_option(opt::PXE_SYSTEM_TYPE, &arch.to_be_bytes());
            message.set_option(opt::PXE_INTERFACE_ID, &[1, 3, 16]);
        }
        let mut wants = WANTED.to_vec();
        if self.plan.pxe.is_some() {
            wants.extend([
                opt::VENDOR_ENCAPSULATED_OPTIONS,
                opt::VENDOR_CLASS_IDENTIFIER,
                opt::TFTP_SERVER_NAME,
                opt::BOOTFILE_NAME,
            ]);
        }
        message.set_option(opt::DHCP_PARAMETER_REQUEST_LIST, &wants);
        message
    }

    /// The host's own identity.
    pub(super) fn sign(&self, message: &mut Message) {
        if let Some(id) = &self.plan.client_id {
            message.set_option(opt::DHCP_CLIENT_IDENTIFIER, id);
        }
        if let Some(name) = &self.plan.hostname {
            message.set_option(opt::HOST_NAME, name);
        }
    }

    pub(super) fn message(&self, kind: MessageType) -> Message {
        let mut message = Message::request(kind, Xid(self.plan.xids[0]), self.plan.mac);
        self.sign(&mut message);
        message.set_option(opt::DHCP_PARAMETER_REQUEST_LIST, &WANTED);
        message
    }

    pub(super) fn request(&mut self, now: Instant) {
        let Some(chosen) = &self.chosen else { return };
        let mut message = self.message(MessageType::REQUEST);
        message.set_broadcast(self.own.done > 3);
        message.set_option(opt::DHCP_REQUESTED_ADDRESS, &chosen.message.yiaddr.octets());
        message.set_option(opt::DHCP_SERVER_IDENTIFIER, &chosen.server().octets());
        self.record.request.sent(now);
        self.broadcast(&message, self.plan.mac);
    }

    pub(super) fn probe(&mut self) {
        let Some(address) = self.record.ack.as_ref().map(|ack| ack.message.yiaddr) else { return };
        self.record.probes = self.record.probes.saturating_add(1);
        for target in std::iter::once(address).chain(self.unused.clone()) {
            self.arp(&Arp::request(self.plan.mac, Ipv4Addr::UNSPECIFIED, target), Mac::BROADCAST);
        }
    }

    /// Asks for routers and name servers that did not answer yet.
    pub(super) fn reach(&mut self, now: Instant) {
        let Some(own) = self.record.ack.as_ref().map(|ack| ack.message.yiaddr) else { return };
        let mut asks = Vec::new();
        for one in self.record.routers.iter_mut().chain(&mut self.record.name_servers) {
            if !one.routed && one.arp.answers == 0 {
                one.arp.sent(now);
                asks.push(Arp::request(self.plan.mac, own, one.address));
            }
        }
        for ask in asks {
            self.arp(&ask, Mac::BROADCAST);
        }
        self.ask_name_servers(now, |one| one.question.answers == 0 && !one.question.refused);
    }

    /// Asks those name servers to which a way is known and that `wanted` holds for.
    pub(super) fn ask_name_servers(&mut self, now: Instant, wanted: impl Fn(&Neighbour) -> bool) {
        let Some(own) = self.record.ack.as_ref().map(|ack| ack.message.yiaddr) else { return };
        let router = self.record.routers.iter().find_map(|router| router.macs.first().copied());
        let mut questions = Vec::new();
        for one in self.record.name_servers.iter_mut().filter(|one| wanted(one)) {
            if let Some(mac) = if one.routed { router } else { one.macs.first().copied() } {
                one.question.sent(now);
                questions.push((one.address, mac));
            }
        }
        for (address, mac) in questions {
            self.question(own, address, mac);
        }
    }

    /// A question for the name servers of the root.
    pub(super) fn question(&mut self, own: Ipv4Addr, server: Ipv4Addr, mac: Mac) {
        let [.., high, low] = self.plan.xids[0].to_be_bytes();
        let mut out = Vec::new();
        let ethernet = EthernetHeader { dst: mac, src: self.plan.mac, tags: &self.plan.tags };
        ethernet.udp(&mut out, &build::Ipv4Header::new(own, server), (DNS_CLIENT, DNS_PORT), |out| {
            out.extend([high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
        });
        self.out.push(out, Remark::new(Sense::Sent(0), "asked a name server"));
    }

    pub(super) fn renew(&mut self, rebind: bool) {
        let Some(ack) = self.record.ack.clone() else { return };
        let mut message = self.message(MessageType::REQUEST);
        message.xid = Xid(self.plan.xids[0] ^ if rebind { 0x5eb1_0000 } else { 0x4e17_0000 });
        message.ciaddr = ack.message.yiaddr;
        let (to, mac) = if rebind { (Ipv4Addr::BROADCAST, Mac::BROADCAST) } else { (ack.server(), ack.mac) };
        self.send(&message, self.plan.mac, mac, (ack.message.yiaddr, to));
    }

    pub(super) fn reboot(&mut self, now: Instant) {
        let Some(old) = self.plan.old_address else { return };
        let mut message = self.message(MessageType::REQUEST);
        message.xid = Xid(self.plan.xids[0] ^ 0x4eb0_0000);
        message.set_broadcast(true);
        message.set_option(opt::DHCP_REQUESTED_ADDRESS, &old.octets());
        self.record.reboot.sent(now);
        self.broadcast(&message, self.plan.mac);
    }

    pub(super) fn release(&mut self) {
        let Some(chosen) = self.record.ack.clone().or_else(|| self.chosen.clone()) else { return };
        let bound = chosen.message.yiaddr;
        let mut addresses = vec![bound];
        // A server that acknowledged another address than it offered may hold both.
        addresses.extend(self.chosen.iter().map(|offer| offer.message.yiaddr).filter(|one| *one != bound));
        for address in addresses {
            let mut message =
                Message::request(MessageType::RELEASE, Xid(self.plan.xids[0] ^ 0x4e1e_0000), self.plan.mac);
            if let Some(id) = &self.plan.client_id {
                message.set_option(opt::DHCP_CLIENT_IDENTIFIER, id);
            }
            message.ciaddr = address;
            message.set_option(opt::DHCP_SERVER_IDENTIFIER, &chosen.server().octets());
            self.record.released = self.record.released.saturating_add(1);
            self.send(&message, self.plan.mac, chosen.mac, (address, chosen.server()));
        }
    }

    pub(super) fn broadcast(&mut self, message: &Message, src: Mac) {
        self.send(message, src, Mac::BROADCAST, (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST));
    }

    pub(super) fn send(&mut self, message: &Message, src: Mac, dst: Mac, addrs: (Ipv4Addr, Ipv4Addr)) {
        let mut out = Vec::new();
        let ethernet = EthernetHeader { dst, src, tags: &self.plan.tags };
        let payload = message.encode_padded();
        ethernet.udp(
            &mut out,
            &build::Ipv4Header::new(addrs.0, addrs.1),
            (CLIENT_PORT, SERVER_PORT),
            |out| {
                out.extend(payload);
            },
        );
        self.out.push(out, (&Note::Sent(message.message_type(), 1)).into());
    }

    pub(super) fn arp(&mut self, arp: &Arp, dst: Mac) {
        let mut out = Vec::new();
        EthernetHeader { dst, src: self.plan.mac, tags: &self.plan.tags }.arp(&mut out, arp);
        build::pad(&mut out);
        let note = if arp.operation == Arp::REPLY {
            Note::Answered(arp.sender_ip)
        } else if arp.sender_ip.is_unspecified() {
            Note::Probed(arp.target_ip)
        } else {
            Note::Asked(arp.target_ip)
        };
        self.out.push(out, (&note).into());
    }
}
