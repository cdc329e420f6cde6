//! The scriptable central system and its ledger themselves, tried with a charge
//! point that is only a WebSocket client: what the other tests rely on must be
//! able to fail.

mod behaviour;
mod fake_charger;
mod ledger;
