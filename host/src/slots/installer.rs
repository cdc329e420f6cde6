//! Takes components in while the charger is at work: on a thread of its own, of
//! the lowest priority, one at a time. What comes out can start; the owner of
//! the slot puts it in between two events.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use sha2::{Digest as _, Sha256};

use super::{
    Base, Floors, Job, Jobs, Loader, Place, Preflight, Record, Records, Refusal, Swap, Trust,
    Version, Vouched,
};
use crate::guest::{Kind, Ocpp, Policy, Prepared, is_precompiled};
use crate::recorder::Comparison;
use crate::wit::protocol::BootReason;

/// What is said with a component.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags {
    /// An older version is meant.
    pub allow_downgrade: bool,
    /// Also if there is no way back.
    pub one_way: bool,
    /// It only looks on: its verdicts are compared and not used.
    pub shadow: bool,
    /// Somebody waits for the end of its probation: see [`ProbationRules::brief`].
    ///
    /// [`ProbationRules::brief`]: super::ProbationRules::brief
    pub brief: bool,
}

/// Who owns a slot: how it is handed what is ready.
pub enum Target {
    /// The protocol guest.
    Ocpp(Box<dyn Fn(Handover<Ocpp>) + Send>),
    /// A policy.
    Policy(Box<dyn Fn(Handover<Policy>) + Send>),
}

/// What an owner of a slot is told.
#[derive(Debug)]
pub enum Handover<K: Kind> {
    /// Put it in.
    Swap(Box<Swap<K>>),
    /// Let it look on.
    Shadow(Box<Swap<K>>),
    /// End the probation.
    RollBack(Job),
    /// End the probation: the version is as good as proved.
    Accept(Job),
    /// There is no other version that could run.
    NothingLeft(Job),
}

/// The slots by name, each with what it begins with.
pub type Slots = Vec<(String, Base, Target)>;

/// A handle; clones share the thread.
#[derive(Clone, Debug)]
pub struct Installer {
    orders: mpsc::Sender<Order>,
    jobs: Jobs,
    slots: Arc<[String]>,
    trust: Arc<Trust>,
    floors: Floors,
    records: Records,
    bases: Arc<[Option<String>]>,
    busy: Arc<AtomicBool>,
}

/// Where a component is in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has proved itself, and is what runs.
    Proved,
    /// It runs on probation.
    OnProbation,
    /// It does not run.
    Elsewhere,
}

/// A request that is not even begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// It is not in the configuration.
    #[error("there is no slot `{slot}`; there are {there}")]
    NoSlot {
        /// The name that was asked for.
        slot: String,
        /// Those that there are.
        there: String,
    },
    /// One at a time: a component can be large, and memory is not.
    #[error("another component is just being taken in")]
    Busy,
    /// Only policies have one.
    #[error("slot `{slot}` takes no shadow: only policies do")]
    NoShadow {
        /// The slot.
        slot: String,
    },
    /// The charger is about to end.
    #[error("the charger is ending")]
    Ending,
}

#[derive(Debug)]
struct Order {
    slot: String,
    job: Job,
    what: What,
}

#[derive(Debug)]
enum What {
    Install {
        wasm: Vec<u8>,
        signature: Option<Vec<u8>>,
        flags: Flags,
    },
    /// Try it on the slot's record, and change nothing.
    Preflight {
        wasm: Vec<u8>,
        signature: Option<Vec<u8>>,
        comparison: Comparison,
    },
    RollBack,
    /// To what was on probation before the present candidate.
    RollBackToCandidate,
    Accept,
    /// These cannot run.
    FallBack(Vec<String>),
}

struct Running {
    loader: Loader,
    records: Records,
    slots: Slots,
    preflight: Preflight,
    busy: Arc<AtomicBool>,
}

impl Installer {
    /// Starts the thread. It ends with the last handle.
    pub fn start(
        loader: Loader,
        records: Records,
        slots: Slots,
        preflight: Preflight,
        jobs: Jobs,
    ) -> std::io::Result<Self> {
        let (orders, queue) = mpsc::channel::<Order>();
        let names: Vec<String> = slots.iter().map(|(name, ..)| name.clone()).collect();
        let busy = Arc::new(AtomicBool::new(false));
        let trust = Arc::new(loader.trust.clone());
        let floors = loader.floors.clone();
        let bases = slots.iter().map(|(_, base, _)| base.version().ok());
        let bases = bases.map(|version| version.map(|it| it.hash)).collect();
        let of_slots = records.clone();
        let running = Running {
            loader,
            records,
            slots,
            preflight,
            busy: busy.clone(),
        };
        std::thread::Builder::new()
            .name("installer".into())
            .spawn(move || {
                crate::priority::give_way();
                // What an installation left behind that was cut off.
                running.loader.shelf.retain(&running.records.hashes());
                while let Ok(order) = queue.recv() {
                    running.perform(order);
                }
            })?;
        Ok(Self {
            orders,
            jobs,
            slots: names.into(),
            trust,
            floors,
            records: of_slots,
            bases,
            busy,
        })
    }

    /// Whose components it takes.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Which components are too old for it.
    #[must_use]
    pub fn floors(&self) -> &Floors {
        &self.floors
    }

    /// All jobs.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Where a component is in a slot, by what outlives the power.
    #[must_use]
    pub fn standing(&self, slot: &str, wasm: &[u8]) -> Standing {
        let Some(place) = self.slots.iter().position(|there| there == slot) else {
            return Standing::Elsewhere;
        };
        let hash = hex::encode(Sha256::digest(wasm));
        let is_it = |place_of: &Place| match place_of.version() {
            Some(version) => version.hash == hash,
            None => self.bases[place].as_ref() == Some(&hash),
        };
        let record = self.records.get(slot);
        match &record.candidate {
            Some(candidate) if is_it(&candidate.place) => Standing::OnProbation,
            None if is_it(&record.active) => Standing::Proved,
            _ => Standing::Elsewhere,
        }
    }

    /// Takes a component for a slot; the number of the job.
    pub fn install(
        &self,
        slot: &str,
        wasm: Vec<u8>,
        signature: Option<Vec<u8>>,
        flags: Flags,
    ) -> Result<u64, Unavailable> {
        self.check_slot(slot)?;
        if flags.shadow && !slot.starts_with("policy/") {
            return Err(Unavailable::NoShadow {
                slot: slot.to_owned(),
            });
        }
        self.engage()?;
        let kind = if flags.shadow { "shadow" } else { "install" };
        self.order(
            slot,
            kind,
            What::Install {
                wasm,
                signature,
                flags,
            },
        )
    }

    /// Tries a component on the slot's record; the number of the job.
    pub fn preflight(
        &self,
        slot: &str,
        wasm: Vec<u8>,
        signature: Option<Vec<u8>>,
        comparison: Comparison,
    ) -> Result<u64, Unavailable> {
        self.check_slot(slot)?;
        self.engage()?;
        self.order(
            slot,
            "preflight",
            What::Preflight {
                wasm,
                signature,
                comparison,
            },
        )
    }

    /// Back to the version before; the number of the job.
    pub fn roll_back(&self, slot: &str) -> Result<u64, Unavailable> {
        self.check_slot(slot)?;
        self.engage()?;
        self.order(slot, "rollback", What::RollBack)
    }

    /// Back to the version that was on probation when the present candidate was
    /// installed over it; the number of the job.
    pub fn roll_back_to_candidate(&self, slot: &str) -> Result<u64, Unavailable> {
        self.check_slot(slot)?;
        self.engage()?;
        self.order(slot, "rollback", What::RollBackToCandidate)
    }

    /// The version on probation is good enough; the number of the job.
    pub fn accept(&self, slot: &str) -> Result<u64, Unavailable> {
        self.check_slot(slot)?;
        self.engage()?;
        self.order(slot, "accept", What::Accept)
    }

    /// What runs in the slot fails again and again: another version, if there is
    /// one besides those that failed.
    pub fn fall_back(&self, slot: &str, failed: &[String]) {
        // Fails only when the charger is ending.
        let _ = self.order(slot, "fall-back", What::FallBack(failed.to_vec()));
    }

    fn check_slot(&self, slot: &str) -> Result<(), Unavailable> {
        if self.slots.iter().any(|there| there == slot) {
            return Ok(());
        }
        Err(Unavailable::NoSlot {
            slot: slot.to_owned(),
            there: self.slots.join(", "),
        })
    }

    fn engage(&self) -> Result<(), Unavailable> {
        let was_busy = self.busy.swap(true, Ordering::AcqRel);
        if was_busy {
            return Err(Unavailable::Busy);
        }
        Ok(())
    }

    fn order(&self, slot: &str, kind: &'static str, what: What) -> Result<u64, Unavailable> {
        let job = self.jobs.begin(slot, kind);
        let id = job.id();
        let slot = slot.to_owned();
        self.orders
            .send(Order { slot, job, what })
            .map_err(|_| Unavailable::Ending)?;
        Ok(id)
    }
}

impl Running {
    fn perform(&self, order: Order) {
        let Some((slot, base, target)) = self.slots.iter().find(|(slot, ..)| *slot == order.slot)
        else {
            // Checked before it was ordered.
            return self.free();
        };
        match target {
            Target::Ocpp(hand) => self.perform_for::<Ocpp>(slot, base, hand, order),
            Target::Policy(hand) => self.perform_for::<Policy>(slot, base, hand, order),
        }
    }

    fn perform_for<K: Kind>(
        &self,
        slot: &str,
        base: &Base,
        hand: &dyn Fn(Handover<K>),
        order: Order,
    ) {
        let Order { job, what, .. } = order;
        let record = self.records.get(slot);
        match what {
            What::Install {
                wasm,
                signature,
                flags,
            } => match self.take_in::<K>(slot, base, &wasm, signature.as_deref(), flags, &job) {
                Ok(found) => {
                    let hash = found.version.hash.clone();
                    let swap = Box::new(Swap {
                        found,
                        one_way: flags.one_way,
                        brief: flags.brief,
                        fall_back: false,
                        rehearsed: false,
                        reason: BootReason::Swap,
                        job,
                    });
                    self.free();
                    hand(if flags.shadow {
                        Handover::Shadow(swap)
                    } else {
                        Handover::Swap(swap)
                    });
                    self.tidy(hash);
                }
                Err(refusal) => self.refuse(job, &refusal),
            },
            What::Preflight {
                wasm,
                signature,
                comparison,
            } => {
                let taken = self.prepare_preflight::<K>(slot, &wasm, signature.as_deref(), &job);
                match taken {
                    // It may take long; meanwhile this thread may be needed.
                    Ok(prepared) => {
                        let busy = self.busy.clone();
                        self.preflight.begin(
                            &self.loader,
                            prepared,
                            slot,
                            comparison,
                            job,
                            move || {
                                busy.store(false, Ordering::Release);
                            },
                        );
                    }
                    Err(refusal) => self.refuse(job, &refusal),
                }
            }
            What::RollBack if record.candidate.is_some() => {
                self.free();
                hand(Handover::RollBack(job));
            }
            What::Accept => {
                self.free();
                hand(Handover::Accept(job));
            }
            What::RollBack | What::RollBackToCandidate => {
                match self.before::<K>(slot, &record, base, &what, &job) {
                    Ok(found) => {
                        self.free();
                        hand(Handover::Swap(Box::new(Swap {
                            found,
                            one_way: false,
                            brief: false,
                            fall_back: false,
                            rehearsed: false,
                            reason: BootReason::Rollback,
                            job,
                        })));
                    }
                    Err(refusal) => self.refuse(job, &refusal),
                }
            }
            What::FallBack(failed) => self.fall_back::<K>(slot, base, &failed, hand, job),
        }
    }

    /// The next one may come. Before anybody learns how this one ended.
    fn free(&self) {
        self.busy.store(false, Ordering::Release);
    }

    fn refuse(&self, job: Job, refusal: &Refusal) {
        self.free();
        job.refused(&refusal.to_string());
    }

    /// From the bytes that came to something that can start. Nothing of the
    /// file is looked at before its signature.
    fn take_in<K: Kind>(
        &self,
        slot: &str,
        base: &Base,
        wasm: &[u8],
        signature: Option<&[u8]>,
        flags: Flags,
        job: &Job,
    ) -> Result<super::Found<K>, Refusal> {
        let record = self.records.get(slot);
        job.step("verifying");
        let (version, vouched) = self.loader.inspect::<K>(slot, wasm, signature)?;
        job.version(&version);
        let present = base.version().ok();
        if !flags.allow_downgrade {
            // On probation two versions count: the one that runs, and the one that has
            // proved itself.
            let candidate = record.candidate.as_ref().map(|it| &it.place);
            let active = match candidate {
                Some(_) => "has proved itself",
                None => "runs",
            };
            let places = [
                (candidate, "is on probation"),
                (Some(&record.active), active),
            ];
            for (place, does) in places {
                let there = place.and_then(|it| it.version().or(present.as_ref()));
                if let Some(there) = there.filter(|there| version.is_older_than(there)) {
                    return Err(Refusal::Older {
                        new: version.stated().to_owned(),
                        present: there.stated().to_owned(),
                        does,
                    });
                }
            }
        }
        version.check_schema(record.schema, flags.one_way || flags.shadow)?;
        let is_base = present.is_some_and(|present| present.hash == version.hash);
        let place = if is_base {
            Place::Base
        } else {
            self.loader.shelf.put(&version.hash, wasm, signature)?;
            Place::Installed(version.clone())
        };
        let prepared = self.prepare(wasm, &version, vouched.as_ref(), job)?;
        job.step("trying");
        Ok(super::Found {
            prepared,
            version,
            place,
            source: "installed".into(),
        })
    }

    /// As for an installation: the signature comes first.
    fn prepare_preflight<K: Kind>(
        &self,
        slot: &str,
        wasm: &[u8],
        signature: Option<&[u8]>,
        job: &Job,
    ) -> Result<Prepared<K>, Refusal> {
        job.step("verifying");
        let (version, vouched) = self.loader.inspect::<K>(slot, wasm, signature)?;
        job.version(&version);
        let schema = self.records.get(slot).schema;
        if !version.schemas.can_read(schema) {
            let can = version.schemas.to_string();
            return Err(Refusal::CannotRead { kept: schema, can });
        }
        self.prepare(wasm, &version, vouched.as_ref(), job)
    }

    /// To something that can start: compiled, unless it was beforehand. The
    /// signature has been checked.
    fn prepare<K: Kind>(
        &self,
        wasm: &[u8],
        version: &Version,
        vouched: Option<&Vouched>,
        job: &Job,
    ) -> Result<Prepared<K>, Refusal> {
        let ready = is_precompiled(wasm);
        job.step(if ready { "loading" } else { "compiling" });
        self.loader
            .prepare_installed(wasm, &version.hash, vouched, true)
    }

    fn before<K: Kind>(
        &self,
        slot: &str,
        record: &Record,
        base: &Base,
        what: &What,
        job: &Job,
    ) -> Result<super::Found<K>, Refusal> {
        let name = slot.to_owned();
        let place = match what {
            What::RollBackToCandidate => record
                .candidate_before
                .as_ref()
                .ok_or(Refusal::NoCandidateBefore { slot: name })?,
            _ => record
                .last_good
                .as_ref()
                .ok_or(Refusal::NothingBefore { slot: name })?,
        };
        job.step("verifying");
        let found = self.loader.load::<K>(slot, place, base, true)?;
        job.version(&found.version);
        found.version.check_schema(record.schema, false)?;
        job.step("trying");
        Ok(found)
    }

    fn fall_back<K: Kind>(
        &self,
        slot: &str,
        base: &Base,
        failed: &[String],
        hand: &dyn Fn(Handover<K>),
        job: Job,
    ) {
        let record = self.records.get(slot);
        job.step("verifying");
        let places = [
            Some(&record.active),
            record.last_good.as_ref(),
            Some(&Place::Base),
        ];
        for place in places.into_iter().flatten() {
            let Ok(found) = self.loader.load::<K>(slot, place, base, true) else {
                continue;
            };
            let fits = found.version.check_schema(record.schema, true).is_ok();
            if failed.contains(&found.version.hash) || !fits {
                continue;
            }
            job.version(&found.version);
            job.step("trying");
            return hand(Handover::Swap(Box::new(Swap {
                found,
                one_way: true,
                brief: false,
                fall_back: true,
                rehearsed: true,
                reason: BootReason::Rollback,
                job,
            })));
        }
        hand(Handover::NothingLeft(job));
    }

    fn tidy(&self, also: String) {
        let mut bases = vec![also];
        let versions = self.slots.iter().map(|(_, base, _)| base.version());
        bases.extend(versions.flatten().map(|version| version.hash));
        self.loader.tidy(&self.records, &bases);
    }
}
