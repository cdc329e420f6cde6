//! The service `transfer@1`: files from and to the network, by handle.
//!
//! It judges no content: what a file is for, and whether it is what it should
//! be, is up to who asked for it.

mod download;
mod files;
mod http;
mod tls_transport;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use self::files::Files;
pub use self::files::TransferredFile;
use super::ServicesSettings;
use super::operation::{Failed, Outcome, body, done, nothing};
use crate::clock::Clock;
use crate::link::LinkMaterial;

/// The largest file that a guest can make itself.
const MOST_CREATED: usize = 64 * 1024;

pub(super) struct TransferSettings {
    dir: PathBuf,
    most_files: usize,
    usual_bytes: u64,
    most_bytes: u64,
    http: http::HttpSettings,
}

impl From<ServicesSettings> for TransferSettings {
    fn from(settings: ServicesSettings) -> Self {
        Self {
            dir: settings.transfers_dir,
            most_files: settings.most_files,
            usual_bytes: settings.usual_bytes,
            most_bytes: settings.most_bytes,
            http: http::HttpSettings {
                stall: settings.stall,
                longest: settings.longest,
                verify_hostname: settings.verify_hostname,
                build_time_ms: settings.build_time_ms,
            },
        }
    }
}

/// The files that were fetched or made, and how to move them.
pub struct Transfers {
    files: Files,
    http: http::Http,
    usual_bytes: u64,
    most_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    url: String,
    max_bytes: Option<u64>,
    trust: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    url: String,
    handle: String,
    #[serde(default)]
    method: upload::Method,
    trust: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Discard {
    handle: String,
}

impl Transfers {
    pub(super) fn new(
        settings: TransferSettings,
        material: Arc<dyn LinkMaterial>,
        clock: Clock,
    ) -> std::io::Result<Self> {
        Ok(Self {
            files: Files::empty(settings.dir, settings.most_files)?,
            http: http::Http::new(settings.http, material, clock),
            usual_bytes: settings.usual_bytes,
            most_bytes: settings.most_bytes,
        })
    }

    /// The file behind a handle.
    #[must_use]
    pub fn file(&self, handle: &str) -> Option<TransferredFile> {
        self.files.get(handle)
    }

    /// Removes all files, as for a restart of the charger; handles are not used
    /// again.
    pub fn discard_all(&self) {
        self.files.discard_all();
    }

    /// Does one operation; blocks.
    pub(super) fn run(&self, operation: &str, text: &str) -> Outcome {
        match operation {
            "get" => {
                let get: Get = body(text)?;
                let limit = get
                    .max_bytes
                    .unwrap_or(self.usual_bytes)
                    .min(self.most_bytes);
                let agent = self
                    .http
                    .agent(&get.url, get.trust, http::Redirects::Follow)?;
                let file = download::run(&agent, &get.url, limit, self.files.begin()?)?;
                done(&described(&file))
            }
            "put" => {
                let put: Put = body(text)?;
                let file = self
                    .files
                    .get(&put.handle)
                    .ok_or_else(|| unknown(&put.handle))?;
                let agent = self
                    .http
                    .agent(&put.url, put.trust, http::Redirects::Refuse)?;
                let status = upload::run(&agent, &put.url, put.method, &file)?;
                done(&json!({ "status": status }))
            }
            "create" => {
                let create: Create = body(text)?;
                if create.text.len() > MOST_CREATED {
                    return Err(Failed::new(
                        "too-large",
                        format!("text: at most {MOST_CREATED} bytes"),
                    ));
                }
                let mut file = self.files.begin()?;
                file.write(create.text.as_bytes())?;
                done(&described(&file.finish()?))
            }
            "discard" => {
                let discard: Discard = body(text)?;
                if !self.files.discard(&discard.handle) {
                    return Err(unknown(&discard.handle));
                }
                nothing()
            }
            other => Err(Failed::no_operation(super::TRANSFER, other)),
        }
    }
}

fn described(file: &TransferredFile) -> serde_json::Value {
    json!({ "handle": file.handle, "size": file.size, "sha256": file.sha256 })
}

fn unknown(handle: &str) -> Failed {
    Failed::new("not-found", format!("there is no file {handle}"))
}
