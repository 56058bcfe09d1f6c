//! What an exchange is asked to do, and how it goes about it.

use std::net::Ipv6Addr;
use std::str::FromStr;
use std::time::Duration;

use crate::engine::v6::draft::Draft6;
use crate::engine::v6::recipe::{IaWish, Recipe6};
use crate::engine::v6::timer::Schedule;
use crate::wire::Mac;
use crate::wire::v6::facts::IaKind;
use crate::wire::v6::{Duid, MessageType};

/// The client's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State6 {
    /// It has nothing: SOLICIT, REQUEST.
    Selecting,
    /// It may have moved to another link: CONFIRM, or REBIND where it holds prefixes (§18.2.12).
    Confirming,
    /// T1 has come: RENEW.
    Renewing,
    /// T2 has come: REBIND.
    Rebinding,
}

impl State6 {
    /// The name used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Selecting => "selecting",
            Self::Confirming => "confirming",
            Self::Renewing => "renewing",
            Self::Rebinding => "rebinding",
        }
    }

    /// What a client says in this state of what it holds, and when it says so again.
    pub(super) fn message(self, held: &[IaWish]) -> (MessageType, Schedule) {
        match self {
            Self::Selecting => (MessageType::SOLICIT, Schedule::SOLICIT),
            Self::Confirming if held.iter().any(|ia| ia.kind == IaKind::Pd) => {
                (MessageType::REBIND, Schedule::CONFIRM)
            }
            Self::Confirming => (MessageType::CONFIRM, Schedule::CONFIRM),
            Self::Renewing => (MessageType::RENEW, Schedule::RENEW),
            Self::Rebinding => (MessageType::REBIND, Schedule::REBIND),
        }
    }
}

impl FromStr for State6 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "selecting" | "request" => Self::Selecting,
            "confirming" | "confirm" | "init-reboot" => Self::Confirming,
            "renewing" | "renew" => Self::Renewing,
            "rebinding" | "rebind" => Self::Rebinding,
            _ => return Err(format!("{text:?} is no state: selecting, confirming, renewing or rebinding")),
        })
    }
}

/// Whose ADVERTISE is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choose {
    /// That with the highest preference; among equals who grants more.
    #[default]
    Preference,
    /// The first that a client could use.
    First,
    /// That of this server.
    Server(Duid),
}

impl FromStr for Choose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "preference" => Self::Preference,
            "first" => Self::First,
            duid => {
                Self::Server(duid.parse().map_err(|_| {
                    format!("{text:?}: choose by preference, first, or a DUID in hexadecimal")
                })?)
            }
        })
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Task6 {
    /// A lease.
    Request {
        /// In which state.
        state: State6,
        /// What is held; where nothing is, it is asked for first.
        held: Vec<IaWish>,
    },
    /// Leases are given back.
    Release(Vec<IaWish>),
    /// Addresses are in use by somebody else.
    Decline(Vec<IaWish>),
    /// Configuration alone.
    Inform,
}

/// Whether it is tested that nobody has the addresses given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dad {
    /// Not at all.
    None,
    /// It is, and what was found is reported.
    Report,
    /// It is, and a conflict is answered with a DECLINE.
    Decline,
}

/// What the test of the addresses found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tested {
    /// There was none.
    Not,
    /// Nobody has them.
    Free,
    /// Somebody has this one.
    InUse(Ipv6Addr, Mac),
}

/// How an exchange goes.
#[derive(Clone, Debug)]
pub struct Settings6 {
    /// A time per try that was chosen by hand.
    pub each: Option<Duration>,
    /// A number of repetitions that was chosen by hand.
    pub retries: Option<u32>,
    /// How long ADVERTISEs are collected; until the first retransmission if left out.
    pub wait: Option<Duration>,
    /// Whose is taken.
    pub choose: Choose,
    /// Whether addresses are tested.
    pub dad: Dad,
    /// Gives everything back at the end.
    pub release: bool,
}

impl Default for Settings6 {
    fn default() -> Self {
        Self {
            each: None,
            retries: None,
            wait: None,
            choose: Choose::Preference,
            dad: Dad::None,
            release: false,
        }
    }
}

/// The first message of a task.
pub fn first_draft(recipe: &Recipe6, task: &Task6) -> Draft6 {
    let (kind, ias) = match task {
        Task6::Request { state, held }
            if *state != State6::Selecting && held.iter().any(IaWish::has_lease) =>
        {
            (state.message(held).0, held.as_slice())
        }
        Task6::Request { .. } => (MessageType::SOLICIT, recipe.ias.as_slice()),
        Task6::Release(held) => (MessageType::RELEASE, held.as_slice()),
        Task6::Decline(held) => (MessageType::DECLINE, held.as_slice()),
        Task6::Inform => (MessageType::INFORMATION_REQUEST, [].as_slice()),
    };
    recipe.draft(recipe.message(kind, ias, recipe.server.as_ref(), 0))
}
