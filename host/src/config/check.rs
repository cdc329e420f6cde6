//! Checks that need more than a type: ranges, and what must go together.

use super::file::{Config, TrustedKey};
use crate::services::Network;
use crate::slots::{Trust, is_pattern, public_key};
use crate::zone::Zone;

/// What is wrong, where.
pub(super) struct Problem {
    pub(super) key: String,
    pub(super) text: String,
}

pub(super) fn check(config: &Config) -> Result<(), Problem> {
    charge_point(config)?;
    csms(config)?;
    connectors(config)?;
    super::gpio::check(config)?;
    super::meter::check(config)?;
    super::reader::check(config)?;
    super::group::check(config)?;
    policies(config)?;
    control(config)?;
    trust(config)?;
    transfer(config)?;
    guests(config)?;
    limits(config)
}

pub(super) fn wrong<T>(key: impl Into<String>, text: impl Into<String>) -> Result<T, Problem> {
    Err(Problem {
        key: key.into(),
        text: text.into(),
    })
}

fn charge_point(config: &Config) -> Result<(), Problem> {
    let it = &config.charge_point;
    if it.id.is_empty() || it.id.len() > 255 {
        return wrong("charge_point.id", "expected 1 to 255 characters");
    }
    // The longest that a back office accepts for each; longer ones would make
    // every boot message invalid, which is much harder to find.
    for (key, value, longest) in [
        ("vendor", &it.vendor, 20),
        ("model", &it.model, 20),
        ("serial_number", &it.serial_number, 25),
        ("charge_box_serial_number", &it.charge_box_serial_number, 25),
        ("firmware_version", &it.firmware_version, 50),
        ("meter_type", &it.meter_type, 25),
        ("meter_serial_number", &it.meter_serial_number, 25),
        ("iccid", &it.iccid, 20),
        ("imsi", &it.imsi, 20),
    ] {
        let length = value.chars().count();
        if length > longest {
            return wrong(
                format!("charge_point.{key}"),
                format!("has {length} characters, expected at most {longest}"),
            );
        }
    }
    if it.vendor.is_empty() {
        return wrong("charge_point.vendor", "expected a name, found none");
    }
    if it.model.is_empty() {
        return wrong("charge_point.model", "expected a name, found none");
    }
    if let Err(error) = Zone::named(&it.time_zone) {
        return wrong("charge_point.time_zone", error.to_string());
    }
    Ok(())
}

fn csms(config: &Config) -> Result<(), Problem> {
    let url = &config.csms.url;
    let Some((scheme, rest)) = url.split_once("://") else {
        return wrong(
            "csms.url",
            format!("expected ws://… or wss://…, found `{url}`"),
        );
    };
    if !matches!(scheme, "ws" | "wss") {
        return wrong(
            "csms.url",
            format!("expected ws:// or wss://, found `{scheme}://`"),
        );
    }
    if url.parse::<http::Uri>().is_err() || rest.is_empty() || rest.starts_with('/') {
        return wrong("csms.url", format!("`{url}` is not a URL with a host"));
    }
    let tls = &config.tls;
    if tls.client_cert.is_some() != tls.client_key.is_some() {
        return wrong(
            "tls.client_cert",
            "client_cert and client_key go together, found only one of them",
        );
    }
    Ok(())
}

fn connectors(config: &Config) -> Result<(), Problem> {
    if config.connector.is_empty() {
        return wrong("connector", "expected at least one [[connector]]");
    }
    for (index, it) in config.connector.iter().enumerate() {
        let key = |name: &str| format!("connector[{index}].{name}");
        let expected = index as u32 + 1;
        if it.id != expected {
            return wrong(
                key("id"),
                format!(
                    "expected {expected} (connectors are numbered from 1, in order), found {}",
                    it.id
                ),
            );
        }
        if !(6..=80).contains(&it.max_current_a) {
            return wrong(
                key("max_current_a"),
                format!("expected 6 to 80 A, found {}", it.max_current_a),
            );
        }
        if !matches!(it.phases, 1 | 3) {
            return wrong(
                key("phases"),
                format!("expected 1 or 3, found {}", it.phases),
            );
        }
    }
    Ok(())
}

fn policies(config: &Config) -> Result<(), Problem> {
    for (index, it) in config.policy.iter().enumerate() {
        let plain = !it.name.is_empty()
            && it.name.len() <= 64
            && it
                .name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if !plain {
            return wrong(
                format!("policy[{index}].name"),
                "expected 1 to 64 letters, digits, '-', '_' or '.'",
            );
        }
        if config.policy[..index].iter().any(|p| p.name == it.name) {
            return wrong(
                format!("policy[{index}].name"),
                format!("there are two policies `{}`", it.name),
            );
        }
    }
    Ok(())
}

fn control(config: &Config) -> Result<(), Problem> {
    let listen = &config.control.listen;
    let is_socket = listen.strip_prefix("unix:").is_some_and(|p| !p.is_empty());
    if !is_socket && listen.parse::<std::net::SocketAddr>().is_err() {
        return wrong(
            "control.listen",
            format!("expected ADDRESS:PORT or unix:PATH, found `{listen}`"),
        );
    }
    if config.has_real_hardware() && !is_socket && !config.control.asks_for_tokens() {
        return wrong(
            "control.token_file",
            "a token is needed to control real hardware over TCP",
        );
    }
    for (index, host) in config.control.hosts.iter().enumerate() {
        if host.is_empty() || host.contains([':', '/', ' ']) {
            return wrong(
                format!("control.hosts[{index}]"),
                format!(
                    "expected a name such as `charger.example.com`, without a port, found `{host}`"
                ),
            );
        }
    }
    Ok(())
}

fn trust(config: &Config) -> Result<(), Problem> {
    if let Err(index) = Trust::configured(&config.trust, "") {
        return wrong(
            format!("trust.keys[{index}]"),
            "expected a minisign public key, as `minisign -G` prints it (RW…)",
        );
    }
    for (index, key) in config.trust.keys.iter().enumerate() {
        let TrustedKey::Scoped(key) = key else {
            continue;
        };
        if let Some(slot) = key.slots.iter().find(|it| !is_pattern(it)) {
            return wrong(
                format!("trust.keys[{index}].slots"),
                format!("expected ocpp, policy/NAME or policy/*, found `{slot}`"),
            );
        }
    }
    for (index, it) in config.trust.revoked.iter().enumerate() {
        let is_hash = it.len() == 64 && it.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash && public_key(it).is_none() {
            return wrong(
                format!("trust.revoked[{index}]"),
                "expected a minisign public key (RW…) or the SHA-256 of a file in hex",
            );
        }
    }
    for (name, floor) in &config.trust.floor {
        if semver::Version::parse(floor).is_err() {
            return wrong(
                format!("trust.floor.{name}"),
                format!("expected a version such as 1.2.0, found `{floor}`"),
            );
        }
    }
    let it = &config.probation;
    for (key, value) in [
        ("in_service_s", it.in_service_s),
        ("answer_s", it.answer_s),
        ("starts", it.starts),
    ] {
        if value == 0 {
            return wrong(format!("probation.{key}"), "expected 1 or more");
        }
    }
    Ok(())
}

fn transfer(config: &Config) -> Result<(), Problem> {
    if config.contactor.closings_per_hour == Some(0) {
        return wrong("contactor.closings_per_hour", "expected 1 or more");
    }
    let it = &config.storage;
    for (key, value) in [
        ("write_burst", it.write_burst),
        ("writes_per_hour", it.writes_per_hour),
    ] {
        if value == 0 {
            return wrong(format!("storage.{key}"), "expected 1 or more");
        }
    }
    for (index, network) in config.transfer.allow.iter().enumerate() {
        if let Err(expected) = network.parse::<Network>() {
            return wrong(
                format!("transfer.allow[{index}]"),
                format!("{expected}, found `{network}`"),
            );
        }
    }
    Ok(())
}

fn guests(config: &Config) -> Result<(), Problem> {
    if config.guests.backend().exists() {
        return Ok(());
    }
    wrong(
        "guests.backend",
        format!(
            "guests cannot be compiled to machine code of this processor ({}), expected \"auto\" or \"pulley\"",
            std::env::consts::ARCH
        ),
    )
}

fn limits(config: &Config) -> Result<(), Problem> {
    if !(1..=1000).contains(&config.limits.time_factor) {
        return wrong("limits.time_factor", "expected 1 to 1000");
    }
    let each = [
        ("limits.ocpp", &config.limits.ocpp),
        ("limits.policy", &config.limits.policy),
    ];
    for (section, it) in each {
        if it.event_ms.is_some_and(|v| v == 0 || v > 60_000) {
            return wrong(format!("{section}.event_ms"), "expected 1 to 60000 ms");
        }
        if it.start_ms.is_some_and(|v| v == 0 || v > 60_000) {
            return wrong(format!("{section}.start_ms"), "expected 1 to 60000 ms");
        }
        if it.memory_kib.is_some_and(|v| !(128..=65_536).contains(&v)) {
            return wrong(format!("{section}.memory_kib"), "expected 128 to 65536 KiB");
        }
    }
    if !(64..=1024 * 1024).contains(&config.recorder.max_kib) {
        return wrong("recorder.max_kib", "expected 64 to 1048576 KiB");
    }
    if !(1024..=16 * 1024 * 1024).contains(&config.link.max_frame_bytes) {
        return wrong("link.max_frame_bytes", "expected 1024 to 16777216 bytes");
    }
    if config.debug.crash.is_some_and(|crash| crash.n == 0) {
        return wrong("debug.crash.n", "expected 1 or more");
    }
    Ok(())
}
