//! What the second build does differently: nothing, unless the setting
//! `second-mode` says so. The first build takes no notice of it, so that a test
//! can replace the one by the other and see the first come back.
//!
//! | mode | what |
//! |---|---|
//! | `start:MODE` | misbehaves in each `start` |
//! | `power-up:MODE` | misbehaves in `start` after a power cycle only |
//! | `N:MODE` | misbehaves at the N-th event of an instance |
//! | `silent` | never says that it is in service |
//! | `stranger` | speaks another protocol, and is not in service without a link |
//! | `garbage` | says nothing that the far end understands |
//! | `forgetful` | finds none of its entries readable: forgets them all, and is not in service |

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::guest::entries;
use crate::guest::wit::{Action, Boot, BootReason};

static MODE: OnceLock<String> = OnceLock::new();
static EVENTS: AtomicU32 = AtomicU32::new(0);

/// The word for `build`.
pub const BUILD: &str = if cfg!(feature = "second-build") {
    "second"
} else {
    "first"
};

/// The process has started.
fn is_start(reason: BootReason) -> bool {
    matches!(reason, BootReason::PowerUp | BootReason::CleanShutdown)
}

/// Notes the mode; the misbehaviour that is due in `start`.
pub fn start(boot: &Boot) -> Option<&'static str> {
    if !cfg!(feature = "second-build") {
        return None;
    }
    let setting = boot.settings.iter().find(|each| each.name == "second-mode");
    let mode = MODE.get_or_init(|| setting.map_or(String::new(), |each| each.value.clone()));
    let (when, what) = mode.split_once(':')?;
    let due = when == "start" || (when == "power-up" && is_start(boot.reason));
    due.then_some(what)
}

/// Counts an event; the misbehaviour that is due.
pub fn event() -> Option<&'static str> {
    let (when, what) = MODE.get()?.split_once(':')?;
    let number = EVENTS.fetch_add(1, Ordering::Relaxed) + 1;
    (when.parse() == Ok(number)).then_some(what)
}

/// The mode is this one.
pub fn is(mode: &str) -> bool {
    MODE.get().is_some_and(|it| it == mode)
}

/// What it asks the far end to speak.
pub fn subprotocol() -> &'static str {
    if is("stranger") { "other.v1" } else { "bad.v1" }
}

/// Everything that is kept.
pub fn forget_all() -> Vec<Action> {
    let items = entries::scan("", "", u32::MAX);
    items
        .into_iter()
        .map(|item| Action::Forget(item.key))
        .collect()
}
