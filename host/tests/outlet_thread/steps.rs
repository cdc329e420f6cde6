//! Steps of a permit: each takes effect at its time, with no component at work.

use plugpoint::outlet::Moment;
use plugpoint::outlet::rules::Clamp;
use plugpoint::wit::protocol::Step;

use super::*;

/// A planned reduction has to reach the pilot within this.
const BOUND: Duration = Duration::from_millis(50);
/// Between two steps.
const PACE_MS: u64 = 15;
/// Steps of one permit.
const STEPS: usize = 50;

/// What the pilot offered, from when on.
type Offers = Arc<Mutex<Vec<(Instant, u32)>>>;

/// A car that always asks for energy, and a pilot that notes what it offers.
struct Pilot {
    offers: Offers,
    contactor: ContactorState,
}

impl OutletDriver for Pilot {
    fn facts(&mut self, _: Moment) -> Facts {
        Facts {
            pilot: PilotState::C,
            plugged: true,
            lock: LockState::None,
            lock_ended: 0,
            contactor: self.contactor,
            current: None,
            faults: Vec::new(),
            emergency_stop: false,
        }
    }

    fn apply(&mut self, _: Moment, outputs: &Outputs) {
        self.contactor = outputs.contactor;
        let mut offers = self.offers.lock().expect("a lock");
        if offers
            .last()
            .is_none_or(|(_, ma)| *ma != outputs.offered_ma)
        {
            offers.push((Instant::now(), outputs.offered_ma));
        }
    }
}

fn pilot() -> (Charger, Offers) {
    let offers = Offers::default();
    let noted = offers.clone();
    let outlet = OutletSettings {
        driver: DriverSettings::Other(Box::new(move |_| {
            Ok(Fittings {
                driver: Box::new(Pilot {
                    offers: noted,
                    contactor: ContactorState::Open,
                }),
                meter: None,
            })
        })),
        ..sim_outlet(1, Cable::Fixed)
    };
    (start(vec![outlet], &SimOptions::default()), offers)
}

impl Charger {
    /// A permit of 32 A, and steps to this and then to 200 mA less each time; when each is
    /// due.
    fn plan(&self, first_ma: u32, pace_ms: u64, steps: usize) -> Vec<(Instant, u32)> {
        let (begin, begin_ms) = (Instant::now(), Clock::new(true).stamp().monotonic_ms);
        let ahead = |step: usize| 100 + pace_ms * step as u64;
        let limit = |step: usize| first_ma - 200 * step as u32;
        self.permit(Permit {
            steps: (0..steps)
                .map(|step| Step {
                    at_ms: begin_ms + ahead(step),
                    limit_ma: limit(step),
                    limit_w: None,
                })
                .collect(),
            ..permit(32_000)
        });
        let due = |step| (begin + Duration::from_millis(ahead(step)), limit(step));
        (0..steps).map(due).collect()
    }

    fn wait_offer(&self, ma: u32) {
        self.wait_until("an offer", |state| state.offered_ma == ma);
    }
}

/// How late each step was, of those that were seen. None may be early.
fn late(charger: &Charger, offers: &Offers, first_ma: u32) -> Vec<Duration> {
    let due = charger.plan(first_ma, PACE_MS, STEPS);
    charger.wait_offer(due.last().map_or(0, |(_, ma)| *ma));
    let offered = std::mem::take(&mut *offers.lock().expect("a lock"));
    let seen = |ma| {
        let found = offered.iter().find(|(_, offered)| *offered == ma);
        found.map(|(seen, _)| *seen)
    };
    due.into_iter()
        // Where the machine held up the thread past the next one, only that is seen.
        .filter_map(|(at, ma)| Some((at, ma, seen(ma)?)))
        .map(|(at, ma, seen)| {
            // Stamps are whole milliseconds.
            assert!(seen + Duration::from_millis(2) >= at, "{ma} mA too early");
            seen.saturating_duration_since(at)
        })
        .collect()
}

/// What else runs on this machine may hold up a thread for longer than the bound, so
/// half of them have to keep it here; how late each was is printed.
#[test]
fn a_hundred_reductions_reach_the_pilot_in_time_without_a_component() {
    let (charger, offers) = pilot();
    charger.outlets.guest_healthy(false);
    let mut late: Vec<Duration> = [31_800, 31_700]
        // No two of them end alike: the end of the first is no sign of the second's.
        .into_iter()
        .flat_map(|first_ma| late(&charger, &offers, first_ma))
        .collect();
    late.sort();
    println!("of 100 reductions: {late:?}");
    assert!(late.len() > STEPS, "{} of 100 were seen", late.len());
    assert!(late[STEPS] < BOUND, "{late:?}");
    charger.outlets.shutdown();
}

#[test]
fn a_step_of_the_clock_without_a_component_leaves_the_lowest_limit_that_was_planned() {
    let (charger, _) = pilot();
    let begin_ms = Clock::new(true).stamp().monotonic_ms;
    let steps = [(60_000, 10_000), (120_000, 7_000), (180_000, 25_000)];
    let steps = steps.map(|(ahead, limit_ma)| Step {
        at_ms: begin_ms + ahead,
        limit_ma,
        limit_w: None,
    });
    charger.permit(Permit {
        steps: steps.into(),
        ..permit(32_000)
    });
    charger.wait_offer(32_000);
    let shown = charger.state().permit.expect("a permit");
    assert_eq!(shown.steps, steps);
    charger.outlets.clock_stepped();
    charger.wait_offer(7_000);
    let shown = charger.state().permit.expect("a permit");
    assert_eq!((shown.limit_ma, shown.steps.len()), (7_000, 0));
    // A component that is at work again says what it had planned.
    charger.permit(permit(20_000));
    charger.wait_offer(20_000);
    charger.outlets.shutdown();
}

/// What is said of a session takes effect at its time, in the thread alone.
#[test]
fn what_is_said_of_a_session_takes_effect_at_its_time_without_a_component() {
    let (charger, _) = pilot();
    charger.outlets.guest_healthy(false);
    let begin_ms = Clock::new(true).stamp().monotonic_ms;
    let clamp = Clamp {
        by: "fleet".to_owned(),
        limit_ma: Some(10_000),
        not_before_ms: Some(begin_ms + 200),
        until_ms: Some(begin_ms + 500),
        ..Clamp::default()
    };
    charger.outlets.clamp(1, 7, vec![clamp]);
    charger.permit(permit(32_000));
    charger.wait_until("no offer", |state| {
        state.offered_ma == 0 && state.permit.is_some()
    });
    charger.wait_offer(10_000);
    charger.wait_offer(0);
    charger.outlets.clamp(1, 7, Vec::new());
    charger.wait_offer(32_000);
    charger.outlets.shutdown();
}

/// The component hears of it: what it reports of the outlet depends on the offer.
#[test]
fn a_step_is_told_with_the_permit_as_it_is_since_then() {
    let (mut charger, _) = pilot();
    charger.plan(31_800, 10, 1);
    let event = charger.outlet_event(OutletChange::Permit);
    let permit = event.state.permit.expect("a permit");
    assert_eq!((permit.limit_ma, permit.steps.len()), (31_800, 0));
    assert_eq!(event.state.offered_ma, 31_800);
    charger.outlets.shutdown();
}
