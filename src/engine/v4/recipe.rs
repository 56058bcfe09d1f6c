//! What a client's messages hold, as RFC 2131 has it: the recipe from which every draft is made.
//!
//! RFC 2131 §4.3.2, table 4:
//!
//! ```text
//!               init-reboot  selecting  renewing  rebinding
//! sent as       broadcast    broadcast  unicast   broadcast
//! server id     must not     must       must not  must not
//! requested ip  must         must       must not  must not
//! ciaddr        zero         zero       address   address
//! ```

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use super::draft::{Draft, Overrides, opt};
use crate::wire::Mac;
use crate::wire::frame::Envelope;
use crate::wire::options::v4 as option;
use crate::wire::v4::{CLIENT_PORT, MIN_LEN, Message, MessageType, SERVER_PORT, Xid};

/// The state a client sends its REQUEST in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It answers an OFFER.
    Selecting,
    /// It remembers an address from before.
    InitReboot,
    /// T1 is over: it asks the server that gave the lease.
    Renewing,
    /// T2 is over: it asks any server.
    Rebinding,
}

impl State {
    /// Every state, as RFC 2131 lists them.
    pub const ALL: [Self; 4] = [Self::Selecting, Self::InitReboot, Self::Renewing, Self::Rebinding];

    /// The name used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Selecting => "selecting",
            Self::InitReboot => "init-reboot",
            Self::Renewing => "renewing",
            Self::Rebinding => "rebinding",
        }
    }

    /// True when the client already uses the address it asks for.
    pub fn holds_address(self) -> bool {
        matches!(self, Self::Renewing | Self::Rebinding)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Text that is not a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a state; use selecting, init-reboot, renewing or rebinding")]
pub struct ParseStateError(String);

impl FromStr for State {
    type Err = ParseStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| ParseStateError(text.to_owned()))
    }
}

/// The options a client asks for unless told otherwise: what a host, a boot loader and a diagnosis want to see.
pub const DEFAULT_REQUEST_LIST: [u8; 23] = [
    option::SUBNET_MASK,
    option::ROUTERS,
    option::DOMAIN_NAME_SERVERS,
    option::HOST_NAME,
    option::DOMAIN_NAME,
    option::INTERFACE_MTU,
    option::BROADCAST_ADDRESS,
    option::STATIC_ROUTES,
    option::NTP_SERVERS,
    option::VENDOR_ENCAPSULATED_OPTIONS,
    option::DHCP_LEASE_TIME,
    option::DHCP_SERVER_IDENTIFIER,
    option::DHCP_RENEWAL_TIME,
    option::DHCP_REBINDING_TIME,
    option::VENDOR_CLASS_IDENTIFIER,
    option::TFTP_SERVER_NAME,
    option::BOOTFILE_NAME,
    option::DOMAIN_SEARCH,
    option::CLASSLESS_STATIC_ROUTES,
    option::VIVSO,
    option::TFTP_SERVER_ADDRESS,
    option::MS_CLASSLESS_ROUTES,
    option::WPAD,
];

/// Which way a message goes to a known server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The server.
    pub server: Ipv4Addr,
    /// Whose MAC the frame is sent to: the server's own, or a router's.
    pub next_hop: Ipv4Addr,
}

/// Who asks, and all that was set by hand: makes the drafts of every kind of message.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The client's MAC: `chaddr`, and the frame's source unless that was set.
    pub mac: Mac,
    /// The transaction identifier.
    pub xid: Xid,
    /// What was set by hand, applied last.
    pub overrides: Overrides,
    /// Option 55 unless set by hand.
    pub request_list: Vec<u8>,
    /// The host name, class and client identifier to send, as option code and payload.
    pub identity: Vec<(u8, Vec<u8>)>,
    /// Stand in for a relay agent: messages go to this server by unicast from `giaddr`.
    pub relay: Option<Route>,
    /// Options 50, 53 and 54 given by hand belong to this message only, not to the DISCOVER before it.
    pub main: Option<MessageType>,
}

impl Recipe {
    /// A client with the default request list and nothing set by hand.
    pub fn new(mac: Mac, xid: Xid) -> Self {
        Self {
            mac,
            xid,
            overrides: Overrides::default(),
            request_list: DEFAULT_REQUEST_LIST.to_vec(),
            identity: Vec::new(),
            relay: None,
            main: None,
        }
    }

    /// A DISCOVER, which may ask for an address (RFC 2131 §4.4.1).
    pub fn discover(&self, secs: u16, address: Option<Ipv4Addr>) -> Draft {
        let mut message = self.message(MessageType::DISCOVER, secs);
        set_ip(&mut message, opt::REQUESTED_ADDRESS, address);
        self.asks(&mut message);
        self.finish(message, self.broadcast())
    }

    /// A REQUEST as table 4 says. `address` is the one asked for or held, `server` the one that offered it (selecting)
    /// or gave it (renewing).
    pub fn request(&self, state: State, secs: u16, address: Ipv4Addr, server: Option<Route>) -> Draft {
        let mut message = self.message(MessageType::REQUEST, secs);
        let mut way = self.broadcast();
        match state {
            State::Selecting => {
                set_ip(&mut message, opt::REQUESTED_ADDRESS, Some(address));
                set_ip(&mut message, opt::SERVER_ID, server.map(|route| route.server));
            }
            State::InitReboot => set_ip(&mut message, opt::REQUESTED_ADDRESS, Some(address)),
            State::Renewing => {
                message.ciaddr = address;
                way =
                    server.map_or_else(|| self.broadcast_from(address), |route| self.unicast(address, route));
            }
            State::Rebinding => {
                message.ciaddr = address;
                way = self.broadcast_from(address);
            }
        }
        self.asks(&mut message);
        self.finish(message, way)
    }

    /// A RELEASE of `address`, by unicast to the server that gave it (RFC 2131 §4.4.6).
    pub fn release(&self, address: Ipv4Addr, server: Route) -> Draft {
        let mut message = self.message(MessageType::RELEASE, 0);
        message.ciaddr = address;
        set_ip(&mut message, opt::SERVER_ID, Some(server.server));
        self.finish(message, self.unicast(address, server))
    }

    /// A DECLINE of `address`, broadcast (RFC 2131 §4.4.4).
    pub fn decline(&self, address: Ipv4Addr, server: Option<Ipv4Addr>, reason: Option<&[u8]>) -> Draft {
        let mut message = self.message(MessageType::DECLINE, 0);
        set_ip(&mut message, opt::REQUESTED_ADDRESS, Some(address));
        set_ip(&mut message, opt::SERVER_ID, server);
        if let Some(reason) = reason {
            message.set_option(opt::MESSAGE, reason);
        }
        self.finish(message, self.broadcast())
    }

    /// An INFORM from `address`; broadcast unless a server is named (RFC 2131 §4.4.3).
    pub fn inform(&self, secs: u16, address: Ipv4Addr, server: Option<Route>) -> Draft {
        let mut message = self.message(MessageType::INFORM, secs);
        message.ciaddr = address;
        self.asks(&mut message);
        let way = server.map_or_else(|| self.broadcast_from(address), |route| self.unicast(address, route));
        self.finish(message, way)
    }

    /// A message made elsewhere, kept as it is but for what was set by hand; `way` is what stands around it and whose
    /// MAC must be found first. Without one it goes to `server`, or to everybody.
    pub fn any(
        &self,
        mut message: Message,
        way: Option<(Envelope, Option<Ipv4Addr>)>,
        server: Option<Route>,
    ) -> Draft {
        for (code, data) in &self.identity {
            message.set_option(*code, data);
        }
        let way = way.unwrap_or_else(|| match server {
            Some(route) => self.unicast(message.ciaddr, route),
            None => self.broadcast_from(message.ciaddr),
        });
        let mut draft = self.finish(message, way);
        draft.pad_to = self.overrides.pad_to.unwrap_or(0);
        draft
    }

    fn message(&self, kind: MessageType, secs: u16) -> Message {
        let mut message = Message::request(kind, self.xid, self.mac);
        message.secs = secs;
        for (code, data) in &self.identity {
            // A RELEASE or DECLINE must say which client it is, but neither its class nor its name (table 5).
            let names_client = *code == opt::CLIENT_ID;
            if names_client || !matches!(kind, MessageType::RELEASE | MessageType::DECLINE) {
                message.set_option(*code, data);
            }
        }
        message
    }

    fn asks(&self, message: &mut Message) {
        if !self.request_list.is_empty() {
            message.set_option(opt::REQUEST_LIST, &self.request_list);
        }
    }

    fn broadcast(&self) -> (Envelope, Option<Ipv4Addr>) {
        (Envelope::broadcast(self.mac), None)
    }

    fn broadcast_from(&self, address: Ipv4Addr) -> (Envelope, Option<Ipv4Addr>) {
        (Envelope { src_ip: address, ..Envelope::broadcast(self.mac) }, None)
    }

    fn unicast(&self, address: Ipv4Addr, route: Route) -> (Envelope, Option<Ipv4Addr>) {
        let envelope = Envelope { src_ip: address, dst_ip: route.server, ..Envelope::broadcast(self.mac) };
        (envelope, Some(route.next_hop))
    }

    fn finish(&self, mut message: Message, way: (Envelope, Option<Ipv4Addr>)) -> Draft {
        let (mut envelope, mut next_hop) = way;
        self.apply(&mut message);
        if let Some(route) = self.relay {
            // A relay agent's port is the server's (RFC 2131 §4.1), and it counts itself (RFC 1542 §4.1.1).
            envelope.src_ip = message.giaddr;
            envelope.dst_ip = route.server;
            envelope.src_port = SERVER_PORT;
            next_hop = Some(route.next_hop);
            if self.overrides.hops.is_none() {
                message.hops = message.hops.saturating_add(1);
            }
        }
        if envelope.dst_ip.is_broadcast() {
            next_hop = None;
        }
        let known = self.overrides.apply_envelope(&mut envelope);
        if let Some(dst) = self.overrides.dst_ip.filter(|_| !known) {
            next_hop = (!dst.is_broadcast() && !dst.is_multicast()).then(|| next_hop.unwrap_or(dst));
            if next_hop.is_none() {
                envelope.dst_mac = Mac::BROADCAST;
            }
        }
        if known {
            next_hop = None;
        }
        Draft { message, envelope, next_hop, pad_to: self.overrides.pad_to.unwrap_or(MIN_LEN) }
    }

    fn apply(&self, message: &mut Message) {
        let kind = message.message_type();
        if self.main.is_none_or(|main| kind == Some(main)) {
            self.overrides.apply(message);
            return;
        }
        let only_main = [opt::REQUESTED_ADDRESS, crate::wire::v4::code::MESSAGE_TYPE, opt::SERVER_ID];
        let mut overrides = self.overrides.clone();
        overrides.options.retain(|edit| !only_main.contains(&edit.code));
        overrides.remove.retain(|code| !only_main.contains(code));
        overrides.ciaddr = None;
        overrides.apply(message);
    }

    /// The port that answers are addressed to: the relay's when there is one (RFC 2131 §4.1), else the client's.
    pub fn reply_port(message: &Message) -> u16 {
        if message.giaddr.is_unspecified() { CLIENT_PORT } else { SERVER_PORT }
    }
}

fn set_ip(message: &mut Message, code: u8, address: Option<Ipv4Addr>) {
    if let Some(address) = address {
        message.set_option(code, &address.octets());
    }
}

/// What was set by hand and contradicts table 4, one sentence each.
pub fn contradictions(state: State, overrides: &Overrides) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |what: &str, rule: &str| {
        found.push(format!("{what} contradicts --state {state}: {rule} (RFC 2131 4.3.2)"));
    };
    let zero = |address: Option<Ipv4Addr>| address.is_none_or(|address| address.is_unspecified());
    if state.holds_address() {
        if overrides.has_option(opt::REQUESTED_ADDRESS) {
            say("option 50", "the address goes into ciaddr");
        }
        if overrides.has_option(opt::SERVER_ID) {
            say("option 54", "no server identifier is sent");
        }
        if overrides.ciaddr.is_some_and(|address| address.is_unspecified()) {
            say("ciaddr 0.0.0.0", "ciaddr holds the address");
        }
    } else {
        if !zero(overrides.ciaddr) {
            say("ciaddr", "the address goes into option 50");
        }
        if overrides.remove.contains(&opt::REQUESTED_ADDRESS) {
            say("leaving out option 50", "it holds the address");
        }
        if !zero(overrides.src_ip) && overrides.giaddr.is_none() {
            say("the source address", "the client has none yet");
        }
    }
    if state == State::InitReboot && overrides.has_option(opt::SERVER_ID) {
        say("option 54", "no server identifier is sent");
    }
    if state == State::Selecting && overrides.remove.contains(&opt::SERVER_ID) {
        say("leaving out option 54", "it names the chosen server");
    }
    if state == State::Renewing && overrides.dst_ip.is_some_and(|dst| dst.is_broadcast()) {
        say("a broadcast destination", "the message goes to the server alone");
    }
    if state != State::Renewing
        && overrides.giaddr.is_none()
        && overrides.dst_ip.is_some_and(|dst| !dst.is_broadcast())
    {
        say("a unicast destination", "the message is broadcast");
    }
    if overrides
        .option(crate::wire::v4::code::MESSAGE_TYPE)
        .is_some_and(|kind| kind != [MessageType::REQUEST.0])
    {
        say("option 53", "the message is a REQUEST");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::v4::draft::OptionEdit;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const ZERO: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

    fn ip(last: u8) -> Ipv4Addr {
        [10, 0, 0, last].into()
    }

    fn route(last: u8) -> Route {
        Route { server: ip(last), next_hop: ip(last) }
    }

    fn recipe() -> Recipe {
        Recipe::new(MAC, Xid(7))
    }

    #[test]
    fn requests_are_filled_as_table_4_says() {
        for (state, server, requested, ciaddr, src, dst) in [
            (State::InitReboot, None, Some(ip(50)), ZERO, ZERO, Ipv4Addr::BROADCAST),
            (State::Selecting, Some(ip(1)), Some(ip(50)), ZERO, ZERO, Ipv4Addr::BROADCAST),
            (State::Renewing, None, None, ip(50), ip(50), ip(1)),
            (State::Rebinding, None, None, ip(50), ip(50), Ipv4Addr::BROADCAST),
        ] {
            let draft = recipe().request(state, 0, ip(50), Some(route(1)));
            let message = &draft.message;
            assert_eq!(message.message_type(), Some(MessageType::REQUEST), "{state}");
            assert_eq!(message.ip_option(opt::SERVER_ID), server, "{state}");
            assert_eq!(message.ip_option(opt::REQUESTED_ADDRESS), requested, "{state}");
            assert_eq!(
                (message.ciaddr, draft.envelope.src_ip, draft.envelope.dst_ip),
                (ciaddr, src, dst),
                "{state}"
            );
            assert_eq!(draft.next_hop.is_some(), state == State::Renewing, "{state}");
            assert!(!message.is_broadcast(), "{state}");
        }
    }

    #[test]
    fn giving_back_and_declining() {
        let release = recipe().release(ip(50), route(1));
        assert_eq!(release.message.ciaddr, ip(50));
        assert_eq!(release.message.ip_option(opt::SERVER_ID), Some(ip(1)));
        assert_eq!(release.message.option(opt::REQUEST_LIST), None);
        assert_eq!((release.envelope.dst_ip, release.next_hop), (ip(1), Some(ip(1))));
        let decline = recipe().decline(ip(50), Some(ip(1)), Some(b"in use"));
        assert_eq!((decline.message.ciaddr, decline.envelope.dst_ip), (ZERO, Ipv4Addr::BROADCAST));
        assert_eq!(decline.message.ip_option(opt::REQUESTED_ADDRESS), Some(ip(50)));
        let inform = recipe().inform(0, ip(50), None);
        assert_eq!((inform.message.ciaddr, inform.envelope.src_ip), (ip(50), ip(50)));
    }

    #[test]
    fn a_relay_counts_itself_and_uses_the_servers_port() {
        let mut recipe = recipe();
        recipe.relay = Some(Route { server: ip(9), next_hop: ip(254) });
        recipe.overrides.giaddr = Some(ip(2));
        let draft = recipe.discover(0, None);
        assert_eq!((draft.message.hops, draft.message.giaddr), (1, ip(2)));
        assert_eq!(
            (draft.envelope.src_ip, draft.envelope.dst_ip, draft.envelope.src_port),
            (ip(2), ip(9), 67)
        );
        assert_eq!(draft.next_hop, Some(ip(254)));
        assert_eq!(Recipe::reply_port(&draft.message), 67);
    }

    #[test]
    fn what_is_set_by_hand_wins_but_spares_the_discover_before() {
        let mut recipe = recipe();
        recipe.main = Some(MessageType::REQUEST);
        recipe.overrides.options.push(OptionEdit { code: 53, data: vec![99] });
        recipe.overrides.hops = Some(3);
        recipe.overrides.dst_mac = Some(Mac([9; 6]));
        assert_eq!(recipe.discover(0, None).message.message_type(), Some(MessageType::DISCOVER));
        let request = recipe.request(State::Renewing, 0, ip(5), Some(route(1)));
        assert_eq!(request.message.message_type(), Some(MessageType(99)));
        assert_eq!(
            (request.message.hops, request.envelope.dst_mac, request.next_hop),
            (3, Mac([9; 6]), None)
        );
    }

    #[test]
    fn contradictions_are_found_for_each_state() {
        let with = |change: fn(&mut Overrides)| {
            let mut overrides = Overrides::default();
            change(&mut overrides);
            overrides
        };
        let option = |overrides: &mut Overrides, code| {
            overrides.options.push(OptionEdit { code, data: vec![1, 2, 3, 4] });
        };
        for state in State::ALL {
            assert_eq!(contradictions(state, &Overrides::default()), Vec::<String>::new());
            let ciaddr = contradictions(state, &with(|o| o.ciaddr = Some([1, 1, 1, 1].into())));
            assert_eq!(ciaddr.is_empty(), state.holds_address(), "{state}");
            let mut requested = Overrides::default();
            option(&mut requested, 50);
            assert_eq!(contradictions(state, &requested).is_empty(), !state.holds_address(), "{state}");
            let mut server = Overrides::default();
            option(&mut server, 54);
            assert_eq!(contradictions(state, &server).is_empty(), state == State::Selecting, "{state}");
            let unicast = contradictions(state, &with(|o| o.dst_ip = Some([1, 1, 1, 1].into())));
            assert_eq!(unicast.is_empty(), state == State::Renewing, "{state}");
        }
        assert_eq!("renewing".parse(), Ok(State::Renewing));
        assert!("bound".parse::<State>().is_err());
    }
}
