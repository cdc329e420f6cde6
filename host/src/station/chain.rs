//! From the configuration to the chain of policies, and to the installer that
//! can put other components into all slots.

use tokio::sync::mpsc;

use super::guests::{self, Guests, named, policies, policy_base, policy_slot};
use super::{SLOT, StartError};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::Command;
use crate::guest::{Ocpp, Policy};
use crate::policy::{Chain, PolicySettings, Worker};
use crate::sessions::Sessions;
use crate::slots::{Installer, Jobs, Preflight, Target, Tenant};
use crate::wit::authorization;
use crate::zone::Zone;

/// Guests at work, or ready to be.
pub(super) struct Assembled {
    pub(super) tenant: Tenant<Ocpp>,
    pub(super) chain: Chain,
    pub(super) workers: Vec<Worker>,
    pub(super) installer: Installer,
}

pub(super) fn assemble(
    config: &Config,
    guests: &Guests,
    clock: &Clock,
    sessions: &Sessions,
    jobs: Jobs,
    commands: mpsc::UnboundedSender<Command>,
) -> Result<Assembled, StartError> {
    let base = guests::protocol_base(config)?;
    let outlets = config.connector.iter().map(|c| c.id).collect();
    let limits = guests::protocol_limits(config);
    let tenant = guests.tenant(SLOT, &base, limits, outlets)?;
    let to_loop = Target::Ocpp(Box::new(move |it| {
        // Fails only when the loop has ended.
        let _ = commands.send(Command::Component(it));
    }));
    let mut slots = vec![(SLOT.to_owned(), base, to_loop)];
    let mut preflight = Preflight::new(guests.recorder());
    let mut chain = Chain::default();
    // Checked with the configuration.
    let zone = Zone::named(&config.charge_point.time_zone).unwrap_or_default();
    let mut workers = Vec::new();
    for it in policies(config) {
        let slot = policy_slot(&it.name);
        let base = policy_base(config, &it)?;
        let limits = guests::policy_limits(config, &it);
        let tenant: Tenant<Policy> = guests.tenant(&slot, &base, limits, Vec::new())?;
        let worker = Worker::spawn(
            PolicySettings {
                name: it.name.clone(),
                tenant,
                settings: named(&it.settings, |name, value| authorization::Setting {
                    name,
                    value,
                }),
                zone: zone.clone(),
                sessions: sessions.clone(),
            },
            guests.store(),
            clock.clone(),
            guests.board(),
        )?;
        chain.push(&it.name, it.on_failure, &worker);
        preflight.settings(&slot, named(&it.settings, |name, value| (name, value)));
        slots.push((slot, base, Target::Policy(worker.hand())));
        workers.push(worker);
    }
    let (loader, records) = (guests.loader.clone(), guests.records.clone());
    let installer =
        Installer::start(loader, records, slots, preflight, jobs).map_err(StartError::Thread)?;
    Ok(Assembled {
        tenant,
        chain,
        workers,
        installer,
    })
}
