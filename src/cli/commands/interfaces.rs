//! `dhcptool interfaces`: list the interfaces usable here.

use crate::cli::context::Context;
use crate::cli::exit::{Failure, Outcome};

/// List the interfaces: which can be used, and which one is used when none is named
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Lists them.
#[cfg(feature = "live")]
pub fn run(_args: &Args, cx: &mut Context) -> Outcome {
    live::run(cx)
}

/// What is printed, as JSON Schema.
#[cfg(feature = "live")]
pub fn schema(command: &str) -> schemars::Schema {
    live::schema(command)
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub fn run(_args: &Args, _cx: &mut Context) -> Outcome {
    Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
}

#[cfg(feature = "live")]
mod live {
    use schemars::{JsonSchema, Schema};
    use serde::Serialize;

    use super::{Context, Failure, Outcome};
    use crate::cli::exit::Exit;
    use crate::net::iface::{ARP_ETHERNET, Interface, choose, interfaces};
    use crate::output::{Label, schema, table::Table};
    use crate::wire::escape::escape_line;

    /// All interfaces, for programs.
    #[derive(Serialize, JsonSchema)]
    struct Listing {
        r#type: &'static str,
        default: Option<String>,
        interfaces: Vec<Row>,
    }

    /// One of them.
    #[allow(clippy::struct_excessive_bools, reason = "the kernel's flags are independent of each other")]
    #[derive(Serialize, JsonSchema)]
    struct Row {
        name: String,
        index: u32,
        usable: bool,
        default: bool,
        default_route: bool,
        up: bool,
        carrier: bool,
        loopback: bool,
        point_to_point: bool,
        mac: Option<String>,
        arp_type: u16,
        mtu: u32,
        addresses: Vec<String>,
        /// The link-local IPv6 address that it can be spoken from.
        link_local: Option<std::net::Ipv6Addr>,
        /// The IPv6 addresses among them.
        ipv6_addresses: Vec<String>,
    }

    /// What is printed, as JSON Schema.
    pub(super) fn schema(command: &str) -> Schema {
        schema::schema::<Listing>(command)
    }

    pub(super) fn run(cx: &mut Context) -> Outcome {
        let all = interfaces().map_err(Failure::could_not_run)?;
        let default = choose(&all, None).ok().map(|interface| interface.name.clone());
        let usable = all.iter().any(Interface::is_usable);
        if cx.common.json {
            let rows = all.iter().map(|interface| row(interface, default.as_deref())).collect();
            cx.out.write_json(&Listing { r#type: "interfaces", default, interfaces: rows })?;
        } else {
            let text = table(&all, default.as_deref()).render(cx.out.color());
            cx.out.write(text.as_bytes())?;
        }
        Ok(if usable { Exit::Good } else { Exit::Bad })
    }

    fn row(interface: &Interface, default: Option<&str>) -> Row {
        Row {
            name: interface.name.clone(),
            index: interface.index,
            usable: interface.is_usable(),
            default: default == Some(&interface.name),
            default_route: interface.default_route,
            up: interface.up,
            carrier: interface.carrier,
            loopback: interface.loopback,
            point_to_point: interface.point_to_point,
            mac: hardware(interface),
            arp_type: interface.arp_type,
            mtu: interface.mtu,
            addresses: interface.addresses.iter().map(|(addr, prefix)| format!("{addr}/{prefix}")).collect(),
            link_local: interface.link_local(),
            ipv6_addresses: interface
                .addresses
                .iter()
                .filter(|(addr, _)| addr.is_ipv6())
                .map(|(addr, prefix)| format!("{addr}/{prefix}"))
                .collect(),
        }
    }

    fn table(all: &[Interface], default: Option<&str>) -> Table {
        let mut table = Table::new(&["name", "mac", "mtu", "state", "addresses"]);
        for interface in all {
            let label = if interface.is_usable() { Label::Strong } else { Label::Dim };
            let addresses: Vec<String> =
                interface.addresses.iter().map(|(addr, prefix)| format!("{addr}/{prefix}")).collect();
            table.row(vec![
                (label, escape_line(&interface.name)),
                (Label::Plain, hardware(interface).unwrap_or_else(|| "-".to_owned())),
                (Label::Dim, interface.mtu.to_string()),
                (Label::Plain, state(interface, default == Some(&interface.name))),
                (Label::Plain, addresses.join(" ")),
            ]);
        }
        table
    }

    fn hardware(interface: &Interface) -> Option<String> {
        (!interface.address.as_slice().is_empty()).then(|| interface.address.to_string())
    }

    /// What matters of an interface's state, in words.
    fn state(interface: &Interface, default: bool) -> String {
        let words = [
            (!interface.up, "down"),
            (interface.up && !interface.carrier, "no carrier"),
            (interface.up && interface.carrier, "up"),
            (interface.loopback, "loopback"),
            (interface.point_to_point, "point-to-point"),
            (interface.arp_type != ARP_ETHERNET && !interface.loopback, "not Ethernet"),
            (default, "default"),
        ];
        let said: Vec<&str> = words.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
        said.join(", ")
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::wire::Mac;

        #[test]
        fn a_table_says_which_one_is_used() {
            let eth0 = Interface {
                name: "eth0".into(),
                address: Mac([2, 0, 0, 0, 1, 0]).into(),
                arp_type: ARP_ETHERNET,
                mtu: 1500,
                up: true,
                carrier: true,
                broadcast: true,
                addresses: vec![([10, 0, 0, 9].into(), 8)],
                ..Interface::default()
            };
            let eth1 = Interface { name: "e\u{1b}[2J".into(), carrier: false, ..eth0.clone() };
            let text = table(&[eth0, eth1], Some("eth0")).render(false);
            let lines: Vec<&str> = text.lines().collect();
            let cells: Vec<&str> =
                lines[1].split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect();
            assert_eq!(cells, ["eth0", "02:00:00:00:01:00", "1500", "up, default", "10.0.0.9/8"]);
            assert!(lines[2].contains("no carrier"), "{text}");
            assert!(!text.contains('\u{1b}'), "{text:?}");
        }
    }
}
