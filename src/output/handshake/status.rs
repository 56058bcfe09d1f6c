//! The names of statuses of DHCPv6, as they are counted.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::v6::StatusCode;

/// The name of a status, or its number where it has none.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum StatusName {
    /// It is known.
    Name(&'static str),
    /// It is not.
    Number(u32),
}

/// The name of a status code; the last place of a count stands for all higher codes.
pub(super) fn status_name(code: u32) -> StatusName {
    let known = u16::try_from(code).ok().and_then(|code| StatusCode(code).name());
    known.map_or(StatusName::Number(code), StatusName::Name)
}

/// The names of statuses, each of them a bit.
pub(super) fn statuses(bits: u32) -> Vec<String> {
    (0..32_u32).filter(|code| bits.wrapping_shr(*code) & 1 == 1).map(status_text).collect()
}

pub(super) fn status_text(code: u32) -> String {
    match status_name(code) {
        StatusName::Name(name) => name.to_owned(),
        StatusName::Number(31) => "other".to_owned(),
        StatusName::Number(number) => number.to_string(),
    }
}
