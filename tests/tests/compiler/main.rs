//! The compiler's process beside a charger at work, with the real program: it is
//! killed, it takes memory and time, its charger goes.

mod greedy;
mod stage;

use std::path::Path;
use std::time::{Duration, Instant};

use plugpoint_tests::charger::{Memory, component};
use plugpoint_tests::tell;
use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};
use serde_json::Value;

use stage::{Compiling, LARGE, SLOT, SMALL, Stage};

/// Whoever takes so much, compiles: three times the largest component, and a third of
/// what that takes in the end.
const BUSY_KIB: u64 = 100 * 1024;

#[test]
fn a_compiler_that_is_killed_costs_the_charger_nothing() {
    let stage = Stage::charging();
    let before = stage.charger.slot(SLOT);
    let (job, compiling) = stage.install(LARGE);
    assert_eq!(compiling.parent(), Some(stage.charger.process().id()));
    compiling.kill();
    let job = stage.charger.wait_ended(job, "refused");
    assert_eq!(
        job["error"],
        format!("the compiler was ended by signal 9 while compiling {LARGE}")
    );
    assert_goes_on(&stage, &before, &job);

    // The next one is taken, and shuts no door.
    let (job, _) = stage.install(SMALL);
    let job = stage.charger.wait_swapped(job);
    assert_eq!(stage.charger.slot(SLOT)["hash"], job["version"]["hash"]);
    assert_eq!(stage.charger.connector(1)["contactor"], "closed");
}

#[test]
fn a_component_that_takes_too_much_memory_is_refused_and_the_charger_goes_on() {
    let stage = Stage::charging();
    let before = stage.charger.slot(SLOT);
    let wasm = greedy::greedy(Stage::wasm(SMALL));
    let job = stage.charger.install(SLOT, &wasm, None, "");
    let job = stage.charger.wait_ended(job.expect("a job"), "refused");
    assert_eq!(
        job["error"],
        format!("the compiler ran out of memory (limit 768 MiB) while compiling {SMALL}")
    );
    assert_goes_on(&stage, &before, &job);
}

/// The version before is in the slot and has not failed, the car charges, and nothing
/// is left of what was refused.
fn assert_goes_on(stage: &Stage, before: &Value, job: &Value) {
    assert!(stage.charger.is_alive());
    assert_eq!(stage.charger.connector(1)["contactor"], "closed");
    let after = stage.charger.slot(SLOT);
    assert_eq!(after["hash"], before["hash"]);
    assert_eq!(after["restarts"], before["restarts"]);
    stage.assert_no_image_of(job);
}

#[test]
fn nothing_goes_on_compiling_when_the_charger_is_gone() {
    // So that we are told how it ends.
    set_child_subreaper(Some(getpid())).expect("to inherit orphans");
    let mut stage = Stage::charging();
    for in_good_order in [false, true] {
        let (job, compiling) = stage.install(LARGE);
        let version = stage
            .charger
            .wait_job(job, "a version", |job| job["version"]["hash"].is_string());
        compiling.wait_busy();
        if in_good_order {
            stage.stop();
        } else {
            stage.kill();
        }
        assert_eq!(compiling.ended_by(), Some(9), "it went on");
        stage.start();
        assert_ne!(
            stage.charger.slot(SLOT)["hash"],
            version["version"]["hash"],
            "it was never installed"
        );
        stage.assert_no_image_of(&version);
    }
}

/// On one core it takes less memory; at a start there may be nothing to go on with.
#[test]
fn a_start_tries_once_more() {
    let (site, _central, config) = stage::place();
    let file = component(LARGE).expect("a component");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let config = config
        .set("charge_point.state_dir", text(&site.state_dir()))
        .set("components.policy", text(&file));
    let process = site.launch(&config).expect("a process");
    let first = stage::wait_compiling(&process, LARGE, 1);
    first.kill();
    let second = stage::wait_compiling(&process, LARGE, 2);
    assert_eq!(second.parent(), Some(process.id()));
    second.kill();
    let status = process.wait_end(Duration::from_secs(60)).expect("an end");
    assert_eq!(status.code(), Some(2));
    let printed = process.printed();
    let last = printed.iter().find(|line| line.starts_with("plugpoint: "));
    let words = format!("the compiler was ended by signal 9 while compiling {LARGE}");
    assert!(last.is_some_and(|it| it.contains(&words)), "{printed:#?}");
}

#[test]
fn a_start_a_shadow_and_a_preflight_compile_there_too() {
    let stage = Stage::cold();
    for name in ["guest-ocpp", "guest-policy"] {
        stage.wait_compiling(name);
    }
    let wasm = Stage::wasm(SMALL);
    let charger = &stage.charger;
    let path = format!("/v1/components/{SLOT}/preflight");
    let job = charger.control().post_bytes(&path, &[], &wasm);
    let job = job.expect("a job")["job"].as_u64().expect("a number");
    stage.wait_compiling(SMALL);
    charger.wait_job(job, "an end", |job| job["done"] == true);
    let wasm = Stage::wasm("opening-hours");
    let job = charger.install(SLOT, &wasm, None, "shadow=true");
    charger.wait_ended(job.expect("a job"), "committed");
    stage.wait_compiling("opening-hours");
    // Whatever was compiled, was compiled there.
    let printed = charger.process().printed();
    let count = |words: &str| printed.iter().filter(|line| line.contains(words)).count();
    assert_eq!(count(" compiler started "), count(" compiled "));
    assert_eq!(count(" compiled "), 4);
}

/// The largest that the examples have: CPython.
#[test]
fn the_charger_answers_and_stays_small_while_the_largest_is_compiled() {
    let stage = Stage::charging();
    let charger = &stage.charger;
    let process = charger.process().id();
    let before = Memory::of(process).expect("a process");
    let (job, compiling) = stage.install(LARGE);
    let begin = Instant::now();
    let mut slowest = [Duration::ZERO; 2];
    let mut answers = 0;
    let mut compiler = 0;
    let ended: Value = loop {
        compiler = compiling.peak_kib().unwrap_or(0).max(compiler);
        let mut answer = Value::Null;
        for (path, slowest) in ["/v1/status", "/v1/components"].iter().zip(&mut slowest) {
            let asked = Instant::now();
            answer = charger.control().get(path).expect("an answer");
            *slowest = asked.elapsed().max(*slowest);
            answers += 1;
        }
        let jobs = answer["installations"].as_array().expect("a list");
        let found = jobs.iter().find(|it| it["id"] == job).expect("the job");
        if found["state"] != "compiling" {
            break found.clone();
        }
        assert!(begin.elapsed() < Duration::from_secs(900), "{found:#}");
        std::thread::sleep(Duration::from_millis(20));
    };
    let took = begin.elapsed();
    assert!(answers > 10, "it was asked while it compiled");
    charger.wait_swapped(ended["id"].as_u64().expect("a number"));
    assert_eq!(charger.connector(1)["contactor"], "closed");
    let after = Memory::of(process).expect("a process");
    let peak = stage::peak_kib(process).expect("a process");
    tell(&format!(
        "{LARGE} compiled in {:.1} s; of {answers} answers the slowest took {:.1} ms (status) and {:.1} ms \
         (components); the charger's PSS was {} KiB before and {} KiB after; at most {peak} KiB were \
         resident in it, and {compiler} KiB in the compiler",
        took.as_secs_f64(),
        slowest[0].as_secs_f64() * 1e3,
        slowest[1].as_secs_f64() * 1e3,
        before.pss_kib,
        after.pss_kib,
    ));
    assert!(
        peak < compiler,
        "the compiler's memory is not the charger's"
    );
}

impl Compiling {
    /// SIGKILL, as the system does it when memory is short.
    fn kill(&self) {
        let status = std::process::Command::new("kill")
            .arg("-KILL")
            .arg(self.process.to_string())
            .status();
        assert!(status.expect("kill").success());
    }

    /// Waits until it has read the component and is at work.
    fn wait_busy(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.peak_kib().expect("it is there") < BUSY_KIB {
            assert!(Instant::now() < end, "it does not compile");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end of one whose charger is gone; the signal that ended it.
    fn ended_by(&self) -> Option<i32> {
        let process = Pid::from_raw(self.process.cast_signed());
        let ended = waitpid(process, WaitOptions::empty()).expect("an orphan of ours");
        let (_, status) = ended.expect("an end");
        status.terminating_signal()
    }
}
