//! How long one option takes to decode, write and parse.

use dhcptool::wire::options::{Context, Kind, TextSink, check, decode, parse, v4};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Options as real messages carry them.
const VALUES: &[(u8, &[u8])] = &[
    (v4::DHCP_MESSAGE_TYPE, &[5]),
    (v4::SUBNET_MASK, &[255, 255, 255, 0]),
    (v4::ROUTERS, &[192, 0, 2, 1]),
    (v4::DOMAIN_NAME_SERVERS, &[192, 0, 2, 1, 192, 0, 2, 2]),
    (v4::DHCP_LEASE_TIME, &[0, 0, 14, 16]),
    (v4::HOST_NAME, b"workstation-17"),
    (v4::DHCP_PARAMETER_REQUEST_LIST, &[1, 3, 6, 12, 15, 26, 28, 42, 51, 58, 59, 119, 121]),
    (v4::DHCP_CLIENT_IDENTIFIER, &[1, 0, 0x11, 0x22, 0x33, 0x44, 0x55]),
    (v4::FQDN, b"\x05\x00\x00\x02pc\x07example\x03com\x00"),
    (v4::RELAY_AGENT_INFORMATION, b"\x01\x06eth0/1\x02\x06\x00\x11\x22\x33\x44\x55"),
    (v4::DOMAIN_SEARCH, b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04"),
    (v4::CLASSLESS_STATIC_ROUTES, &[8, 10, 10, 0, 0, 1, 0, 192, 0, 2, 1]),
];

fn codes() -> impl Iterator<Item = u8> {
    VALUES.iter().map(|row| row.0)
}

fn row(code: u8) -> (&'static Kind, &'static [u8]) {
    let bytes = VALUES.iter().find(|row| row.0 == code).map_or(&[][..], |row| row.1);
    (v4::SPACE.by_code(code.into()).map_or(&Kind::Opaque, |row| &row.kind), bytes)
}

/// Lookup and judgement, nothing written.
#[divan::bench(args = codes())]
fn judge(bencher: Bencher<'_, '_>, code: u8) {
    let (_, bytes) = row(code);
    bencher.bench(|| {
        let kind = v4::SPACE.by_code(black_box(code).into()).map(|row| &row.kind);
        kind.map(|kind| check(kind, black_box(bytes), &Context::default()))
    });
}

/// Lookup and text.
#[divan::bench(args = codes())]
fn text(bencher: Bencher<'_, '_>, code: u8) {
    let (_, bytes) = row(code);
    let mut out = Vec::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        let kind = v4::SPACE.by_code(black_box(code).into()).map(|row| &row.kind);
        kind.map(|kind| {
            decode(kind, black_box(bytes), &Context::default(), &mut TextSink::new(&mut out)).is_ok()
        })
    });
}

/// Text to bytes.
#[divan::bench(args = codes())]
fn from_text(bencher: Bencher<'_, '_>, code: u8) {
    let (kind, bytes) = row(code);
    let mut out = Vec::new();
    let _ = decode(kind, bytes, &Context::default(), &mut TextSink::new(&mut out));
    let text = String::from_utf8(out).unwrap_or_default();
    bencher.bench(|| parse(kind, black_box(&text), &Context::default()));
}
