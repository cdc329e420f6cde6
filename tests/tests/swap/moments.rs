//! One swap at each awkward moment: what was going on goes on.

use std::time::Duration;

use plugpoint_tests::central_system::{CentralSystem, Door, Reply};
use plugpoint_tests::charger::Config;
use plugpoint_tests::tell;
use serde_json::{Value, json};

use crate::session::build_of;
use crate::stage::{Setup, Stage};
use crate::vendor::Vendor;

const SECOND: &str = "guest-ocpp 0.1.0 second";

struct Scene {
    stage: Stage,
    vendor: Vendor,
}

impl Scene {
    fn new() -> Scene {
        let scene = Scene::unbooted(|config| config, |_| {});
        scene.stage.expect_up();
        scene
    }

    fn unbooted(edit: impl FnOnce(Config) -> Config, script: impl FnOnce(&CentralSystem)) -> Scene {
        Scene::of(Vendor::new(), edit, script)
    }

    fn of(
        vendor: Vendor,
        edit: impl FnOnce(Config) -> Config,
        script: impl FnOnce(&CentralSystem),
    ) -> Scene {
        let setup = Setup { amnesia: false };
        let stage = setup.unbooted(1, |config| edit(vendor.trusted(config)), script);
        Scene { stage, vendor }
    }

    /// The second build runs when this returns.
    fn swap(&self, moment: &str) {
        let second = self.vendor.component("guest-ocpp-second");
        let charger = &self.stage.charger;
        let job = charger.install("ocpp", &second.wasm, Some(&second.signature), "");
        let job = charger.wait_swapped(job.expect("a job"));
        assert_eq!(charger.slot("ocpp")["build"], "second");
        let pause = job["pause_us"].as_u64().expect("a pause") as f64 / 1000.0;
        tell(&format!("swapped during {moment}: pause {pause:.2} ms"));
    }
}

#[test]
fn while_the_boot_is_pending() {
    let pending = |seconds: u32| {
        Reply::edited(move |payload| {
            payload["status"] = json!("Pending");
            payload["interval"] = json!(seconds);
        })
    };
    let scene = Scene::unbooted(
        |config| config,
        |central| central.answer_next("BootNotification", pending(3)),
    );
    let first = scene.stage.central.expect_any("BootNotification");
    scene.stage.fence();
    scene.swap("Pending");
    // Not sooner, since it was told to wait.
    let second = scene.stage.central.expect_any("BootNotification");
    let waited = second.at.duration_since(first.at);
    assert!(waited >= Duration::from_millis(2900), "{waited:?}");
    scene.stage.central.expect_status(1, "Available");
    assert_eq!(build_of(&scene.stage), SECOND);
    scene.stage.ledger();
}

#[test]
fn while_the_central_system_cannot_be_reached() {
    let scene = Scene::new();
    let Scene { stage, .. } = &scene;
    let transaction = stage.charge(1, "TAG1");
    stage.central.set_door(Door::Shut);
    stage.network(false);
    stage.network(true);
    stage
        .charger
        .wait_status("back-off", |status| status["link"]["state"] == "down");
    scene.swap("back-off");
    assert_eq!(stage.charger.connector(1)["contactor"], "closed");
    stage.central.set_door(Door::Open);
    stage
        .charger
        .wait_status("a link", |status| status["link"]["state"] == "up");
    assert_eq!(build_of(stage), SECOND);
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

#[test]
fn while_a_call_of_the_charger_is_unanswered() {
    let scene = Scene::new();
    let Scene { stage, .. } = &scene;
    let late = Reply::usual().after(Duration::from_millis(1500));
    stage.central.answer_next("StartTransaction", late);
    stage.plug(1);
    stage.central.expect_status(1, "Preparing");
    stage.card("TAG1");
    stage.central.expect_any("Authorize");
    let start = stage.central.expect_any("StartTransaction");
    scene.swap("an outstanding CALL of the charger");
    // The new build takes the answer, and asks no second time.
    let transaction = stage.transaction_of(&start);
    let number = transaction.to_string();
    stage.charger.wait_connector(1, "the transaction", |c| {
        c["shows"]["transaction"] == number.as_str()
    });
    stage.central.assert_none("StartTransaction");
    stage.card("TAG1");
    stage.expect_stop(transaction, "Local");
    stage.ledger();
}

#[test]
fn while_a_call_of_the_central_system_is_unanswered() {
    let scene = Scene::unbooted(|config| config.sockets(1), |_| {});
    let Scene { stage, .. } = &scene;
    stage.expect_up();
    let transaction = stage.charge(1, "TAG1");
    // Answered only once the lock has moved, which waits for the contactor.
    let call = stage
        .central
        .start_call("UnlockConnector", json!({"connectorId": 1}));
    let call = call.expect("a call");
    scene.swap("an outstanding CALL of the central system");
    let answer = call.wait().expect("an answer");
    assert_eq!(answer["status"], "Unlocked");
    stage.expect_stop(transaction, "UnlockCommand");
    assert_eq!(build_of(stage), SECOND);
    stage.ledger();
}

#[test]
fn while_a_decision_is_pending() {
    // A policy that never answers this token: the decision takes its budget, and
    // then the next one decides.
    let vendor = Vendor::new();
    let slow = vendor.file("guest-policy-second");
    let scene = Scene::of(
        vendor,
        |config| {
            config
                .policy("slow", Some(&slow), "pass")
                .policy("standard", None, "pass")
                .set("limits.policy.event_ms", 4000)
        },
        |_| {},
    );
    let Scene { stage, .. } = &scene;
    stage.expect_up();
    stage.plug(1);
    stage.central.expect_status(1, "Preparing");
    stage.card("HANG1");
    scene.swap("a pending decision");
    let pending = |status: &Value| !status["decisions"].to_string().contains("HANG1");
    assert!(pending(&stage.charger.status()), "it was decided too soon");
    let transaction = stage.expect_charging(1, "HANG1");
    assert_eq!(build_of(stage), SECOND);
    stage.unplug(1);
    stage.expect_stop(transaction, "EVDisconnected");
    stage.ledger();
}

/// Entries as a long life without a central system leaves them behind, written
/// into the charger's database while it does not run.
fn with_entries(entries: &[(String, Value)]) -> Scene {
    let Scene { stage, vendor } = Scene::new();
    let Stage {
        central,
        charger,
        site,
        config,
        ..
    } = stage;
    charger.stop();
    let path = site.state_dir().join("plugpoint.db");
    let mut database = rusqlite::Connection::open(path).expect("a database");
    let all = database.transaction().expect("a transaction");
    for (key, value) in entries {
        let sql = "INSERT OR REPLACE INTO entry (slot, key, value, lazy, secret)
                   VALUES ('ocpp', ?1, ?2, 0, 0)";
        let value = value.to_string().into_bytes();
        all.execute(sql, (key, value)).expect("an entry");
    }
    all.commit().expect("committed");
    drop(database);
    central.note_restart();
    let charger = site.start(&config).expect("a charger");
    let stage = Stage::of(central, charger, site, config, 1);
    stage.expect_up();
    Scene { stage, vendor }
}

#[test]
fn with_a_queue_of_a_thousand_transactions() {
    const TRANSACTIONS: u64 = 1000;
    let at = |ms: u64| json!({"at": {"boot_id": 1, "monotonic_ms": ms}, "unix_ms": 1_795_348_000_000_u64 + ms});
    let mut entries = Vec::new();
    for n in 0..TRANSACTIONS {
        let (start, stop) = (2 * n, 2 * n + 1);
        let record = |number: u64, what: Value| {
            let id = format!("{number:08x}-0000-4000-8000-000000000000");
            let record = json!({"id": id, "session": n + 1, "outlet": 1, "what": what});
            (format!("queue/{number:020}"), record)
        };
        let (meter, tag) = (n * 10, "TAG1");
        let what = json!({"is": "Start", "tag": tag, "meter_wh": meter, "at": at(start * 1000)});
        entries.push(record(start, what));
        let what = json!({"is": "Stop", "tag": tag, "meter_wh": meter + 5, "at": at(stop * 1000), "reason": "Local"});
        entries.push(record(stop, what));
    }
    let last = json!({"boot_id": 1, "monotonic_ms": 2 * TRANSACTIONS * 1000});
    let book = json!({"next": 2 * TRANSACTIONS, "head": 0, "waiting": 2 * TRANSACTIONS, "thinned": 0, "last": last});
    entries.push(("queue-book".to_owned(), book));
    entries.push(("next-session".to_owned(), json!(TRANSACTIONS + 1)));
    let scene = with_entries(&entries);
    let Scene { stage, .. } = &scene;
    let queue = stage.charger.status()["queue"].as_u64().unwrap_or(0);
    assert!(queue > 0, "the queue is being sent");
    scene.swap("a queue of a thousand transactions");
    let patience = Duration::from_secs(120);
    let empty = stage
        .charger
        .wait_status_or_end(patience, |status| status["queue"] == 0);
    assert!(empty.is_some(), "{:#}", stage.charger.status());
    assert_eq!(build_of(stage), SECOND);
    let ledger = stage.ledger();
    assert_eq!(ledger.transactions.len() as u64, TRANSACTIONS);
    assert!(ledger.transactions.iter().all(|it| it.stop.is_some()));
    assert_eq!(ledger.retransmissions, 0, "none was sent twice");
}

#[test]
fn with_a_cache_of_ten_thousand_entries() {
    const TOKENS: u32 = 10_000;
    let mut entries: Vec<(String, Value)> = (0..TOKENS)
        .map(|n| {
            let said = 1_795_348_000_000_u64 + u64::from(n);
            let entry = json!({"entry": {"status": "Accepted"}, "said": said});
            (format!("cache/token{n}"), entry)
        })
        .collect();
    entries.push(("cache-count".to_owned(), json!(TOKENS)));
    let scene = with_entries(&entries);
    let Scene { stage, .. } = &scene;
    scene.swap("a cache of ten thousand entries");
    assert!(stage.charger.slot("ocpp")["entries"].as_u64() >= Some(u64::from(TOKENS)));
    // One of them still counts while nobody can be asked.
    stage.network(false);
    stage.plug(1);
    stage.card("TOKEN9999");
    stage.charger.wait_contactor(1, "closed");
    stage.network(true);
    stage.expect_charging(1, "TOKEN9999");
    stage.ledger();
}
