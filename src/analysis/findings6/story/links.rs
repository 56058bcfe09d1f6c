//! The routers that were heard on each link.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use super::Heard;
use super::kept::Kept;
use crate::analysis::findings6::{Promised, Router, Routers};
use crate::wire::nd::{self, Advert};
use crate::wire::v6::judge::disbelieved;

/// Routers kept of one link, and links.
const ROUTERS: usize = 256;
const LINKS: usize = 1024;
/// A router that is there says so this often at least, nanoseconds (RFC 4861 §6.2.1).
const SILENT: i64 = 1_800_000_000_000;
/// So many bytes of advertisements are kept of all links.
const KEPT: usize = 8 << 20;

/// A link.
#[derive(Debug, Default)]
pub(super) struct Link {
    routers: BTreeMap<Ipv6Addr, Kept>,
    /// When each was heard first.
    since: BTreeMap<Ipv6Addr, i64>,
    pub(super) promised: Promised,
}

impl Link {
    /// The last advertisement of a router.
    pub(super) fn heard(&self, router: Ipv6Addr) -> Option<&Kept> {
        self.routers.get(&router)
    }

    /// Its routers, those together that were there at one time: who came when another was long gone contradicts nobody.
    pub(super) fn routers(&self) -> impl ExactSizeIterator<Item = Routers<'_>> {
        let mut spans: Vec<(i64, i64, Router<'_>)> = Vec::new();
        for (source, kept) in &self.routers {
            let Some(router) = router(&kept.bytes, *source) else { continue };
            let since = self.since.get(source).copied().unwrap_or(kept.time);
            let lifetime = i64::from(router.advert.header.router_lifetime()).saturating_mul(1_000_000_000);
            spans.push((since, kept.time.saturating_add(lifetime.max(SILENT)), router));
        }
        spans.sort_by_key(|(since, ..)| *since);
        let (mut groups, mut until) = (Vec::<Vec<Router<'_>>>::new(), i64::MIN);
        for (since, end, router) in spans {
            match groups.last_mut().filter(|_| since <= until) {
                Some(group) => group.push(router),
                None => groups.push(vec![router]),
            }
            until = until.max(end);
        }
        groups.into_iter().map(|mut group| {
            group.sort_by_key(|router| router.source);
            group.into_iter().collect()
        })
    }
}

fn router(bytes: &[u8], source: Ipv6Addr) -> Option<Router<'_>> {
    let packet = nd::Packet::new(bytes);
    let mut outline = nd::Outline::default();
    outline.read(&packet, bytes.len(), false);
    Some(Router { advert: Advert::read(&packet, &outline)?, source })
}

/// All links.
#[derive(Debug, Default)]
pub(super) struct Links {
    known: BTreeMap<u32, Link>,
    kept: usize,
}

impl Links {
    /// A link.
    pub(super) fn get(&self, place: u32) -> Option<&Link> {
        self.known.get(&place)
    }

    /// All of them.
    pub(super) fn into_all(self) -> impl Iterator<Item = Link> {
        self.known.into_values()
    }

    /// Takes a message of router discovery.
    pub(super) fn take(&mut self, heard: &Heard) {
        let Some(source) = heard.source else { return };
        // Hosts ignore what is not valid, and so do these findings.
        if heard.tunnelled || disbelieved(&heard.problems).is_some() {
            return;
        }
        let Some(new) = router(&heard.bytes, source) else { return };
        if self.known.len() >= LINKS && !self.known.contains_key(&heard.place) {
            return;
        }
        let link = self.known.entry(heard.place).or_default();
        let kept = Kept::of(heard);
        let before = link.routers.get(&source).map_or(0, Kept::size);
        let size = self.kept.saturating_sub(before).saturating_add(kept.size());
        if size > KEPT || (before == 0 && link.routers.len() >= ROUTERS) {
            return;
        }
        self.kept = size;
        let since = link.since.entry(source).or_insert(heard.time);
        *since = heard.time.min(*since);
        let same = link.routers.get(&source).is_some_and(|old| old.bytes == kept.bytes);
        if let Some(old) = link.routers.insert(source, kept).filter(|_| !same)
            && let Some(old) = router(&old.bytes, source)
        {
            link.promised.remove(&old);
        }
        if !same {
            link.promised.add(&new);
        }
    }
}
