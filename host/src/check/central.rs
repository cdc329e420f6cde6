//! The way to the central system: the files of `[tls]`, and, if it is asked for, the
//! system itself. Not here: what is said to it.

use std::sync::Arc;

use super::{Finding, Verdict};
use crate::clock::Clock;
use crate::config::Config;
use crate::link::{LinkMaterial, probe};
use crate::services::keystore::{self, InitialMaterial, Keystore, MemoryStorage};
use crate::wit::protocol::Target;

/// Looks at the files; `online`: connects.
pub(super) fn look(config: &Config, online: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let keys = match keys(config) {
        Ok((keys, text)) => {
            findings.extend(text.map(|text| Finding::new("tls", Verdict::Good, text)));
            Some(Arc::new(keys))
        }
        Err(text) => {
            findings.push(Finding::new("tls", Verdict::Bad, text));
            None
        }
    };
    if config.csms.url.starts_with("wss:") && config.tls.csms_root_ca.is_none() {
        let text = "csms.url is wss://, and tls.csms_root_ca names no root: the central system's certificate would not be believed, unless a root was stored before";
        findings.push(Finding::new("tls", Verdict::Doubtful, text));
    }
    findings.push(match (online, keys) {
        (true, Some(keys)) => connect(config, keys),
        (true, None) => Finding::new("csms", Verdict::Bad, "not tried: see tls"),
        (false, _) => {
            let text = format!("{}; --online connects to it", config.csms.url);
            Finding::new("csms", Verdict::Good, text)
        }
    });
    findings
}

/// The files of `[tls]`, as they would be copied at the first start, and which there
/// are, if any is named.
fn keys(config: &Config) -> Result<(Keystore, Option<String>), String> {
    let tls = &config.tls;
    let material = InitialMaterial {
        csms_root_ca: tls.csms_root_ca.clone(),
        manufacturer_root_ca: tls.manufacturer_root_ca.clone(),
        client_cert: tls.client_cert.clone(),
        client_key: tls.client_key.clone(),
    };
    let keys = Keystore::open(MemoryStorage::default()).map_err(|error| error.to_string())?;
    let found = keys.import_initial(&material);
    let found = found.map_err(|error| error.to_string())?;
    let text = (!found.is_empty()).then(|| format!("{}: can be used", found.join(", ")));
    Ok((keys, text))
}

fn connect(config: &Config, keys: Arc<Keystore>) -> Finding {
    let identity = keys.identity(keystore::CLIENT);
    let target = Target {
        url: config.csms.url.clone(),
        credential: None,
        client_identity: identity.map(|_| keystore::CLIENT.to_owned()),
        trust: vec![keystore::CSMS.to_owned()],
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let reached = match runtime {
        Ok(runtime) => runtime.block_on(probe(
            &target,
            config.tls.verify_hostname,
            keys,
            Clock::new(config.clock.trust_board),
        )),
        Err(error) => Err(error.to_string()),
    };
    match reached {
        Ok(text) => Finding::new("csms", Verdict::Good, text),
        Err(why) => {
            let text = format!("{} cannot be reached: {why}", config.csms.url);
            Finding::new("csms", Verdict::Bad, text)
        }
    }
}
