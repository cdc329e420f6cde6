//! Nobody reads any more: `plugpoint … | head`. No command panics over it, and no
//! charger ends.

use std::io::pipe;
use std::process::Stdio;
use std::time::{Duration, Instant};

use plugpoint_tests::charger::{Charger, Config, Site, component};

use crate::tool::{plugpoint, run};

/// A pipe whose reader has gone.
fn closed() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn a_command_whose_reader_has_gone_ends_as_if_it_had_been_read() {
    let policy = component("guest-policy").expect("a component");
    let policy = policy.to_string_lossy();
    let bad = component("bad-import").expect("a component");
    let bad = bad.to_string_lossy();
    for (words, code) in [
        (&["component", "inspect", &policy][..], 0),
        (&["component", "inspect", "--json", &policy], 0),
        (&["component", "inspect", &bad], 1),
        (&["component", "test", &policy, "--decisions", "1"], 0),
        (&["completions", "bash"], 0),
        (&["--help"], 0),
        (&["component", "inspect", "no-such-file"], 2),
    ] {
        let ended = run(plugpoint(words).stdout(closed()));
        assert_eq!(ended.code, Some(code), "{words:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        let status = plugpoint(words).stdout(closed()).stderr(closed()).status();
        assert_eq!(status.expect("an end").code(), Some(code), "{words:?}");
    }
}

#[test]
fn a_disk_that_is_full_is_said() {
    let policy = component("guest-policy").expect("a component");
    let policy = policy.to_string_lossy();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("the full disk of Linux");
    let ended = run(plugpoint(&["component", "inspect", &policy]).stdout(full));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("cannot write to standard output"),
        "{}",
        ended.stderr
    );
}

#[test]
fn commands_that_go_on_for_ever_end_with_their_reader() {
    let (_site, charger) = Charger::start(&Config::new("ws://127.0.0.1:9/")).expect("a charger");
    let url = charger.control().url();
    for words in [&["status", "--watch"][..], &["events", "--follow"]] {
        let mut command = plugpoint(words);
        let mut child = command
            .env("PLUGPOINT_CONTROL", url)
            .stdout(closed())
            .spawn()
            .expect("a command");
        let end = Instant::now() + Duration::from_secs(60);
        let status = loop {
            // An event makes `events` write, and so find that nobody reads.
            charger.control().card("04A1B2C3").expect("a card");
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < end, "{words:?} goes on");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(status.code(), Some(0), "{words:?}");
    }
}

#[test]
fn a_charger_runs_on_when_nobody_reads_its_log() {
    let site = Site::new().expect("a place");
    let socket = site.file("control.sock");
    let at = format!("unix:{}", socket.display());
    let config = Config::new("ws://127.0.0.1:9/")
        .set(
            "charge_point.state_dir",
            site.state_dir().to_string_lossy().into_owned(),
        )
        .set("control.listen", at.as_str());
    let file = site.file("charger.toml");
    std::fs::write(&file, config.to_text()).expect("a file");
    let mut charger = plugpoint(&["run", "--config", &file.to_string_lossy()])
        .env("RUST_LOG", "trace")
        .stdout(closed())
        .stderr(closed())
        .spawn()
        .expect("a charger");
    let end = Instant::now() + Duration::from_secs(60);
    let mut answers = 0;
    // More than once: the log goes on all the time.
    while answers < 5 {
        assert_eq!(charger.try_wait().expect("a child"), None, "it has ended");
        assert!(Instant::now() < end, "it does not answer");
        let ended = run(&mut plugpoint(&[
            "sim",
            "card",
            "04A1B2C3",
            "--control",
            &at,
        ]));
        answers += u32::from(ended.code == Some(0));
    }
    charger.kill().expect("its end");
    charger.wait().expect("its end");
}
