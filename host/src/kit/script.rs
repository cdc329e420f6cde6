//! A script: what a policy is asked, in which order, and what is expected of it.
//! Only the form; [`super::stage`] plays it. `docs/plugins.md` describes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::KitError;
use crate::config::{self, ConfigError, GuestLimits, Setting};
use crate::words;
use crate::zone::Zone;

/// A whole script.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Script {
    /// Name in the chain; otherwise the component's own.
    pub name: Option<String>,
    /// When it begins, RFC 3339; otherwise [`BEGIN`].
    pub time: Option<String>,
    /// Where the charger is, as in the configuration; otherwise UTC.
    pub time_zone: Option<String>,
    /// Settings of the policy, as in the configuration.
    pub settings: BTreeMap<String, Setting>,
    /// Limits of the policy, as in the configuration.
    pub limits: GuestLimits,
    /// One after the other, a second apart.
    pub step: Vec<Step>,
}

/// A Thursday in winter, at noon.
pub(super) const BEGIN: &str = "2026-01-01T12:00:00Z";

/// One thing that happens. First the clock, then the rest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Step {
    /// What to print.
    pub say: String,
    /// The wall clock goes forward to then; timers that are due fire.
    pub at: Option<String>,
    /// The clock goes forward by so much.
    pub after_s: Option<u64>,
    /// How far the wall clock can be believed from now on.
    pub clock: Option<Trust>,
    /// A new instance, told this reason.
    pub restart: Option<Reason>,
    /// The policy is asked.
    pub decide: Option<Decide>,
    /// The policy is told.
    pub observed: Option<Observed>,
    /// What its verdict must be, or what it must do to a session.
    pub expect: Option<Expect>,
}

impl Step {
    /// What to print: what the script says, or what happens.
    pub(super) fn title(&self) -> String {
        if !self.say.is_empty() {
            return self.say.clone();
        }
        if let Some(it) = &self.decide {
            let purpose = words::of(&it.purpose);
            return match it.token.as_str() {
                "" => format!("{} to {purpose}", words::of(&it.origin)),
                token => format!("{} {token} to {purpose}", words::of(&it.origin)),
            };
        }
        if let Some(it) = &self.observed {
            return format!("session {} {}", it.session, words::of(&it.kind));
        }
        match (self.restart, self.clock) {
            (Some(reason), _) => format!("a new instance: {}", words::of(&reason)),
            (None, Some(trust)) => format!("the clock is {}", words::of(&trust)),
            (None, None) => "time passes".to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Trust {
    Unset,
    Board,
    Set,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reason {
    /// Session entries and timers are gone.
    PowerUp,
    Restart,
    Swap,
    Recovery,
    Rollback,
}

/// A request; what is left out is as for a card in the ordinary case.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Decide {
    pub token: String,
    pub kind: Option<TokenKind>,
    pub origin: Origin,
    pub purpose: Purpose,
    pub outlet: u32,
    pub reader: Option<String>,
    pub online: bool,
    pub listed: Option<Entry>,
    pub cached: Option<Entry>,
    /// The answer of the central system; makes it the second stage.
    pub central: Option<Entry>,
    pub rules: Rules,
}

impl Default for Decide {
    fn default() -> Self {
        Self {
            token: String::new(),
            kind: None,
            origin: Origin::Card,
            purpose: Purpose::Start,
            outlet: 1,
            reader: None,
            online: true,
            listed: None,
            cached: None,
            central: None,
            rules: Rules::default(),
        }
    }
}

/// As in `wit/`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TokenKind {
    Iso14443,
    Iso15693,
    KeyCode,
    MacAddress,
    Emaid,
    Local,
    Central,
    None,
    Unknown,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Origin {
    Card,
    Remote,
    RemoteUnchecked,
    Plugged,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Purpose {
    Start,
    Stop,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub status: Status,
    #[serde(default)]
    pub parent: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    pub expires: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    Accepted,
    Blocked,
    Expired,
    Invalid,
    Concurrent,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rules {
    pub local_pre_authorize: bool,
    pub local_authorize_offline: bool,
    pub unknown_offline: bool,
    pub cache: bool,
    pub listing: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            local_pre_authorize: false,
            local_authorize_offline: true,
            unknown_offline: false,
            cache: true,
            listing: true,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Observed {
    pub kind: ObservedKind,
    pub session: u64,
    #[serde(default = "one")]
    pub outlet: u32,
    #[serde(default)]
    pub token: String,
    #[serde(default)]
    pub token_kind: Option<TokenKind>,
    #[serde(default)]
    pub energy_wh: u64,
    #[serde(default)]
    pub power_w: Option<u32>,
    #[serde(default)]
    pub state_of_charge_percent: Option<u8>,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ObservedKind {
    Started,
    Energy,
    Ended,
}

/// What is left out may be anything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// Of a decision; of nothing else.
    pub verdict: Option<VerdictWord>,
    /// Of a rejection.
    pub status: Option<Status>,
    /// Of an acceptance.
    pub limit_ma: Option<u32>,
    /// Of an acceptance.
    pub energy_limit_wh: Option<u64>,
    /// Of an acceptance.
    pub parent: Option<String>,
    /// Of an acceptance, RFC 3339.
    pub expires: Option<String>,
    /// Of an acceptance, RFC 3339.
    pub session_until: Option<String>,
    /// Words in the reason.
    pub why: Option<String>,
    /// Words in what it says of sessions; empty: it says nothing.
    pub session: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum VerdictWord {
    Accept,
    Reject,
    Ask,
    Pass,
}

impl Expect {
    /// It is about what the policy does to a session, and about nothing else.
    fn is_of_sessions(&self) -> bool {
        self.session.is_some() && self.verdict.is_none()
    }
}

impl Script {
    /// Reads a file: JSON if it is called so, else TOML.
    pub(super) fn load(path: &Path) -> Result<Self, KitError> {
        let text = fs::read_to_string(path).map_err(|error| KitError::file(path, &error))?;
        let script: Self = if path.extension().is_some_and(|it| it == "json") {
            let mut json = serde_json::Deserializer::from_str(&text);
            serde_path_to_error::deserialize(&mut json).map_err(|error| KitError::Json {
                path: path.to_path_buf(),
                key: error.path().to_string(),
                text: error.inner().to_string(),
            })?
        } else {
            config::read(&text).map_err(|error| ConfigError::located(path, error))?
        };
        script.check(path)?;
        Ok(script)
    }

    /// A request of each kind, and a session.
    pub(super) fn one_of_each() -> Self {
        let mut step = Vec::new();
        for origin in [
            Origin::Card,
            Origin::Remote,
            Origin::RemoteUnchecked,
            Origin::Plugged,
        ] {
            for purpose in [Purpose::Start, Purpose::Stop] {
                for online in [true, false] {
                    let token = match origin {
                        Origin::Plugged => String::new(),
                        _ => "04A1B2C3".to_owned(),
                    };
                    let decide = Decide {
                        token,
                        origin,
                        purpose,
                        online,
                        ..Decide::default()
                    };
                    let link = if online { "online" } else { "offline" };
                    let (origin, purpose) = (words::of(&origin), words::of(&purpose));
                    step.push(Step {
                        say: format!("{origin} to {purpose}, {link}"),
                        decide: Some(decide),
                        ..Step::default()
                    });
                }
            }
        }
        let kinds = [
            ObservedKind::Started,
            ObservedKind::Energy,
            ObservedKind::Ended,
        ];
        step.extend(kinds.map(|kind| Step {
            say: format!("session {}", words::of(&kind)),
            observed: Some(Observed {
                kind,
                session: 1,
                outlet: 1,
                token: "04A1B2C3".to_owned(),
                token_kind: None,
                energy_wh: 1000,
                power_w: None,
                state_of_charge_percent: None,
            }),
            ..Step::default()
        }));
        Self {
            step,
            ..Self::default()
        }
    }

    /// What types do not exclude.
    fn check(&self, path: &Path) -> Result<(), KitError> {
        let wrong = |index, text: String| KitError::Step {
            path: path.to_path_buf(),
            index,
            text,
        };
        let time = |index, text: &Option<String>| match text {
            Some(text) if unix_ms(text).is_none() => Err(wrong(
                index,
                format!("expected a time such as {BEGIN}, found `{text}`"),
            )),
            _ => Ok(()),
        };
        time(0, &self.time)?;
        let asks = |step: &Step| step.decide.is_some() || step.observed.is_some();
        if !self.step.iter().any(asks) {
            let text = "no step asks for a decision or tells of a session";
            return Err(wrong(0, text.into()));
        }
        if let Some(zone) = &self.time_zone {
            Zone::named(zone).map_err(|error| wrong(0, error.to_string()))?;
        }
        for (index, step) in self.step.iter().enumerate() {
            time(index, &step.at)?;
            if step.decide.is_some() && step.observed.is_some() {
                return Err(wrong(index, "has both `decide` and `observed`".into()));
            }
            if let Some(expect) = &step.expect {
                if step.decide.is_none() && !expect.is_of_sessions() {
                    let text = "has `expect` of a verdict, but not `decide`";
                    return Err(wrong(index, text.into()));
                }
                time(index, &expect.expires)?;
                time(index, &expect.session_until)?;
            }
            if let Some(decide) = &step.decide {
                for entry in [&decide.listed, &decide.cached, &decide.central] {
                    time(
                        index,
                        &entry.as_ref().and_then(|entry| entry.expires.clone()),
                    )?;
                }
            }
        }
        Ok(())
    }
}

/// From RFC 3339.
pub(super) fn unix_ms(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
}
