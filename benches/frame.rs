//! What it costs to find out that a frame holds no DHCP, and to find it where it does.

#![allow(missing_docs, reason = "a benchmark's main is made by a macro")]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use dhcptool::wire::frame::{LinkType, Ports, Walker};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// An Ethernet frame with an IPv4 packet of `protocol` that carries `payload`.
fn frame(tag: &[u8], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(payload.len().saturating_add(20)).unwrap().to_be_bytes();
    let link = [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], tag, &[8, 0]].concat();
    let ip = [0x45, 0, total[0], total[1], 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&link, &ip[..], payload].concat()
}

fn udp(ports: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len().saturating_add(8)).unwrap().to_be_bytes();
    [&ports[..], &length, &[0x12, 0x34], payload].concat()
}

/// Frames as they are called on the command line of the benchmark.
const KINDS: [&str; 6] = ["tcp", "udp", "vlan-tcp", "vxlan-tcp", "fragment", "dhcp"];

fn kind(name: &str) -> Vec<u8> {
    let tag = [0x81, 0, 0, 5];
    let tcp = frame(&[], 6, &[0; 600]);
    let vxlan = [&[8, 0, 0, 0, 0, 0, 5, 0], &tcp[..]].concat();
    match name {
        "tcp" => tcp,
        "udp" => frame(&[], 17, &udp([0x13, 0x88, 0x17, 0x70], &[0; 600])),
        "vlan-tcp" => frame(&tag, 6, &[0; 600]),
        "vxlan-tcp" => frame(&[], 17, &udp([0x9c, 0x40, 0x12, 0xb5], &vxlan)),
        "fragment" => {
            let mut frame = frame(&[], 6, &[0; 600]);
            if let Some(flags) = frame.get_mut(20) {
                *flags = 0x20;
            }
            frame
        }
        _ => frame(&[], 17, &udp([0, 68, 0, 67], &[1; 300])),
    }
}

#[divan::bench(args = KINDS)]
fn may_matter(bencher: Bencher<'_, '_>, name: &str) {
    let (frame, walker) = (kind(name), Walker::new(Ports::default()));
    bencher.bench_local(|| walker.may_matter(LinkType::ETHERNET, black_box(&frame)));
}

#[divan::bench(args = KINDS)]
fn walk(bencher: Bencher<'_, '_>, name: &str) {
    let (frame, mut walker) = (kind(name), Walker::new(Ports::default()));
    bencher.bench_local(|| {
        let mut length = 0;
        walker.walk(LinkType::ETHERNET, black_box(&frame), frame.len(), 0, |found| {
            length = found.payload.len();
        });
        length
    });
}
