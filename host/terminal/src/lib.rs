//! Printing where the reader may have gone: `plugpoint component test x.wasm | head`.
//!
//! `println!` panics on a closed pipe, which ends a command with a backtrace and a
//! charger in the middle of its work. [`say!`] and [`complain!`] do not: a reader that
//! has gone is no fault, so the rest is left unsaid and the program goes on to its own
//! exit code. Whoever prints for ever asks [`is_heard`]. Anything else that keeps text
//! from being written, such as a full disk, is remembered for [`trouble`].
//!
//! [`painted`] puts colours on words where there is a terminal to show them.
//!
//! Not here: what is printed, and logging.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static CLOSED: AtomicBool = AtomicBool::new(false);
static TROUBLE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line to standard output, as `println!` does.
#[macro_export]
macro_rules! say {
    () => { $crate::write_out(::std::format_args!("\n")) };
    ($($words:tt)*) => {
        $crate::write_out(::std::format_args!("{}\n", ::std::format_args!($($words)*)))
    };
}

/// Prints to standard output without ending the line, as `print!` does.
#[macro_export]
macro_rules! say_part {
    ($($words:tt)*) => { $crate::write_out(::std::format_args!($($words)*)) };
}

/// Prints a line to standard error, as `eprintln!` does.
#[macro_export]
macro_rules! complain {
    ($($words:tt)*) => {
        $crate::write_err(::std::format_args!("{}\n", ::std::format_args!($($words)*)))
    };
}

/// Prints to standard error without ending the line, as `eprint!` does.
#[macro_export]
macro_rules! complain_part {
    ($($words:tt)*) => { $crate::write_err(::std::format_args!($($words)*)) };
}

/// For [`say!`].
pub fn write_out(text: Arguments<'_>) {
    if !is_heard() {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) {
        CLOSED.store(true, Ordering::Relaxed);
        if error.kind() != ErrorKind::BrokenPipe {
            let mut trouble = TROUBLE.lock().unwrap_or_else(PoisonError::into_inner);
            trouble.get_or_insert(error);
        }
    }
}

/// For [`complain!`].
pub fn write_err(text: Arguments<'_>) {
    // There is nowhere else to say that this could not be said.
    let _ = io::stderr().lock().write_fmt(text);
}

/// Whether standard output still takes anything.
pub fn is_heard() -> bool {
    !CLOSED.load(Ordering::Relaxed)
}

/// What has kept text from being written, unless it was only that the reader has gone.
pub fn trouble() -> Option<io::Error> {
    TROUBLE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
}

/// How a word stands out, where colours can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// All is well.
    Good,
    /// Somebody should look at this.
    Doubtful,
    /// Something is wrong.
    Bad,
    /// What the rest is about.
    Strong,
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The text in colours on a terminal; as it is anywhere else, on a terminal that
/// has none, and if the environment has `NO_COLOR`.
pub fn painted(style: Style, text: &str) -> String {
    let code = match style {
        Style::Plain => return text.to_owned(),
        Style::Good => 32,
        Style::Doubtful => 33,
        Style::Bad => 31,
        Style::Strong => 1,
    };
    if shows_colours() {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

fn shows_colours() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    is_terminal() && !unwanted && !dumb
}
