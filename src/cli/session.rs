//! An exchange on a segment from beginning to end: opened, confined, held and told; or only shown.

use std::cell::RefCell;

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::teller::{Awaited, Manner, Teller, Watched};
use crate::analysis::diagnosis::Account;
use crate::capture::FrameOut;
use crate::cli::flags::sender::SenderArgs;
use crate::engine::{Draft, Machine};
#[cfg(feature = "live")]
use crate::net::sandbox::Needs;
use crate::output::answers::Place;
use crate::output::packet::record::PacketRecord;
use crate::output::packet::unsent::Unsent;
use crate::run::segment::{Opening, Segment, Way, filter_v4};
use crate::run::session::{self, Remains};
use crate::time::{Clock as _, Precision};
use crate::wire::HwAddr;
use crate::wire::frame::{Datagram, LinkType, Ports, Walker};
use crate::wire::options::v4;
use crate::wire::options::vendor::known_class;
use crate::wire::v4::{Outline, Packet};

/// How the command ends once all that was found is shown: `exit`, unless something came in between.
pub fn conclude(held: Remains, exit: Exit, segment: &Segment, cx: &Context) -> Outcome {
    if held.dips > 0 {
        cx.warn(&format!("{} went down meanwhile; what was sent then is lost", segment.name));
    }
    match held.error {
        Some(error) => Err(error.into()),
        None if held.stopped => Ok(Exit::Interrupted),
        None => Ok(exit),
    }
}

/// Does every `job`, until the user stops it; how the worst of them ended. One that fails, or cannot be told of because nobody reads
/// any more, is no reason to leave out the others: their leases would stay. The first failure is what it ends with.
pub fn each<J>(jobs: impl IntoIterator<Item = J>, mut run: impl FnMut(J) -> Outcome) -> Outcome {
    let mut ended = Ok(Exit::Good);
    for job in jobs {
        let exit = run(job);
        let stopped = matches!(exit, Ok(Exit::Interrupted));
        ended = match (ended, exit) {
            (Ok(worst), Ok(exit)) => Ok(worst.max(exit)),
            (Err(failure), _) | (Ok(_), Err(failure)) => Err(failure),
        };
        if stopped {
            break;
        }
    }
    ended
}

/// A session whose exchanges are told. The rights it took to open it are given up.
pub struct Session<'a> {
    /// The segment.
    pub segment: &'a Segment,
    exchanges: session::Session,
    teller: RefCell<Teller>,
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
        let teller = RefCell::new(Teller::new(cx.common.verbose > 0, Manner::of(cx)));
        #[cfg(feature = "live")]
        sender.confine.confine(&Needs::default(), cx)?;
        Ok(Self { segment, exchanges, teller, story: Vec::new(), columns: cx.out.columns() })
    }

    /// Holds one exchange, in which somebody waits for what is `awaited`.
    pub fn hold(&mut self, machine: &mut dyn Machine, awaited: Awaited, cx: &Context) -> Remains {
        self.watch(machine, Some(awaited), cx)
    }

    /// Sends what nobody answers.
    pub fn send(&mut self, machine: &mut dyn Machine, cx: &Context) -> Remains {
        self.watch(machine, None, cx)
    }

    fn watch(&mut self, machine: &mut dyn Machine, awaited: Option<Awaited>, cx: &Context) -> Remains {
        let Self { exchanges, teller, .. } = self;
        teller.borrow_mut().begin(awaited);
        let held = exchanges.hold(&mut Watched::new(machine, teller), &cx.clock, &mut |_| ());
        teller.borrow_mut().end();
        self.story = exchanges.story();
        held
    }

    /// The place of an exchange that goes on, for what is told meanwhile; `ports` are those of [`ports`](Self::ports).
    pub fn place_meanwhile<'p>(&self, ports: &'p [u16]) -> Place<'p>
    where
        'a: 'p,
    {
        let (link_type, precision) = self.exchanges.link();
        let interface = &self.segment.name;
        let class = self.exchanges.class;
        Place { link_type, precision, ports, class, columns: self.columns, ..Place::on(interface) }
    }

    /// The UDP ports used beside those of the protocol.
    pub fn ports(&self) -> Vec<u16> {
        self.exchanges.ports.clone()
    }

    /// The place of an exchange, for its report.
    pub fn place(&self, held: &Remains) -> Place<'_> {
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
    for (draft, number) in drafts.iter().zip(1..) {
        let frame = draft.frame();
        if let Some(writer) = &mut writer {
            let kind = draft.message.message_type();
            let comment = format!("not sent: {}", crate::engine::Note::Sent(kind, 1));
            writer.write(&FrameOut {
                time: Some(cx.clock.time()),
                precision: Precision::Nano,
                link: LinkType::ETHERNET,
                interface: None,
                data: &frame,
                original_len: u32::try_from(frame.len()).unwrap_or(u32::MAX),
                direction: None,
                comment: Some(&comment),
            })?;
        }
        let mut shown = Ok(());
        with_record(&frame, number, &unusual_ports(draft), &mut |record| {
            shown = cx.show(&Unsent { record, next_hop: draft.next_hop });
        });
        shown?;
    }
    if let Some(mut writer) = writer {
        writer.flush()?;
    }
    Ok(())
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
            show(&PacketRecord { number, ..PacketRecord::of(&datagram, packet, &outline, frame.len()) });
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_is_done_all_the_same() {
        let mut done = Vec::new();
        let ended = each([1, 2, 3], |job| {
            done.push(job);
            if job == 2 { Ok(Exit::Bad) } else { Err(Failure::could_not_run(job)) }
        });
        assert_eq!((done, ended.unwrap_err().message.as_deref()), (vec![1, 2, 3], Some("1")));
        let mut done = 0;
        let ended = each([Exit::Bad, Exit::Interrupted, Exit::Good], |exit| {
            done += 1;
            Ok(exit)
        });
        assert_eq!((done, ended.unwrap()), (2, Exit::Interrupted), "the user stopped it");
    }
}
