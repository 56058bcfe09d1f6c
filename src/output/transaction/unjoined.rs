//! What is said of messages that are not joined: router discovery, and messages of DHCPv6 that no exchange is made of.

use serde::Serialize;

use crate::analysis::transaction::Unjoined;
use crate::output::json::told::object;
use crate::output::words::counted;

object! {
    /// Messages that no exchange is made of.
    #[derive(Clone, Copy, Serialize)]
    pub struct NotJoined {
        /// Messages of DHCPv6 that are quoted, cut before their identifier, or of a type that is no part of an exchange.
        pub dhcpv6: u64,
        /// Router solicitations and advertisements.
        pub router_discovery: u64,
    }
}

impl From<Unjoined> for NotJoined {
    fn from(unjoined: Unjoined) -> Self {
        Self { dhcpv6: unjoined.dhcpv6, router_discovery: unjoined.discovery }
    }
}

/// The sentence, where there were any.
pub fn text(unjoined: Unjoined) -> Option<String> {
    let Unjoined { dhcpv6, discovery } = unjoined;
    let six = || counted(dhcpv6, "DHCPv6 message");
    let routers = || counted(discovery, "message").replacen(' ', " router discovery ", 1);
    match (dhcpv6, discovery) {
        (0, 0) => None,
        (1, 0) => Some("1 DHCPv6 message is not joined".to_owned()),
        (_, 0) => Some(format!("{} are not joined", six())),
        (0, 1) => Some("1 router discovery message is not joined".to_owned()),
        (0, _) => Some(format!("{} are not joined", routers())),
        _ => Some(format!("{} and {} are not joined", six(), routers())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_words_agree() {
        let said = |dhcpv6, discovery| text(Unjoined { dhcpv6, discovery });
        assert_eq!(said(0, 0), None);
        assert_eq!(said(1, 0).as_deref(), Some("1 DHCPv6 message is not joined"));
        assert_eq!(said(2, 0).as_deref(), Some("2 DHCPv6 messages are not joined"));
        assert_eq!(said(0, 1).as_deref(), Some("1 router discovery message is not joined"));
        assert_eq!(
            said(1, 2).as_deref(),
            Some("1 DHCPv6 message and 2 router discovery messages are not joined")
        );
    }
}
