//! The program: parse, run, one line of error, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    oc_lettings::cli::main()
}
