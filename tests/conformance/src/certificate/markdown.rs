//! A report as Markdown.

use std::fmt::Write as _;

use super::keys::{Agreement, Told};
use super::report::Report;
use crate::run::Word;

/// The whole page.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    let it = &report.identity;
    writeln!(out, "# OCPP 1.6 conformance report\n")?;
    writeln!(
        out,
        "Made by Plugpoint's own suite in the form of a certificate's abstract. It is no certificate: \
         those are issued by the Open Charge Alliance.\n"
    )?;
    table(
        out,
        &["", ""],
        &[
            vec!["Vendor", &it.vendor],
            vec!["Model", &it.model],
            vec!["Firmware", &it.firmware],
            vec!["Program", &it.build],
            vec!["Suite", &it.suite],
            vec!["Date", &it.date],
            vec!["Compared with", &compared_with(report)],
            vec!["Result", &result(report)],
        ],
    )?;
    let problems = report.problems();
    if !problems.is_empty() {
        writeln!(out, "## To be mended\n")?;
        for problem in &problems {
            writeln!(out, "* {problem}")?;
        }
        writeln!(out)?;
    }

    writeln!(out, "## Functionalities\n")?;
    let rows: Vec<Vec<&str>> = report
        .functionalities
        .iter()
        .map(|it| {
            let result = match it.result() {
                Word::Passed => "pass",
                Word::NotApplicable => "not applicable",
                Word::Failed | Word::Untested => "FAIL",
            };
            vec![it.name.as_str(), result]
        })
        .collect();
    table(out, &["Functionality", "Result"], &rows)?;

    writeln!(out, "## Performance\n")?;
    let performance = report.performance();
    let rows: Vec<Vec<&str>> = performance
        .iter()
        .map(|it| {
            let verdict = if it.over_target { "over target" } else { "met" };
            vec![
                it.name.as_str(),
                &it.limit,
                &it.seed,
                &it.ours,
                &it.target,
                verdict,
            ]
        })
        .collect();
    let head = [
        "",
        "PICS limit",
        "Seed product, measured",
        "Ours, measured",
        "Our target",
        "",
    ];
    table(out, &head, &rows)?;
    for (title, kinds) in [
        ("From the last stimulus", &report.measured.triggered),
        ("Responses", &report.measured.responses),
    ] {
        let rows: Vec<Vec<String>> = kinds.iter().map(spread).collect();
        let rows: Vec<Vec<&str>> = borrowed(&rows);
        table(
            out,
            &[title, "count", "p50, ms", "p99, ms", "max, ms"],
            &rows,
        )?;
    }
    writeln!(out, "{}\n", MEASURED_HOW)?;

    writeln!(out, "## Hardware feature set\n")?;
    let features = report.features.iter();
    let rows: Vec<Vec<&str>> = features
        .map(|it| vec![it.name.as_str(), &it.value])
        .collect();
    table(out, &["", ""], &rows)?;

    writeln!(out, "## Configuration keys\n")?;
    let rows: Vec<Vec<String>> = report
        .keys
        .iter()
        .map(|row| {
            vec![
                row.name.clone(),
                shown(&row.listed),
                shown(&row.live),
                agreement(row.agrees).to_owned(),
                row.note.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let head = ["Key", "Certificate", "Live", "", "Why"];
    table(out, &head, &borrowed(&rows))?;

    writeln!(out, "## Cases\n")?;
    for functionality in &report.functionalities {
        writeln!(out, "### {}\n", functionality.name)?;
        let verdicts = functionality.verdicts.iter();
        let rows: Vec<Vec<String>> = verdicts
            .map(|verdict| {
                vec![
                    verdict.case.number.to_owned(),
                    verdict.case.name.to_owned(),
                    verdict.word.shown().to_owned(),
                    format!("{:.1} s", verdict.took.as_secs_f64()),
                    first_line(verdict.why.as_deref()).to_owned(),
                ]
            })
            .collect();
        let head = ["Case", "Name", "Verdict", "Took", "Why"];
        table(out, &head, &borrowed(&rows))?;
    }
    Ok(())
}

/// How the times came about.
pub const MEASURED_HOW: &str = "Times are taken at the central system's end of a real WebSocket on \
    loopback, with the simulator's usual times. A stimulus counts from before it is asked for over HTTP. \
    What a car does is not counted: a car that draws is asked to stop before the contactor opens, so \
    stops are measured with a car that pauses.";

/// The certificate that the report stands beside.
pub fn compared_with(report: &Report) -> String {
    match &report.certificate {
        Some(it) => format!(
            "{} ({}; {})",
            it.certificate.number, it.certificate.product, it.certificate.protocol
        ),
        None => "no certificate".to_owned(),
    }
}

/// The counts, and whether all is well.
pub fn result(report: &Report) -> String {
    let word = if report.problems().is_empty() {
        "PASS"
    } else {
        "FAIL"
    };
    format!(
        "{word}: {} cases passed, {} failed, {} could not be tested, {} not applicable",
        report.count(Word::Passed),
        report.count(Word::Failed),
        report.count(Word::Untested),
        report.count(Word::NotApplicable)
    )
}

/// What comes of comparing a key, in words.
pub fn agreement(agrees: Agreement) -> &'static str {
    match agrees {
        Agreement::Same => "same",
        Agreement::Explained => "differs, as it must",
        Agreement::Differs => "DIFFERS",
        Agreement::Beyond => "ours only",
        Agreement::Unexplained => "OURS ONLY, WITHOUT A REASON",
        Agreement::Alone => "",
    }
}

/// A row of times.
pub fn spread(kind: &super::measure::Kind) -> Vec<String> {
    let it = &kind.spread;
    let ms = |value: f64| format!("{value:.2}");
    vec![
        kind.name.clone(),
        it.count.to_string(),
        ms(it.p50_ms),
        ms(it.p99_ms),
        ms(it.max_ms),
    ]
}

/// The reason of a verdict without its story.
pub fn first_line(why: Option<&str>) -> &str {
    why.and_then(|why| why.lines().next()).unwrap_or_default()
}

/// Value and access of a key.
pub fn shown(told: &Option<Told>) -> String {
    match told {
        Some(told) => format!("{} ({})", told.value, told.access),
        None => "-".to_owned(),
    }
}

fn borrowed(rows: &[Vec<String>]) -> Vec<Vec<&str>> {
    rows.iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect()
}

fn table(out: &mut String, head: &[&str], rows: &[Vec<&str>]) -> std::fmt::Result {
    let line = |cells: &[&str]| {
        let cells: Vec<_> = cells.iter().map(|it| it.replace('|', "\\|")).collect();
        format!("| {} |", cells.join(" | "))
    };
    writeln!(out, "{}", line(head))?;
    writeln!(out, "|{}", "---|".repeat(head.len()))?;
    for row in rows {
        writeln!(out, "{}", line(row))?;
    }
    writeln!(out)
}
