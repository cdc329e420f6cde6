//! `plugpoint component install` and `rollback`: asks the charger, follows what
//! comes of it, and prints each step.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::{Candidate, ClientError, Control};

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
    let query = format!(
        "?allow_downgrade={}&one_way={}&shadow={}",
        it.allow_downgrade, it.one_way, it.shadow
    );
    let answer = it.candidate.offer(control, &query).await?;
    follow(control, &answer, it.wait).await
}

/// Goes back to the version before and prints each step.
pub async fn roll_back(control: &Control, slot: &str) -> Result<(), InstallError> {
    let path = format!("/v1/components/{slot}/rollback");
    let answer = control.post(&path, &[], Vec::new()).await?;
    follow(control, &answer, false).await
}

async fn follow(control: &Control, answer: &Value, wait: bool) -> Result<(), InstallError> {
    follow_to(control, answer, wait).await.map(drop)
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
            println!("{}", told_step(step, job));
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
    let version = &job["version"];
    let text = |field: &str| version[field].as_str().unwrap_or("?");
    match name {
        "compiling" | "loading" => format!(
            "{after:>6} ms  {name} {} {} (build {})",
            text("name"),
            text("version"),
            text("build")
        ),
        "probation" => {
            let pause = job["pause_us"].as_u64().unwrap_or_default();
            format!("{after:>6} ms  swapped, on probation (pause {pause} us)")
        }
        name => format!("{after:>6} ms  {name}"),
    }
}
