//! What a profile can do, shown by one that is no standard's: it has a key, answers
//! calls now and later, sends messages, asks services, keeps entries and has deadlines.

use plugpoint_guest::kept::Cell;
use plugpoint_guest::protocol::{Durability, ServiceFailure};
use plugpoint_ocpp_v16::profile::{Call, Happening, Manifest, Outcome, Profile, Reply};
use plugpoint_ocpp_v16::{Build, Core, KeyInfo, Values};
use plugpoint_ocpp_world::{Reply as CentralReply, Settings, World};
use serde_json::json;

static MANIFEST: Manifest = Manifest {
    name: "acme",
    feature: None,
    services: &[],
    keys: &[
        KeyInfo {
            name: "AcmeGreeting",
            values: Values::Text { max: 10 },
            writable: true,
            default: "hello",
            unit: "",
            meaning: "What a car is greeted with.",
        },
        KeyInfo {
            name: "AcmeSerial",
            values: Values::Int { min: 1, max: 99 },
            writable: false,
            default: "7",
            unit: "",
            meaning: "The number on the plate.",
        },
    ],
    load: |core| {
        Box::new(Acme {
            heard: core.cell("heard", Durability::Durable),
            alarm: core.cell("alarm", Durability::Session),
        })
    },
};

static BUILD: Build = Build {
    name: "acme 1.0",
    extensions: &[&MANIFEST],
    ..Build::STANDARD
};

#[derive(Debug)]
struct Acme {
    /// What it has heard of, in the order in which it did.
    heard: Cell<Vec<String>>,
    /// When it says something by itself.
    alarm: Cell<Option<u64>>,
}

impl Acme {
    fn hears(&mut self, what: impl Into<String>) {
        self.heard.edit().push(what.into());
    }
}

impl Profile for Acme {
    fn call(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        if call.action != "DataTransfer" || call.fields.text("vendorId", 255) != Ok("Acme") {
            return Reply::NotMine;
        }
        match call.fields.optional_text("messageId", 50) {
            Ok(Some("greet")) => {
                let greeting = core.key("AcmeGreeting").unwrap_or_default();
                Reply::Now(json!({"status": "Accepted", "data": greeting}).to_string())
            }
            Ok(Some("heard")) => {
                let heard = self.heard.join(" ");
                Reply::Now(json!({"status": "Accepted", "data": heard}).to_string())
            }
            Ok(Some("fetch")) => {
                core.request("fetched", "store@1", "fetch", "{}".to_owned());
                Reply::Later {
                    label: "fetch".to_owned(),
                    wait_ms: 10_000,
                    otherwise: json!({"status": "Rejected", "data": "late"}).to_string(),
                }
            }
            Ok(Some("alarm")) => {
                *self.alarm.edit() = Some(core.now().at.monotonic_ms + 5_000);
                Reply::Now(json!({"status": "Accepted"}).to_string())
            }
            Ok(_) => Reply::Now(json!({"status": "UnknownMessageId"}).to_string()),
            Err(violation) => Reply::Wrong(violation),
        }
    }

    fn answered(&mut self, _: &mut Core<'_, '_>, label: &str, outcome: Outcome<'_>) {
        self.hears(match outcome {
            Outcome::Result(fields) => format!("{label}:{:?}", fields.text("status", 20)),
            Outcome::Error(error) => format!("{label}:{}", error.code),
            Outcome::Unanswered => format!("{label}:unanswered"),
        });
    }

    fn response(
        &mut self,
        core: &mut Core<'_, '_>,
        label: &str,
        outcome: Result<&str, &ServiceFailure>,
    ) {
        let data = outcome.map_or_else(|failure| failure.code.clone(), str::to_owned);
        self.hears(label);
        core.finish(
            "fetch",
            &json!({"status": "Accepted", "data": data}).to_string(),
        );
    }

    fn on(&mut self, core: &mut Core<'_, '_>, happening: &Happening) {
        match happening {
            Happening::Begun {
                connector, id_tag, ..
            } => {
                self.hears(format!("begun:{connector}:{id_tag}"));
                let payload = json!({"vendorId": "Acme", "messageId": "begun"});
                core.send("begun", "DataTransfer", payload.to_string());
            }
            Happening::Ended { connector, .. } => self.hears(format!("ended:{connector}")),
            Happening::Plug { plugged, .. } => self.hears(format!("plug:{plugged}")),
            Happening::KeyChanged { name } => self.hears(format!("key:{name}")),
            Happening::LinkDown => self.hears("down"),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<u64> {
        *self.alarm
    }

    fn advance(&mut self, core: &mut Core<'_, '_>) {
        *self.alarm.edit() = None;
        let payload = json!({"vendorId": "Acme", "messageId": "alarm"});
        core.send("alarm", "DataTransfer", payload.to_string());
    }

    fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.heard);
        core.flush(&mut self.alarm);
    }
}

fn worlds() -> [World; 2] {
    [false, true].map(|amnesia| {
        let mut world = World::new(Settings {
            build: &BUILD,
            amnesia,
            ocpp: vec![("AcmeSerial".to_owned(), "42".to_owned())],
            ..Settings::default()
        });
        world.services.push("store@1".to_owned());
        world.run(1_000);
        world.news();
        world
    })
}

fn ask(world: &mut World, message: &str) -> String {
    let request = json!({"vendorId": "Acme", "messageId": message});
    let answer = world.call("DataTransfer", request);
    answer["data"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn its_keys_are_as_good_as_the_standards() {
    for mut world in worlds() {
        assert_eq!(ask(&mut world, "greet"), "hello");
        for (key, value, word) in [
            ("acmegreeting", "good day", "Accepted"),
            ("AcmeGreeting", "far too long a greeting", "Rejected"),
            ("AcmeSerial", "8", "Rejected"),
            ("AcmeSecret", "8", "NotSupported"),
        ] {
            let request = json!({"key": key, "value": value});
            let answer = world.call("ChangeConfiguration", request);
            assert_eq!(answer["status"], word, "{key}={value}");
        }
        world.power_cycle();
        world.run(2_000);
        assert_eq!(ask(&mut world, "greet"), "good day");
        let all = world.call("GetConfiguration", json!({}));
        let of = |name: &str| {
            let keys = all["configurationKey"].as_array().unwrap();
            let found = keys.iter().find(|key| key["key"] == name).unwrap();
            (found["value"].clone(), found["readonly"].clone())
        };
        assert_eq!(of("AcmeGreeting"), (json!("good day"), json!(false)));
        assert_eq!(of("AcmeSerial"), (json!("42"), json!(true)));
        let named = world.call("GetConfiguration", json!({"key": ["ACMESERIAL", "x"]}));
        assert_eq!(named["configurationKey"][0]["value"], "42");
        assert_eq!(named["unknownKey"], json!(["x"]));
    }
}

#[test]
fn other_vendors_are_left_to_others() {
    for mut world in worlds() {
        let request = json!({"vendorId": "Plugpoint", "messageId": "Build"});
        assert_eq!(world.call("DataTransfer", request)["data"], "acme 1.0");
        let request = json!({"vendorId": "Nobody"});
        assert_eq!(
            world.call("DataTransfer", request)["status"],
            "UnknownVendorId"
        );
    }
}

#[test]
fn an_answer_that_waits_for_a_service_gets_there_in_any_instance() {
    for mut world in worlds() {
        let request =
            json!([2, "late", "DataTransfer", {"vendorId": "Acme", "messageId": "fetch"}]);
        world.frame(&request.to_string());
        world.run(3_000);
        assert_eq!(world.answers.get("late"), None);
        world.respond(Ok("{}"));
        world.run(100);
        assert_eq!(
            world.answers["late"],
            json!({"status": "Accepted", "data": "{}"})
        );
        world.run(20_000);
        assert_eq!(ask(&mut world, "heard"), "fetched");
    }
}

#[test]
fn an_answer_that_does_not_come_in_time_is_given_without_it() {
    for mut world in worlds() {
        assert_eq!(ask(&mut world, "fetch"), "late");
        assert_eq!(world.answers.len(), 1);
        world.respond(Err("failed"));
        world.run(1_000);
        assert_eq!(world.answers.len(), 1, "it is not answered twice");
    }
}

#[test]
fn it_hears_what_happens_and_what_comes_of_its_messages() {
    for mut world in worlds() {
        let yes = CentralReply::Result(json!({"status": "Accepted"}));
        world.central.plan("DataTransfer", yes);
        world.plug(1);
        world.card("TAG1");
        world.run(2_000);
        world.card("TAG1");
        world.run(2_000);
        world.unplug(1);
        world.run(1_000);
        assert_eq!(
            ask(&mut world, "heard"),
            "plug:true begun:1:TAG1 begun:Ok(\"Accepted\") ended:1 plug:false"
        );
        assert_eq!(world.all("DataTransfer").len(), 1);
    }
}

#[test]
fn a_message_that_cannot_be_sent_is_lost_and_it_hears_of_it() {
    for mut world in worlds() {
        world.central.always("DataTransfer", CentralReply::Silence);
        ask(&mut world, "alarm");
        world.run(6_000);
        assert_eq!(world.all("DataTransfer").len(), 1, "its deadline has come");
        world.set_online(false);
        world.run(1_000);
        world.set_online(true);
        world.run(2_000);
        assert_eq!(ask(&mut world, "heard"), "alarm:unanswered down");
        assert_eq!(world.all("DataTransfer").len(), 1);
    }
}

#[test]
fn its_entries_are_its_own() {
    for mut world in worlds() {
        world.plug(1);
        world.run(1_000);
        let own: Vec<_> = world
            .flash
            .keys()
            .filter(|key| key.contains("heard"))
            .collect();
        assert_eq!(own, ["profile/acme/heard"]);
    }
}
