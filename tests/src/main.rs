//! `central-system`: the tests' central system as a program, for people and for
//! `cargo xtask run`. It prints `listening URL` first, then what happens, in
//! plain words and as OCPP. A line on its standard input is a CALL to make:
//!
//! ```text
//! RemoteStartTransaction {"connectorId": 1, "idTag": "04A1B2C3"}
//! ```

use std::io::BufRead;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use plugpoint_terminal::say;
use plugpoint_tests::central_system::{CentralSystem, Entry, Settings, What};
use plugpoint_tests::words::Narrator;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A central system (OCPP 1.6-J) that answers everything and shows it.
#[derive(Debug, Parser)]
#[command(name = "central-system")]
struct Options {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// `interval` in the answer to BootNotification, in seconds.
    #[arg(long, default_value_t = 300)]
    interval: u32,
    /// Demand this user and password of HTTP Basic authentication.
    #[arg(long, value_name = "USER:PASSWORD")]
    basic_auth: Option<String>,
    /// Speak TLS with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Demand a client certificate of this authority (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    /// Plain words only, without the messages themselves.
    #[arg(long)]
    words_only: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let basic_auth = match &options.basic_auth {
        None => None,
        Some(text) => {
            let (user, password) = text
                .split_once(':')
                .context("--basic-auth takes USER:PASSWORD")?;
            Some((user.to_owned(), password.as_bytes().to_vec()))
        }
    };
    let central = CentralSystem::start_with(Settings {
        listen: options.listen,
        tls: tls(&options)?,
        host: options.listen.ip().to_string(),
        basic_auth,
        heartbeat_interval_s: options.interval,
        own_path: false,
        ..Settings::default()
    })?;
    say!("listening {}", central.url());
    std::thread::scope(|scope| {
        scope.spawn(|| make_calls(&central));
        show(&central, options.words_only);
    });
    Ok(())
}

/// Prints the journal as it grows, for ever.
fn show(central: &CentralSystem, words_only: bool) {
    let mut narrator = Narrator::default();
    let mut next = 0;
    loop {
        let news = central.journal().wait(Duration::from_secs(3600), |all| {
            all.get(next..)
                .filter(|news| !news.is_empty())
                .map(<[Entry]>::to_vec)
        });
        for entry in news.unwrap_or_default() {
            next = entry.number + 1;
            if let Some(words) = narrator.tell(&entry) {
                say!("{words}");
            }
            if let (What::Received(frame) | What::Sent(frame), false) = (&entry.what, words_only) {
                say!("    {}", frame.to_text());
            }
        }
    }
}

/// Each line of the standard input is a CALL. The answers are in the journal.
fn make_calls(central: &CentralSystem) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (action, payload) = line.trim().split_once(' ').unwrap_or((line.trim(), "{}"));
        if action.is_empty() {
            continue;
        }
        match serde_json::from_str(payload) {
            Err(error) => say!("cannot read the payload: {error}"),
            Ok(payload) => {
                if let Err(failure) = central.start_call(action, payload) {
                    say!("{failure}");
                }
            }
        }
    }
}

fn tls(options: &Options) -> anyhow::Result<Option<Arc<ServerConfig>>> {
    let (Some(cert), Some(key)) = (&options.tls_cert, &options.tls_key) else {
        return Ok(None);
    };
    let chain = certificates(cert)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read a key from {}", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?;
    let builder = match &options.tls_client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = rustls::RootCertStore::empty();
            for root in certificates(file)? {
                roots.add(root)?;
            }
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?,
            )
        }
    };
    Ok(Some(Arc::new(builder.with_single_cert(chain, key)?)))
}

fn certificates(file: &PathBuf) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read certificates from {}", file.display()))
}
