//! How the client's DUID is chosen (RFC 9915 §11).

use std::str::FromStr;

use fastrand::Rng;

use crate::wire::Mac;
use crate::wire::digits::unhex;
use crate::wire::v6::Duid;
use crate::wire::v6::types::EPOCH_2000;

/// What the client calls itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DuidChoice {
    /// DUID-LL of its hardware address.
    #[default]
    LinkLayer,
    /// DUID-LLT of its hardware address and the time.
    LinkLayerTime,
    /// DUID-UUID, a random one unless it is given.
    Uuid(Option<[u8; 16]>),
    /// DUID-EN: enterprise number and identifier.
    Enterprise(u32, Vec<u8>),
    /// These bytes.
    Bytes(Duid),
    /// It says none.
    Absent,
}

impl DuidChoice {
    /// The DUID of the client with this hardware address. `unix` is the time in seconds since 1970.
    pub fn make(&self, mac: Mac, unix: i64, rng: &mut Rng) -> Option<Duid> {
        Some(match self {
            Self::LinkLayer => Duid::link_layer(mac),
            Self::LinkLayerTime => {
                // Modulo 2^32 (§11.2).
                let since = unix.saturating_sub(EPOCH_2000.into()).rem_euclid(1 << 32);
                Duid::link_layer_time(mac, u32::try_from(since).unwrap_or(0))
            }
            Self::Uuid(Some(uuid)) => Duid::uuid(*uuid),
            Self::Uuid(None) => {
                let mut uuid = [0; 16];
                rng.fill(&mut uuid);
                // Version 4, variant of RFC 9562.
                uuid[6] = uuid[6] & 0x0f | 0x40;
                uuid[8] = uuid[8] & 0x3f | 0x80;
                Duid::uuid(uuid)
            }
            Self::Enterprise(number, identifier) => Duid::enterprise(*number, identifier),
            Self::Bytes(duid) => duid.clone(),
            Self::Absent => return None,
        })
    }
}

/// Text that names no DUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a DUID; write ll, llt, uuid, uuid:XXXXXXXX-…, en:ENTERPRISE:HEX, none, or bytes in hexadecimal"
)]
pub struct ParseDuidChoiceError(String);

impl FromStr for DuidChoice {
    type Err = ParseDuidChoiceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseDuidChoiceError(text.to_owned());
        Ok(match text {
            "ll" => Self::LinkLayer,
            "llt" => Self::LinkLayerTime,
            "uuid" => Self::Uuid(None),
            "none" => Self::Absent,
            _ => {
                if let Some(uuid) = text.strip_prefix("uuid:") {
                    let bytes = hex(uuid).ok_or_else(wrong)?;
                    Self::Uuid(Some(bytes.try_into().map_err(|_| wrong())?))
                } else if let Some(rest) = text.strip_prefix("en:") {
                    let (number, identifier) = rest.split_once(':').ok_or_else(wrong)?;
                    let identifier = hex(identifier).filter(|bytes| (1..=124).contains(&bytes.len()));
                    Self::Enterprise(number.parse().map_err(|_| wrong())?, identifier.ok_or_else(wrong)?)
                } else {
                    Self::Bytes(text.parse().map_err(|_| wrong())?)
                }
            }
        })
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    unhex(&text.replace([':', '-'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0xdc, 0, 0, 0, 5]);

    fn made(text: &str) -> Option<String> {
        let choice: DuidChoice = text.parse().unwrap();
        choice.make(MAC, 946_684_801, &mut Rng::with_seed(1)).map(|duid| duid.to_string())
    }

    #[test]
    fn every_way_to_say_it() {
        assert_eq!(made("ll").as_deref(), Some("0003000102dc00000005"));
        assert_eq!(made("llt").as_deref(), Some("000100010000000102dc00000005"));
        assert_eq!(
            made("uuid:00112233-4455-6677-8899-aabbccddeeff").as_deref(),
            Some("000400112233445566778899aabbccddeeff")
        );
        let random = made("uuid").unwrap();
        assert!(
            random.starts_with("0004") && random.len() == 36 && random.as_bytes()[16] == b'4',
            "{random}"
        );
        assert_eq!(made("en:9:0102").as_deref(), Some("0002000000090102"));
        assert_eq!(made("00:03:00:01:02").as_deref(), Some("0003000102"));
        assert_eq!(made("none"), None);
        for bad in ["", "lll", "uuid:12", "en:9", "en:x:01", "en:9:", "zz"] {
            assert!(bad.parse::<DuidChoice>().is_err(), "{bad}");
        }
    }
}
