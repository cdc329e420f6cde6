//! The commands of a page for users: what stands behind `$ ` in its console blocks,
//! but for those that a remark above the block takes out, with the reason:
//!
//! ```text
//! <!-- newcomer: leaves out `cargo xtask test`: it takes an hour -->
//! <!-- newcomer: leaves out all: it needs a board -->
//! ```
//!
//! Not here: running them.

use anyhow::{Result, bail};

const REMARK: &str = "<!-- newcomer: leaves out ";
const FENCE: &str = "```";

/// One command of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Of the page, from 1.
    pub line: usize,
    /// As it is typed; a line that ends with `\` goes on in the next.
    pub text: String,
    /// Why it is not run.
    pub left_out: Option<String>,
}

/// A remark above a block.
#[derive(Debug)]
struct Remark {
    line: usize,
    /// How the commands begin; none: all of the block.
    begin: Option<String>,
    reason: String,
    used: bool,
}

/// All commands of a page, in its order. An error if a command stands anywhere else,
/// or if a remark takes out nothing.
pub fn commands(page: &str) -> Result<Vec<Command>> {
    let mut commands = Vec::new();
    let mut remarks: Vec<Remark> = Vec::new();
    // The language of the block that we are in.
    let mut block: Option<&str> = None;
    for (number, line) in (1..).zip(page.lines()) {
        if let Some(language) = line.trim_start().strip_prefix(FENCE) {
            block = match block {
                None => Some(language),
                Some(_) => {
                    expect_used(&remarks)?;
                    remarks.clear();
                    None
                }
            };
            continue;
        }
        match block {
            Some("console") => {
                let last = commands.last_mut().map(|it: &mut Command| &mut it.text);
                if let Some(text) = last.filter(|text| text.ends_with('\\')) {
                    text.push('\n');
                    text.push_str(line);
                } else if let Some(text) = line.strip_prefix("$ ") {
                    commands.push(Command {
                        line: number,
                        text: text.to_owned(),
                        left_out: left_out(text, &mut remarks),
                    });
                }
            }
            Some(language) => {
                if line.starts_with("$ ") {
                    bail!("line {number}: a command in a block of {language:?}; make it `console`");
                }
            }
            None => {
                if let Some(remark) = line.strip_prefix(REMARK) {
                    remarks.push(Remark::read(number, remark)?);
                } else if looks_like_a_command(line) {
                    bail!(
                        "line {number}: a command in an indented block; make it a `console` block"
                    );
                }
            }
        }
    }
    expect_used(&remarks)?;
    Ok(commands)
}

/// Indented, and the name of a program of ours.
fn looks_like_a_command(line: &str) -> bool {
    let Some(code) = line.strip_prefix("    ") else {
        return false;
    };
    ["$ ", "plugpoint ", "cargo "]
        .iter()
        .any(|begin| code.starts_with(begin))
}

fn left_out(command: &str, remarks: &mut [Remark]) -> Option<String> {
    let fits = |remark: &&mut Remark| {
        let begin = remark.begin.as_ref();
        begin.is_none_or(|begin| command.starts_with(begin.as_str()))
    };
    let remark = remarks.iter_mut().find(fits)?;
    remark.used = true;
    Some(remark.reason.clone())
}

fn expect_used(remarks: &[Remark]) -> Result<()> {
    match remarks.iter().find(|it| !it.used) {
        None => Ok(()),
        Some(remark) => bail!(
            "line {}: this remark takes out no command of the block below it",
            remark.line
        ),
    }
}

impl Remark {
    /// What stands behind `leaves out `.
    fn read(line: usize, text: &str) -> Result<Self> {
        let wrong =
            || anyhow::anyhow!("line {line}: expected `COMMAND` or all, then `: REASON -->`");
        let text = text.strip_suffix("-->").ok_or_else(wrong)?.trim();
        let (begin, reason) = match text.strip_prefix('`') {
            Some(rest) => {
                let (begin, rest) = rest.split_once('`').ok_or_else(wrong)?;
                (Some(begin.to_owned()), rest)
            }
            None => (None, text.strip_prefix("all").ok_or_else(wrong)?),
        };
        let reason = reason.strip_prefix(": ").ok_or_else(wrong)?;
        Ok(Self {
            line,
            begin,
            reason: reason.to_owned(),
            used: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    const PAGE: &str = "\
# A page

<!-- newcomer: leaves out `make all`: it takes an hour -->
```console
$ make it \\
    fast
made
$ make all   # everything
```

```toml
[section]
```

<!-- newcomer: leaves out all: nobody has one -->
```console
$ boil tea
```
";

    #[test]
    fn commands_are_found_in_order_with_reasons_not_to_run_them() {
        let found = commands(PAGE).expect("a page");
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.line, it.text.as_str(), it.left_out.as_deref()))
            .collect();
        assert_eq!(
            found,
            [
                (5, "make it \\\n    fast", None),
                (8, "make all   # everything", Some("it takes an hour")),
                (17, "boil tea", Some("nobody has one")),
            ]
        );
    }

    #[test]
    fn a_command_that_would_be_overlooked_is_an_error() {
        for (page, words) in [
            ("    plugpoint status\n", "line 1: a command in an indented"),
            (
                "```sh\n$ ls\n```\n",
                "line 2: a command in a block of \"sh\"",
            ),
            (
                "<!-- newcomer: leaves out `x`: y -->\n```console\n$ ls\n```\n",
                "line 1: this remark takes out no command",
            ),
            ("<!-- newcomer: leaves out all -->\n", "line 1: expected"),
        ] {
            let error = commands(page).expect_err(page).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
