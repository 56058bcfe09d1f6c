//! The packet that brought an answer, for the views of packets.

use crate::engine::v6::station::Answer6;
use crate::output::answers::Place;
use crate::output::json::JsonOut;
use crate::output::json::object::PacketObject;
use crate::output::packet::detail::PacketDetail;
use crate::output::packet::json::PacketJson;
use crate::output::packet::record::PacketRecord;
use crate::output::packet::record6::{Judged, Message6, Record6};
use crate::output::styled::{Label, Styled};
use crate::output::when::TimeText;
use crate::wire;
use crate::wire::frame::{Datagram, Ports, Protocol, Walker};
use crate::wire::problem::Severity;

/// Shows the packet that brought `answer` to `show`.
pub fn record(answer: &Answer6, number: u64, place: &Place<'_>, show: &mut dyn FnMut(&Record6<'_>)) {
    let mut ports = Ports::of(&[Protocol::Dhcpv6, Protocol::Icmpv6]);
    for port in place.ports {
        ports.add(*port);
    }
    let frame = answer.frame.as_slice();
    let shown = std::cell::Cell::new(false);
    let mut each = |datagram: &Datagram<'_>| {
        // Another message in the same frame is not the one meant.
        if shown.get() || datagram.payload != answer.payload.as_slice() {
            return;
        }
        shown.set(true);
        let v4 = wire::v4::Outline::default();
        let (mut v6, mut nd) = (wire::v6::Outline::default(), wire::nd::Outline::default());
        let message = if datagram.protocol == Protocol::Icmpv6 {
            let packet = wire::nd::Packet::new(datagram.payload);
            nd.read(&packet, datagram.promised, datagram.cut);
            Message6::Router { packet, outline: &nd }
        } else {
            let packet = wire::v6::Packet::new(datagram.payload);
            v6.read(&packet, datagram.promised, datagram.cut);
            Message6::Dhcp { packet, outline: &v6 }
        };
        let around = PacketRecord {
            number,
            time: Some(answer.time),
            precision: place.precision,
            interface: Some(place.interface),
            ..PacketRecord::of(datagram, wire::v4::Packet::new(&[]), &v4, frame.len())
        };
        show(&Record6 { around, message });
    };
    let at = answer.at.nanoseconds();
    Walker::without_reassembly(ports.clone())
        .walk(place.link_type, frame, frame.len(), at, |datagram| each(&datagram));
    if !shown.get() && !place.fragments.is_empty() {
        // The last fragment of several: together with those before it makes the datagram.
        let mut walker = Walker::new(ports);
        for part in place.fragments {
            walker.walk(place.link_type, part, part.len(), at, |_| ());
        }
        walker.walk(place.link_type, frame, frame.len(), at, |datagram| each(&datagram));
    }
    if !shown.get() {
        // What came before was too much to keep: the message is whole, the frame is not.
        each(&Datagram { protocol: answer.protocol, ..Datagram::bare(&answer.payload) });
    }
}

/// The object of the packet.
pub fn packet(answer: &Answer6, number: u64, place: &Place<'_>) -> Option<PacketObject> {
    let mut object = None;
    record(answer, number, place, &mut |record| {
        let mut json = JsonOut::new();
        PacketJson::default().write_six(record, &mut Judged::default(), &mut json);
        object = Some(PacketObject::from_json(json));
    });
    object
}

/// Writes every field and option of the answer, as `decode -v` does.
pub fn detail(answer: &Answer6, number: u64, place: &Place<'_>, dump: bool, out: &mut Styled) {
    record(answer, number, place, &mut |record| {
        PacketDetail::new(dump).write_six(record, &mut Judged::default(), &mut TimeText::default(), out);
    });
}

/// Says what is wrong with the bytes of an answer.
pub fn faults(answer: &Answer6, place: &Place<'_>, out: &mut Styled) {
    record(answer, 0, place, &mut |record| {
        let mut judged = Judged::default();
        judged.judge(record);
        for problem in judged.problems.iter().filter(|problem| problem.severity() > Severity::Note) {
            let label = if problem.severity() == Severity::Error { Label::Error } else { Label::Warning };
            out.text("  ").label(label, &format!("{:<14}", problem.severity().name()));
            out.text(&format!("{problem} ({})\n", problem.code.name()));
        }
    });
}
