//! `plugpoint sim …`: what people, cars and accidents do at simulated hardware.

use serde_json::{Value, json};

use super::{ClientError, Control};

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A car plugs in.
    Plug {
        /// The connector.
        connector: u32,
        /// Draws at most this.
        current_a: Option<f64>,
        /// On this many phases.
        phases: Option<u8>,
        /// Until it has taken this much energy.
        capacity_wh: Option<f64>,
    },
    /// The car is unplugged.
    Unplug {
        /// The connector.
        connector: u32,
        /// At the car only: the cable stays in the socket.
        cable_stays: bool,
    },
    /// The car stops drawing, or goes on.
    EvState {
        /// The connector.
        connector: u32,
        /// The state of IEC 61851-1, a letter.
        state: &'static str,
    },
    /// A card is read.
    Card {
        /// What it says.
        token: String,
        /// Where; at any reader's if empty.
        connectors: Vec<u32>,
    },
    /// Something breaks.
    Fault {
        /// The connector.
        connector: u32,
        /// What kind of fault.
        kind: String,
    },
    /// It is mended.
    ClearFault {
        /// The connector.
        connector: u32,
        /// Only this; otherwise all.
        kind: Option<String>,
    },
    /// The meter's register is set.
    Meter {
        /// The connector.
        connector: u32,
        /// To this.
        energy_wh: f64,
    },
    /// The lock's motor jams, or works again.
    Lock {
        /// The connector.
        connector: u32,
        /// It jams.
        jammed: bool,
    },
    /// The emergency stop is pressed or released.
    EmergencyStop(bool),
    /// The network comes or goes.
    Network(bool),
    /// The mains come or go.
    Mains(bool),
}

/// Lets it happen.
pub async fn act(control: &Control, act: &Act) -> Result<(), ClientError> {
    let (path, body) = act.request();
    control
        .post(&path, &[], body.to_string().into_bytes())
        .await
        .map(drop)
}

impl Act {
    /// Where it is posted, and what.
    fn request(&self) -> (String, Value) {
        let at = |connector: &u32, what: &str| format!("/sim/connectors/{connector}/{what}");
        match self {
            Self::Plug {
                connector,
                current_a,
                phases,
                capacity_wh,
            } => {
                let mut body = json!({});
                if let Some(current) = current_a {
                    body["current_a"] = json!(current);
                }
                if let Some(phases) = phases {
                    body["phases"] = json!(phases);
                }
                if let Some(capacity) = capacity_wh {
                    body["capacity_wh"] = json!(capacity);
                }
                (at(connector, "plug"), body)
            }
            Self::Unplug {
                connector,
                cable_stays,
            } => (
                at(connector, "unplug"),
                json!({ "cable_stays": cable_stays }),
            ),
            Self::EvState { connector, state } => {
                (at(connector, "ev-state"), json!({ "state": state }))
            }
            Self::Card { token, connectors } => {
                let mut body = json!({ "id_tag": token });
                if !connectors.is_empty() {
                    body["connectors"] = json!(connectors);
                }
                ("/sim/rfid".to_owned(), body)
            }
            Self::Fault { connector, kind } => (at(connector, "fault"), json!({ "kind": kind })),
            Self::ClearFault { connector, kind } => (
                at(connector, "clear-fault"),
                match kind {
                    Some(kind) => json!({ "kind": kind }),
                    None => json!({}),
                },
            ),
            Self::Meter {
                connector,
                energy_wh,
            } => (at(connector, "meter"), json!({ "energy_wh": energy_wh })),
            Self::Lock { connector, jammed } => {
                (at(connector, "lock"), json!({ "jammed": jammed }))
            }
            Self::EmergencyStop(active) => (
                "/sim/emergency-stop".to_owned(),
                json!({ "active": active }),
            ),
            Self::Network(online) => ("/sim/network".to_owned(), json!({ "online": online })),
            Self::Mains(mains) => ("/sim/power".to_owned(), json!({ "mains": mains })),
        }
    }
}
