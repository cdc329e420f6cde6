//! Boot.

use serde_json::json;

use crate::expected::{boot, heartbeat};
use crate::outcome::Outcome;
use crate::session::Session;
use crate::station::Reply;

/// So many heartbeats show an interval.
const BEATS: usize = 3;

/// A station whose registration is rejected stays silent for the interval, asks
/// again, and once accepted tells of all connectors and keeps its heart beating.
pub fn tc_001(s: &mut Session<'_>) -> Outcome {
    let interval = s.short();
    s.power_off()?;
    let rejected = s.boot_answer("Rejected", interval);
    s.reply_next("BootNotification", rejected);
    s.power_on()?;
    let first = s.expect(boot())?;
    let accepted = s.boot_answer("Accepted", interval);
    s.reply_next("BootNotification", accepted);
    let first = s.answered(&first)?;
    let since = first.answered_at.unwrap_or(first.at);
    s.expect_silence(since + interval - s.tolerance())?;
    let second = s.expect(boot())?;
    s.check_gap(
        "the time until the next BootNotification",
        second.at - since,
        interval,
    )?;
    s.tells_all(&[])?;
    beats(s, interval)
}

/// While its registration is pending, a station answers and changes its
/// configuration, and says nothing by itself; then as after any boot.
pub fn tc_002(s: &mut Session<'_>) -> Outcome {
    // In this time there is much to ask.
    let interval = s.short() * 2;
    s.power_off()?;
    let pending = s.boot_answer("Pending", interval);
    s.reply_next("BootNotification", pending);
    s.power_on()?;
    let first = s.expect(boot())?;
    let accepted = s.boot_answer("Accepted", s.short());
    s.reply_next("BootNotification", accepted);
    let first = s.answered(&first)?;
    let since = first.answered_at.unwrap_or(first.at);
    let keys = s.keys()?;
    if keys.is_empty() {
        return Err(s.failure("GetConfiguration lists no keys while the registration is pending"));
    }
    let change = json!({"key": "MeterValueSampleInterval", "value": "15"});
    s.call_for("ChangeConfiguration", change, &["Accepted"])?;
    let connector = s.connector();
    s.plug(connector)?;
    s.unplug(connector)?;
    s.expect_silence(since + interval - s.tolerance())?;
    let second = s.expect(boot())?;
    s.check_gap(
        "the time until the next BootNotification",
        second.at - since,
        interval,
    )?;
    s.tells_all(&[])?;
    beats(s, s.short())
}

fn beats(s: &mut Session<'_>, interval: std::time::Duration) -> Outcome {
    let mut last = s.now();
    for beat in 0..BEATS {
        let message = s.expect(heartbeat())?;
        // The first counts from something that the station has just said.
        if beat > 0 {
            s.check_gap("the time between Heartbeats", message.at - last, interval)?;
        }
        last = message.at;
    }
    s.reply("BootNotification", Reply::Usual);
    Ok(())
}
