//! A server of files for charge points: some that can be fetched, and a folder, `logs`,
//! that takes any. As much of HTTP as that needs.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::station::Files;

/// What [`INSTALLER`] takes for good.
const GOOD: &[u8] = b"good firmware\n";
const BAD: &[u8] = b"invalid firmware\n";
/// A peer that says nothing for this long is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A manufacturer's installer, as a shell script.
pub(super) const INSTALLER: &str = "\
if [ \"$1\" != install ]; then exit 2; fi
echo progress 50
if grep -q '^good firmware$' \"$2\"; then echo progress 100; exit 0; fi
echo 'this is not for this charge point' >&2
exit 1
";

/// By their paths, without the first slash.
type Contents = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// See the module. It serves until the process ends.
#[derive(Debug)]
pub struct FileServer {
    address: SocketAddr,
    contents: Contents,
}

impl FileServer {
    /// Serves these files, by their names.
    ///
    /// # Errors
    /// There is no port for it.
    pub fn start(files: &[(&str, &[u8])]) -> io::Result<FileServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let files = files.iter();
        let files = files.map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        let contents = Contents::new(Mutex::new(files.collect()));
        let shared = contents.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let contents = shared.clone();
                // One that breaks off has nobody to tell.
                std::thread::spawn(move || drop(serve(stream, &contents)));
            }
        });
        Ok(FileServer { address, contents })
    }

    /// With the files of the cases about updates and diagnostics.
    pub(super) fn of_cases() -> io::Result<FileServer> {
        FileServer::start(&[("good.bin", GOOD), ("bad.bin", BAD)])
    }

    /// The address of a file, or of the folder.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    pub(super) fn files(&self) -> Files {
        Files {
            good: self.url("good.bin"),
            bad: self.url("bad.bin"),
            folder: self.url("logs"),
        }
    }

    /// From now on it serves this file.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.insert(name.to_owned(), bytes.to_vec());
    }

    /// A file that has come into the folder.
    pub fn received(&self, name: &str) -> Option<Vec<u8>> {
        let contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.get(&format!("logs/{name}")).cloned()
    }
}

fn serve(mut stream: TcpStream, contents: &Contents) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut words = first.split_whitespace();
    let (method, path) = (words.next(), words.next().unwrap_or_default());
    let path = path.trim_start_matches('/');
    let lock = || contents.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, body) = match method {
        Some("GET") => match lock().get(path).cloned() {
            Some(bytes) => ("200 OK", bytes),
            None => ("404 Not Found", Vec::new()),
        },
        Some("PUT") if path.starts_with("logs/") => {
            let mut bytes = Vec::new();
            reader.take(length).read_to_end(&mut bytes)?;
            if bytes.len() as u64 == length {
                lock().insert(path.to_owned(), bytes);
            }
            ("201 Created", Vec::new())
        }
        _ => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}
