//! What is not looked into, and how much of it there was: nothing said of a frame is not the same as nothing in it.

use std::fmt;

use super::{Layer, LinkType};

/// What is not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unread {
    /// Frames of a link type that is not followed.
    Link(LinkType),
    /// What this layer carries is encrypted.
    Encrypted(Layer),
    /// What this layer carries comes in pieces that are not put together.
    Pieces(Layer),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(link) => write!(f, "link type {}", link.described()),
            Self::Encrypted(layer) => write!(f, "encrypted {}", layer.name()),
            Self::Pieces(layer) => write!(f, "{} in pieces", layer.name()),
        }
    }
}

/// How many frames were not looked into, by what stopped it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotLookedInto(Vec<(Unread, u64)>);

/// Kinds that are counted apart; what is beyond is counted with the last.
const MAX_KINDS: usize = 32;

impl NotLookedInto {
    /// Counts `frames` more.
    pub fn add(&mut self, unread: Unread, frames: u64) {
        let full = self.0.len() >= MAX_KINDS;
        let known = self.0.iter().position(|(kind, _)| *kind == unread);
        let place = known.or_else(|| full.then(|| self.0.len().saturating_sub(1)));
        match place.and_then(|at| self.0.get_mut(at)) {
            Some((_, count)) => *count = count.saturating_add(frames),
            None => self.0.push((unread, frames)),
        }
    }

    /// Adds what another counted, and empties it.
    pub fn take(&mut self, other: &mut Self) {
        for (unread, frames) in other.0.drain(..) {
            self.add(unread, frames);
        }
    }

    /// The error where nothing else was in the capture of this name.
    pub fn nothing(&self, name: &str) -> String {
        format!("{name}: nothing in it can be judged: {self}; tshark may read it")
    }

    /// Frames in all.
    pub fn frames(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, frames)| sum.saturating_add(*frames))
    }
}

impl fmt::Display for NotLookedInto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (unread, frames)) in self.0.iter().enumerate() {
            let (comma, word) =
                (if index == 0 { "" } else { ", " }, if *frames == 1 { "frame" } else { "frames" });
            write!(f, "{comma}{frames} {word} of {unread}")?;
        }
        f.write_str(" not looked into")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_by_name() {
        let mut counts = NotLookedInto::default();
        counts.add(Unread::Link(LinkType(220)), 1);
        let mut other = counts.clone();
        other.add(Unread::Encrypted(Layer::Macsec), 2);
        counts.take(&mut other);
        assert_eq!(
            counts.to_string(),
            "2 frames of link type 220 (USB, Linux, padded), 2 frames of encrypted macsec not looked into"
        );
        assert_eq!((counts.frames(), other.frames()), (4, 0));
        for link in 0..100 {
            counts.add(Unread::Link(LinkType(1000_u32.saturating_add(link))), 1);
        }
        assert_eq!((counts.0.len(), counts.frames()), (MAX_KINDS, 104));
    }
}
