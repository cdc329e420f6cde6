//! `plugpoint component install`, `rollback` and `accept`: asks the charger, follows
//! what comes of it, and prints each step and what runs now.

use std::path::PathBuf;
use std::time::Duration;

use plugpoint_terminal::say;
use serde_json::Value;

use super::Candidate;
use super::words::{short, version};
use crate::operator::{ClientError, Control, plain};
use crate::slots::TrustError;

/// How often the charger is asked how far it is.
const POLL: Duration = Duration::from_millis(50);

/// What is installed, and how.
#[derive(Clone, Debug)]
pub struct Install {
    /// What, and where.
    pub candidate: Candidate,
    /// An older version is meant.
    pub allow_downgrade: bool,
    /// Also if there is no way back.
    pub one_way: bool,
    /// It only looks on.
    pub shadow: bool,
    /// Until it has proved itself, not only until it runs.
    pub wait: bool,
}

/// An installation that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A file on this side.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The charger did not take the request.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// What was asked for cannot be put into an address.
    #[error(transparent)]
    Query(#[from] serde_urlencoded::ser::Error),
    /// The charger would not take this signature, so nothing was sent.
    #[error("refused: {0}")]
    Trust(#[from] TrustError),
    /// It took it, and then this came of it.
    #[error("{state}: {why}")]
    Failed {
        /// `refused` or `rolled-back`.
        state: String,
        /// In plain words.
        why: String,
    },
    /// The charger was started anew meanwhile.
    #[error("the charger no longer knows of this job; `plugpoint component list` tells what runs")]
    Forgotten,
}

/// Installs a component and prints each step.
pub async fn install(control: &Control, it: &Install) -> Result<(), InstallError> {
    it.candidate.check_signature(control).await?;
    let query = format!(
        "?allow_downgrade={}&one_way={}&shadow={}",
        it.allow_downgrade, it.one_way, it.shadow
    );
    let answer = it.candidate.offer(control, &query).await?;
    let job = follow_to(control, &answer, it.wait).await?;
    let slot = &it.candidate.slot;
    if it.shadow {
        say!(
            "{} looks on in slot {slot}: its verdicts are compared and never used; \
             `plugpoint component list` shows where they differ",
            version(&job["version"])
        );
    } else if job["done"] != true {
        say!(
            "`plugpoint component accept --slot {slot}` ends the probation early, \
             `plugpoint component rollback --slot {slot}` undoes the installation"
        );
    }
    Ok(())
}

/// Goes back to the version before and prints each step. `to_candidate`: to the one
/// that was on probation when the present one was installed over it.
pub async fn roll_back(
    control: &Control,
    slot: &str,
    to_candidate: bool,
) -> Result<(), InstallError> {
    let query = if to_candidate { "?to=candidate" } else { "" };
    let path = format!("/v1/components/{slot}/rollback{query}");
    let answer = control.post(&path, &[], Vec::new()).await?;
    let job = follow_to(control, &answer, false).await?;
    say!("slot {slot} now runs {}", version(&job["version"]));
    let all = control.get("/v1/components").await?;
    let mut slots = all["components"].as_array().into_iter().flatten();
    let before = slots
        .find(|it| it["slot"] == slot)
        .and_then(|it| it["candidate_before"].as_str());
    if let Some(before) = before {
        say!(
            "{} was on probation, too; `plugpoint component rollback --slot {slot} --candidate` \
             brings it back",
            plain(before)
        );
    }
    Ok(())
}

/// Ends a probation early: the version is as good as proved.
pub async fn accept(control: &Control, slot: &str) -> Result<(), InstallError> {
    let path = format!("/v1/components/{slot}/accept");
    let answer = control.post(&path, &[], Vec::new()).await?;
    let job = follow_to(control, &answer, true).await?;
    say!("slot {slot} now runs {} for good", version(&job["version"]));
    Ok(())
}

/// The job as it was in the end.
pub(super) async fn follow_to(
    control: &Control,
    answer: &Value,
    wait: bool,
) -> Result<Value, InstallError> {
    let id = &answer["job"];
    let mut told = 0;
    loop {
        let all = control.get("/v1/components").await?;
        let job = all["installations"]
            .as_array()
            .and_then(|jobs| jobs.iter().find(|job| job["id"] == *id))
            .ok_or(InstallError::Forgotten)?;
        let steps = job["steps"].as_array().map_or(&[][..], Vec::as_slice);
        for step in &steps[told.min(steps.len())..] {
            say!("{}", told_step(step, job));
        }
        told = steps.len();
        let state = job["state"].as_str().unwrap_or_default();
        if job["done"] == true {
            return match job["error"].as_str() {
                Some(why) => Err(InstallError::Failed {
                    state: state.to_owned(),
                    why: why.to_owned(),
                }),
                None => Ok(job.clone()),
            };
        }
        if state == "probation" && !wait {
            return Ok(job.clone());
        }
        tokio::time::sleep(POLL).await;
    }
}

fn told_step(step: &Value, job: &Value) -> String {
    let name = step["step"].as_str().unwrap_or_default();
    let after = step["after_ms"].as_u64().unwrap_or_default();
    let what = match (name, job["pause_us"].as_u64()) {
        ("compiling" | "loading", _) => format!("{name} {}", short(&job["version"])),
        ("probation", Some(pause)) => format!("swapped, on probation (pause {pause} us)"),
        ("probation", None) => "it runs already, and is on probation".to_owned(),
        // What looks on is committed to nothing.
        ("committed", _) if job["kind"] == "shadow" => "started".to_owned(),
        ("committed", _) if job["kind"] == "rollback" => "rolled back".to_owned(),
        ("committed", None) if job["kind"] == "install" => "it runs already".to_owned(),
        _ => name.to_owned(),
    };
    format!("{after:>6} ms  {what}")
}
