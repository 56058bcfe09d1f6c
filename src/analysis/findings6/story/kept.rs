//! The messages of an exchange that is not over, and the scene that they make.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::Heard;
use super::links::Link;
use crate::analysis::findings6::{Asked, Glance, Held, Routers, Said, Scene};
use crate::wire::v6::{Facts, Outline};
use crate::wire::{Mac, digits};

/// Answers kept of one exchange, one a server.
const ANSWERS: u8 = 16;
/// A REQUEST this close to the end may still be answered, nanoseconds.
const GRACE: i64 = 5_000_000_000;

/// A message that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) frame: u64,
    pub(super) time: i64,
    pub(super) bytes: Arc<[u8]>,
    source: Option<Ipv6Addr>,
    mac: Option<Mac>,
    source_port: u16,
    glance: Glance,
}

impl Kept {
    pub(super) fn of(heard: &Heard) -> Self {
        let Heard { frame, time, source, mac, source_port, glance, .. } = *heard;
        Self { frame, time, bytes: Arc::clone(&heard.bytes), source, mac, source_port, glance }
    }

    /// What it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len().saturating_add(size_of::<(Part, Self)>())
    }

    /// Its frame, and when that came.
    pub(super) fn place(&self) -> (u64, i64) {
        (self.frame, self.time)
    }

    /// It came from the link itself.
    fn is_near(&self) -> bool {
        self.source.is_none_or(|source| source.is_unicast_link_local())
    }

    fn said(&self, outline: &mut Outline) -> Said<'_> {
        Said {
            facts: Facts::with(&self.bytes, outline),
            source: self.source,
            mac: self.mac,
            source_port: self.source_port,
            looked: None,
            mismatch: None,
        }
    }
}

/// What a message is to its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The message that began it.
    Solicit,
    /// REQUEST, RENEW, REBIND.
    Request,
    /// INFORMATION-REQUEST.
    Inform,
    /// An answer to the SOLICIT.
    Offer,
    /// An answer to the INFORMATION-REQUEST.
    Stateless,
    /// An answer to the request.
    Reply,
}

impl Part {
    fn is_asked(self) -> bool {
        matches!(self, Self::Solicit | Self::Request | Self::Inform)
    }
}

/// What a client asked, what came, and where that stands.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The link, and the client on it.
    pub(super) key: (u32, u64),
    parts: Vec<(Part, Kept)>,
    bytes: usize,
    /// Bits of the servers whose offers, and whose stateless answers, are kept.
    servers: [u16; 2],
    /// Some message of it is wanted.
    pub(super) selected: bool,
    /// When it was over, nanoseconds since 1970; none while something may still come.
    pub(super) ended: Option<i64>,
}

impl Exchange {
    pub(super) fn of(key: (u32, u64)) -> Self {
        // Most that are open have one message only.
        let parts = Vec::with_capacity(1);
        Self { key, parts, bytes: 0, servers: [0; 2], selected: false, ended: None }
    }

    /// What it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.saturating_add(size_of::<Self>())
    }

    fn all(&self, part: Part) -> impl Iterator<Item = &Kept> {
        self.parts.iter().filter(move |(own, _)| *own == part).map(|(_, kept)| kept)
    }

    pub(super) fn has(&self, part: Part) -> bool {
        self.all(part).next().is_some()
    }

    /// The client is on another link than the server, beyond a relay.
    pub(super) fn is_relayed(&self) -> bool {
        self.parts.iter().any(|(part, kept)| part.is_asked() && kept.glance.relayed)
    }

    /// True only where nothing is found in it as long as no router is held against it. Of most this is so, and to make a scene of
    /// each costs more than all else. Whoever adds a rule sees to it here, or to what is plain in a [`Glance`].
    pub(super) fn is_plain(&self) -> bool {
        // Without a SOLICIT it is the request that wishes for something.
        let asked = self.all(Part::Solicit).next().map(|kept| kept.glance);
        let relayed = asked.is_some_and(|asked| asked.relayed);
        let prefixes = asked.is_some_and(|asked| asked.prefixes);
        let requests = self.has(Part::Request);
        let mut cards = self.answers().map(|kept| kept.mac);
        let card = cards.next();
        self.parts.iter().all(|(_, kept)| kept.glance.plain)
            && self.all(Part::Offer).chain(self.all(Part::Stateless)).nth(1).is_none()
            && requests == self.has(Part::Reply)
            && (asked.is_some() || !requests)
            && cards.all(|other| Some(other) == card)
            && (relayed || self.answers().all(|kept| kept.glance.relayed || kept.is_near()))
            && (!prefixes || self.answers().all(|kept| kept.glance.prefixes))
    }

    /// Keeps a message; of a client's questions the last of a kind, but its first SOLICIT.
    pub(super) fn ask(&mut self, part: Part, heard: &Heard) {
        self.selected |= heard.selected;
        match self.parts.iter_mut().find(|(own, _)| *own == part) {
            Some(_) if part == Part::Solicit => {}
            Some((_, kept)) => {
                self.bytes = self.bytes.saturating_sub(kept.size());
                *kept = Kept::of(heard);
                self.bytes = self.bytes.saturating_add(kept.size());
            }
            None => self.put(part, heard),
        }
    }

    /// Keeps an answer: one of each server, and to a request the first.
    pub(super) fn answer(&mut self, part: Part, server: Option<u8>, heard: &Heard) {
        self.selected |= heard.selected;
        let place = match part {
            Part::Offer => 0,
            Part::Stateless => 1,
            _ if self.has(part) => return,
            _ => return self.put(part, heard),
        };
        let (Some(server), Some(known)) =
            (server.filter(|server| *server < ANSWERS), self.servers.get_mut(place))
        else {
            return;
        };
        if *known >> server & 1 == 0 {
            *known |= 1 << server;
            self.put(part, heard);
        }
    }

    fn put(&mut self, part: Part, heard: &Heard) {
        let kept = Kept::of(heard);
        self.bytes = self.bytes.saturating_add(kept.size());
        self.parts.push((part, kept));
    }

    /// The client's name.
    pub(super) fn client(&self, outline: &mut Outline) -> Option<String> {
        let (_, asked) = self.parts.iter().find(|(part, _)| part.is_asked())?;
        let client = Facts::with(&asked.bytes, outline).client_id?;
        Some(digits::hex(client.get(..130).unwrap_or(client)))
    }

    /// The answers, in the order of [`Scene::said`].
    pub(super) fn answers(&self) -> impl Iterator<Item = &Kept> {
        self.all(Part::Offer).chain(self.all(Part::Stateless)).chain(self.all(Part::Reply))
    }

    /// All that was heard, on this link.
    pub(super) fn scene<'a>(&'a self, link: Option<&'a Link>, outline: &mut Outline) -> Scene<'a> {
        // Whom a relay speaks for is on another link, whose routers are not heard.
        let link = link.filter(|_| !self.is_relayed());
        let mut scene = Scene {
            routers: link.map(|link| Routers::promising(&link.promised)).unwrap_or_default(),
            ..Scene::default()
        };
        // Most have one; what is read of it is large.
        scene.offers.reserve_exact(self.all(Part::Offer).count());
        let (mut solicit, mut request, mut reply) = (None, None, None);
        for (part, kept) in &self.parts {
            match part {
                Part::Solicit => solicit = Some(Facts::with(&kept.bytes, outline)),
                Part::Request => request = Some((Facts::with(&kept.bytes, outline), kept.time)),
                Part::Inform => {}
                Part::Offer => scene.offers.push(kept.said(outline)),
                Part::Stateless => scene.stateless.push(kept.said(outline)),
                Part::Reply => reply = Some(kept.said(outline)),
            }
        }
        if let Some(facts) = solicit.as_ref().or(request.as_ref().map(|(facts, _)| facts)) {
            scene.asked = asked(facts);
        }
        // Nothing is said of an answer that may still come.
        let over = |asked: i64| self.ended.is_some_and(|ended| ended.saturating_sub(asked) >= GRACE);
        scene.held = request.filter(|(_, time)| reply.is_some() || over(*time)).map(|(facts, _)| Held {
            asked: facts.kind,
            reply,
            before: facts.addresses().map(|lease| lease.address).collect(),
        });
        scene
    }
}

/// What a client asked for, as far as its message says. Nobody is missed who may only not have been seen.
fn asked(facts: &Facts<'_>) -> Asked {
    Asked {
        ias: facts.ias.iter().map(|ia| (ia.kind, ia.iaid)).collect(),
        lengths: facts.prefixes().map(|lease| lease.length).filter(|length| *length > 0).collect(),
        rapid_commit: facts.rapid_commit,
        relays: facts.relays.iter().rev().map(|relay| (relay.link, relay.interface_id.is_some())).collect(),
        ..Asked::default()
    }
}
