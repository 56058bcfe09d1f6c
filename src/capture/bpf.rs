//! Filter expressions as tcpdump has them, applied to frames of captures.

use std::collections::HashMap;

use pcap::{BpfProgram, Capture, Linktype};

use crate::wire::frame::LinkType;

/// A filter expression, compiled for each link type as it is met.
///
/// An expression that does not itself speak of VLANs is applied to what is inside the tags: `udp port 67` finds tagged DHCP
/// too, which libpcap alone would miss.
pub struct FrameFilter {
    expression: String,
    sees_tags: bool,
    programs: HashMap<LinkType, Option<BpfProgram>>,
    untagged: Vec<u8>,
}

/// An expression that libpcap cannot compile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("filter {expression:?} is wrong: {reason}; see pcap-filter(7)")]
pub struct FilterError {
    /// The expression.
    pub expression: String,
    /// What libpcap says.
    pub reason: String,
}

impl FrameFilter {
    /// A filter for `expression`, which is tried on Ethernet at once so that a wrong one is found before any frame is read.
    pub fn new(expression: &str) -> Result<Self, FilterError> {
        let ethernet = compile(LinkType::ETHERNET, expression)
            .map_err(|reason| FilterError { expression: expression.to_owned(), reason })?;
        let sees_tags = expression.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "vlan");
        Ok(Self {
            expression: expression.to_owned(),
            sees_tags,
            programs: HashMap::from([(LinkType::ETHERNET, Some(ethernet))]),
            untagged: Vec::new(),
        })
    }

    /// True when the expression holds for the frame. False for link types it means nothing on.
    pub fn matches(&mut self, link: LinkType, data: &[u8]) -> bool {
        let program = self.programs.entry(link).or_insert_with(|| compile(link, &self.expression).ok());
        let Some(program) = program else { return false };
        if link != LinkType::ETHERNET || self.sees_tags {
            return program.filter(data);
        }
        let tags = tags_len(data);
        if tags == 0 {
            return program.filter(data);
        }
        self.untagged.clear();
        self.untagged.extend_from_slice(data.get(..12).unwrap_or(&[]));
        self.untagged.extend_from_slice(data.get(tags.saturating_add(12)..).unwrap_or(&[]));
        program.filter(&self.untagged)
    }
}

/// Bytes that VLAN tags take behind the addresses.
fn tags_len(data: &[u8]) -> usize {
    let mut len = 0_usize;
    while let Some([0x81 | 0x91, 0x00] | [0x88, 0xa8]) =
        data.get(len.saturating_add(12)..).and_then(<[u8]>::first_chunk::<2>)
    {
        len = len.saturating_add(4);
    }
    len
}

fn compile(link: LinkType, expression: &str) -> Result<BpfProgram, String> {
    // libpcap calls raw IP 12 where captures say 101.
    let number = if link.0 == 101 { 12 } else { link.0 };
    let link = i32::try_from(number).map_err(|_| "no such link type".to_owned())?;
    let dead = Capture::dead(Linktype(link)).map_err(|error| error.to_string())?;
    dead.compile(expression, true).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tags: &[u8], port: u8) -> Vec<u8> {
        let mut frame = vec![0xff; 12];
        frame.extend(tags);
        frame.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend([0, port, 0, port, 0, 8, 0, 0]);
        frame
    }

    #[test]
    fn finds_ports_inside_tags() {
        let mut filter = FrameFilter::new("udp port 67").unwrap();
        assert!(filter.matches(LinkType::ETHERNET, &frame(&[], 67)));
        assert!(filter.matches(LinkType::ETHERNET, &frame(&[0x81, 0, 0, 7], 67)));
        assert!(filter.matches(LinkType::ETHERNET, &frame(&[0x88, 0xa8, 0, 9, 0x81, 0, 0, 7], 67)));
        assert!(!filter.matches(LinkType::ETHERNET, &frame(&[0x81, 0, 0, 7], 53)));
        let mut filter = FrameFilter::new("not udp port 67").unwrap();
        assert!(!filter.matches(LinkType::ETHERNET, &frame(&[0x81, 0, 0, 7], 67)));
    }

    #[test]
    fn an_expression_with_vlan_in_it_means_what_tcpdump_means() {
        let mut filter = FrameFilter::new("vlan 7 and udp port 67").unwrap();
        assert!(filter.matches(LinkType::ETHERNET, &frame(&[0x81, 0, 0, 7], 67)));
        assert!(!filter.matches(LinkType::ETHERNET, &frame(&[], 67)));
    }

    #[test]
    fn raw_ip_and_unknown_links() {
        let mut filter = FrameFilter::new("udp port 67").unwrap();
        assert!(filter.matches(LinkType(101), &frame(&[], 67)[14..]));
        assert!(!filter.matches(LinkType(99_999), &frame(&[], 67)));
        assert!(FrameFilter::new("udp prt 67").is_err());
    }
}
