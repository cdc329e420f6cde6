//! The report in the form of a certificate's abstract, in its short form: what
//! it says of the seed product, and that it does not overlook what is wrong.

use std::path::{Path, PathBuf};
use std::process::Command;

use plugpoint_conformance::charger::{Site, program};

/// What a run left.
struct Run {
    code: Option<i32>,
    printed: String,
    markdown: String,
    html: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn seed() -> PathBuf {
    repository().join("host/configs/cf100m-50k1.toml")
}

fn certify(more: &[&str]) -> Run {
    let site = Site::new().expect("a place");
    let out = site.file("report");
    let plugpoint = program("PLUGPOINT_BIN", "plugpoint").expect("a program");
    let output = Command::new(env!("CARGO_BIN_EXE_certify"))
        .arg("--config")
        .arg(seed())
        .arg("--out")
        .arg(&out)
        .args(["--calls", "40", "--remote-starts", "3", "--sessions", "1"])
        .args(more)
        .env("PLUGPOINT_BIN", plugpoint)
        .output()
        .expect("it runs");
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let read = |name: &str| {
        let text = std::fs::read_to_string(out.join(name));
        text.unwrap_or_else(|error| panic!("{name}: {error}\n{printed}"))
    };
    Run {
        code: output.status.code(),
        markdown: read("report.md"),
        html: read("report.html"),
        printed,
    }
}

/// What is said to be mended. How fast a busy machine is proves nothing.
fn problems(run: &Run) -> Vec<&str> {
    let lines = run.printed.lines();
    lines
        .filter_map(|line| line.trim().strip_prefix("to be mended: "))
        .filter(|line| !line.contains("over target"))
        .collect()
}

#[test]
fn the_seed_product_is_reproduced_key_by_key() {
    let run = certify(&["--case", "TC_003", "--case", "TC_019", "--case", "TC_017_1"]);
    assert_eq!(problems(&run), [""; 0], "{}", run.printed);
    let line = |part: &str| {
        let found = run.markdown.lines().find(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("no {part} in\n{}", run.markdown))
    };
    for (part, rest) in [
        ("| Vendor |", "CUS"),
        ("| Model |", "CF100M-50K1"),
        ("| Compared with |", "OCA.0016.0577.CS"),
        ("| TC_003 |", "| pass |"),
        ("| TC_019 |", "| pass |"),
        ("| TC_017_1 |", "it is for sockets"),
        ("| Core: start and stop |", "| pass |"),
        ("| Core: unlock |", "| not applicable |"),
        ("| GetConfigurationMaxKeys |", "| 19 (R) | 19 (R) | same |"),
        ("| BlinkRepeat |", "| 5 (RW) | 5 (RW) | same |"),
        (
            "| LocalPreAuthorize |",
            "| FALSE (RW) | false (RW) | same |",
        ),
        ("| HeartbeatInterval |", "| 10 (RW) | 10 (RW) | same |"),
        (
            "| SupportedFeatureProfiles |",
            "| Core (R) | Core (R) | same |",
        ),
        (
            "| ConnectorPhaseRotation |",
            "| RST (RW) | 1.RST (RW) | differs, as it must |",
        ),
        ("| MessageTimeout |", "| ours only |"),
        ("| OCPP triggered function", "| 30 s | 22 s | max "),
        ("| OCPP response", "| 10 s | 1 s | p50 "),
        ("| RemoteStartTransaction response", "| 10 s | 0 s | p50 "),
        ("| Timestamps carry milliseconds", "| met |"),
        ("| Connector 1: attachment |", "fixed cable"),
        ("| Connector 1: cable lock |", "none"),
        ("| Card reader |", "RFID"),
    ] {
        assert!(line(part).contains(rest), "{rest} in {}", line(part));
    }
    // Every row of the certificate.
    assert_eq!(run.markdown.matches("| same |").count(), 34);
    assert!(run.html.contains("<title>CUS CF100M-50K1</title>"));
    for outside in ["<script", "<link", "src=", "url(", "@import"] {
        assert!(!run.html.contains(outside), "the page needs {outside}");
    }
}

#[test]
fn a_key_that_differs_without_a_reason_fails() {
    let listed = repository().join("tests/conformance/certificates/cf100m-50k1.toml");
    let listed = std::fs::read_to_string(listed).expect("a certificate");
    let heartbeat = "name = \"HeartbeatInterval\"\naccess = \"RW\"\nvalue = \"10\"";
    let timeout = "name = \"MessageTimeout\"";
    assert!(listed.contains(heartbeat) && listed.contains(timeout));
    let other = listed
        .replace(heartbeat, &heartbeat.replace("10", "11"))
        .replace(timeout, "name = \"NobodyHasIt\"");
    let site = Site::new().expect("a place");
    let file = site.file("other.toml");
    std::fs::write(&file, other).expect("a file");
    let file = file.to_string_lossy().into_owned();
    let run = certify(&["--case", "TC_040_1", "--certificate", &file]);
    assert_eq!(run.code, Some(1), "{}", run.printed);
    assert_eq!(
        problems(&run),
        [
            "HeartbeatInterval: the certificate has 11 (RW), the station 10 (RW)",
            "MessageTimeout: the certificate has nothing, the station 30 (RW)",
        ]
    );
}
