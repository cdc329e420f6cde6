//! GetDiagnostics: the host makes a file about the charge point, the answer says what it
//! is called, and it is sent to the location under that name. A later one takes its
//! place. Over a power cut the file is made again and sent.

use plugpoint_guest::json::{object, parse};
use plugpoint_guest::kept::Cell;
use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::{Durability, Level, ServiceFailure};
use plugpoint_ocpp_wire::fields::{Fields, property};
use plugpoint_ocpp_wire::frame::Violation;
use plugpoint_ocpp_wire::timestamp;

use super::attempts::{Attempts, Errand, Failed};
use super::statuses::Statuses;
use super::{LOGS, NOT_FOUND, TRANSFER, discard, shown};
use crate::core_access::Core;
use crate::profile::Reply;

/// Longer than any address that files are meant to be sent to.
const MAX_LOCATION: usize = 2_000;
/// Of the standard.
const MAX_FILE_NAME: usize = 255;
/// How long the central system is kept waiting for the file to be made. After it there
/// was nothing to send.
const WAIT_MS: u64 = 20_000;
/// Later than that: only if this instance cannot say so itself.
const ANSWER_MS: u64 = 25_000;

/// A file that is sent, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Upload {
    location: String,
    attempts: Attempts,
    /// What it is about, Unix ms.
    from: Option<i64>,
    to: Option<i64>,
    /// Its name at the location; none: it is not made yet.
    file: String,
}

/// What is known until the next power-up or restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Progress {
    /// Requests since, for their labels.
    count: u32,
    /// The call that waits for its file, its number, and until when.
    asked: Option<(Upload, (u32, u64))>,
    errand: Errand,
    /// The file of the present upload.
    handle: Option<String>,
}

#[derive(Debug)]
pub(super) struct Diagnostics {
    upload: Cell<Option<Upload>>,
    progress: Cell<Progress>,
    pub(super) statuses: Statuses,
    next: Option<u64>,
}

impl Diagnostics {
    pub(super) fn load(core: &mut Core<'_, '_>) -> Self {
        Self {
            upload: core.cell("upload", Durability::Durable),
            progress: core.cell("upload-progress", Durability::Session),
            statuses: Statuses::load(core, "DiagnosticsStatusNotification", "upload"),
            // Whatever is to be done is done once all is loaded.
            next: Some(0),
        }
    }

    pub(super) fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.upload);
        core.flush(&mut self.progress);
        self.statuses.flush(core);
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.next
    }

    /// For whoever asks what is going on.
    pub(super) fn status(&self) -> &'static str {
        if self.upload.is_some() {
            "Uploading"
        } else {
            "Idle"
        }
    }

    pub(super) fn call(
        &mut self,
        core: &mut Core<'_, '_>,
        fields: Fields<'_, '_>,
    ) -> Result<Reply, Violation> {
        let upload = Upload {
            location: fields.text("location", MAX_LOCATION)?.to_owned(),
            attempts: Attempts::read(fields)?,
            from: time(fields, "startTime")?,
            to: time(fields, "stopTime")?,
            file: String::new(),
        };
        // Who was told nothing by now is told nothing of a file that is given up.
        self.answer(core, &nothing());
        let progress = self.progress.edit();
        progress.count += 1;
        let number = progress.count;
        let until = core.now().at.monotonic_ms.saturating_add(WAIT_MS);
        self.make(core, &upload, number);
        self.progress.edit().asked = Some((upload, (number, until)));
        self.go(core);
        Ok(Reply::Later {
            label: answer_label(number),
            wait_ms: ANSWER_MS,
            otherwise: nothing(),
        })
    }

    fn make(&mut self, core: &mut Core<'_, '_>, upload: &Upload, number: u32) {
        let body = object(|w| {
            w.text("kind", "diagnostics");
            if let Some(from) = upload.from {
                w.int("from_unix_ms", from);
            }
            if let Some(to) = upload.to {
                w.int("to_unix_ms", to);
            }
        });
        core.request(&format!("export/{number}"), LOGS, "export", body);
    }

    /// Answers the call that waits, if one does.
    fn answer(&mut self, core: &mut Core<'_, '_>, payload: &str) -> Option<Upload> {
        self.progress.asked.as_ref()?;
        let (upload, (number, _)) = self.progress.edit().asked.take()?;
        core.finish(&answer_label(number), payload);
        Some(upload)
    }

    /// Does what can be done at this moment.
    pub(super) fn go(&mut self, core: &mut Core<'_, '_>) {
        let now = core.now().at.monotonic_ms;
        let until = |progress: &Progress| progress.asked.as_ref().map(|(_, (_, until))| *until);
        if until(&self.progress).is_some_and(|until| until <= now) {
            core.log(Level::Warn, "diagnostics: not made in time, none are sent");
            self.answer(core, &nothing());
        }
        self.work(core);
        self.statuses.pump(core);
        let times = [self.progress.errand.again_at(), until(&self.progress)];
        self.next = times.into_iter().flatten().min();
    }

    fn work(&mut self, core: &mut Core<'_, '_>) {
        let Some(upload) = (*self.upload).clone() else {
            return;
        };
        if self.progress.errand.must_wait(core) {
            return;
        }
        let progress = self.progress.edit();
        progress.count += 1;
        let number = progress.count;
        match &progress.handle {
            Some(handle) => {
                let body = object(|w| {
                    w.text("url", &in_folder(&upload.location, &upload.file));
                    w.text("handle", handle);
                });
                let label = format!("put/{number}");
                progress.errand.ask(core, label, (TRANSFER, "put"), body);
            }
            None => {
                // The label of the request that is made below.
                progress.errand.expect(format!("export/{number}"));
                self.make(core, &upload, number);
            }
        }
    }

    pub(super) fn response(
        &mut self,
        core: &mut Core<'_, '_>,
        label: &str,
        outcome: Result<&str, &ServiceFailure>,
    ) {
        let asked = self.progress.asked.as_ref();
        let waits = asked.is_some_and(|(_, (number, _))| label == format!("export/{number}"));
        if waits {
            self.made(core, outcome);
        } else if self.progress.errand.is_for(label) {
            self.progress.edit().errand.take();
            self.went_on(core, label, outcome);
        } else if let Ok(body) = outcome
            && label.starts_with("export/")
            && let Some((handle, _)) = file_in(body)
        {
            // Nobody waits for it any more.
            discard(core, &handle);
        }
        self.go(core);
    }

    /// The file that a call waits for is there, or there is none.
    fn made(&mut self, core: &mut Core<'_, '_>, outcome: Result<&str, &ServiceFailure>) {
        let file = match outcome {
            Ok(body) => file_in(body),
            Err(failure) => {
                let text = format!(
                    "diagnostics: none are sent: {}: {}",
                    failure.code, failure.text
                );
                core.log(Level::Info, &text);
                None
            }
        };
        let Some((handle, name)) = file else {
            self.answer(core, &nothing());
            return;
        };
        let answer = object(|w| w.text("fileName", &name));
        let Some(mut upload) = self.answer(core, &answer) else {
            return;
        };
        let text = format!("diagnostics: {name} goes to {}", shown(&upload.location));
        core.log(Level::Info, &text);
        upload.file = name;
        // Another one that is on its way is given up.
        self.statuses.forget_unsaid();
        self.forget(core);
        *self.upload.edit() = Some(upload);
        self.progress.edit().handle = Some(handle);
        self.statuses.add("Uploading");
    }

    /// A step of the upload has succeeded, or has not.
    fn went_on(
        &mut self,
        core: &mut Core<'_, '_>,
        label: &str,
        outcome: Result<&str, &ServiceFailure>,
    ) {
        let Some(upload) = (*self.upload).clone() else {
            return;
        };
        let failure = match outcome {
            Ok(_) if label.starts_with("put/") => return self.end(core, "Uploaded"),
            Ok(body) => match file_in(body) {
                Some((handle, _)) => {
                    self.progress.edit().handle = Some(handle);
                    return;
                }
                None => return self.end(core, "UploadFailed"),
            },
            Err(failure) => failure,
        };
        let text = format!(
            "diagnostics: {} to {}: {}: {}",
            upload.file,
            shown(&upload.location),
            failure.code,
            failure.text
        );
        core.log(Level::Warn, &text);
        if failure.code == NOT_FOUND {
            self.progress.edit().handle = None;
        }
        let errand = &mut self.progress.edit().errand;
        if errand.failed(core, upload.attempts, failure) == Failed::ForGood {
            self.end(core, "UploadFailed");
        }
    }

    fn end(&mut self, core: &mut Core<'_, '_>, status: &str) {
        core.log(Level::Info, &format!("diagnostics: {status}"));
        self.statuses.add(status);
        self.forget(core);
    }

    /// There is no upload any more, and no file.
    fn forget(&mut self, core: &mut Core<'_, '_>) {
        if self.upload.is_some() {
            *self.upload.edit() = None;
        }
        let progress = self.progress.edit();
        progress.errand = Errand::default();
        if let Some(handle) = progress.handle.take() {
            discard(core, &handle);
        }
    }
}

/// Handle and name of a file that was made.
fn file_in(body: &str) -> Option<(String, String)> {
    let json = parse(body).ok()?;
    let fields = Fields::of(&json);
    let handle = fields.text("handle", usize::MAX).ok()?;
    let name = fields.text("file_name", MAX_FILE_NAME).ok()?;
    Some((handle.to_owned(), name.to_owned()))
}

fn time(fields: Fields<'_, '_>, name: &str) -> Result<Option<i64>, Violation> {
    let Some(text) = fields.optional_text(name, usize::MAX)? else {
        return Ok(None);
    };
    let time = timestamp::parse(text)
        .ok_or_else(|| property(format!("{name} {text:?} is no date with time")))?;
    Ok(Some(time))
}

/// The location is a folder; what stands behind its path stays there.
fn in_folder(location: &str, file: &str) -> String {
    let end = location.find(['?', '#']).unwrap_or(location.len());
    let (folder, rest) = location.split_at(end);
    let slash = if folder.ends_with('/') { "" } else { "/" };
    format!("{folder}{slash}{file}{rest}")
}

fn answer_label(number: u32) -> String {
    format!("diagnostics/{number}")
}

fn nothing() -> String {
    "{}".to_owned()
}

packed!(Upload {
    location,
    attempts,
    from,
    to,
    file
});
packed!(Progress {
    count,
    asked,
    errand,
    handle
});

#[cfg(test)]
mod tests {
    use super::in_folder;

    #[test]
    fn a_file_goes_into_the_folder() {
        for (location, expected) in [
            ("http://h/logs", "http://h/logs/a.gz"),
            ("http://h/logs/", "http://h/logs/a.gz"),
            ("http://h/logs?key=1", "http://h/logs/a.gz?key=1"),
            ("http://h", "http://h/a.gz"),
        ] {
            assert_eq!(in_folder(location, "a.gz"), expected);
        }
    }
}
