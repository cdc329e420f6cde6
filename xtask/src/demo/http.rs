//! As much HTTP as the control API on loopback needs. Version 1.0 is spoken, so
//! that an answer simply ends where the connection ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

const PATIENCE: Duration = Duration::from_secs(10);

/// Sends a request and gives the body of a good answer. `address` is
/// `HOST:PORT`.
pub fn request(address: &str, method: &str, path: &str, body: &str) -> Result<String> {
    let (mut reader, status) = open(address, method, path, body)?;
    let mut text = String::new();
    reader
        .read_to_string(&mut text)
        .with_context(|| format!("{method} {path}"))?;
    if !(200..300).contains(&status) {
        bail!("{method} {path}: status {status}: {}", text.trim());
    }
    Ok(text)
}

/// Listens to server-sent events: the data of each, until the server ends.
pub fn events(address: &str, path: &str) -> Result<impl Iterator<Item = String> + use<>> {
    let (reader, status) = open(address, "GET", path, "")?;
    if status != 200 {
        bail!("GET {path}: status {status}");
    }
    reader.get_ref().set_read_timeout(None)?;
    Ok(reader
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| Some(line.strip_prefix("data:")?.trim().to_owned())))
}

/// Sends a request and reads the head of the answer.
fn open(
    address: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(BufReader<TcpStream>, u16)> {
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("{address} does not speak HTTP: {line:?}"))?;
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    Ok((reader, status))
}
