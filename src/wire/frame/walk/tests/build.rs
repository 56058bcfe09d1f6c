//! Frames put together by hand: headers and tunnels around one message.

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(super) fn be(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap().to_be_bytes()
}

pub(super) fn message() -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44];
    message.resize(236, 0);
    message.extend(hex("63825363 350101 ff"));
    message.resize(300, 0);
    message
}

/// A checksum the slow way, as the reference.
pub(super) fn checksum(parts: &[&[u8]]) -> u16 {
    let bytes = parts.concat();
    let mut total: u32 =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    match !u16::try_from(total).unwrap() {
        0 => 0xffff,
        sum => sum,
    }
}

pub(super) fn udp_of(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let length = be(payload.len() + 8);
    let head = [src.to_be_bytes(), dst.to_be_bytes(), length].concat();
    let sum = checksum(&[&[10, 0, 0, 1, 10, 0, 0, 2, 0, 17], &length, &head, payload]);
    [&head, &sum.to_be_bytes()[..], payload].concat()
}

pub(super) fn ip_of(protocol: u8, field: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let words = u8::try_from(5 + options.len() / 4).unwrap();
    let head = [0x40 | words, 0];
    let length = be(20 + options.len() + payload.len());
    let rest =
        [0, 7, field.to_be_bytes()[0], field.to_be_bytes()[1], 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&head[..], &length, &rest, options, payload].concat()
}

pub(super) fn ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ip_of(protocol, 0, &[], payload)
}

pub(super) fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(be(payload.len()));
    packet.extend([next, 64]);
    packet.extend([0xfd; 32]);
    packet.extend(payload);
    packet
}

pub(super) fn eth(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&hex("ffffffffffff 020000000001")[..], &ethertype.to_be_bytes(), payload].concat()
}

pub(super) fn query() -> Vec<u8> {
    ip(17, &udp_of(68, 67, &message()))
}

pub(super) fn tunnel(port: u16, payload: &[u8]) -> Vec<u8> {
    eth(0x0800, &ip(17, &udp_of(40000, port, payload)))
}

pub(super) fn wlan(control: &str, qos: &str, payload: &[u8]) -> Vec<u8> {
    [&hex(control)[..], &hex("0000 020000000002 020000000001 ffffffffffff 1000"), &hex(qos), payload].concat()
}

pub(super) fn snap(payload: &[u8]) -> Vec<u8> {
    [&hex("aaaa03 000000 0800")[..], payload].concat()
}

pub(super) fn after(head: &str, payload: &[u8]) -> Vec<u8> {
    [&hex(head)[..], payload].concat()
}

pub(super) fn length_of(payload: &[u8]) -> String {
    format!("{:04x}", payload.len())
}

pub(super) fn sflow(agent: &str, sample: &str, protocol: u8, header: &[u8], length: usize) -> Vec<u8> {
    let fixed = if sample == "00000001" { 28 } else { 40 };
    let record = [
        &hex(&format!(
            "00000001 {:08x} 000000{protocol:02x} {length:08x} 00000004 {:08x}",
            header.len() + 16,
            header.len()
        ))[..],
        header,
    ]
    .concat();
    let body = [&vec![0; fixed][..], &[0, 0, 0, 1], &record].concat();
    hex(&format!("00000005 {agent} 00000000 00000001 00000001 00000001 {sample} {:08x}", body.len()))
        .into_iter()
        .chain(body)
        .collect()
}
