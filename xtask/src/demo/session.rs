//! A charging session, step by step: what a driver does, and what has to follow.

use std::time::Duration;

use anyhow::{Result, bail};
use plugpoint_terminal::say;
use serde_json::Value;

use super::charger::Charger;
use super::happenings::Happenings;
use super::story::{Frame, Story};

const CONNECTS_WITHIN: Duration = Duration::from_secs(60);
const FOLLOWS_WITHIN: Duration = Duration::from_secs(20);
/// So many meter values are waited for.
const METER_VALUES: u32 = 2;

/// Plays it. What happened, in a sentence.
pub fn play(charger: &Charger, card: &str, happenings: &Happenings) -> Result<String> {
    let mut play = Play {
        story: Story::default(),
        happenings,
    };
    play.step("The charge point introduces itself");
    if !charger.is_registered()? {
        play.registration()?;
        play.status("Available")?;
    }

    play.step("A car plugs in");
    charger.post("/sim/connectors/1/plug", r#"{"current_a": 16}"#)?;
    play.status("Preparing")?;

    play.step(&format!("The driver shows the card {card}"));
    let rfid = format!(r#"{{"id_tag": "{card}", "connectors": [1]}}"#);
    charger.post("/sim/rfid", &rfid)?;
    let start = play.transaction("StartTransaction")?;
    play.status("Charging")?;

    play.step("The car charges for a while");
    for _ in 0..METER_VALUES {
        play.meter_values()?;
    }

    play.step("The driver shows the card again: enough");
    charger.post("/sim/rfid", &rfid)?;
    let stop = play.transaction("StopTransaction")?;

    play.step("The car leaves");
    charger.post("/sim/connectors/1/unplug", "")?;
    play.status("Available")?;

    let energy =
        stop["meterStop"].as_i64().unwrap_or(0) - start["meterStart"].as_i64().unwrap_or(0);
    Ok(format!(
        "A whole session: the car got {energy} Wh, and the central system knows it."
    ))
}

struct Play<'a> {
    story: Story,
    happenings: &'a Happenings,
}

impl Play<'_> {
    fn step(&self, what: &str) {
        say!("\n== {what}");
    }

    /// Waits until the central system accepts the charger; it may take its time.
    fn registration(&mut self) -> Result<()> {
        let what = "the central system to accept this charge point";
        self.frame(what, CONNECTS_WITHIN, |frame| match frame {
            Frame::Answer {
                to: Some((action, _)),
                payload,
            } => (action == "BootNotification" && payload["status"] == "Accepted").then_some(()),
            _ => None,
        })
    }

    /// Waits until the central system knows this status of connector 1.
    fn status(&mut self, status: &str) -> Result<()> {
        let what = format!("the status {status}");
        self.frame(&what, FOLLOWS_WITHIN, |frame| match frame {
            Frame::Answer {
                to: Some((action, told)),
                ..
            } => (action == "StatusNotification"
                && told["connectorId"] == 1
                && told["status"] == status)
                .then_some(()),
            _ => None,
        })
    }

    /// Waits until the central system has taken meter values.
    fn meter_values(&mut self) -> Result<()> {
        self.frame("meter values", FOLLOWS_WITHIN, |frame| match frame {
            Frame::Answer {
                to: Some((action, _)),
                ..
            } => (action == "MeterValues").then_some(()),
            _ => None,
        })
    }

    /// Waits until a transaction message was accepted; gives the message.
    fn transaction(&mut self, wanted: &str) -> Result<Value> {
        let what = format!("the answer to {wanted}");
        let (message, answer) = self.frame(&what, FOLLOWS_WITHIN, |frame| match frame {
            Frame::Answer {
                to: Some((action, message)),
                payload,
            } if action == wanted => Some(Ok((message.clone(), payload.clone()))),
            // The card was refused: the transaction will never come.
            Frame::Answer {
                to: Some((action, _)),
                payload,
            } if action == "Authorize" => accepted(&payload["idTagInfo"]["status"]).err().map(Err),
            Frame::Refusal {
                to: Some((action, _)),
                why,
            } if action == wanted => {
                Some(Err(anyhow::anyhow!("the central system refuses: {why}")))
            }
            _ => None,
        })??;
        if let Some(info) = answer.get("idTagInfo") {
            accepted(&info["status"])?;
        }
        Ok(message)
    }

    fn frame<T>(
        &mut self,
        what: &str,
        patience: Duration,
        mut wanted: impl FnMut(&Frame) -> Option<T>,
    ) -> Result<T> {
        let story = &mut self.story;
        self.happenings.wait(what, patience, |entry| {
            let frame = story.frame(entry);
            story.tell_with(entry, frame.as_ref());
            frame.as_ref().and_then(&mut wanted)
        })
    }
}

fn accepted(status: &Value) -> Result<()> {
    match status.as_str() {
        Some("Accepted") => Ok(()),
        Some(other) => bail!("the central system says {other}"),
        None => bail!("the central system's answer has no status"),
    }
}
