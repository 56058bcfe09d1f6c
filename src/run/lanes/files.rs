//! The files a run leaves behind: frames, histograms, leases.
//!
//! All are opened once every socket is, before the first message goes out: what cannot be written is said before a run and
//! not after it, and a run that may not begin leaves no empty files.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write};
use std::path::{Path, PathBuf};

use crate::capture::{CaptureFormat, FrameOut, Writer};
use crate::engine::load::{Held, Kind, Tally};
use crate::output::handshake::Told;
use crate::output::json::object;
use crate::run::RunError;
use crate::stats::histogram::write_log;
use crate::time::{Moment, Precision, Timestamp};
use crate::wire::frame::LinkType;

/// Where to write what; nothing for what is not wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paths<'a> {
    /// Frames.
    pub frames: Option<&'a Path>,
    /// Histograms of the delays.
    pub histogram: Option<&'a Path>,
    /// Leases that are held at the end.
    pub leases: Option<&'a Path>,
}

/// What was asked for.
pub struct Files {
    frames: Option<Writer<Box<dyn Write + Send>>>,
    histogram: Option<Output>,
    leases: Option<Output>,
}

/// A file that is written at the end.
struct Output {
    path: PathBuf,
    file: File,
    /// Only a regular file holds something to remove. Found out at the start: a confined process may not ask.
    regular: bool,
    /// What stood there before is gone.
    begun: bool,
}

impl Files {
    /// Opens what was asked for.
    ///
    /// # Errors
    ///
    /// When one of them cannot be written.
    pub fn open(paths: &Paths<'_>) -> Result<Self, RunError> {
        let frames = paths.frames.map(|path| Writer::create(path, CaptureFormat::of_path(path)));
        Ok(Self {
            frames: frames.transpose()?,
            histogram: paths.histogram.map(Output::open).transpose()?,
            leases: paths.leases.map(Output::open).transpose()?,
        })
    }

    /// Keeps a frame that passed on `interface`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn frame(
        &mut self,
        time: Timestamp,
        sent: bool,
        data: &[u8],
        interface: &str,
    ) -> Result<(), RunError> {
        let Some(writer) = &mut self.frames else { return Ok(()) };
        let frame = FrameOut {
            time: Some(time),
            precision: Precision::Nano,
            link: LinkType::ETHERNET,
            interface: Some(interface),
            data,
            original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
            direction: None,
            comment: Some(if sent { "sent" } else { "received" }),
        };
        Ok(writer.write(&frame)?)
    }

    /// Keeps leases that were bound lately: what a run that is ended by force has left is found there. At the end the file holds those
    /// that are held then, and nothing else.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn bound<F: Told>(&mut self, family: &F, held: &[Held<F::Lease>]) -> Result<(), RunError> {
        match &mut self.leases {
            Some(output) => output.append(|out| leases(family, held, out)),
            None => Ok(()),
        }
    }

    /// Writes what is known when all is over. `clocks` is any moment.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn finish<F: Told>(
        self,
        family: &F,
        tally: &Tally<F::Lease>,
        clocks: Moment,
    ) -> Result<(), RunError> {
        if let Some(mut frames) = self.frames {
            frames.flush()?;
        }
        if let Some(output) = self.histogram {
            output.write(|out| histogram::<F>(tally, clocks, out))?;
        }
        match self.leases {
            Some(output) => output.write(|out| leases(family, &tally.leases, out)),
            None => Ok(()),
        }
    }
}

impl Output {
    /// What stands there stays until there is something to write.
    fn open(path: &Path) -> Result<Self, RunError> {
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| RunError::file(path, error))?;
        let regular = file.metadata().is_ok_and(|about| about.is_file());
        Ok(Self { path: path.to_owned(), file, regular, begun: false })
    }

    /// Writes behind what was written before; nothing to a pipe or a device, which cannot take it back.
    fn append(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RunError> {
        if !self.regular {
            return Ok(());
        }
        let emptied = if std::mem::replace(&mut self.begun, true) { Ok(()) } else { self.file.set_len(0) };
        let mut bytes = Vec::new();
        let written = emptied.and_then(|()| write(&mut bytes)).and_then(|()| (&self.file).write_all(&bytes));
        written.map_err(|error| RunError::file(&self.path, error))
    }

    /// Writes this and nothing else.
    fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), RunError> {
        let emptied =
            if self.regular { self.file.set_len(0).and_then(|()| (&self.file).rewind()) } else { Ok(()) };
        let mut out = BufWriter::new(self.file);
        let written = emptied.and_then(|()| write(&mut out)).and_then(|()| out.flush());
        written.map_err(|error| RunError::file(&self.path, error))
    }
}

fn histogram<F: Told>(tally: &Tally<F::Lease>, clocks: Moment, out: &mut dyn Write) -> io::Result<()> {
    let delays = &tally.delays;
    let fixed = [
        ("offer", &delays.offer),
        ("ack", &delays.ack),
        ("total", &delays.total),
        ("scheduled", &delays.scheduled),
    ];
    let kinds = Kind::ALL.into_iter().zip(&delays.kinds);
    let kinds = kinds.filter_map(|(kind, delay)| Some((F::kind_name(kind), delay.as_deref()?)));
    let all = fixed.into_iter().chain(kinds).map(|(name, delay)| (name, delay.histogram()));
    write_log(out, clocks.time_at(tally.start), tally.elapsed(), all)
}

/// Leases as `release --lease` reads them.
fn leases<F: Told>(family: &F, leases: &[Held<F::Lease>], out: &mut dyn Write) -> io::Result<()> {
    leases.iter().try_for_each(|held| object::write_line(&family.line(held), out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::load::Lease4;
    use crate::wire::Mac;

    #[test]
    fn leases_are_written_as_release_reads_them() {
        let lease = Lease4 {
            address: [10, 0, 0, 50],
            server: [10, 0, 0, 1],
            server_mac: [2, 0, 0, 0, 0, 9],
            lease_time: 3600,
        };
        let held = Held { number: 0, mac: Mac([2, 0, 0, 0, 0, 1]), lease };
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            path.path(),
            "what stood there before, and longer than what will stand there\n".repeat(9),
        )
        .unwrap();
        let mut output = Output::open(path.path()).unwrap();
        let family = crate::engine::load::tests::family();
        let lines = || std::fs::read_to_string(path.path()).unwrap().lines().count();
        for bound in 1..=3 {
            output.append(|out| leases(&family, &[held], out)).unwrap();
            assert_eq!(lines(), bound, "each as it comes, without what stood there");
        }
        output.write(|out| leases(&family, &[held], out)).unwrap();
        let read = std::fs::read_to_string(path.path()).unwrap();
        let wanted = r#"{"type":"lease","outcome":"ack","client":{"mac":"02:00:00:00:00:01"},"server_id":"10.0.0.1","source_mac":"02:00:00:00:00:09","address":"10.0.0.50","lease_time":3600,"relay":null}"#;
        assert_eq!(read, format!("{wanted}\n"));
    }

    #[test]
    fn what_cannot_be_written_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let Err(failure) = Output::open(&folder.path().join("no/such")) else { panic!("it was opened") };
        assert!(failure.to_string().contains("no/such"));
        let Err(_) = Output::open(folder.path()) else { panic!("a folder is no file") };
    }
}
