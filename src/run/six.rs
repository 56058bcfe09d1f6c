//! What machines of DHCPv6 heard, in the words of who judges it.

use crate::analysis::findings6::{Asked, Discarded, Router, Said};
use crate::engine::v6::recipe::{IaWish, Recipe6};
use crate::engine::v6::station::Answer6;
use crate::engine::v6::watch::{Stray, Watch6};
use crate::wire::options::v6 as opt;
use crate::wire::v6::Item;

/// What was asked, for who judges the answers.
pub fn asked(recipe: &Recipe6, ias: &[IaWish]) -> Asked {
    Asked {
        ias: ias.iter().map(|ia| (ia.kind, ia.iaid)).collect(),
        lengths: ias.iter().flat_map(|ia| &ia.prefixes).map(|prefix| prefix.length).collect(),
        rapid_commit: recipe.rapid_commit,
        relays: recipe
            .relays
            .iter()
            .map(|hop| {
                let names = |item: &Item| item.code == opt::INTERFACE_ID;
                (hop.link, hop.options.iter().any(names))
            })
            .collect(),
        ..Asked::default()
    }
}

/// An answer of a server, for who judges it.
pub fn said(answer: &Answer6) -> Said<'_> {
    Said {
        facts: answer.facts(),
        source: answer.source_ip,
        mac: answer.source_mac,
        source_port: answer.source_port,
        looked: answer.check.map(|check| check.nanoseconds()),
        mismatch: answer.mismatch.clone(),
    }
}

/// A router, for who judges it.
pub fn router(answer: &Answer6) -> Option<Router<'_>> {
    Some(Router { advert: answer.advert()?, source: answer.source_ip? })
}

/// What was discarded, for who explains why nothing works.
pub fn discarded(watch: &Watch6) -> Vec<Discarded> {
    let of = |stray: &Stray| Discarded {
        reason: stray.reason.name(),
        kind: stray.kind,
        from: stray
            .server
            .as_ref()
            .map(ToString::to_string)
            .or(stray.source.map(|ip| ip.to_string()))
            .unwrap_or_else(|| "unknown".to_owned()),
        router: stray.source,
        port: stray.port,
        detail: stray.detail.clone(),
    };
    watch.strays().iter().map(of).collect()
}
