//! The service `transfer@1`: files from and to the network, by handle.
//!
//! It judges no content: what a file is for, and whether it is what it should
//! be, is up to who asked for it.

mod addresses;
mod download;
mod files;
mod http;
mod kept;
#[cfg(test)]
mod tests;
mod tls_transport;
mod underway;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

pub use self::addresses::{AddressRules, Network};
pub use self::files::TransferredFile;
use self::files::{Files, Room};
use self::kept::Opened;
use self::underway::{Ticket, Underway};
use super::ServicesSettings;
use super::operation::{Failed, Outcome, body, done, nothing};
use crate::clock::Clock;
use crate::link::LinkMaterial;

/// The largest file that a guest can make itself.
const MOST_CREATED: usize = 64 * 1024;

pub(super) struct TransferSettings {
    dir: PathBuf,
    kept_dir: PathBuf,
    room: Room,
    usual_bytes: u64,
    most_bytes: u64,
    http: http::HttpSettings,
}

impl From<ServicesSettings> for TransferSettings {
    fn from(settings: ServicesSettings) -> Self {
        Self {
            dir: settings.transfers_dir,
            kept_dir: settings.kept_dir,
            room: Room {
                files: settings.most_files,
                bytes: settings.total_bytes,
                reserve: settings.reserve_bytes,
            },
            usual_bytes: settings.usual_bytes,
            most_bytes: settings.most_bytes,
            http: http::HttpSettings {
                stall: settings.stall,
                longest: settings.longest,
                verify_hostname: settings.verify_hostname,
                build_time_ms: settings.build_time_ms,
                addresses: settings.addresses,
            },
        }
    }
}

/// The files that were fetched or made, and how to move them.
pub struct Transfers {
    files: Files,
    kept: kept::KeptFiles,
    underway: Underway,
    http: http::Http,
    usual_bytes: u64,
    most_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    url: String,
    name: Option<String>,
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
struct Handle {
    handle: String,
}

/// A request that has been noted, and has not run.
#[derive(Debug)]
pub(super) enum Ordered {
    /// It moves something.
    Transfer(String, Ticket),
    /// It ends what was asked for before this number.
    End(u64),
    Other,
}

impl Transfers {
    pub(super) fn new(
        settings: TransferSettings,
        material: Arc<dyn LinkMaterial>,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let files = Files::empty(settings.dir, settings.room)?;
        Ok(Self {
            kept: kept::KeptFiles::open(settings.kept_dir, &files)?,
            files,
            underway: Underway::default(),
            http: http::Http::new(settings.http, material, clock),
            usual_bytes: settings.usual_bytes,
            most_bytes: settings.most_bytes,
        })
    }

    /// The file behind a handle.
    #[must_use]
    pub fn file(&self, handle: &str) -> Option<TransferredFile> {
        self.files.get(handle).or_else(|| self.kept.get(handle))
    }

    /// A file that this program makes itself: what `write` puts into it.
    ///
    /// # Errors
    /// There is no room for it, or it cannot be written.
    pub(super) fn make(
        &self,
        write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
    ) -> Result<TransferredFile, Failed> {
        let mut file = self.files.begin()?;
        write(&mut file).map_err(|error| files::disk(&error))?;
        file.finish()
    }

    /// Removes all files but those with a name, as for a restart of the charger; handles
    /// are not used again.
    pub fn discard_all(&self) {
        self.files.discard_all();
    }

    /// Notes a request, in the order in which they are made. Quick.
    pub(super) fn order(&self, operation: &str, text: &str) -> Ordered {
        match operation {
            "get" => match body::<Get>(text).ok().and_then(|get| get.name) {
                Some(name) => {
                    // The latest one of a name counts.
                    if let Some(before) = self.underway.latest(&name) {
                        before.end();
                    }
                    let ticket = self.underway.begin(&name);
                    Ordered::Transfer(name, ticket)
                }
                None => Ordered::Other,
            },
            "put" => match body::<Put>(text) {
                Ok(put) => {
                    let ticket = self.underway.begin(&put.handle);
                    Ordered::Transfer(put.handle, ticket)
                }
                Err(_) => Ordered::Other,
            },
            "discard" | "cancel" => {
                if let Ok(Handle { handle }) = body(text) {
                    if let Some(ticket) = self.underway.latest(&handle) {
                        ticket.end();
                    }
                    if operation == "discard" && kept::is_name(&handle) {
                        self.underway.discard(&handle);
                    }
                }
                Ordered::End(self.underway.mark())
            }
            _ => Ordered::Other,
        }
    }

    /// Does one operation; blocks.
    pub(super) fn run(&self, operation: &str, text: &str, ordered: Ordered) -> Outcome {
        match ordered {
            Ordered::Transfer(handle, ticket) => {
                let outcome = self.perform(operation, text, &ticket, 0);
                self.underway.over(&handle, &ticket);
                outcome
            }
            Ordered::End(mark) => self.perform(operation, text, &Ticket::default(), mark),
            Ordered::Other => self.perform(operation, text, &Ticket::default(), 0),
        }
    }

    fn perform(&self, operation: &str, text: &str, ticket: &Ticket, mark: u64) -> Outcome {
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
                let file = match get.name {
                    Some(name) => {
                        let place = self.kept.occupy(&name)?;
                        ticket.check()?;
                        if self.underway.take_unwanted(&name) {
                            place.remove(&self.files);
                        }
                        match place.open(&get.url, &self.files)? {
                            Opened::Complete(file) => file,
                            Opened::Partial(file) => {
                                download::resume(&agent, &get.url, limit, file, ticket)?
                            }
                        }
                    }
                    None => download::run(&agent, &get.url, limit, self.files.begin()?, ticket)?,
                };
                done(&described(&file))
            }
            "put" => {
                let put: Put = body(text)?;
                let file = self.file(&put.handle).ok_or_else(|| unknown(&put.handle))?;
                let agent = self
                    .http
                    .agent(&put.url, put.trust, http::Redirects::Refuse)?;
                let status = upload::run(&agent, &put.url, put.method, &file, ticket)?;
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
                let Handle { handle } = body(text)?;
                if self.files.discard(&handle) || self.forget(&handle, mark) {
                    return nothing();
                }
                Err(unknown(&handle))
            }
            // What is under way has been told already.
            "cancel" => body::<Handle>(text).and_then(|_| nothing()),
            "state" => {
                let Handle { handle } = body(text)?;
                done(&self.state(&handle))
            }
            other => Err(Failed::no_operation(super::TRANSFER, other)),
        }
    }

    /// A file with a name is removed, unless whoever asked for it again since has done so.
    fn forget(&self, name: &str, mark: u64) -> bool {
        let Ok(place) = self.kept.occupy(name) else {
            return false;
        };
        let is_wanted = self.underway.was_asked_since(name, mark);
        let was_there = self.kept.size(name).is_some();
        if self.underway.take_unwanted(name) {
            place.remove(&self.files);
        }
        was_there || is_wanted
    }

    fn state(&self, handle: &str) -> serde_json::Value {
        if let Some(ticket) = self.underway.latest(handle) {
            return json!({ "state": "running", "moved": ticket.moved() });
        }
        match (self.file(handle), self.kept.size(handle)) {
            (Some(file), _) => json!({ "state": "complete", "moved": file.size }),
            (None, Some(size)) => json!({ "state": "partial", "moved": size }),
            (None, None) => json!({ "state": "none" }),
        }
    }
}

fn described(file: &TransferredFile) -> serde_json::Value {
    json!({ "handle": file.handle, "size": file.size, "sha256": file.sha256 })
}

fn unknown(handle: &str) -> Failed {
    Failed::new("not-found", format!("there is no file {handle}"))
}
