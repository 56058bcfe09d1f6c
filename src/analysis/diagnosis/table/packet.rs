//! What is said of one packet: a row for each problem of a message.

use super::{Id, Row, Scope};
use crate::wire::problem;

macro_rules! packets {
    ($($variant:ident: $summary:literal, $why:literal, $advice:literal, [$($not:literal),*];)*) => {
        pub(super) const PACKET: &[Row] = &[$(Row {
            id: Id::Packet(problem::Code::$variant),
            scope: Scope::Packet,
            summary: $summary,
            why: $why,
            advice: $advice,
            not: &[$($not),*],
        },)*];
    };
}

packets! {
    HeaderTruncated: "The message ends inside the fixed part.",
        "nothing can be read of it",
        "Look at the sender; a capture's snap length would be told as capture-cut.",
        [];
    CaptureCut: "The capture kept too little of the frame.",
        "what follows is not known",
        "Capture with a larger snap length (-s 0).",
        [];
    LengthLies: "A length of an outer layer promises more than the frame carried.",
        "receivers drop it",
        "Look at the sender or at what rebuilt the frame.",
        [];
    ChecksumBad: "The UDP checksum does not fit.",
        "receivers drop it",
        "Turn transmit checksum offload off where a virtual interface is involved.",
        ["checksums left to the network card"];
    OpUnknown: "op is neither 1 nor 2.",
        "nobody answers it",
        "Look at the sender.",
        [];
    HlenTooLarge: "hlen is larger than the field of the address.",
        "servers drop it",
        "Look at the sender.",
        [];
    HlenUnusual: "The length of the hardware address does not fit its type.",
        "servers may take it for another client",
        "Look at the sender.",
        [];
    ChaddrPadding: "There are bytes behind the hardware address.",
        "servers may take it for another client",
        "Look at the sender.",
        [];
    FlagsReserved: "Reserved bits of flags are set.",
        "they must be zero",
        "Look at the sender.",
        [];
    CookieMissing: "There is no DHCP magic cookie.",
        "it is plain BOOTP, or another vendor's area",
        "Nothing, if BOOTP is meant.",
        [];
    CookieTruncated: "The message ends before a magic cookie.",
        "it is plain BOOTP",
        "Nothing, if BOOTP is meant.",
        [];
    OptionNoLength: "An option has no length byte.",
        "the rest cannot be read",
        "Look at the sender.",
        [];
    OptionTruncated: "An option promises more bytes than are left.",
        "receivers drop the message or what follows",
        "Look at the sender.",
        [];
    EndMissing: "The options have no End.",
        "some receivers drop it",
        "Look at the sender.",
        [];
    BytesAfterEnd: "Bytes follow End that are not zero.",
        "they are never read",
        "Look at the sender; old buffers leak this way.",
        [];
    OptionRepeated: "An option that may not be split comes several times.",
        "receivers differ in what they take",
        "Send it once.",
        ["options split by RFC 3396"];
    ValueLength: "A value has a length that its type does not allow.",
        "receivers drop the option or the message",
        "Correct the option at the server.",
        [];
    ValueInvalid: "A value's content breaks its type.",
        "receivers drop the option or the message",
        "Correct the option at the server.",
        [];
    AddressText: "An address was entered as text.",
        "receivers read it as other addresses",
        "Enter it as an address at the server.",
        [];
    MessageTypeUnknown: "The message type is not assigned.",
        "nobody knows what to do with it",
        "Look at the sender.",
        [];
    OpContradicts: "op contradicts the message type.",
        "receivers drop it",
        "Look at the sender.",
        [];
    OverloadInvalid: "Option overload has none of its three values.",
        "file and sname cannot be told from options",
        "Look at the sender.",
        [];
    OverloadNested: "Option overload stands inside an overloaded field.",
        "it is ignored there",
        "Look at the sender.",
        [];
    Overloaded: "Options stand in file or sname.",
        "many filters do not look there",
        "Nothing, if the server is known to do so.",
        [];
    TextUnterminated: "sname or file has no terminating zero.",
        "receivers read on or drop it",
        "Look at the sender.",
        [];
    FragmentOverlap: "The fragments of the datagram overlap.",
        "receivers differ in what they read",
        "Look at the sender; filters are evaded this way.",
        [];
    FragmentedDiscovery: "A router solicitation or advertisement came in fragments.",
        "hosts that follow RFC 6980 ignore it; others believe it past every RA guard",
        "Look for its sender: no router does so.",
        [];
    AnswerNamesNoServer: "A server's answer has no server identifier.",
        "most clients drop its offers",
        "Make the server send option 54.",
        ["BOOTP replies"];
    LeaseTimeMissing: "An address is given without a lease time.",
        "dhclient and others refuse it",
        "Make the server send a lease time (51).",
        ["boot servers without an address", "answers to INFORM"];
    LeaseTimeZero: "The lease time is 0.",
        "the lease ends as it begins",
        "Set a lease time of at least a minute.",
        [];
    AddressUnusable: "The address given is none for a host.",
        "the client has no working address",
        "Take this address out of the pool.",
        ["point-to-point subnets, /31 and /32"];
    MaskBad: "The subnet mask is missing or has holes.",
        "the client assumes a classful one",
        "Configure the subnet mask.",
        ["a client that does not ask for it"];
    RouterOffSubnet: "The router is outside the subnet given.",
        "clients cannot install this default route",
        "Correct router or mask in the scope.",
        ["/31 and /32 of clouds", "routes by 33, 121 or 249"];
    RoutesWithoutDefault: "Option 121 is given without a default route, beside option 3.",
        "clients that follow RFC 3442 ignore option 3 when option 121 is there; they get an address and no Internet",
        "Put 0.0.0.0/0 into option 121.",
        ["routers by 121 alone", "0.0.0.0/1 with 128.0.0.0/1"];
    DnsUnusable: "A name server is given that cannot be one.",
        "names do not resolve",
        "Correct the name servers of this scope.",
        ["the server's own address"];
    TimersDisordered: "T1, T2 and lease time are not in order.",
        "leases are lost, or renewed as fast as the wire",
        "Leave options 58 and 59 out, or set T1 < T2 < lease.",
        ["leases without end"];
    MaskBehindRouter: "A reply lists the routers before the subnet mask.",
        "a client that reads one after the other takes the router for one of a classful network",
        "Let the server write option 1 before option 3.",
        [];
    MtuUnusual: "The server sets an unusual MTU.",
        "every device on the LAN must carry it",
        "Remove option 26 unless all switches and hosts carry that MTU.",
        [];
    OfferWithoutAddress: "An OFFER has no address.",
        "the client gets nothing from it",
        "Look at the server's pool: it answers and has nothing to give.",
        ["boot servers", "IPv6-only networks (option 108)"];
    ServerIdZero: "The client names 0.0.0.0 as its server.",
        "servers stay silent",
        "The client must copy option 54 of the OFFER, not siaddr.",
        [];
    RequestFields: "The fields of a REQUEST fit no state of a client.",
        "strict servers stay silent",
        "Update the client.",
        ["PXE on port 4011"];
    RenewSourceDiffers: "A renewal comes from another address than the one renewed.",
        "the answer goes elsewhere",
        "Look at the client's routes: it leaves by another interface.",
        ["relays"];
    Option82FromClient: "A switch put option 82 into a request.",
        "relays further up must trust this port",
        "Tell the relays further up to trust this port.",
        ["relays"];
    MessageShort: "The message has fewer than 300 bytes.",
        "some old relays and servers drop it",
        "Nothing, unless it is not answered (only with --strict).",
        [];
    OptionLengthZero: "An option of Neighbor Discovery has no length, so that nothing behind it can be found.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    OptionMisplaced: "An option stands where it means nothing.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    ClientIdMissing: "A message lacks the client identifier.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    ServerIdMissing: "A DHCPv6 message lacks the server identifier.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    ServerIdUnexpected: "A message has a server identifier and must not.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    IaUnexpected: "A message has an identity association and must not.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    RelayMessageMissing: "A relay message carries no message.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    HopCountExceeded: "More relays than a message may pass.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    HopCountOrder: "Hop counts do not grow outwards.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    LinkAddressUnusable: "A link address that no server can tell a link by.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    T1AfterT2: "T1 is later than T2.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    LifetimeInverted: "The preferred lifetime is longer than the valid one.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    T2AfterValid: "T2 comes after the leases have ended.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    LifetimeZero: "A lease of no time.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    PrefixLengthInvalid: "A prefix length of more than 128.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    PrefixHostBits: "Bits behind the prefix are set.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    DuidLength: "A DUID that is too short or too long.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    ElapsedMissing: "A client's message without its elapsed time.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    OroForbidden: "An option is asked for that cannot be.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    MaxRtMissing: "The option with the server's retransmission limit is not asked for.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    MaxRtRange: "A retransmission limit that clients ignore.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    RefreshTimeSmall: "A refresh time that clients raise.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    StatusTextNul: "The text of a status ends with a zero.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    AuthMissing: "A RECONFIGURE that proves nothing.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    MulticastReply: "A server answers to a group.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    PortUnusual: "A source port that is neither client nor server's.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    PortWrong: "A destination port on which nobody listens.",
        "nobody receives the message",
        "Correct or update the sender.",
        [];
    ChecksumZero: "No UDP checksum over IPv6.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    ObsoleteOption: "What is no longer to be sent.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    HopLimitNot255: "A message that a router may have passed on.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    SourceNotLinkLocal: "An advertisement that does not come from a link-local address.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    IcmpCodeNonzero: "An ICMPv6 code other than 0.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    IcmpChecksumBad: "An ICMPv6 checksum that does not fit.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    SllaFromUnspecified: "A solicitation that has no source and says its hardware address.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
    PrefixLinkLocal: "A prefix that is link-local.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    PrefixLifetimesInverted: "A prefix preferred for longer than it is valid.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    SlaacPrefixNot64: "A prefix that no interface identifier fits.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    PreferenceReserved: "The reserved preference.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    PreferenceWithoutLifetime: "A preference of a router that is no default router.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    MtuBelow1280: "An MTU that IPv6 does not work with.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    RdnssEmpty: "DNS servers, but none.",
        "receivers differ in what they make of it",
        "Correct or update the sender.",
        [];
    RouterLifetimeLong: "A router lifetime that was once too long.",
        "nothing breaks by it",
        "Nothing, unless something else is wrong.",
        [];
    NestingTooDeep: "Options or messages are nested deeper than is followed.",
        "receivers drop the message or what it carries",
        "Correct or update the sender.",
        [];
}
