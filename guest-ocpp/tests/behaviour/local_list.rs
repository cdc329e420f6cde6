//! The local list: how it is updated, what it decides, and what is left of it when the
//! power fails.

use std::time::Instant;

use plugpoint_guest::protocol::Cable;
use plugpoint_ocpp_world::{Reply, Settings, World};
use serde_json::{Value, json};

use crate::{charge, fixed, leave};

fn send(world: &mut World, version: i64, kind: &str, list: Value) -> Value {
    let request =
        json!({"listVersion": version, "updateType": kind, "localAuthorizationList": list});
    let answer = world.call("SendLocalList", request);
    answer.get("status").cloned().unwrap_or(answer)
}

fn version(world: &mut World) -> Value {
    world.call("GetLocalListVersion", json!({}))["listVersion"].clone()
}

fn item(tag: &str, status: &str) -> Value {
    json!({"idTag": tag, "idTagInfo": {"status": status}})
}

/// The entries of the list that counts, without the way to them.
fn listed(world: &World) -> Vec<String> {
    let dump = world.flash.dump();
    let generation = dump
        .lines()
        .find_map(|line| line.strip_prefix("profile/local-auth-list/head = "))
        .and_then(|head| serde_json::from_str::<Value>(head).ok())
        .and_then(|head| head["generation"].as_u64())
        .unwrap_or(0);
    let prefix = format!("profile/local-auth-list/list/{generation:08x}/");
    dump.lines()
        .filter_map(|line| line.strip_prefix(&prefix))
        .filter_map(|line| line.split_once(" = "))
        .map(|(tag, _)| tag.to_owned())
        .collect()
}

/// Everything kept of the list, whether it counts or not.
fn kept(world: &World) -> u64 {
    world.flash.count("profile/local-auth-list/list/")
}

fn numbered(from: u32, to: u32) -> Value {
    (from..to)
        .map(|number| item(&format!("TAG{number:05}"), "Accepted"))
        .collect()
}

#[test]
fn it_is_replaced_as_a_whole_and_changed_in_part() {
    for mut world in fixed(&[]) {
        assert_eq!(version(&mut world), 0);
        let list = json!([item("A", "Accepted"), item("b", "Blocked")]);
        assert_eq!(send(&mut world, 3, "Full", list), "Accepted");
        assert_eq!(version(&mut world), 3);
        // One is added, one changed, and one removed that is spelled otherwise; one that
        // is not there is as good as removed.
        let changes = json!([
            item("C", "Accepted"),
            item("a", "Expired"),
            {"idTag": "B"},
            {"idTag": "X", "idTagInfo": null},
        ]);
        assert_eq!(send(&mut world, 7, "Differential", changes), "Accepted");
        assert_eq!(version(&mut world), 7);
        assert_eq!(listed(&world), ["a", "c"]);
        world.power_cycle();
        world.run(5_000);
        assert_eq!(version(&mut world), 7);
        assert_eq!(
            send(&mut world, 2, "Full", json!([item("D", "Accepted")])),
            "Accepted"
        );
        world.run(5_000);
        assert_eq!((version(&mut world), kept(&world)), (json!(2), 1));
        assert_eq!(listed(&world), ["d"]);
    }
}

#[test]
fn an_empty_list_has_version_0_whatever_it_was_called() {
    for mut world in fixed(&[]) {
        for number in [1, 0, 5] {
            let request = json!({"listVersion": number, "updateType": "Full"});
            let answer = world.call("SendLocalList", request);
            assert_eq!(answer["status"], "Accepted");
            assert_eq!(version(&mut world), 0);
        }
        let one = json!([item("A", "Accepted")]);
        assert_eq!(send(&mut world, 1, "Differential", one), "Accepted");
        assert_eq!(version(&mut world), 1);
        let none = json!([{"idTag": "A"}]);
        assert_eq!(send(&mut world, 2, "Differential", none), "Accepted");
        assert_eq!((version(&mut world), kept(&world)), (json!(0), 0));
    }
}

#[test]
fn an_update_that_cannot_be_applied_leaves_the_list_as_it_is() {
    let limits = [
        ("LocalAuthListMaxLength", "4"),
        ("SendLocalListMaxLength", "3"),
    ];
    for mut world in fixed(&limits) {
        let list = json!([item("A", "Accepted"), item("B", "Accepted")]);
        assert_eq!(send(&mut world, 5, "Full", list), "Accepted");
        let c = || item("C", "Accepted");
        let long = "123456789012345678901";
        for (number, kind, list, answer) in [
            (5, "Differential", json!([c()]), "VersionMismatch"),
            (4, "Differential", json!([c()]), "VersionMismatch"),
            (0, "Differential", json!([c()]), "VersionMismatch"),
            (-1, "Differential", json!([c()]), "Failed"),
            (-1, "Full", json!([c()]), "Failed"),
            (0, "Full", json!([c()]), "Failed"),
            (6, "Full", json!([c(), item("c", "Blocked")]), "Failed"),
            (6, "Differential", json!([c(), {"idTag": "c"}]), "Failed"),
            (6, "Full", json!([c(), {"idTag": "D"}]), "Failed"),
            (6, "Full", json!([item("", "Accepted")]), "Failed"),
            (6, "Full", numbered(0, 4), "Failed"),
            (6, "Differential", numbered(0, 3), "Failed"),
            (
                6,
                "Full",
                json!([item("C", "Welcome")]),
                "PropertyConstraintViolation",
            ),
            (
                6,
                "Full",
                json!([item(long, "Accepted")]),
                "PropertyConstraintViolation",
            ),
            (
                6,
                "Full",
                json!([{"idTag": "C", "idTagInfo": {}}]),
                "OccurenceConstraintViolation",
            ),
            (
                6,
                "Full",
                json!([{"idTagInfo": {"status": "Accepted"}}]),
                "OccurenceConstraintViolation",
            ),
            (6, "Full", json!(["C"]), "TypeConstraintViolation"),
            (6, "Full", json!({"C": 1}), "TypeConstraintViolation"),
            (
                6,
                "Full",
                json!([{"idTag": "C", "idTagInfo": {"status": "Accepted", "expiryDate": "soon"}}]),
                "PropertyConstraintViolation",
            ),
            (6, "Partial", json!([c()]), "PropertyConstraintViolation"),
        ] {
            let request = list.to_string();
            assert_eq!(
                send(&mut world, number, kind, list),
                answer,
                "{number} {kind} {request}"
            );
            assert_eq!(version(&mut world), 5);
            assert_eq!(listed(&world), ["a", "b"]);
        }
        let where_it_is = world
            .errors
            .iter()
            .any(|text| text.starts_with("localAuthorizationList[0]: expiryDate"));
        assert!(where_it_is, "{:#?}", world.errors);
        // What goes makes room for what comes.
        let list = json!([{"idTag": "A"}, item("C", "Accepted"), item("D", "Accepted")]);
        assert_eq!(send(&mut world, 6, "Differential", list), "Accepted");
    }
}

#[test]
fn while_it_is_switched_off_there_is_no_list() {
    for mut world in fixed(&[("LocalPreAuthorize", "true")]) {
        send(&mut world, 5, "Full", json!([item("A", "Accepted")]));
        let set = |world: &mut World, value: &str| {
            let change = json!({"key": "LocalAuthListEnabled", "value": value});
            assert_eq!(
                world.call("ChangeConfiguration", change)["status"],
                "Accepted"
            );
        };
        set(&mut world, "false");
        assert_eq!(version(&mut world), -1);
        assert_eq!(send(&mut world, 6, "Full", json!([])), "NotSupported");
        world.news();
        charge(&mut world, "A");
        assert_eq!(world.all("Authorize").len(), 1);
        leave(&mut world, "A");
        set(&mut world, "true");
        assert_eq!(version(&mut world), 5);
        charge(&mut world, "A");
        assert_eq!(world.all("Authorize").len(), 1);
        assert_eq!(world.outlets[0].closings, 2);
    }
}

#[test]
fn whoever_is_on_it_charges_without_being_asked_for() {
    for mut world in fixed(&[("LocalPreAuthorize", "true")]) {
        let list = json!([
            item("GOOD", "Accepted"),
            item("Busy", "ConcurrentTx"),
            item("BAD", "Blocked"),
            {"idTag": "OLD", "idTagInfo": {"status": "Accepted", "expiryDate": "2026-11-22T11:00:00Z"}},
        ]);
        send(&mut world, 1, "Full", list);
        for (tag, asked) in [("good", 0), ("BUSY", 0), ("BAD", 1), ("OLD", 2), ("NEW", 3)] {
            charge(&mut world, tag);
            assert_eq!(world.all("Authorize").len(), asked, "{tag}");
            leave(&mut world, tag);
        }
        assert_eq!(
            world.outlets[0].closings, 5,
            "the central system knows better"
        );
    }
}

#[test]
fn offline_it_decides() {
    for mut world in fixed(&[("AllowOfflineTxForUnknownId", "true")]) {
        let list = json!([
            item("GOOD", "Accepted"),
            item("BAD", "Blocked"),
            {"idTag": "OLD", "idTagInfo": {"status": "Accepted", "expiryDate": "2026-11-22T11:00:00Z"}},
        ]);
        // The cache thinks otherwise.
        charge(&mut world, "BAD");
        leave(&mut world, "BAD");
        send(&mut world, 1, "Full", list);
        world.power_cycle();
        world.run(5_000);
        world.set_online(false);
        for (tag, closings) in [("GOOD", 2), ("BAD", 2), ("OLD", 2), ("STRANGER", 3)] {
            charge(&mut world, tag);
            assert_eq!(world.outlets[0].closings, closings, "{tag}");
            leave(&mut world, tag);
        }
    }
}

#[test]
fn a_member_of_a_group_on_it_ends_what_another_has_begun() {
    for mut world in fixed(&[("LocalPreAuthorize", "true")]) {
        let of_group = |tag: &str| json!({"idTag": tag, "idTagInfo": {"status": "Accepted", "parentIdTag": "US"}});
        send(&mut world, 1, "Full", json!([of_group("A"), of_group("B")]));
        charge(&mut world, "A");
        world.card("B");
        world.run(2_000);
        assert_eq!(world.last("StopTransaction").payload["idTag"], "B");
        assert_eq!(world.all("Authorize").len(), 0);
    }
}

#[test]
fn what_the_list_knows_the_cache_does_not() {
    for mut world in fixed(&[]) {
        charge(&mut world, "TAG1");
        leave(&mut world, "TAG1");
        assert_eq!(world.flash.count("cache/"), 1);
        send(&mut world, 1, "Full", json!([item("TAG1", "Accepted")]));
        charge(&mut world, "tag1");
        leave(&mut world, "tag1");
        assert_eq!(world.flash.count("cache/"), 0);
        charge(&mut world, "TAG2");
        assert_eq!(world.flash.count("cache/"), 1);
    }
}

#[test]
fn a_contradiction_is_reported() {
    let keys = [
        ("LocalPreAuthorize", "true"),
        ("StopTransactionOnInvalidId", "false"),
    ];
    for mut world in fixed(&keys) {
        let list = json!([
            item("A", "Accepted"),
            item("B", "Accepted"),
            item("C", "ConcurrentTx")
        ]);
        send(&mut world, 1, "Full", list);
        let conflicts = |world: &World| {
            let all = world.all("StatusNotification");
            let of_list = all
                .iter()
                .filter(|sent| sent.payload["errorCode"] == "LocalListConflict");
            of_list
                .map(|sent| sent.payload["connectorId"].clone())
                .collect::<Vec<_>>()
        };
        charge(&mut world, "B");
        leave(&mut world, "B");
        charge(&mut world, "C");
        leave(&mut world, "C");
        assert!(conflicts(&world).is_empty());
        let no = json!({"transactionId": 7, "idTagInfo": {"status": "Invalid"}});
        world.central.plan("StartTransaction", Reply::Result(no));
        charge(&mut world, "A");
        world.run(2_000);
        assert_eq!(conflicts(&world), [0]);
        leave(&mut world, "A");
        assert_eq!(conflicts(&world), [0], "it is reported once");
    }
}

/// 10,000 tokens, in ten updates.
fn full_house(world: &mut World) {
    for part in 0..10 {
        let list = numbered(part * 1_000, (part + 1) * 1_000);
        let began = Instant::now();
        let answer = send(world, i64::from(part) + 1, "Differential", list);
        assert_eq!(answer, "Accepted");
        let took = began.elapsed();
        println!("update {part}: {:.1} ms", took.as_secs_f64() * 1e3);
    }
}

#[test]
fn how_long_it_is_does_not_matter() {
    let mut reads = Vec::new();
    for full in [false, true] {
        let mut world = World::new(Settings {
            ocpp: vec![("LocalPreAuthorize".to_owned(), "true".to_owned())],
            ..Settings::default()
        });
        world.run(1_000);
        if full {
            full_house(&mut world);
            let (entries, bytes) = world.flash.size();
            println!("{entries} entries, {bytes} bytes");
            assert_eq!(version(&mut world), 10);
            assert_eq!(kept(&world), 10_000);
            assert!(bytes < 1_500_000);
        } else {
            send(&mut world, 1, "Full", numbered(4_711, 4_712));
        }
        world.flash.reads.set(0);
        world.plug(1);
        world.card("TAG04711");
        world.run(500);
        assert_eq!(world.all("Authorize").len(), 0);
        assert_eq!(world.outlets[0].closings, 1);
        let for_a_card = world.flash.reads.get();
        world.flash.reads.set(0);
        world.power_cycle();
        reads.push((for_a_card, world.flash.reads.get()));
    }
    println!("entries read for a card, and for a start: {reads:?}");
    assert_eq!(reads[0], reads[1]);
}

#[test]
fn one_that_is_too_long_is_not_taken() {
    let [mut world, _] = fixed(&[]);
    full_house(&mut world);
    let one = json!([item("ONE MORE", "Accepted")]);
    assert_eq!(send(&mut world, 11, "Differential", one), "Failed");
    let many = numbered(0, 1_001);
    assert_eq!(send(&mut world, 11, "Full", many), "Failed");
    assert_eq!(version(&mut world), 10);
    assert_eq!(listed(&world).len(), 10_000);
    // What is replaced goes, in slices.
    assert_eq!(send(&mut world, 1, "Full", numbered(0, 5)), "Accepted");
    assert_eq!(listed(&world).len(), 5);
    assert!(kept(&world) > 8_000);
    world.run(20_000);
    world.power_cycle();
    world.run(60_000);
    assert_eq!((kept(&world), version(&mut world)), (5, json!(1)));
}

#[test]
fn when_the_power_fails_it_is_the_old_or_the_new_list() {
    let old: Vec<String> = (0..700).map(|number| format!("tag{number:05}")).collect();
    for amnesia in [false, true] {
        for (kind, list, new) in [
            (
                "Full",
                numbered(600, 1_300),
                (600..1_300).collect::<Vec<u32>>(),
            ),
            ("Differential", numbered(650, 900), (0..900).collect()),
        ] {
            let new: Vec<String> = new.iter().map(|number| format!("tag{number:05}")).collect();
            let begin = || {
                let mut world = World::new(Settings {
                    cables: vec![Cable::Fixed],
                    amnesia,
                    ..Settings::default()
                });
                world.run(1_000);
                send(&mut world, 5, "Full", numbered(0, 700));
                world.run(5_000);
                world
            };
            let update =
                json!({"listVersion": 6, "updateType": kind, "localAuthorizationList": list});
            let frame = json!([2, "update", "SendLocalList", update]).to_string();
            let mut clean = begin();
            let before = clean.events;
            clean.frame(&frame);
            clean.run(10_000);
            assert_eq!(clean.answers["update"]["status"], "Accepted");
            assert_eq!(listed(&clean), new);
            let mut seen = [0, 0];
            let behind_it = (before + 1..=clean.events).flat_map(|event| {
                // Before and behind the actions of the event.
                [Some((event, false)), Some((event, true))]
            });
            for cut in std::iter::once(None).chain(behind_it) {
                let mut world = begin();
                world.cut_at = cut;
                // None: before the flash has it.
                world.flash.broken = cut.is_none();
                world.frame(&frame);
                if cut.is_none() {
                    world.power_off();
                    world.flash.broken = false;
                    world.power_on();
                }
                world.run(10_000);
                let (is, tags) = (version(&mut world), listed(&world));
                let is_new = is == 6;
                assert_eq!(is, if is_new { 6 } else { 5 });
                let whole = if is_new { &new } else { &old };
                assert!(tags == *whole, "{kind}, {cut:?}");
                seen[usize::from(is_new)] += 1;
                // Sent once more it is applied, or known.
                let answer = world.call("SendLocalList", update.clone());
                let word = match is_new && kind == "Differential" {
                    true => "VersionMismatch",
                    false => "Accepted",
                };
                assert_eq!(answer["status"], word);
                assert_eq!(listed(&world), new);
                world.run(20_000);
                assert_eq!(kept(&world), new.len() as u64);
            }
            assert!(seen.iter().all(|times| *times > 0), "{kind}: {seen:?}");
        }
    }
}
