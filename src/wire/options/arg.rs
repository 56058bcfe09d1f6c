//! The argument of `-o`: `NAME|CODE[.SUB][:hex]=VALUE`, and how several of them make one option.

use super::cursor::{Context, Cursor};
use super::kind::{Kind, Width};
use super::parse::{self, ParseError};
use super::registry::Space;
use super::{names, syntax, vendor};

/// What one `-o` says: a whole option, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionArg {
    /// Code of the option within its space.
    pub code: u16,
    /// Codes of the nested options down to the one meant, outermost first; empty for the whole option. For 124 and 125
    /// the first is the enterprise number.
    pub path: Vec<u32>,
    /// The payload.
    pub data: Vec<u8>,
}

/// What stands at one level of an option.
#[derive(Clone, Copy)]
enum Level {
    /// Nested options of a space.
    Options(&'static Space),
    /// So many bytes of other members, then nested options of a space: an IA, an address of it.
    Record { kind: &'static Kind, head: usize, space: &'static Space },
    /// Enterprise numbers with options (125) or a class (124) each.
    Enterprises { classes: bool },
    /// A value of a kind: nothing below it.
    Value(&'static Kind),
}

impl Level {
    fn of(kind: &'static Kind, cx: &Context<'_>) -> Self {
        match kind {
            Kind::Options(space) | Kind::Lenient(space) => Self::Options(space),
            Kind::Vendor => Self::Options(vendor::space_of_class(cx.vendor_class)),
            Kind::VendorOptions => Self::Enterprises { classes: false },
            Kind::VendorClasses => Self::Enterprises { classes: true },
            // Nobody knows what it holds: the usual framing is the best guess.
            Kind::Opaque => Self::Options(&vendor::UNKNOWN),
            kind => match kind.holds_options() {
                Some((head, space)) => Self::Record { kind, head, space },
                None => Self::Value(kind),
            },
        }
    }

    /// What a value at this level is.
    fn kind(self) -> &'static Kind {
        match self {
            Self::Value(kind) | Self::Record { kind, .. } => kind,
            Self::Options(_) | Self::Enterprises { .. } => &Kind::Opaque,
        }
    }

    /// How many bytes stand in front of the nested options.
    fn head(self) -> usize {
        if let Self::Record { head, .. } = self { head } else { 0 }
    }

    /// Calls `each` with the code and payload of every nested option of `payload`.
    fn each<'a>(self, payload: &'a [u8], mut each: impl FnMut(u32, &'a [u8])) {
        let mut cursor = Cursor { bytes: payload.get(self.head()..).unwrap_or_default(), offset: 0 };
        match self {
            Self::Options(space) | Self::Record { space, .. } => {
                while let Ok(Some(nested)) = space.next(&mut cursor) {
                    each(u32::from(nested.code), nested.payload);
                }
            }
            Self::Enterprises { .. } => {
                while let Ok(number) = cursor.number(Width::Four, "")
                    && let Ok(length) = cursor.u8("")
                    && let Ok(data) = cursor.take(usize::from(length), "")
                {
                    each(number, data);
                }
            }
            Self::Value(_) => {}
        }
    }

    /// The code that `name` stands for at this level, and what is below it.
    fn below(self, name: &str, cx: &Context<'_>) -> Option<(u32, Self)> {
        match self {
            Self::Options(space) | Self::Record { space, .. } => {
                let code = space.code(name).or_else(|| {
                    // Names of PXE are understood whatever the class.
                    std::ptr::eq(space, &raw const vendor::UNKNOWN).then(|| vendor::PXE.code(name)).flatten()
                })?;
                let kind = space.by_code(code).map_or(&Kind::Opaque, |row| &row.kind);
                Some((u32::from(code), Self::of(kind, cx)))
            }
            Self::Enterprises { classes } => {
                let number =
                    names::ENTERPRISES.number(name).map(u64::from).or_else(|| syntax::number(name))?;
                let number = u32::try_from(number).ok()?;
                let below = if classes {
                    Self::Value(&Kind::Auto)
                } else {
                    Self::Options(vendor::space_of_enterprise(number))
                };
                Some((number, below))
            }
            Self::Value(_) => None,
        }
    }
}

impl OptionArg {
    /// Reads `NAME|CODE[.SUB][:hex]=VALUE`, an option of `space`. One without payload (rapid-commit) needs no `=VALUE`.
    pub fn parse(space: &'static Space, text: &str, cx: &Context<'_>) -> Result<Self, ParseError> {
        let (target, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let (target, raw) = target.strip_suffix(":hex").map_or((target, false), |target| (target, true));
        let mut parts = syntax::trim(target).split('.');
        let name = parts.next().unwrap_or_default();
        let code = space.code(name).ok_or_else(|| unknown(space, name))?;
        let row = space.by_code(code);
        let kind = row.map_or(&Kind::Opaque, |row| &row.kind);
        let full = row.map_or("", |row| row.name);
        let said_of = |error: ParseError| error.of_option(full, target_code(code, target));

        let mut level = Level::of(kind, cx);
        let mut path = Vec::new();
        for part in parts {
            let Some((sub, below)) = level.below(part, cx) else {
                return Err(said_of(ParseError::new(part, "a nested option of it, by code or name")));
            };
            path.push(sub);
            level = below;
        }
        let kind = if path.is_empty() {
            kind
        } else {
            match level {
                Level::Options(space) if std::ptr::eq(space, &raw const vendor::UNKNOWN) => &Kind::Opaque,
                Level::Options(space) => {
                    return finish(code, path, raw, value, &Kind::Options(space), cx).map_err(said_of);
                }
                Level::Enterprises { .. } => &Kind::Opaque,
                Level::Value(kind) | Level::Record { kind, .. } => kind,
            }
        };
        finish(code, path, raw, value, kind, cx).map_err(said_of)
    }
}

/// The payloads of the nested options at `path` inside an option's `payload`, with what they are. One that is cut ends the search.
pub fn nested_at<'a>(
    kind: &'static Kind,
    path: &[u32],
    payload: &'a [u8],
    cx: &Context<'_>,
) -> Vec<(&'static Kind, &'a [u8])> {
    let mut found = vec![(Level::of(kind, cx), kind, payload)];
    for wanted in path {
        let mut next = Vec::new();
        for (level, _, payload) in found {
            level.each(payload, |code, payload| {
                if code == *wanted
                    && let Some((_, below)) = level.below(&code.to_string(), cx)
                {
                    next.push((below, below.kind(), payload));
                }
            });
        }
        found = next;
    }
    found.into_iter().map(|(_, kind, payload)| (kind, payload)).collect()
}

/// Calls `each` with the space, code and payload of every nested option that stands directly in a payload of `kind`, up to one that
/// is cut.
pub fn each_nested<'a>(
    kind: &'static Kind,
    payload: &'a [u8],
    cx: &Context<'_>,
    mut each: impl FnMut(&'static Space, u16, &'a [u8]),
) {
    let level = Level::of(kind, cx);
    if let Level::Options(space) = level {
        level.each(payload, |code, payload| each(space, u16::try_from(code).unwrap_or(u16::MAX), payload));
    }
}

/// What the nested option at `path` inside an option of `kind` is.
pub fn kind_at(kind: &'static Kind, path: &[u32], cx: &Context<'_>) -> &'static Kind {
    let mut found = (Level::of(kind, cx), kind);
    for code in path {
        match found.0.below(&code.to_string(), cx) {
            Some((_, below)) => found = (below, below.kind()),
            None => return &Kind::Opaque,
        }
    }
    found.1
}

fn target_code(code: u16, target: &str) -> String {
    match target.split_once('.') {
        Some((_, sub)) => format!("{code}.{sub}"),
        None => code.to_string(),
    }
}

fn finish(
    code: u16,
    path: Vec<u32>,
    raw: bool,
    value: Option<&str>,
    kind: &Kind,
    cx: &Context<'_>,
) -> Result<OptionArg, ParseError> {
    let data = match value {
        None if !matches!(kind, Kind::Empty) => {
            let mut error = ParseError::new("", "a value: it needs =VALUE");
            error.example = kind.example();
            return Err(error);
        }
        Some(text) if raw => {
            let digits = text.strip_prefix("0x").unwrap_or(text);
            let bytes = syntax::hex(digits);
            bytes.ok_or_else(|| {
                let mut error = ParseError::new(text, "hexadecimal");
                error.example = "0102ff".into();
                error
            })?
        }
        value => parse::parse(kind, value.unwrap_or_default(), cx)?,
    };
    Ok(OptionArg { code, path, data })
}

fn unknown(space: &'static Space, name: &str) -> ParseError {
    let mut error = ParseError::new(name, "the name or code of an option (dhcptool options lists them)");
    // The nearest name, when one contains what was written or the other way round.
    let near = (name.len() > 2).then(|| space.search(name).next()).flatten();
    error.example = near.map_or_else(
        || {
            let list = space.table.iter().find_map(|row| match row.kind {
                Kind::List(item) => Some(format!("{}={}", row.name, item.example())),
                _ => None,
            });
            list.unwrap_or_else(|| "1:hex=00".into())
        },
        |row| row.name.to_owned(),
    );
    error
}

/// One option that arguments make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// Its code.
    pub code: u16,
    /// Its payload; of a part that stands alone, what follows the members in front of the nested options.
    pub data: Vec<u8>,
    /// The size of those members, where nobody gave them: `data` belongs into the last option of this code that there is.
    pub part_after: Option<usize>,
}

impl Assembled {
    /// Code and payload, the members that nobody gave being zero.
    pub fn whole(self) -> (u16, Vec<u8>) {
        let mut data = vec![0; self.part_after.unwrap_or(0)];
        data.extend(self.data);
        (self.code, data)
    }
}

/// Puts arguments of `space` together, in the order of each option's first: parts of one option become one payload, appended to the
/// whole option given before them, if any. Whole options given twice stay two, and a part of an IA or address goes into the last of
/// its kind.
pub fn assemble(space: &'static Space, args: &[OptionArg]) -> Result<Vec<Assembled>, ParseError> {
    let mut options: Vec<Assembled> = Vec::new();
    for (place, arg) in args.iter().enumerate() {
        if arg.path.is_empty() {
            options.push(Assembled { code: arg.code, data: arg.data.clone(), part_after: None });
            continue;
        }
        let kind = space.by_code(arg.code).map_or(&Kind::Opaque, |row| &row.kind);
        let level = Level::of(kind, &Context::default());
        let single = matches!(level, Level::Record { .. });
        // The first part brings all of its option.
        let is_part = |other: &&OptionArg| other.code == arg.code && !other.path.is_empty();
        if !single && args.iter().take(place).any(|other| is_part(&other)) {
            continue;
        }
        let mut last = options.iter_mut().rev().find(|option| option.code == arg.code);
        let said_of =
            |error: ParseError| error.of_option(space.name_of(arg.code).unwrap_or_default(), arg.code);
        if let (true, Some(option)) = (single, &mut last) {
            // Into the last address of the last IA: what stands before is only appended to.
            let head = if option.part_after.is_some() { 0 } else { level.head() };
            let inside = option.data.split_off(head.min(option.data.len()));
            option.data.extend(insert(level, inside, &arg.path, &arg.data).map_err(said_of)?);
            continue;
        }
        let parts: Vec<(&[u32], &[u8])> = if single {
            vec![(arg.path.as_slice(), arg.data.as_slice())]
        } else {
            args.iter().filter(is_part).map(|part| (part.path.as_slice(), part.data.as_slice())).collect()
        };
        let payload = build(level, &parts).map_err(said_of)?;
        match last {
            Some(option) => option.data.extend(payload),
            None => options.push(Assembled {
                code: arg.code,
                data: payload,
                part_after: single.then(|| level.head()),
            }),
        }
    }
    Ok(options)
}

/// `payload`, nested options of `level`, with one more at `path`: inside the last option that the path's first code names, where
/// there is one and the path goes on.
fn insert(level: Level, payload: Vec<u8>, path: &[u32], data: &[u8]) -> Result<Vec<u8>, ParseError> {
    let mut out = Vec::new();
    let (Level::Options(space) | Level::Record { space, .. }) = level else {
        out.extend(payload);
        out.extend(build(level, &[(path, data)])?);
        return Ok(out);
    };
    let mut found = Vec::new();
    let inner = path.first().and_then(|code| level.below(&code.to_string(), &Context::default()));
    if let (Some((code, inner)), [_, rest @ ..]) = (inner, path)
        && !rest.is_empty()
    {
        Level::Options(space).each(&payload, |code, payload| found.push((code, payload.to_vec())));
        let header = usize::from(space.code_width.saturating_add(space.length_width));
        let whole: usize = found.iter().map(|option| option.1.len().saturating_add(header)).sum();
        // Bytes that are no options stay where they are: then the option comes behind them.
        if let Some(last) = found.iter_mut().rev().find(|option| option.0 == code && whole == payload.len()) {
            let inside = last.1.split_off(inner.head().min(last.1.len()));
            last.1.extend(insert(inner, inside, rest, data)?);
            for (code, payload) in found {
                framed(space, code, &payload, &mut out)?;
            }
            return Ok(out);
        }
    }
    out.extend(payload);
    out.extend(build(level, &[(path, data)])?);
    Ok(out)
}

/// Appends one option.
fn framed(space: &Space, code: u32, payload: &[u8], out: &mut Vec<u8>) -> Result<(), ParseError> {
    let too_long = || {
        let longest = if space.length_width == 2 { "65535" } else { "255" };
        ParseError::new(
            &code.to_string(),
            format!("short enough: a nested option holds at most {longest} bytes"),
        )
    };
    let code = u16::try_from(code).map_err(|_| too_long())?;
    parse::frame(space, code, payload, out).ok_or_else(too_long)
}

/// The payload that holds `parts`: those with the same first code stand together, inside one nested option.
fn build(level: Level, parts: &[(&[u32], &[u8])]) -> Result<Vec<u8>, ParseError> {
    let cx = Context::default();
    let mut out = Vec::new();
    let mut done = Vec::new();
    for &(path, data) in parts {
        let Some((&code, below)) = path.split_first() else {
            out.extend(data);
            continue;
        };
        let inner =
            level.below(&code.to_string(), &cx).map_or(Level::Options(&vendor::UNKNOWN), |next| next.1);
        // An option is repeated when it is given twice as a whole; its parts, and an enterprise's, are gathered.
        let gathered = !below.is_empty() || matches!(level, Level::Enterprises { classes: false });
        let payload = if gathered {
            if done.contains(&code) {
                continue;
            }
            done.push(code);
            let same: Vec<(&[u32], &[u8])> = parts
                .iter()
                .filter_map(|part| part.0.split_first().map(|(first, rest)| (*first, rest, part.1)))
                .filter(|(first, rest, _)| {
                    *first == code && (!rest.is_empty() || matches!(level, Level::Enterprises { .. }))
                })
                .map(|(_, rest, data)| (rest, data))
                .collect();
            let mut payload = vec![0; inner.head()];
            payload.extend(build(inner, &same)?);
            payload
        } else {
            data.to_vec()
        };
        let too_long =
            || ParseError::new(&code.to_string(), "short enough: a nested option holds at most 255 bytes");
        match level {
            Level::Enterprises { .. } => {
                out.extend(code.to_be_bytes());
                out.push(u8::try_from(payload.len()).map_err(|_| too_long())?);
                out.extend(payload);
            }
            Level::Options(space) | Level::Record { space, .. } => framed(space, code, &payload, &mut out)?,
            Level::Value(_) => framed(&vendor::UNKNOWN, code, &payload, &mut out)?,
        }
    }
    Ok(out)
}

/// The instances that carry a payload: at most 255 bytes each, one empty one for none (RFC 3396 §5).
pub fn split_rfc3396(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let empty: Option<&[u8]> = data.is_empty().then_some(data);
    empty.into_iter().chain(data.chunks(255))
}
