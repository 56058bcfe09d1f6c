//! Runs a [`Segment`] on the far end of the pair.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::faults::{Faulty, NearEnd};
use super::netns::{self, FAR, VethPair};
use super::scene::{Plan, Scene};
use super::{FarEnd, Segment, Settings};
use crate::net::NetError;
use crate::net::batch::{BatchOptions, BatchSocket};
use crate::net::linux::wait_readable;
use crate::net::privilege;
use crate::time::{Clock, SystemClock};

/// Frames per system call.
const BATCH: usize = 256;
/// The fan-out group of the far end's sockets; the namespace has no others.
const GROUP: u16 = 67;

/// Starts the far end in threads of its own and connects `eth0` of this namespace to it. When this returns, the servers
/// answer. The threads run until the process ends.
pub fn start(lab: &Faulty, threads: usize, pair: &VethPair) -> Result<RunningFarEnd, NetError> {
    let Faulty { settings, plan, near } = lab.clone();
    let (to_lab, from_far) = sync_channel(1);
    let (to_far, from_lab) = sync_channel(1);
    let spawned = thread::Builder::new().name("far end".to_owned()).spawn(move || {
        far_end(settings, plan, near, threads, &to_lab, &from_lab);
    });
    spawned.map_err(|error| NetError::io("start", "the far end", error))?;
    let gone = || NetError::Namespace("the far end ended too early".to_owned());
    let Message::Namespace(namespace) = from_far.recv().map_err(|_| gone())?? else { return Err(gone()) };
    netns::connect(pair, &namespace)?;
    to_far.send(()).map_err(|_| gone())?;
    let Message::Ready = from_far.recv().map_err(|_| gone())?? else { return Err(gone()) };
    match near {
        Some(NearEnd::LinkDown) => netns::down(netns::NEAR)?,
        Some(NearEnd::Drops) => netns::drop_all(netns::NEAR)?,
        Some(NearEnd::NoCarrier) | None => {}
    }
    Ok(RunningFarEnd(from_far))
}

/// A far end that answers.
#[derive(Debug)]
pub struct RunningFarEnd(Receiver<Result<Message, NetError>>);

impl RunningFarEnd {
    /// Why it has ended, if it has: it should not before the process does.
    pub fn ended(&self) -> Option<NetError> {
        self.0.try_recv().ok()?.err()
    }
}

/// What the far end tells the lab.
#[derive(Debug)]
enum Message {
    /// It is in this namespace and waits for its interface.
    Namespace(File),
    /// Its servers answer.
    Ready,
}

fn far_end(
    settings: Settings,
    plan: Plan,
    near: Option<NearEnd>,
    threads: usize,
    to_lab: &SyncSender<Result<Message, NetError>>,
    from_lab: &Receiver<()>,
) {
    let namespace = netns::enter_far().map(Message::Namespace);
    let entered = namespace.is_ok();
    // Nobody listens only when the lab is ending.
    if to_lab.send(namespace).is_err() || !entered || from_lab.recv().is_err() {
        return;
    }
    if near == Some(NearEnd::NoCarrier) {
        // The cable's other end stays down; there is nothing to serve, but somebody must hold it.
        let _ = to_lab.send(Ok(Message::Ready));
        loop {
            thread::park();
        }
    }
    if !plan.is_quiet() {
        let opened = up().and_then(|()| BatchSocket::open(FAR, &options(None))).and_then(powerless);
        match opened {
            Ok(mut socket) => {
                let mut scene = Scene::new(settings, plan);
                // The neighbours do not wait for the command.
                scene.start(SystemClock.now());
                if to_lab.send(Ok(Message::Ready)).is_ok() {
                    serve(&mut scene, &mut socket, to_lab);
                }
            }
            Err(error) => {
                let _ = to_lab.send(Err(error));
            }
        }
        return;
    }
    match open(settings, threads, to_lab).and_then(powerless) {
        Ok((mut segment, mut socket)) => {
            if to_lab.send(Ok(Message::Ready)).is_ok() {
                serve(&mut segment, &mut socket, to_lab);
            }
        }
        Err(error) => {
            let _ = to_lab.send(Err(error));
        }
    }
}

/// Gives up what answering does not take, once `opened` is: what the command sends is read here. Not confined: when a lab
/// is killed this thread may be the last to end, and a confined one could not take the supervisor with it.
fn powerless<T>(opened: T) -> Result<T, NetError> {
    privilege::drop_capabilities()?;
    Ok(opened)
}

fn options(group: Option<u16>) -> BatchOptions {
    BatchOptions { batch: BATCH, tags: true, group, ..BatchOptions::default() }
}

fn up() -> Result<(), NetError> {
    netns::no_ipv6();
    netns::up("lo")?;
    netns::up(FAR).map(|_| ())
}

fn open(
    mut settings: Settings,
    threads: usize,
    to_lab: &SyncSender<Result<Message, NetError>>,
) -> Result<(Segment, BatchSocket), NetError> {
    up()?;
    let threads = if settings.is_quick() { threads.max(1) } else { 1 };
    // Which thread gets an ARP answer is not known; those who use several want speed.
    settings.resolve &= threads == 1;
    let options = options((threads > 1).then_some(GROUP));
    let segment = Segment::new(settings);
    let socket = BatchSocket::open(FAR, &options)?;
    let (opened, results) = sync_channel(threads);
    for _ in 1..threads {
        let mut twin = segment.twin();
        let (opened, to_lab) = (opened.clone(), to_lab.clone());
        thread::Builder::new()
            .name("far end".to_owned())
            .spawn(move || match BatchSocket::open(FAR, &options).and_then(powerless) {
                Ok(mut socket) => {
                    let _ = opened.send(Ok(()));
                    serve(&mut twin, &mut socket, &to_lab);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(|error| NetError::io("start", "the far end", error))?;
    }
    drop(opened);
    results.iter().take(threads.saturating_sub(1)).collect::<Result<(), NetError>>()?;
    Ok((segment, socket))
}

/// Answers what arrives for as long as that is possible, and tells the lab why it is not any more.
fn serve(
    segment: &mut impl FarEnd,
    socket: &mut BatchSocket,
    to_lab: &SyncSender<Result<Message, NetError>>,
) {
    if let Err(error) = answer(segment, socket) {
        // Of several reasons the first is told.
        let _ = to_lab.try_send(Err(error));
    }
}

fn answer(segment: &mut impl FarEnd, socket: &mut BatchSocket) -> Result<(), NetError> {
    // What speaks without being asked begins now.
    segment.advance(SystemClock.now());
    loop {
        let now = SystemClock.now();
        let mut seen = 0_usize;
        if segment.next_due().is_some_and(|due| due <= now) {
            segment.advance(now);
            seen = 1;
        }
        let received = socket.receive(|frame| {
            if !frame.outgoing {
                segment.receive(now, frame.frame);
            }
        })?;
        let (arena, spans) = segment.ready();
        match socket.send(arena, spans) {
            // What the cable is too narrow for is lost on it.
            Ok(()) | Err(NetError::FrameSize { .. }) => segment.sent(),
            Err(error) => return Err(error),
        }
        seen = seen.saturating_add(received);
        if seen == 0 {
            wait_readable([socket.as_fd()], None, segment.next_due())
                .map_err(|errno| NetError::io("wait on", FAR, errno))?;
        }
    }
}
