//! Outlets that share a limit, in real time: with no component at work, and with a
//! meter that has gone silent.

use plugpoint::meter::{Answer, Meter, Sample};
use plugpoint::outlet::{GroupRule, GroupSettings, MeterFitter, Moment};

use super::*;

const LIMIT_MA: u32 = 32_000;

/// Answers once, since an outlet that was never read does not charge at all.
struct OnceMeter(bool);

impl Meter for OnceMeter {
    fn ask(&mut self, now: Moment) -> Answer {
        if std::mem::replace(&mut self.0, true) {
            return Answer::Silent;
        }
        Answer::Now(Sample {
            energy_mwh: 0,
            measurements: Vec::new(),
            at: now,
            register_ms: None,
            signed: None,
        })
    }
}

/// Two simulated outlets; the meter of the first goes silent.
fn pair(rule: GroupRule) -> Charger {
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let outlets = Outlets::start(
        vec![
            OutletSettings {
                meter: Some(MeterFitter::new(|_| Box::new(OnceMeter(false)))),
                ..sim_outlet(1, Cable::Fixed)
            },
            sim_outlet(2, Cable::Fixed),
        ],
        &[],
        &SafetySettings {
            groups: vec![GroupSettings {
                name: "feeder".to_owned(),
                outlets: vec![1, 2],
                rule,
            }],
            ..SafetySettings::default()
        },
        &SimOptions::default(),
        Clock::new(true),
        sender,
    )
    .expect("the outlets start");
    let bench = outlets.sim().expect("a simulation");
    Charger {
        outlets,
        bench,
        events,
    }
}

impl Charger {
    fn offers(&self) -> [u32; 2] {
        let states = self.outlets.snapshot();
        [states[0].offered_ma, states[1].offered_ma]
    }

    fn give(&self, outlet: u32, limit_ma: u32) {
        let connection = self.outlets.views()[outlet as usize - 1].connection;
        let permit = Permit {
            outlet,
            ..permit(limit_ma)
        };
        self.outlets.permit(permit, connection);
    }

    /// Waits for these offers; never do they exceed the limit on the way.
    fn wait_offers(&self, wanted: [u32; 2], limit_ma: u32) {
        let until = Instant::now() + PATIENCE;
        loop {
            let offers = self.offers();
            assert!(offers.iter().sum::<u32>() <= limit_ma, "{offers:?}");
            if offers == wanted {
                return;
            }
            assert!(Instant::now() < until, "{offers:?}, not {wanted:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_common_limit_holds_without_a_component() {
    let charger = pair(GroupRule::Limit(LIMIT_MA));
    charger.outlets.guest_healthy(false);
    charger.bench.plug(1, None, None, None).expect("plugs");
    charger.give(1, LIMIT_MA);
    charger.wait_offers([LIMIT_MA, 0], LIMIT_MA);
    charger.wait_until("it charges", |it| it.contactor == ContactorState::Closed);
    charger.bench.plug(2, None, None, None).expect("plugs");
    charger.give(2, LIMIT_MA);
    // The second asks for little before its car wants energy, then for its half.
    charger.wait_offers([16_000, 16_000], LIMIT_MA);
    let states = charger.outlets.snapshot();
    assert_eq!(states[0].limited_by, Some(Limiter::Group));
    // The first leaves: all is the second's.
    charger.bench.unplug(1).expect("no car");
    charger.wait_offers([0, LIMIT_MA], LIMIT_MA);
    assert_eq!(
        charger.outlets.snapshot()[1].limited_by,
        Some(Limiter::Installation)
    );
    charger.outlets.shutdown();
}

#[test]
fn one_at_a_time_is_the_first_until_it_has_left() {
    let charger = pair(GroupRule::OneAtATime);
    for outlet in [1, 2] {
        charger.bench.plug(outlet, None, None, None).expect("plugs");
        charger.give(outlet, 16_000);
    }
    charger.wait_offers([16_000, 0], 16_000);
    charger.wait_until("it charges", |it| it.contactor == ContactorState::Closed);
    charger.bench.unplug(1).expect("no car");
    charger.wait_offers([0, 16_000], 16_000);
    charger.outlets.shutdown();
}
