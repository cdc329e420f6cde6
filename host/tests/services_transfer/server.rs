//! A server on loopback that the test plays, with or without TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Answers each request with what the test has laid ready.
pub struct Server {
    pub port: u16,
    thread: JoinHandle<Vec<String>>,
}

impl Server {
    /// Answers one request after the other with these bytes; gives back what was
    /// asked, each with its body.
    pub fn answering(answers: Vec<Vec<u8>>) -> Self {
        Self::start(answers, None)
    }

    pub fn start(answers: Vec<Vec<u8>>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .unwrap();
                let request = match &tls {
                    None => exchange(stream, &answer),
                    Some(config) => {
                        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                        exchange(StreamOwned::new(connection, stream), &answer)
                    }
                };
                asked.push(request.unwrap_or_else(|e| e.to_string()));
            }
            asked
        });
        Self { port, thread }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn asked(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn exchange(mut stream: impl Read + Write, answer: &[u8]) -> std::io::Result<String> {
    let mut reader = BufReader::new(&mut stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        request.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.push_str(&String::from_utf8_lossy(&body));
    stream.write_all(answer)?;
    stream.flush()?;
    Ok(request)
}

/// A whole answer.
pub fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
