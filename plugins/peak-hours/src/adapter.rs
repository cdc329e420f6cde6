//! Between the plan and the interface `authorization` of `wit/`.
//!
//! `session/NUMBER` is kept of each session: its seed and when it began. What was said
//! of it stands in `boot`, and counts in the host whatever becomes of this policy.

use std::cell::RefCell;

use plugpoint_guest::policy::{authorization as wit, entries, log, report_panics};

use crate::{Plan, Session, Settings, Zone, plan};

struct Component;
plugpoint_guest::export_policy!(Component);

const PREFIX: &str = "session/";
const TIMER: &str = "plan";

thread_local! {
    /// Follows from what `start` is told, so it is no state of its own.
    static TOLD: RefCell<Told> = RefCell::default();
}

#[derive(Default)]
struct Told {
    settings: Settings,
    zone: Zone,
    random: u64,
}

impl wit::Guest for Component {
    fn start(boot: wit::Boot) -> Vec<wit::Action> {
        report_panics();
        let given = boot.settings.iter();
        let given = given.map(|it| (it.name.as_str(), it.value.as_str()));
        let (settings, complaints) = Settings::read(given);
        for complaint in complaints {
            log::write(log::Level::Warn, &complaint);
        }
        let changes = boot.time_zone.changes.iter();
        let told = Told {
            settings,
            zone: Zone {
                offset_s: boot.time_zone.offset_s,
                changes: changes.map(|it| (it.at_ms, it.offset_s)).collect(),
            },
            random: boot
                .random
                .iter()
                .fold(0, |sum, byte| ((sum << 8) | u64::from(*byte)) ^ (sum >> 56)),
        };
        let actions = plan_all(&told, &boot.now);
        TOLD.set(told);
        actions
    }

    fn handle(now: wit::Now, event: wit::Event) -> Vec<wit::Action> {
        TOLD.with_borrow(|told| match event {
            wit::Event::Decide(question) => vec![wit::Action::Decided(wit::Decision {
                id: question.id,
                verdict: wit::Verdict::Pass,
                why: "peak hours do not say who may charge".to_owned(),
            })],
            wit::Event::Observed(it) => observed(told, &now, &it),
            wit::Event::Timer(_) | wit::Event::ClockStepped(_) => plan_all(told, &now),
            wit::Event::Response(_) | wit::Event::Committed => Vec::new(),
        })
    }
}

fn wall_ms(now: &wit::Now) -> Option<i64> {
    match now.trust {
        wit::ClockTrust::Unset => None,
        wit::ClockTrust::Board | wit::ClockTrust::Set => now.wall_ms,
    }
}

fn observed(told: &Told, now: &wit::Now, it: &wit::Observed) -> Vec<wit::Action> {
    let key = format!("{PREFIX}{}", it.session);
    if it.kind == wit::ObservedKind::Ended {
        return vec![wit::Action::Forget(key)];
    }
    if entries::get(&key).is_some() || told.settings.is_exempt(&it.token.id) {
        return Vec::new();
    }
    // The begin that was told is the first that is known of it.
    let Some(began_ms) = wall_ms(now) else {
        log::write(
            log::Level::Warn,
            "the clock is not set: no peak hours and no delay",
        );
        return Vec::new();
    };
    let seed = told.random ^ it.session.rotate_left(32) ^ now.at.monotonic_ms;
    let session = Session { seed, began_ms };
    let mut actions = vec![wit::Action::Keep(wit::Entry {
        key,
        value: format!("{seed} {began_ms}").into_bytes(),
        durability: wit::Durability::Durable,
        secret: false,
    })];
    let others = plan_kept(told, began_ms);
    let mut all: Vec<(u64, Plan)> = others.filter(|(number, _)| *number != it.session).collect();
    all.push((
        it.session,
        plan(&told.settings, &told.zone, &session, began_ms),
    ));
    actions.extend(said(all));
    actions
}

fn plan_all(told: &Told, now: &wit::Now) -> Vec<wit::Action> {
    match wall_ms(now) {
        Some(now_ms) => said(plan_kept(told, now_ms).collect()),
        None => Vec::new(),
    }
}

/// Of all sessions that are kept.
fn plan_kept(told: &Told, now_ms: i64) -> impl Iterator<Item = (u64, Plan)> {
    let kept = entries::scan(PREFIX, "", u32::MAX).into_iter();
    kept.filter_map(move |item| {
        let number = item.key.strip_prefix(PREFIX)?.parse().ok()?;
        let text = String::from_utf8(item.value).ok()?;
        let (seed, began_ms) = text.split_once(' ')?;
        let session = Session {
            seed: seed.parse().ok()?,
            began_ms: began_ms.parse().ok()?,
        };
        Some((number, plan(&told.settings, &told.zone, &session, now_ms)))
    })
}

/// All sessions are said anew; a timer rings for the first that changes next.
fn said(plans: Vec<(u64, Plan)>) -> Vec<wit::Action> {
    let again = plans.iter().filter_map(|(_, plan)| plan.again_ms).min();
    let mut actions: Vec<wit::Action> = plans
        .into_iter()
        .map(|(session, plan)| {
            wit::Action::LimitSession(wit::SessionLimit {
                session,
                limit_ma: plan.limit_ma,
                limit_w: None,
                not_before: plan.not_before_ms.map(wit::Deadline::Wall),
                until: None,
                why: plan.why.to_owned(),
            })
        })
        .collect();
    actions.push(match again {
        Some(at_ms) => wit::Action::SetTimer(wit::Timer {
            name: TIMER.to_owned(),
            deadline: wit::Deadline::Wall(at_ms),
        }),
        None => wit::Action::CancelTimer(TIMER.to_owned()),
    });
    actions
}
