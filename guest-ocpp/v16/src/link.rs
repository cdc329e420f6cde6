//! How the central system is reached: the address, the credential, pings and
//! back-off, out of the configuration keys. The host dials.

use crate::config::{Config, Key};
use crate::host::{BackOff, Connect, Credential, Station, Target};
use crate::password;
use crate::trial::Trial;

const SUBPROTOCOL: &str = "ocpp1.6";
const PONG_DEADLINE_MS: u32 = 5_000;
const OPEN_DEADLINE_MS: u32 = 20_000;
const MAX_FRAME_BYTES: u32 = 256 * 1024;
/// Short first, so that a dropped link is back soon; the random part keeps a
/// street of chargers from dialling in step after a power cut.
const BACK_OFF: BackOff = BackOff {
    first_ms: 1_000,
    most_ms: 120_000,
    jitter_ms: 3_000,
};

/// Where the new way of signing in is on trial, the former one comes second.
pub(crate) fn plan(
    station: &Station,
    config: &Config,
    password: password::Which,
    trial: Trial,
) -> Connect {
    let profile = config.int(Key::SecurityProfile);
    let mut targets = vec![target(station, profile, password.entry())];
    if trial.is_on() {
        let former = if trial.password {
            Some(password::FORMER)
        } else {
            password.entry()
        };
        targets.push(target(station, trial.profile.unwrap_or(profile), former));
    }
    Connect {
        targets,
        attempts_per_target: 1,
        subprotocols: vec![SUBPROTOCOL.to_owned()],
        ping_interval_ms: u32::try_from(config.ms(Key::WebSocketPingInterval)).unwrap_or(u32::MAX),
        pong_deadline_ms: PONG_DEADLINE_MS,
        open_deadline_ms: OPEN_DEADLINE_MS,
        back_off: BACK_OFF,
        max_frame_bytes: MAX_FRAME_BYTES,
    }
}

fn target(station: &Station, profile: i64, password: Option<&str>) -> Target {
    let credential = password.filter(|_| profile == 1 || profile == 2);
    Target {
        url: address(station, profile),
        credential: credential.map(|entry| Credential {
            user: station.id.clone(),
            password_entry: entry.to_owned(),
        }),
        client_identity: (profile == 3).then(|| "client".to_owned()),
        trust: vec!["csms".to_owned()],
    }
}

fn address(station: &Station, profile: i64) -> String {
    let configured = station.central_system_url.trim();
    let (scheme, rest) = configured.split_once("://").unwrap_or(("ws", configured));
    let scheme = if profile >= 2 { "wss" } else { scheme };
    let end = if station.trailing_slash { "/" } else { "" };
    format!(
        "{scheme}://{}/{}{end}",
        rest.trim_end_matches('/'),
        percent_encode(&station.id)
    )
}

/// Everything but the unreserved characters of RFC 3986.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::address;
    use crate::host::Station;

    #[test]
    fn the_identity_is_appended() {
        for (url, id, slash, profile, expected) in [
            ("ws://host/ocpp", "CP001", false, 0, "ws://host/ocpp/CP001"),
            ("ws://host/ocpp/", "CP001", false, 0, "ws://host/ocpp/CP001"),
            (
                "ws://host:9000",
                "CP 1/\u{e4}",
                false,
                1,
                "ws://host:9000/CP%201%2F%C3%A4",
            ),
            ("ws://host/a/b", "x", true, 2, "wss://host/a/b/x/"),
            ("wss://host/a", "x", false, 0, "wss://host/a/x"),
        ] {
            let station = Station {
                id: id.to_owned(),
                central_system_url: url.to_owned(),
                trailing_slash: slash,
                ..Station::default()
            };
            assert_eq!(address(&station, profile), expected);
        }
    }
}
