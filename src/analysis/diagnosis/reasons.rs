//! The reasons by which rogue judges servers, as `explain` tells them.

use super::Id;
use super::table::{Row, Scope};

macro_rules! reasons {
    ($($name:literal: $bad:literal, $summary:literal, $why:literal, $advice:literal;)*) => {
        /// Every reason.
        pub(super) const REASONS: &[Row] = &[$(Row {
            id: Id::Server($name, $bad),
            scope: Scope::Capture,
            summary: $summary,
            why: $why,
            advice: $advice,
            not: &[],
        },)*];
    };
}

reasons! {
    "wrong-mac": true, "The server has another MAC than the policy says.", "another machine speaks with its address",
        "Find the port of that MAC, or correct the policy.";
    "wrong-address": true, "The server has another address than the policy says.", "another machine speaks with its MAC",
        "Find the port of that MAC, or correct the policy.";
    "wrong-relay": true, "The answer comes through another relay than the policy says.", "the server is not where it belongs",
        "Look at the relay named, or correct the policy.";
    "wrong-vlan": true, "The answer comes in another VLAN than the policy says.", "VLANs are bridged, or a port is wrong",
        "Look at the VLANs of that port, or correct the policy.";
    "unknown-server": true, "The server is not on the allow list.", "clients may take an address from it",
        "Find the port of its MAC and switch it off, or allow it.";
    "two-macs": true, "One server address speaks from two MACs.", "one of them is an impostor, or failover is under way",
        "Find the second machine by its MAC.";
    "answers-for-another": true, "The server answers in the name of another.", "clients are led to believe they speak with that one",
        "Find the port of its MAC and switch it off.";
    "many-identifiers": true, "One machine answers with dozens of server identifiers.", "tools that attack do so, servers do not",
        "Find the port of its MAC and switch it off.";
    "wrong-subnet": true, "The server gives addresses of another subnet than the policy says.", "clients do not reach their network",
        "Correct the server's scope, or the policy.";
    "wrong-range": true, "The server gives addresses outside its range.", "they may be somebody else's",
        "Correct the server's pool, or the policy.";
    "wrong-router": true, "The server gives another router than the policy says.", "traffic of clients goes elsewhere",
        "Correct the server's scope, or find who took its place.";
    "wrong-dns": true, "The server gives other name servers than the policy says.", "names may lead anywhere",
        "Correct the server's scope, or find who took its place.";
    "wrong-domain": true, "The server gives another domain than the policy says.", "names may lead elsewhere",
        "Correct the server's scope, or the policy.";
    "wrong-lease": true, "The server gives other lease times than the policy says.", "it is configured differently",
        "Correct the server's scope, or the policy.";
    "foreign-router": false, "The server offers a router that no allowed server offers.", "traffic of clients may be read",
        "Look whether that machine is meant to be the router.";
    "foreign-dns": false, "The server offers a name server that no allowed server offers.", "names may lead anywhere",
        "Look whether that name server is meant.";
    "naks-others": false, "The server refuses what was asked of others.", "clients lose addresses that others gave",
        "Make it non-authoritative, or remove it.";
    "address-in-use": false, "The server offers an address that somebody uses.", "two machines with one address",
        "Correct its pool.";
    "default-route": false, "The server sends a default route in option 121 or 249.", "traffic of clients may be led past the router",
        "Look whether that is meant.";
    "wpad": false, "The server names a web proxy (option 252).", "web traffic may be read",
        "Look whether that is meant.";
    "hidden-options": false, "Options that steer traffic stand in the file or sname field.", "filters do not look there",
        "Look whether that is meant.";
}
