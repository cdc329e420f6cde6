//! The answer to one request: it is given exactly once, whatever becomes of the
//! work.

use super::operation::{Failed, Outcome};
use crate::wit::protocol::{Response, ServiceFailure};

pub(super) struct Reply {
    id: u32,
    give: Option<Box<dyn FnOnce(Response) + Send>>,
}

impl Reply {
    pub fn new(id: u32, give: impl FnOnce(Response) + Send + 'static) -> Self {
        Self {
            id,
            give: Some(Box::new(give)),
        }
    }

    pub fn send(mut self, outcome: Outcome) {
        self.give(outcome);
    }

    fn give(&mut self, outcome: Outcome) {
        if let Some(give) = self.give.take() {
            give(Response {
                id: self.id,
                outcome: outcome.map_err(|failed| ServiceFailure {
                    code: failed.code.to_owned(),
                    text: failed.text,
                }),
            });
        }
    }
}

impl Drop for Reply {
    /// Work that was dropped or panicked still answers.
    fn drop(&mut self) {
        self.give(Err(Failed::because("given up by the host")));
    }
}
