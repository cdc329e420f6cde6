//! Sessions that the host ends: a policy wants it, or their time is over.

use plugpoint_guest::protocol::{Attributes, BootReason, SessionEndCause, Verdict};

use crate::{charge, fixed};

#[test]
fn a_session_that_a_policy_ends_is_stopped_with_a_reason_of_the_standard() {
    for (cause, reason) in [
        (SessionEndCause::Deauthorized, "DeAuthorized"),
        (SessionEndCause::TimeOver, "Other"),
        (SessionEndCause::Other, "Other"),
    ] {
        // Told by an event, or found by the next instance.
        for told in [true, false] {
            for mut world in fixed(&[]) {
                charge(&mut world, "TAG1");
                world.news();
                world.end_session(1, cause, told);
                if !told {
                    world.replace_instance(BootReason::Recovery, None);
                }
                world.run(20_000);
                let stop = format!("Stop({reason})");
                let news = world.news();
                assert!(news.contains(&stop), "{news:?}");
                assert_eq!(world.shows(1, "status"), "Finishing");
                assert!(world.session_ends.is_empty());
                assert!(world.outlets[0].state.permit.is_none());
            }
        }
    }
}

#[test]
fn an_end_is_meant_for_its_session_alone() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.end_session(1, SessionEndCause::Other, false);
        world.session_ends[0].session += 1;
        world.news();
        world.replace_instance(BootReason::Swap, None);
        world.run(20_000);
        assert_eq!(world.shows(1, "status"), "Charging");
    }
}

#[test]
fn the_end_that_a_verdict_names_is_in_the_permit() {
    for mut world in fixed(&[]) {
        let attributes = Attributes {
            session_until_ms: Some(1_900_000_000_000),
            expires_ms: Some(1),
            ..Attributes::default()
        };
        let verdict = Verdict::Accept(attributes);
        world.verdicts.insert("TAG1".to_owned(), verdict);
        charge(&mut world, "TAG1");
        let permit = world.outlets[0].state.permit.clone().expect("a permit");
        assert_eq!(permit.until_ms, Some(1_900_000_000_000));
    }
}

/// The pilot offers nothing although the permit would: a group, or a policy.
#[test]
fn a_car_that_others_leave_no_current_to_is_suspended_by_the_charger() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        world.news();
        world.hold_back(1, true);
        world.run(20_000);
        assert_eq!(world.shows(1, "status"), "SuspendedEVSE");
        world.hold_back(1, false);
        world.run(20_000);
        assert_eq!(world.shows(1, "status"), "Charging");
        assert_eq!(
            world.news(),
            ["Status(1,SuspendedEVSE)", "Status(1,Charging)"]
        );
    }
}
