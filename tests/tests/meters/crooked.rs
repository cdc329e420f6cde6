//! Meters that misbehave in every way. The register is watched all the time: it
//! never says anything but what the meter has counted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plugpoint_tests::charger::Charger;
use plugpoint_tests::hardware::Pty;
use plugpoint_tests::hardware::crooked_meter::{CrookedMeter, Manner, PLAIN_MAP};

use crate::stage::{charger, expect_failed, expect_fresh, rtu, tcp};

/// Plays with a charger while its register is watched.
fn watched(charger: &Charger, allowed: &[f64], play: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let register = charger.connector(1)["register_wh"].clone();
                let known = register.as_f64().is_none_or(|wh| allowed.contains(&wh));
                assert!(known, "{register} Wh was never on the meter");
            }
        });
        // Also if the play ends with a panic.
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(play));
        done.store(true, Ordering::Relaxed);
        if let Err(panic) = played {
            std::panic::resume_unwind(panic);
        }
        watch.join().expect("no wrong value");
    });
}

/// Right, then in this manner, then right again.
fn check(meter: &CrookedMeter, charger: &Charger, cases: &[(Manner, &str)]) {
    // A word of a register of 65,536,001 that is read alone is 1000 or 1.
    let mut wh = 65_536_001;
    let mut allowed = vec![f64::from(wh)];
    allowed.extend((1..=cases.len()).map(|n| f64::from(wh + n as u32)));
    watched(charger, &allowed, || {
        expect_fresh(charger, f64::from(wh));
        for (manner, words) in cases {
            println!("{manner:?}");
            meter.behave(*manner);
            expect_failed(charger, words, f64::from(wh));
            wh += 1;
            meter.set(wh);
            meter.behave(Manner::Right);
            expect_fresh(charger, f64::from(wh));
        }
    });
}

#[test]
fn tcp_in_every_wrong_way() {
    let meter = CrookedMeter::tcp(65_536_001).expect("a meter");
    let (_site, charger) = charger(PLAIN_MAP, |map| tcp(meter.place(), map));
    check(
        &meter,
        &charger,
        &[
            (Manner::Silent, "no answer within 300 ms"),
            (Manner::Garbage, "garbled"),
            (Manner::BrokenFrame, "garbled"),
            (Manner::Exception(2), "exception 2 (illegal data address)"),
            (Manner::Exception(6), "exception 6 (device busy)"),
            (Manner::OtherUnit, "answer to something else"),
            (Manner::OtherFunction, "answer to something else"),
            (Manner::OldTransaction, "answer to something else"),
            (Manner::TooShort, "answer to something else"),
            (Manner::TooLong, "answer to something else"),
            (Manner::CutShort, "closed in an answer, after 9 bytes"),
            (Manner::Closes, "closed in an answer, after 0 bytes"),
            (
                Manner::Late(Duration::from_millis(450)),
                "no answer within 300 ms",
            ),
        ],
    );
}

/// On a serial line a meter that failed is left alone for 2 s, so the cases are
/// shared by some chargers at once.
fn rtu_check(cases: &[(Manner, &str)]) {
    let meter = CrookedMeter::rtu(65_536_001, Pty::new().expect("a line"));
    let (_site, charger) = charger(PLAIN_MAP, |map| rtu(meter.place(), map));
    check(&meter, &charger, cases);
}

#[test]
fn rtu_that_falls_silent() {
    rtu_check(&[
        (Manner::Silent, "no answer within 300 ms"),
        (Manner::CutShort, "garbled answer (4 bytes"),
        // The answer comes when nobody waits any more, and is no later one's.
        (
            Manner::Late(Duration::from_millis(900)),
            "no answer within 300 ms",
        ),
    ]);
}

#[test]
fn rtu_with_noise_and_broken_frames() {
    rtu_check(&[
        (Manner::Garbage, "garbled answer (6 bytes"),
        (Manner::BrokenFrame, "garbled answer (9 bytes"),
        (Manner::Exception(4), "exception 4 (device failure)"),
    ]);
}

#[test]
fn rtu_that_answers_something_else() {
    rtu_check(&[
        (Manner::OtherUnit, "answer to something else"),
        (Manner::OtherFunction, "answer to something else"),
        (Manner::TooShort, "answer to something else"),
        (Manner::TooLong, "answer to something else"),
    ]);
}

#[test]
fn noise_before_a_frame_does_no_harm() {
    let meter = CrookedMeter::rtu(1000, Pty::new().expect("a line"));
    let (_site, charger) = charger(PLAIN_MAP, |map| rtu(meter.place(), map));
    watched(&charger, &[1000.0, 1001.0], || {
        expect_fresh(&charger, 1000.0);
        meter.behave(Manner::NoiseFirst);
        meter.set(1001);
        expect_fresh(&charger, 1001.0);
    });
}

#[test]
fn a_register_that_goes_back_is_a_fault() {
    let meter = CrookedMeter::tcp(5000).expect("a meter");
    let (_site, charger) = charger(PLAIN_MAP, |map| tcp(meter.place(), map));
    watched(&charger, &[5000.0, 5001.0], || {
        expect_fresh(&charger, 5000.0);
        meter.set(4000);
        expect_failed(&charger, "energy went back from 5000 to 4000 Wh", 5000.0);
        meter.set(5001);
        expect_fresh(&charger, 5001.0);
    });
}

#[test]
fn a_register_that_wraps_goes_on_if_the_map_says_so() {
    let wraps = format!("{PLAIN_MAP}wraps = true\n");
    let before = u32::MAX - 10;
    let meter = CrookedMeter::tcp(before).expect("a meter");
    let (_site, charger) = charger(&wraps, |map| tcp(meter.place(), map));
    let (last, after) = (f64::from(before), 4_294_967_296.0 + 20.0);
    watched(&charger, &[last, after], || {
        expect_fresh(&charger, last);
        meter.set(20);
        expect_fresh(&charger, after);
        // Far from the end it is no wrap.
        meter.set(10);
        expect_failed(&charger, "energy went back from 20 to 10 Wh", after);
    });

    let meter = CrookedMeter::tcp(before).expect("a meter");
    let (_site, charger) = crate::stage::charger(PLAIN_MAP, |map| tcp(meter.place(), map));
    watched(&charger, &[last], || {
        expect_fresh(&charger, last);
        meter.set(20);
        expect_failed(&charger, "energy went back", last);
    });
}
