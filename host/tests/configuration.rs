//! What the configuration file may say, and what is answered when it says
//! something else: one line that names file, key and what is expected.

use std::path::Path;

use plugpoint::config::Config;
use plugpoint::guest::Backend;

/// Everything that a file must have.
const LEAST: &str = "[[connector]]\nid = 1\n";

fn refusal(text: &str) -> String {
    match Config::parse(text, Path::new("/etc/charger.toml")) {
        Ok(_) => panic!("this was taken:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_least_that_works() {
    let config = Config::parse(LEAST, Path::new("/etc/charger.toml")).unwrap();
    assert_eq!(config.charge_point.id, "CP001");
    assert_eq!(config.connector[0].max_current_a, 32);
    assert_eq!(config.link.max_frame_bytes, 262_144);
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_file_and_key() {
    for (text, expected) in [
        (
            "[charge_point]\nid = 7\n",
            "line 2: charge_point.id: invalid type: integer `7`, expected a string",
        ),
        (
            "[charge_point]\nvender = \"x\"\n",
            "line 2: charge_point.vender: unknown field `vender`, expected one of",
        ),
        (
            "[[connector]]\nid = 1\nmax_current_a = \"32\"\n",
            "line 3: connector[0].max_current_a: invalid type: string \"32\", expected u32",
        ),
        (
            "[[connector]]\nid = 1\ncable = \"rope\"\n",
            "line 3: connector[0].cable: unknown variant `rope`, expected `fixed` or `socket`",
        ),
        (
            "[guests]\nbackend = \"fast\"\n",
            "line 2: guests.backend: unknown variant `fast`, expected one of `auto`, `native`, `pulley`",
        ),
        ("[charge_point\n", "line 1: this is not valid TOML:"),
        ("", "connector: expected at least one [[connector]]"),
        (
            "[[connector]]\nid = 2\n",
            "connector[0].id: expected 1 (connectors are numbered from 1, in order), found 2",
        ),
        (
            "[[connector]]\nid = 1\nmax_current_a = 200\n",
            "connector[0].max_current_a: expected 6 to 80 A, found 200",
        ),
        (
            "[[connector]]\nid = 1\nphases = 2\n",
            "connector[0].phases: expected 1 or 3, found 2",
        ),
        (
            "[[connector]]\nid = 1\n[[reader]]\ndriver = \"sim\"\nconnectors = [2]\n",
            "reader[0].connectors: there is no connector 2",
        ),
        (
            "[csms]\nurl = \"http://x\"\n[[connector]]\nid = 1\n",
            "csms.url: expected ws:// or wss://, found `http://`",
        ),
        (
            "[charge_point]\nvendor = \"a name that is much too long\"\n[[connector]]\nid = 1\n",
            "charge_point.vendor: has 28 characters, expected at most 20",
        ),
        (
            "[tls]\nclient_cert = \"a\"\n[[connector]]\nid = 1\n",
            "tls.client_cert: client_cert and client_key go together",
        ),
        (
            "[control]\nlisten = \"8080\"\n[[connector]]\nid = 1\n",
            "control.listen: expected ADDRESS:PORT or unix:PATH, found `8080`",
        ),
        (
            "[[connector]]\nid = 1\n[[policy]]\nname = \"a\"\n[[policy]]\nname = \"a\"\n",
            "policy[1].name: there are two policies `a`",
        ),
        (
            "[ocpp]\nSomeKey = [1, 2]\n[[connector]]\nid = 1\n",
            "line 2: ocpp.SomeKey: expected a string, as on the wire",
        ),
    ] {
        let refusal = refusal(text);
        let expected = format!("/etc/charger.toml: {expected}");
        assert!(
            refusal.starts_with(&expected),
            "expected\n  {expected}\nfound\n  {refusal}"
        );
        assert!(!refusal.contains('\n'), "more than one line: {refusal}");
    }
}

#[test]
fn factory_values_are_taken_as_they_stand() {
    let text = format!("{LEAST}[ocpp]\nA = \"10\"\nB = true\nC = 5\nUnheardOf = \"x\"\n");
    let config = Config::parse(&text, Path::new("charger.toml")).unwrap();
    let values: Vec<_> = config.ocpp.values().map(ToString::to_string).collect();
    assert_eq!(values, ["10", "true", "5", "x"]);
}

#[test]
fn relative_files_count_from_where_the_configuration_lies() {
    let text =
        format!("{LEAST}[charge_point]\nstate_dir = \"state\"\n[tls]\ncsms_root_ca = \"ca.pem\"\n");
    let config = Config::parse(&text, Path::new("/etc/plugpoint/charger.toml")).unwrap();
    assert_eq!(
        config.charge_point.state_dir,
        Path::new("/etc/plugpoint/state")
    );
    assert_eq!(
        config.tls.csms_root_ca.as_deref(),
        Some(Path::new("/etc/plugpoint/ca.pem"))
    );
}

#[test]
fn the_configurations_that_come_with_the_program_are_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        Config::load(&entry.unwrap().path()).unwrap();
        found += 1;
    }
    assert!(found > 0);
}

#[test]
fn guests_run_on_machine_code_where_there_is_some() {
    let backend = |text: &str| {
        let text = format!("{text}{LEAST}");
        let config = Config::parse(&text, Path::new("charger.toml")).unwrap();
        config.guests.backend()
    };
    assert_eq!(backend(""), Backend::best());
    assert_eq!(backend("[guests]\nbackend = \"auto\"\n"), Backend::best());
    let pulley = backend("[guests]\nbackend = \"pulley\"\n");
    assert_eq!(pulley, Backend::Pulley);
}
