//! `certify`: runs all cases against the real program with one configuration,
//! measures it, and writes the report in the form of a certificate's abstract.
//! `cargo xtask certify` builds the program first. It knows files and options;
//! what is run and compared is in `plugpoint_conformance::certificate`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use plugpoint_conformance::Case;
use plugpoint_conformance::cases::CASES;
use plugpoint_conformance::certificate::html::html;
use plugpoint_conformance::certificate::listed::Certificate;
use plugpoint_conformance::certificate::markdown::{markdown, result};
use plugpoint_conformance::certificate::measure::Amount;
use plugpoint_conformance::certificate::report::{Plan, Report};
use plugpoint_conformance::process::Setup;
use plugpoint_terminal::{complain, say};

/// A report in the form of a certificate's abstract. The exit code is 1 if a
/// case fails, a key differs without a stated reason, or a time is over target.
#[derive(Debug, Parser)]
#[command(name = "certify", version)]
struct Options {
    /// The station's configuration; its `[ocpp]` section is what the station
    /// comes from the factory with.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The certificate to compare with; without it, the one that has the name
    /// of the configuration, if there is one.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Where report.md, report.html and report.json go.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which build of the program this is, for the report.
    #[arg(long, default_value = "unknown build")]
    build: String,
    /// Only this case; may be given several times.
    #[arg(long, value_name = "TC_003")]
    case: Vec<String>,
    /// So many cases at once.
    #[arg(long, default_value_t = 12)]
    at_once: usize,
    /// So many CALLs are measured.
    #[arg(long, default_value_t = Amount::default().calls)]
    calls: usize,
    /// So many remote starts are measured.
    #[arg(long, default_value_t = Amount::default().remote_starts)]
    remote_starts: usize,
    /// So many whole sessions are measured.
    #[arg(long, default_value_t = Amount::default().sessions)]
    sessions: usize,
}

fn main() -> ExitCode {
    match perform(&Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            complain!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn perform(options: &Options) -> anyhow::Result<ExitCode> {
    let setup = Setup::read(&options.config)?;
    let plan = Plan {
        setup: &setup,
        certificate: certificate(options)?,
        cases: cases(&options.case)?,
        at_once: options.at_once,
        amount: Amount {
            calls: options.calls,
            remote_starts: options.remote_starts,
            sessions: options.sessions,
        },
        build: options.build.clone(),
    };
    let report = Report::make(plan, |verdict| {
        say!("{:<11} {}", verdict.word.shown(), verdict.case.number);
    })?;
    let page = options.out.join("report.html");
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make {}", options.out.display()))?;
    write(&options.out.join("report.md"), &markdown(&report))?;
    write(&page, &html(&report))?;
    let json = serde_json::to_string_pretty(&report)?;
    write(&options.out.join("report.json"), &json)?;

    say!("\n{}", result(&report));
    for row in report.performance() {
        let mark = if row.over_target { "  OVER TARGET" } else { "" };
        say!("  {}: {} ({}){mark}", row.name, row.ours, row.target);
    }
    let problems = report.problems();
    for problem in &problems {
        say!("  to be mended: {problem}");
    }
    say!("{}", page.display());
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn certificate(options: &Options) -> anyhow::Result<Option<Certificate>> {
    if let Some(file) = &options.certificate {
        return Certificate::read(file).map(Some);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
    let name = options.config.file_name().unwrap_or_default();
    let file = folder.join(name);
    match file.is_file() {
        true => Certificate::read(&file).map(Some),
        false => Ok(None),
    }
}

fn cases(numbers: &[String]) -> anyhow::Result<Vec<&'static Case>> {
    if numbers.is_empty() {
        return Ok(CASES.iter().collect());
    }
    let find = |number: &String| Case::find(number).with_context(|| format!("no case {number}"));
    numbers.iter().map(find).collect()
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
