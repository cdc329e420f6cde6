//! What people, cars, the network and the power do, each noted in the story.

use serde_json::Value;

use super::Session;
use crate::outcome::Failure;
use crate::station::Reply;

impl Session<'_> {
    /// Whether a file of this name has come to where files are taken; none: nobody knows.
    pub fn has_received(&mut self, name: &str) -> Option<bool> {
        self.station.has_received(name)
    }

    /// A car plugs in.
    pub fn plug(&mut self, connector: u32) -> Result<(), Failure> {
        self.note(format!("· a car plugs in at connector {connector}"));
        self.station.plug(connector)
    }

    /// The car goes, with the cable if that is its own.
    pub fn unplug(&mut self, connector: u32) -> Result<(), Failure> {
        self.note(format!(
            "· the car at connector {connector} unplugs and goes"
        ));
        self.station.unplug(connector)
    }

    /// The cable is pulled out of the car, and stays in the socket.
    pub fn unplug_at_car(&mut self, connector: u32) -> Result<(), Failure> {
        self.note(format!(
            "· the cable of connector {connector} is pulled out of the car"
        ));
        self.station.unplug_at_car(connector)
    }

    /// The car pauses or goes on.
    pub fn car_asks(&mut self, connector: u32, asks: bool) -> Result<(), Failure> {
        let what = if asks { "asks for energy" } else { "pauses" };
        self.note(format!("· the car at connector {connector} {what}"));
        self.station.car_asks(connector, asks)
    }

    /// A card is held to the reader.
    pub fn card(&mut self, tag: &str) -> Result<(), Failure> {
        self.note(format!("· card {tag} is held to the reader"));
        self.station.card(tag)
    }

    /// Something breaks, or is repaired.
    pub fn fault(&mut self, connector: u32, kind: Option<&str>) -> Result<(), Failure> {
        self.note(match kind {
            Some(kind) => format!("· {kind} at connector {connector}"),
            None => format!("· the fault at connector {connector} is repaired"),
        });
        self.station.fault(connector, kind)
    }

    /// The lock's motor is stuck, or works.
    pub fn jam_lock(&mut self, connector: u32, jammed: bool) -> Result<(), Failure> {
        let what = if jammed { "is stuck" } else { "works again" };
        self.note(format!("· the lock of connector {connector} {what}"));
        self.station.jam_lock(connector, jammed)
    }

    /// The way to the central system is cut, or there again.
    pub fn network(&mut self, online: bool) -> Result<(), Failure> {
        self.note(if online {
            "· the network is back"
        } else {
            "· the network is cut"
        });
        self.station.network(online)?;
        self.rules.forgive(self.station.now());
        Ok(())
    }

    /// The mains fail: hold-up time, then darkness.
    pub fn mains_fail(&mut self) -> Result<(), Failure> {
        self.note("· the mains fail");
        self.station.mains_fail()?;
        self.note("· it is dark");
        self.rules.forgive(self.station.now());
        Ok(())
    }

    /// The power goes without warning.
    pub fn power_off(&mut self) -> Result<(), Failure> {
        self.note("· the power is cut");
        self.station.power_off()?;
        self.rules.forgive(self.station.now());
        Ok(())
    }

    /// The power is back.
    pub fn power_on(&mut self) -> Result<(), Failure> {
        self.note("· the power is back");
        self.station.power_on()
    }

    /// How the next CALL of this action is answered.
    pub fn reply_next(&mut self, action: &str, reply: Reply) {
        self.mark_silence(action, &reply);
        self.station.reply_next(action, reply);
    }

    /// How each CALL of this action is answered from now on.
    pub fn reply(&mut self, action: &str, reply: Reply) {
        self.mark_silence(action, &reply);
        self.station.reply(action, reply);
    }

    fn mark_silence(&mut self, action: &str, reply: &Reply) {
        if *reply == Reply::Silence {
            self.rules.silence(action);
        }
    }

    /// What the central system says of a tag: an IdTagInfo.
    pub fn tag(&mut self, tag: &str, info: Value) {
        self.note(format!("· the central system knows {tag} as {info}"));
        self.station.tag(tag, info);
    }
}
