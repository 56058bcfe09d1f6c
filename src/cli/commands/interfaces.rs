//! `dhcptool interfaces`: list the interfaces usable here.

use crate::cli::context::Context;
#[cfg(not(feature = "live"))]
use crate::cli::exit::Failure;
use crate::cli::exit::Outcome;

/// List the interfaces: which can be used, and which one is used when none is named
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Lists them.
#[cfg(feature = "live")]
pub fn run(_args: &Args, cx: &mut Context) -> Outcome {
    live::run(cx)
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
pub fn run(_args: &Args, _cx: &mut Context) -> Outcome {
    Err(Failure::could_not_run("this dhcptool was built without live networking (feature `live`)"))
}

#[cfg(feature = "live")]
mod live {
    use super::{Context, Outcome};
    use crate::cli::exit::Exit;
    use crate::net::iface::{Interface, choose, interfaces};
    use crate::output::interfaces::{InterfaceObject, Interfaces};

    pub(super) fn run(cx: &mut Context) -> Outcome {
        let all = interfaces()?;
        let default = choose(&all, None).ok().map(|interface| interface.index);
        let usable = all.iter().any(Interface::is_usable);
        let rows = all.iter().map(|interface| row(interface, default == Some(interface.index)));
        cx.show(&Interfaces::new(rows.collect()))?;
        Ok(if usable { Exit::Good } else { Exit::Bad })
    }

    fn row(interface: &Interface, default: bool) -> InterfaceObject {
        let addresses = |wanted: fn(&std::net::IpAddr) -> bool| {
            let wanted = interface.addresses.iter().filter(|(addr, _)| wanted(addr));
            wanted.map(|(addr, prefix)| format!("{addr}/{prefix}")).collect()
        };
        InterfaceObject {
            name: interface.name.clone(),
            index: interface.index,
            usable: interface.is_usable(),
            default,
            default_route: interface.default_route,
            up: interface.up,
            carrier: interface.carrier,
            loopback: interface.loopback,
            point_to_point: interface.point_to_point,
            mac: (!interface.address.as_slice().is_empty()).then(|| interface.address.to_string()),
            arp_type: interface.arp_type,
            mtu: interface.mtu,
            addresses: addresses(|_| true),
            link_local: interface.link_local(),
            ipv6_addresses: addresses(std::net::IpAddr::is_ipv6),
        }
    }
}
