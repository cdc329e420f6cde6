//! An archive as the kernel takes it for its first file system (cpio, "newc").

use std::io::{self, Write};

/// Puts files into an archive.
pub struct Archive<W: Write> {
    out: W,
    inode: u32,
}

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_755;
const TRAILER: &str = "TRAILER!!!";

impl<W: Write> Archive<W> {
    pub fn new(out: W) -> Self {
        Self { out, inode: 0 }
    }

    pub fn folder(&mut self, path: &str) -> io::Result<()> {
        self.entry(path, FOLDER, b"")
    }

    /// Anybody may run it.
    pub fn file(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.entry(path, FILE, content)
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.entry(TRAILER, 0, b"")?;
        self.out.flush()
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        self.inode += 1;
        let size = u32::try_from(content.len()).map_err(io::Error::other)?;
        let name_size = u32::try_from(path.len() + 1).map_err(io::Error::other)?;
        let links = 1;
        // inode, mode, user, group, links, time, size, device (2), special (2),
        // size of the name, checksum
        let fields = [
            self.inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name_size, 0,
        ];
        let mut head = "070701".to_owned();
        for field in fields {
            head.push_str(&format!("{field:08X}"));
        }
        head.push_str(path);
        head.push('\0');
        self.padded(head.as_bytes())?;
        self.padded(content)
    }

    fn padded(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        let over = bytes.len() % 4;
        if over > 0 {
            self.out.write_all(&[0; 3][..4 - over])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Archive;

    #[test]
    fn an_archive_has_the_form_of_the_kernels_documentation() {
        let mut out = Vec::new();
        let mut archive = Archive::new(&mut out);
        archive.folder("bin").expect("memory");
        archive.file("bin/x", b"hello").expect("memory");
        archive.finish().expect("memory");
        assert_eq!(out.len() % 4, 0);
        assert!(out.starts_with(b"070701"));
        // Head of 110 bytes and name, to a multiple of 4.
        assert_eq!(&out[116..122], b"070701");
        let text = String::from_utf8_lossy(&out);
        assert!(text.contains("bin/x\x00hello\x00\x00\x00070701"));
        assert!(text.contains("TRAILER!!!"));
    }
}
