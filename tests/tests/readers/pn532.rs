//! The PN532 of these tests, first as libnfc's own `nfc-list` sees it, then as
//! the program does.

use std::process::Command;
use std::time::Duration;

use plugpoint_tests::central_system::CentralSystem;
use plugpoint_tests::charger::{Charger, Config, Site};
use plugpoint_tests::hardware::Pty;
use plugpoint_tests::hardware::chip::{Chip, Trouble};

use crate::stage::{NOWHERE, charger, expect_state, expect_tokens, reader, with};

const UIDS: [&[u8]; 3] = [
    &[0x04, 0xA1, 0xB2, 0xC3],
    &[0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66],
    &[0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A],
];

fn hex(uid: &[u8]) -> String {
    hex::encode_upper(uid)
}

/// `04  a1  b2  c3` as nfc-list writes it.
fn spaced(uid: &[u8]) -> String {
    uid.iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join("  ")
}

#[test]
fn libnfc_and_the_program_read_the_same_card() {
    for uid in UIDS {
        let line = Pty::new().expect("a line");
        let path = line.path().to_owned();
        let chip = Chip::new(line);
        chip.card(Some(uid));
        let listed = Command::new("nfc-list")
            .arg("-v")
            .env(
                "LIBNFC_DEVICE",
                format!("pn532_uart:{}:115200", path.display()),
            )
            .env("LIBNFC_AUTO_SCAN", "false")
            .output()
            .expect("nfc-list is there (Debian: apt-get install libnfc-bin)");
        let said = String::from_utf8_lossy(&listed.stdout);
        let problems = String::from_utf8_lossy(&listed.stderr);
        assert!(said.contains("opened"), "{said}{problems}");
        assert!(said.contains(&spaced(uid)), "{said}{problems}");

        let (_site, charger) = charger(reader("pn532", &path));
        expect_tokens(&charger, &[&hex(uid)]);
    }
}

#[test]
fn cards_come_and_go() {
    let line = Pty::new().expect("a line");
    let table = with(reader("pn532", line.path()), "debounce_ms", 300);
    let chip = Chip::new(line);
    let (_site, charger) = charger(table);
    chip.card(Some(UIDS[0]));
    expect_tokens(&charger, &[&hex(UIDS[0])]);
    // Held for many looks, it is still one card.
    let looks = chip.commands();
    while chip.commands() < looks + 20 {
        std::thread::yield_now();
    }
    chip.card(Some(UIDS[1]));
    let both = [hex(UIDS[0]), hex(UIDS[1])];
    expect_tokens(&charger, &[&both[0], &both[1]]);
    // Away for longer than the debounce, it is read anew.
    chip.card(None);
    let looks = chip.commands();
    while chip.commands() < looks + 10 {
        std::thread::yield_now();
    }
    chip.card(Some(UIDS[1]));
    expect_tokens(&charger, &[&both[0], &both[1], &both[1]]);
}

#[test]
fn uids_in_other_forms() {
    for (uid, form, reversed, token) in [
        (UIDS[0], "hex", true, "C3B2A104"),
        (UIDS[0], "decimal", false, "77705923"),
        (UIDS[1], "decimal", false, "1144738493519206"),
    ] {
        let line = Pty::new().expect("a line");
        let table = with(reader("pn532", line.path()), "uid", form);
        let table = with(table, "reversed", reversed);
        let chip = Chip::new(line);
        chip.card(Some(uid));
        let (_site, charger) = charger(table);
        expect_tokens(&charger, &[token]);
    }
}

#[test]
fn a_bad_line_is_lived_with() {
    let line = Pty::new().expect("a line");
    let table = reader("pn532", line.path());
    let chip = Chip::new(line);
    let (_site, charger) = charger(table);
    let mut expected = Vec::new();
    for (trouble, uid) in [
        (Trouble::Noise, UIDS[0]),
        (Trouble::BrokenOnce, UIDS[1]),
        (Trouble::HardOfHearing, UIDS[2]),
    ] {
        chip.trouble(trouble);
        chip.card(Some(uid));
        expected.push(hex(uid));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        expect_tokens(&charger, &expected);
    }
    assert_eq!(expect_state(&charger, "well")["failures"], 0);
}

#[test]
fn one_that_dies_and_lives_again() {
    let line = Pty::new().expect("a line");
    let table = reader("pn532", line.path());
    let chip = Chip::new(line);
    let central = CentralSystem::start().expect("a central system");
    let config = Config::new(central.url()).reader(table);
    let (_site, charger) = Charger::start(&config).expect("a charger");
    central.expect_status(1, "Available");
    expect_state(&charger, "well");

    chip.trouble(Trouble::Dead);
    let failing = expect_state(&charger, "failing");
    assert_eq!(failing["problem"], "does not answer");
    let told = central.expect("StatusNotification", |p| p["errorCode"] == "ReaderFailure");
    // The outlet itself is well: somebody far away may start it.
    assert_eq!(told.payload["status"], "Available");
    charger.control().plug(1).expect("a car");
    let start = serde_json::json!({"connectorId": 1, "idTag": "FAR"});
    let answer = central
        .call("RemoteStartTransaction", start)
        .expect("an answer");
    assert_eq!(answer["status"], "Accepted");
    charger.wait_contactor(1, "closed");

    chip.trouble(Trouble::None);
    expect_state(&charger, "well");
    central.expect("StatusNotification", |p| {
        p["errorCode"] == "NoError" && p["status"] == "Charging"
    });
    chip.card(Some(UIDS[0]));
    expect_tokens(&charger, &[&hex(UIDS[0])]);
    let warned = charger.process().printed();
    let warned = warned
        .iter()
        .filter(|line| line.contains("does not answer"))
        .count();
    assert_eq!(warned, 1);
}

#[test]
fn what_is_no_pn532_is_said() {
    let nobody = Pty::new().expect("a line");
    let site = Site::new().expect("a place");
    let config = Config::new(NOWHERE)
        .reader(reader("pn532", nobody.path()))
        .set(
            "charge_point.state_dir",
            site.state_dir().to_string_lossy().into_owned(),
        );
    let file = site.file("check.toml");
    std::fs::write(&file, config.to_text()).expect("a file");
    let file = file.to_string_lossy();
    let ended = site.run(&["check", "--config", &file]).expect("an end");
    assert_eq!(ended.code, Some(1));
    let said = ended.printed.join("\n");
    assert!(said.contains("BAD reader reader-1 (pn532)"), "{said}");
    assert!(
        said.contains("does not answer. Look at TX and RX"),
        "{said}"
    );

    let line = Pty::new().expect("a line");
    let config = config.reader(reader("pn532", line.path()));
    let _chip = Chip::new(line);
    std::fs::write(&*file, config.to_text()).expect("a file");
    let ended = site.run(&["check", "--config", &file]).expect("an end");
    let said = ended.printed.join("\n");
    assert_eq!(ended.code, Some(0), "{said}");
    assert!(said.contains("is a PN532, firmware 1.6"), "{said}");
}

#[test]
fn a_chip_that_is_pulled_out_and_put_in_again() {
    let place = tempfile::tempdir().expect("a place");
    let link = place.path().join("reader");
    let line = Pty::new().expect("a line");
    line.link(&link).expect("a link");
    let chip = Chip::new(line);
    let (_site, charger) = charger(reader("pn532", &link));
    drop(chip);
    expect_state(&charger, "failing");
    let line = Pty::new().expect("a line");
    line.link(&link).expect("a link");
    let chip = Chip::new(line);
    expect_state(&charger, "well");
    chip.card(Some(UIDS[0]));
    expect_tokens(&charger, &[&hex(UIDS[0])]);
    // Long enough for a look that would read it again.
    let looks = chip.commands();
    while chip.commands() < looks + 4 {
        std::thread::sleep(Duration::from_millis(1));
    }
    expect_tokens(&charger, &[&hex(UIDS[0])]);
}
