//! A `.tar.gz`, written as it comes: whatever its size, little of it is in memory.

use std::io::{self, Write};

use miniz_oxide::deflate::compress_to_vec;

/// Compressed at a time, each as a member of its own (RFC 1952, 2.2).
const CHUNK: usize = 256 * 1024;
const BLOCK: usize = 512;
const LEVEL: u8 = 6;

pub(super) struct Archive<'w> {
    out: &'w mut dyn Write,
    pending: Vec<u8>,
}

impl<'w> Archive<'w> {
    pub fn new(out: &'w mut dyn Write) -> Self {
        Self {
            out,
            pending: Vec::new(),
        }
    }

    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.put(&header(name, bytes.len())?)?;
        self.put(bytes)?;
        let rest = bytes.len().next_multiple_of(BLOCK) - bytes.len();
        self.put(&[0; BLOCK][..rest])
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.put(&[0; 2 * BLOCK])?;
        self.member()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(CHUNK) {
            self.pending.extend_from_slice(part);
            if self.pending.len() >= CHUNK {
                self.member()?;
            }
        }
        Ok(())
    }

    fn member(&mut self) -> io::Result<()> {
        // Magic, deflate, no flags, no time, no hint, unknown system.
        self.out
            .write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])?;
        self.out.write_all(&compress_to_vec(&self.pending, LEVEL))?;
        let sum = crc32fast::hash(&self.pending);
        self.out.write_all(&sum.to_le_bytes())?;
        let size = self.pending.len() as u32;
        self.out.write_all(&size.to_le_bytes())?;
        self.pending.clear();
        Ok(())
    }
}

/// As POSIX has it (ustar).
fn header(name: &str, size: usize) -> io::Result<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    if name.len() >= 100 {
        return Err(io::Error::other("the name is too long for an archive"));
    }
    let mut put =
        |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let text = format!("{sum:06o}\0 ");
    block[148..156].copy_from_slice(text.as_bytes());
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn tar_reads_it() {
        let big: Vec<u8> = (0..1_000_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        let mut file = Vec::new();
        let mut archive = Archive::new(&mut file);
        archive.add("a.txt", b"hello").unwrap();
        archive.add("record/ocpp/1", &big).unwrap();
        archive.add("empty", b"").unwrap();
        archive.finish().unwrap();
        assert!(file.len() < big.len());
        let dir = tempfile::tempdir().unwrap();
        let mut tar = Command::new("tar")
            .args(["xzf", "-", "-C"])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        tar.stdin.take().unwrap().write_all(&file).unwrap();
        assert!(tar.wait().unwrap().success());
        let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
        assert_eq!(read("a.txt"), b"hello");
        assert_eq!(read("record/ocpp/1"), big);
        assert_eq!(read("empty"), b"");
        let long = "x".repeat(100);
        let mut sink = Vec::new();
        assert!(Archive::new(&mut sink).add(&long, b"").is_err());
    }
}
