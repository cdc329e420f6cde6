//! Many transactions made offline, a power cut, and a slow central system that
//! now and then fails on a message: everything is told, once, in order and to
//! the Wh. A smaller number than `cargo xtask bench` takes; the figures are
//! printed, not judged.

use plugpoint_tests::backlog::{self, Plan};
use plugpoint_tests::tell;

fn delivered(plan: &Plan) {
    match backlog::run(plan) {
        Ok(figures) => tell(&figures.to_string()),
        Err(error) => panic!("{error:#}"),
    }
}

#[test]
fn a_backlog_is_delivered_after_a_power_cut() {
    delivered(&Plan::of(200));
}

#[test]
fn a_backlog_is_delivered_after_a_power_cut_with_amnesia() {
    delivered(&Plan {
        amnesia: true,
        ..Plan::of(60)
    });
}
