//! `quarterdeck-agent`.

fn main() -> std::process::ExitCode {
    qd_agent::cli::main()
}
