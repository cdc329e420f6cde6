//! Putting components into the slots of a running charger, over its control API.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Charger, ControlFailure, images};

/// How long an installation may take on a busy machine, compiling included.
const PATIENCE: Duration = Duration::from_secs(300);

impl Charger {
    /// Asks for an installation; the number of the job. `query` without `?`.
    ///
    /// # Errors
    /// If the charger does not even begin.
    pub fn install(
        &self,
        slot: &str,
        wasm: &[u8],
        signature: Option<&str>,
        query: &str,
    ) -> Result<u64, ControlFailure> {
        let path = format!("/v1/components/{slot}?{query}");
        let encoded = signature.map(|text| STANDARD.encode(text));
        let header = encoded.as_deref().map(|text| ("x-minisign", text));
        let headers: Vec<_> = header.into_iter().collect();
        let answer = self.control().post_bytes(&path, &headers, wasm)?;
        Ok(answer["job"].as_u64().expect("the number of a job"))
    }

    /// Asks for the version before; the number of the job.
    ///
    /// # Errors
    /// If the charger does not even begin.
    pub fn roll_back(&self, slot: &str) -> Result<u64, ControlFailure> {
        let path = format!("/v1/components/{slot}/rollback");
        let answer = self.control().post_bytes(&path, &[], &[])?;
        Ok(answer["job"].as_u64().expect("the number of a job"))
    }

    /// Waits until a job is as wanted.
    ///
    /// # Panics
    /// If it does not become so.
    pub fn wait_job(&self, id: u64, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let count = self.events().count();
            let all = self.control().get("/v1/components").expect("components");
            let jobs = all["installations"].as_array();
            let job = jobs.and_then(|jobs| jobs.iter().find(|job| job["id"] == id));
            let job = job.expect("the job").clone();
            if is(&job) {
                return job;
            }
            assert!(
                job["done"] != true && Instant::now() < end,
                "waited in vain for {what}; the job is {job:#}"
            );
            // Not every step makes an event.
            self.events().wait_more(count, Duration::from_millis(10));
        }
    }

    /// Waits until an installation runs: on probation, or done.
    ///
    /// # Panics
    /// If it does not get there.
    pub fn wait_swapped(&self, id: u64) -> Value {
        let job = self.wait_job(id, "a version that runs", |job| {
            job["state"] == "probation" || job["state"] == "committed"
        });
        if let Some(state_dir) = &self.shares {
            images::collect(state_dir);
        }
        job
    }

    /// Waits until an installation has ended as `state` says.
    ///
    /// # Panics
    /// If it ends otherwise.
    pub fn wait_ended(&self, id: u64, state: &str) -> Value {
        let job = self.wait_job(id, "an end", |job| job["done"] == true);
        assert_eq!(job["state"], state, "{job:#}");
        job
    }

    /// What is shown of a slot.
    ///
    /// # Panics
    /// If there is no such slot.
    pub fn slot(&self, name: &str) -> Value {
        let all = self.control().get("/v1/components").expect("components");
        let slots = all["components"].as_array().expect("a list");
        let slot = slots.iter().find(|slot| slot["slot"] == name);
        slot.expect("the slot").clone()
    }
}
