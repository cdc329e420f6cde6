//! What a new instance of the protocol guest is told: the whole present state
//! of its world.

use super::Loop;
use super::knowledge::Shown;
use crate::outlet::{PermitFate, PermitNews};
use crate::slots::Version;
use crate::wit::protocol::{Boot, BootReason, PermitEnd, PermitEndReason, Station};

impl Loop {
    /// Waits until what was ordered of the outlets before is done and shows. Also:
    /// what the guest knows of them once its `start` has succeeded. `installed`: the
    /// version, unless it is the one that the program brings along.
    pub(super) async fn boot(
        &self,
        reason: BootReason,
        entry_schema: u32,
        installed: Option<&Version>,
    ) -> (Boot, Shown) {
        // Before the outlets are looked at, so that no later event seems older.
        let now = self.clock.now();
        let views = self.outlets.fresh_views().await;
        let permit_ends = views.iter().filter_map(|view| view.permit_end.as_ref());
        let permit_ends = permit_ends.filter_map(permit_end).collect();
        let (outlets, shown) = self.knowledge.boot(views);
        let boot = Boot {
            now,
            reason,
            entry_schema,
            random: crate::random::bytes::<16>().to_vec(),
            station: Station {
                firmware_version: firmware_version(&self.info.firmware_version, installed),
                ..self.info.clone()
            },
            settings: self.settings.clone(),
            services: self.services.names(),
            link: self.link.state(),
            outlets,
            groups: self.groups.clone(),
            permit_ends,
            timers: self.timers.pending(),
            unanswered_requests: self.unanswered_requests.clone(),
            unanswered_decisions: self.unanswered_decisions.clone(),
            session_ends: self.sessions.to_end(),
            dropped: self.tenant.life().dropped().cloned(),
        };
        (boot, shown)
    }
}

/// Whoever has another version installed sees that it is another: as build metadata
/// (semver), so that it is not taken for a newer or older one of the whole.
fn firmware_version(whole: &str, installed: Option<&Version>) -> String {
    let Some(version) = installed else {
        return whole.to_owned();
    };
    let parts = [&version.name, &version.version, &version.build];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '.' || c == '-' => c,
        _ => '-',
    };
    let parts: String = parts.join("-").chars().map(plain).collect();
    format!("{whole}+{parts}")
}

/// None of a permit that never was in force.
fn permit_end(news: &PermitNews) -> Option<PermitEnd> {
    let why = match news.fate {
        PermitFate::Revoked => PermitEndReason::Revoked,
        PermitFate::CarLeft => PermitEndReason::CarLeft,
        PermitFate::Unwatched => PermitEndReason::Unwatched,
        PermitFate::NoComponent => PermitEndReason::NoGuest,
        PermitFate::TooLate => return None,
    };
    Some(PermitEnd {
        outlet: news.outlet,
        session: news.session,
        connection: news.connection,
        why,
        at: news.at,
        energy_mwh: news.register_mwh,
    })
}

#[cfg(test)]
mod tests {
    use super::firmware_version;
    use crate::slots::{Schemas, Version};

    #[test]
    fn what_was_installed_shows_in_the_version() {
        assert_eq!(firmware_version("1.0", None), "1.0");
        let version = |build: Option<&str>| Version {
            hash: String::new(),
            name: Some("guest-ocpp".to_owned()),
            version: Some("0.2.0".to_owned()),
            build: build.map(str::to_owned),
            schemas: Schemas::default(),
            signed_by: None,
            floor: None,
        };
        let shown = |build| firmware_version("1.0", Some(&version(build)));
        assert_eq!(shown(None), "1.0+guest-ocpp-0.2.0");
        assert_eq!(shown(Some("a+b")), "1.0+guest-ocpp-0.2.0-a-b");
    }
}
