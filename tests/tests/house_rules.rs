//! The rules of this house that no compiler checks.
//!
//! The first is what the whole design rests on: the host knows no OCPP. It looks
//! at identifiers and literals, word by word; comments may say what they like.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasmparser::{Parser, Payload};

/// Messages of OCPP 1.6 and of its security whitepaper.
const MESSAGES: &str = "
    Authorize BootNotification ChangeAvailability ChangeConfiguration ClearCache DataTransfer
    GetConfiguration Heartbeat MeterValues RemoteStartTransaction RemoteStopTransaction Reset
    StartTransaction StatusNotification StopTransaction UnlockConnector
    GetDiagnostics DiagnosticsStatusNotification FirmwareStatusNotification UpdateFirmware
    GetLocalListVersion SendLocalList CancelReservation ReserveNow
    ClearChargingProfile GetCompositeSchedule SetChargingProfile TriggerMessage
    CertificateSigned DeleteCertificate ExtendedTriggerMessage GetInstalledCertificateIds GetLog
    InstallCertificate LogStatusNotification SecurityEventNotification SignCertificate
    SignedFirmwareStatusNotification SignedUpdateFirmware";

/// Its configuration keys.
const KEYS: &str = "
    AllowOfflineTxForUnknownId AuthorizationCacheEnabled AuthorizeRemoteTxRequests BlinkRepeat
    ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation
    ConnectorPhaseRotationMaxLength GetConfigurationMaxKeys HeartbeatInterval LightIntensity
    LocalAuthorizeOffline LocalPreAuthorize MaxEnergyOnInvalidId MessageTimeout
    MeterValuesAlignedData MeterValuesAlignedDataMaxLength MeterValuesSampledData
    MeterValuesSampledDataMaxLength MeterValueSampleInterval MinimumStatusDuration
    NumberOfConnectors ResetRetries StopTransactionMaxMeterValues
    StopTransactionOnEVSideDisconnect StopTransactionOnInvalidId StopTxnAlignedData
    StopTxnAlignedDataMaxLength StopTxnSampledData StopTxnSampledDataMaxLength
    SupportedFeatureProfiles SupportedFeatureProfilesMaxLength TransactionMessageAttempts
    TransactionMessageRetryInterval UnlockConnectorOnEVSideDisconnect WebSocketPingInterval
    LocalAuthListEnabled LocalAuthListMaxLength SendLocalListMaxLength
    ReserveConnectorZeroSupported ChargeProfileMaxStackLevel
    ChargingScheduleAllowedChargingRateUnit ChargingScheduleMaxPeriods
    ConnectorSwitch3to1PhaseSupported MaxChargingProfilesInstalled SupportedFileTransferProtocols
    AuthorizationKey SecurityProfile CpoName AdditionalRootCertificateCheck
    CertificateSignedMaxChainSize CertificateStoreMaxLength MeterPublicKey
    PublicKeyWithSignedMeterValue SampledDataSignReadings StartTxnSampledData
    SampledDataSignStartedReadings SampledDataSignUpdatedReadings AlignedDataSignReadings
    AlignedDataSignUpdatedReadings";

/// Fields of records in `wit/` for which the field has one name only. The contract
/// with guests says them; the host hands them on.
const FIELDS_OF_THE_CONTRACT: [&str; 2] = ["local_pre_authorize", "local_authorize_offline"];

/// Longer files get a warning.
const LINES_PER_FILE: usize = 500;

#[test]
fn the_host_knows_no_ocpp() {
    let mut found = Vec::new();
    for file in sources(&["host/src", "host/build.rs"]) {
        let text = read(&file);
        for (line, name, word) in ocpp_in(&text) {
            if !FIELDS_OF_THE_CONTRACT.contains(&word.as_str()) {
                found.push(format!("{}:{line}: `{word}` is {name}", shown(&file)));
            }
        }
    }
    assert!(
        found.is_empty(),
        "the host speaks OCPP:\n{}",
        found.join("\n")
    );
}

#[test]
fn ocpp_is_found_where_it_stands() {
    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let found: Vec<&str> = ocpp_in(source)
            .into_iter()
            .map(|(_, name, _)| name)
            .collect();
        assert_eq!(found, expected, "{source}");
    }
    check("struct BootNotification;", &["BootNotification"]);
    check("fn boot_notification() {}", &["BootNotification"]);
    check("const BOOT_NOTIFICATION: u8 = 1;", &["BootNotification"]);
    check("fn on_boot_notification_answer() {}", &["BootNotification"]);
    check(
        "let a = PendingBootNotificationCall;",
        &["BootNotification"],
    );
    check(r#"f("HeartbeatInterval")"#, &["HeartbeatInterval"]);
    check(
        r#"f("the key heartbeat-interval.")"#,
        &["HeartbeatInterval"],
    );
    check(r##"f(r#"["Reset", {}]"#)"##, &["Reset"]);
    check(r#"f(b"Authorize")"#, &["Authorize"]);
    check("enum A { Heartbeat }", &["Heartbeat"]);
    check(
        "\"a\\\"b\"; 'x'; '\\''; fn f<'a>() { DataTransfer }",
        &["DataTransfer"],
    );
    // Ordinary words, comments, and names that are only near.
    check("fn reset(timer: Heart) { authorize() }", &[]);
    check(
        "// BootNotification\n/* Reset /* Heartbeat */ */ fn f() {}",
        &[],
    );
    check("/// Says BootNotification.\nfn f() {}", &[]);
    check("fn unlock(connector: u32) { let resets = Resetting; }", &[]);
    check("\"after a reset of the connection\"", &[]);
}

#[test]
fn every_module_says_what_it_is() {
    let mut silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|file| !read(file).trim_start().starts_with("//!"))
        .map(|file| shown(&file))
        .collect();
    silent.sort();
    assert!(
        silent.is_empty(),
        "these begin without a line `//! what this is`:\n{}",
        silent.join("\n")
    );
}

#[test]
fn files_are_short() {
    for file in all_sources() {
        let lines = read(&file).lines().count();
        if lines > LINES_PER_FILE {
            println!("warning: {} has {lines} lines; split it", shown(&file));
        }
    }
}

#[test]
fn both_guests_import_nothing_but_log_and_entries() {
    let allowed = [
        "plugpoint:charger/entries@0.1.0",
        "plugpoint:charger/log@0.1.0",
    ];
    for name in ["guest-ocpp", "guest-policy"] {
        let imports = imports(&component(name));
        for import in &imports {
            assert!(
                allowed.contains(&import.as_str()),
                "{name} imports {import}"
            );
        }
        // So the list is not empty because nothing was read.
        assert!(imports.contains("plugpoint:charger/log@0.1.0"), "{name}");
    }
    let import = imports(&component("bad-import"));
    assert!(
        import
            .iter()
            .any(|import| !allowed.contains(&import.as_str())),
        "the component with one import too many: {import:?}"
    );
}

#[test]
fn nothing_names_a_machine() {
    // In two parts, so that this file does not name one itself.
    let places = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"]].map(|parts| parts.concat());
    let mut found = Vec::new();
    for file in tracked() {
        // Binary files are components, which are built without paths.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| names(line, place)) {
                found.push(format!("{}:{}: {line}", shown(&file), number + 1));
            }
        }
    }
    assert!(
        found.is_empty(),
        "paths of a machine:\n{}",
        found.join("\n")
    );
}

#[test]
fn each_field_note_is_held_by_a_test_that_exists() {
    let mut missing = Vec::new();
    let mut notes = BTreeSet::new();
    for row in read(&root().join("docs/field-notes.md")).lines() {
        let Some((numbers, rest)) = row.strip_prefix("| ").and_then(|row| row.split_once(" |"))
        else {
            continue;
        };
        let Ok(number) = numbers.parse::<u32>() else {
            continue;
        };
        notes.insert(number);
        // Between backquotes, `file::function`.
        let named = rest
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| name.contains("::"));
        let mut held = false;
        for name in named {
            held = true;
            if !is_test(name) {
                missing.push(format!("note {number}: {name}"));
            }
        }
        if !held {
            missing.push(format!("note {number} names no test"));
        }
    }
    let all = (1..=46).chain(51..=53);
    missing.extend(
        all.filter(|note| !notes.contains(note))
            .map(|note| format!("note {note}")),
    );
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
    assert!(!is_test("tests/tests/house_rules.rs::is_test"), "no test");
    assert!(!is_test("docs/field-notes.md::nothing"), "no function");
}

/// `file::function` is a test, or a case of the conformance suite.
fn is_test(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else {
        return false;
    };
    let file = root().join(file);
    let Ok(source) = fs::read_to_string(&file) else {
        return false;
    };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let begins = format!("fn {function}(");
    let at = lines.iter().position(|line| {
        line.split_once(&begins)
            .is_some_and(|(before, _)| ["", "async ", "pub "].contains(&before))
    });
    let is_case = file
        .parent()
        .is_some_and(|folder| folder.ends_with("conformance/cases"));
    at.is_some_and(|at| {
        is_case
            || lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#["))
                .any(|line| line.contains("test"))
    })
}

/// Not in the middle of a longer path or of an address on the web.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "/._-}".contains(c)))
    })
}

// ---------------------------------------------------------------- words of OCPP

/// Line, name and word for each name of OCPP in identifiers and literals.
fn ocpp_in(source: &str) -> Vec<(usize, &'static str, String)> {
    let names: Vec<(&str, Vec<String>)> = MESSAGES
        .split_whitespace()
        .chain(KEYS.split_whitespace())
        .map(|name| (name, humps(name)))
        .collect();
    let mut found = Vec::new();
    for (line, word) in words(source) {
        let parts: Vec<String> = word.split(['_', '-']).flat_map(humps).collect();
        // The longest name that fits: a key may begin with the name of a message.
        let best = names
            .iter()
            .filter(|(name, humps)| match humps.as_slice() {
                // An ordinary word of English, unless it is written as a name.
                [_] => word == *name,
                humps => parts.windows(humps.len()).any(|window| window == humps),
            })
            .max_by_key(|(name, _)| name.len());
        if let Some((name, _)) = best {
            found.push((line, *name, word));
        }
    }
    found
}

/// `BootNotification` as `boot`, `notification`; `URLPath` as `url`, `path`.
fn humps(word: &str) -> Vec<String> {
    let mut humps: Vec<String> = Vec::new();
    let letters: Vec<char> = word.chars().collect();
    for (at, c) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let next_is_small = letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        let begins = match before {
            None => true,
            Some(before) => c.is_uppercase() && (!before.is_uppercase() || next_is_small),
        };
        if begins {
            humps.push(String::new());
        }
        if let Some(hump) = humps.last_mut() {
            hump.extend(c.to_lowercase());
        }
    }
    humps
}

/// Words of a Rust source with their lines, without those in comments. What
/// stands in a literal is taken word by word like the rest, so literals need no
/// rule of their own, but for knowing that a comment does not begin in one.
fn words(source: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let mut line = 1;
    let mut word = String::new();
    for (c, is_code) in code(source) {
        if is_code && (c.is_alphanumeric() || c == '_' || c == '-') {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            words.push((line, std::mem::take(&mut word)));
        }
        if c == '\n' {
            line += 1;
        }
    }
    if !word.is_empty() {
        words.push((line, word));
    }
    words
}

/// Each character, and whether it is not in a comment.
fn code(source: &str) -> Vec<(char, bool)> {
    let mut out = Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        let comment = comment_length(rest);
        let literal = literal_length(rest, out.last().map(|(c, _)| *c));
        let length = [comment, literal].into_iter().max().unwrap_or(0);
        let length = if length > 0 {
            length
        } else {
            first_length(rest)
        };
        out.extend(rest[..length].chars().map(|c| (c, comment == 0)));
        rest = &rest[length..];
    }
    out
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Bytes of the comment that `text` begins with; 0 if it begins with none.
fn comment_length(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return 0;
    }
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += first_length(rest);
        }
    }
    text.len()
}

/// Bytes of the literal that `text` begins with; 0 if it begins with none.
fn literal_length(text: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let raw = text.strip_prefix("br").or_else(|| text.strip_prefix('r'));
    if let (Some(raw), false) = (raw, in_word) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = text.len() - raw.len() + hashes + 1;
            return match text[begin..].find(&end) {
                Some(at) => begin + at + end.len(),
                None => text.len(),
            };
        }
    }
    // A lifetime has no quote behind it: of those in code, `'"'` and `'\''` matter.
    if text.starts_with("'\"'") {
        return 3;
    }
    if let Some(escaped) = text.strip_prefix("'\\") {
        let first = first_length(escaped);
        return escaped[first..]
            .find('\'')
            .map_or(text.len(), |at| 3 + first + at);
    }
    if !text.starts_with('"') {
        return 0;
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

// -------------------------------------------------------------------- components

/// A built component.
fn component(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("PLUGPOINT_COMPONENTS").map_or_else(beside_us, PathBuf::from);
    let path = folder.join(name).with_extension("wasm");
    fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask guests`", path.display()))
}

/// `target/components`; this test is `target/PROFILE/deps/…`.
fn beside_us() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3).expect("a test lies in target");
    target.join("components")
}

fn imports(component: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.insert(import.expect("an import").name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

// ------------------------------------------------------------------------- files

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn shown(file: &Path) -> String {
    let path = file.strip_prefix(root()).unwrap_or(file);
    path.display().to_string()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What is in the repository; in a copy without git, what is not hidden or built.
fn tracked() -> Vec<PathBuf> {
    let git = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    match git {
        Ok(listed) if listed.status.success() => String::from_utf8_lossy(&listed.stdout)
            .split_terminator('\0')
            .map(|name| root().join(name))
            .filter(|file| file.is_file())
            .collect(),
        _ => files(root()),
    }
}

/// Our Rust sources.
fn all_sources() -> Vec<PathBuf> {
    tracked()
        .into_iter()
        .filter(|file| file.extension().is_some_and(|it| it == "rs"))
        .collect()
}

fn sources(places: &[&str]) -> Vec<PathBuf> {
    let found: Vec<PathBuf> = places
        .iter()
        .flat_map(|place| files(&root().join(place)))
        .filter(|file| file.extension().is_some_and(|it| it == "rs"))
        .collect();
    assert!(found.len() > 10, "the sources have moved: {found:?}");
    found
}

/// All files below a folder, but for what is hidden or built.
fn files(place: &Path) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(place) else {
        return vec![place.to_owned()];
    };
    folder
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            !name.starts_with('.') && name != "target"
        })
        .flat_map(|entry| files(&entry.path()))
        .collect()
}
