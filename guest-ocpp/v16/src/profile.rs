//! What a profile is: a part of the protocol, or an OEM's extension of it, that can be
//! left out. It implements [`Profile`] and is listed, with its [`Manifest`], in the
//! [`Build`](crate::Build). The charge point asks and tells it through this trait, and it
//! reaches the charge point through the [`Core`] that each call gets; profiles do not
//! know each other.
//!
//! A profile has no state but its entries and what follows from them: an instance may
//! be replaced after any call.
//!
//! Not here: what a profile can ask of the charge point (see `core_access`), and when it
//! is called (see `dispatch`).

use std::fmt;

use plugpoint_guest::protocol::ServiceFailure;
use plugpoint_ocpp_wire::fields::Fields;

use crate::config::KeyInfo;
use crate::core_access::Core;
pub use crate::exchange::{
    Attachment, Call, Happening, Limit, Listed, Outcome, Reply, Requested, Step, Trigger,
};

/// What is known of a profile before there is an instance of it.
#[derive(Debug)]
pub struct Manifest {
    /// Prefix of its entries, such as `remote-trigger`; no other profile has it.
    pub name: &'static str,
    /// Its name in SupportedFeatureProfiles: it is there unless the factory's value of
    /// that key leaves it out. None: it has no name, and is always there.
    pub feature: Option<&'static str>,
    /// Services of the host without which it is not there, such as `transfer@1`.
    pub services: &'static [&'static str],
    /// Configuration keys that come and go with it.
    pub keys: &'static [KeyInfo],
    /// Makes an instance, out of the entries.
    pub load: fn(&mut Core<'_, '_>) -> Box<dyn Profile>,
}

/// A part of the protocol. Every function has a default that does nothing.
#[expect(unused_variables, reason = "the defaults")]
pub trait Profile: fmt::Debug {
    /// A call of the central system. Profiles are asked in the order of the build, and
    /// before the charge point itself, so that one can also replace what it does.
    fn call(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        Reply::NotMine
    }

    /// What became of a message that was sent with [`Core::send`].
    fn answered(&mut self, core: &mut Core<'_, '_>, label: &str, outcome: Outcome<'_>) {}

    /// What became of a request made with [`Core::request`]: its body as JSON.
    fn response(
        &mut self,
        core: &mut Core<'_, '_>,
        label: &str,
        outcome: Result<&str, &ServiceFailure>,
    ) {
    }

    /// Something has happened that concerns more than one part of the charge point.
    fn on(&mut self, core: &mut Core<'_, '_>, happening: &Happening) {}

    /// The central system wants to be told something now. What is sent for it goes out
    /// after the answer to the call.
    fn trigger(&mut self, core: &mut Core<'_, '_>, request: Requested<'_>) -> Trigger {
        Trigger::NotMine
    }

    /// What a list that this profile keeps says of a token.
    fn listed(&self, core: &mut Core<'_, '_>, tag: &str) -> Listed {
        Listed::NoList
    }

    /// A RemoteStartTransaction comes with a charging profile. What is kept of it comes
    /// back with [`Happening::Begun`], if a transaction begins on it.
    fn attach(&mut self, core: &mut Core<'_, '_>, profile: Fields<'_, '_>) -> Attachment {
        Attachment::NotMine
    }

    /// What a transaction at this connector may draw at this moment; none: this profile
    /// does not limit it. It is asked each time that something happens, and the lowest
    /// of all limits is in force; a limit that changes with time needs a
    /// [`deadline`](Self::deadline).
    fn limit(&mut self, core: &mut Core<'_, '_>, connector: u32) -> Option<Limit> {
        None
    }

    /// How [`limit`](Self::limit) goes on if nothing happens: what follows the present
    /// one, earliest first, at most `max` of them. The charger keeps to it even if this
    /// component does not live to see it.
    fn steps(&mut self, core: &mut Core<'_, '_>, connector: u32, max: usize) -> Vec<Step> {
        Vec::new()
    }

    /// When [`advance`](Self::advance) is to be called: ms of the monotonic clock.
    fn deadline(&self) -> Option<u64> {
        None
    }

    /// The deadline has come. Until another one is named it comes again in a second.
    fn advance(&mut self, core: &mut Core<'_, '_>) {}

    /// The end of a call: writes out what has changed of its cells.
    fn flush(&mut self, core: &mut Core<'_, '_>) {}
}
