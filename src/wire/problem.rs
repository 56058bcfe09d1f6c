//! What can be wrong with a message, and where: one table of problem codes.

use std::fmt;

/// How bad a [`Problem`] is. The three are different things to a reader: the sender is broken, the sender is
/// unusual, or the capture does not hold the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Legal, or tolerated everywhere, but unusual.
    Warning,
    /// The capture kept too little of the frame (its snap length); says nothing about the sender.
    Cut,
    /// Malformed: the bytes break the specification.
    Error,
}

impl Severity {
    /// The word used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Cut => "cut",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong or odd in a message. Holds numbers only, so that reporting allocates nothing; the sentence is
/// made by [`fmt::Display`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which problem.
    pub code: Code,
    /// Byte offset from the first byte of the DHCP message; `None` when it lies in an outer layer.
    pub offset: Option<u32>,
    /// The numbers its sentence needs, as the row in the table below names them.
    pub args: [u32; 3],
    /// What was expected instead, `an IPv4 address`; empty when the sentence says enough.
    pub expected: &'static str,
}

impl Problem {
    /// A problem at `offset` bytes from the start of the DHCP message.
    pub fn at(code: Code, offset: usize, args: [usize; 3]) -> Self {
        Self { code, offset: Some(clamp(offset)), args: args.map(clamp), expected: "" }
    }

    /// A problem of a layer outside the DHCP message.
    pub fn outer(code: Code, args: [usize; 3]) -> Self {
        Self { code, offset: None, args: args.map(clamp), expected: "" }
    }

    /// The same problem, with what was expected.
    #[must_use]
    pub fn expecting(self, expected: &'static str) -> Self {
        Self { expected, ..self }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

fn clamp(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

macro_rules! problems {
    ($($(#[$doc:meta])* $variant:ident: $severity:ident, $name:literal, $reference:literal,
        |$f:ident, $args:pat_param| $write:expr;)*) => {
        /// The kinds of [`Problem`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in text and JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The specification it is judged by.
            pub fn reference(self) -> &'static str {
                match self { $(Self::$variant => $reference,)* }
            }
        }

        impl fmt::Display for Problem {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.code { $(Code::$variant => { let ($f, $args) = (&mut *f, self.args); $write? })* }
                if self.expected.is_empty() { Ok(()) } else { write!(f, " (expected {})", self.expected) }
            }
        }
    };
}

problems! {
    /// The message ends inside the fixed part, and the sender made it so.
    HeaderTruncated: Error, "header-truncated", "RFC 2131 2",
        |f, [have, need, _]| write!(f, "the message has {have} bytes, the fixed part needs {need}");
    /// The capture ends inside the message.
    CaptureCut: Cut, "capture-cut", "",
        |f, [have, promised, _]| write!(f, "the capture holds {have} of {promised} bytes of the message");
    /// A length field of an outer layer promises more than its frame carried.
    LengthLies: Error, "length-lies", "RFC 768",
        |f, [promised, have, _]| write!(f, "the UDP length promises {promised} bytes of message, the datagram has {have}");
    /// The UDP checksum does not fit and was not merely left to the network card.
    ChecksumBad: Warning, "udp-checksum-bad", "RFC 768",
        |f, [found, want, _]| write!(f, "the UDP checksum is {found:#06x}, {want:#06x} was expected");
    /// `op` is neither 1 nor 2.
    OpUnknown: Error, "op-unknown", "RFC 2131 2",
        |f, [op, ..]| write!(f, "op is {op}, neither request (1) nor reply (2)");
    /// `hlen` is larger than the `chaddr` field.
    HlenTooLarge: Error, "hlen-too-large", "RFC 2131 2",
        |f, [hlen, ..]| write!(f, "hlen is {hlen}, chaddr holds 16 bytes");
    /// `hlen` does not fit `htype`.
    HlenUnusual: Warning, "hlen-unusual", "RFC 2131 2",
        |f, [hlen, htype, want]| write!(f, "hlen is {hlen}, hardware type {htype} has addresses of {want} bytes");
    /// `chaddr` has bytes behind the first `hlen`.
    ChaddrPadding: Warning, "chaddr-padding", "RFC 2131 2",
        |f, [hlen, ..]| write!(f, "chaddr has non-zero bytes after the first {hlen}");
    /// Reserved bits of `flags` are set.
    FlagsReserved: Warning, "flags-reserved", "RFC 2131 2",
        |f, [flags, ..]| write!(f, "reserved bits of flags are set ({flags:#06x})");
    /// No magic cookie: BOOTP without vendor extensions, or another vendor's area.
    CookieMissing: Warning, "cookie-missing", "RFC 2131 3",
        |f, [found, ..]| write!(f, "no DHCP magic cookie ({found:#010x} instead of 0x63825363): plain BOOTP");
    /// The message ends before a magic cookie.
    CookieTruncated: Warning, "cookie-truncated", "RFC 2131 3",
        |f, [have, ..]| write!(f, "{have} bytes instead of the four of the magic cookie");
    /// An option has a code but no length byte.
    OptionNoLength: Error, "option-no-length", "RFC 2132 2",
        |f, [code, ..]| write!(f, "option {code} has no length byte");
    /// An option promises more bytes than are left.
    OptionTruncated: Error, "option-truncated", "RFC 2132 2",
        |f, [code, length, left]| write!(f, "option {code} says {length} bytes, {left} are left");
    /// The options do not end with option 255.
    EndMissing: Warning, "end-missing", "RFC 2131 4.1",
        |f, _| f.write_str("the options have no End (255)");
    /// Non-zero bytes follow End.
    BytesAfterEnd: Warning, "bytes-after-end", "RFC 2132 3.2",
        |f, [count, ..]| write!(f, "{count} bytes follow End and are not all zero");
    /// A DHCP message (options 53) comes twice or an option that may not be split does.
    OptionRepeated: Warning, "option-repeated", "RFC 2131 4.1",
        |f, [code, times, _]| write!(f, "option {code} comes {times} times");
    /// The value does not have a length that its type allows.
    ValueLength: Error, "value-length", "RFC 2132",
        |f, [code, length, text]| write!(f, "option {code} cannot have a length of {length}{}", is_text(text));
    /// The value's content breaks its type.
    ValueInvalid: Error, "value-invalid", "RFC 2132",
        |f, [code, _, text]| write!(f, "option {code} has a value its type does not allow{}", is_text(text));
    /// Addresses that are digits and dots: the server was given text.
    AddressText: Warning, "address-text", "RFC 2132",
        |f, [code, ..]| write!(f, "option {code} holds an address as text, which is read as other addresses");
    /// A message type that is not assigned.
    MessageTypeUnknown: Warning, "message-type-unknown", "RFC 2132 9.6",
        |f, [value, ..]| write!(f, "message type {value} is not assigned");
    /// `op` contradicts the message type.
    OpContradicts: Warning, "op-contradicts-type", "RFC 2131 3",
        |f, [op, kind, _]| write!(f, "op is {op} but message type {kind} goes the other way");
    /// Option 52 has a value other than 1, 2 and 3.
    OverloadInvalid: Error, "overload-invalid", "RFC 2132 9.3",
        |f, [value, ..]| write!(f, "option overload is {value}, not 1, 2 or 3");
    /// Option overload inside an overloaded field, where it means nothing.
    OverloadNested: Warning, "overload-nested", "RFC 2131 4.1",
        |f, _| f.write_str("option overload inside an overloaded field is ignored");
    /// Options hide in `file` or `sname`.
    Overloaded: Warning, "option-overload", "RFC 2132 9.3",
        |f, [value, ..]| f.write_str(match value {
            1 => "the file field carries options",
            2 => "the sname field carries options",
            _ => "the file and sname fields carry options",
        });
    /// `sname` or `file` has no terminating zero.
    TextUnterminated: Warning, "text-unterminated", "RFC 2131 2",
        |f, [which, ..]| write!(f, "{} has no terminating zero", if which == 0 { "sname" } else { "file" });
    /// The datagram was put together from fragments that overlap.
    FragmentOverlap: Warning, "fragment-overlap", "RFC 5722",
        |f, _| f.write_str("the datagram's fragments overlap");
}

/// What stands instead of the value, where that is easily told.
fn is_text(text: u32) -> &'static str {
    if text == 0 { "" } else { ": it is text" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sentences_say_their_numbers() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        let problem = Problem::at(Code::OptionTruncated, 282, [3, 8, 4]);
        assert_eq!(problem.to_string(), "option 3 says 8 bytes, 4 are left");
        assert_eq!((problem.severity(), problem.offset), (Severity::Error, Some(282)));
        let problem = Problem::at(Code::ValueLength, 282, [150, 15, 1]).expecting("an IPv4 address");
        assert_eq!(
            problem.to_string(),
            "option 150 cannot have a length of 15: it is text (expected an IPv4 address)"
        );
    }
}
