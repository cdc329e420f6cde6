//! **Only for tests of whole processes**: lines out of a unix socket, where a
//! test plays the chip. Reached by `[debug] line_bench`, never otherwise.
//!
//! One connection for each line. It begins with a line of text, `find NAME`,
//! `out NAME` or `in NAME`, which is answered by `ok`, `unknown` or `busy BY`;
//! then an output sends, and an input receives, one byte `0` or `1` for each
//! change, the first of an input at once. When the connection ends, the line is free
//! and keeps its level, as on a real chip. Levels are logical: whether a line is
//! active low is the chip's business, which this is not.

use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::{Input, LineAt, LineError, LineSpec, Lines, Output};

pub(super) struct Bench {
    socket: PathBuf,
}

impl Bench {
    pub(super) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    fn open(&self, word: &str, name: &str) -> Result<UnixStream, LineError> {
        let io = |error: std::io::Error| LineError::Chip {
            name: name.to_owned(),
            chip: self.socket.display().to_string(),
            why: error.to_string(),
        };
        let mut stream = UnixStream::connect(&self.socket).map_err(io)?;
        stream
            .write_all(format!("{word} {name}\n").as_bytes())
            .map_err(io)?;
        let mut answer = Vec::new();
        let mut byte = [0];
        while stream.read(&mut byte).map_err(io)? == 1 && byte[0] != b'\n' {
            answer.push(byte[0]);
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let name = name.to_owned();
        match answer.split_once(' ').unwrap_or((answer.as_str(), "")) {
            ("ok", _) => Ok(stream),
            ("busy", by) => Err(LineError::Busy {
                name,
                by: by.to_owned(),
            }),
            _ => Err(LineError::Unknown {
                name,
                known: String::new(),
            }),
        }
    }
}

impl Lines for Bench {
    fn find(&self, spec: &LineSpec) -> Result<LineAt, LineError> {
        let name = spec.to_string();
        self.open("find", &name)?;
        Ok(LineAt {
            chip: self.socket.clone(),
            offset: 0,
            active_low: spec.active_low,
            name,
        })
    }

    fn output(&self, at: &LineAt, _user: &str) -> Result<Box<dyn Output>, LineError> {
        let mut line = BenchLine {
            name: at.name.clone(),
            stream: self.open("out", &at.name)?,
            level: false,
        };
        line.set(false)?;
        Ok(Box::new(line))
    }

    fn input(&self, at: &LineAt, _user: &str) -> Result<Box<dyn Input>, LineError> {
        let mut line = BenchLine {
            name: at.name.clone(),
            stream: self.open("in", &at.name)?,
            level: false,
        };
        line.edge()?;
        Ok(Box::new(line))
    }
}

struct BenchLine {
    name: String,
    stream: UnixStream,
    level: bool,
}

impl BenchLine {
    fn refused(&self, what: &'static str, error: &std::io::Error) -> LineError {
        LineError::Refused {
            name: self.name.clone(),
            what,
            why: error.to_string(),
        }
    }
}

impl Output for BenchLine {
    fn set(&mut self, active: bool) -> Result<(), LineError> {
        let byte = [b'0' + u8::from(active)];
        let sent = self.stream.write_all(&byte);
        sent.map_err(|error| self.refused("set", &error))
    }
}

impl AsFd for BenchLine {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Input for BenchLine {
    fn level(&mut self) -> Result<bool, LineError> {
        Ok(self.level)
    }

    fn edge(&mut self) -> Result<bool, LineError> {
        let mut byte = [0];
        let read = self.stream.read_exact(&mut byte);
        read.map_err(|error| self.refused("read", &error))?;
        self.level = byte[0] == b'1';
        Ok(self.level)
    }
}
