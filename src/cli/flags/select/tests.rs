//! How packets are chosen on the command line.

use super::*;
use crate::wire::addr::Mac;
use crate::wire::options::assemble;
use crate::wire::v4::{Message, Outline, Packet};

/// Whether `test` holds for a message with these options.
fn holds(options: &[&str], test: &str) -> bool {
    let mut message = Message::request(MessageType::DISCOVER, Xid(7), Mac([2, 0, 0, 0, 0, 1]));
    let options: Vec<_> =
        options.iter().map(|text| OptionArg::parse(&v4::SPACE, text, &Context::default()).unwrap()).collect();
    for (code, data) in
        assemble(&v4::SPACE, &options).unwrap().into_iter().map(crate::wire::options::Assembled::whole)
    {
        message.set_option(u8::try_from(code).unwrap(), &data);
    }
    let bytes = message.encode();
    let (packet, mut outline) = (Packet::new(&bytes), Outline::default());
    outline.read(&packet, bytes.len(), false);
    parse_option(test).unwrap_or_else(|error| panic!("{test}: {error:?}")).matches(&packet, &outline)
}

#[test]
fn values_are_typed_and_items_of_lists_are_enough() {
    let options = [
        "routers=10.0.0.1,10.0.0.2",
        "lease-time=1h",
        "domain-search=a.example,b.example",
        "121=10.0.0.0/8=10.0.0.9,0.0.0.0/0=10.0.0.1",
        "82.circuit-id=eth1",
        "82.remote-id=0x0102ff",
        "host-name=printer-7",
        "60=MSFT 5.0",
        "43.1=2",
        "prl=1,3,6",
        "user-class=[one,two]",
        "125.4491.2=10.0.0.5",
        "224=hello",
        "fqdn=printer-7.example.",
        "client-id=00:11:22:33:44:55",
    ];
    let yes = "routers 3 routers=10.0.0.2 routers=10.0.0.1,10.0.0.2 lease-time=3600 lease-time=1h 51=60m \
        domain-search=b.example 121=10.0.0.0/8 121=10.0.0.1 121=0.0.0.0/0=10.0.0.1 82.circuit-id=eth1 82.1=eth1 \
        82.1 82.remote-id=0x0102ff 82.2:hex=0102ff host-name~^printer-[0-9]+$ domain-search~^b 82.1~th \
        !bootfile-name !host-name=other !host-name~^x !82.5 prl=3 prl=routers prl=1,3,6 user-class=two 43.1 \
        125.4491.2=10.0.0.5 125.4491 224=hello 224~^hel 53=discover routers~10.0.0.2 fqdn=printer-7.example. \
        client-id=00:11:22:33:44:55 client-id~^00:11 121~^10.0.0.0/8=";
    for test in yes.split_whitespace() {
        assert!(holds(&options, test), "{test}");
    }
    assert!(holds(&options, "60=MSFT 5.0") && !holds(&options, "60=MSFT"));
    let no = "routers=10.0.0.3 routers=10.0.0.2,10.0.0.1 lease-time=3601 domain-search=c.example 121=10.0.0.0/9 \
        121=10.0.0.2 82.circuit-id=eth 82.3 host-name~^7 !routers !82.1 !host-name~printer prl=1,3 user-class=three \
        125.4491.3 125.3561 53=request bootfile-name~. 67 fqdn=other.example. client-id=00:11:22:33:44:56";
    for test in no.split_whitespace() {
        assert!(!holds(&options, test), "{test}");
    }
}

#[test]
fn an_option_in_pieces_is_one_value_and_several() {
    let pieces = ["224:hex=61", "224:hex=62"];
    assert!(holds(&pieces, "224:hex=6162") || holds(&pieces, "224:hex=62"));
    // Routers given twice that are no pieces of one list.
    assert!(holds(&["routers=10.0.0.1", "routers=10.0.0.2"], "routers=10.0.0.2"));
}

#[test]
fn wrong_tests_of_options_say_what_is_wrong() {
    for (text, gist) in [
        ("nonsense", "nonsense"),
        ("!", "option"),
        ("routers=x", "IPv4 address"),
        ("82.nothing", "nested option"),
        ("host-name~(", "regular expression"),
    ] {
        let Err(Failure { message: Some(message), .. }) = parse_option(text) else { panic!("{text}") };
        assert!(message.contains(gist), "{text}: {message}");
    }
}

#[test]
fn the_value_of_problem_is_joined_where_one_follows() {
    let joined = |line: &str| {
        let args = with_problems_joined(line.split(' ').map(OsString::from).collect());
        args.into_iter().map(|arg| arg.into_string().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(joined("decode --problem a.pcap"), "decode --problem a.pcap");
    assert_eq!(
        joined("decode --problem error,end-missing a.pcap"),
        "decode --problem=error,end-missing a.pcap"
    );
    assert_eq!(joined("decode --problem --not a.pcap"), "decode --problem --not a.pcap");
}

#[test]
fn moments_in_every_form() {
    let want = Ok(Timestamp(1_102_274_184_500_000_000));
    for text in
        ["2004-12-05T19:16:24.5Z", "2004-12-05 19:16:24.5", "1102274184.5", "2004-12-05T20:16:24.5+01:00"]
    {
        assert_eq!(time_from(text, Timestamp(0), &TimeZone::UTC), want, "{text}");
    }
    for text in ["", "yesterday", "1.2.3", "1.0000000001", "2004-13-05T00:00:00Z"] {
        assert!(parse_time(text).is_err(), "{text}");
    }
}

#[test]
fn times_are_read_as_seen_from_now() {
    // 2024-05-06 07:08:09 UTC.
    let now = Timestamp::new(1_714_979_289, 0);
    for (text, seconds) in [
        ("-10m", 1_714_979_289 - 600),
        ("-0.5h", 1_714_979_289 - 1800),
        ("09:50", 1_714_953_600 + 9 * 3600 + 50 * 60),
        ("today 09:50", 1_714_953_600 + 9 * 3600 + 50 * 60),
        ("09:50:30", 1_714_953_600 + 9 * 3600 + 50 * 60 + 30),
        ("yesterday 23:59", 1_714_953_600 - 60),
    ] {
        assert_eq!(time_from(text, now, &TimeZone::UTC), Ok(Timestamp::new(seconds, 0)), "{text}");
    }
    // Two hours before, and for a while another day.
    let east = TimeZone::fixed(jiff::tz::offset(2));
    for (now, text, seconds) in [
        (now, "09:50", 1_714_953_600 + 7 * 3600 + 50 * 60),
        (now, "2024-05-06 09:50", 1_714_953_600 + 7 * 3600 + 50 * 60),
        (now, "2024-05-06T09:50:00Z", 1_714_953_600 + 9 * 3600 + 50 * 60),
        (Timestamp::new(1_714_953_600 + 23 * 3600, 0), "today 00:30", 1_714_953_600 + 22 * 3600 + 30 * 60),
    ] {
        assert_eq!(time_from(text, now, &east), Ok(Timestamp::new(seconds, 0)), "{text}");
    }
    for text in ["25:00", "tomorrow 09:50", "-soon", "yesterday"] {
        assert!(time_from(text, now, &TimeZone::UTC).is_err(), "{text}");
    }
}
