//! Stations that do one thing wrong on purpose: our own, with what it says or
//! hears bent on the way. Not here: which case finds it out.

use std::time::Duration;

use plugpoint_conformance::native::{Native, Variant};
use plugpoint_conformance::{Answer, Deed, Failure, Message, Reply, Station, Traits};
use serde_json::{Value, json};

/// What the station says, bent.
pub type Says = fn(Vec<Message>) -> Vec<Message>;
/// How it answers, bent: action, request, how often it has booted, answer.
pub type Answers = fn(&str, &Value, usize, Answer) -> Answer;

/// One mistake.
#[derive(Clone, Copy)]
pub enum Mistake {
    Says(Says),
    Answers(Answers),
    /// It boots whenever the network comes back.
    BootsOnReconnect,
    /// It does not notice a fault.
    BlindToFaults,
    /// It says no when it is to tell something, and tells it all the same.
    RefusesAndTells,
}

/// A station with a mistake.
pub struct Wrong {
    inner: Native,
    mistake: Mistake,
}

impl Wrong {
    pub fn new(variant: &Variant, mistake: Mistake) -> Self {
        Self {
            inner: Native::new(variant),
            mistake,
        }
    }
}

impl Station for Wrong {
    fn traits(&self) -> &Traits {
        self.inner.traits()
    }

    fn perform(&mut self, deed: Deed) -> Result<(), Failure> {
        match (self.mistake, &deed) {
            (Mistake::BlindToFaults, Deed::Fault(..) | Deed::Repair(_) | Deed::Jam(..)) => Ok(()),
            _ => self.inner.perform(deed),
        }
    }

    fn network(&mut self, online: bool) -> Result<(), Failure> {
        self.inner.network(online)?;
        if matches!(self.mistake, Mistake::BootsOnReconnect) && online && self.now() > LATER {
            self.inner.power_off()?;
            self.inner.power_on()?;
        }
        Ok(())
    }

    fn mains_fail(&mut self) -> Result<(), Failure> {
        self.inner.mains_fail()
    }

    fn power_off(&mut self) -> Result<(), Failure> {
        self.inner.power_off()
    }

    fn power_on(&mut self) -> Result<(), Failure> {
        self.inner.power_on()
    }

    fn reply_next(&mut self, action: &str, reply: Reply) {
        self.inner.reply_next(action, reply);
    }

    fn reply(&mut self, action: &str, reply: Reply) {
        self.inner.reply(action, reply);
    }

    fn tag(&mut self, id_tag: &str, info: Value) {
        self.inner.tag(id_tag, info);
    }

    fn call(&mut self, action: &str, payload: Value) -> Result<Answer, Failure> {
        if matches!(self.mistake, Mistake::RefusesAndTells) && action == "TriggerMessage" {
            let mut obeyed = payload;
            obeyed["connectorId"] = json!(1);
            self.inner.call(action, obeyed)?;
            return Ok(Answer::Result(json!({"status": "Rejected"})));
        }
        let answer = self.inner.call(action, payload.clone())?;
        let Mistake::Answers(bend) = self.mistake else {
            return Ok(answer);
        };
        let all = self.inner.messages();
        let boots = all.iter().filter(|it| it.action == "BootNotification");
        Ok(bend(action, &payload, boots.count(), answer))
    }

    fn has_received(&mut self, name: &str) -> Option<bool> {
        self.inner.has_received(name)
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn unix_ms(&self) -> i64 {
        self.inner.unix_ms()
    }

    fn messages(&self) -> Vec<Message> {
        let all = self.inner.messages();
        match self.mistake {
            Mistake::Says(bend) => bend(all),
            _ => all,
        }
    }

    fn wait(&mut self, known: usize, until: Duration) -> Result<(), Failure> {
        while self.messages().len() <= known && self.now() < until {
            let inner = self.inner.messages().len();
            self.inner.wait(inner, until)?;
        }
        Ok(())
    }
}

/// The network that is switched on before the first message was always on.
const LATER: Duration = Duration::from_millis(1);
