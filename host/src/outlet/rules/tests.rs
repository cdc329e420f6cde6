//! The rules in virtual time, with facts made up by hand.

use std::time::Duration;

use super::*;
use crate::wit::protocol::Cable;

const MS: Duration = Duration::from_millis(1);

fn safety() -> SafetySettings {
    SafetySettings {
        orphan_permit_life: Duration::from_secs(60),
        ..SafetySettings::default()
    }
}

/// Rules and the facts that they are fed with. The contactor follows.
struct Stand {
    rules: Rules,
    facts: Facts,
    now: Moment,
    register: u64,
    out: Outputs,
}

impl Stand {
    fn new(cable: Cable) -> Self {
        let limits = OutletLimits {
            number: 1,
            cable,
            max_current_ma: 32_000,
            phases: 3,
            ventilated: false,
        };
        Self {
            rules: Rules::new(&limits, &safety()),
            facts: Facts {
                pilot: PilotState::A,
                plugged: false,
                lock: match cable {
                    Cable::Fixed => LockState::None,
                    Cable::Socket => LockState::Unlocked,
                },
                lock_ended: 0,
                contactor: ContactorState::Open,
                current: None,
                faults: Vec::new(),
                emergency_stop: false,
            },
            now: Moment::from_nanos(1_000_000_000),
            register: 5_000_000,
            out: Outputs::SAFE,
        }
    }

    /// With a car that asks for energy, and a permit: closed.
    fn charging(cable: Cable) -> Self {
        let mut stand = Self::new(cable);
        stand.facts.pilot = PilotState::C;
        stand.facts.plugged = true;
        if cable == Cable::Socket {
            stand.facts.lock = LockState::Locked;
        }
        stand.permit(16_000);
        stand.draw(16_000);
        assert_eq!(stand.out.contactor, ContactorState::Closed);
        stand
    }

    fn step(&mut self) -> Outputs {
        self.out = self.rules.step(self.now, &self.facts, Some(self.register));
        self.facts.contactor = self.out.contactor;
        self.out
    }

    fn pass(&mut self, time: Duration) -> Outputs {
        self.now = self.now.after(time);
        if let Some(flow) = &mut self.facts.current {
            flow.at = self.now;
        }
        self.step()
    }

    fn draw(&mut self, ma: u32) {
        self.facts.current = Some(crate::outlet::Flow { ma, at: self.now });
    }

    fn permit_with(&mut self, change: impl FnOnce(&mut Permit)) {
        let mut permit = Permit {
            outlet: 1,
            limit_ma: 16_000,
            phases: 3,
            energy_limit_wh: None,
            session: 1,
        };
        change(&mut permit);
        self.rules.permit(self.now, &permit);
        self.step();
    }

    fn permit(&mut self, limit_ma: u32) {
        self.permit_with(|permit| permit.limit_ma = limit_ma);
    }

    fn lock(&mut self, id: u32, locked: bool) -> Vec<(u32, LockState)> {
        let order = LockMove {
            id,
            outlet: 1,
            locked,
        };
        self.rules.move_lock(self.now, &order, &self.facts);
        self.step();
        self.rules.take_lock_answers()
    }

    #[track_caller]
    fn is(&self, contactor: ContactorState, offered_ma: u32) {
        assert_eq!(
            (self.out.contactor, self.out.offered_ma),
            (contactor, offered_ma)
        );
    }
}

fn fault() -> Fault {
    Fault {
        kind: FaultKind::GroundFailure,
        text: String::new(),
    }
}

type Obstacle = (&'static str, fn(&mut Stand));

/// Everything that keeps a contactor open, each by itself.
const OBSTACLES: [Obstacle; 11] = [
    ("no permit", |s| s.rules.revoke()),
    ("pilot A", |s| s.facts.pilot = PilotState::A),
    ("pilot B", |s| s.facts.pilot = PilotState::B),
    ("pilot D without ventilation", |s| {
        s.facts.pilot = PilotState::D;
    }),
    ("pilot E", |s| s.facts.pilot = PilotState::E),
    ("pilot F", |s| s.facts.pilot = PilotState::F),
    ("a fault", |s| s.facts.faults.push(fault())),
    ("emergency stop", |s| s.facts.emergency_stop = true),
    ("not plugged", |s| s.facts.plugged = false),
    ("lock open", |s| s.facts.lock = LockState::Unlocked),
    ("mains gone", |s| s.rules.mains(false)),
];

#[test]
fn each_obstacle_keeps_the_contactor_open() {
    for (name, obstruct) in OBSTACLES {
        let mut stand = Stand::new(Cable::Socket);
        stand.facts.pilot = PilotState::C;
        stand.facts.plugged = true;
        stand.facts.lock = LockState::Locked;
        stand.rules.permit(
            stand.now,
            &Permit {
                outlet: 1,
                limit_ma: 16_000,
                phases: 3,
                energy_limit_wh: None,
                session: 1,
            },
        );
        obstruct(&mut stand);
        for _ in 0..100 {
            let out = stand.pass(100 * MS);
            assert_eq!(out.contactor, ContactorState::Open, "{name}");
        }
    }
}

#[test]
fn each_obstacle_but_a_revoked_permit_opens_at_once() {
    for (name, obstruct) in OBSTACLES.into_iter().skip(1) {
        let mut stand = Stand::charging(Cable::Socket);
        obstruct(&mut stand);
        assert_eq!(stand.step().contactor, ContactorState::Open, "{name}");
    }
}

#[test]
fn ventilation_where_there_is_some() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.ventilated = true;
    stand.facts.pilot = PilotState::D;
    assert_eq!(stand.step().contactor, ContactorState::Closed);
}

#[test]
fn energy_is_offered_before_the_car_asks_but_not_without_lock() {
    let mut stand = Stand::new(Cable::Socket);
    stand.facts.pilot = PilotState::B;
    stand.facts.plugged = true;
    stand.permit(16_000);
    stand.is(ContactorState::Open, 0);
    stand.facts.lock = LockState::Locked;
    stand.step();
    stand.is(ContactorState::Open, 16_000);
}

#[test]
fn a_revoked_permit_signals_first_and_opens_at_zero_current() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.revoke();
    stand.step();
    stand.is(ContactorState::Closed, 0);
    stand.pass(500 * MS);
    stand.is(ContactorState::Closed, 0);
    stand.draw(100);
    stand.pass(MS);
    stand.is(ContactorState::Open, 0);
}

#[test]
fn a_current_measured_before_the_signal_is_no_zero_current() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.draw(0);
    let measured = stand.facts.current;
    stand.rules.revoke();
    stand.step();
    for _ in 0..100 {
        stand.now = stand.now.after(10 * MS);
        stand.facts.current = measured;
        assert_eq!(stand.step().contactor, ContactorState::Closed);
    }
}

#[test]
fn a_car_that_goes_on_drawing_is_cut_off_at_the_bound() {
    for current in [true, false] {
        let mut stand = Stand::charging(Cable::Fixed);
        if !current {
            stand.facts.current = None;
        }
        stand.rules.revoke();
        stand.step();
        stand.pass(2_999 * MS);
        stand.is(ContactorState::Closed, 0);
        let wake = stand.rules.wake_at(stand.now);
        assert_eq!(wake, Some(stand.now.after(MS)));
        stand.pass(MS);
        stand.is(ContactorState::Open, 0);
    }
}

#[test]
fn a_limit_of_zero_keeps_the_permit_and_comes_back() {
    for limit in [0, 1, 5_999] {
        let mut stand = Stand::charging(Cable::Fixed);
        stand.permit(limit);
        stand.is(ContactorState::Closed, 0);
        stand.draw(0);
        stand.pass(20 * MS);
        stand.is(ContactorState::Open, 0);
        assert_eq!(
            stand.rules.permit_in_force().map(|p| p.limit_ma),
            Some(limit)
        );
        stand.permit(6_000);
        stand.is(ContactorState::Closed, 6_000);
    }
}

#[test]
fn a_permit_given_while_letting_go_goes_on() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.revoke();
    stand.step();
    stand.permit(10_000);
    stand.is(ContactorState::Closed, 10_000);
}

#[test]
fn a_permit_is_cut_to_the_installation() {
    let mut stand = Stand::charging(Cable::Fixed);
    for (phases, expected) in [(0, 1), (1, 1), (2, 1), (3, 3), (200, 3)] {
        stand.permit_with(|permit| {
            permit.limit_ma = 80_000;
            permit.phases = phases;
        });
        let permit = stand.rules.permit_in_force().expect("a permit");
        assert_eq!((permit.limit_ma, permit.phases), (32_000, expected));
    }
}

#[test]
fn phases_are_not_switched_under_load() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.permit_with(|permit| permit.phases = 1);
    assert_eq!((stand.out.phases, stand.out.offered_ma), (3, 0));
    assert_eq!(stand.out.contactor, ContactorState::Closed);
    stand.draw(0);
    stand.pass(20 * MS);
    assert_eq!(stand.out.contactor, ContactorState::Open);
    stand.pass(MS);
    assert_eq!((stand.out.phases, stand.out.offered_ma), (1, 16_000));
    assert_eq!(stand.out.contactor, ContactorState::Closed);
}

#[test]
fn the_energy_limit_counts_from_the_first_permit_of_the_session() {
    let mut stand = Stand::charging(Cable::Fixed);
    let limit = |stand: &mut Stand, wh, session| {
        stand.permit_with(|permit| {
            permit.energy_limit_wh = Some(wh);
            permit.session = session;
        });
    };
    limit(&mut stand, 10, 1);
    stand.register += 6_000;
    stand.step();
    limit(&mut stand, 10, 1);
    stand.register += 3_999;
    stand.step();
    assert!(!stand.rules.is_spent());
    let acts = stand.rules.own_acts();
    stand.register += 1;
    stand.step();
    assert!(stand.rules.is_spent());
    assert_eq!(stand.rules.own_acts(), acts + 1);
    stand.is(ContactorState::Closed, 0);
    stand.draw(0);
    stand.pass(20 * MS);
    stand.is(ContactorState::Open, 0);
    // More of it, and another session.
    limit(&mut stand, 11, 1);
    stand.is(ContactorState::Closed, 16_000);
    stand.register += 1_000;
    stand.step();
    assert!(stand.rules.is_spent());
    limit(&mut stand, 10, 2);
    assert!(!stand.rules.is_spent());
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn a_register_that_goes_back_gives_no_energy_back() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.permit_with(|permit| permit.energy_limit_wh = Some(10));
    stand.register += 9_000;
    stand.step();
    stand.register = 0;
    stand.step();
    stand.register += 1_000;
    stand.step();
    assert!(stand.rules.is_spent());
}

#[test]
fn an_orphan_permit_lives_only_so_long() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.guest_healthy(stand.now, true);
    stand.pass(Duration::from_secs(3_600));
    stand.is(ContactorState::Closed, 16_000);
    stand.rules.guest_healthy(stand.now, false);
    assert_eq!(
        stand.rules.wake_at(stand.now),
        Some(stand.now.after(Duration::from_secs(60)))
    );
    let acts = stand.rules.own_acts();
    stand.pass(Duration::from_secs(59));
    stand.is(ContactorState::Closed, 16_000);
    stand.pass(Duration::from_secs(1));
    stand.is(ContactorState::Closed, 0);
    assert_eq!(stand.rules.permit_in_force(), None);
    assert_eq!(stand.rules.own_acts(), acts + 1);
    stand.pass(Duration::from_secs(3));
    stand.is(ContactorState::Open, 0);
}

#[test]
fn a_guest_that_is_well_now_and_then_does_not_keep_an_orphan_alive() {
    let mut stand = Stand::charging(Cable::Fixed);
    // 9 s ill, 1 s well: 8 s of the life are gone each time.
    for _ in 0..7 {
        stand.rules.guest_healthy(stand.now, false);
        stand.pass(Duration::from_secs(9));
        stand.rules.guest_healthy(stand.now, true);
        stand.pass(Duration::from_secs(1));
    }
    stand.is(ContactorState::Closed, 16_000);
    stand.rules.guest_healthy(stand.now, false);
    stand.pass(Duration::from_secs(9));
    assert_eq!(stand.rules.permit_in_force(), None);
}

#[test]
fn a_new_permit_gives_the_orphan_its_whole_life() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.guest_healthy(stand.now, false);
    stand.pass(Duration::from_secs(59));
    stand.permit(16_000);
    stand.pass(Duration::from_secs(59));
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn the_lock_lets_go_only_once_the_contactor_is_open() {
    let mut stand = Stand::charging(Cable::Socket);
    assert_eq!(stand.lock(1, false), []);
    assert_eq!(stand.out.lock, None);
    stand.rules.revoke();
    stand.pass(500 * MS);
    assert_eq!(
        (stand.out.contactor, stand.out.lock),
        (ContactorState::Closed, None)
    );
    stand.draw(0);
    stand.pass(20 * MS);
    assert_eq!(
        (stand.out.contactor, stand.out.lock),
        (ContactorState::Open, None)
    );
    stand.pass(MS);
    assert_eq!(stand.out.lock.map(|order| order.locked), Some(false));
    stand.pass(50 * MS);
    stand.facts.lock_ended = 1;
    stand.facts.lock = LockState::Unlocked;
    stand.pass(MS);
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Unlocked)]);
}

#[test]
fn a_welded_contactor_keeps_the_plug_locked() {
    let mut stand = Stand::charging(Cable::Socket);
    stand.rules.revoke();
    stand.lock(1, false);
    for _ in 0..100 {
        stand.pass(100 * MS);
        stand.facts.contactor = ContactorState::Closed;
        assert_eq!(stand.out.lock, None);
    }
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Locked)]);
    assert_eq!(
        stand.rules.faults(&stand.facts)[0].kind,
        FaultKind::ContactorFailure
    );
}

#[test]
fn an_unlock_under_a_permit_is_answered_after_the_bound() {
    let mut stand = Stand::charging(Cable::Socket);
    stand.lock(1, false);
    stand.pass(5_999 * MS);
    assert_eq!(stand.rules.take_lock_answers(), []);
    stand.pass(MS);
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Locked)]);
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn while_the_lock_lets_go_the_contactor_cannot_close() {
    let mut stand = Stand::charging(Cable::Socket);
    stand.rules.revoke();
    stand.draw(0);
    stand.step();
    stand.pass(20 * MS);
    stand.lock(1, false);
    assert!(stand.out.lock.is_some());
    // The feedback still says "locked".
    stand.permit(16_000);
    stand.is(ContactorState::Open, 0);
}

#[test]
fn a_motor_that_never_ends_has_failed() {
    let mut stand = Stand::new(Cable::Socket);
    stand.facts.plugged = true;
    stand.lock(1, true);
    stand.pass(2_999 * MS);
    assert_eq!(stand.rules.take_lock_answers(), []);
    stand.pass(MS);
    assert_eq!(stand.rules.take_lock_answers(), [(1, LockState::Failed)]);
    assert_eq!(stand.rules.lock_state(&stand.facts), LockState::Failed);
}

#[test]
fn orders_to_the_lock_that_need_no_motor() {
    let mut stand = Stand::new(Cable::Fixed);
    assert_eq!(stand.lock(1, true), [(1, LockState::None)]);
    assert_eq!(stand.lock(2, false), [(2, LockState::None)]);
    let mut stand = Stand::new(Cable::Socket);
    assert_eq!(stand.lock(3, false), [(3, LockState::Unlocked)]);
    // Nothing to lock.
    assert_eq!(stand.lock(4, true), [(4, LockState::Unlocked)]);
    assert_eq!(stand.out.lock, None);
}

#[test]
fn an_order_that_overtakes_another_answers_it() {
    let mut stand = Stand::charging(Cable::Socket);
    assert_eq!(stand.lock(1, false), []);
    assert_eq!(
        stand.lock(2, true),
        [(1, LockState::Locked), (2, LockState::Locked)]
    );
}

#[test]
fn a_contactor_that_does_not_close_is_a_fault_until_the_car_is_gone() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.facts.contactor = ContactorState::Open;
    stand.now = stand.now.after(MS);
    stand.step();
    stand.facts.contactor = ContactorState::Open;
    stand.pass(500 * MS);
    stand.is(ContactorState::Open, 0);
    stand.pass(Duration::from_secs(3_600));
    stand.is(ContactorState::Open, 0);
    assert_eq!(
        stand.rules.faults(&stand.facts)[0].kind,
        FaultKind::ContactorFailure
    );
    stand.facts.pilot = PilotState::A;
    stand.step();
    assert_eq!(stand.rules.faults(&stand.facts), []);
}

#[test]
fn a_flapping_pilot_opens_each_time_and_closes_ever_more_rarely() {
    let mut stand = Stand::charging(Cable::Fixed);
    let mut closings = 0;
    for _ in 0..6_000 {
        stand.facts.pilot = PilotState::B;
        stand.pass(5 * MS);
        assert_eq!(stand.out.contactor, ContactorState::Open);
        stand.facts.pilot = PilotState::C;
        stand.pass(5 * MS);
        closings += u32::from(stand.out.contactor == ContactorState::Closed);
    }
    assert!(
        (5..=12).contains(&closings),
        "{closings} closings in a minute"
    );
    // Another session owes nothing to that.
    stand.permit_with(|permit| permit.session = 2);
    stand.is(ContactorState::Closed, 16_000);
}

#[test]
fn the_end_opens_at_zero_current_or_without_waiting() {
    let mut stand = Stand::charging(Cable::Fixed);
    stand.rules.close_down();
    stand.step();
    stand.is(ContactorState::Closed, 0);
    stand.rules.open_now();
    stand.step();
    stand.is(ContactorState::Open, 0);
}

/// xorshift64*: the same numbers from the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

/// Random facts and orders; what must hold, holds after each step.
#[test]
fn whatever_happens_a_closed_contactor_has_all_its_reasons() {
    for seed in 1..=200 {
        let mut dice = Dice(seed);
        let cable = [Cable::Fixed, Cable::Socket][dice.roll(2) as usize];
        let mut stand = Stand::charging(cable);
        let mut mains = true;
        let mut since_no_current = None;
        let mut before = stand.out;
        let mut permit_limit = 16_000;
        for _ in 0..400 {
            match dice.roll(16) {
                0..=4 => {
                    use PilotState::{A, B, C, D, E, F};
                    stand.facts.pilot = [C, C, C, B, A, D, E, F][dice.roll(8) as usize];
                    stand.facts.plugged = stand.facts.pilot != A || dice.roll(2) == 0;
                }
                5 => stand.facts.faults = vec![fault(); usize::from(dice.roll(4) == 0)],
                6 => stand.facts.emergency_stop = dice.roll(4) == 0,
                7 => {
                    mains = dice.roll(4) != 0;
                    stand.rules.mains(mains);
                }
                8 | 9 => {
                    permit_limit = [0, 6_000, 16_000, 80_000][dice.roll(4) as usize];
                    let phases = [1, 3][dice.roll(2) as usize];
                    let session = dice.roll(3);
                    let limit = [None, Some(1), Some(100)][dice.roll(3) as usize];
                    stand.permit_with(|permit| {
                        permit.limit_ma = permit_limit;
                        permit.phases = phases;
                        permit.session = session;
                        permit.energy_limit_wh = limit;
                    });
                }
                10 => {
                    stand.rules.revoke();
                }
                11 if cable == Cable::Socket => {
                    stand.lock(7, dice.roll(2) == 0);
                }
                12 if cable == Cable::Socket => {
                    stand.facts.lock_ended = stand.out.lock.map_or(0, |order| order.serial);
                    use LockState::{Failed, Locked, Unlocked};
                    stand.facts.lock = [Locked, Locked, Unlocked, Failed][dice.roll(4) as usize];
                }
                13 => stand.rules.guest_healthy(stand.now, dice.roll(2) == 0),
                _ => stand.draw([0, 16_000][dice.roll(2) as usize]),
            }
            stand.register += dice.roll(200);
            let out = stand.pass(Duration::from_millis(dice.roll(400)));

            let closed = out.contactor == ContactorState::Closed;
            let context = format!("seed {seed}: {out:?} {:?}", stand.facts);
            if closed {
                assert_eq!(stand.facts.pilot, PilotState::C, "{context}");
                assert!(stand.facts.plugged && mains, "{context}");
                assert!(stand.facts.faults.is_empty(), "{context}");
                assert!(!stand.facts.emergency_stop, "{context}");
                let moving = out.lock.is_some_and(|o| o.serial != stand.facts.lock_ended);
                let held = stand.facts.lock == LockState::Locked && !moving;
                assert!(cable == Cable::Fixed || held, "{context}");
            }
            assert!(out.offered_ma <= 32_000.min(permit_limit), "{context}");
            // Closed without a permit that offers something: only after "no
            // current", and only up to the bound.
            if closed && out.offered_ma == 0 {
                let since = *since_no_current.get_or_insert(stand.now);
                assert!(stand.now.since(since) < Duration::from_secs(3), "{context}");
            } else {
                since_no_current = None;
            }
            // The lock is told to let go only at an open contactor.
            let new_order = out.lock.filter(|order| before.lock != Some(*order));
            if new_order.is_some_and(|order| !order.locked) {
                assert_eq!(before.contactor, ContactorState::Open, "{context}");
                assert_eq!(out.contactor, ContactorState::Open, "{context}");
            }
            before = out;
        }
    }
}
