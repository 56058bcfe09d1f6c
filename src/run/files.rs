//! Files that are replaced as a whole: who reads one never sees half of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::RunError;

/// Writes `path` anew. Works in a confined process too: a new file beside it is created and takes its place.
///
/// # Errors
///
/// When it cannot be written; then what stood there stays.
pub fn replace(path: &Path, text: &str) -> Result<(), RunError> {
    put(path, text).map_err(|error| RunError::file(path, error))
}

/// Finds out, before there is anything to write, whether [`replace`] can: true where what is there keeps its owner.
///
/// # Errors
///
/// When it cannot.
pub fn can_replace(path: &Path) -> Result<bool, RunError> {
    let tried = fresh(path).and_then(|(new, file)| {
        let owner = file.metadata()?.uid();
        fs::remove_file(new)?;
        Ok(fs::metadata(path).map_or(true, |old| old.uid() == owner))
    });
    tried.map_err(|error| RunError::file(path, error))
}

/// The file that is to take the place of `path`, readable by nobody who could not read the old one.
fn fresh(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    // Textfile collectors read what ends in .prom, so the ending is another one.
    name.push(".new");
    let new = path.with_file_name(name);
    let mode = match fs::metadata(path) {
        Ok(old) if old.is_file() => old.permissions().mode() & 0o777,
        // A device or a pipe would be gone.
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        // None is there, or the process is too confined to look.
        Err(_) => 0o666,
    };
    // What a killed process left behind may be in the way.
    let _ = fs::remove_file(&new);
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    Ok((new, file))
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    let (new, mut file) = fresh(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
    let renamed = written.and_then(|()| fs::rename(&new, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&new);
    }
    renamed
}

/// The folder that `path` is in.
pub fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.prom");
        fs::write(folder.path().join("x.prom.new"), "left behind").unwrap();
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let wrong = replace(&folder.path().join("no/x"), "x").unwrap_err();
        assert!(wrong.to_string().starts_with("cannot write "));
    }

    #[test]
    fn what_was_private_stays_private_and_what_is_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(can_replace(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        replace(&path, "new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let none = folder.path().join("none");
        fs::create_dir(&none).unwrap();
        assert!(can_replace(&none).is_err() && replace(&none, "x").is_err() && none.is_dir());
    }

    #[test]
    fn a_bare_name_is_here() {
        assert_eq!(folder(Path::new("x")), Path::new("."));
        assert_eq!(folder(Path::new("/a/x")), Path::new("/a"));
    }
}
