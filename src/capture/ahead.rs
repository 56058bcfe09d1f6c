//! Reading ahead: a thread of its own reads, or decompresses, while another walks what came before.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// How many bytes are read before they are handed over.
const BLOCK: usize = 256 << 10;
/// Room in front of them, for what the walk of the block before left over.
pub(super) const LEAD: usize = 64 << 10;
/// Blocks that may wait to be walked.
const WAITING: usize = 2;

/// Bytes that were read.
pub(super) struct Block {
    /// They begin at [`LEAD`].
    pub(super) bytes: Vec<u8>,
    /// Where they end.
    pub(super) end: usize,
}

/// What another thread reads.
pub(super) struct Ahead {
    blocks: Receiver<io::Result<Block>>,
    spare: Sender<Vec<u8>>,
}

impl Ahead {
    /// Has `input` read by a thread of its own; gives it back where the system starts none.
    pub(super) fn new<R: Read + Send + 'static>(input: R) -> Result<Self, R> {
        let (hand_over, blocks) = sync_channel(WAITING);
        let (spare, used) = channel();
        // It comes by a channel, for what cannot be started takes with it what it was given.
        let (give, take) = channel();
        let thread = std::thread::Builder::new().name("reader".to_owned());
        let started = thread.spawn(move || {
            if let Ok(input) = take.recv() {
                serve(input, &hand_over, &used);
            }
        });
        match started {
            Ok(_) => give.send(input).map_err(|refused| refused.0)?,
            Err(_) => return Err(input),
        }
        Ok(Self { blocks, spare })
    }

    /// The next bytes; none at the end.
    pub(super) fn next(&mut self) -> Option<io::Result<Block>> {
        self.blocks.recv().ok()
    }

    /// Gives the memory of a block back, or takes any other in its place.
    pub(super) fn give_back(&mut self, bytes: Vec<u8>) {
        // The thread may have come to the end.
        let _ = self.spare.send(bytes);
    }
}

/// Reads until the end, an error, or nobody wants more.
fn serve(mut input: impl Read, hand_over: &SyncSender<io::Result<Block>>, used: &Receiver<Vec<u8>>) {
    loop {
        let mut bytes = used.try_recv().unwrap_or_default();
        bytes.resize(LEAD.saturating_add(BLOCK), 0);
        let (mut end, mut last) = (LEAD, None);
        while last.is_none()
            && let Some(room) = bytes.get_mut(end..).filter(|room| !room.is_empty())
        {
            match input.read(room) {
                Ok(0) => last = Some(Ok(())),
                Ok(count) => end = end.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => last = Some(Err(error)),
            }
        }
        if end > LEAD && hand_over.send(Ok(Block { bytes, end })).is_err() {
            return;
        }
        match last {
            None => {}
            Some(Ok(())) => return,
            Some(Err(error)) => {
                let _ = hand_over.send(Err(error));
                return;
            }
        }
    }
}
