//! The interfaces of this machine, as a table and as an object.

use std::net::Ipv6Addr;

use schemars::{JsonSchema, Schema};
use serde::Serialize;

use super::{Label, Render, Styled, schema, table::Table};
use crate::wire::escape::escape_line;

/// The hardware type of Ethernet.
const ETHERNET: u16 = 1;

/// All of them.
#[allow(clippy::struct_field_names, reason = "the contract has this name")]
#[derive(Debug, Serialize, JsonSchema)]
pub struct Interfaces {
    r#type: &'static str,
    default: Option<String>,
    interfaces: Vec<InterfaceObject>,
}

/// One of them.
#[allow(clippy::struct_excessive_bools, reason = "the kernel's flags are independent of each other")]
#[derive(Debug, Serialize, JsonSchema)]
pub struct InterfaceObject {
    /// Its name.
    pub name: String,
    /// The kernel's number of it.
    pub index: u32,
    /// DHCP can be spoken there.
    pub usable: bool,
    /// It is used when none is named.
    pub default: bool,
    /// The default route leads there.
    pub default_route: bool,
    /// It is up.
    pub up: bool,
    /// Something is at the other end.
    pub carrier: bool,
    /// It is the loopback.
    pub loopback: bool,
    /// It has one neighbour.
    pub point_to_point: bool,
    /// Its hardware address.
    pub mac: Option<String>,
    /// Its hardware type (RFC 826); 1 is Ethernet.
    pub arp_type: u16,
    /// Bytes of the longest packet.
    pub mtu: u32,
    /// Its addresses with their prefix lengths.
    pub addresses: Vec<String>,
    /// The link-local IPv6 address that it can be spoken from.
    pub link_local: Option<Ipv6Addr>,
    /// The IPv6 addresses among them.
    pub ipv6_addresses: Vec<String>,
}

/// What is printed, as JSON Schema.
pub fn schema(command: &str) -> Schema {
    schema::schema::<Interfaces>(command)
}

impl Interfaces {
    /// These; the one that is used when none is named is among them.
    pub fn new(interfaces: Vec<InterfaceObject>) -> Self {
        let default = interfaces.iter().find(|one| one.default).map(|one| one.name.clone());
        Self { r#type: "interfaces", default, interfaces }
    }
}

impl InterfaceObject {
    /// What matters of its state, in words.
    fn state(&self) -> String {
        let words = [
            (!self.up, "down"),
            (self.up && !self.carrier, "no carrier"),
            (self.up && self.carrier, "up"),
            (self.loopback, "loopback"),
            (self.point_to_point, "point-to-point"),
            (self.arp_type != ETHERNET && !self.loopback, "not Ethernet"),
            (self.default, "default"),
        ];
        let said: Vec<&str> = words.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
        said.join(", ")
    }
}

impl Render for Interfaces {
    fn object(&self) -> impl Serialize {
        self
    }

    fn text(&self, out: &mut Styled) {
        let mut table = Table::new(&["name", "mac", "mtu", "state", "addresses"]);
        for one in &self.interfaces {
            let label = if one.usable { Label::Strong } else { Label::Dim };
            table.row(vec![
                (label, escape_line(&one.name)),
                (Label::Plain, one.mac.clone().unwrap_or_else(|| "-".to_owned())),
                (Label::Dim, one.mtu.to_string()),
                (Label::Plain, one.state()),
                (Label::Plain, one.addresses.join(" ")),
            ]);
        }
        table.show(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;
    use crate::output::render::Look;

    fn eth(name: &str, carrier: bool) -> InterfaceObject {
        InterfaceObject {
            name: name.into(),
            index: 2,
            usable: carrier,
            default: carrier,
            default_route: false,
            up: true,
            carrier,
            loopback: false,
            point_to_point: false,
            mac: Some("02:00:00:00:01:00".into()),
            arp_type: ETHERNET,
            mtu: 1500,
            addresses: vec!["10.0.0.9/8".into(), "fd00::2/64".into(), "fe80::fc:ff:fe00:1/64".into()],
            link_local: None,
            ipv6_addresses: vec![],
        }
    }

    #[test]
    fn a_table_says_which_one_is_used() {
        let all = Interfaces::new(vec![eth("eth0", true), eth("e\u{1b}[2J", false)]);
        assert_eq!(all.default.as_deref(), Some("eth0"));
        let text = |width| String::from_utf8(all.render(Format::Text, Look { color: false, width })).unwrap();
        let lines: Vec<String> = text(None).lines().map(str::to_owned).collect();
        let cells: Vec<&str> = lines[1].split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect();
        let addresses = "10.0.0.9/8 fd00::2/64 fe80::fc:ff:fe00:1/64";
        assert_eq!(cells, ["eth0", "02:00:00:00:01:00", "1500", "up, default", addresses]);
        assert!(lines[2].contains("no carrier") && !lines[2].contains('\u{1b}'), "{lines:?}");
        let narrow = text(Some(80));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        assert!(addresses.split(' ').all(|address| narrow.contains(address)), "{narrow}");
    }
}
