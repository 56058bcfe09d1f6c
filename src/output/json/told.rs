//! Objects that come by the million: structs whose fields are written one after the other, as fast as by hand, and whose schema follows
//! from the same fields. [`object!`] defines them, [`ToJson`] is what a field may be.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::Write as _;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::JsonOut;
use crate::analysis::transaction::Party;
use crate::time::{Precision, Timestamp};
use crate::wire::HwAddr;
use crate::wire::digits::{hex_half, six_digits, write_digits, write_hex, write_ip4, write_ip6};

/// What is written as JSON.
pub trait ToJson {
    /// Appends it.
    fn tell(&self, out: &mut JsonOut);

    /// Appends it as a member of an object. `key` has its comma, its quotes and its colon.
    #[inline]
    fn member(&self, key: &'static str, out: &mut JsonOut) {
        out.fixed(key.as_bytes());
        self.tell(out);
    }

    /// Appends the members that it has itself, each with a comma before it.
    #[inline]
    fn members(&self, _: &mut JsonOut) {}
}

/// Defines structs that are objects, or (`part struct`) parts of objects: the members of a part are members of the object that it is in,
/// where its field bears `#[schemars(flatten)]`. The name of a field is its key.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(<$($of:tt),*>)? $(where $($who:ident: $bound:path),*)? { $($fields:tt)* }
    ) => {
        $crate::output::json::told::object! {
            @define [] $(#[$meta])*
            $vis struct $name [$(<$($of),*>)?] [$(where $($who: $bound),*)?] { $($fields)* }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis part struct $name:ident $(<$($of:tt),*>)? $(where $($who:ident: $bound:path),*)? { $($fields:tt)* }
    ) => {
        $crate::output::json::told::object! {
            @define [
                #[inline]
                fn member(&self, _: &'static str, out: &mut $crate::output::JsonOut) {
                    self.members(out);
                }
            ] $(#[$meta])*
            $vis struct $name [$(<$($of),*>)?] [$(where $($who: $bound),*)?] { $($fields)* }
        }
    };
    (
        @define [$($member:tt)*] $(#[$meta:meta])*
        $vis:vis struct $name:ident [$($of:tt)*] [$($bounds:tt)*] {
            $($(#[$about:meta])* $field_vis:vis $field:ident: $type:ty,)*
        }
    ) => {
        #[derive(Debug, schemars::JsonSchema)]
        $(#[$meta])*
        $vis struct $name $($of)* {
            $($(#[$about])* $field_vis $field: $type,)*
        }

        impl $($of)* $crate::output::json::told::ToJson for $name $($of)* $($bounds)* {
            #[inline]
            fn tell(&self, out: &mut $crate::output::JsonOut) {
                out.braced(|out| self.members(out));
            }

            $($member)*

            #[inline]
            fn members(&self, out: &mut $crate::output::JsonOut) {
                $($crate::output::json::told::object!(@member self, $field, out);)*
            }
        }
    };
    // The key without what makes a keyword a name.
    (@member $self:ident, r#type, $out:ident) => {
        $crate::output::json::told::ToJson::member(&$self.r#type, ",\"type\":", $out)
    };
    (@member $self:ident, $field:ident, $out:ident) => {
        $crate::output::json::told::ToJson::member(&$self.$field, concat!(",\"", stringify!($field), "\":"), $out)
    };
}
pub(crate) use object;

/// Defines an enum whose variants are words.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)* }) => {
        #[derive(Clone, Copy, Debug, schemars::JsonSchema)]
        $(#[$meta])*
        $vis enum $name {
            $($(#[$about])* #[schemars(rename = $word)] $variant,)*
        }

        impl $crate::output::json::told::ToJson for $name {
            #[inline]
            fn tell(&self, out: &mut $crate::output::JsonOut) {
                out.fixed(match self {
                    $(Self::$variant => concat!("\"", $word, "\"").as_bytes(),)*
                });
            }
        }
    };
}
pub(crate) use words;

impl JsonOut {
    /// An object of the members that `tell` writes, each with a comma before it.
    #[inline]
    pub fn braced(&mut self, tell: impl FnOnce(&mut Self)) {
        let begin = self.buf.len();
        tell(self);
        // In the place of the first comma.
        if let Some(first) = self.buf.get_mut(begin) {
            *first = b'{';
        }
        self.buf.push(b'}');
    }

    /// A line of a stream.
    pub fn line(&mut self, object: &impl ToJson) {
        object.tell(self);
        self.end_line();
    }
}

/// A list of what `items` gives.
#[inline]
fn list<T: ToJson>(items: impl IntoIterator<Item = T>, out: &mut JsonOut) {
    out.fixed(b"[");
    let mut items = items.into_iter();
    if let Some(first) = items.next() {
        first.tell(out);
    }
    for item in items {
        out.fixed(b",");
        item.tell(out);
    }
    out.fixed(b"]");
}

impl<T: ToJson> ToJson for &T {
    #[inline]
    fn tell(&self, out: &mut JsonOut) {
        (*self).tell(out);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    #[inline]
    fn tell(&self, out: &mut JsonOut) {
        match self {
            Some(value) => value.tell(out),
            None => out.fixed(b"null"),
        }
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    #[inline]
    fn tell(&self, out: &mut JsonOut) {
        list(self, out);
    }
}

impl<T: ToJson> ToJson for &[T] {
    #[inline]
    fn tell(&self, out: &mut JsonOut) {
        list(*self, out);
    }
}

/// How values are written that are no structs.
macro_rules! told {
    ($($type:ty: |$value:ident, $out:ident| $write:expr;)*) => {
        $(
            impl ToJson for $type {
                #[inline]
                fn tell(&self, $out: &mut JsonOut) {
                    let $value = self;
                    $write;
                }
            }
        )*
    };
}

told! {
    bool: |value, out| out.fixed(if *value { b"true" } else { b"false" });
    u8: |value, out| out.digits(u64::from(*value));
    u16: |value, out| out.digits(u64::from(*value));
    u32: |value, out| out.digits(u64::from(*value));
    u64: |value, out| out.digits(*value);
    usize: |value, out| out.digits(u64::try_from(*value).unwrap_or(u64::MAX));
    // Text from elsewhere is escaped.
    &str: |value, out| out.quoted(value.as_bytes());
    String: |value, out| out.quoted(value.as_bytes());
    Foreign<'_>: |value, out| out.quoted(value.0);
    Word: |value, out| out.quote(|buf| buf.extend_from_slice(value.0.as_bytes()));
    Ipv4Addr: |value, out| {
        out.fixed(b"\"");
        out.octets(*value, b'"');
    };
    Ipv6Addr: |value, out| out.quote(|buf| write_ip6(*value, buf));
    IpAddr: |value, out| match value {
        IpAddr::V4(ip) => ip.tell(out),
        IpAddr::V6(ip) => ip.tell(out),
    };
    Hardware: |value, out| out.address(value.0.as_slice());
    Milliseconds: |value, out| write_milliseconds(value.0, &mut out.buf);
    Xid: |value, out| {
        let [a, b, c, d, e, f, g, h] = hex_half(value.0.swap_bytes()).to_le_bytes();
        out.fixed(&[b'"', b'0', b'x', a, b, c, d, e, f, g, h, b'"']);
    };
    Xid6: |value, out| {
        let [.., c, d, e, f, g, h] = hex_half(value.0.swap_bytes()).to_le_bytes();
        out.fixed(&[b'"', b'0', b'x', c, d, e, f, g, h, b'"']);
    };
    Hex<'_>: |value, out| out.quote(|buf| write_hex(value.0, buf));
    Moment: |value, out| out.moment(value.time, value.precision);
}

/// A word of our own.
#[derive(Clone, Copy, Debug)]
pub struct Word(pub &'static str);

/// Text from elsewhere. Bytes that are not UTF-8 become U+FFFD.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a>(pub &'a [u8]);

/// Bytes as hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

/// A hardware address, with colons.
#[derive(Clone, Copy, Debug)]
pub struct Hardware(pub HwAddr);

/// A stretch of time in nanoseconds, told in milliseconds: `0.412345`, `1000.0`.
#[derive(Clone, Copy, Debug)]
pub struct Milliseconds(pub i64);

/// A transaction identifier of DHCPv4: 0x and eight digits.
#[derive(Clone, Copy, Debug)]
pub struct Xid(pub u32);

/// A transaction identifier of DHCPv6, which has three bytes: 0x and six digits.
#[derive(Clone, Copy, Debug)]
pub struct Xid6(pub u32);

impl Display for Xid6 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#08x}", self.0)
    }
}

/// A point in time, as fine as its capture has it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When.
    pub time: Timestamp,
    /// How fine.
    pub precision: Precision,
}

/// A value of our own whose text needs no escaping: an address, a name from a table.
#[derive(Clone, Copy, Debug)]
pub struct Own<T>(pub T);

impl<T: Display> ToJson for Own<T> {
    fn tell(&self, out: &mut JsonOut) {
        out.quote(|buf| {
            // Writing into a Vec cannot fail.
            let _ = write!(buf, "{}", self.0);
        });
    }
}

/// A member that is left out where there is none: its field bears `#[schemars(with = "Option<…>", skip_serializing_if = "…")]`.
#[derive(Clone, Copy, Debug)]
pub struct Known<T>(pub Option<T>);

impl<T: ToJson> ToJson for Known<T> {
    fn tell(&self, out: &mut JsonOut) {
        self.0.tell(out);
    }

    fn member(&self, key: &'static str, out: &mut JsonOut) {
        if let Some(value) = &self.0 {
            value.member(key, out);
        }
    }
}

/// An address.
pub trait Address: Copy + ToJson {
    /// It is the address that stands for none.
    fn is_none(self) -> bool;
    /// Appends it.
    fn write(self, out: &mut Vec<u8>);
}

impl Address for Ipv4Addr {
    fn is_none(self) -> bool {
        self.is_unspecified()
    }

    fn write(self, out: &mut Vec<u8>) {
        write_ip4(self, out);
    }
}

impl Address for Ipv6Addr {
    fn is_none(self) -> bool {
        self.is_unspecified()
    }

    fn write(self, out: &mut Vec<u8>) {
        write_ip6(self, out);
    }
}

/// Who has a part in an exchange: `client`, `all`, `server:0`, `relay:10.0.0.1`, or an address.
#[derive(Clone, Copy, Debug)]
pub struct Whom<A>(pub Party<A>);

impl<A: Address> ToJson for Whom<A> {
    #[inline]
    fn tell(&self, out: &mut JsonOut) {
        match &self.0 {
            Party::Client => out.fixed(b"\"client\""),
            Party::All => out.fixed(b"\"all\""),
            Party::Address(address) => address.tell(out),
            Party::Server(index) => {
                out.fixed(b"\"server:");
                out.digits(u64::from(*index));
                out.fixed(b"\"");
            }
            Party::Relay(address) => {
                out.fixed(b"\"relay:");
                address.write(&mut out.buf);
                out.fixed(b"\"");
            }
        }
    }
}

/// What is told of an item, given what it belongs to and its place in the list.
pub trait Of<'a, C, T> {
    /// What is told of it.
    fn of(whole: &'a C, index: usize, item: &'a T) -> Self;
}

/// Items that are told one by one.
#[derive(Debug)]
pub struct Each<'a, C, T, U> {
    whole: &'a C,
    items: &'a [T],
    told: PhantomData<U>,
}

impl<'a, C, T, U: Of<'a, C, T>> Each<'a, C, T, U> {
    /// The items of `whole`.
    #[inline]
    pub fn new(whole: &'a C, items: &'a [T]) -> Self {
        Self { whole, items, told: PhantomData }
    }

    /// What is told of each.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = U> {
        self.items.iter().enumerate().map(|(index, item)| U::of(self.whole, index, item))
    }
}

impl<'a, C, T, U: ToJson + Of<'a, C, T>> ToJson for Each<'a, C, T, U> {
    #[inline]
    fn tell(&self, out: &mut JsonOut) {
        list(self.iter(), out);
    }
}

/// What a value is in a schema.
macro_rules! schema {
    ($([$($of:tt)*] $type:ty => $what:ty,)*) => {
        $(
            impl$($of)* JsonSchema for $type {
                fn inline_schema() -> bool {
                    true
                }

                fn schema_name() -> Cow<'static, str> {
                    <$what>::schema_name()
                }

                fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                    <$what>::json_schema(generator)
                }
            }
        )*
    };
}

schema! {
    [] Word => String,
    [] Foreign<'_> => String,
    [] Hex<'_> => String,
    [] Hardware => String,
    [] Milliseconds => f64,
    [] Xid => String,
    [] Xid6 => String,
    [] Moment => String,
    [<T>] Own<T> => String,
    [<A>] Whom<A> => String,
    [<C, T, U: JsonSchema>] Each<'_, C, T, U> => Vec<U>,
}

/// Milliseconds of so many nanoseconds: these are kept, zeros at the end are not.
pub(super) fn write_milliseconds(nanoseconds: i64, out: &mut Vec<u8>) {
    if nanoseconds < 0 {
        out.push(b'-');
    }
    let all = nanoseconds.unsigned_abs();
    let (whole, rest) = (all / 1_000_000, all % 1_000_000);
    match u8::try_from(whole) {
        Ok(digit @ 0..10) => out.push(b'0'.saturating_add(digit)),
        _ => write_digits(whole, out),
    }
    if rest == 0 {
        out.extend_from_slice(b".0");
        return;
    }
    let [a, b, c, d, e, f] = six_digits(u32::try_from(rest).unwrap_or(0));
    // Of the six digits the first stays; the point before them is never dropped as a zero.
    let digits = u64::from_be_bytes([b'.', b'.', a ^ b'0', b ^ b'0', c ^ b'0', d ^ b'0', e ^ b'0', f ^ b'0']);
    let zeros = usize::try_from(digits.trailing_zeros() / 8).unwrap_or(0).min(5);
    let end = out.len().saturating_add(7).saturating_sub(zeros);
    out.extend_from_slice(&[b'.', a, b, c, d, e, f]);
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::json::object::Millis;
    use crate::wire::options::Sink as _;

    fn written(value: &impl ToJson) -> String {
        let mut out = JsonOut::new();
        value.tell(&mut out);
        String::from_utf8(out.buf).unwrap()
    }

    object! {
        /// Some fields.
        part struct Some {
            /// Yes or no.
            flag: bool,
            /// Unknown.
            none: Option<u8>,
        }
    }

    object! {
        /// An object.
        struct Sample<'a> {
            #[schemars(flatten)]
            first: Some,
            /// Text.
            text: &'a str,
            /// Numbers.
            numbers: Vec<u16>,
            /// Numbers.
            empty: &'a [u64],
            /// Objects.
            deep: Vec<Some>,
        }
    }

    proptest! {
        #[test]
        fn an_object_is_what_serde_json_makes_of_it(text: String, numbers: Vec<u16>, flag: bool) {
            let some = |none| Some { flag, none };
            let deep = vec![some(Option::None), some(Option::Some(1))];
            let sample = Sample { first: some(Option::Some(7)), text: &text, numbers: numbers.clone(), empty: &[], deep };
            let found: serde_json::Value = serde_json::from_str(&written(&sample)).unwrap();
            let wanted = serde_json::json!({
                "flag": flag, "none": 7, "text": text, "numbers": numbers, "empty": [],
                "deep": [{"flag": flag, "none": null}, {"flag": flag, "none": 1}],
            });
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn values_are_what_the_writer_makes_of_the_same(bytes: Vec<u8>, time: i64, xid: u32, ip: u128) {
            let mut out = JsonOut::new();
            let mut same = |told: String, write: &dyn Fn(&mut JsonOut)| {
                out.buf.clear();
                write(&mut out);
                prop_assert_eq!(told.as_bytes(), &out.buf);
                Ok(())
            };
            same(written(&Hex(&bytes)), &|out| out.bytes(&bytes))?;
            same(written(&Foreign(&bytes)), &|out| out.string(&bytes))?;
            let address = HwAddr::from_slice(&bytes);
            same(written(&Hardware(address)), &|out| out.hardware(address.as_slice()))?;
            same(written(&Xid(xid)), &|out| out.hex32(xid))?;
            same(written(&Xid6(xid >> 8)), &|out| out.plain(&Xid6(xid >> 8).to_string()))?;
            same(written(&Ipv4Addr::from(xid)), &|out| out.ip4(Ipv4Addr::from(xid)))?;
            same(written(&Ipv6Addr::from(ip)), &|out| out.ip6(Ipv6Addr::from(ip)))?;
            for precision in [Precision::Micro, Precision::Nano] {
                let moment = Moment { time: Timestamp(time), precision };
                same(written(&moment), &|out| out.time(moment.time, precision))?;
            }
        }
    }

    #[test]
    fn the_schema_has_the_members_of_parts() {
        let schema = crate::output::schema::schema::<Sample<'_>>("sample");
        let required = schema.get("required").unwrap().as_array().unwrap();
        let names: Vec<&str> = required.iter().filter_map(serde_json::Value::as_str).collect();
        assert_eq!(names, ["flag", "none", "text", "numbers", "empty", "deep"]);
    }

    #[test]
    fn milliseconds_keep_nanoseconds() {
        for (nanoseconds, text) in [
            (412_345, "0.412345"),
            (1_000_000_000, "1000.0"),
            (1_000_200_000, "1000.2"),
            (10_000, "0.01"),
            (-5, "-0.000005"),
            (0, "0.0"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            assert_eq!(written(&Milliseconds(nanoseconds)), text);
            assert_eq!(serde_json::to_string(&Millis(nanoseconds)).unwrap(), text);
        }
    }

    impl Of<'_, u64, Party<Ipv4Addr>> for u64 {
        fn of(whole: &u64, index: usize, _: &Party<Ipv4Addr>) -> Self {
            whole.saturating_add(u64::try_from(index).unwrap())
        }
    }

    #[test]
    fn parties_and_lists_are_told() {
        let parties = [
            Party::Client,
            Party::All,
            Party::Server(12),
            Party::Relay(Ipv4Addr::LOCALHOST),
            Party::Address(Ipv4Addr::LOCALHOST),
        ];
        assert_eq!(
            written(&parties.map(Whom).to_vec()),
            r#"["client","all","server:12","relay:127.0.0.1","127.0.0.1"]"#
        );
        assert_eq!(written(&Each::<_, _, u64>::new(&10, &parties)), "[10,11,12,13,14]");
    }
}
