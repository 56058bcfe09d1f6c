//! Values of every kind, from bytes to text and back.

use super::*;

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
    assert_eq!((error.fault, error.offset, error.length), (ValueFault::Length, 4, 2));
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
        assert_eq!(judge(code, bytes).unwrap_err().fault, ValueFault::Length, "{code} {bytes:?}");
    }
    for (code, bytes) in [
        (v4::IP_FORWARDING, &[2][..]),
        (v4::CLASSLESS_STATIC_ROUTES, &[33, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        (v4::DOMAIN_SEARCH, &[0xc0, 0]),
    ] {
        assert_eq!(judge(code, bytes).unwrap_err().fault, ValueFault::Content, "{code} {bytes:?}");
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
