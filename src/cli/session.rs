//! An exchange on a segment from beginning to end: opened, confined, held and told; or only shown.

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use crate::analysis::diagnosis::Account;
use crate::capture::FrameOut;
use crate::cli::flags::sender::SenderArgs;
use crate::engine::{Draft, Event, Machine, Sense};
#[cfg(feature = "live")]
use crate::net::sandbox::Needs;
use crate::output::answers::Place;
use crate::output::packet::detail::PacketDetail;
use crate::output::packet::json::PacketJson;
use crate::output::packet::record::PacketRecord;
use crate::output::when::TimeText;
use crate::output::{JsonOut, Label};
use crate::run::segment::{Opening, Segment, Way, filter_v4};
use crate::run::session::{self, Held};
use crate::time::{Clock as _, Instant, Precision};
use crate::wire::HwAddr;
use crate::wire::escape::escape_line;
use crate::wire::frame::{Datagram, LinkType, Ports, Walker};
use crate::wire::options::v4;
use crate::wire::options::vendor::known_class;
use crate::wire::v4::{Outline, Packet};

/// Who waits longer than this at a terminal is told so, in nanoseconds.
const SILENCE: i64 = 5_000_000_000;

/// Tells the user about an exchange while it goes on.
struct Teller {
    verbose: bool,
    first: Option<Instant>,
    patience: Option<Patience>,
    waiting: Option<Waiting>,
}

/// Says now and then that an answer is still waited for.
#[derive(Debug, Default)]
struct Patience {
    /// When the message was sent first, and when the user was last told.
    asked: Option<(Instant, Instant)>,
}

impl Patience {
    /// What to say about what happened.
    fn line(&mut self, event: &Event) -> Option<String> {
        match event.remark.sense {
            Sense::Sent(0) => {}
            Sense::Sent(1) => self.asked = Some((event.at, event.at)),
            Sense::Accepted => self.asked = None,
            Sense::Sent(times) => {
                let (first, told) = self.asked.as_mut()?;
                if event.at.since(*told) >= SILENCE {
                    *told = event.at;
                    let seconds = event.at.since(*first).checked_div(1_000_000_000)?;
                    return Some(format!("no answer in {seconds} s, sent {times} times so far"));
                }
            }
            _ => {}
        }
        None
    }
}

/// The line at the foot of a terminal that says what is waited for, so that it is never blank.
#[derive(Debug, Default)]
struct Waiting {
    sent: u32,
    answers: u32,
    last: String,
    shown: bool,
}

impl Waiting {
    /// The line after what happened, where it is another one.
    fn line(&mut self, event: &Event) -> Option<String> {
        match event.remark.sense {
            Sense::Sent(times @ 1..) => self.sent = times,
            Sense::Accepted => {
                self.answers = self.answers.saturating_add(1);
                let kind = event.remark.text.strip_prefix("accepted ").unwrap_or("answer").to_lowercase();
                let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
                let from = event.from.0.map(|ip| format!(" from {ip}")).unwrap_or_default();
                self.last = format!(", the last {article} {kind}{from}");
            }
            _ => return None,
        }
        let asked =
            if self.sent == 1 { "asked once".to_owned() } else { format!("asked {} times", self.sent) };
        let answers = match self.answers {
            0 => "no answer yet".to_owned(),
            1 => "1 answer".to_owned(),
            many => format!("{many} answers"),
        };
        Some(format!("waiting: {asked}, {answers}{}", self.last).chars().take(78).collect())
    }

    fn draw(&mut self, event: &Event) {
        if let Some(line) = self.line(event) {
            Context::stderr_part(&format!("\r\x1b[K{}", escape_line(&line)));
            self.shown = true;
        }
    }

    /// Takes the line away: something else is about to be written.
    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            Context::stderr_part("\r\x1b[K");
        }
    }
}

impl Teller {
    fn event(&mut self, event: &Event) {
        let first = *self.first.get_or_insert(event.at);
        if self.verbose {
            let millis = event.at.since(first).max(0).checked_div(1000).unwrap_or(0);
            let (whole, rest) =
                (millis.checked_div(1000).unwrap_or(0), millis.checked_rem(1000).unwrap_or(0));
            Context::stderr(&escape_line(&format!("{whole:>6}.{rest:03} ms  {event}")));
        } else if let Some(line) = self.patience.as_mut().and_then(|patience| patience.line(event)) {
            if let Some(waiting) = &mut self.waiting {
                waiting.clear();
            }
            Context::stderr(&line);
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.draw(event);
        }
    }
}

/// How the command ends once all that was found is shown: `exit`, unless something came in between.
pub fn conclude(held: Held, exit: Exit, segment: &Segment, cx: &Context) -> Outcome {
    if held.dips > 0 {
        cx.warn(&format!("{} went down meanwhile; what was sent then is lost", segment.name));
    }
    match held.error {
        Some(error) => Err(error.into()),
        None if held.stopped => Ok(Exit::Interrupted),
        None => Ok(exit),
    }
}

/// A session whose exchanges are told. The rights it took to open it are given up.
pub struct Session<'a> {
    /// The segment.
    pub segment: &'a Segment,
    exchanges: session::Session,
    teller: Teller,
    /// What happened, once it is over, for who is told more.
    story: Vec<Account>,
    columns: usize,
}

impl<'a> Session<'a> {
    /// Opens the segment.
    pub fn open(
        segment: &'a Segment,
        opening: Opening,
        sender: &SenderArgs,
        cx: &Context,
    ) -> Result<Self, Failure> {
        let mut exchanges = session::Session::open(segment, opening)?;
        #[cfg(feature = "live")]
        sender.confine.give_up(cx)?;
        if let Some(path) = &sender.write {
            exchanges.keep_in(path)?;
        }
        if cx.common.verbose > 0 {
            exchanges.remember();
        }
        let teller = Teller {
            verbose: cx.common.verbose > 0,
            first: None,
            patience: cx.shows_progress().then(Patience::default),
            waiting: (cx.shows_progress() && cx.common.verbose == 0).then(Waiting::default),
        };
        #[cfg(feature = "live")]
        sender.confine.confine(&Needs::default(), cx)?;
        Ok(Self { segment, exchanges, teller, story: Vec::new(), columns: cx.out.columns() })
    }

    /// Holds one exchange.
    pub fn hold(&mut self, machine: &mut dyn Machine, cx: &Context) -> Held {
        let Self { exchanges, teller, .. } = self;
        let held = exchanges.hold(machine, &cx.clock, &mut |event| teller.event(event));
        if let Some(waiting) = &mut teller.waiting {
            waiting.clear();
        }
        self.story = exchanges.story();
        held
    }

    /// The place of an exchange, for its report.
    pub fn place(&self, held: &Held) -> Place<'_> {
        Place {
            interface: &self.segment.name,
            link_type: held.link_type,
            precision: held.precision,
            ports: &self.exchanges.ports,
            class: self.exchanges.class,
            fragments: self.exchanges.fragments(),
            story: &self.story,
            columns: self.columns,
        }
    }
}

/// How a segment is opened for exchanges of DHCPv4 that begin with `drafts`.
pub fn opening<'d>(way: Way, drafts: impl Iterator<Item = &'d Draft> + Clone) -> Opening {
    let mut ports: Vec<u16> = drafts.clone().flat_map(unusual_ports).collect();
    ports.sort_unstable();
    ports.dedup();
    let class =
        drafts.clone().find_map(|draft| known_class(&draft.message.option(v4::VENDOR_CLASS_IDENTIFIER)?));
    let macs = drafts.map(|draft| draft.envelope.src_mac).collect();
    Opening { way, macs, filter: filter_v4(&ports), ports, class }
}

/// The ports of a draft that are not DHCP's usual ones.
pub fn unusual_ports(draft: &Draft) -> Vec<u16> {
    let ports = [draft.envelope.src_port, draft.envelope.dst_port];
    ports.into_iter().filter(|port| !matches!(port, 67 | 68)).collect()
}

/// The client's hardware address as the message says it.
pub fn client_text(draft: &Draft) -> String {
    let message = &draft.message;
    HwAddr::from_slice(message.chaddr.get(..usize::from(message.hlen)).unwrap_or(&message.chaddr)).to_string()
}

/// The segment to send `drafts` on; in a dry run they are shown instead, and there is nothing left to do.
pub fn unless_shown(
    segment: Option<Segment>,
    drafts: &[Draft],
    sender: &SenderArgs,
    cx: &mut Context,
) -> Result<Option<Segment>, Failure> {
    if sender.dry_run {
        show(drafts, sender, cx)?;
        return Ok(None);
    }
    segment.map(Some).ok_or_else(|| Failure::could_not_run("no interface"))
}

/// Shows what would be sent, and keeps it where asked to.
fn show(drafts: &[Draft], sender: &SenderArgs, cx: &mut Context) -> Result<(), Failure> {
    let mut writer = sender.write.as_deref().map(session::writer).transpose()?;
    let mut json = JsonOut::new();
    let mut text = cx.out.styled();
    for (draft, number) in drafts.iter().zip(1..) {
        let frame = draft.frame();
        if let Some(writer) = &mut writer {
            let kind = draft.message.message_type();
            let comment = format!("not sent: {}", crate::engine::Note::Sent(kind, 1));
            writer
                .write(&FrameOut {
                    time: Some(cx.clock.time()),
                    precision: Precision::Nano,
                    link: LinkType::ETHERNET,
                    interface: None,
                    data: &frame,
                    original_len: u32::try_from(frame.len()).unwrap_or(u32::MAX),
                    direction: None,
                    comment: Some(&comment),
                })
                .map_err(Failure::could_not_run)?;
        }
        with_record(&frame, number, &unusual_ports(draft), &mut |record| {
            if cx.common.json {
                PacketJson::default().write(record, &mut json);
                json.end_line();
            } else {
                PacketDetail::new(true).write(record, &mut TimeText::default(), &mut text);
            }
        });
        if let Some(hop) = draft.next_hop {
            text.label(Label::Dim, &format!("The frame's destination will be found by ARP for {hop}."))
                .text("\n");
        }
    }
    if let Some(mut writer) = writer {
        writer.flush().map_err(Failure::could_not_run)?;
    }
    if cx.common.json { cx.out.write(&json.buf) } else { cx.out.write_styled(text) }
}

fn with_record(frame: &[u8], number: u64, ports: &[u16], show: &mut dyn FnMut(&PacketRecord<'_>)) {
    let mut all = Ports::default();
    for port in ports {
        all.add(*port);
    }
    let mut outline = Outline::default();
    Walker::without_reassembly(all).walk(
        LinkType::ETHERNET,
        frame,
        frame.len(),
        0,
        |datagram: Datagram<'_>| {
            let packet = Packet::new(datagram.payload);
            outline.read(&packet, datagram.promised, datagram.cut);
            show(&PacketRecord {
                capture: None,
                number,
                time: None,
                precision: Precision::Nano,
                interface: None,
                comment: None,
                captured_length: frame.len(),
                original_length: u32::try_from(frame.len()).unwrap_or(u32::MAX),
                datagram: &datagram,
                packet,
                outline: &outline,
            });
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Note;

    #[test]
    fn a_long_silence_is_told_now_and_then() {
        let mut patience = Patience::default();
        let mut line = |second: i64, note: Note| {
            patience.line(&Event { at: Instant::new(second, 0), remark: (&note).into(), from: (None, None) })
        };
        let sent = |times| Note::Sent(None, times);
        assert_eq!(line(0, sent(1)), None);
        assert_eq!(line(4, sent(2)), None);
        assert_eq!(line(12, sent(3)).as_deref(), Some("no answer in 12 s, sent 3 times so far"));
        assert_eq!(line(13, sent(4)), None);
        assert_eq!(line(14, Note::Accepted(None)), None);
        assert_eq!(line(30, sent(5)), None);
        assert_eq!(line(31, sent(1)), None);
        assert_eq!(line(40, sent(2)).as_deref(), Some("no answer in 9 s, sent 2 times so far"));
    }

    #[test]
    fn what_is_waited_for_is_said() {
        let mut waiting = Waiting::default();
        let mut line = |note: Note| {
            let from = (Some([10, 0, 0, 1].into()), None);
            waiting.line(&Event { at: Instant::new(1, 0), remark: (&note).into(), from })
        };
        assert_eq!(line(Note::Sent(None, 1)).as_deref(), Some("waiting: asked once, no answer yet"));
        assert_eq!(line(Note::Fragment), None);
        assert_eq!(line(Note::Asked([10, 0, 0, 1].into())), None);
        let offer = Note::Accepted(Some(crate::wire::v4::MessageType::OFFER));
        let want = "waiting: asked once, 1 answer, the last an offer from 10.0.0.1";
        assert_eq!(line(offer).as_deref(), Some(want));
        let want = "waiting: asked 2 times, 1 answer, the last an offer from 10.0.0.1";
        assert_eq!(line(Note::Sent(None, 2)).as_deref(), Some(want));
        let nak = line(Note::Accepted(Some(crate::wire::v4::MessageType::NAK)));
        assert!(nak.is_some_and(|line| line.ends_with("the last a nak from 10.0.0.1")));
    }
}
