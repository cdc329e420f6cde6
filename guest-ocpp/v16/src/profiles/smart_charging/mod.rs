//! SmartCharging (OCPP 1.6, 3.13): the central system limits what a transaction, or the
//! charge point as a whole, may draw.
//!
//! In reading order: `charging_profile` (the data) and `reading` (from a message);
//! `schedule` (one profile at one instant) and `rate` (its limit); `installed` (all
//! profiles, and their entries); `prevailing` (the limits of a connector), `sharing` (of
//! several) and `composite` (what is reported of them); `keys`; `calls`.
//!
//! Not here: how a limit reaches the car; the charge point asks for it (see
//! [`Profile::limit`]).

mod ahead;
mod calls;
mod charging_profile;
mod composite;
mod installed;
mod keys;
mod prevailing;
mod rate;
mod reading;
mod schedule;
mod sharing;

use std::collections::BTreeMap;

use plugpoint_guest::json::Writer;
use plugpoint_guest::kept::{Cell, unpack};
use plugpoint_guest::packed::Packed;
use plugpoint_guest::protocol::{Durability, Level};
use plugpoint_ocpp_wire::fields::Fields;

use crate::core_access::Core;
use crate::profile::{Attachment, Call, Happening, Limit, Manifest, Profile, Reply, Step};

use ahead::Plans;
use charging_profile::ChargingProfile;
use installed::{Installed, Shelf};
use prevailing::{Connector, Running, View};
use schedule::NEVER;
use sharing::Share;

/// The profile.
pub static MANIFEST: Manifest = Manifest {
    name: "smart-charging",
    feature: Some("SmartCharging"),
    services: &[],
    keys: &keys::KEYS,
    load: |core| {
        Box::new(SmartCharging {
            shelf: Shelf::default(),
            changes: BTreeMap::new(),
            plans: Plans::default(),
            offline_since: core.cell("offline-since", Durability::Session),
        })
    },
};

#[derive(Debug)]
struct SmartCharging {
    shelf: Shelf,
    /// When the limit of a connector may be another, ms of the monotonic clock.
    changes: BTreeMap<u32, u64>,
    plans: Plans,
    /// Since when there is no central system, ms of the monotonic clock.
    offline_since: Cell<Option<u64>>,
}

impl Profile for SmartCharging {
    fn call(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        self.plans.forget();
        match call.action {
            "SetChargingProfile" => self.set(core, call.fields).into(),
            "ClearChargingProfile" => self.clear(core, call.fields).into(),
            "GetCompositeSchedule" => self.get_composite(core, call.fields).into(),
            _ => Reply::NotMine,
        }
    }

    fn attach(&mut self, core: &mut Core<'_, '_>, profile: Fields<'_, '_>) -> Attachment {
        match Self::of_remote_start(core, profile) {
            Ok(Ok(profile)) => {
                let mut w = Writer::with_capacity(256);
                profile.pack(&mut w);
                Attachment::Keep(w.finish())
            }
            Ok(Err(why)) => {
                core.log(
                    Level::Warn,
                    &format!("RemoteStartTransaction rejected, its chargingProfile: {why}"),
                );
                Attachment::Rejected
            }
            Err(violation) => Attachment::Wrong(violation),
        }
    }

    fn on(&mut self, core: &mut Core<'_, '_>, happening: &Happening) {
        self.plans.forget();
        match happening {
            Happening::Begun {
                connector,
                attached: Some(attached),
                ..
            } => self.begin_with(core, *connector, attached),
            Happening::Ended { .. } => self.shelf.drop_ended(core),
            _ => {}
        }
        self.note_link(core);
    }

    fn limit(&mut self, core: &mut Core<'_, '_>, connector: u32) -> Option<Limit> {
        self.note_link(core);
        self.changes.remove(&connector);
        let now_ms = core.now().at.monotonic_ms;
        let mut change: Option<u64> = None;
        let mut changes_at = |at: u64| change = Some(change.map_or(at, |known| known.min(at)));
        let mut limit = None;
        if !self.shelf.all(core).is_empty() {
            let turn = rotation(core);
            let interval = rotation_ms(core);
            let (share, until, now) = self.with_view(core, |view| {
                let this = view.connectors.iter().find(|it| it.number == connector)?;
                let share = view.share(this, view.now, turn);
                Some((share.value, share.until, view.now))
            })?;
            if until != NEVER {
                changes_at(now_ms.saturating_add((until - now).unsigned_abs()));
            }
            if interval > 0 {
                changes_at((turn + 1).saturating_mul(interval));
            }
            limit = Some(limit_of(core, share));
        }
        if let Some((ma, from)) = self.fail_safe(core) {
            if from > now_ms {
                changes_at(from);
            } else {
                let limit = limit.get_or_insert(Limit { ma, phases: 3 });
                limit.ma = limit.ma.min(ma);
            }
        }
        if let Some(at) = change {
            self.changes.insert(connector, at);
        }
        limit
    }

    fn steps(&mut self, core: &mut Core<'_, '_>, connector: u32, max: usize) -> Vec<Step> {
        let now_ms = core.now().at.monotonic_ms;
        let mut later = Vec::new();
        if !self.shelf.all(core).is_empty() {
            let turn = rotation(core);
            let mut plans = std::mem::take(&mut self.plans);
            later = self.with_view(core, |view| {
                let this = view.connectors.iter().find(|it| it.number == connector);
                let offset = view.now.saturating_sub(now_ms as i64);
                let later = this.map(|this| plans.of(this, view, turn, offset, max));
                later.unwrap_or_default()
            });
            self.plans = plans;
        }
        let mut steps: Vec<Step> = later
            .into_iter()
            .map(|(from_ms, share)| Step {
                from_ms,
                limit: limit_of(core, share),
            })
            .collect();
        if let Some((ma, from_ms)) = self.fail_safe(core) {
            let now = self.limit(core, connector);
            keep_below(&mut steps, now, ma, from_ms.max(now_ms));
        }
        steps
    }

    fn deadline(&self) -> Option<u64> {
        self.changes.values().min().copied()
    }

    fn advance(&mut self, core: &mut Core<'_, '_>) {
        // The charge point asks for the limits of what is charging each time; what is
        // over is of nobody.
        let ms = core.now().at.monotonic_ms;
        self.changes.retain(|_, at| *at > ms);
    }

    fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.offline_since);
    }
}

impl SmartCharging {
    fn begin_with(&mut self, core: &mut Core<'_, '_>, connector: u32, attached: &str) {
        let Some(profile) = unpack::<ChargingProfile>(attached.as_bytes()) else {
            return core.log(
                Level::Error,
                "the chargingProfile of the RemoteStartTransaction is damaged and left out",
            );
        };
        let id = profile.id;
        let session = core.transaction(connector).map(|it| it.number);
        if let Err((_, why)) = self.put(core, connector, session, profile) {
            core.log(
                Level::Warn,
                &format!("charging profile {id} of the RemoteStartTransaction is left out: {why}"),
            );
        }
    }

    /// Shows all profiles as they count now.
    fn with_view<T>(&mut self, core: &mut Core<'_, '_>, look: impl FnOnce(&View<'_>) -> T) -> T {
        let now_ms = core.now().at.monotonic_ms;
        let unix_ms = core.unix_ms();
        let now = unix_ms.unwrap_or(now_ms as i64);
        let numbers: Vec<u32> = core.connectors().collect();
        let mut connectors = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(supply) = core.supply(number) else {
                continue;
            };
            let running = core.transaction(number).map(|it| Running {
                number: it.number,
                // By the monotonic clock, which nobody sets.
                began: now.saturating_sub(now_ms.saturating_sub(it.began_ms) as i64),
                has_car: it.has_car,
            });
            connectors.push(Connector {
                number,
                max_ma: supply.max_current_ma,
                phases: u32::from(supply.phases),
                running,
            });
        }
        let switches_phases = core.is_on(keys::SWITCHES_PHASES);
        let installed = self.shelf.all(core);
        let without_clock: Vec<Installed>;
        let installed = if unix_ms.is_some() {
            installed
        } else {
            without_clock = installed.iter().map(without_clock_of).collect();
            &without_clock
        };
        look(&View {
            installed,
            connectors: &connectors,
            switches_phases,
            now,
        })
    }

    fn note_link(&mut self, core: &Core<'_, '_>) {
        if core.is_online() {
            if self.offline_since.is_some() {
                *self.offline_since.edit() = None;
            }
        } else if self.offline_since.is_none() {
            *self.offline_since.edit() = Some(core.now().at.monotonic_ms);
        }
    }

    /// What is drawn at most without a central system, mA, and from when on (ms of the
    /// monotonic clock).
    fn fail_safe(&self, core: &Core<'_, '_>) -> Option<(u32, u64)> {
        let since = (*self.offline_since)?;
        let amperes = u32::try_from(keys::number(core, keys::FAIL_SAFE_CURRENT)).ok()?;
        let delay_s = keys::number(core, keys::FAIL_SAFE_DELAY).unsigned_abs();
        Some((amperes * 1000, since.saturating_add(delay_s * 1000)))
    }
}

/// From then on no more than this.
fn keep_below(steps: &mut Vec<Step>, now: Option<Limit>, ma: u32, from_ms: u64) {
    let place = steps.partition_point(|step| step.from_ms <= from_ms);
    let before = place.checked_sub(1).and_then(|place| steps.get(place));
    let limit = before.map(|step| step.limit).or(now);
    let limit = limit.unwrap_or(Limit { ma, phases: 3 });
    steps.insert(place, Step { from_ms, limit });
    for step in &mut steps[place..] {
        step.limit.ma = step.limit.ma.min(ma);
    }
}

fn without_clock_of(it: &Installed) -> Installed {
    let profile = if it.profile.needs_clock() {
        it.profile.without_clock()
    } else {
        it.profile.clone()
    };
    Installed {
        profile,
        received: Some(0),
        ..*it
    }
}

fn limit_of(core: &Core<'_, '_>, share: Share) -> Limit {
    // Who cannot switch phases leaves them as they are.
    let phases = match core.is_on(keys::SWITCHES_PHASES) {
        true if share.phases < 3 => 1,
        _ => 3,
    };
    Limit {
        ma: u32::try_from(share.ma).unwrap_or_default(),
        phases,
    }
}

/// 0: nobody changes places.
fn rotation_ms(core: &Core<'_, '_>) -> u64 {
    keys::number(core, keys::ROTATION)
        .unsigned_abs()
        .saturating_mul(1000)
}

/// How often those who share a limit have changed places.
fn rotation(core: &Core<'_, '_>) -> u64 {
    let ms = core.now().at.monotonic_ms;
    ms.checked_div(rotation_ms(core)).unwrap_or_default()
}

fn status(word: &str) -> String {
    let mut w = Writer::with_capacity(32);
    w.begin_object();
    w.text("status", word);
    w.end_object();
    w.finish()
}
