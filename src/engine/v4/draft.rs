//! What the user wants different: overrides for every field of a message and of what stands around it.
//!
//! Nothing is corrected. What is wrong or odd is returned as a [`Warning`], a value; the sentence is its `Display`.

use std::fmt;
use std::net::Ipv4Addr;

use crate::wire::frame::Envelope;
use crate::wire::v4::{Item, Message, Op, Xid, code};
use crate::wire::{HwAddr, Mac};

/// Codes of the options the client's messages are made of.
pub mod opt {
    pub use crate::wire::options::v4::{
        DHCP_CLIENT_IDENTIFIER as CLIENT_ID, DHCP_MESSAGE as MESSAGE,
        DHCP_PARAMETER_REQUEST_LIST as REQUEST_LIST, DHCP_REQUESTED_ADDRESS as REQUESTED_ADDRESS,
        DHCP_SERVER_IDENTIFIER as SERVER_ID, HOST_NAME, VENDOR_CLASS_IDENTIFIER as VENDOR_CLASS,
    };
}

/// An option of the command line, value already encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionEdit {
    /// Its code.
    pub code: u8,
    /// The payload.
    pub data: Vec<u8>,
}

/// Everything about a message and its envelope that can be set. `None` leaves what the message would have anyway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `op`.
    pub op: Option<u8>,
    /// `htype`.
    pub htype: Option<u8>,
    /// `hlen`.
    pub hlen: Option<u8>,
    /// `hops`.
    pub hops: Option<u8>,
    /// `xid`.
    pub xid: Option<Xid>,
    /// `secs`.
    pub secs: Option<u16>,
    /// All sixteen bits of `flags`.
    pub flags: Option<u16>,
    /// The broadcast bit alone.
    pub broadcast: Option<bool>,
    /// `ciaddr`.
    pub ciaddr: Option<Ipv4Addr>,
    /// `yiaddr`.
    pub yiaddr: Option<Ipv4Addr>,
    /// `siaddr`.
    pub siaddr: Option<Ipv4Addr>,
    /// `giaddr`.
    pub giaddr: Option<Ipv4Addr>,
    /// `chaddr`, up to 16 bytes; `hlen` follows unless it is set itself.
    pub chaddr: Option<HwAddr>,
    /// `sname`, up to 64 bytes.
    pub sname: Option<Vec<u8>>,
    /// `file`, up to 128 bytes.
    pub file: Option<Vec<u8>>,
    /// What stands in the magic cookie's place.
    pub cookie: Option<Vec<u8>>,
    /// Options in the order they were given. The first of a code replaces what was there, later ones are added behind.
    pub options: Vec<OptionEdit>,
    /// Options that must not be there.
    pub remove: Vec<u8>,
    /// Leaves out End.
    pub no_end: bool,
    /// Bytes behind End.
    pub trailer: Vec<u8>,
    /// Pads the message with zeros to so many bytes.
    pub pad_to: Option<usize>,
    /// Ethernet source.
    pub src_mac: Option<Mac>,
    /// Ethernet destination.
    pub dst_mac: Option<Mac>,
    /// VLAN identifiers, outermost first.
    pub vlans: Vec<u16>,
    /// IPv4 source.
    pub src_ip: Option<Ipv4Addr>,
    /// IPv4 destination.
    pub dst_ip: Option<Ipv4Addr>,
    /// UDP source port.
    pub src_port: Option<u16>,
    /// UDP destination port.
    pub dst_port: Option<u16>,
    /// IPv4 time to live.
    pub ttl: Option<u8>,
}

impl Overrides {
    /// Sets in `message` what was asked for.
    pub fn apply(&self, message: &mut Message) {
        if let Some(chaddr) = self.chaddr {
            message.chaddr = [0; 16];
            for (to, from) in message.chaddr.iter_mut().zip(chaddr.as_slice()) {
                *to = *from;
            }
            message.hlen = u8::try_from(chaddr.as_slice().len()).unwrap_or(16);
        }
        set(&mut message.op, self.op.map(Op));
        set(&mut message.htype, self.htype);
        set(&mut message.hlen, self.hlen);
        set(&mut message.hops, self.hops);
        set(&mut message.xid, self.xid);
        set(&mut message.secs, self.secs);
        set(&mut message.flags, self.flags);
        if let Some(broadcast) = self.broadcast {
            message.set_broadcast(broadcast);
        }
        set(&mut message.ciaddr, self.ciaddr);
        set(&mut message.yiaddr, self.yiaddr);
        set(&mut message.siaddr, self.siaddr);
        set(&mut message.giaddr, self.giaddr);
        if let Some(text) = &self.sname {
            message.sname = field(text);
        }
        if let Some(text) = &self.file {
            message.file = field(text);
        }
        if let Some(cookie) = &self.cookie {
            message.cookie.clone_from(cookie);
        }
        self.apply_options(message);
        for code in &self.remove {
            message.remove_option(*code);
        }
        if self.no_end {
            message.items.retain(|item| !matches!(item, Item::End));
        }
        if !self.trailer.is_empty() {
            message.items.push(Item::Raw(self.trailer.clone()));
        }
    }

    fn apply_options(&self, message: &mut Message) {
        let mut given = [false; 256];
        for edit in &self.options {
            let first =
                given.get_mut(usize::from(edit.code)).is_some_and(|seen| !std::mem::replace(seen, true));
            if first {
                message.set_option(edit.code, &edit.data);
            } else {
                message.add_option(Item::Option { code: edit.code, data: edit.data.clone() });
            }
        }
    }

    /// Sets in `envelope` what was asked for. True when the Ethernet destination was chosen, so that it need not be
    /// found out.
    pub fn apply_envelope(&self, envelope: &mut Envelope) -> bool {
        set(&mut envelope.src_mac, self.src_mac);
        set(&mut envelope.src_ip, self.src_ip);
        set(&mut envelope.dst_ip, self.dst_ip);
        set(&mut envelope.src_port, self.src_port);
        set(&mut envelope.dst_port, self.dst_port);
        set(&mut envelope.ttl, self.ttl);
        if !self.vlans.is_empty() {
            envelope.vlans.clone_from(&self.vlans);
        }
        set(&mut envelope.dst_mac, self.dst_mac);
        self.dst_mac.is_some()
    }

    /// The option's value as it was given, if it was.
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|edit| edit.code == code).map(|edit| edit.data.as_slice())
    }

    /// True when an option of this code was given.
    pub fn has_option(&self, code: u8) -> bool {
        self.options.iter().any(|edit| edit.code == code)
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn field<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut field = [0; N];
    for (to, from) in field.iter_mut().zip(text) {
        *to = *from;
    }
    field
}

/// Something about a message to be sent that its receiver may not like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// An option longer than 255 bytes goes out as several (RFC 3396), which old receivers do not join.
    OptionSplit {
        /// Its code.
        code: u8,
        /// Bytes of its value.
        len: usize,
        /// Into how many it is split.
        pieces: usize,
    },
    /// `hlen` is more than the 16 bytes of `chaddr`.
    HlenTooLarge(u8),
    /// A client's message goes out as a reply, or as neither.
    Op(u8),
    /// No message type: servers take it for BOOTP.
    NoMessageType,
    /// The magic cookie is not the one of DHCP: no options will be read.
    Cookie,
    /// No End option.
    NoEnd,
    /// The source is a group address.
    GroupSource(Mac),
    /// Not a VLAN that a station may use (1 to 4094).
    Vlan(u16),
    /// Longer than the 576 bytes every DHCP receiver must take (RFC 2131 §2) and no larger size was agreed.
    Long(usize),
    /// `chaddr` and the sender's Ethernet address differ: some switches drop such frames.
    OtherSource(Mac),
    /// The transaction identifier is zero, which many servers share among careless clients.
    ZeroXid,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OptionSplit { code, len, pieces } => {
                write!(f, "option {code} has {len} bytes and goes out as {pieces} options (RFC 3396)")
            }
            Self::HlenTooLarge(hlen) => write!(f, "hlen is {hlen}, chaddr holds 16 bytes"),
            Self::Op(2) => f.write_str("op is 2: servers ignore replies"),
            Self::Op(op) => write!(f, "op is {op}, neither request (1) nor reply (2)"),
            Self::NoMessageType => f.write_str("no message type (option 53): servers take it for BOOTP"),
            Self::Cookie => f.write_str("the magic cookie is not 63825363: options will not be read"),
            Self::NoEnd => f.write_str("the options have no End (255)"),
            Self::GroupSource(mac) => {
                write!(f, "the source {mac} is a group address: bridges drop such frames")
            }
            Self::Vlan(id) => write!(f, "VLAN {id} is not one a station may use (1 to 4094)"),
            Self::Long(len) => {
                write!(f, "the message has {len} bytes; receivers need not take more than 548 (RFC 2131 2)")
            }
            Self::OtherSource(mac) => {
                write!(f, "chaddr differs from the frame's source {mac}: switches may drop it")
            }
            Self::ZeroXid => {
                f.write_str("xid is 0: answers cannot be told from those to other clients that use 0")
            }
        }
    }
}

/// A message with everything that stands around it, ready to go out once the next hop is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The message.
    pub message: Message,
    /// What stands around it. `dst_mac` is final unless `next_hop` is there.
    pub envelope: Envelope,
    /// The address whose MAC must be asked for before it can go out.
    pub next_hop: Option<Ipv4Addr>,
    /// Zeros are added up to so many bytes; 0 leaves the message as it is.
    pub pad_to: usize,
}

impl Draft {
    /// The bytes of the message, padding included.
    pub fn payload(&self) -> Vec<u8> {
        let mut bytes = self.message.encode();
        if bytes.len() < self.pad_to {
            bytes.resize(self.pad_to, 0);
        }
        bytes
    }

    /// The whole frame.
    pub fn frame(&self) -> Vec<u8> {
        self.envelope.frame(&self.payload())
    }

    /// What its receiver may not like.
    pub fn warnings(&self) -> Vec<Warning> {
        let message = &self.message;
        let mut found = Vec::new();
        for item in &message.items {
            if let Item::Option { code, data } = item
                && data.len() > 255
            {
                let pieces = data.len().div_ceil(255);
                found.push(Warning::OptionSplit { code: *code, len: data.len(), pieces });
            }
        }
        if message.hlen > 16 {
            found.push(Warning::HlenTooLarge(message.hlen));
        }
        if message.op != Op::REQUEST {
            found.push(Warning::Op(message.op.0));
        }
        if message.cookie != crate::wire::v4::COOKIE {
            found.push(Warning::Cookie);
        } else if message.option(code::MESSAGE_TYPE).is_none() {
            found.push(Warning::NoMessageType);
        } else if !message.items.contains(&Item::End) {
            found.push(Warning::NoEnd);
        }
        if self.envelope.src_mac.is_multicast() {
            found.push(Warning::GroupSource(self.envelope.src_mac));
        } else if message.client().mac().is_some_and(|mac| mac != self.envelope.src_mac)
            && message.giaddr.is_unspecified()
        {
            found.push(Warning::OtherSource(self.envelope.src_mac));
        }
        for id in &self.envelope.vlans {
            if !(1..=4094).contains(id) {
                found.push(Warning::Vlan(*id));
            }
        }
        let len = self.payload().len();
        if len > 548 {
            found.push(Warning::Long(len));
        }
        if message.xid == Xid(0) {
            found.push(Warning::ZeroXid);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v4::MessageType;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

    fn draft() -> Draft {
        Draft {
            message: Message::request(MessageType::DISCOVER, Xid(7), MAC),
            envelope: Envelope::broadcast(MAC),
            next_hop: None,
            pad_to: 300,
        }
    }

    fn edit(code: u8, data: &[u8]) -> OptionEdit {
        OptionEdit { code, data: data.to_vec() }
    }

    #[test]
    fn an_ordinary_message_has_no_warnings() {
        assert_eq!(draft().warnings(), []);
        assert_eq!(draft().payload().len(), 300);
    }

    #[test]
    fn every_header_field_can_be_set_wrong() {
        let overrides = Overrides {
            op: Some(9),
            htype: Some(8),
            hlen: Some(255),
            hops: Some(7),
            xid: Some(Xid(0)),
            secs: Some(6),
            flags: Some(0x7fff),
            broadcast: Some(true),
            ciaddr: Some([1, 1, 1, 1].into()),
            yiaddr: Some([2, 2, 2, 2].into()),
            siaddr: Some([3, 3, 3, 3].into()),
            giaddr: Some([4, 4, 4, 4].into()),
            chaddr: Some(HwAddr::from_slice(&[9; 16])),
            sname: Some(b"boot".to_vec()),
            file: Some(b"pxe".to_vec()),
            cookie: Some(vec![1, 2]),
            ..Overrides::default()
        };
        let mut draft = draft();
        overrides.apply(&mut draft.message);
        let bytes = draft.message.encode();
        assert_eq!(bytes[..12], [9, 8, 255, 7, 0, 0, 0, 0, 0, 6, 0xff, 0xff]);
        assert_eq!(bytes[12..28], [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]);
        assert_eq!(bytes[28..44], [9; 16]);
        assert_eq!((&bytes[44..49], &bytes[108..112]), (&b"boot\0"[..], &b"pxe\0"[..]));
        assert_eq!(bytes[236..238], [1, 2]);
        let warnings = draft.warnings();
        for want in [Warning::HlenTooLarge(255), Warning::Op(9), Warning::Cookie, Warning::ZeroXid] {
            assert!(warnings.contains(&want), "{want:?}");
        }
    }

    #[test]
    fn options_replace_and_repeat() {
        let overrides = Overrides {
            options: vec![edit(53, &[3]), edit(77, b"a"), edit(77, b"b")],
            ..Overrides::default()
        };
        let mut message = draft().message;
        overrides.apply(&mut message);
        assert_eq!(message.message_type(), Some(MessageType::REQUEST));
        assert_eq!(message.items.iter().filter(|item| item.code() == Some(77)).count(), 2);
    }

    #[test]
    fn options_can_be_taken_away_and_the_end_too() {
        let overrides =
            Overrides { remove: vec![53], no_end: true, trailer: vec![1, 2], ..Overrides::default() };
        let mut draft = draft();
        overrides.apply(&mut draft.message);
        assert_eq!(draft.message.encode()[240..], [1, 2]);
        assert!(draft.warnings().contains(&Warning::NoMessageType));
    }

    #[test]
    fn what_is_too_long_is_said() {
        let mut draft = draft();
        draft.message.set_option(43, &[7; 600]);
        let warnings = draft.warnings();
        assert!(warnings.contains(&Warning::OptionSplit { code: 43, len: 600, pieces: 3 }));
        assert!(warnings.iter().any(|warning| matches!(warning, Warning::Long(_))));
    }

    #[test]
    fn the_envelope_too() {
        let overrides = Overrides {
            src_mac: Some(Mac([3; 6])),
            dst_mac: Some(Mac([4; 6])),
            vlans: vec![0],
            src_ip: Some([1, 2, 3, 4].into()),
            dst_ip: Some([5, 6, 7, 8].into()),
            src_port: Some(1),
            dst_port: Some(2),
            ttl: Some(3),
            ..Overrides::default()
        };
        let mut draft = draft();
        assert!(overrides.apply_envelope(&mut draft.envelope));
        assert_eq!(draft.envelope.src_port, 1);
        assert_eq!(draft.envelope.ttl, 3);
        assert!(draft.warnings().contains(&Warning::GroupSource(Mac([3; 6]))));
        assert!(draft.warnings().contains(&Warning::Vlan(0)));
    }
}
