//! Readers that write a line per card, on a pseudo-terminal.

use plugpoint_tests::hardware::Pty;

use crate::stage::{charger, expect_state, expect_tokens, reader, with};

#[test]
fn a_line_is_a_card() {
    let line = Pty::new().expect("a line");
    let (_site, charger) = charger(reader("serial", line.path()));
    line.write(b"04A1B2C3\r\n").expect("written");
    expect_tokens(&charger, &["04A1B2C3"]);
    // Split anywhere, framed otherwise, with noise between, and too long.
    let too_long = [b"1".repeat(256), b"\r".to_vec()].concat();
    let longest = "2".repeat(255);
    for part in [
        &b"\x02FLEET"[..],
        b"-7\x03",
        b"\xFF\xFE\r",
        b"\r\r",
        &too_long,
    ] {
        line.write(part).expect("written");
    }
    line.write(format!("{longest}\r").as_bytes())
        .expect("written");
    expect_tokens(&charger, &["04A1B2C3", "FLEET-7", &longest]);
    let said = charger.process().printed().join("\n");
    assert!(said.contains("bytes; 255 are allowed"), "{said}");
}

#[test]
fn a_card_that_is_held_is_read_once() {
    let line = Pty::new().expect("a line");
    let (_site, charger) = charger(reader("serial", line.path()));
    for _ in 0..10 {
        line.write(b"AAAA\r").expect("written");
    }
    line.write(b"BBBB\rAAAA\r").expect("written");
    line.write(b"CCCC\r").expect("written");
    expect_tokens(&charger, &["AAAA", "BBBB", "AAAA", "CCCC"]);
}

#[test]
fn a_uid_in_another_form() {
    let cases = [
        ("hex", "hex", false, "04:a1:b2:c3", "04A1B2C3"),
        ("hex", "hex", true, "04A1B2C3", "C3B2A104"),
        ("hex", "decimal", false, "04A1B2C3", "77705923"),
        ("decimal", "hex", false, "0077705923", "04A1B2C3"),
        ("decimal", "hex", true, "0077705923", "C3B2A104"),
    ];
    for (reads, uid, reversed, written, token) in cases {
        let line = Pty::new().expect("a line");
        let table = with(reader("serial", line.path()), "reads", reads);
        let table = with(with(table, "uid", uid), "reversed", reversed);
        let (_site, charger) = charger(table);
        line.write(format!("no uid\r{written}\r").as_bytes())
            .expect("written");
        expect_tokens(&charger, &[token]);
    }
}

#[test]
fn a_reader_that_is_pulled_out_and_put_in_again() {
    let first = Pty::new().expect("a line");
    let place = tempfile::tempdir().expect("a place");
    let link = place.path().join("reader");
    first.link(&link).expect("a link");
    let (_site, charger) = charger(reader("serial", &link));
    drop(first);
    let failing = expect_state(&charger, "failing");
    assert!(
        failing["problem"]
            .as_str()
            .is_some_and(|it| it.contains("gone") || it.contains("opened"))
    );
    let faults = charger.connector(1)["faults"].clone();
    assert_eq!(faults[0]["kind"], "reader-failure", "{faults}");
    let second = Pty::new().expect("a line");
    second.link(&link).expect("a link");
    expect_state(&charger, "well");
    second.write(b"04A1B2C3\r").expect("written");
    expect_tokens(&charger, &["04A1B2C3"]);
    charger.wait_connector(1, "no fault", |c| c["faults"] == serde_json::json!([]));
}
