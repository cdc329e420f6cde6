//! A simulated charger of one's own: the project's, which believes a key that only
//! this process has.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use minisign::KeyPair;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use toml::{Table, Value};

use super::super::KitError;
use super::project::Project;
use crate::component::{Candidate, Install, install};
use crate::operator::Control;

const COMES_UP_WITHIN: Duration = Duration::from_secs(30);
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// What `plugpoint run` prints once it listens.
const READY: &str = "control api: ";

/// It runs; ended by [`Charger::end`].
pub(super) struct Charger {
    process: Child,
    keys: KeyPair,
    url: String,
    control: Control,
    log: PathBuf,
    /// Removed at the end.
    files: [PathBuf; 2],
    /// False once its output has ended, and so has it.
    runs: watch::Receiver<bool>,
}

impl Charger {
    /// Starts it, and waits until it listens.
    pub(super) async fn start(project: &Project) -> Result<Self, KitError> {
        let keys = KeyPair::generate_unencrypted_keypair()?;
        let config = project.dev_file("toml");
        let log = project.dev_file("log");
        let text = believing(project.config(), &keys.pk.to_base64()).to_string();
        fs::write(&config, text).map_err(|error| KitError::file(&config, &error))?;
        let to_log = File::create(&log).map_err(|error| KitError::file(&log, &error))?;
        let own = std::env::current_exe().map_err(KitError::Runtime)?;
        let mut process = Command::new(own)
            .args(["run", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(to_log)
            .kill_on_drop(true)
            .spawn()
            .map_err(KitError::Runtime)?;
        let failed = || KitError::Charger {
            log: log.clone(),
            text: last_line(&log),
        };
        let mut lines = BufReader::new(process.stdout.take().ok_or_else(failed)?).lines();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(url) = line.strip_prefix(READY) {
                    return Some(url.trim().to_owned());
                }
            }
            None
        };
        let ready = tokio::time::timeout(COMES_UP_WITHIN, ready).await;
        let url = ready.ok().flatten().ok_or_else(failed)?;
        let control = Control::parse(&url, None)?;
        let (running, runs) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok(Some(_)) = lines.next_line().await {}
            // Nobody listens any more: this command is ending, too.
            let _ = running.send(false);
        });
        Ok(Self {
            process,
            keys,
            url,
            control,
            log,
            files: [config, project.dev_file("minisig")],
            runs,
        })
    }

    /// Its control API.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Where it logs to.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Returns when it has ended, which it should not.
    pub(super) async fn ended(&self) -> KitError {
        let mut runs = self.runs.clone();
        // An error means that nobody is left to say it.
        let _ = runs.wait_for(|runs| !runs).await;
        KitError::Charger {
            log: self.log.clone(),
            text: last_line(&self.log),
        }
    }

    /// Signs the component that was built, and installs it.
    pub(super) async fn install(
        &self,
        project: &Project,
        component: &[u8],
    ) -> Result<(), KitError> {
        let signed = minisign::sign(
            Some(&self.keys.pk),
            &self.keys.sk,
            Cursor::new(component),
            Some("plugpoint component dev"),
            None,
        )?;
        let [_, signature] = &self.files;
        fs::write(signature, signed.to_string())
            .map_err(|error| KitError::file(signature, &error))?;
        let it = Install {
            candidate: Candidate {
                file: project.folder().join(project.name()).with_extension("wasm"),
                slot: format!("policy/{}", project.name()),
                signature: Some(signature.clone()),
            },
            // An author goes back and forth.
            allow_downgrade: true,
            one_way: false,
            shadow: false,
            wait: false,
        };
        install(&self.control, &it).await?;
        Ok(())
    }

    /// Ends it, as a service manager does, and removes what was needed for it.
    pub(super) async fn end(&mut self) {
        if let Some(pid) = self
            .process
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
        {
            // It may have had the same Ctrl-C as we.
            let _ = kill_process(pid, Signal::TERM);
        }
        if tokio::time::timeout(ENDS_WITHIN, self.process.wait())
            .await
            .is_err()
        {
            // Nothing more can be done about one that outlives this.
            let _ = self.process.kill().await;
        }
        for file in &self.files {
            // The signature is there only once something was installed.
            let _ = fs::remove_file(file);
        }
    }
}

/// The same configuration with one more key to believe.
fn believing(mut config: Table, key: &str) -> Table {
    let trust = config
        .entry("trust")
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(trust) = trust {
        let keys = trust
            .entry("keys")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(keys) = keys {
            keys.push(key.into());
        }
    }
    config
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::believing;

    #[test]
    fn the_projects_own_keys_stay() {
        for (before, expected) in [
            ("[trust]\nkeys = [\"RWown\"]\n", 2),
            ("[trust]\nallow_unsigned = false\n", 1),
            ("", 1),
        ] {
            let config = believing(before.parse().expect("TOML"), "RWdev");
            let keys = config["trust"]["keys"].as_array().expect("keys");
            assert_eq!(keys.len(), expected, "{before}");
            assert_eq!(keys.last().and_then(|it| it.as_str()), Some("RWdev"));
        }
    }
}
