//! `conformance`: the suite as a program, for whoever has a charge point. What
//! it does is in `docs/conformance.md`; here are only its options and its words.

mod options;
mod tell;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use plugpoint_conformance::attached::AttachedStation;
use plugpoint_conformance::cases::CASES;
use plugpoint_conformance::native::Native;
use plugpoint_conformance::run::{self, Job, Verdict};
use plugpoint_conformance::{Case, process};
use plugpoint_terminal::{complain, say};

use options::{Cli, Run, Task};

fn main() -> ExitCode {
    match perform(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            complain!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn perform(cli: Cli) -> anyhow::Result<ExitCode> {
    let run = match cli.task {
        Task::List => {
            tell::list();
            return Ok(ExitCode::SUCCESS);
        }
        Task::Run(run) => run,
    };
    let cases = chosen(&run.case)?;
    let verdicts = if run.control.is_some() {
        on_a_stranger(&run, &cases)?
    } else {
        on_ours(&run, &cases)?
    };
    tell::summary(&verdicts);
    if let Some(file) = &run.json {
        tell::json(&verdicts, file)?;
    }
    let good = verdicts.iter().all(|verdict| verdict.word.is_good());
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The named cases, or all.
fn chosen(numbers: &[String]) -> anyhow::Result<Vec<&'static Case>> {
    if numbers.is_empty() {
        return Ok(CASES.iter().collect());
    }
    let find = |number: &String| {
        Case::find(number)
            .with_context(|| format!("there is no case {number}; `conformance list` names them"))
    };
    numbers.iter().map(find).collect()
}

/// The real program, or the library: a new one for each case.
fn on_ours(run: &Run, cases: &[&'static Case]) -> anyhow::Result<Vec<Verdict>> {
    let job: Box<dyn Fn(&'static Case) -> Job> = if run.native {
        let variant = run.variant();
        let label = format!("native, {}", run.label());
        Box::new(move |case| {
            let variant = variant.clone();
            Job::on(case, &label, move || Native::new(&variant))
        })
    } else {
        let setup = match run.config() {
            Some(file) => process::Setup::read(file)?,
            None => process::Setup::new(run.connectors, run.cable.into()),
        };
        let setup = setup.amnesia(run.amnesia());
        process::ProcessStation::warm_up(&setup)?;
        let label = format!("plugpoint, {}", run.label());
        Box::new(move |case| Job::on_process(case, &label, &setup))
    };
    let jobs = cases.iter().map(|case| job(case)).collect();
    Ok(run::run(jobs, run.at_once(), |verdict| {
        tell::verdict(verdict, run.transcript)
    }))
}

/// Somebody's charge point: one that takes all cases.
fn on_a_stranger(run: &Run, cases: &[&'static Case]) -> anyhow::Result<Vec<Verdict>> {
    let attachment = run.attachment()?;
    say!(
        "waiting for a charge point at {}",
        tell::where_to_dial(attachment.listen)
    );
    let mut station = AttachedStation::attach(attachment)?;
    let verdicts = run::run_on(&mut station, &run.label(), cases, |verdict| {
        tell::verdict(verdict, run.transcript)
    });
    let stubborn = station.leave()?;
    if !stubborn.is_empty() {
        say!("not as it was before: {}", stubborn.join(", "));
    }
    Ok(verdicts)
}
