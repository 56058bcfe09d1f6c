//! One loop over every row of every space, and properties over every kind.

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

#[test]
fn simple_values() {
    assert_eq!(shown(v4::DHCP_MESSAGE_TYPE, &[1]), "discover");
    assert_eq!(shown(v4::DHCP_MESSAGE_TYPE, &[200]), "200");
    assert_eq!(parsed(v4::DHCP_MESSAGE_TYPE, "DHCPNAK"), [6]);
    assert_eq!(shown(v4::DHCP_LEASE_TIME, &[255; 4]), "infinite");
    assert_eq!(parsed(v4::DHCP_LEASE_TIME, "1h30m"), 5400_u32.to_be_bytes());
    assert_eq!(parsed(v4::DHCP_LEASE_TIME, "infinite"), [255; 4]);
    assert_eq!(pretty(kind_of(v4::DHCP_LEASE_TIME), &3600_u32.to_be_bytes()), "3600 s (1h)");
    assert_eq!(pretty(kind_of(v4::DHCP_LEASE_TIME), &90061_u32.to_be_bytes()), "90061 s (1d 1h 1m 1s)");
    assert_eq!(shown(v4::TIME_OFFSET, &[0xff, 0xff, 0xf1, 0xf0]), "-3600");
    let offset = &v6::CABLELABS.by_code(v6::CL_TIME_OFFSET).unwrap().kind;
    assert_eq!(text_of(offset, &(-18_000_i32).to_be_bytes(), &Context::default()).unwrap(), "-18000");
    assert_eq!(parsed(v4::IP_FORWARDING, "on"), [1]);
    assert_eq!(shown(v4::DHCP_PARAMETER_REQUEST_LIST, &[1, 3, 224]), "1,3,224");
    assert_eq!(parsed(v4::DHCP_PARAMETER_REQUEST_LIST, "subnet-mask,3,DNS"), [1, 3, 6]);
    assert_eq!(pretty(kind_of(v4::DHCP_PARAMETER_REQUEST_LIST), &[1, 224]), "1 (subnet-mask), 224");
    assert_eq!(shown(v4::HOST_NAME, b"pc\0\0"), "pc");
    assert_eq!(shown(v4::DOMAIN_NAME_SERVERS, &[8, 8, 8, 8, 1, 1, 1, 1]), "8.8.8.8,1.1.1.1");
    assert_eq!(parsed(v4::HOST_NAME, "0x41ff"), [0x41, 0xff]);
    assert_eq!(parsed(v4::HOST_NAME, "0xyz"), b"0xyz");
}

#[test]
fn lengths_that_do_not_fit_are_errors_with_a_place() {
    let judge = |code: u8, bytes: &[u8]| check(kind_of(code), bytes, &Context::default());
    let error = judge(v4::ROUTERS, &[1, 2, 3, 4, 5, 6]).unwrap_err();
    assert_eq!((error.fault, error.offset, error.length), (Fault::Length, 4, 2));
    for (code, bytes) in [
        (v4::SUBNET_MASK, &[1, 2, 3][..]),
        (v4::SUBNET_MASK, &[1, 2, 3, 4, 5]),
        (v4::ROUTERS, &[]),
        (v4::HOST_NAME, &[]),
        (v4::DHCP_MESSAGE_TYPE, &[]),
        (v4::DHCP_MESSAGE_TYPE, &[1, 1]),
        (v4::RAPID_COMMIT, &[1]),
        (v4::POLICY_FILTER, &[0; 12]),
        (v4::CLASSLESS_STATIC_ROUTES, &[8, 10, 1, 2]),
        (v4::FQDN, &[0, 0]),
        (v4::RELAY_AGENT_INFORMATION, &[1]),
        (v4::RELAY_AGENT_INFORMATION, &[1, 5, 0]),
    ] {
        assert_eq!(judge(code, bytes).unwrap_err().fault, Fault::Length, "{code} {bytes:?}");
    }
    for (code, bytes) in [
        (v4::IP_FORWARDING, &[2][..]),
        (v4::CLASSLESS_STATIC_ROUTES, &[33, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        (v4::DOMAIN_SEARCH, &[0xc0, 0]),
    ] {
        assert_eq!(judge(code, bytes).unwrap_err().fault, Fault::Content, "{code} {bytes:?}");
    }
}

#[test]
fn routes() {
    let bytes = [8, 10, 10, 0, 0, 1, 0, 192, 0, 2, 1, 32, 1, 2, 3, 4, 5, 6, 7, 8];
    let text = "10.0.0.0/8=10.0.0.1,0.0.0.0/0=192.0.2.1,1.2.3.4/32=5.6.7.8";
    for code in [v4::CLASSLESS_STATIC_ROUTES, v4::MS_CLASSLESS_ROUTES] {
        assert_eq!(shown(code, &bytes), text);
        assert_eq!(parsed(code, text), bytes);
    }
    assert_eq!(parsed(121, "default via 192.0.2.1"), [0, 192, 0, 2, 1]);
    let wrong = parse(kind_of(121), "10.1.0.0/8=10.0.0.1", &Context::default()).unwrap_err();
    assert!(wrong.to_string().contains("ends with its prefix"), "{wrong}");
    let value = Value::decode(kind_of(121), &bytes, &Context::default()).unwrap();
    assert_eq!(value.items()[0].get("destination"), Some(&Value::Prefix4([10, 0, 0, 0].into(), 8)));
    assert_eq!(shown(v4::STATIC_ROUTES, &[10, 0, 0, 0, 10, 0, 0, 1]), "10.0.0.0=10.0.0.1");
    assert_eq!(parsed(v4::POLICY_FILTER, "192.0.2.0/24"), [192, 0, 2, 0, 255, 255, 255, 0]);
}

#[test]
fn domain_lists() {
    let compressed = b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04";
    assert_eq!(shown(v4::DOMAIN_SEARCH, compressed), "eng.apple.com,marketing.apple.com");
    assert_eq!(parsed(v4::DOMAIN_SEARCH, "a.b,c."), b"\x01a\x01b\x00\x01c\x00");
    // Many pointers to a long name: refused when what comes out is out of proportion.
    let mut bomb = Vec::new();
    for _ in 0..3 {
        bomb.push(63);
        bomb.extend([b'a'; 63]);
    }
    bomb.push(0);
    for _ in 0..20_000 {
        bomb.extend([0xc0, 0]);
    }
    assert!(check(kind_of(v4::DOMAIN_SEARCH), &bomb, &Context::default()).is_err());
    assert_eq!(shown(v4::SIP_SERVERS, b"\x00\x03sip\x03lan\x00"), "encoding=names,names=[sip.lan]");
    assert_eq!(shown(v4::SIP_SERVERS, &[1, 192, 0, 2, 1]), "encoding=addresses,addresses=[192.0.2.1]");
}

#[test]
fn client_fqdn_in_both_encodings() {
    let ascii = b"\x00\xff\xffpc.example.com";
    assert_eq!(shown(v4::FQDN, ascii), "flags=[],rcode1=255,rcode2=255,name=pc.example.com");
    assert_eq!(parsed(v4::FQDN, "flags=[],rcode1=255,rcode2=255,name=pc.example.com"), ascii);
    let wire = b"\x05\x00\x00\x02pc\x07example\x03com\x00";
    assert_eq!(shown(v4::FQDN, wire), "flags=[server-update,encoded],rcode1=0,rcode2=0,name=pc.example.com.");
    assert_eq!(parsed(v4::FQDN, "pc.example.com"), wire);
    assert_eq!(parsed(v4::FQDN, "pc"), b"\x05\x00\x00\x02pc");
}

#[test]
fn client_identifiers() {
    for (bytes, text) in [
        (&[1, 0, 0x11, 0x22, 0x33, 0x44, 0x55][..], "type=ethernet,address=00:11:22:33:44:55"),
        (
            &[255, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6],
            "type=duid,iaid=0x00000001,duid={type=llt,hardware_type=ethernet,time=9,address=01:02:03:04:05:06}",
        ),
        (
            &[255, 0, 0, 0, 1, 0, 2, 0, 0, 0xab, 0x11, 0xde, 0xad],
            "type=duid,iaid=0x00000001,duid={type=en,enterprise=43793,identifier=0xdead}",
        ),
        (
            &[255, 0, 0, 0, 1, 0, 3, 0, 1, 1, 2, 3, 4, 5, 6],
            "type=duid,iaid=0x00000001,duid={type=ll,hardware_type=ethernet,address=01:02:03:04:05:06}",
        ),
        (
            &[255, 0, 0, 0, 1, 0, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            "type=duid,iaid=0x00000001,duid={type=uuid,uuid=00010203-0405-0607-0809-0a0b0c0d0e0f}",
        ),
        (b"\x00cisco-0011.2233-Vl1", "type=opaque,identifier=cisco-0011.2233-Vl1"),
        (b"anything", "identifier=anything"),
        (&[0xff, 1], "identifier=0xff01"),
        (b",type=x", r"identifier=\,type=x"),
    ] {
        assert_eq!(shown(v4::DHCP_CLIENT_IDENTIFIER, bytes), text);
        assert_eq!(parsed(v4::DHCP_CLIENT_IDENTIFIER, text), bytes, "{text}");
    }
    assert_eq!(parsed(61, "00:11:22:33:44:55"), [1, 0, 0x11, 0x22, 0x33, 0x44, 0x55]);
    assert_eq!(parsed(61, "01:00:11:22:33:44:55"), [1, 0, 0x11, 0x22, 0x33, 0x44, 0x55]);
    assert_eq!(parsed(61, "laptop"), b"\0laptop");
    assert_eq!(parsed(61, "0xff01"), [0xff, 1]);
}

#[test]
fn relay_agent_information() {
    let bytes = b"\x01\x06eth0/1\x02\x03\x00\x01\x02\x05\x04\x0a\x00\x00\x00\x13\x00\x0b\x02\x01\x02\x09\x08\x00\x00\x00\x09\x03abc\xc8\x01\x07";
    let text = "circuit-id=eth0/1,remote-id=0x000102,link-selection=10.0.0.0,relay-source-port=true,\
                server-identifier-override:hex=0102,\
                vendor-specific-information=[{enterprise=9,data=abc}],200=0x07";
    assert_eq!(shown(82, bytes), text);
    assert_eq!(parsed(82, text), bytes);
    let value = Value::decode(kind_of(82), bytes, &Context::default()).unwrap();
    let bad = &value.items()[4];
    assert_eq!(bad.get("value"), Some(&Value::Null));
    assert_eq!(bad.get("raw"), Some(&Value::Bytes(vec![1, 2])));
    assert_eq!(bad.get("name"), Some(&Value::Name("server-identifier-override")));
}

#[test]
fn vendor_options() {
    let pxe = b"\x06\x01\x08\x08\x07\x80\x00\x01\xc0\x00\x02\x01\x09\x07\x80\x00\x04Menu\x0a\x04\x05Boo\xff";
    let text = "discovery-control=[boot-file-given],boot-servers=[{type=32768,addresses=[192.0.2.1]}],\
                boot-menu=[{type=32768,text=Menu}],menu-prompt={timeout=5,text=Boo}";
    assert_eq!(text_of(kind_of(43), pxe, &PXE_CLASS).unwrap(), text);
    assert_eq!(parse(kind_of(43), text, &PXE_CLASS).unwrap(), pxe[..pxe.len() - 1]);
    assert_eq!(shown(43, b"\x06\x01\x08\xff\x00\x00"), "6=0x08");
    assert_eq!(shown(43, b"5A1D;B2;K4"), "5A1D;B2;K4", "no options but text");
    assert_eq!(shown(43, &[0xff, 1, 2]), "0xff0102");
    assert_eq!(Value::decode(kind_of(43), &[0xff, 1, 2], &Context::default()), Ok(Value::Null));
    let vivso = b"\x00\x00\x0d\xe9\x08\x01\x06001122\x00\x00\x00\x09\x01\x07";
    assert_eq!(
        shown(125, vivso),
        "{enterprise=3561,options=[device-manufacturer-oui=001122]},{enterprise=9,options=0x07}"
    );
    assert_eq!(parsed(125, &shown(125, vivso)), vivso);
    assert_eq!(shown(124, b"\x00\x00\x00\x09\x03abc"), "{enterprise=9,class=abc}");
    assert_eq!(parsed(124, "enterprise=cisco,class=abc"), b"\x00\x00\x00\x09\x03abc");
}

#[test]
fn nested_text_of_zeros_alone_is_empty_text() {
    assert_stable(kind_of(82), &[14, 1, 0], &Context::default());
    assert_eq!(shown(82, &[14, 1, 0]), "access-network-name=\"\"");
    assert_eq!(parsed(82, "access-network-name=\"\""), [14, 0]);
    assert_eq!(shown(82, &[1, 0]), "circuit-id=\"\"");
}

#[test]
fn vendor_text_that_is_a_pair_of_brackets_stays_text() {
    for code in [v4::VENDOR_ENCAPSULATED_OPTIONS, v4::ETHERBOOT] {
        assert_stable(kind_of(code), b"[]", &Context::default());
        assert_eq!(parsed(code, &shown(code, b"[]")), b"[]");
    }
}

#[test]
fn user_class_as_a_list_and_as_the_wild_has_it() {
    assert_eq!(shown(77, b"\x03abc\x01d"), "[abc,d]");
    assert_eq!(shown(77, b"iPXE"), "iPXE");
    for text in ["[abc,d]", "iPXE"] {
        assert_eq!(shown(77, &parsed(77, text)), text);
    }
}

#[test]
fn more_records() {
    for (code, bytes, text) in [
        (v4::SLP_DIRECTORY_AGENT, &b"\x01\xc0\x00\x02\x01"[..], "mandatory=true,agents=[192.0.2.1]"),
        (v4::SLP_SERVICE_SCOPE, b"\x00a,b", r"mandatory=false,scopes=a\,b"),
        (
            v4::AUTHENTICATION,
            b"\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01",
            "protocol=1,algorithm=1,rdm=0,replay_detection=0x0000000000000001,information=0x",
        ),
        (v4::PXE_SYSTEM_TYPE, &[0, 7, 0, 9], "7,9"),
        (v4::PXE_INTERFACE_ID, &[1, 3, 16], "type=1,major=3,minor=16"),
        (v4::STATUS_CODE, b"\x03no", "status=malformed-query,message=no"),
        (v4::STATUS_CODE, b"\x00", "status=success,message=\"\""),
        (
            v4::OPTION_6RD,
            b"\x08\x20\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0\xc0\x00\x02\x01",
            "ipv4_mask_length=8,prefix_length=32,prefix=2001:db8::,relays=[192.0.2.1]",
        ),
        (
            v4::DNR,
            b"\x00\x20\x00\x01\x0b\x03dns\x05local\x00\x04\xc0\x00\x02\x01\x00\x01\x00\x03\x02h2\x00\x03\x00\x02\x03\x55",
            "{priority=1,name=dns.local,addresses=[192.0.2.1],parameters=[alpn=[h2],port=853]}",
        ),
        (v4::DNR, b"\x00\x06\x00\x01\x03\x01a\x00", "{priority=1,name=a}"),
        (v4::PCP_SERVER, &[4, 192, 0, 2, 1, 4, 192, 0, 2, 2], "[192.0.2.1],[192.0.2.2]"),
        (v4::V4_PORTPARAMS, &[6, 8, 0x12, 0], "offset=6,psid_length=8,psid=4608"),
        (v4::SZTP_REDIRECT, b"\x00\x09https://a", "https://a"),
        (
            v4::RDNSS_SELECTION,
            b"\x01\xc0\x00\x02\x01\x00\x00\x00\x00\x01a\x00",
            "preference=high,primary=192.0.2.1,secondary=0.0.0.0,domains=[a]",
        ),
        (v4::VSS, b"\x00red", "type=nvt-ascii,name=red"),
        (v4::CCC, b"\x03\x05\x01\xc0\x00\x02\x01\x06\x03\x01A\x00", "tsp-provisioning-server-address={encoding=address,address=192.0.2.1},tsp-kerberos-realm-name=A"),
        (v4::NWIP_SUBOPTIONS, b"\x02\x00\x05\x01\x01", "nwip-exist-in-options-area=true,nsq-broadcast=true"),
    ] {
        assert_eq!(shown(code, bytes), text);
        assert_eq!(parsed(code, text), bytes, "{text}");
    }
}

#[test]
fn errors_say_type_and_example() {
    let error = OptionArg::parse(&v4::SPACE, "routers=foo", &Context::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "option routers (3): \"foo\" is not an IPv4 address; write for example 192.0.2.1,192.0.2.2"
    );
    for (text, want) in [
        ("nosuch=1", "\"nosuch\" is not the name or code of an option"),
        ("300=1", "\"300\" is not"),
        ("dhcp-lease-time=soon", "option dhcp-lease-time (51): \"soon\" is not a duration"),
        ("82.nosuch=1", "option relay-agent-information (82.nosuch): \"nosuch\" is not a nested option"),
        ("routers.1=1", "is not a nested option"),
        ("routers", "it needs =VALUE"),
        ("224:hex=0g", "option 224: \"0g\" is not hexadecimal"),
        ("host-name=\\q\\x", "is not well escaped"),
        ("domain-search=a..b", "is not a domain name"),
        ("client-id=type=9999", "is not a client identifier type"),
        ("6rd=prefix=::", "complete"),
        ("relay-agent-information=[1=a", "balanced"),
        ("host-name\u{202e}=x", "\\u{202e}"),
    ] {
        let error = OptionArg::parse(&v4::SPACE, text, &Context::default()).unwrap_err().to_string();
        assert!(error.contains(want), "{text}: {error}");
        assert!(!error.chars().any(crate::wire::escape::is_hostile));
    }
}

#[test]
fn arguments_merge_into_their_option() {
    let cx = Context::default();
    let args: Vec<_> = [
        "relay-agent-information.circuit-id=eth0/1",
        "routers=192.0.2.1",
        "82.1:hex=0102",
        "82.7.user-name=bob",
        "82.7.88=pool",
        "125.4491.2=192.0.2.9",
        "125.9.1:hex=ff",
        "125.cablelabs.1=1,2",
        "124.9=class",
        "43.6:hex=08",
        "rapid-commit",
        "224=text",
    ]
    .iter()
    .map(|text| OptionArg::parse(&v4::SPACE, text, &cx).unwrap_or_else(|error| panic!("{error}")))
    .collect();
    assert_eq!(args[0], OptionArg { code: 82, path: vec![1], data: b"eth0/1".to_vec() });
    let options = assemble(&v4::SPACE, &args).unwrap();
    let options: Vec<_> = options.into_iter().map(Assembled::whole).collect();
    assert_eq!(
        options,
        [
            (82, b"\x01\x06eth0/1\x01\x02\x01\x02\x07\x0b\x01\x05bob\x58\x06pool".to_vec()),
            (3, vec![192, 0, 2, 1]),
            (125, b"\x00\x00\x11\x8b\x0a\x02\x04\xc0\x00\x02\x09\x01\x02\x01\x02\x00\x00\x00\x09\x03\x01\x01\xff".to_vec()),
            (124, b"\x00\x00\x00\x09\x05class".to_vec()),
            (43, vec![6, 1, 8]),
            (80, vec![]),
            (224, b"text".to_vec()),
        ]
    );
    let long = OptionArg { code: 82, path: vec![1], data: vec![0; 256] };
    assert!(assemble(&v4::SPACE, &[long]).unwrap_err().to_string().contains("at most 255"));
    let pxe = OptionArg::parse(&v4::SPACE, "43.boot-menu={type=0,text=x}", &PXE_CLASS).unwrap();
    assert_eq!(pxe.data, b"\x00\x00\x01x");
    assert!(OptionArg::parse(&v4::SPACE, "43.boot-menu:hex=00", &cx).is_ok());
}

#[test]
fn long_values_split_as_rfc_3396_says() {
    let lengths = |length: usize| split_rfc3396(&vec![7; length]).map(<[u8]>::len).collect::<Vec<_>>();
    assert_eq!(lengths(0), [0]);
    assert_eq!(lengths(255), [255]);
    assert_eq!(lengths(600), [255, 255, 90]);
}

#[test]
fn hostile_text_is_escaped_and_comes_back() {
    for bytes in [
        &b"\x1b]0;x\x07"[..],
        "a\u{202e}b\u{200b}c\u{feff}".as_bytes(),
        "\u{85}\u{7f}\r\n".as_bytes(),
        b"\xff\xfe\xc3",
        b"0x41",
        b" 0X41",
        b" a ",
        br"back\slash",
        "größe😀".as_bytes(),
        "\u{e0041}".as_bytes(),
    ] {
        let text = shown(v4::HOST_NAME, bytes);
        assert!(!text.chars().any(crate::wire::escape::is_hostile), "{text:?}");
        assert_eq!(parsed(v4::HOST_NAME, &text), bytes, "{text}");
        assert!(!pretty(kind_of(v4::HOST_NAME), bytes).chars().any(crate::wire::escape::is_hostile));
    }
    assert_eq!(shown(v4::HOST_NAME, b"\x1b[31m"), r"\x1b[31m");
    assert_eq!(shown(v4::HOST_NAME, "\u{202e}".as_bytes()), r"\u{202e}");
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

/// The options that these arguments of `-o` make, in DHCPv6.
fn made6(texts: &[&str]) -> Vec<Assembled> {
    let args: Vec<OptionArg> = texts
        .iter()
        .map(|text| {
            OptionArg::parse(&v6::SPACE, text, &Context::default())
                .unwrap_or_else(|error| panic!("{text}: {error}"))
        })
        .collect();
    assemble(&v6::SPACE, &args).unwrap()
}

/// The payload of the one option that an argument makes.
fn payload6(text: &str) -> Vec<u8> {
    let [option] = made6(&[text]).try_into().unwrap();
    option.whole().1
}

#[test]
fn a_record_is_written_in_json_by_members_or_in_short() {
    let ia = "00000005".to_owned() + "00000000".repeat(2).as_str();
    let addr = "20010db8000000000000000000000001";
    for (text, want) in [
        ("ia-na=5", ia.clone()),
        ("ia-na=iaid=5", ia.clone()),
        (r#"ia-na={"iaid":5,"t1":0,"t2":0,"options":[]}"#, ia.clone()),
        (r#"ia-na={"iaid": 5, "t1": null}"#, ia.clone()),
        ("ia-na=5,10,infinite", "000000050000000affffffff".to_owned()),
        ("iaaddr=2001:db8::1", addr.to_owned() + "0000000000000000"),
        ("iaaddr=2001:db8::1,1m,2m", addr.to_owned() + "0000003c00000078"),
        ("iaprefix=2001:db8::/56,1,2", "0000000100000002382001".to_owned() + "0db8" + &"0".repeat(24)),
        (
            r#"iaprefix={"prefix":"2001:db8::/56","valid_lifetime":2,"preferred_lifetime":1,"options":[]}"#,
            "0000000100000002382001".to_owned() + "0db8" + &"0".repeat(24),
        ),
        (
            r#"ia-pd={"iaid":1,"options":[{"code":26,"name":"iaprefix","value":{"prefix":"::/56"}}]}"#,
            "000000010000000000000000001a0019".to_owned() + &"0".repeat(16) + "38" + &"0".repeat(32),
        ),
        (
            r#"ia-pd={"iaid":1,"options":[{"name":"preference","raw":"ff"},{"code":7,"value":3}]}"#,
            "000000010000000000000000000700".to_owned() + "01ff0007000103",
        ),
        ("status-code=no-binding:null", "00036e756c6c".to_owned()),
        ("v6-prefix64=asm=null,ssm=null,unicast=::/8", "00000800".to_owned()),
        (r#"v6-prefix64={"asm":null,"ssm":null,"unicast":"::/8"}"#, "00000800".to_owned()),
        ("status-code=no-binding", "0003".to_owned()),
        ("status-code=no-binding:gone, ask again", "0003".to_owned() + "676f6e652c2061736b20616761696e"),
        (r#"status-code={"status":"no-binding","message":"a \"b\""}"#, "00036120226222".to_owned()),
        ("vendor-class=4491:docsis3.1", "0000118b0009646f63736973332e31".to_owned()),
        (
            r#"vendor-class={"enterprise":4491,"classes":["docsis3.1"]}"#,
            "0000118b0009646f63736973332e31".to_owned(),
        ),
        ("client-linklayer-addr=1:02:00:00:00:00:01", "0001020000000001".to_owned()),
        (
            r#"clientid={"type":"ll","hardware_type":"ethernet","address":"02:00:00:00:00:01"}"#,
            "00030001020000000001".to_owned(),
        ),
        (
            r#"client-fqdn={"flags":["server-update"],"name":"h.example."}"#,
            "010168076578616d706c6500".to_owned(),
        ),
    ] {
        assert_eq!(payload6(text), super::syntax::hex(&want).unwrap(), "{text}");
    }
    for bad in [
        "ia-na=",
        "ia-na=five",
        "ia-na=1,2,3,[],4",
        "iaaddr=2001:db8::1,1,2,[],3",
        r#"ia-na={"iaid":5"#,
        r#"ia-na={"iaid" 5}"#,
        r#"ia-na={"iad":5}"#,
        r#"ia-pd={"iaid":1,"options":[{"value":1}]}"#,
        "status-code=nonsense:x",
        "lq-query=1",
    ] {
        assert!(OptionArg::parse(&v6::SPACE, bad, &Context::default()).is_err(), "{bad}");
    }
}

#[test]
fn parts_go_into_the_last_ia_and_address_of_their_kind() {
    let whole =
        |texts: &[&str]| -> Vec<(u16, Vec<u8>)> { made6(texts).into_iter().map(Assembled::whole).collect() };
    let parts = whole(&[
        "ia-na=5",
        "ia-na.iaaddr=2001:db8::1",
        "ia-na.iaaddr.status-code=no-binding",
        "ia-na=6",
        "ia-na.iaaddr=2001:db8::2",
        "ia-na.iaaddr=2001:db8::3,1,2",
        "ia-na.13=success",
        "ia-pd.iaprefix=::/56",
    ]);
    let named = whole(&[
        "ia-na=iaid=5,options=[iaaddr={address=2001:db8::1,options=[status-code={status=no-binding}]}]",
        "ia-na=iaid=6,options=[iaaddr={address=2001:db8::2},iaaddr={address=2001:db8::3,preferred_lifetime=1,valid_lifetime=2},13={status=success}]",
        "ia-pd=iaid=0,options=[iaprefix={prefix=::/56}]",
    ]);
    assert_eq!(parts, named);
    // Nobody gave the IA: what there is of it belongs into the one that the message has.
    let alone = made6(&["ia-na.iaaddr=2001:db8::1"]);
    assert_eq!((alone.len(), alone[0].part_after), (1, Some(12)));
}
