//! A network of one cable, both ends in the network namespace of this process: `eth0`, where programs listen, and `far0`, where
//! frames are put in. Shared by tests and the load generator.

use std::fs::File;

use dhcptool::lab::netns::{self, FAR, VethPair};
use dhcptool::net::NetError;
use dhcptool::net::batch::{BatchOptions, BatchSocket};
use dhcptool::wire::Mac;
use dhcptool::wire::frame::Envelope;
use dhcptool::wire::v4::{Message, MessageType, Op, Xid};

const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 0x10]);

/// Moves this process, which must have one thread only, into namespaces of its own and lays a cable there.
pub(crate) fn enter() -> Result<(), NetError> {
    netns::enter()?;
    lay()
}

/// Lays a cable, again after it was removed.
pub(crate) fn lay() -> Result<(), NetError> {
    let here =
        File::open("/proc/thread-self/ns/net").map_err(|error| NetError::io("open", "namespace", error))?;
    let pair = VethPair {
        near: Mac([2, 0, 0, 0, 1, 0]),
        far: Mac([2, 0, 0, 0, 0xff, 0xff]),
        near_addr: None,
        six: false,
    };
    netns::connect(&pair, &here)?;
    netns::up(FAR)?;
    Ok(())
}

/// A socket to put frames in by.
pub(crate) fn far_end() -> Result<BatchSocket, NetError> {
    BatchSocket::open(FAR, &BatchOptions { batch: 32, ..BatchOptions::default() })
}

/// The message of an exchange that transaction `number` stands for: of four successive ones a DISCOVER, an OFFER, a REQUEST
/// and an ACK, with what usually is in them.
pub(crate) fn message(number: u32) -> Message {
    let [_, b, c, d] = number.to_be_bytes();
    let mac = Mac([2, 1, 0, b, c, d]);
    let kinds = [MessageType::DISCOVER, MessageType::OFFER, MessageType::REQUEST, MessageType::ACK];
    let kind = kinds[usize::try_from(number % 4).unwrap()];
    let mut message = Message::request(kind, Xid(number), mac);
    if number.is_multiple_of(2) {
        message.set_option(61, &[1, 2, 1, 0, b, c, d]);
        message.set_option(12, format!("client-{number}").as_bytes());
        message.set_option(55, &[1, 3, 6, 15, 28, 42, 51, 58, 59]);
    } else {
        message.op = Op::REPLY;
        message.yiaddr = [10, b, c, d].into();
        message.set_option(54, &[10, 0, 0, 1]);
        message.set_option(51, &[0, 0, 14, 16]);
        message.set_option(1, &[255, 0, 0, 0]);
        message.set_option(3, &[10, 0, 0, 254]);
        message.set_option(6, &[10, 0, 0, 1, 10, 0, 0, 2]);
    }
    message
}

/// The frame around it, 342 bytes without tags.
pub(crate) fn frame(message: &Message, vlans: &[u16]) -> Vec<u8> {
    let mut envelope = Envelope::broadcast(CLIENT);
    if message.op == Op::REPLY {
        (envelope.src_port, envelope.dst_port) = (67, 68);
        envelope.src_ip = [10, 0, 0, 1].into();
    }
    envelope.vlans = vlans.to_vec();
    envelope.frame(&message.encode_padded())
}
