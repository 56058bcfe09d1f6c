//! Keeps what an examination saw.

use std::io::Write;
use std::path::Path;

use crate::analysis::doctor::Conclusion;
use crate::capture::{CaptureError, CaptureFormat as FileFormat, FrameOut, Writer};
use crate::cli::exit::Failure;
use crate::engine::drive::Passed;
use crate::time::Precision;
use crate::wire::frame::Direction;

/// Keeps every frame that was seen.
pub(super) struct Keeper {
    writer: Writer<Box<dyn Write + Send>>,
    interface: String,
    /// The file.
    pub(super) name: String,
    /// How many frames were kept.
    pub(super) frames: u64,
    error: Option<CaptureError>,
}

impl Keeper {
    /// One who keeps them in the file `path`.
    pub(super) fn create(path: &Path, interface: &str) -> Result<Self, Failure> {
        let mut writer = Writer::create(path, FileFormat::of_path(path))?;
        writer.flush()?;
        Ok(Self {
            writer,
            interface: interface.to_owned(),
            name: path.display().to_string(),
            frames: 0,
            error: None,
        })
    }

    /// Keeps one; false when it cannot be kept.
    pub(super) fn keep(&mut self, passed: &Passed<'_>) -> bool {
        let written = self.writer.write(&FrameOut {
            time: Some(passed.time),
            precision: Precision::Nano,
            link: passed.link_type,
            interface: Some(&self.interface),
            data: passed.frame,
            original_len: u32::try_from(passed.original_len).unwrap_or(u32::MAX),
            comment: None,
            direction: Some(if passed.outgoing { Direction::Out } else { Direction::In }),
        });
        self.frames = self.frames.saturating_add(1);
        match written {
            Ok(()) => true,
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }

    /// The verdict is a comment of its own section, behind what it is about.
    pub(super) fn verdict(&mut self, conclusion: &Conclusion) -> Result<(), CaptureError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let cause = conclusion
            .cause
            .as_ref()
            .map_or(String::new(), |sign| format!(": {}: {}", sign.code, sign.summary));
        let comment = format!("dhcptool doctor: {}{cause}", conclusion.verdict.name());
        self.writer.remark(&comment)
    }
}
