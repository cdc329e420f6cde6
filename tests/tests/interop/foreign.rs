//! A central system that is not ours, as a child process: what it tells, and
//! what it is told to call. Not here: what is played with it.
//!
//! Each line of its standard output is a JSON object:
//!
//! * `listening`: its URL, once;
//! * `opened` (number of the connection, with `path` and `subprotocol`), `closed`;
//! * `frame` (`in` or `out`, with `connection` and `text`), as it passes;
//! * `broken`: something that its package refuses or swallows;
//! * `answer` (number of our order), with `result`, or with `code` and
//!   `description`: what the package makes of the charger's answer;
//! * `counts` (`in`, `out`, `errors`, `checked`), at its end.
//!
//! Each line of its standard input is a `call` (a number), with `action` and
//! `payload`, to be made on the latest connection. At its end it ends.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use plugpoint_tests::central_system::{Entry, Journal, Opening, What};
use plugpoint_tests::frame::Frame;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which one.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// The PyPI package `ocpp`.
    PypiOcpp,
    /// The npm package `ocpp-rpc`.
    NpmOcppRpc,
}

/// A running one; it ends when it is dropped.
pub struct Foreign {
    child: Child,
    stdin: Option<ChildStdin>,
    url: String,
    journal: Arc<Journal>,
    broken: Arc<Mutex<Vec<String>>>,
    answers: mpsc::Receiver<Answer>,
    reader: Option<JoinHandle<Option<Counts>>>,
    taken: Mutex<BTreeSet<usize>>,
    orders: u64,
}

/// What became of a call of the central system.
#[derive(Debug)]
pub struct Answer {
    order: u64,
    /// The payload, or code and description.
    pub outcome: Result<Value, (String, String)>,
}

/// Frames that passed.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Counts {
    /// From the charger.
    #[serde(rename = "in")]
    pub inwards: u64,
    /// To the charger.
    #[serde(rename = "out")]
    pub outwards: u64,
    /// CALLERRORs among both; there is no schema for them.
    pub errors: u64,
    /// Payloads that were held against a schema.
    pub checked: u64,
}

impl Kind {
    fn command(self) -> Command {
        let setting = |name: &str| {
            std::env::var_os(name).unwrap_or_else(|| {
                panic!("{name} is not set: run this with `cargo xtask test`, which sees to it")
            })
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        match self {
            Kind::PypiOcpp => {
                let mut command = Command::new(setting("PLUGPOINT_PYTHON"));
                command.arg(folder.join("pypi_ocpp.py"));
                command
            }
            Kind::NpmOcppRpc => {
                let mut command = Command::new(setting("PLUGPOINT_NODE"));
                command.arg(folder.join("npm_ocpp_rpc.cjs"));
                command.env("NODE_PATH", setting("PLUGPOINT_NODE_MODULES"));
                command
            }
        }
    }
}

impl Foreign {
    /// Starts it and waits until it listens.
    pub fn start(kind: Kind) -> Foreign {
        let mut child = kind
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the central system starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("piped");
        let (journal, broken) = (Arc::new(Journal::default()), Arc::default());
        let (listening, url) = mpsc::channel();
        let (answered, answers) = mpsc::channel();
        let telling = Telling {
            journal: Arc::clone(&journal),
            broken: Arc::clone(&broken),
            listening,
            answered,
        };
        let reader = std::thread::spawn(move || telling.read(stdout));
        let mut it = Foreign {
            child,
            stdin,
            url: String::new(),
            journal,
            broken,
            answers,
            reader: Some(reader),
            taken: Mutex::default(),
            orders: 0,
        };
        it.url = url.recv_timeout(PATIENCE).expect("it listens");
        it
    }

    /// Where a charger dials, without its identity.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything that has passed.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    fn broken(&self) -> Vec<String> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.clone()
    }

    /// Waits until so much has been refused or swallowed.
    pub fn wait_broken(&self, count: usize, what: &str) {
        let there = self
            .journal
            .wait(PATIENCE, |_| (self.broken().len() >= count).then_some(()));
        assert!(there.is_some(), "{what}: only {:#?}", self.broken());
    }

    /// Makes a call and waits for what its package makes of the answer.
    pub fn call(&mut self, action: &str, payload: &Value) -> Answer {
        self.orders += 1;
        let order = json!({"call": self.orders, "action": action, "payload": payload});
        let stdin = self.stdin.as_mut().expect("it is not at its end");
        writeln!(stdin, "{order}").expect("it reads");
        loop {
            match self.answers.recv_timeout(PATIENCE) {
                Ok(answer) if answer.order == self.orders => return answer,
                Ok(_) => {}
                Err(_) => panic!("{action}: no answer\n{}", self.journal.transcript()),
            }
        }
    }

    /// Waits for something new of the journal; each can be had once.
    pub fn expect<T>(&self, what: &str, is: impl Fn(&What) -> Option<T>) -> T {
        let found = self
            .journal
            .wait(PATIENCE, |entries| match self.take(entries, &is) {
                Some(it) => Some(Some(it)),
                // It waits in vain then, as a rule.
                None => (!self.broken().is_empty()).then_some(None),
            });
        found
            .flatten()
            .unwrap_or_else(|| panic!("no {what}:\n{}", self.journal.transcript()))
    }

    /// As [`Foreign::expect`], if it is there already.
    pub fn find<T>(&self, is: impl Fn(&What) -> Option<T>) -> Option<T> {
        self.take(&self.journal.entries(), &is)
    }

    fn take<T>(&self, entries: &[Entry], is: &impl Fn(&What) -> Option<T>) -> Option<T> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, it) = entries
            .iter()
            .filter(|entry| !taken.contains(&entry.number))
            .find_map(|entry| Some((entry.number, is(&entry.what)?)))?;
        taken.insert(number);
        Some(it)
    }

    /// Ends it; what it has counted, and everything that its package refused or
    /// swallowed.
    pub fn end(mut self) -> (Counts, Vec<String>) {
        drop(self.stdin.take());
        let counts = self.reader.take().and_then(|reader| reader.join().ok());
        let end = self.child.wait().expect("it ends");
        assert!(end.success(), "see what it printed: {end}");
        let counts = counts.flatten().expect("what it has counted");
        (counts, self.broken())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // Fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The reading end of its standard output.
struct Telling {
    journal: Arc<Journal>,
    broken: Arc<Mutex<Vec<String>>>,
    listening: mpsc::Sender<String>,
    answered: mpsc::Sender<Answer>,
}

impl Telling {
    /// Reads to the end; what was counted.
    fn read(self, stdout: ChildStdout) -> Option<Counts> {
        let mut counts = None;
        for line in BufReader::new(stdout).lines() {
            let line = line.ok()?;
            let told: Value =
                serde_json::from_str(&line).unwrap_or_else(|_| json!({"broken": line}));
            if told["counts"].is_object() {
                counts = serde_json::from_value(told["counts"].clone()).ok();
            }
            self.take(&told);
        }
        counts
    }

    fn take(&self, told: &Value) {
        let connection = |name: &str| {
            let number = told[name].as_u64()?;
            u32::try_from(number).ok()
        };
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        if told["listening"].is_string() {
            // Who waits for it is there, or has given up.
            let _ = self.listening.send(text("listening"));
        } else if let Some(number) = connection("opened") {
            let path = text("path");
            let opening = Opening {
                identity: path.rsplit('/').next().unwrap_or_default().to_owned(),
                path,
                authorization: None,
                offered: Vec::new(),
                subprotocol: told["subprotocol"].as_str().map(str::to_owned),
                client_certificate: false,
            };
            self.journal.push(number, What::Opened(opening));
        } else if let Some(number) = connection("closed") {
            self.journal.push(number, What::Ended("closed".to_owned()));
        } else if told["frame"].is_string() {
            let text = text("text");
            let what = match (Frame::parse(&text), told["frame"] == "in") {
                (Some(frame), true) => What::Received(frame),
                (Some(frame), false) => What::Sent(frame),
                (None, _) => What::Nonsense(text),
            };
            self.journal
                .push(connection("connection").unwrap_or(0), what);
        } else if told["broken"].is_string() {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.push(text("broken"));
            drop(broken);
            let what = What::Mischief(format!("refused: {}", text("broken")));
            self.journal.push(0, what);
        } else if let Some(order) = told["answer"].as_u64() {
            let outcome = match &told["result"] {
                Value::Null => Err((text("code"), text("description"))),
                result => Ok(result.clone()),
            };
            let _ = self.answered.send(Answer { order, outcome });
        }
    }
}
