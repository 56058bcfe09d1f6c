//! Text files that the user names, read with a bound: what never ends (`/dev/zero`) is refused, not kept.

use std::io::{self, Read};
use std::path::Path;

use crate::capture;

/// Bytes of the longest list, policy or state that is read.
pub const MOST: u64 = 64 << 20;

/// Reads the text at `path`, `-` for standard input, when it has at most `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<String> {
    bounded(capture::raw(path)?, most)
}

/// Reads the text of `input` when it has at most `most` bytes.
pub fn bounded(input: impl Read, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        let text = format!("it is longer than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_refused() {
        let error = read(Path::new("/dev/zero"), 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 1 MiB");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [0x61; 10]).unwrap();
        assert_eq!(read(file.path(), 10).unwrap(), "aaaaaaaaaa");
        assert!(read(file.path(), 9).is_err());
        std::fs::write(file.path(), [0xff]).unwrap();
        assert_eq!(read(file.path(), 10).unwrap_err().to_string(), "it is not text");
    }
}
