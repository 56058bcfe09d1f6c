//! What ends a run early.

use crate::capture::CaptureError;
use crate::net::NetError;

/// Why something that was run ended early; the message is that of what went wrong.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The record of it.
    #[error(transparent)]
    Record(#[from] CaptureError),
}
