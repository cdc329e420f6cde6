//! A report as one HTML page that needs nothing beside it, for the screen (light
//! and dark) and for paper.

use super::keys::Agreement;
use super::markdown::{MEASURED_HOW, agreement, compared_with, first_line, result, shown, spread};
use super::measure::Kind;
use super::report::{Functionality, Report};
use crate::run::{Verdict, Word};

const STYLE: &str = include_str!("report.css");

/// The whole page.
pub fn html(report: &Report) -> String {
    let it = &report.identity;
    let product = format!("{} {}", it.vendor, it.model);
    let passed = report.problems().is_empty();
    let sections = [
        identification(report),
        problems(report),
        functionalities(report),
        performance(report),
        features(report),
        keys(report),
        cases(report),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <p class=\"kind\">OCPP 1.6 conformance report</p>\n<h1>{title}</h1>\n\
         <p class=\"seal {class}\">{result}</p>\n</header>\n<main>\n{sections}</main>\n\
         <footer>Made by Plugpoint's own suite in the form of a certificate's abstract. It is no \
         certificate: those are issued by the Open Charge Alliance.</footer>\n</body>\n</html>\n",
        title = escaped(&product),
        class = if passed { "good" } else { "bad" },
        result = escaped(&result(report)),
        sections = sections.concat(),
    )
}

fn identification(report: &Report) -> String {
    let it = &report.identity;
    let compared = compared_with(report);
    let rows = [
        ("Vendor", &it.vendor),
        ("Model", &it.model),
        ("Firmware", &it.firmware),
        ("Program", &it.build),
        ("Suite", &it.suite),
        ("Date", &it.date),
        ("Compared with", &compared),
    ];
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, value)| row(&[head(name), cell(value)]))
        .collect();
    section("Identification", &table("pairs", &[], &rows))
}

fn problems(report: &Report) -> String {
    let problems = report.problems();
    if problems.is_empty() {
        return String::new();
    }
    let items: String = problems
        .iter()
        .map(|it| format!("<li>{}</li>\n", escaped(it)))
        .collect();
    section(
        "To be mended",
        &format!("<ul class=\"bad\">\n{items}</ul>\n"),
    )
}

fn functionalities(report: &Report) -> String {
    let rows: Vec<_> = report
        .functionalities
        .iter()
        .map(|it| {
            let applicable = it.verdicts.iter().filter(|v| v.word != Word::NotApplicable);
            let count = format!("{} of {}", applicable.count(), it.verdicts.len());
            row(&[cell(&it.name), cell(&count), verdict_of(it)])
        })
        .collect();
    let head = ["Functionality", "Cases that apply", "Result"];
    section("Functionalities", &table("", &head, &rows))
}

fn verdict_of(functionality: &Functionality) -> String {
    match functionality.result() {
        Word::Passed => badge("pass", "good"),
        Word::NotApplicable => badge("not applicable", "quiet"),
        Word::Failed | Word::Untested => badge("fail", "bad"),
    }
}

fn performance(report: &Report) -> String {
    let rows: Vec<_> = report
        .performance()
        .iter()
        .map(|it| {
            row(&[
                cell(&it.name),
                cell(&it.limit),
                cell(&it.seed),
                cell(&it.ours),
                cell(&it.target),
                match it.over_target {
                    true => badge("over target", "bad"),
                    false => badge("met", "good"),
                },
            ])
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
    let content = [
        table("", &head, &rows),
        times("From the last stimulus", &report.measured.triggered),
        times("Responses", &report.measured.responses),
        format!("<p class=\"note\">{}</p>\n", escaped(MEASURED_HOW)),
    ];
    section("Performance", &content.concat())
}

fn times(title: &str, kinds: &[Kind]) -> String {
    let rows: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let cells: Vec<_> = spread(kind).iter().map(|it| cell(it)).collect();
            row(&cells)
        })
        .collect();
    let head = [title, "count", "p50, ms", "p99, ms", "max, ms"];
    table("numbers", &head, &rows)
}

fn features(report: &Report) -> String {
    let rows: Vec<_> = report
        .features
        .iter()
        .map(|it| row(&[head(&it.name), cell(&it.value)]))
        .collect();
    section("Hardware feature set", &table("pairs", &[], &rows))
}

fn keys(report: &Report) -> String {
    let rows: Vec<_> = report
        .keys
        .iter()
        .map(|it| {
            let class = match it.agrees {
                Agreement::Same | Agreement::Alone => "quiet",
                Agreement::Explained | Agreement::Beyond => "fair",
                Agreement::Differs | Agreement::Unexplained => "bad",
            };
            row(&[
                format!("<td><code>{}</code></td>", escaped(&it.name)),
                cell(&shown(&it.listed)),
                cell(&shown(&it.live)),
                badge(agreement(it.agrees), class),
                cell(it.note.as_deref().unwrap_or_default()),
            ])
        })
        .collect();
    let head = ["Key", "Certificate", "Live", "", "Why"];
    section("Configuration keys", &table("keys", &head, &rows))
}

fn cases(report: &Report) -> String {
    let tables: String = report
        .functionalities
        .iter()
        .map(|it| {
            let rows: Vec<_> = it.verdicts.iter().map(case).collect();
            let head = ["Case", "Name", "Verdict", "Took", "Why"];
            format!(
                "<h3>{}</h3>\n{}",
                escaped(&it.name),
                table("", &head, &rows)
            )
        })
        .collect();
    section("Cases", &tables)
}

fn case(verdict: &Verdict) -> String {
    let class = match verdict.word {
        Word::Passed => "good",
        Word::NotApplicable => "quiet",
        Word::Failed | Word::Untested => "bad",
    };
    let why = verdict.why.as_deref();
    let mut reason = escaped(first_line(why));
    if !verdict.word.is_good()
        && let Some(why) = why
    {
        let story = escaped(why);
        reason = format!(
            "{reason}<details><summary>What happened</summary><pre>{story}</pre></details>"
        );
    }
    row(&[
        format!("<td><code>{}</code></td>", verdict.case.number),
        cell(verdict.case.name),
        badge(verdict.word.shown(), class),
        cell(&format!("{:.1} s", verdict.took.as_secs_f64())),
        format!("<td>{reason}</td>"),
    ])
}

fn section(title: &str, content: &str) -> String {
    format!(
        "<section>\n<h2>{}</h2>\n{content}</section>\n",
        escaped(title)
    )
}

fn table(class: &str, heads: &[&str], rows: &[String]) -> String {
    let heads: String = heads
        .iter()
        .map(|it| format!("<th>{}</th>", escaped(it)))
        .collect();
    let head = match heads.is_empty() {
        true => String::new(),
        false => format!("<thead><tr>{heads}</tr></thead>\n"),
    };
    let body = rows.concat();
    format!(
        "<div class=\"wide\"><table class=\"{class}\">\n{head}<tbody>\n{body}</tbody>\n</table></div>\n"
    )
}

fn row(cells: &[String]) -> String {
    format!("<tr>{}</tr>\n", cells.concat())
}

fn head(text: &str) -> String {
    format!("<th scope=\"row\">{}</th>", escaped(text))
}

fn cell(text: &str) -> String {
    format!("<td>{}</td>", escaped(text))
}

fn badge(text: &str, class: &str) -> String {
    format!(
        "<td><span class=\"badge {class}\">{}</span></td>",
        escaped(text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_from_a_station_is_markup() {
        assert_eq!(
            escaped("<script>\"&\"</script>"),
            "&lt;script&gt;&quot;&amp;&quot;&lt;/script&gt;"
        );
    }
}
