//! The components that a charger begins with, and whose it would take later.

use std::path::Path;

use super::{Finding, Verdict};
use crate::carried::{self, Packed};
use crate::config::Config;
use crate::guest::{Inspection, World, is_precompiled};
use crate::slots::{Trust, signature_of};

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let it = &config.components;
    let mut findings = vec![begins_with(
        config,
        "component of slot ocpp".to_owned(),
        it.ocpp.as_deref(),
        carried::protocol(),
        World::Ocpp,
    )];
    for policy in &config.policy {
        findings.push(begins_with(
            config,
            format!("component of slot policy/{}", policy.name),
            policy.file.as_deref().or(it.policy.as_deref()),
            carried::policy(),
            World::Policy,
        ));
    }
    findings.push(trust(config));
    findings
}

/// What a slot begins with: a file, or what the program carries.
fn begins_with(
    config: &Config,
    what: String,
    file: Option<&Path>,
    carried: Option<Packed>,
    world: World,
) -> Finding {
    match (file, carried) {
        (Some(path), _) => match usable(config, path, world) {
            Ok(text) => Finding::new(what, Verdict::Good, text),
            Err(why) => Finding::new(what, Verdict::Bad, format!("{}: {why}", path.display())),
        },
        (None, Some(packed)) => match packed.unpack().map(|bytes| Inspection::of(&bytes)) {
            Some(Ok(it)) => Finding::new(what, Verdict::Good, format!("{}, carried", named(&it))),
            Some(Err(_)) | None => {
                let text =
                    "the program is damaged: what it carries cannot be unpacked; install it again";
                Finding::new(what, Verdict::Bad, text)
            }
        },
        (None, None) => Finding::new(what, Verdict::Bad, carried::MISSING),
    }
}

/// A file for a slot, as the charger would take it at its start.
fn usable(config: &Config, path: &Path, world: World) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let it = Inspection::of(&bytes).map_err(|misfit| misfit.to_string())?;
    it.fits(world).map_err(|misfit| misfit.to_string())?;
    if is_precompiled(&bytes) {
        let trust = Trust::configured(&config.trust, &config.charge_point.model)
            .map_err(|index| format!("trust.keys[{index}] is no key"))?;
        let signature = std::fs::read(signature_of(path)).ok();
        let vouched = trust
            .verify(&bytes, signature.as_deref(), None)
            .map_err(|error| format!("it was compiled beforehand, and {error}"))?;
        match vouched {
            Some(vouched) => vouched.check_machine_code().map_err(|it| it.to_string())?,
            None => return Err("it was compiled beforehand, and must be signed".into()),
        }
    }
    Ok(format!("{}, {}", named(&it), path.display()))
}

fn named(it: &Inspection) -> String {
    let version = it.version.as_deref().unwrap_or("without version");
    format!("{} {version}", it.name_or_hash())
}

/// Whose components would be taken while the charger runs.
fn trust(config: &Config) -> Finding {
    let it = &config.trust;
    let (verdict, text) = match (it.keys.len(), it.allow_unsigned) {
        (_, true) => (
            Verdict::Doubtful,
            "anybody who reaches the control API can install a component: trust.allow_unsigned is for the desk".to_owned(),
        ),
        (0, false) => (
            Verdict::Doubtful,
            "no component can be installed while the charger runs: trust.keys is empty".to_owned(),
        ),
        (1, false) => (Verdict::Good, "one key is trusted".to_owned()),
        (keys, false) => (Verdict::Good, format!("{keys} keys are trusted")),
    };
    Finding::new("trust", verdict, text)
}
