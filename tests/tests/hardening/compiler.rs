//! The process that compiles what may be hostile: that it is confined while it does.

use std::time::{Duration, Instant};

use plugpoint_tests::charger::{Config, Site};

const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

#[test]
fn the_compiler_is_confined_before_it_compiles() {
    // Where nothing is compiled yet.
    let site = Site::cold().expect("a place");
    let config = Config::new(NOWHERE).set(
        "charge_point.state_dir",
        site.state_dir().to_string_lossy().into_owned(),
    );
    let process = site.launch(&config).expect("a process");
    let line = process
        .wait_line("compiler started", Duration::from_secs(20))
        .expect("a compiler");
    let pid = line.split_once("pid=").expect("its id").1;
    let pid: u32 = pid
        .split(' ')
        .next()
        .and_then(|it| it.parse().ok())
        .expect("a number");
    // Until it has ended: what was the last that the kernel said of it.
    let end = Instant::now() + Duration::from_secs(60);
    let mut confined = false;
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) {
        let says = |line: &str| status.lines().any(|it| it == line);
        confined |= says("Seccomp:\t2") && says("NoNewPrivs:\t1");
        if confined || Instant::now() > end || says("State:\tZ (zombie)") {
            break;
        }
    }
    assert!(confined, "{:#?}", process.printed());
    process
        .wait_line("control api: ", Duration::from_secs(60))
        .expect("a charger with what was compiled");
    let log = process.printed().join("\n");
    assert!(!log.contains("not fully confined: seccomp"), "{log}");
}
