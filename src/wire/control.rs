//! What switches say about a port: IEEE 802.1X, spanning tree and LLDP, as far as it explains why DHCP does not work there.

/// A frame between a switch and what is at its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// EAP over LAN (IEEE 802.1X): the switch wants an identity, or says how an authentication went.
    Eapol {
        /// It is a request for an identity (RFC 3748 §5.1).
        asks_identity: bool,
    },
    /// A configuration or rapid spanning tree BPDU (IEEE 802.1D).
    Bpdu {
        /// How long a port listens, and then learns, before it forwards: seconds.
        forward_delay: u16,
    },
    /// What the switch says of itself (IEEE 802.1AB).
    Lldp(Lldp),
}

/// A neighbour's own words; texts are bytes as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lldp {
    /// System name (TLV 5).
    pub system: Option<Vec<u8>>,
    /// Port description (TLV 4), else port identifier (TLV 2) where it is a name.
    pub port: Option<Vec<u8>>,
    /// The VLAN of untagged frames (IEEE 802.1Q Annex D).
    pub vlan: Option<u16>,
}

impl Control {
    /// Reads a frame of Ethernet, with tags or without.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let mut rest = frame.get(12..)?;
        while let [0x81, 0x00, _, _, inner @ ..] | [0x88, 0xa8, _, _, inner @ ..] = rest {
            rest = inner;
        }
        match rest {
            // EAPOL version, type 0 (EAP packet), length; EAP code 1 (request), identifier, length, type 1 (identity).
            [0x88, 0x8e, _, kind, _, _, eap @ ..] => {
                Some(Self::Eapol { asks_identity: *kind == 0 && matches!(eap, [1, _, _, _, 1, ..]) })
            }
            [0x88, 0xcc, tlvs @ ..] => Some(Self::Lldp(Lldp::read(tlvs))),
            // IEEE 802.3: a length, then LLC 42 42 03; the protocol is 0, forward delay stands at 33 in 1/256 s.
            [high, _, 0x42, 0x42, 3, bpdu @ ..] if *high < 6 && bpdu.starts_with(&[0, 0]) => {
                let delay = bpdu.get(33..35).and_then(<[u8]>::first_chunk::<2>)?;
                Some(Self::Bpdu { forward_delay: u16::from_be_bytes(*delay) >> 8 })
            }
            _ => None,
        }
    }
}

impl Lldp {
    fn read(mut tlvs: &[u8]) -> Self {
        let mut told = Self::default();
        let mut port_id = None;
        while let Some(([first, second], rest)) = tlvs.split_first_chunk::<2>() {
            let head = u16::from_be_bytes([*first, *second]);
            let length = usize::from(head & 0x1ff);
            let (Some(value), Some(next)) = (rest.get(..length), rest.get(length..)) else { break };
            tlvs = next;
            match (head >> 9, value) {
                (0, _) => break,
                // Subtypes 1 (alias), 5 (interface name) and 7 (local) are texts.
                (2, [1 | 5 | 7, name @ ..]) => port_id = Some(name.to_vec()),
                (4, text) if !text.is_empty() => told.port = Some(text.to_vec()),
                (5, text) if !text.is_empty() => told.system = Some(text.to_vec()),
                (127, [0x00, 0x80, 0xc2, 1, high, low]) => {
                    told.vlan = Some(u16::from_be_bytes([*high, *low])).filter(|id| *id != 0);
                }
                _ => {}
            }
        }
        told.port = told.port.or(port_id);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ethernet(behind: &[u8]) -> Vec<u8> {
        [&[1, 0x80, 0xc2, 0, 0, 3, 2, 0, 0, 0, 0, 1][..], behind].concat()
    }

    #[test]
    fn what_a_switch_says_is_read() {
        let eapol = ethernet(&[0x88, 0x8e, 2, 0, 0, 5, 1, 1, 0, 5, 1]);
        assert_eq!(Control::read(&eapol), Some(Control::Eapol { asks_identity: true }));
        let success = ethernet(&[0x88, 0x8e, 2, 0, 0, 4, 3, 1, 0, 4]);
        assert_eq!(Control::read(&success), Some(Control::Eapol { asks_identity: false }));
        let mut bpdu = ethernet(&[0, 38, 0x42, 0x42, 3]);
        bpdu.extend([0; 33]);
        bpdu.extend([15, 0]);
        assert_eq!(Control::read(&bpdu), Some(Control::Bpdu { forward_delay: 15 }));
        let lldp = ethernet(&[
            0x88, 0xcc, 4, 5, 5, b'g', b'i', b'/', b'7', 10, 3, b's', b'w', b'3', 254, 6, 0, 0x80, 0xc2, 1,
            0, 40, 0, 0,
        ]);
        let want = Lldp { system: Some(b"sw3".to_vec()), port: Some(b"gi/7".to_vec()), vlan: Some(40) };
        assert_eq!(Control::read(&lldp), Some(Control::Lldp(want)));
    }

    #[test]
    fn nothing_is_trusted() {
        let lldp = ethernet(&[0x88, 0xcc, 11, 255, b'x']);
        assert_eq!(Control::read(&lldp), Some(Control::Lldp(Lldp::default())));
        for length in 0..60 {
            let _ = Control::read(&ethernet(&vec![0x42; length]));
            let _ = Control::read(&vec![0x88; length]);
        }
        assert_eq!(Control::read(&ethernet(&[8, 0, 0x45])), None);
    }
}
