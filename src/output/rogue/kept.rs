//! What servers keep of what they were made to grant.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::v4::provoke::Granted;
use crate::engine::v6::provoke::Granted as Granted6;

/// An address that an invented client was granted and that could not be given back.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeptObject {
    /// The address.
    address: IpAddr,
    /// The client's hardware address; null in DHCPv6.
    client_mac: Option<String>,
    /// The client's DUID; in DHCPv6 alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    client_duid: Option<String>,
    /// The server identifier.
    server_id: Option<String>,
    /// The network card that its messages came from.
    source_mac: Option<String>,
}

impl From<&Granted> for KeptObject {
    fn from(kept: &Granted) -> Self {
        Self {
            address: kept.address.into(),
            client_mac: Some(kept.client.to_string()),
            client_duid: None,
            server_id: kept.server.map(|server| server.to_string()),
            source_mac: kept.via.map(|mac| mac.to_string()),
        }
    }
}

impl From<&Granted6> for KeptObject {
    fn from(kept: &Granted6) -> Self {
        Self {
            address: kept.address.into(),
            client_mac: None,
            client_duid: Some(kept.client.to_string()),
            server_id: Some(kept.server.to_string()),
            source_mac: kept.via.map(|mac| mac.to_string()),
        }
    }
}

/// What servers keep of what they were made to grant, one sentence each.
pub fn kept_text(kept: &[Granted], kept6: &[Granted6], overlooked: u64) -> Vec<String> {
    let mut lines: Vec<String> = kept
        .iter()
        .map(|kept| {
            let server = kept.server.map_or_else(|| "a server without address".to_owned(), |ip| ip.to_string());
            format!(
                "{} could not be given back: {server} granted it to {}, a client invented here; delete that lease at the server",
                kept.address, kept.client
            )
        })
        .collect();
    for Granted6 { address, client, server, .. } in kept6 {
        lines.push(format!(
            "{address} could not be given back: {server} bound it to {client}, a client invented here; delete that lease at the server"
        ));
    }
    if overlooked > 0 {
        lines.push(format!(
            "{overlooked} more grants than are given back: look at the leases of the servers above for MACs that begin with 02, 06, 0a or 0e"
        ));
    }
    lines
}
