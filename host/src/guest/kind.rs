//! What is different between the two kinds of guest.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checks::Checks;
use super::imports::State;
use super::{BuiltFor, Failure, World};
use crate::store::Change;
use crate::wit::protocol::Dropped;

/// What one kind of guest is handed and returns, in one version of the interface.
pub trait Vocabulary: Sized + 'static {
    /// The argument of `start`.
    type Boot: Serialize + DeserializeOwned + Clone + Send + 'static;
    /// The time of an event.
    type Now: Serialize + DeserializeOwned + Copy;
    /// The argument of `handle`.
    type Event: Serialize + DeserializeOwned;
    /// What both return.
    type Action: Serialize + DeserializeOwned + Clone + PartialEq + Send + 'static;
}

/// A kind of guest: the types of its events and actions, and how it is called.
/// There are two, [`super::Ocpp`] and [`super::Policy`]; nobody outside can name the
/// types that a third one would need.
pub trait Kind: Vocabulary {
    /// The same in the release before, for records of it.
    type Earlier: Vocabulary<
            Boot: Into<Self::Boot>,
            Now: Into<Self::Now>,
            Event: Into<Self::Event>,
            Action: Into<Self::Action>,
        >;
    /// An instance's functions.
    #[doc(hidden)]
    type Guest: Send;
    /// A component with its imports resolved.
    #[doc(hidden)]
    type Linked: Clone + Send;

    /// The world in `wit/`.
    const WORLD: World;

    /// The values of the settings that it is handed may be anything, keys
    /// included: they stand in no record.
    const SETTINGS_ARE_PRIVATE: bool;

    /// Monotonic ms of that time.
    fn now_ms(now: Self::Now) -> u64;

    /// Monotonic ms of that start.
    fn boot_ms(boot: &Self::Boot) -> u64;

    /// Unix ms of that time, if there is any.
    fn wall_ms(now: Self::Now) -> Option<i64>;

    /// The time of that start.
    fn boot_now(boot: &Self::Boot) -> Self::Now;

    /// Why there is a new instance, in a word.
    fn reason(boot: &Self::Boot) -> String;

    /// The schema in which it is to write entries.
    fn entry_schema(boot: &Self::Boot) -> u32;

    /// Names and values of the settings in it.
    fn settings(boot: &mut Self::Boot) -> Vec<(&str, &mut String)>;

    /// An address in it that may carry a user's name and password.
    fn address(boot: &Self::Boot) -> Option<&str>;

    /// What is remembered of an event on which a guest failed.
    fn dropped(event: &Self::Event, failure: &str) -> Dropped;

    /// Something that the guest itself has brought about, such as a timer.
    fn is_own_doing(event: &Self::Event) -> bool;

    #[doc(hidden)]
    fn link(
        component: &wasmtime::component::Component,
        built_for: BuiltFor,
    ) -> wasmtime::Result<Self::Linked>;

    #[doc(hidden)]
    fn instantiate(
        linked: &Self::Linked,
        store: &mut wasmtime::Store<State>,
    ) -> wasmtime::Result<Self::Guest>;

    #[doc(hidden)]
    fn start(
        guest: &Self::Guest,
        store: &mut wasmtime::Store<State>,
        boot: &Self::Boot,
    ) -> wasmtime::Result<Vec<Self::Action>>;

    #[doc(hidden)]
    fn handle(
        guest: &Self::Guest,
        store: &mut wasmtime::Store<State>,
        now: Self::Now,
        event: &Self::Event,
    ) -> wasmtime::Result<Vec<Self::Action>>;

    /// What the types do not exclude.
    #[doc(hidden)]
    fn check(action: &Self::Action, checks: &mut Checks<'_>) -> Result<(), Failure>;

    /// The same action without the reason that stands in it for people to read.
    fn without_why(action: Self::Action) -> Self::Action;

    /// Takes `keep` and `forget` out of the actions.
    #[doc(hidden)]
    fn change(action: Self::Action) -> Result<Change, Self::Action>;
}
