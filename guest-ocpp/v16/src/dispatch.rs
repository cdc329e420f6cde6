//! When the profiles are called, and by whom. Not here: what they can do (see
//! `profile`), and what they can ask for (see `core_access`).

use plugpoint_ocpp_core::permit::MAX_STEPS;

use crate::calls::Answer;
use crate::charger::Charger;
use crate::core_access::Core;
use crate::fields::Fields;
use crate::frame;
use crate::host::Boot;
use crate::late_answers::Wait;
use crate::loaded::Loaded;
use crate::planned::Planned;
use crate::profile::{Attachment, Call, Happening, Listed, Profile, Reply, Requested, Trigger};
use crate::registration::Standing;
use crate::turn::Turn;

impl Charger {
    /// Those of the build that the factory has not left out.
    pub(crate) fn load_profiles(&mut self, turn: &mut Turn<'_>, boot: &Boot) {
        for manifest in self.build.manifests(&boot.services) {
            if !self.config.offers(manifest.feature) {
                continue;
            }
            let place = self.profiles.len();
            self.profiles.push(Loaded {
                manifest,
                profile: None,
                holds: false,
            });
            let profile = (manifest.load)(&mut Core::new(self, turn, manifest.name));
            self.profiles[place].profile = Some(profile);
        }
        self.reconcile_requests(turn, &boot.unanswered_requests);
    }

    /// One after the other, until `ask` finds what it looks for.
    fn ask_profiles<T>(
        &mut self,
        turn: &mut Turn<'_>,
        mut ask: impl FnMut(&mut dyn Profile, &mut Core<'_, '_>) -> Option<T>,
    ) -> Option<(&'static str, T)> {
        for place in 0..self.profiles.len() {
            let Some(mut profile) = self.profiles[place].profile.take() else {
                continue;
            };
            let name = self.profiles[place].manifest.name;
            let found = ask(&mut *profile, &mut Core::new(self, turn, name));
            self.profiles[place].profile = Some(profile);
            if let Some(found) = found {
                return Some((name, found));
            }
        }
        None
    }

    /// The one of this name, if it is there.
    pub(crate) fn with_profile(
        &mut self,
        turn: &mut Turn<'_>,
        name: &str,
        mut act: impl FnMut(&mut dyn Profile, &mut Core<'_, '_>),
    ) {
        self.ask_profiles(turn, |profile, core| {
            (core.name() == name).then(|| act(profile, core))
        });
    }

    fn with_all_profiles(
        &mut self,
        turn: &mut Turn<'_>,
        mut act: impl FnMut(&mut dyn Profile, &mut Core<'_, '_>),
    ) {
        self.ask_profiles(turn, |profile, core| {
            act(profile, core);
            None::<()>
        });
    }

    /// None: no profile knows this call.
    pub(crate) fn call_of_profile(
        &mut self,
        turn: &mut Turn<'_>,
        link: u32,
        id: &str,
        action: &str,
        fields: Fields<'_, '_>,
    ) -> Option<Answer> {
        let call = Call { action, fields };
        let (name, reply) = self.ask_profiles(turn, |profile, core| {
            Some(profile.call(core, &call)).filter(|reply| *reply != Reply::NotMine)
        })?;
        self.needs_settling = true;
        Some(match reply {
            Reply::NotMine => return None,
            Reply::Now(payload) => Ok(Some(frame::answer(id, &payload))),
            Reply::Wrong(violation) => Err(violation),
            Reply::Later {
                label,
                wait_ms,
                otherwise,
            } => {
                let wait = Wait {
                    key: format!("{name}/{label}"),
                    ms: wait_ms,
                    otherwise,
                };
                self.late.edit().add(turn, link, id, wait);
                Ok(None)
            }
        })
    }

    /// A RemoteStartTransaction comes with a charging profile.
    pub(crate) fn attach(&mut self, turn: &mut Turn<'_>, fields: Fields<'_, '_>) -> Attachment {
        let found = self.ask_profiles(turn, |profile, core| {
            Some(profile.attach(core, fields)).filter(|found| *found != Attachment::NotMine)
        });
        found.map_or(Attachment::NotMine, |(_, found)| found)
    }

    /// The lowest of the limits that the profiles set for this connector, now and later.
    pub(crate) fn limits_of_profiles(&mut self, turn: &mut Turn<'_>, connector: u32) -> Planned {
        // A limit that came with a transaction counts from its beginning.
        self.tell_profiles(turn);
        let mut planned = Planned::default();
        self.with_all_profiles(turn, |profile, core| {
            let limit = profile.limit(core, connector);
            let later = profile.steps(core, connector, MAX_STEPS);
            planned.lower(limit, &later);
        });
        planned
    }

    /// Asks all parts of the charge point for a message. Before the central system has
    /// answered the boot, nothing else may be sent (4.2).
    pub(crate) fn trigger(&mut self, turn: &mut Turn<'_>, request: Requested<'_>) -> Trigger {
        if self.registration.standing == Standing::None {
            return Trigger::Rejected;
        }
        if self.outbox.is_crowded() {
            turn.warn(format!(
                "{} is not sent on request: too many messages wait already",
                request.message
            ));
            return Trigger::Rejected;
        }
        let found = self.ask_profiles(turn, |profile, core| {
            Some(profile.trigger(core, request)).filter(|trigger| *trigger != Trigger::NotMine)
        });
        match found {
            Some((_, trigger)) => trigger,
            None => self.trigger_own(turn, request),
        }
    }

    /// What the first list says of a token that counts.
    pub(crate) fn listed(&mut self, turn: &mut Turn<'_>, tag: &str) -> Listed {
        let found = self.ask_profiles(turn, |profile, core| {
            Some(profile.listed(core, tag)).filter(|listed| *listed != Listed::NoList)
        });
        found.map_or(Listed::NoList, |(_, listed)| listed)
    }

    /// The profiles hear of it before this call is over.
    pub(crate) fn happens(&mut self, happening: Happening) {
        if !self.profiles.is_empty() {
            self.happenings.push(happening);
            self.needs_settling = true;
        }
    }

    /// A plug is in or out since the profiles last heard of it. By the facts, for `boot`
    /// may have shown it before the event.
    fn note_plugs(&mut self) {
        for place in 0..self.outlets.len() {
            let outlet = &mut self.outlets[place];
            let plugged = outlet.facts.plugged;
            if outlet.state.car.is_plug_news(plugged) {
                outlet.state.edit().car.report_plug(plugged);
                let connector = outlet.number;
                self.happens(Happening::Plug { connector, plugged });
            }
        }
    }

    fn tell_profiles(&mut self, turn: &mut Turn<'_>) {
        for happening in std::mem::take(&mut self.happenings) {
            self.with_all_profiles(turn, |profile, core| profile.on(core, &happening));
        }
    }

    /// Tells the profiles what has happened, and calls those whose time has come.
    pub(crate) fn advance_profiles(&mut self, turn: &mut Turn<'_>) {
        if self.profiles.is_empty() {
            return;
        }
        self.note_plugs();
        self.tell_profiles(turn);
        let ms = turn.ms();
        self.with_all_profiles(turn, |profile, core| {
            if profile.deadline().is_some_and(|at| at <= ms) {
                profile.advance(core);
            }
        });
    }

    pub(crate) fn profiles_deadline(&self) -> Option<u64> {
        let profiles = self.profiles.iter();
        profiles
            .filter_map(|loaded| loaded.profile.as_ref()?.deadline())
            .min()
    }

    /// A profile keeps connectors that nobody uses out of service, or no longer.
    pub(crate) fn hold(&mut self, name: &str, on: bool) {
        let mut profiles = self.profiles.iter_mut();
        let found = profiles.find(|loaded| loaded.manifest.name == name);
        if let Some(loaded) = found.filter(|loaded| loaded.holds != on) {
            loaded.holds = on;
            self.needs_settling = true;
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.profiles.iter().any(|loaded| loaded.holds)
    }

    pub(crate) fn flush_profiles(&mut self, turn: &mut Turn<'_>) {
        self.with_all_profiles(turn, |profile, core| profile.flush(core));
    }
}
