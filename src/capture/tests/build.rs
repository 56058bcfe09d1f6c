//! Captures put together by hand, in either byte order.

use crate::capture::bytes::Order;

/// Builds captures of either byte order.
pub(in crate::capture) struct Build {
    order: Order,
    pub(in crate::capture) bytes: Vec<u8>,
}

impl Build {
    pub(in crate::capture) fn new(order: Order) -> Self {
        Self { order, bytes: Vec::new() }
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn u16(self, value: u16) -> Self {
        let bytes = if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.raw(&bytes)
    }

    pub(super) fn u32(self, value: u32) -> Self {
        let bytes = if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.raw(&bytes)
    }

    pub(in crate::capture) fn pcap(self, magic: u32, minor: u16, snaplen: u32, link: u32) -> Self {
        self.u32(magic).u16(2).u16(minor).u32(0).u32(0).u32(snaplen).u32(link)
    }

    pub(in crate::capture) fn record(self, seconds: u32, fraction: u32, original: u32, data: &[u8]) -> Self {
        self.u32(seconds).u32(fraction).u32(u32::try_from(data.len()).unwrap()).u32(original).raw(data)
    }

    pub(in crate::capture) fn block(self, kind: u32, body: &[u8]) -> Self {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let total = u32::try_from(body.len() + padding.len() + 12).unwrap();
        self.u32(kind).u32(total).raw(body).raw(&padding).u32(total)
    }

    pub(super) fn part(&self) -> Self {
        Self::new(self.order)
    }

    pub(in crate::capture) fn section(self) -> Self {
        let body = self.part().u32(0x1a2b_3c4d).u16(1).u16(0).raw(&[0xff; 8]).bytes;
        self.block(0x0a0d_0d0a, &body)
    }

    pub(in crate::capture) fn interface(self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) -> Self {
        let mut body = self.part().u16(link).u16(0).u32(snaplen);
        for (code, value) in options {
            body = body.u16(*code).u16(u16::try_from(value.len()).unwrap()).raw(value);
            let padding = value.len().next_multiple_of(4) - value.len();
            body = body.raw(&vec![0; padding]);
        }
        self.block(1, &body.bytes)
    }

    pub(in crate::capture) fn packet(self, interface: u32, ticks: u64, data: &[u8]) -> Self {
        let length = u32::try_from(data.len()).unwrap();
        let (high, low) = (u32::try_from(ticks >> 32).unwrap(), u32::try_from(ticks & 0xffff_ffff).unwrap());
        let body = self.part().u32(interface).u32(high).u32(low).u32(length).u32(length).raw(data).bytes;
        self.block(6, &body)
    }
}

pub(in crate::capture) const ORDERS: [Order; 2] = [Order::Little, Order::Big];

pub(super) fn small_pcap(order: Order) -> Vec<u8> {
    Build::new(order).pcap(0xa1b2_c3d4, 4, 65535, 1).record(1, 2, 60, b"abcde").record(3, 4, 3, b"xyz").bytes
}

pub(super) fn small_pcapng(order: Order) -> Vec<u8> {
    Build::new(order)
        .section()
        .interface(1, 0, &[(2, b"eth0")])
        .packet(0, 1_000_002, b"abcde")
        .block(4, &[0; 4])
        .interface(113, 0, &[(2, b"any"), (9, &[9])])
        .packet(1, 5, b"xyz")
        .bytes
}

pub(super) fn snoop(version: u32, kind: u32) -> Build {
    Build::new(Order::Big).raw(b"snoop\0\0\0").u32(version).u32(kind)
}

pub(super) fn small_snoop() -> Vec<u8> {
    // Padded to four bytes, and behind that to what the record says.
    let record =
        |build: Build, size: u32, data: &[u8]| build.u32(60).u32(5).u32(size).u32(0).u32(1).u32(2).raw(data);
    record(record(snoop(2, 4), 32, b"abcde\0\0\0"), 29, b"fghij").bytes
}
