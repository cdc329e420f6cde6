//! A charger at a central system that is not ours, and the steps that sessions
//! are made of.

use std::collections::HashMap;

use plugpoint_tests::central_system::{Entry, What};
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::frame::Frame;
use plugpoint_tests::ledger::{Ledger, Rules};
use plugpoint_tests::tell;
use serde_json::{Value, json};

use crate::foreign::{Foreign, Kind};

/// See the module.
pub struct Stage {
    pub central: Foreign,
    pub charger: Charger,
    // The place of its files, which goes when this does.
    _site: Site,
}

impl Stage {
    /// Both are started; nothing is expected yet.
    pub fn new(kind: Kind, amnesia: bool) -> Stage {
        let central = Foreign::start(kind);
        let config = Config::new(central.url()).amnesia(amnesia);
        let (site, charger) = Charger::start(&config).expect("a charger");
        Stage {
            central,
            charger,
            _site: site,
        }
    }

    /// A new connection, on which the charger boots, and is available.
    pub fn expect_boot(&self) {
        self.expect_opened();
        self.expect("BootNotification", |p| p["chargePointModel"] == "Test");
        self.expect_status(0, "Available");
    }

    fn expect_opened(&self) {
        let opening = self.central.expect("a connection", |what| match what {
            What::Opened(opening) => Some(opening.clone()),
            _ => None,
        });
        assert_eq!(opening.identity, "CP001");
        assert_eq!(opening.subprotocol.as_deref(), Some("ocpp1.6"));
    }

    /// Waits for a call of the charger: its id and payload.
    pub fn expect(&self, action: &str, is: impl Fn(&Value) -> bool) -> (String, Value) {
        self.central.expect(action, |what| match what {
            What::Received(Frame::Call {
                id,
                action: name,
                payload,
            }) if name == action && is(payload) => Some((id.clone(), payload.clone())),
            _ => None,
        })
    }

    /// None has come that was not expected.
    pub fn assert_none(&self, action: &str) {
        let stray = self.central.find(|what| match what {
            What::Received(Frame::Call { action: name, .. }) => (name == action).then_some(()),
            _ => None,
        });
        assert!(stray.is_none(), "{}", self.central.journal().transcript());
    }

    pub fn expect_status(&self, connector: u32, status: &str) {
        self.expect("StatusNotification", |p| {
            p["connectorId"] == connector && p["status"] == status
        });
    }

    /// A transaction begins; the id that the central system gives to it, and
    /// what the charger said.
    pub fn expect_start(&self, id_tag: &str) -> (i64, Value) {
        let (call, start) = self.expect("StartTransaction", |p| {
            p["connectorId"] == 1 && p["idTag"] == id_tag
        });
        let transaction = self.central.expect("answer", |what| match what {
            What::Sent(Frame::Result { id, payload }) if *id == call => {
                payload["transactionId"].as_i64()
            }
            _ => None,
        });
        (transaction, start)
    }

    /// A transaction ends for this reason.
    pub fn expect_stop(&self, transaction: i64, reason: &str) -> Value {
        let (_, stop) = self.expect("StopTransaction", |p| p["transactionId"] == transaction);
        let told = stop["reason"].as_str().unwrap_or("Local");
        assert_eq!(told, reason, "in {stop}");
        stop
    }

    /// A call of the central system that is answered with a CALLRESULT.
    pub fn ask(&mut self, action: &str, payload: Value) -> Value {
        match self.central.call(action, &payload).outcome {
            Ok(answer) => answer,
            Err((code, why)) => panic!(
                "{action} {payload}: {code} {why}\n{}",
                self.central.journal().transcript()
            ),
        }
    }

    /// A call whose answer has this status.
    pub fn ask_status(&mut self, action: &str, payload: Value, status: &str) {
        let answer = self.ask(action, payload.clone());
        assert_eq!(answer["status"], status, "{action} {payload}");
    }

    /// The whole charger begins anew, on a new connection.
    pub fn reset(&mut self, how: &str) {
        self.ask_status("Reset", json!({"type": how}), "Accepted");
        self.central.journal().push(0, What::Restarted);
    }

    pub fn plug(&self) {
        self.charger.control().plug(1).expect("a car");
    }

    pub fn unplug(&self) {
        self.charger.control().unplug(1).expect("no car");
    }

    pub fn card(&self, id_tag: &str) {
        self.charger.control().card(id_tag).expect("a card");
    }

    pub fn network(&self, online: bool) {
        self.charger.control().network(online).expect("a network");
        if online {
            self.expect_opened();
        } else {
            self.charger
                .wait_status("a link that is down", |s| s["link"]["state"] != "up");
        }
    }

    /// The central system has refused nothing, has looked at everything, and
    /// was told no nonsense; says how much that was.
    pub fn end(self, who: &str) {
        let Stage {
            central, charger, ..
        } = self;
        assert_eq!(charger.status()["components"][0]["restarts"], 0);
        drop(charger);
        let entries = central.journal().entries();
        let transcript = central.journal().transcript();
        let ledger = Ledger::of(&entries, &Rules::default());
        ledger.assert_clean(|| transcript.clone());
        assert_eq!(unmatched(&entries), Vec::<String>::new(), "{transcript}");
        let (counts, broken) = central.end();
        assert!(broken.is_empty(), "refused: {broken:#?}\n{transcript}");
        assert_eq!(
            counts.checked + counts.errors,
            counts.inwards + counts.outwards,
            "not every frame was checked: {counts:?}"
        );
        assert!(counts.checked > 100, "{counts:?}");
        tell(&format!(
            "{who}: {} frames from the charger and {} to it; {} checked against a schema, \
             {} CALLERRORs, 0 refused; {} transactions",
            counts.inwards,
            counts.outwards,
            counts.checked,
            counts.errors,
            ledger.transactions.len(),
        ));
    }
}

/// Calls of the central system that the charger has not answered exactly once,
/// and answers to nothing: the packages ignore both.
fn unmatched(entries: &[Entry]) -> Vec<String> {
    let mut answers: HashMap<&str, i32> = HashMap::new();
    for entry in entries {
        match &entry.what {
            What::Sent(Frame::Call { id, .. }) => *answers.entry(id).or_default() -= 1,
            What::Received(Frame::Result { id, .. } | Frame::Error { id, .. }) => {
                *answers.entry(id).or_default() += 1;
            }
            _ => {}
        }
    }
    let off = answers.into_iter().filter(|(_, off)| *off != 0);
    off.map(|(id, off)| format!("{id}: {off:+}")).collect()
}
