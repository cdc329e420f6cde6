//! The words of OCPP 1.6, and where they stand in a Rust source: in identifiers and
//! literals, whatever the case; comments may say what they like.

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

/// Compound terms of its messages: fields, statuses, reasons, codes of errors.
const TERMS: &str = "
    chargePointModel chargePointVendor chargePointSerialNumber chargeBoxSerialNumber
    chargingProfile configurationKey connectorId errorCode expiryDate idTag idTagInfo listVersion
    meterStart meterStop meterValue parentIdTag requestedMessage reservationId sampledValue
    transactionData transactionId unknownKey vendorErrorCode vendorId
    Celcius DeAuthorized EVDisconnected HardReset SoftReset UnlockCommand
    ConcurrentTx SuspendedEV SuspendedEVSE UnlockFailed UnknownVendorId UnknownMessageId
    FormationViolation PropertyConstraintViolation OccurenceConstraintViolation
    TypeConstraintViolation NotImplemented NotSupported InternalError GenericError ProtocolError";

/// Line, name and word for each name of OCPP in identifiers and literals.
pub fn ocpp_in(source: &str) -> Vec<(usize, &'static str, String)> {
    named_in(source, &[MESSAGES, KEYS])
}

/// The same for terms within its messages.
pub fn terms_in(source: &str) -> Vec<(usize, &'static str, String)> {
    named_in(source, &[TERMS])
}

fn named_in(source: &str, lists: &[&'static str]) -> Vec<(usize, &'static str, String)> {
    let names: Vec<(&str, Vec<String>)> = lists
        .iter()
        .flat_map(|list| list.split_whitespace())
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
            Some(before) => c.is_uppercase() && (before.is_lowercase() || next_is_small),
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
    assert!(terms_in("// idTag\nlet vendor = id;").is_empty());
    assert!(terms_in("\"reset: hard\"; let authorized = car_left || disconnected;").is_empty());
    let found = terms_in("fn parent_id_tag() {}\nf(\"FormationViolation\")");
    let lines: Vec<usize> = found.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [1, 2]);
}

/// Every name and term, in each way in which a source can write it.
#[test]
fn every_word_is_found() {
    type Find = fn(&str) -> Vec<(usize, &'static str, String)>;
    let lists: [(&str, Find); 3] = [(MESSAGES, ocpp_in), (KEYS, ocpp_in), (TERMS, terms_in)];
    for (list, found_in) in lists {
        for name in list.split_whitespace() {
            let humps = humps(name);
            let mut ways = vec![format!("let a = {name};"), format!("f(\"{name}\")")];
            if humps.len() > 1 {
                let snake = humps.join("_");
                ways.push(format!("fn on_{snake}() {{}}"));
                ways.push(format!("const {}: u8 = 1;", snake.to_uppercase()));
                ways.push(format!("f(\"the {}\")", humps.join("-")));
            }
            for source in ways {
                assert!(!found_in(&source).is_empty(), "{name} in {source}");
            }
        }
    }
}
