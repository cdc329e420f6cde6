//! The control API from a client's side. What it is told and what it answers is
//! in the contract; this only spares the tests the HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

/// A client of one running charger.
#[derive(Debug, Clone)]
pub struct Control {
    url: String,
    agent: ureq::Agent,
    token: Option<String>,
}

/// A request that was not granted.
#[derive(Debug, Error)]
pub enum ControlFailure {
    /// The charger answered with an error.
    #[error("{path} is answered with {status}: {error}")]
    Refused {
        /// What was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The text of `error` in the answer.
        error: String,
    },
    /// There was no answer, or not one that can be read.
    #[error("{path} is not answered: {problem}")]
    NoAnswer {
        /// What was asked for.
        path: String,
        /// Why.
        problem: String,
    },
}

impl ControlFailure {
    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            ControlFailure::Refused { status, .. } => Some(*status),
            ControlFailure::NoAnswer { .. } => None,
        }
    }
}

impl Control {
    /// A client for the API at `http://ADDRESS:PORT`.
    pub fn new(url: &str) -> Control {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            // A charger is killed and started anew all the time.
            .max_idle_connections(0)
            .proxy(None)
            .build();
        Control {
            url: url.trim_end_matches('/').to_owned(),
            agent: config.into(),
            token: None,
        }
    }

    /// With a bearer token.
    pub fn with_token(self, token: &str) -> Control {
        Control {
            token: Some(token.to_owned()),
            ..self
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// GET, and the answer as text.
    ///
    /// # Errors
    /// If it is not a 2xx.
    pub fn get_text(&self, path: &str) -> Result<String, ControlFailure> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        answer(path, request.call())
    }

    /// GET, and the answer as JSON.
    ///
    /// # Errors
    /// If it is not a 2xx with JSON.
    pub fn get(&self, path: &str) -> Result<Value, ControlFailure> {
        json_of(path, &self.get_text(path)?)
    }

    /// POST with a JSON body, and the answer as JSON.
    ///
    /// # Errors
    /// If it is not a 2xx with JSON.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, ControlFailure> {
        self.post_text(path, &body.to_string())
    }

    /// POST with any body, and the answer as JSON.
    ///
    /// # Errors
    /// If it is not a 2xx with JSON.
    pub fn post_text(&self, path: &str, body: &str) -> Result<Value, ControlFailure> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        json_of(path, &answer(path, request.send(body))?)
    }

    /// POST with bytes and further headers, and the answer as JSON.
    ///
    /// # Errors
    /// If it is not a 2xx with JSON.
    pub fn post_bytes(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Value, ControlFailure> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        json_of(path, &answer(path, request.send(body))?)
    }

    /// `GET /v1/status`.
    ///
    /// # Errors
    /// If it is not answered.
    pub fn status(&self) -> Result<Value, ControlFailure> {
        self.get("/v1/status")
    }

    /// A car plugs in.
    ///
    /// # Errors
    /// If it is not granted, as with all that follow.
    pub fn plug(&self, connector: u32) -> Result<Value, ControlFailure> {
        self.post(&format!("/sim/connectors/{connector}/plug"), &json!({}))
    }

    /// The car is unplugged.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn unplug(&self, connector: u32) -> Result<Value, ControlFailure> {
        self.post(&format!("/sim/connectors/{connector}/unplug"), &json!({}))
    }

    /// The cable is pulled out of the car and stays in the socket.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn unplug_at_car(&self, connector: u32) -> Result<Value, ControlFailure> {
        let path = format!("/sim/connectors/{connector}/unplug");
        self.post(&path, &json!({"cable_stays": true}))
    }

    /// The car pauses (`B`) or goes on (`C`).
    ///
    /// # Errors
    /// If it is not granted.
    pub fn ev_state(&self, connector: u32, state: &str) -> Result<Value, ControlFailure> {
        let path = format!("/sim/connectors/{connector}/ev-state");
        self.post(&path, &json!({"state": state}))
    }

    /// A fault comes up.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn fault(&self, connector: u32, kind: &str) -> Result<Value, ControlFailure> {
        let path = format!("/sim/connectors/{connector}/fault");
        self.post(&path, &json!({"kind": kind}))
    }

    /// All faults of a connector are gone.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn clear_fault(&self, connector: u32) -> Result<Value, ControlFailure> {
        self.post(
            &format!("/sim/connectors/{connector}/clear-fault"),
            &json!({}),
        )
    }

    /// Sets the register.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn meter(&self, connector: u32, energy_wh: f64) -> Result<Value, ControlFailure> {
        let path = format!("/sim/connectors/{connector}/meter");
        self.post(&path, &json!({"energy_wh": energy_wh}))
    }

    /// The lock's motor fails from now on, or works again.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn jam_lock(&self, connector: u32, jammed: bool) -> Result<Value, ControlFailure> {
        let path = format!("/sim/connectors/{connector}/lock");
        self.post(&path, &json!({"jammed": jammed}))
    }

    /// A card is read at the one reader.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn card(&self, id_tag: &str) -> Result<Value, ControlFailure> {
        self.post("/sim/rfid", &json!({"id_tag": id_tag}))
    }

    /// A card is read for this connector.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn card_at(&self, connector: u32, id_tag: &str) -> Result<Value, ControlFailure> {
        self.post(
            "/sim/rfid",
            &json!({"id_tag": id_tag, "connectors": [connector]}),
        )
    }

    /// The emergency stop is pushed or pulled.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn emergency_stop(&self, active: bool) -> Result<Value, ControlFailure> {
        self.post("/sim/emergency-stop", &json!({"active": active}))
    }

    /// The network goes or comes.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn network(&self, online: bool) -> Result<Value, ControlFailure> {
        self.post("/sim/network", &json!({"online": online}))
    }

    /// Mains fail.
    ///
    /// # Errors
    /// If it is not granted.
    pub fn mains(&self, mains: bool) -> Result<Value, ControlFailure> {
        self.post("/sim/power", &json!({"mains": mains}))
    }
}

fn answer(
    path: &str,
    response: Result<http::Response<ureq::Body>, ureq::Error>,
) -> Result<String, ControlFailure> {
    let no_answer = |error: ureq::Error| ControlFailure::NoAnswer {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    let mut response = response.map_err(no_answer)?;
    let text = response.body_mut().read_to_string().map_err(no_answer)?;
    if response.status().is_success() {
        return Ok(text);
    }
    let error = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|value| Some(value["error"].as_str()?.to_owned()));
    Err(ControlFailure::Refused {
        path: path.to_owned(),
        status: response.status().as_u16(),
        error: error.unwrap_or(text),
    })
}

fn json_of(path: &str, text: &str) -> Result<Value, ControlFailure> {
    serde_json::from_str(text).map_err(|error| ControlFailure::NoAnswer {
        path: path.to_owned(),
        problem: format!("{error} in {text:?}"),
    })
}
