//! What a client may keep of the leases that a server gives (RFC 9915 §18.2.10.1, §21.4, §21.6).

use std::net::Ipv6Addr;

use super::StatusCode;
use super::facts::{Address, Delegation, Ia};

/// True for an address that a host can have outside its link.
pub fn is_global(address: Ipv6Addr) -> bool {
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_unicast_link_local())
}

/// True for success, which is also what no code means.
pub fn is_success(code: Option<StatusCode>) -> bool {
    code.is_none_or(|code| code == StatusCode::SUCCESS)
}

/// True for an address of an IA that a client may keep.
pub fn is_usable_address(lease: &Address<'_>) -> bool {
    lease.valid > 0
        && lease.preferred <= lease.valid
        && is_success(lease.status.map(|status| status.code))
        && is_global(lease.address)
}

/// True for a prefix of an IA that a client may keep.
pub fn is_usable_prefix(lease: &Delegation<'_>) -> bool {
    lease.valid > 0
        && lease.preferred <= lease.valid
        && lease.length <= 128
        && is_success(lease.status.map(|status| status.code))
}

/// The addresses of an IA that a client may keep.
pub fn usable_addresses<'a, 'b>(ia: &'b Ia<'a>) -> impl Iterator<Item = &'b Address<'a>> {
    ia.addresses.iter().filter(|lease| is_usable_address(lease))
}

/// The prefixes of an IA that a client may keep.
pub fn usable_prefixes<'a, 'b>(ia: &'b Ia<'a>) -> impl Iterator<Item = &'b Delegation<'a>> {
    ia.prefixes.iter().filter(|lease| is_usable_prefix(lease))
}

/// True when T1 and T2, in seconds, contradict each other: a client drops the whole IA (§21.4).
pub fn contradict(t1: u32, t2: u32) -> bool {
    t1 > 0 && t2 > 0 && t1 > t2
}

/// True when T1 and T2 contradict each other: a client drops the whole IA (§21.4).
pub fn times_contradict(ia: &Ia<'_>) -> bool {
    contradict(ia.t1, ia.t2)
}

/// True when a client may keep something of this IA.
pub fn is_usable(ia: &Ia<'_>) -> bool {
    !times_contradict(ia)
        && is_success(ia.status.map(|status| status.code))
        && (usable_addresses(ia).next().is_some() || usable_prefixes(ia).next().is_some())
}
