//! Where frames are kept (`--write`): refusals that come before anything is touched.

use std::path::Path;

use crate::cli::exit::Failure;
use crate::cli::stream::View;

/// The view beside a capture that goes to `write`: standard output is either a capture or packets, never both.
pub fn view_beside(write: Option<&Path>, view: View) -> Result<View, Failure> {
    match (write.is_some_and(|path| path.as_os_str() == "-"), view) {
        (false, view) => Ok(view),
        (true, View::Json) => {
            Err(Failure::usage("--write - and --json both want standard output; write the capture to a file"))
        }
        (true, View::Rows) => Err(Failure::usage(
            "--write - and flat rows both want standard output; write the capture to a file",
        )),
        (true, _) => Ok(View::Nothing),
    }
}

/// Refuses to write onto a file that is read: it would be emptied first.
pub fn refuse_own_input<'a>(
    write: Option<&Path>,
    inputs: impl Iterator<Item = &'a Path>,
) -> Result<(), Failure> {
    let Some(path) = write else { return Ok(()) };
    let Some(output) = identity(path) else { return Ok(()) };
    for input in inputs {
        let input = if input.as_os_str() == "-" { Path::new("/dev/stdin") } else { input };
        if identity(input) == Some(output) {
            return Err(Failure::usage(format_args!(
                "{} is read and would be written at once; choose another file for --write",
                path.display()
            )));
        }
    }
    Ok(())
}

/// What makes two paths the same regular file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((about.dev(), about.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognised_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&file, "x").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let refused =
            |write: &Path, input: &Path| refuse_own_input(Some(write), std::iter::once(input)).is_err();
        assert!(refused(&file, &file) && refused(&link, &file) && refused(&file, &link));
        assert!(!refused(&folder.path().join("c"), &file));
        assert!(!refused(Path::new("/dev/null"), Path::new("/dev/null")));
    }

    #[test]
    fn standard_output_is_a_capture_or_packets() {
        let dash = Some(Path::new("-"));
        assert_eq!(view_beside(dash, View::Line).unwrap(), View::Nothing);
        assert!(view_beside(dash, View::Json).is_err());
        assert_eq!(view_beside(Some(Path::new("x")), View::Json).unwrap(), View::Json);
    }
}
