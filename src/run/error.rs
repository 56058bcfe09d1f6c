//! What ends a run early.

use std::io;
use std::path::{Path, PathBuf};

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
    /// A file that was to be written.
    #[error("cannot write {}: {source}", .path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A program that was to be run.
    #[error("cannot run {}: no such program, or not executable", .0.display())]
    NoProgram(PathBuf),
    /// The process that runs programs.
    #[error("cannot start a helper process: {0}")]
    Helper(#[source] io::Error),
}

impl RunError {
    /// `path` could not be written.
    pub fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}
