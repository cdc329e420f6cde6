//! What these tests stand on: a charger with one reader, and the cards that the
//! program says it has read.

use std::path::Path;
use std::time::Duration;

use plugpoint_tests::charger::{Charger, Config, Site};
use serde_json::Value;
use toml::Table;

/// Nobody listens there.
pub const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A reader's section of the configuration.
pub fn reader(driver: &str, path: &Path) -> Table {
    let mut reader = Table::new();
    reader.insert("driver".into(), driver.into());
    reader.insert("path".into(), path.to_string_lossy().into_owned().into());
    reader.insert("connectors".into(), toml::Value::Array(vec![1.into()]));
    reader
}

pub fn with(mut reader: Table, key: &str, value: impl Into<toml::Value>) -> Table {
    reader.insert(key.to_owned(), value.into());
    reader
}

/// A charger with this reader, which works already.
pub fn charger(reader: Table) -> (Site, Charger) {
    let (site, charger) = Charger::start(&Config::new(NOWHERE).reader(reader)).expect("a charger");
    expect_state(&charger, "well");
    (site, charger)
}

/// Waits until the reader works, or does not.
pub fn expect_state(charger: &Charger, state: &str) -> Value {
    let status = charger.wait_status(&format!("a reader that is {state}"), |status| {
        status["readers"][0]["state"] == state
    });
    status["readers"][0].clone()
}

/// The tokens that have been read so far, once the last one of these is there.
#[track_caller]
pub fn expect_tokens(charger: &Charger, expected: &[&str]) {
    let last = expected.last().expect("a token");
    // As often as it is expected: the same card may come again.
    let wanted = expected.iter().filter(|it| *it == last).count();
    let mut from = 0;
    for _ in 0..wanted {
        let found = charger
            .events()
            .wait_for(from, "token", PATIENCE, |it| it["token"] == *last);
        assert!(
            found.is_some(),
            "{last} was not read: {:?}",
            tokens(charger)
        );
        from = charger
            .events()
            .all()
            .iter()
            .enumerate()
            .skip(from)
            .find(|(_, it)| it["kind"] == "token" && it["detail"]["token"] == *last)
            .map_or(from, |(place, _)| place + 1);
    }
    assert_eq!(tokens(charger), expected);
}

/// All tokens that have been read so far.
pub fn tokens(charger: &Charger) -> Vec<String> {
    let events = charger.events().all();
    let tokens = events.iter().filter(|it| it["kind"] == "token");
    tokens
        .map(|it| {
            it["detail"]["token"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}
