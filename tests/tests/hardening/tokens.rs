//! Roles at the control API, and what becomes of whoever guesses tokens.

use std::time::Duration;

use plugpoint_tests::charger::{Config, Control, Process, Site};
use serde_json::json;

const NOWHERE: &str = "ws://127.0.0.1:9/ocpp";

struct Guarded {
    process: Process,
    url: String,
    _site: Site,
}

impl Guarded {
    fn new(tokens: &[(&str, &str)]) -> Self {
        let site = Site::new().expect("a place");
        let state_dir = site.state_dir().to_string_lossy().into_owned();
        let mut config = Config::new(NOWHERE).set("charge_point.state_dir", state_dir);
        for (key, token) in tokens {
            let file = site.file(key);
            std::fs::write(&file, format!("{token}\n")).expect("a file");
            let file = file.to_string_lossy().into_owned();
            config = config.set(&format!("control.{key}"), file);
        }
        let process = site.launch(&config).expect("a process");
        let line = process
            .wait_line("control api: ", Duration::from_secs(20))
            .expect("a control API");
        let url = line.split_whitespace().last().expect("a URL").to_owned();
        Self {
            process,
            url,
            _site: site,
        }
    }

    fn with(&self, token: &str) -> Control {
        Control::new(&self.url).with_token(token)
    }

    /// What is answered to whoever looks, works the hardware, installs, and sets.
    fn answers(&self, token: &str) -> [u16; 4] {
        let control = self.with(token);
        let card = json!({"id_tag": "A"});
        [
            control.get("/v1/status"),
            control.post("/sim/rfid", &card),
            control.post("/v1/components/ocpp/rollback", &json!({})),
            control.post("/v1/settings/ResetRetries", &json!({"value": "4"})),
        ]
        .map(|answer| match answer {
            Ok(_) => 200,
            // Granted, and another job is still at work.
            Err(failure) if failure.status() == Some(409) => 200,
            Err(failure) => failure.status().unwrap_or(0),
        })
    }
}

#[test]
fn each_role_has_a_token_and_no_more_than_its_own() {
    let charger = Guarded::new(&[
        ("token_file", "all"),
        ("read_token_file", "looks"),
        ("operate_token_file", "works"),
        ("install_token_file", "updates"),
    ]);
    assert_eq!(charger.answers("all"), [200, 200, 200, 200]);
    assert_eq!(charger.answers("looks"), [200, 403, 403, 403]);
    assert_eq!(charger.answers("works"), [200, 200, 403, 403]);
    assert_eq!(charger.answers("updates"), [200, 403, 200, 200]);
}

#[test]
fn whoever_guesses_tokens_has_to_wait_and_is_logged() {
    let charger = Guarded::new(&[("token_file", "open-sesame")]);
    let mut refused = [0; 2];
    for guess in 0..200 {
        let answer = charger.with(&format!("guess-{guess}")).get("/v1/health");
        match answer.err().and_then(|it| it.status()) {
            Some(401) => refused[0] += 1,
            Some(429) => refused[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused[0] < 20, "looked at, refused unseen: {refused:?}");
    // Not even the right one, or it could be guessed all the same.
    let right = charger.with("open-sesame").get("/v1/health");
    let failure = right.expect_err("a pause");
    assert_eq!(failure.status(), Some(429), "{failure}");
    let log = charger.process.printed().join("\n");
    assert!(log.contains("a wrong token was presented"), "{log}");
    assert!(log.contains("127.0.0.1"), "{log}");
    let lines = log.matches("a wrong token").count();
    assert!(lines < 20, "{lines} lines");
}
