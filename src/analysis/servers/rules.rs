//! The rules: one row each, with what a hit means and what to do about it. Judging, explaining and the help all read it here.

mod case;
mod identity;
mod offers;
mod six;
mod words;

pub(in crate::analysis::servers) use case::Case;
pub use case::Scene;
use identity::{
    address_in_use, answers_for_another, contradicts_itself, many_identifiers, naks_others, two_macs,
    unknown_server, wrong_address, wrong_mac, wrong_relay, wrong_vlan,
};
use offers::{
    default_route, foreign_dns, foreign_router, hidden_options, leads_to_a_stranger, wpad, wrong_boot_file,
    wrong_default_route, wrong_dns, wrong_domain, wrong_lease, wrong_next_server, wrong_range, wrong_router,
    wrong_subnet, wrong_vendor_options, wrong_wpad,
};
use six::{
    boot_file, captive_portal, extends_others, foreign_prefix, foreign_search, kills_router, preference_grab,
    reconfigure, wrong_delegation, wrong_flags, wrong_preference, wrong_prefix,
};

/// What a rule's hit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is not the server that the policy allows.
    Identity,
    /// A rogue, even if the policy allows it.
    Convicts,
    /// A reason against a stranger; of an allowed server only worth a note, because honest servers do it too.
    Suspicious,
}

impl Weight {
    /// How bad a hit is, as problems of messages name it.
    pub fn severity(self) -> &'static str {
        match self {
            Self::Identity | Self::Convicts => "error",
            Self::Suspicious => "warning",
        }
    }
}

/// One row.
pub struct Rule {
    /// Its name in JSON.
    pub code: &'static str,
    /// What a hit means.
    pub weight: Weight,
    /// What a server does that it hits.
    pub sentence: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// The reason in words, if it hits.
    pub(super) check: fn(&Case<'_>) -> Option<String>,
    /// When a suspicious hit convicts an allowed server too.
    alarm: Option<fn(&Case<'_>) -> bool>,
}

impl Rule {
    const fn new(
        code: &'static str,
        weight: Weight,
        check: fn(&Case<'_>) -> Option<String>,
        sentence: &'static str,
        advice: &'static str,
    ) -> Self {
        Self { code, weight, sentence, advice, check, alarm: None }
    }

    /// True when its hit makes an allowed server a rogue.
    pub(super) fn convicts(&self, case: &Case<'_>) -> bool {
        self.alarm.is_some_and(|alarm| alarm(case))
    }
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule::new(
        "wrong-mac",
        Weight::Identity,
        wrong_mac,
        "It has the address of an allowed server, but another MAC.",
        "Find the port of that MAC in the switches' tables. If the server has a new network card, change its mac= in the policy.",
    ),
    Rule::new(
        "wrong-address",
        Weight::Identity,
        wrong_address,
        "It has the MAC of an allowed server, but another address or identifier.",
        "If the server was moved to another address, change the policy; else somebody uses its MAC.",
    ),
    Rule::new(
        "wrong-relay",
        Weight::Identity,
        wrong_relay,
        "It has the address of an allowed server, but its answer did not come through the relay that the policy names.",
        "If the network has another relay now, change relay= in the policy; else somebody answers in the server's name.",
    ),
    Rule::new(
        "wrong-vlan",
        Weight::Identity,
        wrong_vlan,
        "It has the address of an allowed server, but answers on another VLAN.",
        "Look for a VLAN that leaks into another; if the server was moved, change vlan= in the policy.",
    ),
    Rule::new(
        "unknown-server",
        Weight::Identity,
        unknown_server,
        "It is on no allow list.",
        "Find the port of its MAC in the switches' tables and unplug it; a home router plugged in the wrong way round is the usual cause. If it is meant to be there, add it to the policy.",
    ),
    Rule::new(
        "two-macs",
        Weight::Convicts,
        two_macs,
        "One address answers from several MACs, and no allow list says which is right.",
        "Allow the server with its MAC (ADDRESS,mac=MAC); then the other one is named. A failover pair needs one entry for each.",
    ),
    Rule::new(
        "answers-for-another",
        Weight::Convicts,
        answers_for_another,
        "It uses the identifier of another server, or grants what was asked of another.",
        "Find the port of its MAC. Of a relay on the server's own segment say relay= in the policy.",
    ),
    Rule::new(
        "many-identifiers",
        Weight::Convicts,
        many_identifiers,
        "It uses dozens of server identifiers.",
        "No server does that: find the port of its MAC.",
    ),
    Rule::new(
        "contradicts-itself",
        Weight::Convicts,
        contradicts_itself,
        "It offers the same client, or clients of the same network in turn, different things.",
        "Somebody may answer with the server's own addresses: look in the switches' tables for a MAC on two ports. Two servers must not share a configuration in which one of them is out of date.",
    ),
    Rule::new(
        "wrong-subnet",
        Weight::Convicts,
        wrong_subnet,
        "It offers addresses or a mask of another network than the policy says.",
        "Compare the server's configuration with the policy; if nobody changed it, somebody answers in its name.",
    ),
    Rule::new(
        "wrong-range",
        Weight::Convicts,
        wrong_range,
        "It offers addresses outside the ranges of the policy.",
        "Compare the server's pools with the policy.",
    ),
    Rule::new(
        "wrong-router",
        Weight::Convicts,
        wrong_router,
        "It offers another router than the policy says.",
        "Compare the server's configuration with the policy; traffic may pass through a stranger.",
    ),
    Rule::new(
        "wrong-dns",
        Weight::Convicts,
        wrong_dns,
        "It offers other name servers than the policy says.",
        "Compare the server's configuration with the policy; names may be resolved by a stranger.",
    ),
    Rule::new(
        "wrong-domain",
        Weight::Convicts,
        wrong_domain,
        "It offers another domain than the policy says.",
        "Compare the server's configuration with the policy.",
    ),
    Rule::new(
        "wrong-lease",
        Weight::Convicts,
        wrong_lease,
        "It offers a shorter or longer lease than the policy says.",
        "Compare the server's configuration with the policy.",
    ),
    Rule::new(
        "wrong-boot-file",
        Weight::Convicts,
        wrong_boot_file,
        "It offers a boot file that the policy does not know.",
        "Machines that boot from the network may run a stranger's program: compare with the policy.",
    ),
    Rule::new(
        "wrong-next-server",
        Weight::Convicts,
        wrong_next_server,
        "It names a boot server that the policy does not know.",
        "Machines that boot from the network may run a stranger's program: compare with the policy.",
    ),
    Rule::new(
        "wrong-wpad",
        Weight::Convicts,
        wrong_wpad,
        "Its option 252 names a web proxy script that the policy does not know.",
        "Browsers may send everything through a stranger: compare with the policy.",
    ),
    Rule::new(
        "wrong-default-route",
        Weight::Convicts,
        wrong_default_route,
        "Options 121 or 249 send all traffic to a router that the policy does not know.",
        "Compare the server's configuration with the policy; these options win over the router option.",
    ),
    Rule::new(
        "wrong-vendor-options",
        Weight::Convicts,
        wrong_vendor_options,
        "Its vendor options (43) are not those of the policy.",
        "Telephones and access points take their controllers from there: compare with the policy.",
    ),
    Rule::new(
        "wrong-prefix",
        Weight::Convicts,
        wrong_prefix,
        "It offers IPv6 addresses, or advertises a prefix, a route or a NAT64 prefix, that the policy does not know.",
        "Compare its configuration with the policy; hosts may make addresses that lead to a stranger.",
    ),
    Rule::new(
        "wrong-delegation",
        Weight::Convicts,
        wrong_delegation,
        "It delegates prefixes that are not in those of the policy.",
        "Compare the server's pools with the policy.",
    ),
    Rule::new(
        "wrong-flags",
        Weight::Convicts,
        wrong_flags,
        "A router's flags M and O, its lifetime or its MTU are not those of the policy.",
        "Compare its configuration with the policy: by these flags hosts ask DHCPv6 servers, or do not.",
    ),
    Rule::new(
        "wrong-preference",
        Weight::Convicts,
        wrong_preference,
        "Its preference is not that of the policy.",
        "Compare its configuration with the policy: by preference hosts choose between servers and between routers.",
    ),
    Rule::new(
        "reconfigure",
        Weight::Convicts,
        reconfigure,
        "It tells clients to ask again (RECONFIGURE) and does not prove who it is.",
        "Honest servers authenticate that message (RFC 9915 20.4), and clients must ignore others: find the port of its MAC.",
    ),
    Rule::new(
        "kills-router",
        Weight::Convicts,
        kills_router,
        "It says in another router's name that this is no default router any more.",
        "Hosts lose their way out, and take the next router's: find the port of its MAC, and let switches guard router advertisements (RFC 6105).",
    ),
    Rule::new(
        "foreign-prefix",
        Weight::Suspicious,
        foreign_prefix,
        "It gives addresses of a prefix that no allowed server or router has.",
        "Traffic of hosts with such addresses leaves through its router: find out whose it is.",
    ),
    Rule::new(
        "foreign-search",
        Weight::Suspicious,
        foreign_search,
        "It offers a search domain that no allowed server or router offers.",
        "Short names are looked up there first: find out whose it is.",
    ),
    Rule::new(
        "preference-grab",
        Weight::Suspicious,
        preference_grab,
        "A stranger with the highest preference: clients take it before all others.",
        "Hosts believe it rather than your own servers and routers: find the port of its MAC.",
    ),
    Rule::new(
        "captive-portal",
        Weight::Suspicious,
        captive_portal,
        "It names a captive portal.",
        "Hosts show that page to their users: make sure that it is yours.",
    ),
    Rule::new(
        "boot-file",
        Weight::Suspicious,
        boot_file,
        "It names a boot file over IPv6.",
        "Machines that boot from the network may run a stranger's program: make sure that it is yours.",
    ),
    Rule::new(
        "extends-others",
        Weight::Suspicious,
        extends_others,
        "It binds an address that another server had leased to the client.",
        "dnsmasq does so when a client rebinds; beside another server both then give the address away: give each its own pool.",
    ),
    Rule::new(
        "foreign-router",
        Weight::Suspicious,
        foreign_router,
        "It offers a router that no allowed server offers.",
        "Traffic of its clients passes through that router: find out whose it is.",
    ),
    Rule::new(
        "foreign-dns",
        Weight::Suspicious,
        foreign_dns,
        "It offers a name server that no allowed server offers.",
        "Names of its clients are resolved there: find out whose it is.",
    ),
    Rule::new(
        "naks-others",
        Weight::Suspicious,
        naks_others,
        "It refuses (NAK) requests that are meant for another server.",
        "An authoritative dnsmasq or dhcpd does so by default; beside another server that breaks its clients: make one of them not authoritative, or give each its own segment.",
    ),
    Rule::new(
        "address-in-use",
        Weight::Suspicious,
        address_in_use,
        "It offers an address that somebody uses.",
        "Take addresses in use out of its pool; a second server with the same pool is the usual cause.",
    ),
    Rule {
        alarm: Some(leads_to_a_stranger),
        ..Rule::new(
            "default-route",
            Weight::Suspicious,
            default_route,
            "Options 121 or 249, or a route of an advertisement, send all traffic to one router. Of an allowed server it is an alarm when that is none of its routers.",
            "Those options win over the router option (RFC 3442): make sure that the router is yours, and put default-route into the policy.",
        )
    },
    Rule::new(
        "wpad",
        Weight::Suspicious,
        wpad,
        "Option 252 names a web proxy script.",
        "If it is yours, put wpad into the policy; else browsers send everything through a stranger.",
    ),
    Rule::new(
        "hidden-options",
        Weight::Suspicious,
        hidden_options,
        "Options that steer clients stand in overloaded fields, where many filters do not look.",
        "Honest servers do so only in messages that are full: decode the message with -vv.",
    ),
];

/// The rule's name as it lives in [`RULES`].
pub fn known_code(code: &str) -> Option<&'static str> {
    RULES.iter().map(|rule| rule.code).find(|known| *known == code)
}
