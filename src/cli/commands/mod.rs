//! One file per subcommand: its arguments (whose doc comments are the help) and the function that runs it.

pub mod completions;
pub mod decode;
pub mod lab;
pub mod options;
