//! `get`: from a URL into a file, no larger than allowed.

use std::io::Read;

use ureq::Agent;

use super::files::{BegunFile, TransferredFile};
use super::http::{broken, broken_io, refused};
use crate::services::operation::Failed;

pub(super) fn run(
    agent: &Agent,
    url: &str,
    limit: u64,
    mut file: BegunFile<'_>,
) -> Result<TransferredFile, Failed> {
    let response = agent.get(url).call().map_err(|e| broken(&e))?;
    if !response.status().is_success() {
        return Err(refused(response.status()));
    }
    let (_, body) = response.into_parts();
    // Said beforehand, it need not be fetched to be refused.
    if body.content_length().is_some_and(|said| said > limit) {
        return Err(too_large(limit));
    }
    let mut reader = body.into_with_config().limit(u64::MAX).reader();
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = reader.read(&mut buffer).map_err(|e| broken_io(&e))?;
        if count == 0 {
            return file.finish();
        }
        if file.size() + count as u64 > limit {
            return Err(too_large(limit));
        }
        file.write(&buffer[..count])?;
    }
}

fn too_large(limit: u64) -> Failed {
    Failed::new("too-large", format!("more than {limit} bytes"))
}
