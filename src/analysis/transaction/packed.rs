//! An exchange of DHCPv4 that waits for messages which hardly ever come: as numbers, each step by what is different from the one
//! before it of the same direction, the first by what is different from that of another exchange, it takes a quarter of its memory.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::exchange::{Exchange, Had, Server, Step, Texts};
use super::names::{Kind, Letter, Role, Side};
use super::seen::Seen;
use crate::wire::{HwAddr, Mac};

/// Numbers of a step, an exchange, a server. They are told by a bit each, beside which a step has one for its direction.
const STEP: usize = 16;
const HEAD: usize = 10;
const SERVER: usize = 4;
/// Among the bits of a step: the client sends it.
const CLIENT: u32 = 1 << 31;
/// So many exchanges without a question or an answer are passed over before one of them is the pattern.
const PASSED: u8 = 100;
/// A text that is not there, by its length.
const NONE: u16 = u16::MAX;

/// An exchange as numbers.
#[derive(Debug)]
pub struct Packed(Box<[u8]>);

/// What most exchanges are like: the numbers of the first that was packed. Packing and restoring take the same.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    is_known: bool,
    /// How many were no pattern.
    passed: u8,
    head: [u64; HEAD],
    server: [u64; SERVER],
    before: Before,
}

/// The numbers of the step before, of a server and of a client.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    server: [u64; STEP],
    client: [u64; STEP],
}

impl Before {
    fn of(&mut self, from_client: bool) -> &mut [u64; STEP] {
        if from_client { &mut self.client } else { &mut self.server }
    }
}

impl Pattern {
    /// Takes an exchange for what most are like; false where one that has an answer may come.
    fn learn(&mut self, exchange: &Exchange, head: [u64; HEAD]) -> bool {
        let first = |from_client: bool| {
            exchange.steps.iter().find(|step| step.seen.from_client == from_client).map(of_step)
        };
        let (client, server) = (first(true), first(false));
        if self.passed < PASSED && (client.is_none() || server.is_none()) {
            self.passed = self.passed.saturating_add(1);
            return false;
        }
        self.is_known = true;
        self.head = head;
        self.server = exchange.servers.first().map(of_server).unwrap_or_default();
        self.before = Before { client: client.unwrap_or_default(), server: server.unwrap_or_default() };
        true
    }
}

impl Packed {
    /// Packs an exchange, problems left out, whose messages are all kept and which nothing came of yet; `bytes` lends its memory. What is
    /// rare makes it none.
    pub(super) fn of(exchange: &Exchange, pattern: &mut Pattern, bytes: &mut Vec<u8>) -> Option<Self> {
        // Its fields are named one by one, so that none is forgotten. What came of it is told when it closes.
        let Exchange {
            kind,
            mac,
            texts,
            reasons,
            xids,
            vlans,
            steps,
            left_out,
            left,
            servers,
            problems: _,
            superseded,
            near: _,
            evicted,
            visible,
            selected,
            outcome: _,
            extra: (),
            had,
            began,
            place,
            last,
            last_client,
            phase,
        } = exchange;
        let first = &steps.first()?.seen;
        let is_rare = reasons.is_some() || left.is_some() || *left_out > 0;
        let is_over = superseded.is_some() || *evicted || *visible;
        let counts = [steps.len(), xids.len(), servers.len(), vlans.len()];
        let [Ok(steps_count), Ok(xids_count), Ok(servers_count), Ok(vlans_count)] = counts.map(u8::try_from)
        else {
            return None;
        };
        if is_rare || is_over {
            return None;
        }
        let Had { client, reply, discover, offer, request, ack, nak, decline, rapid, answer, sighted } = *had;
        let flags = [client, reply, discover, offer, request, ack, nak, decline, rapid, answer, sighted];
        let flags = bits(&flags) << 2 | bits(&[*selected, phase.is_some()]);
        let after = |time: i64| time.wrapping_sub(first.time).cast_unsigned();
        let all = all_of(texts);
        let mut lengths = [NONE; 8];
        for (length, text) in lengths.iter_mut().zip(all) {
            if let Some(text) = text {
                *length = u16::try_from(text.len()).ok().filter(|length| *length != NONE)?;
            }
        }
        let (mut chaddr, addr) = ([0; 16], mac.as_ref().map_or(&[][..], HwAddr::as_slice));
        chaddr.iter_mut().zip(addr).for_each(|(to, from)| *to = *from);
        let [chaddr, chaddr_end] = wide(chaddr);
        let mac = mac.map_or(0, |_| u8::try_from(addr.len()).unwrap_or(0).saturating_add(1));
        let head = [
            both(flags, u32::from_le_bytes([kind.number(), mac, 0, 0])),
            both(
                u32::from_le_bytes([steps_count, xids_count, servers_count, vlans_count]),
                *place ^ first.place,
            ),
            chaddr,
            chaddr_end,
            after(*last),
            after(*last_client),
            phase.map_or(0, after),
            began.wrapping_sub(first.frame),
            four_in(lengths.first_chunk()),
            four_in(lengths.last_chunk()),
        ];
        if !pattern.is_known && !pattern.learn(exchange, head) {
            return None;
        }
        bytes.clear();
        put(bytes, 0, &head, &pattern.head);
        bytes.extend(xids.iter().flat_map(|xid| xid.to_le_bytes()));
        bytes.extend(vlans.iter().flat_map(|vlan| vlan.to_le_bytes()));
        all.into_iter().flatten().for_each(|text| bytes.extend_from_slice(text));
        for server in &**servers {
            put(bytes, 0, &of_server(server), &pattern.server);
        }
        let mut before = pattern.before;
        for step in steps {
            let (numbers, from_client) = (of_step(step), step.seen.from_client);
            let before = before.of(from_client);
            put(bytes, if from_client { CLIENT } else { 0 }, &numbers, before);
            *before = numbers;
        }
        Some(Self(bytes.as_slice().into()))
    }

    /// A number of all its memory, a line of the cache at a time.
    pub(super) fn touch(&self) -> u64 {
        self.0.chunks(64).filter_map(<[u8]>::first).fold(0, |sum, byte| sum ^ u64::from(*byte))
    }

    /// Makes `exchange` what was packed; `text` makes a text, given whether it is one of those that clients call themselves by.
    pub(super) fn restore(
        &self,
        exchange: &mut Exchange,
        pattern: &Pattern,
        mut text: impl FnMut(bool, &[u8]) -> Arc<[u8]>,
    ) {
        let mut left = Left(&self.0);
        let mut head = pattern.head;
        let which = left.which();
        left.take(which, &mut head);
        let [what, counts, chaddr, chaddr_end, last, last_client, phase, began, texts, more_texts] = head;
        let ((flags, what), (counts, place)) = (apart(what), apart(counts));
        let [kind, mac, ..] = what.to_le_bytes();
        let [steps, xids, servers, vlans] = counts.to_le_bytes();
        let mac = mac.checked_sub(1).map(|length| {
            let bytes = [chaddr, chaddr_end].map(u64::to_le_bytes);
            HwAddr::from_slice(bytes.as_flattened().get(..usize::from(length)).unwrap_or_default())
        });
        exchange.renew(Kind::numbered(kind), mac, 0);
        exchange.xids = (0..xids).map(|_| u32::from_le_bytes(left.chunk())).collect();
        exchange.vlans = (0..vlans).map(|_| u16::from_le_bytes(left.chunk())).collect();
        let ([id, hostname, class, reason], [interface, routers, ..]) = (four(texts), four(more_texts));
        let mut next =
            |own: bool, length: u16| (length != NONE).then(|| text(own, left.bytes(length.into())));
        exchange.texts = Texts {
            client_id: next(true, id),
            hostname: next(true, hostname),
            vendor_class: next(false, class),
            reason: next(false, reason),
            interface: next(false, interface),
            routers: next(false, routers),
        };
        for _ in 0..servers {
            let mut server = pattern.server;
            let which = left.which();
            left.take(which, &mut server);
            exchange.servers.push(server_of(server));
        }
        exchange.steps.reserve_exact(usize::from(steps));
        let mut before = pattern.before;
        for _ in 0..steps {
            let which = left.which();
            let from_client = which & CLIENT != 0;
            let numbers = before.of(from_client);
            left.take(which, numbers);
            exchange.steps.push(step_of(numbers, from_client));
        }
        let (time, frame, at) =
            exchange.first().map_or((0, 0, 0), |first| (first.time, first.frame, first.place));
        let after = |delay: u64| time.wrapping_add(delay.cast_signed());
        let [selected, has_phase] = flags_of(flags);
        exchange.last = after(last);
        exchange.last_client = after(last_client);
        exchange.phase = has_phase.then(|| after(phase));
        exchange.began = frame.wrapping_add(began);
        exchange.place = place ^ at;
        exchange.selected = selected;
        let [client, reply, discover, offer, request, ack, nak, decline, rapid, answer, sighted] =
            flags_of(flags >> 2);
        exchange.had =
            Had { client, reply, discover, offer, request, ack, nak, decline, rapid, answer, sighted };
    }
}

/// In the order in which they are packed.
fn all_of(texts: &Texts) -> [&Option<Arc<[u8]>>; 6] {
    let Texts { client_id, hostname, vendor_class, reason, interface, routers } = texts;
    [client_id, hostname, vendor_class, reason, interface, routers]
}

/// Appends which of the numbers are others than `before`, with `flag`, and these.
#[inline]
fn put<const N: usize>(bytes: &mut Vec<u8>, flag: u32, numbers: &[u64; N], before: &[u64; N]) {
    let (mut which, mut others) = (flag, [[0; 8]; N]);
    let (mut bit, mut free) = (1_u32, others.iter_mut());
    for (own, other) in numbers.iter().zip(before) {
        if own != other
            && let Some(to) = free.next()
        {
            *to = own.to_le_bytes();
            which |= bit;
        }
        bit <<= 1;
    }
    let count = N.saturating_sub(free.len());
    bytes.extend_from_slice(&which.to_le_bytes());
    bytes.extend_from_slice(others.get(..count).unwrap_or_default().as_flattened());
}

/// What is left. There is as much as was appended.
struct Left<'a>(&'a [u8]);

impl<'a> Left<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at_checked(count).unwrap_or_default();
        self.0 = rest;
        bytes
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> [u8; N] {
        let (chunk, rest) = self.0.split_first_chunk().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *chunk
    }

    /// Which numbers [`put`] appended.
    #[inline]
    fn which(&mut self) -> u32 {
        u32::from_le_bytes(self.chunk())
    }

    /// These, in place of those before.
    #[inline]
    fn take<const N: usize>(&mut self, which: u32, numbers: &mut [u64; N]) {
        let mut bit = 1_u32;
        for number in numbers {
            if which & bit != 0 {
                *number = u64::from_le_bytes(self.chunk());
            }
            bit <<= 1;
        }
    }
}

fn both(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn apart(number: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

/// Sixteen bytes in two numbers.
fn wide(bytes: [u8; 16]) -> [u64; 2] {
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut numbers = [0; 2];
    numbers.iter_mut().zip(chunks).for_each(|(to, from)| *to = u64::from_le_bytes(*from));
    numbers
}

fn four_in(numbers: Option<&[u16; 4]>) -> u64 {
    let [a, b, c, d] = numbers.copied().unwrap_or_default().map(u64::from);
    a | b << 16 | c << 32 | d << 48
}

fn four(number: u64) -> [u16; 4] {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    [[a, b], [c, d], [e, f], [g, h]].map(u16::from_le_bytes)
}

fn bits(flags: &[bool]) -> u32 {
    flags.iter().rev().fold(0, |bits, flag| bits << 1 | u32::from(*flag))
}

fn flags_of<const N: usize>(bits: u32) -> [bool; N] {
    let mut left = bits;
    [(); N].map(|()| {
        let flag = left & 1 == 1;
        left >>= 1;
        flag
    })
}

fn of_server(server: &Server) -> [u64; SERVER] {
    let Server { id, ip, mac: Mac([a, b, c, d, e, f]), offered, offer, acked, refused } = *server;
    let flags = bits(&[id.is_some(), offered.is_some(), offer.is_some(), acked, refused]);
    [
        u64::from_le_bytes([a, b, c, d, e, f, 0, 0]),
        both(id.map_or(0, Ipv4Addr::to_bits), ip.to_bits()),
        both(offered.map_or(0, Ipv4Addr::to_bits), flags),
        offer.unwrap_or(0).cast_unsigned(),
    ]
}

fn server_of([mac, names, offered, offer]: [u64; SERVER]) -> Server {
    let ([a, b, c, d, e, f, _, _], (id, ip), (offered, flags)) =
        (mac.to_le_bytes(), apart(names), apart(offered));
    let [has_id, has_offered, has_offer, acked, refused] = flags_of(flags);
    Server {
        id: has_id.then(|| Ipv4Addr::from_bits(id)),
        ip: Ipv4Addr::from_bits(ip),
        mac: Mac([a, b, c, d, e, f]),
        offered: has_offered.then(|| Ipv4Addr::from_bits(offered)),
        offer: has_offer.then(|| offer.cast_signed()),
        acked,
        refused,
    }
}

/// All of a step but its direction. What changes from client to client, and what from step to step, stands together.
fn of_step(Step { seen, role, server }: &Step) -> [u64; STEP] {
    let Seen {
        frame,
        time,
        options,
        xid,
        src,
        dst,
        ciaddr,
        yiaddr,
        giaddr,
        server_id,
        requested,
        mask,
        router,
        routers,
        client_id,
        relay_agent,
        place,
        lease,
        t1,
        t2,
        bits,
        src_mac: Mac([a, b, c, d, e, f]),
        dst_mac: Mac([g, h, i, j, k, l]),
        ports,
        secs,
        flags,
        vlans,
        hops,
        letter,
        side,
        from_client: _,
    } = *seen;
    let ((frame, frame_high), (time, time_high)) = (apart(frame), apart(time.cast_unsigned()));
    let role = role.number() | side.number() << 4;
    let server = server.map_or(0, |server| server.saturating_add(1));
    let ports = u32::from(ports.0) | u32::from(ports.1) << 16;
    [
        both(frame, time),
        both(frame_high, time_high),
        options,
        both(xid, client_id),
        both(src.to_bits(), dst.to_bits()),
        both(yiaddr.to_bits(), requested.to_bits()),
        both(ciaddr.to_bits(), giaddr.to_bits()),
        both(server_id.to_bits(), mask.to_bits()),
        both(router.to_bits(), routers),
        both(lease, t1),
        both(t2, relay_agent),
        both(place, bits),
        u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        both(u32::from_le_bytes([i, j, k, l]), ports),
        four_in(Some(&[secs, flags, vlans.0, vlans.1])),
        both(u32::from_le_bytes([hops, letter.number(), role, server]), 0),
    ]
}

fn step_of(numbers: &[u64; STEP], from_client: bool) -> Step {
    let [
        times,
        times_high,
        options,
        who,
        ips,
        given,
        relay,
        server,
        router,
        lease,
        t2,
        place,
        mac,
        ports,
        secs,
        what,
    ] = *numbers;
    let ((frame, time), (frames, times)) = (apart(times), apart(times_high));
    let ((xid, client_id), (src, dst), (yiaddr, requested)) = (apart(who), apart(ips), apart(given));
    let ((ciaddr, giaddr), (server_id, mask), (router, routers)) =
        (apart(relay), apart(server), apart(router));
    let ((lease, t1), (t2, relay_agent), (place, bits)) = (apart(lease), apart(t2), apart(place));
    let ([a, b, c, d, e, f, g, h], (mac_end, ports)) = (mac.to_le_bytes(), apart(ports));
    let [i, j, k, l] = mac_end.to_le_bytes();
    let [src_port, dst_port, ..] = four(ports.into());
    let [secs, flags, vlan, inner] = four(secs);
    let [hops, letter, role, server] = apart(what).0.to_le_bytes();
    let ip = Ipv4Addr::from_bits;
    let seen = Seen {
        frame: both(frame, frames),
        time: both(time, times).cast_signed(),
        options,
        xid,
        src: ip(src),
        dst: ip(dst),
        ciaddr: ip(ciaddr),
        yiaddr: ip(yiaddr),
        giaddr: ip(giaddr),
        server_id: ip(server_id),
        requested: ip(requested),
        mask: ip(mask),
        router: ip(router),
        routers,
        client_id,
        relay_agent,
        place,
        lease,
        t1,
        t2,
        bits,
        src_mac: Mac([a, b, c, d, e, f]),
        dst_mac: Mac([g, h, i, j, k, l]),
        ports: (src_port, dst_port),
        secs,
        flags,
        vlans: (vlan, inner),
        hops,
        letter: Letter::numbered(letter),
        side: Side::numbered(role >> 4),
        from_client,
    };
    Step { seen, role: Role::numbered(role & 15), server: server.checked_sub(1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An exchange of whatever was said.
    fn exchange() -> impl Strategy<Value = Exchange> {
        let step = (any::<[u64; STEP]>(), any::<bool>(), any::<u32>());
        let steps = prop::collection::vec(step, 1..9);
        let text = || prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
        let texts = (text(), text(), text(), text(), text(), text());
        let servers = prop::collection::vec(any::<[u64; SERVER]>(), 0..4);
        let lists =
            (servers, prop::collection::vec(any::<u32>(), 0..4), prop::collection::vec(any::<u16>(), 0..9));
        let addr = prop::option::of(prop::collection::vec(any::<u8>(), 0..17));
        let rest = (any::<[u64; 6]>(), any::<u8>(), addr);
        (steps, texts, lists, rest).prop_map(
            |(steps, texts, (servers, xids, vlans), (numbers, kind, addr))| {
                let addr = addr.map(|addr| HwAddr::from_slice(&addr));
                let mut exchange = Exchange::new(Kind::numbered(kind), addr, 0);
                let mut before = [0; STEP];
                for (mut numbers, from_client, alike) in steps {
                    // Most of what is said was said before.
                    for (at, (own, other)) in numbers.iter_mut().zip(before).enumerate() {
                        *own = if alike >> at & 1 == 1 { other } else { *own };
                    }
                    before = numbers;
                    exchange.steps.push(step_of(&numbers, from_client));
                }
                let shared = |text: Option<Vec<u8>>| text.map(Arc::from);
                let (a, b, c, d, e, f) = texts;
                exchange.texts = Texts {
                    client_id: shared(a),
                    hostname: shared(b),
                    vendor_class: shared(c),
                    reason: shared(d),
                    interface: shared(e),
                    routers: shared(f),
                };
                exchange.servers = servers.into_iter().map(server_of).collect();
                exchange.xids = xids.into_iter().collect();
                exchange.vlans = vlans;
                let [flags, last, asked, phase, place, began] = numbers;
                let (flags, place) = (apart(flags).0, apart(place).0);
                exchange.last = last.cast_signed();
                exchange.last_client = asked.cast_signed();
                exchange.phase = (flags & 1 == 1).then_some(phase.cast_signed());
                exchange.place = place;
                exchange.began = began;
                exchange.selected = flags & 2 == 2;
                let [client, reply, discover, offer, request, ack, nak, decline, rapid, answer, sighted] =
                    flags_of(flags >> 2);
                exchange.had = Had {
                    client,
                    reply,
                    discover,
                    offer,
                    request,
                    ack,
                    nak,
                    decline,
                    rapid,
                    answer,
                    sighted,
                };
                exchange
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_as_it_was(one in exchange(), other in exchange()) {
            let (mut pattern, mut bytes) = (Pattern { passed: PASSED, ..Pattern::default() }, Vec::new());
            for exchange in [&one, &other, &one] {
                let packed = Packed::of(exchange, &mut pattern, &mut bytes).unwrap();
                // The memory was another one's.
                let mut restored = other.clone();
                packed.restore(&mut restored, &pattern, |_, text| Arc::from(text));
                prop_assert_eq!(format!("{restored:?}"), format!("{exchange:?}"));
            }
        }
    }

    /// Packs a usual exchange of a client: how many bytes that takes.
    fn size(client: u8, pattern: &mut Pattern) -> usize {
        let addr = [2, 0, 0, 0, 0, client];
        let mut exchange = Exchange::new(Kind::Acquire, Some(HwAddr::from_slice(&addr)), 0);
        for (time, letter) in (0..).zip([Letter::Discover, Letter::Offer, Letter::Request, Letter::Ack]) {
            let from_client = matches!(letter, Letter::Discover | Letter::Request);
            let mut step = step_of(&[if from_client { 7 } else { 9 }; STEP], from_client);
            (step.seen.letter, step.seen.time, step.seen.frame) = (letter, time, 1);
            step.seen.xid = client.into();
            step.seen.yiaddr = if from_client { Ipv4Addr::UNSPECIFIED } else { [10, 0, 0, client].into() };
            step.seen.options = u64::from(letter.number());
            exchange.steps.push(step);
        }
        Packed::of(&exchange, pattern, &mut Vec::new()).unwrap().0.len()
    }

    /// What a million clients are held in while nothing more is expected of them.
    #[test]
    fn a_usual_exchange_takes_little_room() {
        let mut pattern = Pattern::default();
        let first = size(1, &mut pattern);
        let second = size(2, &mut pattern);
        assert!(first < second && second < 200, "{first}, {second}");
        assert!(size_of::<Step>() * 4 > 500);
    }
}
