//! Option spaces: who knows which code, by number in constant time and by name.

use super::kind::Kind;

/// What is known about one option.
#[derive(Debug)]
pub struct OptionDef {
    /// Its code within its space.
    pub code: u16,
    /// Its canonical name: that of dhcp-options(5) where it has one, else the IANA name in kebab case.
    pub name: &'static str,
    /// Other names it is found by: IANA's and common short ones.
    pub aliases: &'static [&'static str],
    /// The shape of its value.
    pub kind: Kind,
    /// Where it is specified, as `RFC 2132 3.5`.
    pub reference: &'static str,
    /// One sentence on what it is for.
    pub doc: &'static str,
}

/// A set of option codes with its own wire framing.
#[derive(Debug)]
pub struct Space {
    /// Its name, for messages.
    pub name: &'static str,
    /// Bytes of a code: 1 or 2.
    pub code_width: u8,
    /// Bytes of a length: 1 or 2.
    pub length_width: u8,
    /// The length counts code and length too (RADIUS).
    pub counts_header: bool,
    /// Code 0 is a pad and code 255 the end, both without a length.
    pub pad_and_end: bool,
    /// Damage inside does not undo the rest: an option that is cut, or bytes that are none, leave the others as they are
    /// (DHCPv6).
    pub lax: bool,
    /// Bytes that the length counts in: 1, or 8 in Neighbor Discovery.
    pub unit: u8,
    /// The options, ascending by code.
    pub table: &'static [OptionDef],
    /// Place in `table` of each code below 256; 255 where there is none.
    pub index: &'static [u8; 256],
}

impl Space {
    /// The option with this code.
    #[inline]
    pub fn by_code(&self, code: u16) -> Option<&'static OptionDef> {
        match self.index.get(usize::from(code)) {
            Some(&place) => self.table.get(usize::from(place)),
            None => {
                self.table.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| self.table.get(at))
            }
        }
    }

    /// The whole codes that lie one after the other in `bytes`.
    pub fn codes<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = u16> + use<'a> {
        let width = usize::from(self.code_width);
        bytes.chunks_exact(width.max(1)).map(|code| match *code {
            [high, low] => u16::from_be_bytes([high, low]),
            [code] => u16::from(code),
            _ => 0,
        })
    }

    /// The name of this code.
    #[inline]
    pub fn name_of(&self, code: u16) -> Option<&'static str> {
        self.by_code(code).map(|row| row.name)
    }

    /// The option with this name or alias; case and the difference of `-` and `_` are ignored.
    pub fn by_name(&self, name: &str) -> Option<&'static OptionDef> {
        self.table
            .iter()
            .find(|row| same_name(row.name, name))
            .or_else(|| self.table.iter().find(|row| row.aliases.iter().any(|alias| same_name(alias, name))))
    }

    /// The code that `text` names: a number, a name or an alias.
    pub fn code(&self, text: &str) -> Option<u16> {
        if text.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
            && let Ok(code) = text.parse::<u16>()
        {
            return (self.code_width > 1 || code < 256).then_some(code);
        }
        self.by_name(text).map(|row| row.code)
    }

    /// Options whose name, alias or code contains `pattern`, for listings and suggestions.
    pub fn search<'p>(&self, pattern: &'p str) -> impl Iterator<Item = &'static OptionDef> + use<'p> {
        let table = self.table;
        let lower = pattern.to_ascii_lowercase();
        table.iter().filter(move |row| {
            row.name.contains(&lower)
                || row.aliases.iter().any(|alias| alias.contains(&lower))
                || pattern.parse() == Ok(row.code)
        })
    }
}

/// True when both spell the same name.
pub(super) fn same_name(known: &str, asked: &str) -> bool {
    let fold = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    known.len() == asked.len() && known.bytes().map(fold).eq(asked.bytes().map(fold))
}

/// The place of each code below 256 in `table`.
#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler only: what goes wrong here is a compile error"
)]
pub(super) const fn index(table: &[OptionDef]) -> [u8; 256] {
    let mut places = [255_u8; 256];
    let mut at = 0;
    assert!(table.len() < 255, "the index holds fewer than 255 rows");
    while at < table.len() {
        assert!(at == 0 || table[at - 1].code < table[at].code, "codes must ascend");
        if table[at].code < 256 {
            places[table[at].code as usize] = at as u8;
        }
        at += 1;
    }
    places
}

/// What a space is unless its declaration says otherwise.
pub(super) const PLAIN: Space = Space {
    name: "",
    code_width: 1,
    length_width: 1,
    counts_header: false,
    pad_and_end: false,
    lax: false,
    unit: 1,
    table: &[],
    index: &[255; 256],
};

/// Declares a space: one row per option, from which everything follows.
///
/// `CONST = code, "name", kind, "reference", "doc" [, "alias" …];`
macro_rules! options {
    (
        $(#[$doc:meta])* $space:ident: $int:ty, $title:literal, $code:literal + $length:literal,
        counts_header: $counts:literal, pad_and_end: $pads:literal $(, $flag:ident: $value:expr)*;
        $($name:ident = $number:literal, $text:literal, $kind:expr, $reference:literal, $about:literal
            $(, $alias:literal)*;)*
    ) => {
        $(
            #[allow(clippy::doc_markdown, reason = "the sentence is shown to people as it is")]
            #[doc = $about]
            #[doc = concat!("(`", $text, "`, ", $reference, ")")]
            pub const $name: $int = $number;
        )*

        $(#[$doc])*
        pub static $space: $crate::wire::options::registry::Space = {
            static TABLE: &[$crate::wire::options::registry::OptionDef] = &[$(
                $crate::wire::options::registry::OptionDef {
                    code: $number,
                    name: $text,
                    aliases: &[$($alias),*],
                    kind: $kind,
                    reference: $reference,
                    doc: $about,
                },
            )*];
            static INDEX: [u8; 256] = $crate::wire::options::registry::index(TABLE);
            $crate::wire::options::registry::Space {
                name: $title,
                code_width: $code,
                length_width: $length,
                counts_header: $counts,
                pad_and_end: $pads,
                table: TABLE,
                index: &INDEX,
                $($flag: $value,)*
                ..$crate::wire::options::registry::PLAIN
            }
        };
    };
}
pub(super) use options;
