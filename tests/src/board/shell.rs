//! A root shell on the board, over a virtual serial port: one line to it, its
//! output back.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Ends the output of each line; the board's `/init` writes it, with the status.
const END: &str = "#end ";
/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connection.
#[derive(Debug)]
pub struct Shell {
    stream: Mutex<UnixStream>,
}

impl Shell {
    /// Waits until the board answers.
    pub(super) fn connect(path: &Path, until: Instant) -> anyhow::Result<Shell> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        let shell = Shell {
            stream: Mutex::new(stream),
        };
        // The board greets when its shell is up, or has greeted nobody.
        while Instant::now() < until {
            if shell.try_run("true", Duration::from_secs(1)).is_ok() {
                // Answers to earlier tries.
                shell.drain();
                return Ok(shell);
            }
        }
        bail!("the board's shell does not answer")
    }

    /// Runs a line; its output.
    ///
    /// # Errors
    /// If its status is not 0, or it takes too long; the text has the output.
    pub fn run(&self, line: &str) -> anyhow::Result<String> {
        self.try_run(line, PATIENCE)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        self.run(&format!(
            "echo {} | base64 -d > {path}",
            STANDARD.encode(text)
        ))?;
        Ok(())
    }

    fn try_run(&self, line: &str, patience: Duration) -> anyhow::Result<String> {
        let end = Instant::now() + patience;
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(format!("{line}\n").as_bytes())?;
        let mut output = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            if let Some((text, status)) = finished(&output) {
                if status != "0" {
                    bail!("`{line}` on the board: status {status}\n{text}");
                }
                return Ok(text);
            }
            if Instant::now() > end {
                bail!(
                    "`{line}` on the board: no end\n{}",
                    String::from_utf8_lossy(&output)
                );
            }
            match stream.read(&mut chunk) {
                Ok(0) => bail!("the board is gone"),
                Ok(count) => output.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn drain(&self) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chunk = [0; 4096];
        while stream.read(&mut chunk).is_ok_and(|count| count > 0) {}
    }
}

fn finished(output: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(output);
    let at = text.rfind(END)?;
    let status = text[at + END.len()..].strip_suffix('\n')?;
    Some((text[..at].to_owned(), status.to_owned()))
}
