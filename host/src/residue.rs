//! What the start of the program leaves in memory: pages of its code and constants
//! that nothing needs again (the command line, the configuration, checks,
//! migrations), and pieces of heap. Here they are let go.
//!
//! A page of code that is needed after all is found again where it was, in the
//! system's page cache: that costs a microsecond once, and no access to the flash
//! unless the system was short of memory and has used it for something else. That
//! it can do so is the point.
//!
//! Not here: guests and their code.

use std::path::Path;

/// Larger pieces of heap go back as soon as they are free. Without it, the C library
/// would learn from the first large one (a component that is unpacked) to keep them.
#[allow(unsafe_code)] // two libc calls with plain numbers
pub fn keep_no_heap() {
    #[cfg(target_env = "gnu")]
    {
        const LARGE: libc::c_int = 64 << 10;
        // SAFETY: both only set a threshold of the allocator.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
            libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
        }
    }
}

/// Lets go of both; in return how many bytes of code and constants were mapped.
pub fn let_go() -> std::io::Result<usize> {
    let maps = std::fs::read_to_string("/proc/self/smaps")?;
    let program = std::fs::read_link("/proc/self/exe")?;
    let pages = untouched(&maps, &program);
    for (start, end, _) in &pages {
        drop_pages(*start, end - start)?;
    }
    give_back_heap();
    Ok(pages.iter().map(|(_, _, resident)| resident).sum())
}

/// Address, end and resident bytes of what is mapped from the program's own file
/// and is still as it is there: nobody may write to it, and nobody has.
fn untouched(maps: &str, program: &Path) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    let mut candidate = None;
    let mut resident = 0;
    for line in maps.lines() {
        if let Some(range) = range(line) {
            candidate = is_fixed(line, program).then_some(range);
            resident = 0;
        } else if let Some(kib) = field(line, "Rss:") {
            resident = kib * 1024;
        } else if field(line, "Anonymous:") == Some(0)
            && let Some((start, end)) = candidate.take()
        {
            found.push((start, end, resident));
        }
    }
    found
}

/// Where a mapping is, if this is its first line.
fn range(line: &str) -> Option<(usize, usize)> {
    let (start, end) = line.split_ascii_whitespace().next()?.split_once('-')?;
    let address = |digits: &str| usize::from_str_radix(digits, 16).ok();
    Some((address(start)?, address(end)?))
}

/// Whether that mapping is one of the program's, and nobody can write to it.
fn is_fixed(line: &str, program: &Path) -> bool {
    let mut words = line.split_ascii_whitespace().skip(1);
    let rights = words.next().unwrap_or_default();
    let is_ours = words.nth(3).is_some_and(|path| Path::new(path) == program);
    is_ours && rights.starts_with('r') && !rights.contains('w') && rights.ends_with('p')
}

fn field(line: &str, name: &str) -> Option<usize> {
    let value = line.strip_prefix(name)?.trim_end().strip_suffix(" kB")?;
    value.trim().parse().ok()
}

/// The next access reads them from the page cache again.
#[allow(unsafe_code)] // no safe interface
fn drop_pages(start: usize, length: usize) -> std::io::Result<()> {
    // SAFETY: the range is a mapping of this program's own file, which lasts as long
    // as the process. No page of it was ever changed, and the file cannot be (the
    // system refuses to write to a program that runs), so what comes back is the same.
    if unsafe { libc::madvise(start as *mut libc::c_void, length, libc::MADV_DONTNEED) } == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

#[allow(unsafe_code)] // one libc call without arguments that matter
fn give_back_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: `malloc_trim` may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
5500-5600 r--p 00000000 fe:00 1234                       /usr/bin/plugpoint
Rss:                  12 kB
Anonymous:             0 kB
5600-5800 r-xp 00100000 fe:00 1234                       /usr/bin/plugpoint
Rss:                   8 kB
Anonymous:             0 kB
5800-5900 r--p 00300000 fe:00 1234                       /usr/bin/plugpoint
Rss:                   4 kB
Anonymous:             4 kB
5900-5a00 rw-p 00400000 fe:00 1234                       /usr/bin/plugpoint
Rss:                   4 kB
Anonymous:             0 kB
7000-7100 r-xp 00000000 fe:00 99                         /lib/libc.so.6
Rss:                   4 kB
Anonymous:             0 kB
7100-7200 r-xp 00000000 00:00 0
Rss:                   4 kB
Anonymous:             0 kB
";

    #[test]
    fn only_what_is_as_in_the_file_is_let_go() {
        assert_eq!(
            untouched(MAPS, Path::new("/usr/bin/plugpoint")),
            [(0x5500, 0x5600, 12 << 10), (0x5600, 0x5800, 8 << 10)]
        );
        assert_eq!(untouched(MAPS, Path::new("/usr/bin/other")), []);
        assert_eq!(untouched("nonsense\n12-zz r\n", Path::new("/")), []);
    }

    #[test]
    fn the_program_goes_on_without_them() {
        let constant = include_str!("residue.rs");
        let before = constant.len();
        assert!(let_go().expect("Linux") > 0);
        assert!(let_go().expect("Linux") > 0);
        assert_eq!(constant.chars().map(char::len_utf8).sum::<usize>(), before);
    }
}
