//! Policies that misbehave: found on the desk by `component test`, and no harm
//! on a running charger.

use std::time::{Duration, Instant};

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, component};
use plugpoint_tests::tell;

use serde_json::json;

use crate::kit::{component_command, steps, text, tried};

/// A script with one question, in a file.
fn script(token: &str, expect: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a place");
    let path = folder.path().join("script.toml");
    let step = format!("[[step]]\nsay = \"it\"\ndecide = {{ token = \"{token}\" }}\n{expect}\n");
    std::fs::write(&path, step.repeat(2)).expect("a file");
    (folder, path)
}

#[track_caller]
fn check(token: &str, expect: &str, words: &str) {
    let file = component("bad-policy").expect("a component");
    let (_folder, script) = script(token, expect);
    let (code, report) = tried(&file, &script, &["--decisions", "1"]);
    assert_eq!(code, Some(1), "{token}: {report:#}");
    let told: Vec<String> = steps(&report)
        .map(|step| format!("{} {} {}", step["verdict"], step["why"], step["complaint"]))
        .collect();
    assert!(
        told.iter().any(|told| told.contains(words)),
        "{token}: {told:#?}"
    );
}

#[test]
fn what_fails_is_told() {
    check("BAD-LOOP", "", "its time was up");
    check("BAD-TRAP", "", "as ordered");
    check("BAD-BLOAT", "", "memory");
    check("BAD-FLOOD", "", "actions");
}

#[test]
fn another_verdict_than_expected_is_told() {
    check(
        "GOOD",
        "expect = { verdict = \"accept\" }",
        "expected accept",
    );
    check(
        "GOOD",
        "expect = { verdict = \"pass\", why = \"ill\" }",
        "expected \\\"ill\\\"",
    );
}

#[test]
fn what_remembers_outside_of_entries_is_told() {
    check("BAD-MEMORY", "", "belongs into entries");
}

#[test]
fn a_policy_is_tried_without_a_script_too() {
    let file = text(&component("guest-policy").expect("a component"));
    let ended = component_command(&["test", &file, "--decisions", "20"]);
    let printed = ended.printed();
    assert_eq!(ended.code, Some(0), "{printed}");
    for word in ["size", "memory", "decision", "start", "well"] {
        assert!(printed.contains(word), "no {word:?} in {printed}");
    }
}

#[test]
fn a_script_that_is_wrong_is_refused_with_its_line() {
    let file = text(&component("bad-policy").expect("a component"));
    for (step, words) in [
        ("[[step]]\nsay = 1", "line 2"),
        ("[[step]]\ndecide = { tokn = \"A\" }", "tokn"),
        (
            "[[step]]\nsay = \"nothing\"",
            "no step asks for a decision or tells of a session",
        ),
        (
            "[[step]]\nat = \"soon\"\ndecide = {}",
            "step[0]: expected a time",
        ),
        (
            "[[step]]\ndecide = {}\n[[step]]\nexpect = { verdict = \"pass\" }",
            "step[1]",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a place");
        let path = folder.path().join("script.toml");
        std::fs::write(&path, step).expect("a file");
        let ended = component_command(&["test", &file, "--script", &text(&path)]);
        let printed = ended.printed();
        assert_eq!(ended.code, Some(2), "{printed}");
        assert!(printed.contains(words), "no {words:?} in {printed}");
        assert!(printed.contains("script.toml"), "{printed}");
    }
}

#[test]
fn a_protocol_component_is_no_policy() {
    let file = text(&component("toy-protocol").expect("a component"));
    let ended = component_command(&["test", &file]);
    assert_eq!(ended.code, Some(2), "{}", ended.printed());
    assert!(
        ended.printed().contains("protocol component"),
        "{}",
        ended.printed()
    );
}

/// A card on which the first policy of the chain fails: the next one decides, at
/// most the budget later, and the protocol goes on meanwhile.
#[test]
fn a_policy_that_fails_delays_a_decision_by_its_budget_and_nothing_else() {
    const BUDGET: Duration = Duration::from_millis(1500);
    for (token, failure) in [
        ("BAD-LOOP", "its time was up"),
        ("BAD-TRAP", "as ordered"),
        ("BAD-BLOAT", "memory"),
        ("BAD-FLOOD", "actions"),
    ] {
        fails_and_is_passed(token, failure, BUDGET);
    }
}

fn fails_and_is_passed(token: &str, failure: &str, budget: Duration) {
    let central = CentralSystem::start().expect("a central system");
    let file = component("bad-policy").expect("a component");
    let config = Config::new(central.url())
        .policy("bad", Some(&file), "pass")
        .policy_limit("event_ms", budget.as_millis() as i64)
        .policy("standard", None, "pass");
    let (_site, charger) = Charger::start(&config).expect("a charger");
    central.expect_any("BootNotification");
    central.expect_status(1, "Available");
    let since = Instant::now();
    charger.control().card(token).expect("a card");
    // While the policy hangs, the central system is answered as ever.
    let asked = Instant::now();
    central
        .call("GetConfiguration", json!({"key": ["HeartbeatInterval"]}))
        .expect("an answer");
    let answered = asked.elapsed();
    central.expect("Authorize", |p| p["idTag"] == token);
    let decided = since.elapsed();
    tell(&format!(
        "{token:>10}: decided after {decided:?}, the central system was answered after {answered:?}"
    ));
    assert!(answered < budget, "{token}: answered after {answered:?}");
    let status = charger.wait_status("a decision about it", |status| {
        let decisions = status["decisions"].to_string();
        decisions.contains(token) && decisions.contains(failure)
    });
    let components = status["components"].as_array().cloned().unwrap_or_default();
    let bad = components.iter().find(|it| it["slot"] == "policy/bad");
    let bad = bad.unwrap_or_else(|| panic!("{status:#}"));
    assert!(bad["last_failure"].to_string().contains(failure), "{bad:#}");
    assert!(charger.is_alive());
}
