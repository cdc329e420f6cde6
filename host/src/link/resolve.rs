//! Names to addresses.
//!
//! The system's resolver blocks a thread, and nothing can stop it. A question
//! that outlives its dial is therefore kept and taken up by the next dial for
//! the same name, so that a dead name server costs one thread and not one more
//! with every attempt.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinHandle;

type Answer = JoinHandle<io::Result<Vec<SocketAddr>>>;

#[derive(Debug, Default)]
pub(super) struct Resolver {
    asked: Mutex<HashMap<(String, u16), Answer>>,
}

impl Resolver {
    /// All addresses of a host; may be cancelled at any time.
    pub async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let key = (host.to_owned(), port);
        let mut question = Question {
            answer: Some(self.take(&key).unwrap_or_else(|| ask(key.clone()))),
            key,
            resolver: self,
        };
        let Some(answer) = question.answer.as_mut() else {
            return Ok(Vec::new());
        };
        let result = answer.await;
        question.answer = None;
        result.unwrap_or_else(|e| Err(io::Error::other(e)))
    }

    fn take(&self, key: &(String, u16)) -> Option<Answer> {
        self.locked().remove(key)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<(String, u16), Answer>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(key: (String, u16)) -> Answer {
    tokio::spawn(async move { Ok(tokio::net::lookup_host(key).await?.collect()) })
}

/// Puts an unanswered question back when its dial is given up.
struct Question<'a> {
    answer: Option<Answer>,
    key: (String, u16),
    resolver: &'a Resolver,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            self.resolver.locked().insert(self.key.clone(), answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn an_address_needs_no_question() {
        let resolver = Resolver::default();
        let found = resolver.lookup("::1", 7).await.unwrap();
        assert_eq!(found, ["[::1]:7".parse().unwrap()]);
        assert!(resolver.locked().is_empty());
    }

    #[tokio::test]
    async fn a_question_given_up_is_taken_up_by_the_next_dial() {
        let resolver = Resolver::default();
        let key = ("slow.example".to_owned(), 80);
        let (answer, waiting) = tokio::sync::oneshot::channel::<Vec<SocketAddr>>();
        let slow = tokio::spawn(async move { waiting.await.map_err(io::Error::other) });
        resolver.locked().insert(key.clone(), slow);

        let lookup = resolver.lookup("slow.example", 80);
        assert!(
            tokio::time::timeout(Duration::from_millis(5), lookup)
                .await
                .is_err()
        );
        assert_eq!(resolver.locked().len(), 1, "kept");

        let address = "127.0.0.1:80".parse().unwrap();
        answer.send(vec![address]).unwrap();
        assert_eq!(
            resolver.lookup("slow.example", 80).await.unwrap(),
            [address]
        );
        assert!(resolver.locked().is_empty());
    }
}
