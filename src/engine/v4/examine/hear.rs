//! What an examination hears, and what it makes of it.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    CLIENT_PORT, DNS_CLIENT, DNS_PORT, Examination, Given, MANY, MENU_XID, MOST, Neighbour, Phase,
    RELAYED_XID, RelayView, SERVER_PORT,
};
use crate::engine::v4::note::Note;
use crate::engine::v4::watch::Reason;
use crate::time::Instant;
use crate::wire::Mac;
use crate::wire::arp::Arp;
use crate::wire::frame::peek::{self, Aside};
use crate::wire::frame::{Datagram, LinkType};
use crate::wire::options::v4 as opt;
use crate::wire::v4::{Message, MessageType, Op};

impl Examination {
    /// A DHCP message arrived.
    pub(super) fn on_datagram(&mut self, now: Instant, datagram: &Datagram<'_>) -> Note {
        if datagram.quoted {
            return Note::Ignored(Reason::Quoted);
        }
        let mac = datagram.link.and_then(|link| link.src).and_then(|mac| mac.mac());
        if let (Some(mac), Some(view)) = (mac, self.plan.relay)
            && datagram.udp.is_some_and(|udp| udp.dst_port == SERVER_PORT)
        {
            return self.on_relayed(now, mac, view, &Message::decode(datagram.payload));
        }
        // What goes to a server's port is between relays and servers, and other VLANs are other networks.
        let to_client = datagram.udp.is_none_or(|udp| udp.dst_port != SERVER_PORT)
            && datagram.vlans.as_slice() == self.vlans;
        let (Some(mac), Some(IpAddr::V4(source))) = (mac, datagram.ip.map(|ip| ip.src)) else {
            return Note::Unrelated;
        };
        if !to_client {
            return Note::Ignored(Reason::WrongPort);
        }
        self.on_reply(now, mac, source, &Message::decode(datagram.payload))
    }

    /// A message arrived as relays get them.
    pub(super) fn on_relayed(&mut self, now: Instant, mac: Mac, view: RelayView, message: &Message) -> Note {
        let kind = message.message_type();
        let ours = message.xid.0 == self.plan.xids[0] ^ RELAYED_XID && message.giaddr == view.giaddr;
        if message.op != Op::REPLY || !ours || kind != Some(MessageType::OFFER) {
            return Note::Ignored(Reason::WrongPort);
        }
        self.record.relayed.answer(now);
        add(
            &mut self.record.relayed_offers,
            Given { at: now, mac, source: view.server, message: message.clone() },
        );
        Note::Accepted(kind)
    }

    /// A DHCP message of a server arrived.
    pub(super) fn on_reply(&mut self, now: Instant, mac: Mac, source: Ipv4Addr, message: &Message) -> Note {
        if message.op != Op::REPLY {
            return Note::Ignored(Reason::WrongOp);
        }
        let Some(kind) = message.message_type() else { return Note::Ignored(Reason::WrongType) };
        let accepted = Note::Accepted(Some(kind));
        let [own, second, bare] = self.plan.xids;
        let given = Given { at: now, mac, source, message: message.clone() };
        let client = message.client().mac();
        if message.xid.0 == second && client == self.plan.second && kind == MessageType::OFFER {
            self.record.second.answer(now);
            add(&mut self.record.second_offers, given);
            return accepted;
        }
        if client != Some(self.plan.mac) {
            return Note::Ignored(Reason::OtherClient);
        }
        let xid = message.xid.0;
        if xid == bare && kind == MessageType::OFFER {
            self.record.bare.answer(now);
            return accepted;
        }
        match (kind, self.phase) {
            (MessageType::OFFER, _) if xid == own => {
                self.record.own.answer(now);
                add(&mut self.record.offers, given);
            }
            (MessageType::NAK, Phase::Asking) if xid == own => self.record.own.refused = true,
            (MessageType::ACK | MessageType::NAK, Phase::Requesting | Phase::Settling) if xid == own => {
                return self.settle(kind, given, now);
            }
            (MessageType::ACK | MessageType::NAK, Phase::Using) if xid == own ^ 0x4e17_0000 => {
                self.record.renewal.answer(now);
                self.record.renewal.refused |= kind == MessageType::NAK;
            }
            (MessageType::ACK, Phase::Booting) if xid == own ^ MENU_XID => {
                if let Some(boot) = &mut self.boot {
                    boot.on_menu(given, now);
                }
                self.on_boot(now);
            }
            (MessageType::ACK | MessageType::NAK, Phase::Rebinding) if xid == own ^ 0x5eb1_0000 => {
                self.record.rebinding.answer(now);
                self.record.rebinding.refused |= kind == MessageType::NAK;
                self.next(now);
            }
            (MessageType::ACK | MessageType::NAK, Phase::Rebooting) if xid == own ^ 0x4eb0_0000 => {
                self.record.reboot.answer(now);
                self.record.reboot.refused |= kind == MessageType::NAK;
                self.next(now);
            }
            _ => return Note::Ignored(Reason::OtherXid),
        }
        accepted
    }

    /// After the choice only the chosen server's word counts (RFC 2131 §3.1); what others say is heard by who joins the
    /// transactions.
    pub(super) fn settle(&mut self, kind: MessageType, given: Given, now: Instant) -> Note {
        let said = given.message.ip_option(opt::DHCP_SERVER_IDENTIFIER);
        let chosen = self.chosen.as_ref().map(Given::server);
        if said.is_some() && said != chosen {
            return Note::Ignored(Reason::OtherServer);
        }
        self.record.request.answer(now);
        if kind == MessageType::ACK && !given.message.yiaddr.is_unspecified() {
            self.record.ack.get_or_insert(given);
        } else if kind == MessageType::NAK && self.record.ack.is_none() {
            self.record.request.refused = true;
            self.record.nak.get_or_insert(given);
        }
        if self.phase == Phase::Requesting {
            self.enter(Phase::Settling, now, &[]);
        }
        Note::Accepted(Some(kind))
    }

    /// A frame without a DHCP message arrived.
    pub(super) fn on_aside(&mut self, now: Instant, link: LinkType, frame: &[u8]) -> Note {
        match Aside::on(link, frame, &self.vlans) {
            Some(Aside::Arp(arp)) => return self.on_arp(now, &arp),
            Some(Aside::Unreachable { from, code, to, port }) => {
                let renewing =
                    self.phase == Phase::Using && self.record.renewal.sent > 0 && port == SERVER_PORT;
                let server = self.record.ack.as_ref().map(Given::server);
                if renewing && server.is_some_and(|server| server == from || server == to) {
                    self.record.renewal.refused = true;
                }
                if let Some(one) = self.name_server(to).filter(|_| port == DNS_PORT) {
                    // 3: the port is closed (RFC 792); anything else speaks of the way.
                    if code == 3 {
                        one.question.refused = true;
                    } else {
                        one.turned_away = Some((from, code));
                    }
                }
                if let Some(boot) = &mut self.boot {
                    boot.on_unreachable(to, port);
                    self.on_boot(now);
                }
                if matches!(port, SERVER_PORT | CLIENT_PORT | DNS_PORT) {
                    return Note::Unreachable(from, code);
                }
            }
            _ if self.phase == Phase::Booting => {
                if let Some(boot) = &mut self.boot {
                    boot.on_frame(now, frame);
                }
                self.on_boot(now);
            }
            _ => self.on_answer(now, frame),
        }
        Note::Unrelated
    }

    /// An answer of a name server.
    pub(super) fn on_answer(&mut self, now: Instant, frame: &[u8]) {
        let [.., high, low] = self.plan.xids[0].to_be_bytes();
        let Some(ip) = peek::Ethernet::read(frame).and_then(|ethernet| ethernet.ipv4()) else { return };
        let Some(udp) = ip.udp().filter(|udp| udp.src_port == DNS_PORT && udp.dst_port == DNS_CLIENT) else {
            return;
        };
        let [a, b, flags, code, ..] = udp.payload else { return };
        if [*a, *b] == [high, low]
            && flags & 0x80 != 0
            && let Some(one) = self.name_server(ip.src)
        {
            one.question.answer(now);
            one.turned_away = None;
            // 5: it refuses to serve this client (RFC 1035 §4.1.1).
            one.question.refused |= code & 15 == 5;
        }
    }

    pub(super) fn name_server(&mut self, address: Ipv4Addr) -> Option<&mut Neighbour> {
        self.record.name_servers.iter_mut().find(|one| one.address == address)
    }

    pub(super) fn on_arp(&mut self, now: Instant, arp: &Arp) -> Note {
        if arp.sender_mac == self.plan.mac {
            return Note::Unrelated;
        }
        let mut note = Note::Unrelated;
        if let Some(view) = self.plan.relay {
            if arp.operation == Arp::REQUEST
                && arp.target_ip == view.giaddr
                && !self.plan.held.contains(&view.giaddr)
                && self.record.relayed.sent > 0
            {
                self.arp(&arp.reply(self.plan.mac), arp.sender_mac);
                note = Note::AskedForUs(arp.target_ip);
            }
            if arp.sender_ip == view.hop && self.relay_mac.is_none() && self.phase == Phase::Asking {
                self.relay_mac = Some(arp.sender_mac);
                self.record.relay_hop.answer(now);
                self.ask_relayed(now);
                note = Note::Resolved(arp.sender_ip, arp.sender_mac);
            }
        }
        if let Some(boot) = &mut self.boot {
            boot.on_arp(arp);
            self.on_boot(now);
        }
        if arp.operation == Arp::REQUEST && self.holds() == Some(arp.target_ip) {
            // Who holds an address answers for it, or servers and routers cannot reach it.
            self.arp(&arp.reply(self.plan.mac), arp.sender_mac);
            note = Note::AskedForUs(arp.target_ip);
        }
        let used = self.holds() == Some(arp.sender_ip);
        if self.phase == Phase::Probing || used {
            let given = self.record.ack.as_ref().map(|ack| ack.message.yiaddr);
            if Some(arp.sender_ip) == given && !self.record.holders.contains(&arp.sender_mac) {
                if self.record.holders.len() < MANY {
                    self.record.holders.push(arp.sender_mac);
                } else {
                    self.record.more_holders = self.record.more_holders.saturating_add(1);
                }
                note = Note::Conflict(arp.sender_ip, arp.sender_mac);
            }
            if used {
                // Who has it speaks up late: it is his (RFC 5227 §2.4).
                self.give_back(now);
                return note;
            }
            if self.unused.contains(&arp.sender_ip) {
                self.unused.retain(|one| *one != arp.sender_ip);
                match self.record.strays.iter_mut().find(|(mac, _)| *mac == arp.sender_mac) {
                    Some((_, count)) => *count = count.saturating_add(1),
                    None => self.record.strays.push((arp.sender_mac, 1)),
                }
            }
        }
        let asked = self.record.routers.iter_mut().chain(&mut self.record.name_servers);
        for one in asked.filter(|one| one.address == arp.sender_ip && one.arp.sent > 0) {
            one.arp.answer(now);
            note = Note::Resolved(arp.sender_ip, arp.sender_mac);
            if !one.macs.contains(&arp.sender_mac) && one.macs.len() < MOST {
                one.macs.push(arp.sender_mac);
            }
        }
        if self.phase == Phase::Using {
            // A name server that was found just now need not wait for the next round.
            self.ask_name_servers(now, |one| one.question.sent == 0);
        }
        note
    }
}

/// Adds an answer, one a server.
fn add(to: &mut Vec<Given>, given: Given) {
    if to.len() < MANY && !to.iter().any(|other| other.server() == given.server() && other.mac == given.mac) {
        to.push(given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::machine::Machine;
    use crate::engine::v4::examine::Plan;
    use crate::wire::options::v4 as opt;
    use crate::wire::v4::Xid;

    /// The segment's caches would point at this host (RFC 5227 §2.1).
    #[test]
    fn an_address_that_somebody_has_is_never_used_nor_answered_for() {
        let now = Instant::new(1000, 0);
        for conflict in [true, false] {
            let mut exam = probing(now);
            let given = Ipv4Addr::new(10, 0, 0, 50);
            let other = Mac([2, 0, 0, 0, 9, 9]);
            let asks = Arp::request(exam.plan.mac, Ipv4Addr::UNSPECIFIED, given);
            assert_eq!(exam.on_arp(now, &Arp::request(other, [10, 0, 0, 1].into(), given)), Note::Unrelated);
            if conflict {
                assert_eq!(exam.on_arp(now, &asks.reply(other)), Note::Conflict(given, other));
            }
            exam.next(now);
            Machine::on_time(&mut exam, now);
            assert_eq!(exam.holds(), (!conflict).then_some(given));
            let mut frame = Vec::new();
            let mut used = 0;
            while exam.out.poll_transmit(&mut frame).is_some() {
                let arp = peek::Ethernet::read(&frame).and_then(|frame| frame.arp());
                used += usize::from(arp.is_some_and(|arp| arp.sender_ip == given));
                frame.clear();
            }
            assert_eq!(used > 0, !conflict, "routers are asked in the name of the address");
        }
    }

    #[test]
    fn who_speaks_up_late_has_the_address() {
        let now = Instant::new(1000, 0);
        let mut exam = probing(now);
        exam.next(now);
        let given = exam.holds().unwrap();
        let other = Mac([2, 0, 0, 0, 9, 9]);
        let says = Arp::request(other, given, [10, 0, 0, 1].into());
        assert_eq!(exam.on_arp(now, &says), Note::Conflict(given, other));
        assert_eq!((exam.phase, exam.holds(), exam.record.holders.len()), (Phase::Releasing, None, 1));
    }

    #[test]
    fn whoever_has_the_address_is_kept_up_to_a_bound_and_counted() {
        let now = Instant::new(1000, 0);
        let mut exam = probing(now);
        let asks = Arp::request(exam.plan.mac, Ipv4Addr::UNSPECIFIED, [10, 0, 0, 50].into());
        for number in (0..70).chain([5]) {
            exam.on_arp(now, &asks.reply(Mac([2, 0, 0, 0, 1, number])));
        }
        assert_eq!((exam.record.holders.len(), exam.record.more_holders), (64, 6));
    }

    /// A host that was given 10.0.0.50 and looks whether anybody has it.
    fn probing(now: Instant) -> Examination {
        let host = Mac([2, 0, 0, 0, 0, 1]);
        let plan = Plan { quick: true, ..Plan::new(host, [1, 2, 3]) };
        let mut exam = Examination::new(plan);
        let mut message = Message::request(MessageType::ACK, Xid(1), host);
        message.yiaddr = [10, 0, 0, 50].into();
        message.set_option(opt::SUBNET_MASK, &[255, 255, 255, 0]);
        message.set_option(opt::ROUTERS, &[10, 0, 0, 1]);
        let source = Ipv4Addr::new(10, 0, 0, 1);
        exam.record.ack = Some(Given { at: now, mac: Mac([2, 0, 0, 0, 0, 2]), source, message });
        exam.phase = Phase::Probing;
        exam
    }
}
