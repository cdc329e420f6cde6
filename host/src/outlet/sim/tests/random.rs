//! Random hands at the bench.

use super::*;
use crate::outlet::dice::Dice;

/// Random hands at the bench and random orders; [`Inspector`] looks at every
/// command that the hardware gets.
#[test]
fn whatever_is_done_at_the_bench_the_hardware_gets_no_wrong_command() {
    let mut closings = 0;
    for seed in 1..=100 {
        let mut dice = Dice(seed);
        let mut world = [FIXED, SOCKET][dice.roll(2) as usize].make(None);
        let mut register = world.register();
        for _ in 0..300 {
            match dice.roll(20) {
                0..=3 => {
                    let _ = world.work(&car(32_000, 1 + dice.roll(3) as u8));
                }
                4 => {
                    let _ = world.work(&OutletOrder::Unplug { cable_stays: false });
                }
                5 => {
                    let wish = match dice.roll(5) {
                        0 => Wish::Pause,
                        1 => Wish::Ventilate,
                        2 => Wish::Broken(PilotState::E),
                        _ => Wish::Charge,
                    };
                    let _ = world.work(&OutletOrder::Wish(wish));
                }
                6 => {
                    let _ = world.work(&OutletOrder::Fault("GroundFailure".into()));
                }
                7..=8 => {
                    let _ = world.work(&OutletOrder::ClearFault(None));
                }
                9 => {
                    let _ = world.work(&OutletOrder::EmergencyStop(dice.roll(4) == 0));
                }
                10 => {
                    let _ = world.work(&OutletOrder::Jam(dice.roll(4) == 0));
                }
                11..=13 => world.permit(&Permit {
                    limit_ma: [0, 6_000, 16_000, 64_000][dice.roll(4) as usize],
                    phases: [1, 3][dice.roll(2) as usize],
                    session: dice.roll(5),
                    energy_limit_wh: [None, Some(20)][dice.roll(2) as usize],
                    ..permit(0)
                }),
                14 => world.revoke(),
                15..=17 => {
                    let order = LockMove {
                        id: 1,
                        outlet: 1,
                        locked: dice.roll(3) != 0,
                    };
                    world.unit.move_lock(world.now, &order);
                    world.settle();
                }
                18 => world.unit.guest_healthy(world.now, dice.roll(2) == 0),
                _ => {}
            }
            world.run(Duration::from_millis(dice.roll(3_000)));
            let next = world.register();
            assert!(next >= register, "seed {seed}: the register went back");
            register = next;
        }
        let seen = world.seen.lock().expect("one thread");
        closings += seen
            .iter()
            .filter(|(_, out)| out.contactor == ContactorState::Closed)
            .count();
    }
    assert!(closings > 500, "too little happened: {closings}");
}
