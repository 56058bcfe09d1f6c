//! The dhcptool program.

fn main() -> std::process::ExitCode {
    dhcptool::cli::main()
}
