//! `get`: from a URL into a file, no larger than allowed; a file with a name from where it
//! was broken off.

use std::io::Read;

use http::StatusCode;
use http::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LAST_MODIFIED, RANGE};
use ureq::Agent;

use super::files::{BegunFile, TransferredFile};
use super::http::{broken, broken_io, refused};
use super::kept::Partial;
use super::underway::Ticket;
use crate::services::operation::Failed;

pub(super) fn run(
    agent: &Agent,
    url: &str,
    limit: u64,
    mut file: BegunFile<'_>,
    ticket: &Ticket,
) -> Result<TransferredFile, Failed> {
    let response = agent.get(url).call().map_err(|e| broken(&e))?;
    if !response.status().is_success() {
        return Err(refused(response.status()));
    }
    let (_, body) = response.into_parts();
    copy(body, 0, limit, ticket, |bytes| file.write(bytes))?;
    file.finish()
}

/// What is there of the file is not fetched again, if the server still has the same one.
pub(super) fn resume(
    agent: &Agent,
    url: &str,
    limit: u64,
    mut file: Partial<'_, '_>,
    ticket: &Ticket,
) -> Result<TransferredFile, Failed> {
    let mut request = agent.get(url);
    let has = file.size();
    if let Some(version) = file.version() {
        request = request
            .header(RANGE, format!("bytes={has}-"))
            .header(IF_RANGE, version);
    }
    let response = request.call().map_err(|e| broken(&e))?;
    let status = response.status();
    if !status.is_success() && status != StatusCode::RANGE_NOT_SATISFIABLE {
        return Err(refused(status));
    }
    let (parts, body) = response.into_parts();
    let goes_on = status == StatusCode::PARTIAL_CONTENT && begins_at(&parts.headers, has);
    if !goes_on {
        file.begin(version_of(&parts.headers))?;
        if !matches!(status, StatusCode::OK) {
            // Asked again without what was there, it sends all of it.
            return Err(Failed::new(
                "unreachable",
                "the server has another file now",
            ));
        }
    }
    let has = file.size();
    ticket.note(has);
    copy(body, has, limit, ticket, |bytes| file.write(bytes))?;
    file.finish()
}

fn copy(
    body: ureq::Body,
    has: u64,
    limit: u64,
    ticket: &Ticket,
    mut write: impl FnMut(&[u8]) -> Result<(), Failed>,
) -> Result<(), Failed> {
    // Said beforehand, it need not be fetched to be refused.
    let said = body.content_length();
    if said.is_some_and(|said| has.saturating_add(said) > limit) {
        return Err(too_large(limit));
    }
    let mut reader = body.into_with_config().limit(u64::MAX).reader();
    let mut buffer = [0; 16 * 1024];
    let mut size = has;
    loop {
        ticket.check()?;
        let count = reader.read(&mut buffer).map_err(|e| broken_io(&e))?;
        if count == 0 {
            return Ok(());
        }
        size += count as u64;
        if size > limit {
            return Err(too_large(limit));
        }
        write(&buffer[..count])?;
        ticket.note(size);
    }
}

/// What tells this version of the file from any other: only such a word will do.
fn version_of(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let strong = text(ETAG).filter(|tag| !tag.starts_with("W/"));
    let word = strong.or_else(|| text(LAST_MODIFIED));
    word.filter(|word| !word.is_empty()).map(str::to_owned)
}

fn begins_at(headers: &HeaderMap, at: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|it| it.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {at}-")))
}

fn too_large(limit: u64) -> Failed {
    Failed::new("too-large", format!("more than {limit} bytes"))
}
