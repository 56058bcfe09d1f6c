//! Options as they are typed: what is told of mistakes, how arguments become one option, what goes into what.

use super::*;

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
