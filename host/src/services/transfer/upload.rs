//! `put`: a file to a URL.

use std::fs::File;

use http::header::CONTENT_LENGTH;
use ureq::{Agent, SendBody};

use super::files::TransferredFile;
use super::http::{broken, refused};
use super::underway::{Ticket, Watched};
use crate::services::operation::Failed;

#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    #[default]
    Put,
    Post,
}

/// The status of the server's answer, if it is a success.
pub(super) fn run(
    agent: &Agent,
    url: &str,
    method: Method,
    file: &TransferredFile,
    ticket: &Ticket,
) -> Result<u16, Failed> {
    let body = File::open(&file.path)
        .map_err(|e| Failed::because(format!("the file cannot be read: {e}")))?;
    let request = match method {
        Method::Put => agent.put(url),
        Method::Post => agent.post(url),
    };
    let request = request
        .content_type("application/octet-stream")
        .header(CONTENT_LENGTH, file.size);
    let mut body = Watched {
        inner: body,
        ticket: ticket.clone(),
    };
    let sent = request.send(SendBody::from_reader(&mut body));
    // However it failed: what was ended is not worth another word.
    ticket.check()?;
    let response = sent.map_err(|e| broken(&e))?;
    let status = response.status();
    if status.is_success() {
        Ok(status.as_u16())
    } else {
        Err(refused(status))
    }
}
