//! What the flags make of a message: the recipe of who asks, and all that was set by hand.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use fastrand::Rng;

use super::fields::{MacArg, random_mac};
use super::{SenderArgs, unless_dry};
use crate::cli::exit::Failure;
use crate::cli::flags::values::request_list;
use crate::engine::v4::draft::{OptionEdit, opt};
use crate::engine::{Overrides, Recipe, Route};
use crate::run::segment::{Segment, Way};
use crate::wire::Mac;
use crate::wire::options::{self, Assembled, OptionArg, assemble, v4};
use crate::wire::v4::{MessageType, SERVER_PORT, Xid};

impl SenderArgs {
    /// A recipe of messages for the client with the hardware address `own`, unless another was asked for. `main` is the
    /// message that options 50, 53 and 54 given by hand are for.
    pub fn recipe(&self, own: Mac, main: Option<MessageType>, rng: &mut Rng) -> Result<Recipe, Failure> {
        let mac = self.mac(rng).unwrap_or(own);
        let mut recipe = Recipe::new(mac, Xid(rng.u32(1..)));
        recipe.main = main;
        if let Some(list) = &self.message.request_options {
            recipe.request_list = request_list(list).map_err(|error| wrong_list(&error))?;
        }
        let identity = [
            (opt::HOST_NAME, &self.message.hostname),
            (opt::CLIENT_ID, &self.message.client_id),
            (opt::VENDOR_CLASS, &self.message.vendor_class.last().cloned()),
        ];
        for (code, text) in identity {
            if let Some(text) = text {
                recipe.identity.push((code, parse_option(code, text)?));
            }
        }
        recipe.overrides = self.overrides()?;
        recipe.xid = recipe.overrides.xid.unwrap_or(recipe.xid);
        Ok(recipe)
    }

    /// The client's MAC, where it was chosen.
    pub fn mac(&self, rng: &mut Rng) -> Option<Mac> {
        Some(match self.message.mac? {
            MacArg::Is(mac) => mac,
            MacArg::Random => random_mac(rng),
        })
    }

    /// Everything that was set by hand.
    pub fn overrides(&self) -> Result<Overrides, Failure> {
        let (message, frame) = (&self.message, &self.frame);
        let cx = options::Context {
            vendor_class: message.vendor_class.last().map(String::as_bytes),
            ..options::Context::default()
        };
        let mut args = Vec::new();
        for text in &message.option {
            args.push(OptionArg::parse(&v4::SPACE, text, &cx).map_err(Failure::usage)?);
        }
        let options = assemble(&v4::SPACE, &args).map_err(Failure::usage)?;
        let mut remove = Vec::new();
        for name in &message.no_option {
            let code = v4::SPACE.code(name).and_then(|code| u8::try_from(code).ok());
            remove.push(code.ok_or_else(|| {
                Failure::usage(format_args!(
                    "--no-option {name}: not the name or code of an option; see dhcptool options"
                ))
            })?);
        }
        Ok(Overrides {
            op: message.op,
            htype: message.htype,
            hlen: message.hlen,
            hops: message.hops,
            xid: message.xid,
            secs: message.secs,
            flags: message.flags,
            broadcast: (message.broadcast || message.no_broadcast).then_some(message.broadcast),
            ciaddr: message.ciaddr,
            yiaddr: message.yiaddr,
            siaddr: message.siaddr,
            giaddr: message.giaddr.first().copied(),
            chaddr: message.chaddr,
            sname: message.sname.as_ref().map(|text| text.0.clone()),
            file: message.file.as_ref().map(|text| text.0.clone()),
            cookie: message.cookie.as_ref().map(|text| text.0.clone()),
            options: options.into_iter().map(Assembled::whole).map(edit).collect::<Result<_, _>>()?,
            remove,
            no_end: message.no_end,
            trailer: message.trailer.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            pad_to: message.pad_to,
            src_mac: frame.src_mac,
            dst_mac: frame.dst_mac,
            vlans: frame.vlan.as_ref().map(|vlan| vlan.0.clone()).unwrap_or_default(),
            src_ip: frame.src_ip.map(four).transpose()?,
            dst_ip: frame.dst_ip.map(four).transpose()?,
            src_port: frame.src_port,
            dst_port: frame.dst_port,
            ttl: frame.ttl,
        })
    }
}

/// The segment and the recipe of a command whose message is `main`.
pub fn prepare(
    sender: &SenderArgs,
    interface: Option<&str>,
    main: MessageType,
    rng: &mut Rng,
) -> Result<(Option<Segment>, Recipe), Failure> {
    sender.check_write(&[])?;
    if sender.giaddrs().len() > 1 {
        return Err(Failure::usage("one --giaddr is enough here; only handshake takes several"));
    }
    if sender.is_six() {
        return Err(Failure::usage("this command speaks DHCPv4 alone so far; leave out -6"));
    }
    sender.refuse_six()?;
    let found = match sender.giaddr().and(sender.server()) {
        Some(server) => Segment::towards(interface, server),
        None => Segment::find(interface),
    };
    let segment = unless_dry(found, interface, sender)?;
    let own = segment.as_ref().and_then(|segment| segment.mac);
    let recipe = sender.recipe(own.unwrap_or(Mac::ZERO), Some(main), rng)?;
    // `send` sends what it is told to, where it is told to; the others want servers.
    let routed = sender.giaddr().and(sender.server()).is_some();
    if let Some(segment) = segment.as_ref().filter(|_| !sender.dry_run && !routed && main != MessageType(0)) {
        segment.may_have_servers()?;
    }
    Ok((segment, recipe))
}

/// Makes the recipe that of a relay when a relay's address and a server were given. Datagrams go by the kernel's routing
/// when that address is the interface's own and nothing of the frame was set by hand: then a socket takes the answers,
/// and the kernel does not refuse them.
pub fn relay(recipe: &mut Recipe, sender: &SenderArgs, segment: Option<&Segment>) -> Way {
    let (Some(giaddr), Some(server)) = (sender.giaddr(), sender.server()) else { return Way::Link };
    let Some(segment) = segment else {
        recipe.relay = Some(Route { server, next_hop: server });
        return Way::Link;
    };
    let route = segment.route(server);
    recipe.relay = Some(route);
    let frame = &sender.frame;
    let by_hand = frame.src_mac.is_some()
        || frame.dst_mac.is_some()
        || frame.src_ip.is_some()
        || frame.dst_ip.is_some()
        || frame.ttl.is_some()
        || frame.vlan.is_some();
    if by_hand || !segment.addresses.iter().any(|(addr, _)| *addr == giaddr) {
        return Way::Link;
    }
    // The kernel fills in the frame's addresses; the engine need not ask for them.
    recipe.overrides.dst_mac = Some(Mac::ZERO);
    recipe.overrides.src_mac = segment.mac;
    let local = SocketAddrV4::new(giaddr, frame.src_port.unwrap_or(SERVER_PORT));
    Way::Udp { local, next_hop: route.next_hop }
}

/// An address of a frame of DHCPv4.
fn four(ip: IpAddr) -> Result<Ipv4Addr, Failure> {
    match ip {
        IpAddr::V4(ip) => Ok(ip),
        IpAddr::V6(ip) => Err(Failure::usage(format_args!("{ip} is an IPv6 address; add -6"))),
    }
}

fn wrong_list(error: &str) -> Failure {
    Failure::usage(format_args!("--request-options: {error}"))
}

fn parse_option(code: u8, text: &str) -> Result<Vec<u8>, Failure> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(row) = v4::SPACE.by_code(u16::from(code)) else { return Ok(text.as_bytes().to_vec()) };
    options::parse_option(row, text, &options::Context::default()).map_err(Failure::usage)
}

/// An option of DHCPv4, whose codes are single bytes.
fn edit((code, data): (u16, Vec<u8>)) -> Result<OptionEdit, Failure> {
    let code = u8::try_from(code).map_err(|_| Failure::usage(format_args!("-o {code}: no such option")))?;
    Ok(OptionEdit { code, data })
}
