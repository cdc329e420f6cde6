//! The power fails behind every event of an update, once before and once behind the
//! actions of that event, with and without amnesia: the file is installed exactly once
//! all the same, the central system hears of it, and everybody can charge afterwards.
#![cfg(feature = "firmware-management")]

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{Fate, Settings, World, close};
use serde_json::json;

const FILE: &str = "http://files/new.bin";

fn world(fate: Fate, amnesia: bool) -> World {
    let mut world = World::new(Settings {
        cables: vec![Cable::Fixed, Cable::Fixed],
        amnesia,
        ..Settings::default()
    });
    world.depot.files.insert(FILE.to_owned(), fate);
    world
}

/// An update that waits for a session, and diagnostics beside it. How often the central
/// system had to ask.
fn live(world: &mut World) -> usize {
    world.run(2_000);
    world.plug(1);
    world.card("TAG1");
    world.run(2_000);
    let request = json!({
        "location": FILE,
        "retrieveDate": "2026-11-22T12:00:05Z",
        "retries": 3,
        "retryInterval": 5,
    });
    world.depot.failing = 1;
    let id = "update-1";
    let frame = json!([2, id, "UpdateFirmware", request]);
    // Until it is answered: the power may fail before.
    let mut asked = 0;
    for _ in 0..5 {
        if !world.answers.contains_key(id) {
            asked += 1;
            world.frame(&frame.to_string());
        }
        world.run(5_000);
    }
    world.call("GetDiagnostics", json!({"location": "http://files/logs"}));
    world.run(20_000);
    world.card("TAG1");
    world.run(2_000);
    world.unplug(1);
    world.run(300_000);
    asked
}

fn check(world: &World, fate: Fate, asked: usize) -> Result<(), String> {
    close(world).map_err(|broken| broken.to_string())?;
    let good = matches!(fate, Fate::Component | Fate::Image | Fate::ImageWithReboot);
    let installed = world.depot.installed.len();
    if installed != usize::from(good) {
        return Err(format!("installed {installed} times"));
    }
    let heard = |status: &str| {
        let all = world.all("FirmwareStatusNotification");
        let told = all.iter().filter(|sent| sent.payload["status"] == status);
        told.filter(|sent| sent.answered_ms.is_some()).count()
    };
    let last = if good {
        "Installed"
    } else {
        "InstallationFailed"
    };
    // Asked again, it begins again.
    for (status, most) in [("Downloading", asked), ("Downloaded", asked), (last, 1)] {
        if !(1..=most).contains(&heard(status)) {
            return Err(format!("{status} was heard of {} times", heard(status)));
        }
    }
    for number in [1, 2] {
        let status = world.shows(number, "status");
        if status != "Available" {
            return Err(format!("connector {number} is {status}"));
        }
    }
    let uploads = world.depot.uploads.len();
    if uploads > 2 {
        return Err(format!("{uploads} uploads"));
    }
    Ok(())
}

fn sweep(fate: Fate, amnesia: bool) {
    let mut clean = world(fate, amnesia);
    let asked = live(&mut clean);
    assert_eq!(asked, 1);
    assert_eq!(check(&clean, fate, asked), Ok(()), "{:#?}", clean.log());
    assert_eq!(clean.depot.uploads.len(), 1);
    for event in 1..=clean.events {
        for behind in [false, true] {
            let mut world = world(fate, amnesia);
            world.cut_at = Some((event, behind));
            let asked = live(&mut world);
            if let Err(why) = check(&world, fate, asked) {
                let lines: Vec<String> = world.sent.iter().map(|sent| sent.line()).collect();
                panic!(
                    "{fate:?} cut at event {event} (behind actions: {behind}): {why}\n{:#?}\n{lines:#?}",
                    world.log()
                );
            }
        }
    }
    println!("{fate:?}: {} events, each cut twice", clean.events);
}

#[test]
fn a_power_failure_behind_every_event() {
    for fate in [Fate::Component, Fate::Image, Fate::ImageWithReboot] {
        sweep(fate, false);
    }
}

#[test]
fn a_power_failure_where_it_cannot_be_installed() {
    for fate in [Fate::BadInstall, Fate::RollsBack] {
        sweep(fate, false);
    }
}

#[test]
fn a_power_failure_and_amnesia() {
    for fate in [Fate::Component, Fate::ImageWithReboot] {
        sweep(fate, true);
    }
}

/// The rules can fail: what is installed twice, and what nobody heard of, is found.
#[test]
fn what_is_wrong_is_found() {
    let mut world = world(Fate::Image, false);
    live(&mut world);
    world.depot.installed.push(FILE.to_owned());
    assert_eq!(
        check(&world, Fate::Image, 1),
        Err("installed 2 times".to_owned())
    );
    world.depot.installed.pop();
    world
        .sent
        .retain(|sent| sent.payload["status"] != "Installed");
    let expected = Err("Installed was heard of 0 times".to_owned());
    assert_eq!(check(&world, Fate::Image, 1), expected);
}
