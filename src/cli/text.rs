//! Words of command lines, and text files that the user names, read with a bound: what never ends (`/dev/zero`) is refused, not kept.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::capture;
use crate::wire::escape::escape_line;

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

/// What a file is called in a message: its path, or standard input.
pub fn named(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// A word of a command line as a shell takes it, without a character that is not shown as it is.
pub fn shell_word(word: &OsStr) -> String {
    let bytes = word.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(byte);
    match word.to_str() {
        Some(text) if !text.is_empty() && bytes.iter().all(plain) => text.to_owned(),
        Some(text) if escape_line(text) == text => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let each = bytes.iter().map(|byte| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            });
            format!("$'{}'", each.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_words_for_what_they_were() {
        let words: [&[u8]; 9] = [
            b"eth0-a/b.pcap,c=1",
            b"",
            b"my page.html",
            b"it's $HOME `x`; rm",
            b"*?~[]",
            "Bär".as_bytes(),
            b"a\nb'c\\d\x1b[1m",
            b"\xff\xfe",
            "\u{202e}x9".as_bytes(),
        ];
        for word in words {
            let quoted = shell_word(OsStr::from_bytes(word));
            assert_eq!(escape_line(&quoted), quoted);
            let shell =
                std::process::Command::new("bash").args(["-c", &format!("printf %s {quoted}")]).output();
            let Ok(output) = shell else { return };
            assert_eq!(output.stdout, word, "{quoted}");
        }
    }

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
