//! Why a message that arrived is no answer to ours: an enum for each protocol, of one table.

/// Makes the enum of a table of reasons: each with its name in JSON and its text.
macro_rules! reasons {
    ($(#[$about:meta])* $reasons:ident; $($(#[$doc:meta])* $variant:ident = $name:literal, $text:literal;)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $reasons { $($(#[$doc])* $variant,)* }

        impl $reasons {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl std::fmt::Display for $reasons {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }
    };
}

pub(super) use reasons;
