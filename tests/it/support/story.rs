//! Captures of small stories, made as they are told.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use dhcptool::wire::Mac;
use dhcptool::wire::frame::Envelope;
use dhcptool::wire::v4::{Message, MessageType, Xid};

/// The server of the stories.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// A capture under construction: a pcap file of Ethernet.
pub(crate) struct Story {
    bytes: Vec<u8>,
    folder: tempfile::TempDir,
}

impl Story {
    /// A capture of nothing.
    pub(crate) fn new() -> Self {
        let mut bytes = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        Self { bytes, folder: tempfile::tempdir().unwrap() }
    }

    /// A message at so many milliseconds, with options over what it has.
    pub(crate) fn say(&mut self, ms: u64, mut message: Message, options: &[(u8, &[u8])]) -> Message {
        for (code, value) in options {
            message.set_option(*code, value);
        }
        let reply = message.op == dhcptool::wire::v4::Op::REPLY;
        let mac = if reply {
            Mac([0, 0x1c, 0xc4, 0, 0, 1])
        } else {
            message.client().as_slice().try_into().map(Mac).unwrap()
        };
        let mut envelope = Envelope::broadcast(mac);
        if reply {
            (envelope.src_port, envelope.dst_port, envelope.src_ip) = (67, 68, SERVER);
        }
        self.frame(ms, &envelope.frame(&message.encode_padded()));
        message
    }

    /// A frame at so many milliseconds.
    pub(crate) fn frame(&mut self, ms: u64, frame: &[u8]) {
        let length = u32::try_from(frame.len()).unwrap();
        let seconds = u32::try_from(1_700_000_000 + ms / 1000).unwrap();
        let rest = u32::try_from(ms % 1000 * 1000).unwrap();
        for word in [seconds, rest, length, length] {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        self.bytes.extend_from_slice(frame);
    }

    /// A client's message.
    pub(crate) fn asks(
        &mut self,
        ms: u64,
        kind: MessageType,
        xid: u32,
        client: u8,
        options: &[(u8, &[u8])],
    ) -> Message {
        let mut message = Message::request(kind, Xid(xid), Mac([0, 0x0c, 0x29, 0, 0, client]));
        message.set_broadcast(true);
        message.set_option(55, &[1, 3, 6, 51, 54]);
        self.say(ms, message, options)
    }

    /// The server's answer with this address.
    pub(crate) fn answers(
        &mut self,
        ms: u64,
        kind: MessageType,
        request: &Message,
        address: u8,
        options: &[(u8, &[u8])],
    ) {
        let mut message = Message::reply(kind, request);
        if kind != MessageType::NAK {
            message.yiaddr = [10, 0, 0, address].into();
            message.set_option(1, &[255, 255, 255, 0]);
            message.set_option(3, &SERVER.octets());
            message.set_option(51, &3600_u32.to_be_bytes());
        }
        message.set_option(54, &SERVER.octets());
        self.say(ms, message, options);
    }

    /// A whole acquisition.
    pub(crate) fn binds(&mut self, ms: u64, xid: u32, client: u8, options: &[(u8, &[u8])]) {
        let discover = self.asks(ms, MessageType::DISCOVER, xid, client, options);
        self.answers(ms + 3, MessageType::OFFER, &discover, client, &[]);
        let wanted = [10, 0, 0, client];
        let mut chosen = vec![(50, &wanted[..]), (54, &[10, 0, 0, 1][..])];
        chosen.extend_from_slice(options);
        let request = self.asks(ms + 5, MessageType::REQUEST, xid, client, &chosen);
        self.answers(ms + 9, MessageType::ACK, &request, client, &[]);
    }

    /// Where results may be written.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file.
    pub(crate) fn file(&self) -> PathBuf {
        let path = self.folder.path().join("story.pcap");
        std::fs::write(&path, &self.bytes).unwrap();
        path
    }
}
