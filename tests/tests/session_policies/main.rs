//! Policies that act on a session that is going on: what the car is offered, what
//! the central system hears, and that it stays so while the policy fails, is replaced
//! or comes back, while the power goes, and while no protocol component runs.
//!
//! The policy is `tests/bad-policy`, which does what a card tells it (`DO-…`), or its
//! setting `on-start`.

mod dead;
mod peak;
mod power;
mod running;
#[allow(dead_code)] // the sessions need all of it
#[path = "../sessions/stage.rs"]
mod stage;
#[allow(dead_code)] // the swaps need all of it
#[path = "../swap/vendor.rs"]
mod vendor;

use plugpoint_tests::charger::Charger;
use serde_json::Value;

/// The slot of the policy that acts.
const SLOT: &str = "policy/orders";

/// The pilot offers so much.
fn offered(charger: &Charger, ma: u32) -> Value {
    let what = format!("an offer of {ma} mA");
    charger.wait_connector(1, &what, |it| it["offered_ma"] == ma)
}

/// That, and the policy is why.
fn offered_by_policy(charger: &Charger, ma: u32) -> Value {
    let connector = offered(charger, ma);
    assert_eq!(connector["limited_by"], "policy", "{connector:#}");
    let policy = &connector["limited_by_policy"];
    assert_eq!(policy["name"], "orders", "{connector:#}");
    assert_eq!(policy["why"], "as ordered", "{connector:#}");
    connector
}
