//! The table of findings: one row each.

use super::{Scene, Sink, link, offers, routers};
use crate::wire::problem::Severity::{self, Error, Note, Warning};

/// A row of the table.
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is written.
    pub reference: &'static str,
    /// Finds it.
    pub(crate) check: fn(&Scene<'_>, &mut Sink<'_>),
}

const fn row(
    code: &'static str,
    severity: Severity,
    reference: &'static str,
    check: fn(&Scene<'_>, &mut Sink<'_>),
) -> Rule {
    Rule { code, severity, reference, check }
}

/// Every finding.
pub static RULES: &[Rule] = &[
    row("m-flag-no-server", Error, "RFC 4861 4.2", link::m_flag_no_server),
    row("o-flag-no-answer", Warning, "RFC 4861 4.2", link::o_flag_no_answer),
    row("server-without-flag", Warning, "RFC 4861 4.2", link::server_without_flag),
    row("pd-without-flag", Note, "RFC 7084 WPD-4", link::pd_without_flag),
    row("no-router", Error, "RFC 4861 6.3.4", link::no_router),
    row("router-lifetime-zero", Warning, "RFC 4861 4.2", link::router_lifetime_zero),
    row("pd-refused", Warning, "RFC 9915 18.3.9", offers::pd_refused),
    row("pd-ignored", Warning, "RFC 9915 18.3.9", offers::pd_ignored),
    row("pd-length-differs", Note, "RFC 8168 3", offers::pd_length_differs),
    row("pd-overlap", Error, "RFC 9915 6.3", offers::pd_overlap),
    row("no-addresses", Error, "RFC 9915 18.3.9", offers::no_addresses),
    row("server-refuses", Warning, "RFC 9915 21.13", offers::server_refuses),
    row("request-unanswered", Error, "RFC 9915 18.2.2", offers::request_unanswered),
    row("rapid-commit-missing", Error, "RFC 9915 18.2.1", offers::rapid_commit_missing),
    row("commit-unasked", Error, "RFC 9915 18.3.1", offers::commit_unasked),
    row("several-commit", Warning, "RFC 9915 18.3.1", offers::several_commit),
    row("rapid-commit-ignored", Note, "RFC 9915 18.3.1", offers::rapid_commit_ignored),
    row("wrong-port", Error, "RFC 9915 7.2", offers::wrong_port),
    row("answer-from-global", Warning, "RFC 9915 18.3.10", offers::answer_from_global),
    row("answer-multicast", Warning, "RFC 9915 16", offers::answer_multicast),
    row("source-port", Note, "RFC 9915 7.2", offers::source_port),
    row("t1-after-t2", Error, "RFC 9915 21.4", offers::t1_after_t2),
    row("lifetime-inverted", Error, "RFC 9915 21.6", offers::lifetime_inverted),
    row("t1-t2-zero", Note, "RFC 9915 21.4", offers::t1_t2_zero),
    row("t2-after-valid", Warning, "RFC 9915 21.4", offers::t2_after_valid),
    row("lifetime-infinite", Note, "RFC 9915 7.7", offers::lifetime_infinite),
    row("address-not-on-link", Warning, "RFC 5942 4", link::address_not_on_link),
    row("routers-disagree", Warning, "RFC 4861 6.2.7", routers::disagree),
    row("several-default-routers", Note, "RFC 4861 6.3.6", routers::several_default),
    row("slaac-broken", Error, "RFC 4862 5.5.3", routers::slaac_broken),
    row("slaac-deprecated", Note, "RFC 4862 5.5.4", routers::slaac_deprecated),
    row("slaac-short", Note, "RFC 4862 5.5.3", routers::slaac_short),
    row("dns-missing", Warning, "RFC 8106 1", link::dns_missing),
    row("dns-differs", Note, "RFC 8106 5.3.1", link::dns_differs),
    row("rdnss-short", Warning, "RFC 8106 5.1", routers::rdnss_short),
    row("preference-trap", Warning, "RFC 9915 18.2.9", offers::preference_trap),
    row("relay-mismatch", Error, "RFC 9915 19.3", offers::relay_mismatch),
    row("relayed-and-direct", Warning, "RFC 9915 19", offers::relayed_and_direct),
    row("link-address-unusable", Warning, "RFC 9915 19.1.1", offers::link_address_unusable),
    row("duplicate-duid", Error, "RFC 9915 11", offers::duplicate_duid),
    row("host-firewall", Warning, "RFC 9915 7.2", link::host_firewall),
    row("address-not-global", Error, "RFC 9915 21.6", offers::address_not_global),
    row("renew-refused", Warning, "RFC 9915 18.2.10.1", offers::renew_refused),
    row("lease-changed", Note, "RFC 9096 3.4", offers::lease_changed),
    row("pd-preferred-refused", Error, "RFC 9762 7.1", link::pd_preferred_refused),
    row("pd-preferred", Note, "RFC 9762 4", routers::pd_preferred),
    row("stub-router", Note, "RFC 4191 2.3", routers::stub),
    row("ra-invalid", Error, "RFC 4861 6.1.2", routers::invalid),
    row("neighbor-check", Note, "RFC 4861 7.2", offers::neighbor_check),
    row("sol-max-rt", Note, "RFC 9915 21.24", offers::sol_max_rt),
    row("reconfigure-unauthenticated", Error, "RFC 9915 16.11", offers::reconfigure_unauthenticated),
];
