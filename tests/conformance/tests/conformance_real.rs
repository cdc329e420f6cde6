//! Every case of the conformance suite against the real program, over a real
//! WebSocket and in real time: on each kind of station that is built, with and
//! without amnesia. Many at once, since they wait most of the time.

use std::collections::BTreeMap;
use std::time::Instant;

use plugpoint_conformance::Cable;
use plugpoint_conformance::cases::CASES;
use plugpoint_conformance::charger::Config;
use plugpoint_conformance::process::{ProcessStation, Setup};
use plugpoint_conformance::run::{self, Job, Verdict, Word};
use plugpoint_conformance::tell;

/// So many programs run at the same time.
const AT_ONCE: usize = 12;

#[test]
fn all_cases_on_all_stations() {
    let began = Instant::now();
    let stations = stations();
    let (_, first) = &stations[0];
    ProcessStation::warm_up(first).expect("a station");
    let all = || stations.iter();
    // Case by case, so that long ones of different stations run side by side.
    let jobs = CASES
        .iter()
        .flat_map(|case| all().map(move |(name, setup)| Job::on_process(case, name, setup)));
    let verdicts = run::run(jobs.collect(), AT_ONCE, |_| {});
    for (name, _) in &stations {
        let mine: Vec<_> = verdicts.iter().filter(|v| v.station == *name).collect();
        assert_eq!(mine.len(), CASES.len(), "a case was left out: {name}");
        tell_of(name, &mine);
    }
    let passed = verdicts.iter().filter(|v| v.word == Word::Passed).count();
    tell(&format!(
        "{passed} runs passed on the real program in {:.0} s",
        began.elapsed().as_secs_f64()
    ));
    let bad: Vec<_> = verdicts.iter().filter(|v| !v.word.is_good()).collect();
    assert!(
        bad.is_empty(),
        "{} are not passed:\n{}",
        bad.len(),
        bad.iter().map(|v| shown(v)).collect::<String>()
    );
    for case in CASES {
        let applies = |v: &&Verdict| v.case.number == case.number && v.word == Word::Passed;
        let where_it_does = verdicts.iter().find(applies);
        assert!(where_it_does.is_some(), "{} applies nowhere", case.number);
    }
}

fn stations() -> Vec<(String, Setup)> {
    let mut stations = Vec::new();
    for (cable_name, cable) in [("fixed", Cable::Fixed), ("socket", Cable::Socket)] {
        for (count_name, count) in [("one connector", 1), ("two connectors", 2)] {
            for (memory, amnesia) in [("", false), (", amnesia", true)] {
                let setup = match cable {
                    Cable::Fixed => Setup::new(count, cable),
                    // With the simulated installer, which reboots.
                    Cable::Socket => {
                        let config = Config::new("ws://127.0.0.1/").sockets(count);
                        Setup::of(config.set("installer.command", Vec::<String>::new()))
                    }
                };
                let setup = setup.amnesia(amnesia);
                stations.push((format!("{cable_name}, {count_name}{memory}"), setup));
            }
        }
    }
    // How it is refused what only a profile can do.
    let core_only = Config::new("ws://127.0.0.1/").ocpp("SupportedFeatureProfiles", "Core");
    stations.push(("Core only".to_owned(), Setup::of(core_only.connectors(1))));
    stations
}

fn tell_of(name: &str, verdicts: &[&Verdict]) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for verdict in verdicts.iter().filter(|v| v.word == Word::NotApplicable) {
        let why = verdict.why.as_deref().unwrap_or("no reason is given");
        reasons.entry(why).or_default().push(verdict.case.number);
    }
    let passed = verdicts.iter().filter(|v| v.word == Word::Passed).count();
    let beside: usize = reasons.values().map(Vec::len).sum();
    tell(&format!(
        "{name}: {passed} of {} cases passed, {beside} do not apply",
        verdicts.len()
    ));
    for (why, numbers) in reasons {
        tell(&format!("    {}: {why}", numbers.join(", ")));
    }
}

fn shown(verdict: &Verdict) -> String {
    let why = verdict.why.as_deref().unwrap_or_default();
    let transcript = verdict.transcript.as_deref().unwrap_or_default();
    format!(
        "\n{} {} on {}: {why}\n{transcript}",
        verdict.word.shown(),
        verdict.case.number,
        verdict.station
    )
}
