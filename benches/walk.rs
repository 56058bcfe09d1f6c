//! How fast captures are walked, plain and compressed, and what DHCP in them costs on its way to JSON.

#![allow(missing_docs, reason = "a benchmark's main is made by a macro")]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::io::{Cursor, Write as _};

use dhcptool::capture::{FrameOut, Reader, Writer, write::CaptureFormat};
use dhcptool::output::JsonOut;
use dhcptool::output::packet::json::PacketJson;
use dhcptool::output::packet::record::PacketRecord;
use dhcptool::wire::frame::{Ports, Walker};
use dhcptool::wire::v4::{Outline, Packet};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// A real exchange, over and over.
const EXCHANGE: &[u8] = include_bytes!("../tests/data/captures/dhcp.pcap");
const TIMES: usize = 4000;

/// Four packets of DHCP `TIMES` times.
fn capture(format: CaptureFormat) -> Vec<u8> {
    let mut writer = Writer::new("memory", Vec::new(), format);
    for _ in 0..TIMES {
        let mut reader = Reader::new("exchange", EXCHANGE).unwrap();
        while let Some(frame) = reader.next().unwrap() {
            writer.write(&FrameOut::from(frame)).unwrap();
        }
    }
    writer.finish().unwrap()
}

fn count(bytes: &[u8]) -> u64 {
    let mut reader = Reader::new("memory", bytes).unwrap();
    while let Some(frame) = reader.next().unwrap() {
        black_box(frame);
    }
    reader.count()
}

#[divan::bench(args = ["pcap", "pcapng"])]
fn frames(bencher: Bencher<'_, '_>, format: &str) {
    let bytes = capture(if format == "pcap" { CaptureFormat::Pcap } else { CaptureFormat::PcapNg });
    bencher
        .counter(BytesCount::new(bytes.len()))
        .counter(ItemsCount::new(TIMES.saturating_mul(4)))
        .bench(|| count(&bytes));
}

#[divan::bench(args = ["gzip", "zstd", "xz"])]
fn compressed(bencher: Bencher<'_, '_>, method: &str) {
    let bytes = capture(CaptureFormat::Pcap);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    match method {
        "gzip" => {
            let mut out = flate2::write::GzEncoder::new(file.as_file_mut(), flate2::Compression::fast());
            out.write_all(&bytes).unwrap();
            out.finish().unwrap();
        }
        "zstd" => zstd::stream::copy_encode(Cursor::new(&bytes), file.as_file_mut(), 3).unwrap(),
        _ => {
            let mut out = liblzma::write::XzEncoder::new(file.as_file_mut(), 1);
            out.write_all(&bytes).unwrap();
            out.finish().unwrap();
        }
    }
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut reader = dhcptool::capture::open(file.path()).unwrap();
        while let Some(frame) = reader.next().unwrap() {
            black_box(frame);
        }
        reader.count()
    });
}

#[divan::bench]
fn to_json(bencher: Bencher<'_, '_>) {
    let bytes = capture(CaptureFormat::Pcap);
    let mut walker = Walker::new(Ports::default());
    let (mut outline, mut writer, mut json) = (Outline::default(), PacketJson::default(), JsonOut::new());
    bencher
        .counter(BytesCount::new(bytes.len()))
        .counter(ItemsCount::new(TIMES.saturating_mul(4)))
        .bench_local(|| {
            let mut reader = Reader::new("memory", bytes.as_slice()).unwrap();
            while let Some(frame) = reader.next().unwrap() {
                json.buf.clear();
                walker.walk(frame.link, frame.data, frame.data.len(), 0, |datagram| {
                    let packet = Packet::new(datagram.payload);
                    outline.read(&packet, datagram.promised, datagram.cut);
                    let record = PacketRecord {
                        number: frame.number,
                        time: frame.time,
                        ..PacketRecord::of(&datagram, packet, &outline, frame.data.len())
                    };
                    writer.write(&record, &mut json);
                });
                black_box(&json.buf);
            }
        });
}
