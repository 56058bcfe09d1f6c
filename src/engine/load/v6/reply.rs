//! What a load generator needs from an answer, read without allocation.

use super::{Grant, IaPlan, Lease6, V6, Wanted};
use crate::engine::load::family::{Seen, Share, Word};
use crate::engine::v6::accept::{contradict, is_usable_address, is_usable_prefix};
use crate::wire::Mac;
use crate::wire::frame::peek::Ethernet;
use crate::wire::options::v6 as opt;
use crate::wire::v6::facts::{IaKind, read_address, read_prefix, read_status};
use crate::wire::v6::packet::find;
use crate::wire::v6::types::HOP_COUNT_LIMIT;
use crate::wire::v6::{MessageType, Options, Packet};

/// Reads the answer to a client of the run; nothing for what is none, or what a client discards (RFC 9915 §16).
#[inline]
pub(super) fn read(run: &mut V6, frame: &[u8]) -> Option<Seen<Lease6>> {
    let ethernet = Ethernet::read(frame)?;
    let ip = ethernet.ipv6()?;
    let udp = ip.udp().filter(|udp| udp.dst_port == run.port && udp.payload.len() == udp.promised)?;
    if ip.dst.is_multicast() {
        return None;
    }
    let mut packet = Packet::new(udp.payload);
    let mut levels = 0;
    while packet.message_type() == Some(MessageType::RELAY_REPL) && levels <= HOP_COUNT_LIMIT {
        packet = Packet::new(find(packet.options(), opt::RELAY_MSG)?);
        levels = levels.saturating_add(1);
    }
    let word = match packet.message_type()? {
        MessageType::ADVERTISE => Word::Offer,
        MessageType::REPLY => Word::Ack,
        _ => return None,
    };
    if (levels > 0) != run.relayed {
        return None;
    }
    let xid = packet.xid()?;
    let (mut client, mut server, mut status, mut rapid) = (None, None, 0, false);
    for option in Options::new(packet.options()).filter(|option| !option.is_truncated()) {
        match option.code {
            opt::CLIENTID => client = client.or(Some(option.data)),
            opt::SERVERID => server = server.or(Some(option.data)),
            opt::STATUS_CODE => status |= bit(option.data),
            opt::RAPID_COMMIT => rapid = run.rapid_commit && word == Word::Ack,
            _ => {}
        }
    }
    let (server, mac) = (server?, run.naming.mac(client?)?);
    let wanted = match &run.wanted {
        Wanted::Anybody => true,
        Wanted::Named(duid) => duid.as_slice() == server,
        Wanted::Host(address, host) => ip.src == *address || *host == Some(ethernet.src),
    };
    let mut lease = Lease6::of(run.servers.number(server)?);
    let mut statuses = status;
    let (mut granted, mut all) = (0_u32, 0_u32);
    for option in Options::new(packet.options()).filter(|option| !option.is_truncated()) {
        if matches!(option.code, opt::IA_NA | opt::IA_TA | opt::IA_PD)
            && let Some((number, ia)) = find_ia(&run.ias, option.code, option.data, mac)
        {
            let before = lease.grants().len();
            statuses |= read_ia(ia, number, option.data, &mut lease);
            if lease.grants().len() > before {
                granted |= 1_u32.wrapping_shl(number.into());
            }
        }
    }
    for number in 0..u32::try_from(run.ias.len()).unwrap_or(0) {
        all |= 1_u32.wrapping_shl(number);
    }
    let share = match granted {
        // What the message as a whole refuses is not granted by parts of it.
        _ if status != 0 => Share::None,
        0 => Share::None,
        _ if granted == all => Share::All,
        _ => Share::Some,
    };
    if share == Share::None {
        lease = Lease6::of(lease.server());
    }
    Some(Seen {
        word,
        xid,
        mac,
        lease,
        share,
        success: status == 0,
        rapid,
        wanted,
        direct: levels == 0,
        statuses,
    })
}

/// The status in an option as a bit.
fn bit(data: &[u8]) -> u32 {
    code_bit(read_status(data).map(|status| status.code.0))
}

/// The IA of the run that an option belongs to.
#[inline]
fn find_ia<'a>(ias: &'a [IaPlan], code: u16, data: &[u8], mac: Mac) -> Option<(u8, &'a IaPlan)> {
    let iaid = u32::from_be_bytes(*data.first_chunk::<4>()?);
    let mut all = (0_u8..).zip(ias);
    all.find(|(_, ia)| ia.kind.code() == code && ia.iaid(mac) == iaid)
}

/// Takes what is usable of an IA (§18.2.10.1); gives its statuses.
#[inline]
fn read_ia(ia: &IaPlan, number: u8, data: &[u8], lease: &mut Lease6) -> u32 {
    let area = if ia.kind == IaKind::Ta {
        data.get(4..)
    } else {
        let times = data.get(4..12).and_then(|times| times.as_chunks::<4>().0.first_chunk::<2>());
        let contradicts =
            times.is_none_or(|[t1, t2]| contradict(u32::from_be_bytes(*t1), u32::from_be_bytes(*t2)));
        data.get(12..).filter(|_| !contradicts)
    };
    let Some(area) = area else { return 0 };
    let mut statuses = find(area, opt::STATUS_CODE).map_or(0, bit);
    let refused = statuses != 0;
    for option in Options::new(area).filter(|option| !option.is_truncated()) {
        let (grant, valid) = match (option.code, ia.kind) {
            (opt::IAADDR, IaKind::Na | IaKind::Ta) => {
                let Some(address) = read_address(option.data) else { continue };
                statuses |= code_bit(address.status.map(|status| status.code.0));
                if refused || !is_usable_address(&address) {
                    continue;
                }
                (Grant { ia: number, length: 128, address: address.address.octets() }, address.valid)
            }
            (opt::IAPREFIX, IaKind::Pd) => {
                let Some(prefix) = read_prefix(option.data) else { continue };
                statuses |= code_bit(prefix.status.map(|status| status.code.0));
                if refused || !is_usable_prefix(&prefix) {
                    continue;
                }
                (Grant { ia: number, length: prefix.length, address: prefix.prefix.octets() }, prefix.valid)
            }
            _ => continue,
        };
        lease.add(grant, valid);
    }
    statuses
}

/// A status code as a bit; none for success.
fn code_bit(code: Option<u16>) -> u32 {
    match code.map_or(0, u32::from) {
        0 => 0,
        code => 1_u32.wrapping_shl(code.min(31)),
    }
}
