//! Where a page goes, whatever stands there.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::run::files;

/// Where the page goes.
pub(super) enum Place {
    /// Standard output.
    Output,
    /// A file, which is replaced when the page is whole: whatever ends it before, an old page stays what it is.
    File(PathBuf),
    /// A pipe or a device.
    Open(File, PathBuf),
    /// A file that is written anew in its place, for it would be another's if it were replaced, or nothing may be created beside it.
    Old(File, PathBuf),
}

impl Place {
    /// The place of this name, which is made where it is not there.
    pub(super) fn of(output: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = output else { return Ok(Self::Output) };
        let path = target(path);
        let about = match fs::metadata(&path) {
            Ok(about) => about,
            // It leads to itself.
            Err(error) if path.is_symlink() => {
                return Err(Failure::could_not_run(format_args!(
                    "cannot create {}: {error}",
                    path.display()
                )));
            }
            Err(_) => {
                files::can_replace(&path)?;
                return Ok(Self::File(path));
            }
        };
        if !about.is_file() {
            let file = File::create(&path).map_err(|error| {
                Failure::could_not_run(format_args!("cannot create {}: {error}", path.display()))
            })?;
            return Ok(Self::Open(file, path));
        }
        let replaced = files::can_replace(&path);
        if matches!(replaced, Ok(true)) {
            return Ok(Self::File(path));
        }
        // What the page was before stays until the new one is whole.
        match (File::options().write(true).open(&path), replaced) {
            (Ok(file), _) => Ok(Self::Old(file, path)),
            (Err(_), replaced) => replaced.map(|_| Self::File(path)).map_err(Failure::from),
        }
    }

    /// Writes the page.
    pub(super) fn take(self, page: &str, cx: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Output => cx.out.write(page.as_bytes())?,
            Self::File(path) => files::replace(&path, page)?,
            Self::Open(file, path) => put(file, &path, page)?,
            Self::Old(file, path) => {
                file.set_len(0).map_err(|error| cannot_write(&path, &error))?;
                put(file, &path, page)?;
            }
        }
        Ok(())
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::could_not_run(format_args!("cannot write {}: {error}", path.display()))
}

fn put(mut file: File, path: &Path, page: &str) -> Result<(), Failure> {
    file.write_all(page.as_bytes()).map_err(|error| cannot_write(path, &error))
}

/// True for a file that is standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    let place = |path: &Path| fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    // One device, such as /dev/null, takes both.
    let is_device = fs::metadata(path).is_ok_and(|about| about.file_type().is_char_device());
    !is_device && place(path).is_some_and(|found| Some(found) == place(Path::new("/dev/stdout")))
}

/// Links that are followed.
const LINKS: usize = 40;

/// What a link leads to, which is what is written, whether it is there or not.
fn target(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let mut path = path.to_owned();
    // What can be opened needs no other name: standard output as a pipe.
    let links = if path.exists() { 0 } else { LINKS };
    for _ in 0..links {
        let Ok(next) = fs::read_link(&path) else { break };
        path = files::folder(&path).join(next);
    }
    path
}
