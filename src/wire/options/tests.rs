//! One loop over every row of every space, and properties over every kind.

mod arguments;
mod values;

use proptest::prelude::*;

use super::kind::Field;
use super::registry::OptionDef;
use super::*;

const PXE_CLASS: Context<'_> =
    Context { vendor_class: Some(b"PXEClient:Arch:00007:UNDI:003016"), lax: false, depth: 0, trace: None };

fn rows() -> impl Iterator<Item = &'static OptionDef> {
    Space::ALL.iter().flat_map(|space| space.table)
}

#[test]
fn every_space_that_is_declared_is_listed() {
    let sources = [
        include_str!("tables/v4.rs"),
        include_str!("tables/sub.rs"),
        include_str!("tables/vendor.rs"),
        include_str!("tables/v6.rs"),
        include_str!("tables/nd.rs"),
    ];
    let declared: usize = sources.iter().map(|source| source.matches("\noptions! {").count()).sum();
    assert_eq!(Space::ALL.len(), declared);
}

fn text_of(kind: &Kind, bytes: &[u8], cx: &Context<'_>) -> Result<String, ValueError> {
    let mut out = Vec::new();
    decode(kind, bytes, cx, &mut TextSink::new(&mut out))?;
    Ok(String::from_utf8(out).unwrap())
}

fn pretty(kind: &Kind, bytes: &[u8]) -> String {
    let mut out = Vec::new();
    decode(kind, bytes, &Context::default(), &mut TextSink::pretty(&mut out)).unwrap();
    String::from_utf8(out).unwrap()
}

fn kind_of(code: u8) -> &'static Kind {
    &v4::SPACE.by_code(code.into()).unwrap().kind
}

/// Text of a DHCPv4 option's payload.
fn shown(code: u8, bytes: &[u8]) -> String {
    text_of(kind_of(code), bytes, &Context::default()).unwrap()
}

fn parsed(code: u8, text: &str) -> Vec<u8> {
    parse(kind_of(code), text, &Context::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// Decoding, writing and reading back must meet in one fixed point.
fn assert_stable(kind: &Kind, bytes: &[u8], cx: &Context<'_>) {
    let Ok(text) = text_of(kind, bytes, cx) else { return };
    assert!(!text.chars().any(crate::wire::escape::is_hostile), "{kind}: {text:?}");
    let again = parse(kind, &text, cx).unwrap_or_else(|error| panic!("{kind} {bytes:02x?}: {text}: {error}"));
    // A list without items is read back as nothing, which only crafting makes.
    if again.is_empty() && !kind.may_be_empty() {
        return;
    }
    let text2 = text_of(kind, &again, cx)
        .unwrap_or_else(|error| panic!("{kind} {bytes:02x?} → {text} → {again:02x?}: {error}"));
    assert_eq!(text, text2, "{kind}: {bytes:02x?} → {again:02x?}");
    assert_eq!(parse(kind, &text2, cx).unwrap(), again);
}

#[test]
fn every_row_is_well_formed_and_unique() {
    for space in Space::ALL {
        let mut names = std::collections::BTreeSet::new();
        for row in space.table {
            let name = row.name;
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{name}"
            );
            assert!(name.bytes().any(|byte| byte.is_ascii_lowercase()), "{name} would read as a code");
            assert!(!row.doc.is_empty() && row.doc.ends_with('.') && !row.reference.is_empty(), "{name}");
            for name in row.aliases.iter().chain([&row.name]) {
                assert!(names.insert(*name), "{} {name} twice", space.name);
                assert_eq!(space.by_name(name).unwrap().code, row.code, "{name}");
                assert_eq!(space.by_name(&name.to_uppercase()).unwrap().code, row.code);
            }
            assert_eq!(space.by_code(row.code).unwrap().name, row.name);
            assert_eq!(space.code(&row.code.to_string()), Some(row.code));
            assert!(!row.kind.to_string().is_empty());
        }
        assert!(space.by_code(254).is_none_or(|row| row.code == 254));
    }
    assert!(v4::SPACE.by_code(0).is_none() && v4::SPACE.by_code(255).is_none());
    assert!(v4::SPACE.by_code(256).is_none() && v4::SPACE.code("256").is_none());
    assert!(v4::SPACE.by_name("").is_none());
}

#[test]
fn every_row_has_a_sample_that_survives_the_circle() {
    for row in rows() {
        let cx = &Context::default();
        let sample = row.kind.example();
        let bytes = parse_option(row, &sample, cx).unwrap_or_else(|error| panic!("{error}"));
        let text = text_of(&row.kind, &bytes, cx)
            .unwrap_or_else(|error| panic!("{}: {sample} → {bytes:02x?}: {error}", row.name));
        assert_eq!(parse(&row.kind, &text, cx).as_ref(), Ok(&bytes), "{}: {sample} → {text}", row.name);
        assert!(Value::decode(&row.kind, &bytes, cx).is_ok());
        assert!(check(&row.kind, &bytes, cx).is_ok());
        for end in 0..bytes.len() {
            let prefix = &bytes[..end];
            let judged = check(&row.kind, prefix, cx);
            assert_eq!(judged, Value::decode(&row.kind, prefix, cx).map(drop), "{} {prefix:02x?}", row.name);
            if let Err(error) = judged {
                assert!(error.offset <= end, "{} {prefix:02x?}: {error}", row.name);
            }
            assert_stable(&row.kind, prefix, cx);
        }
        for place in 0..bytes.len() {
            for change in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                let mut mutant = bytes.clone();
                mutant[place] = change;
                assert_stable(&row.kind, &mutant, cx);
                assert_stable(&row.kind, &mutant, &PXE_CLASS);
            }
        }
    }
}

/// The columns `code` and `name` of a checked-in IANA registry, ranges and unassigned rows left out.
fn iana(file: &str) -> Vec<(u16, String)> {
    let path = format!("{}/tests/data/iana/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let mut columns = line.split(',');
        let code = columns.next()?.parse().ok()?;
        let name = columns.next()?.to_owned();
        let description = line.splitn(4, ',').nth(3)?.to_owned();
        let all = format!("{name} {description}").to_lowercase();
        (!all.contains("unassigned") && !all.contains("reserved")).then_some((code, name))
    };
    text.lines().skip(1).filter_map(row).collect()
}

#[test]
fn every_code_that_iana_assigns_is_known() {
    for (file, space) in [
        ("dhcpv4-options.csv", &v4::SPACE),
        ("dhcpv4-relay-agent-suboptions.csv", &sub::RELAY_AGENT),
        ("dhcpv4-cablelabs-suboptions.csv", &sub::CABLELABS),
        ("dhcpv4-netware-suboptions.csv", &sub::NETWARE),
    ] {
        let assigned = iana(file);
        assert!(assigned.len() >= 10, "{file}");
        for (code, name) in assigned {
            if space.pad_and_end && (code == 0 || code == 255) {
                continue;
            }
            assert!(space.by_code(code).is_some(), "{file}: {code} {name}");
        }
    }
    for (file, names) in [
        ("dhcpv4-message-types.csv", &names::MESSAGE_TYPES),
        ("dhcpv4-leasequery-state.csv", &names::LEASE_STATES),
        ("dhcpv4-leasequery-status.csv", &names::LEASEQUERY_STATUS),
    ] {
        for (code, name) in iana(file) {
            assert!(names.name(code.into()).is_some(), "{file}: {code} {name}");
        }
    }
}

#[test]
fn names_of_iana_find_their_option() {
    let kebab = |name: &str| {
        let mut out = String::new();
        for character in name.chars() {
            match character {
                'a'..='z' | '0'..='9' => out.push(character),
                'A'..='Z' => out.push(character.to_ascii_lowercase()),
                _ if out.ends_with('-') || out.is_empty() => {}
                _ => out.push('-'),
            }
        }
        out.trim_end_matches('-').trim_end_matches("-option").to_owned()
    };
    for (code, name) in iana("dhcpv4-options.csv") {
        // Several meanings at one code have no name of their own.
        if matches!(code, 0 | 128..=135 | 150 | 175..=177 | 255) {
            continue;
        }
        let name = kebab(&name);
        let by_name = v4::SPACE.by_name(&name).or_else(|| v4::SPACE.by_name(&format!("{name}-option")));
        assert_eq!(by_name.map(|row| row.code), Some(code), "{name}");
    }
}

fn any_row() -> impl Strategy<Value = &'static OptionDef> {
    proptest::sample::select(rows().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_decode_the_same_everywhere(row in any_row(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for cx in [&Context::default(), &PXE_CLASS] {
            assert_eq!(check(&row.kind, &bytes, cx), Value::decode(&row.kind, &bytes, cx).map(drop));
            assert_stable(&row.kind, &bytes, cx);
            let mut out = Vec::new();
            let _ = decode(&row.kind, &bytes, cx, &mut TextSink::pretty(&mut out));
            assert!(!String::from_utf8(out).unwrap().chars().any(crate::wire::escape::is_hostile));
        }
    }

    #[test]
    fn small_bytes_reach_deeper(row in any_row(), bytes in prop::collection::vec(prop_oneof![0..12_u8, Just(255), Just(b'a'), Just(b'=')], 0..40)) {
        for cx in [&Context::default(), &PXE_CLASS] {
            assert_stable(&row.kind, &bytes, cx);
        }
    }

    #[test]
    fn any_text_parses_or_is_refused(row in any_row(), text in "\\PC{0,40}") {
        if let Ok(bytes) = parse_option(row, &text, &Context::default()) {
            assert_stable(&row.kind, &bytes, &Context::default());
        }
        let _ = OptionArg::parse(&v4::SPACE, &text, &Context::default());
    }

    #[test]
    fn any_text_with_the_syntax_of_values(row in any_row(), text in r#"[a-z0-9=,\[\]{}.:"\\x/ -]{0,40}"#) {
        if let Ok(bytes) = parse_option(row, &text, &Context::default()) {
            assert_stable(&row.kind, &bytes, &Context::default());
        }
        let _ = OptionArg::parse(&v4::SPACE, &text, &Context::default()).map(|arg| assemble(&v4::SPACE, &[arg]));
    }

    #[test]
    fn text_comes_back_byte_for_byte(bytes in prop::collection::vec(any::<u8>(), 1..60)) {
        let trimmed = text::without_trailing_zeros(&bytes);
        assert_eq!(parsed(v4::HOST_NAME, &shown(v4::HOST_NAME, &bytes)), trimmed);
        let mut list = vec![u8::try_from(bytes.len()).unwrap()];
        list.extend(&bytes);
        let kind = &Kind::List(&Kind::Sized(&Kind::Auto));
        let text = text_of(kind, &list, &Context::default()).unwrap();
        assert_eq!(parse(kind, &text, &Context::default()).unwrap(), list);
    }
}

/// True when what is inside a value of this kind needs the context.
fn needs_context_inside(kind: &Kind) -> bool {
    let needs = |kind: &Kind| kind.needs_context() || needs_context_inside(kind);
    let fields = |fields: &[Field]| fields.iter().any(|field| needs(&field.kind));
    match kind {
        Kind::List(kind) | Kind::Sized(kind) | Kind::Sized16(kind) | Kind::Counted(kind) => needs(kind),
        Kind::Record(members) => fields(members),
        Kind::Switch(switch) => switch.arms.iter().any(|(_, arm)| fields(arm)) || fields(switch.other),
        Kind::Options(space) | Kind::Lenient(space) => space.table.iter().any(|row| needs(&row.kind)),
        _ => false,
    }
}

#[test]
fn only_options_by_themselves_need_the_context() {
    let rows = v4::SPACE.table.iter();
    assert_eq!(
        rows.clone().filter(|row| row.kind.needs_context()).map(|row| row.code).collect::<Vec<_>>(),
        [43]
    );
    assert!(!rows.clone().any(|row| needs_context_inside(&row.kind)));
    assert!(needs_context_inside(&Kind::List(&Kind::Vendor)));
}
