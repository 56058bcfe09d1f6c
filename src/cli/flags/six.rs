//! The flags of senders that mean something in DHCPv6 alone, and the recipe that all of them make.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use fastrand::Rng;

use super::sender::{SenderArgs, ServerArg};
use super::values::duration;
use crate::cli::exit::Failure;
use crate::engine::v6::duid::DuidChoice;
use crate::engine::v6::recipe::{
    Around6, DEFAULT_REQUEST_LIST, Hop, IaWish, Recipe6, client_link_layer, usual_iaid,
};
use crate::engine::v6::timer::Schedule;
use crate::run::segment::Segment;
use crate::time::{Clock as _, SystemClock};
use crate::wire::Mac;
use crate::wire::neighbor::link_local;
use crate::wire::options::{self, Assembled, OptionArg, assemble, v6 as opt};
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, Item, Prefix6};

/// Flags of DHCPv6.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "DHCPv6")]
pub struct SixArgs {
    /// Client identifier: ll (of --mac, the default), llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, or hexadecimal; none
    /// leaves it out
    #[arg(long, value_name = "DUID")]
    duid: Option<DuidChoice>,

    /// IAID of the first IA of each kind, others count up; the last four bytes of the MAC by default
    #[arg(long, value_name = "N")]
    iaid: Option<u32>,

    /// Ask for addresses (an IA of non-temporary ones), with hints; repeatable
    #[arg(long, value_name = "[IAID@]ADDR,…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    ia_na: Vec<IaArg<Ipv6Addr>>,

    /// Ask for a prefix, with a hint: /56 asks for that length; repeatable
    #[arg(long, value_name = "[IAID@]PREFIX/LEN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    ia_pd: Vec<IaArg<Prefix6>>,

    /// Ask for temporary addresses (obsolete); repeatable
    #[arg(long, value_name = "[IAID@]ADDR,…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    ia_ta: Vec<IaArg<Ipv6Addr>>,

    /// Ask for no IA at all
    #[arg(long, conflicts_with_all = ["ia_na", "ia_pd", "ia_ta"])]
    no_ia: bool,

    /// The prefix asked for, held or released; repeatable
    #[arg(long, value_name = "PREFIX/LEN")]
    prefix: Vec<Prefix6>,

    /// Offer to take a lease at once: option 14 in SOLICIT, and a REPLY that has it counts
    #[arg(long)]
    rapid_commit: bool,

    /// Elapsed time (option 8), at most 655.35s; counted by default
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    elapsed: Option<Duration>,

    /// User class (option 15); repeatable
    #[arg(long, value_name = "TEXT")]
    user_class: Vec<String>,

    /// Say that RECONFIGURE is understood (option 20)
    #[arg(long)]
    reconfigure_accept: bool,

    /// Play a relay: link-address LINK, peer-address PEER; repeatable, the one next to the client first (handshake: a list separated
    /// by commas is used in turn)
    #[arg(long, value_name = "LINK[/PEER]")]
    relay: Vec<RelayList>,

    /// Option of relay N, counted from the client (1 by default); repeatable (handshake: {n} is the client's number)
    #[arg(long, value_name = "[N.]NAME[:hex]=VALUE")]
    relay_option: Vec<String>,
}

/// `[IAID@]HINT,HINT`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct IaArg<T> {
    iaid: Option<u32>,
    hints: Vec<T>,
}

impl<T: FromStr> FromStr for IaArg<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (iaid, rest) = match text.split_once('@') {
            Some((iaid, rest)) => {
                let number = iaid.parse().map_err(|_| format!("{iaid:?} is no IAID, a number of 32 bits"))?;
                (Some(number), rest)
            }
            None => (None, text),
        };
        let hints = rest.split(',').filter(|hint| !hint.is_empty());
        let hint = |hint: &str| hint.parse().map_err(|_| format!("{hint:?} is no address or prefix of IPv6"));
        Ok(Self { iaid, hints: hints.map(hint).collect::<Result<_, _>>()? })
    }
}

/// `LINK[/PEER]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RelayArg {
    link: Ipv6Addr,
    peer: Option<Ipv6Addr>,
}

impl FromStr for RelayArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!("{text:?} is no relay; write its link-address, such as 2001:db8::1, and /PEER if need be")
        };
        let (link, peer) = text.split_once('/').map_or((text, None), |(link, peer)| (link, Some(peer)));
        Ok(Self {
            link: link.parse().map_err(|_| wrong())?,
            peer: peer.map(str::parse).transpose().map_err(|_| wrong())?,
        })
    }
}

/// Relays, separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RelayList(Vec<RelayArg>);

impl FromStr for RelayList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl SixArgs {
    /// The first of these flags that was given.
    pub fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--duid", self.duid.is_some()),
            ("--iaid", self.iaid.is_some()),
            ("--ia-na", !self.ia_na.is_empty()),
            ("--ia-pd", !self.ia_pd.is_empty()),
            ("--ia-ta", !self.ia_ta.is_empty()),
            ("--no-ia", self.no_ia),
            ("--prefix", !self.prefix.is_empty()),
            ("--rapid-commit", self.rapid_commit),
            ("--elapsed", self.elapsed.is_some()),
            ("--user-class", !self.user_class.is_empty()),
            ("--reconfigure-accept", self.reconfigure_accept),
            ("--relay", !self.relay.is_empty()),
            ("--relay-option", !self.relay_option.is_empty()),
        ];
        given.iter().find(|(_, given)| *given).map(|(flag, _)| *flag)
    }

    /// True when the DUID was chosen.
    pub fn has_duid(&self) -> bool {
        self.duid.is_some()
    }

    /// True when IAs were chosen.
    pub fn has_ias(&self) -> bool {
        self.no_ia || !self.ia_na.is_empty() || !self.ia_pd.is_empty() || !self.ia_ta.is_empty()
    }

    /// True when rapid commit is wanted.
    pub fn rapid_commit(&self) -> bool {
        self.rapid_commit
    }

    /// True when dhcptool plays a relay.
    pub fn is_relayed(&self) -> bool {
        !self.relay.is_empty()
    }

    /// Prefixes named.
    pub fn prefixes(&self) -> &[Prefix6] {
        &self.prefix
    }

    /// The IAs asked for; `usual` where none was chosen. Prefixes and addresses named without an IA are hints of the first.
    fn ias(&self, usual: &[IaKind], mac: Mac, ips: &[Ipv6Addr]) -> Vec<IaWish> {
        let first = self.iaid.unwrap_or_else(|| usual_iaid(mac));
        let number = |place: usize| first.wrapping_add(u32::try_from(place).unwrap_or(0));
        let mut ias = Vec::new();
        for (kind, args) in [(IaKind::Na, &self.ia_na), (IaKind::Ta, &self.ia_ta)] {
            for (place, arg) in args.iter().enumerate() {
                let iaid = arg.iaid.unwrap_or_else(|| number(place));
                ias.push(IaWish { addresses: arg.hints.clone(), ..IaWish::new(kind, iaid) });
            }
        }
        for (place, arg) in self.ia_pd.iter().enumerate() {
            let iaid = arg.iaid.unwrap_or_else(|| number(place));
            ias.push(IaWish { prefixes: arg.hints.clone(), ..IaWish::new(IaKind::Pd, iaid) });
        }
        if !self.has_ias() {
            ias.extend(usual.iter().map(|kind| IaWish::new(*kind, first)));
        }
        if !ips.is_empty() && !self.no_ia {
            match ias.iter_mut().find(|ia| ia.kind != IaKind::Pd) {
                Some(ia) => ia.addresses.extend(ips),
                None => ias.push(IaWish { addresses: ips.to_vec(), ..IaWish::new(IaKind::Na, first) }),
            }
        }
        if !self.prefix.is_empty() && !self.no_ia {
            match ias.iter_mut().find(|ia| ia.kind == IaKind::Pd) {
                Some(ia) => ia.prefixes.extend(&self.prefix),
                None => ias.push(IaWish { prefixes: self.prefix.clone(), ..IaWish::new(IaKind::Pd, first) }),
            }
        }
        ias
    }
}

/// Who asks, and whether its frames come from a card that is not the interface's own.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The recipe of every message.
    pub recipe: Recipe6,
    /// Its address has to be answered for: nobody else does.
    pub foreign: bool,
}

impl SenderArgs {
    /// The IPv6 addresses named by `--ip`.
    pub fn ips6(&self) -> Vec<Ipv6Addr> {
        self.ips().iter().filter_map(|ip| six(*ip)).collect()
    }

    /// The recipe of a client on `segment`. `usual` are the IAs it asks for unless told otherwise; `router`: it speaks router
    /// discovery alone, whose options are others.
    pub fn recipe6(
        &self,
        segment: Option<&Segment>,
        usual: &[IaKind],
        router: bool,
        rng: &mut Rng,
    ) -> Result<Asker, Failure> {
        self.refuse_four()?;
        let (message, frame) = (self.message_args(), self.frame_args());
        let own = segment.and_then(|segment| segment.mac);
        let mac = self.mac(rng).or(own).unwrap_or(Mac::ZERO);
        let is_own = own == Some(frame.src_mac.unwrap_or(mac));
        let vlans = frame.vlan.as_ref().map(|vlan| vlan.0.clone()).unwrap_or_default();
        let of_interface = segment.and_then(|segment| segment.link_local).filter(|_| own == Some(mac));
        let source = frame.src_ip.and_then(six).or(of_interface).unwrap_or_else(|| link_local(mac));
        // The kernel answers for its own address on its own link, untagged.
        let answered = is_own && vlans.is_empty() && segment.is_some_and(|segment| segment.has_ipv6(source));
        // Nobody else has an address that is made of the MAC, or one of this interface; what was found in use elsewhere is not ours.
        let ours = source == link_local(mac) || segment.is_some_and(|segment| segment.has_ipv6(source));
        let taken = own == Some(mac) && segment.is_some_and(Segment::is_duplicate);
        let may_answer = ours && !taken;
        let xid = match message.xid {
            Some(xid) if xid.0 > 0x00ff_ffff => {
                return Err(Failure::usage("--xid: a transaction identifier of DHCPv6 has 24 bits"));
            }
            Some(xid) => xid.0,
            None => rng.u32(1..0x0100_0000),
        };
        let mut recipe = Recipe6::new(mac, source, xid);
        recipe.duid = self.duid6(mac, rng);
        match self.server_arg() {
            Some(ServerArg::Duid(duid)) => recipe.server = Some(duid.clone()),
            Some(ServerArg::Ip(ip)) => recipe.to = six(*ip),
            None => {}
        }
        recipe.ias = self.six.ias(usual, mac, &self.ips6());
        recipe.rapid_commit = self.six.rapid_commit;
        if let Some(elapsed) = self.six.elapsed {
            let hundredths = elapsed.as_millis().checked_div(10).unwrap_or(0);
            recipe.elapsed = Some(
                u16::try_from(hundredths)
                    .map_err(|_| Failure::usage("--elapsed: option 8 holds at most 655.35s"))?,
            );
        }
        recipe.identity = self.identity6()?;
        recipe.request_list = message.request_options.as_deref().map(request_list6).transpose()?;
        if !router {
            (recipe.options, recipe.parts) = self.options6()?;
            recipe.remove = self.removed6()?;
        }
        let relays = self.six.relay.iter().flat_map(|list| list.0.iter().copied()).collect::<Vec<_>>();
        recipe.relays = self.relays6(&relays, mac, &recipe.remove)?;
        recipe.around = Around6 {
            src_mac: frame.src_mac,
            dst_mac: frame.dst_mac,
            vlans,
            src: frame.src_ip.and_then(six),
            dst: frame.dst_ip.and_then(six),
            src_port: frame.src_port,
            dst_port: frame.dst_port,
            hop_limit: frame.ttl,
        };
        Ok(Asker { recipe, foreign: !answered && may_answer })
    }

    /// Options 39, 16, 15 and 20.
    fn identity6(&self) -> Result<Vec<Item>, Failure> {
        let message = self.message_args();
        let mut items = Vec::new();
        if let Some(name) = &message.hostname {
            // S: the server updates the DNS (RFC 4704 §4.1).
            let row = opt::SPACE.by_code(opt::CLIENT_FQDN);
            let data = row.map(|row| options::parse_option(row, name, &options::Context::default()));
            let mut data = data.transpose().map_err(Failure::usage)?.unwrap_or_default();
            if let Some(flags) = data.first_mut() {
                *flags |= 1;
            }
            items.push(Item::new(opt::CLIENT_FQDN, data));
        }
        for class in &message.vendor_class {
            let wrong =
                || Failure::usage(format_args!("--vendor-class {class}: write ENTERPRISE:TEXT with -6"));
            let (enterprise, text) = class.split_once(':').ok_or_else(wrong)?;
            let enterprise: u32 = enterprise.parse().map_err(|_| wrong())?;
            let mut data = enterprise.to_be_bytes().to_vec();
            data.extend(sized(text).ok_or_else(wrong)?);
            items.push(Item::new(opt::VENDOR_CLASS, data));
        }
        if !self.six.user_class.is_empty() {
            let mut data = Vec::new();
            for class in &self.six.user_class {
                data.extend(sized(class).ok_or_else(|| Failure::usage("--user-class: too long"))?);
            }
            items.push(Item::new(opt::USER_CLASS, data));
        }
        if self.six.reconfigure_accept {
            items.push(Item::new(opt::RECONF_ACCEPT, []));
        }
        Ok(items)
    }

    /// The options by hand, and nested ones that go into what the message holds anyway.
    fn options6(&self) -> Result<(Vec<Item>, Vec<Item>), Failure> {
        let args: Result<Vec<OptionArg>, _> = self
            .message_args()
            .option
            .iter()
            .map(|text| OptionArg::parse(&opt::SPACE, text, &options::Context::default()))
            .collect();
        let options = assemble(&opt::SPACE, &args.map_err(Failure::usage)?).map_err(Failure::usage)?;
        let (parts, whole): (Vec<_>, Vec<_>) =
            options.into_iter().partition(|option| option.part_after.is_some());
        let whole = whole.into_iter().map(Assembled::whole).map(|(code, data)| Item::new(code, data));
        let parts = parts.into_iter().map(|part| Item::new(part.code, part.data));
        Ok((whole.collect(), parts.collect()))
    }

    fn removed6(&self) -> Result<Vec<u16>, Failure> {
        let code = |name: &String| {
            opt::SPACE.code(name).ok_or_else(|| {
                Failure::usage(format_args!(
                    "--no-option {name}: not the name or code of an option; see dhcptool options -6"
                ))
            })
        };
        self.message_args().no_option.iter().map(code).collect()
    }

    /// The relays of many clients, which use those of a list in turn: one set of relays for each turn. `mac` is the client's.
    pub fn relays_in_turn(&self, mac: Mac) -> Result<Vec<Vec<Hop>>, Failure> {
        let lists = &self.six.relay;
        let turns = lists.iter().map(|list| list.0.len()).max().unwrap_or(1);
        if lists.iter().any(|list| list.0.len() != turns && list.0.len() != 1) {
            return Err(Failure::usage("--relay: lists of relays that are used in turn are equally long"));
        }
        let removed = self.removed6()?;
        let of_turn = |turn: usize| -> Vec<RelayArg> {
            lists.iter().filter_map(|list| list.0.get(turn).or(list.0.first()).copied()).collect()
        };
        (0..turns).map(|turn| self.relays6(&of_turn(turn), mac, &removed)).collect()
    }

    /// The DUID of the client with that MAC, as it was chosen.
    pub fn duid6(&self, mac: Mac, rng: &mut Rng) -> Option<Duid> {
        let unix = SystemClock.time().nanoseconds().checked_div(1_000_000_000).unwrap_or(0);
        self.six.duid.clone().unwrap_or_default().make(mac, unix, rng)
    }

    fn relays6(&self, args: &[RelayArg], mac: Mac, removed: &[u16]) -> Result<Vec<Hop>, Failure> {
        let mut hops: Vec<Hop> = args
            .iter()
            .map(|relay| Hop { link: relay.link, peer: relay.peer, options: Vec::new(), hop_count: None })
            .collect();
        if hops.is_empty() {
            if !self.six.relay_option.is_empty() {
                return Err(Failure::usage("--relay-option needs --relay"));
            }
            if self.message_args().hops.is_some() {
                return Err(Failure::usage("--hops needs --relay: hop-count is a field of relays' messages"));
            }
            return Ok(hops);
        }
        if let Some(first) = hops.first_mut().filter(|_| !removed.contains(&opt::CLIENT_LINKLAYER_ADDR)) {
            first.options.push(client_link_layer(mac));
        }
        for text in &self.six.relay_option {
            let numbered =
                text.split_once('.').and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest)));
            let (number, rest) = numbered.unwrap_or((1, text));
            let arg =
                OptionArg::parse(&opt::SPACE, rest, &options::Context::default()).map_err(Failure::usage)?;
            let hop = number.checked_sub(1).and_then(|place| hops.get_mut(place)).ok_or_else(|| {
                Failure::usage(format_args!(
                    "--relay-option {text}: there is no relay {number}; they count from 1"
                ))
            })?;
            hop.options.retain(|item| item.code != arg.code || item.code != opt::CLIENT_LINKLAYER_ADDR);
            for (code, data) in
                assemble(&opt::SPACE, &[arg]).map_err(Failure::usage)?.into_iter().map(Assembled::whole)
            {
                hop.options.push(Item::new(code, data));
            }
        }
        if let Some(outermost) = hops.last_mut() {
            outermost.hop_count = self.message_args().hops;
        }
        Ok(hops)
    }

    /// A schedule with what was chosen by hand.
    pub fn schedule(&self, usual: Schedule) -> Schedule {
        usual.with(self.timeout, self.retries)
    }
}

/// Text behind its length.
fn sized(text: &str) -> Option<Vec<u8>> {
    let mut data = u16::try_from(text.len()).ok()?.to_be_bytes().to_vec();
    data.extend(text.as_bytes());
    Some(data)
}

fn six(ip: IpAddr) -> Option<Ipv6Addr> {
    match ip {
        IpAddr::V6(ip) => Some(ip),
        IpAddr::V4(_) => None,
    }
}

/// Reads the list of options to ask for: codes and names. Where every item begins with `+` or `-`, the usual list is changed.
fn request_list6(text: &str) -> Result<Vec<u16>, Failure> {
    let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    let changes = !items.is_empty() && items.iter().all(|item| item.starts_with(['+', '-']));
    let mut list = if changes { DEFAULT_REQUEST_LIST.to_vec() } else { Vec::new() };
    for item in items {
        let (removes, name) = match item.split_at_checked(1) {
            Some(("-", rest)) => (true, rest),
            Some(("+", rest)) => (false, rest),
            _ => (false, item),
        };
        let code = opt::SPACE.code(name).ok_or_else(|| {
            Failure::usage(format_args!("--request-options: {name:?} is no option; see dhcptool options -6"))
        })?;
        if removes {
            list.retain(|one| *one != code);
        } else if !changes || !list.contains(&code) {
            list.push(code);
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v6::{Facts, MessageType};
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        sender: SenderArgs,
    }

    fn asker(args: &[&str]) -> Result<Asker, String> {
        let mac = ["--mac", "02:dc:00:00:00:05", "-6"];
        let line = Line::try_parse_from(std::iter::once(&"x").chain(&mac).chain(args));
        let line = line.map_err(|error| error.to_string())?;
        let made = line.sender.recipe6(None, &[IaKind::Na], false, &mut Rng::with_seed(1));
        made.map_err(|failure| failure.message.unwrap_or_default())
    }

    fn recipe(args: &[&str]) -> Recipe6 {
        asker(args).unwrap().recipe
    }

    #[test]
    fn flags_become_a_recipe() {
        let plain = recipe(&[]);
        assert_eq!(plain.ias, [IaWish::new(IaKind::Na, 5)]);
        assert_eq!(plain.source.to_string(), "fe80::dc:ff:fe00:5");
        assert_eq!(plain.duid.unwrap().to_string(), "0003000102dc00000005");
        let ias = recipe(&["--ia-na=7@fd00::1,fd00::2", "--ia-na", "--ia-pd=/60", "--iaid", "9"]).ias;
        assert_eq!(
            ias.iter().map(|ia| (ia.kind, ia.iaid)).collect::<Vec<_>>(),
            [(IaKind::Na, 7), (IaKind::Na, 10), (IaKind::Pd, 9)]
        );
        assert_eq!((ias[0].addresses.len(), ias[2].prefixes[0].to_string().as_str()), (2, "::/60"));
        assert!(recipe(&["--no-ia"]).ias.is_empty());
        let named = recipe(&["--ip", "fd00::5", "--ip", "fd00::6", "--prefix", "fd00:1::/56"]).ias;
        assert_eq!((named.len(), named[0].addresses.len(), named[1].prefixes.len()), (2, 2, 1));
        let who = recipe(&[
            "--hostname",
            "pc.lab",
            "--vendor-class",
            "9:modem",
            "--user-class",
            "a",
            "--user-class",
            "b",
        ]);
        let bytes = who.message(MessageType::SOLICIT, &[], None, 0).encode();
        let facts = Facts::of(&bytes);
        assert_eq!(facts.vendor_class, Some(&b"\0\0\0\x09\0\x05modem"[..]));
        assert_eq!(facts.fqdn.map(|data| data[0] & 1), Some(1));
        assert_eq!(recipe(&["--server", "0003000101"]).server.unwrap().0, [0, 3, 0, 1, 1]);
        assert_eq!(recipe(&["--server", "fd00::1"]).to, Some("fd00::1".parse().unwrap()));
        assert_eq!(recipe(&["--elapsed", "1.5"]).elapsed, Some(150));
        assert!(!recipe(&["--request-options=-dns-servers"]).request_list.unwrap().contains(&23));
    }

    #[test]
    fn relays_have_their_options() {
        let relays = recipe(&[
            "--relay",
            "fd00:64::1,fd00:65::1/fe80::9",
            "--relay-option",
            "interface-id=eth7",
            "--relay-option",
            "2.remote-id:hex=00000009aa",
            "--hops",
            "5",
        ])
        .relays;
        assert_eq!(relays.len(), 2);
        assert_eq!(relays[0].options.iter().map(|item| item.code).collect::<Vec<_>>(), [79, 18]);
        assert_eq!((relays[1].peer, relays[1].hop_count), (Some("fe80::9".parse().unwrap()), Some(5)));
        assert_eq!(relays[1].options[0].data, [0, 0, 0, 9, 0xaa]);
        assert!(
            recipe(&["--relay", "fd00::1", "--no-option", "client-linklayer-addr"]).relays[0]
                .options
                .is_empty()
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        for (args, want) in [
            (&["--ciaddr", "10.0.0.1"][..], "--ciaddr is a DHCPv4 field; leave out -6"),
            (&["--ip", "10.0.0.1"], "10.0.0.1 is an IPv4 address; leave out -6"),
            (&["--server", "10.0.0.1"], "10.0.0.1 is an IPv4 address; leave out -6"),
            (&["--xid", "0x1000000"], "24 bits"),
            (&["--vendor-class", "modem"], "ENTERPRISE:TEXT"),
            (&["--relay-option", "interface-id=x"], "needs --relay"),
            (&["--hops", "1"], "--hops needs --relay"),
            (&["--relay", "fd00::1", "--relay-option", "3.interface-id=x"], "no relay 3"),
            (&["--duid", "zz"], "not a DUID"),
            (&["-4"], "cannot be used with"),
            (&["-o", "nonsense=1"], "nonsense"),
        ] {
            let error = asker(args).unwrap_err();
            assert!(error.contains(want), "{args:?}: {error}");
        }
    }

    #[test]
    fn it_is_answered_for_an_address_of_the_mac_and_for_no_other() {
        assert!(asker(&[]).unwrap().foreign);
        assert!(asker(&["--src-ip", "fe80::dc:ff:fe00:5"]).unwrap().foreign);
        for other in ["fe80::77", "2001:db8::1"] {
            assert!(!asker(&["--src-ip", other]).unwrap().foreign, "{other}");
        }
    }
}
