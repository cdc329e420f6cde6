//! The task `test`: all set-up, then `cargo test` over the workspace, then the
//! long runs in virtual time (unless something is to be tested only), then a
//! summary, since the lines that matter are pages above the end.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::num::NonZero;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use plugpoint_terminal::{complain, say};

use crate::workspace::{self, Workspace, over_workspace};
use crate::{board, debian, dist, node, powercut, program, python, virtual_time};

/// Programs that our readers are held against and that authors of plugins sign
/// with, and the packages they come in.
const TOOLS: [(&str, &str); 2] = [("nfc-list", "libnfc-bin"), ("minisign", "minisign")];

/// Most tests wait for chargers, networks and clocks and hardly compute, so for each
/// processor there are several at the same time. Those that measure, or that load
/// the whole machine, see to it themselves that they are alone.
const TESTS_PER_PROCESSOR: usize = 2;
const THREADS: &str = "RUST_TEST_THREADS";

/// The test program of the packages, which take minutes to build.
const PACKAGES: &str = "packaging";

/// Runs it. `arguments` go to `cargo test` as they are.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let with_board = is_wanted("board", arguments);
    let with_packages = with_board || is_wanted(PACKAGES, arguments);
    need_tools(with_board, with_packages)?;
    let python = python::interpreter(workspace)?;
    let node = node::environment(workspace)?;
    // The programs first: tests start them as a user would.
    let programs = || workspace::run(over_workspace(&mut workspace.cargo("build")).arg("--bins"));
    programs()?;
    let desk = program::path(workspace, false, "plugpoint");
    let small = if is_wanted("engine", arguments) {
        let small = program::small(workspace, &desk, false)?;
        // Puts back what that has moved away.
        programs()?;
        Some(small)
    } else {
        None
    };

    let packages = if with_packages {
        Some(dist::for_tests(workspace, &desk)?)
    } else {
        None
    };
    let board = match &packages {
        Some(packages) if with_board => board::for_tests(workspace, &packages.program())?,
        _ => Vec::new(),
    };

    let tests = || {
        let mut command = workspace.cargo("test");
        over_workspace(&mut command)
            .arg("--no-fail-fast")
            .env(THREADS, threads())
            .env("PLUGPOINT_BIN", &desk)
            .env("PLUGPOINT_DESK", &desk)
            .envs(small.iter().map(|small| ("PLUGPOINT_SMALL", small)))
            .env("PLUGPOINT_COMPONENTS", workspace.components())
            .env("PLUGPOINT_PYTHON", &python)
            .env("PLUGPOINT_NODE", &node.program)
            .env("PLUGPOINT_NODE_MODULES", &node.modules)
            .envs(board.iter().map(|(name, value)| (name, value)))
            .envs(packages.iter().map(|it| ("PLUGPOINT_PACKAGES", &it.folder)));
        command
    };
    let begin = Instant::now();
    let mut summary = Summary::default();
    let mut passed = watched(tests().args(arguments), &mut summary)?;
    if arguments.is_empty() {
        // Sessions and swaps again, on all that can run guests.
        let mut again = sessions_and_swaps(tests());
        again.env("PLUGPOINT_TEST_BACKEND", "pulley");
        passed &= watched(&mut again, &mut summary)?;
        if let Some(small) = &small {
            let mut again = sessions_and_swaps(tests());
            again
                .env("PLUGPOINT_BIN", small)
                .env("PLUGPOINT_TEST_COMPILED", std::env::consts::ARCH);
            passed &= watched(&mut again, &mut summary)?;
        }
        if let Some(packages) = &packages {
            passed &= watched(&mut dist::sessions(tests(), packages)?, &mut summary)?;
        }
        passed &= watched(&mut virtual_time::all(workspace), &mut summary)?;
        passed &= watched(&mut virtual_time::without_profiles(workspace), &mut summary)?;
    }
    summary.print(passed, begin.elapsed().as_secs());
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All that is missing is installed at once, so that whoever is asked is asked in the
/// beginning, and once.
fn need_tools(with_board: bool, with_packages: bool) -> Result<()> {
    let mut needs: Vec<(&debian::Tools, &str)> = vec![
        (&TOOLS, "the tests of card readers and plugins"),
        (&powercut::TOOLS, "the tests of power cuts"),
    ];
    if with_packages {
        needs.push((&dist::TEST_TOOLS, "the tests of packages"));
    }
    if with_board {
        needs.push((&board::TOOLS, "the tests on the emulated board"));
    }
    debian::need_all(&needs)
}

/// Whether that test program is among those asked for: all of them, unless some
/// are named. A board takes minutes to build, so whoever names others is spared it.
fn is_wanted(name: &str, arguments: &[String]) -> bool {
    let ours = arguments.split(|argument| argument == "--").next();
    let words: Vec<&str> = ours
        .unwrap_or_default()
        .iter()
        .flat_map(|argument| argument.split('='))
        .collect();
    let mut named = words
        .windows(2)
        .filter(|pair| pair[0] == "--test")
        .map(|pair| pair[1])
        .peekable();
    named.peek().is_none() || named.any(|test| test == name)
}

/// How many tests at the same time, unless the environment says so.
fn threads() -> OsString {
    let own = || std::thread::available_parallelism().map_or(1, NonZero::get);
    std::env::var_os(THREADS).unwrap_or_else(|| (own() * TESTS_PER_PROCESSOR).to_string().into())
}

fn sessions_and_swaps(mut command: Command) -> Command {
    command.args(["--test", "sessions", "--test", "swap"]);
    command
}

/// What `cargo test` said, added up.
#[derive(Default)]
struct Summary {
    passed: u32,
    ignored: u32,
    failed: Vec<String>,
}

/// Runs `cargo test`, shows what it says and counts along.
fn watched(command: &mut Command, summary: &mut Summary) -> Result<bool> {
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    complain!("  $ cargo {}", words.join(" "));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let Some(stdout) = child.stdout.take() else {
        bail!("no pipe to cargo");
    };
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        summary.line(&line);
        say!("{line}");
    }
    Ok(child.wait()?.success())
}

impl Summary {
    fn line(&mut self, line: &str) {
        let Some(test) = line.strip_prefix("test ") else {
            return;
        };
        if let Some(result) = test.strip_prefix("result: ") {
            self.passed += counted(result, "passed");
            self.ignored += counted(result, "ignored");
        } else if let Some(name) = test.strip_suffix(" ... FAILED") {
            self.failed.push(name.to_owned());
        }
    }

    fn print(&self, passed: bool, seconds: u64) {
        say!();
        for name in &self.failed {
            say!("failed: {name}");
        }
        say!(
            "{}: {} tests passed, {} failed, {} left out, in {} min {:02} s",
            if passed { "All is well" } else { "NOT WELL" },
            self.passed,
            self.failed.len(),
            self.ignored,
            seconds / 60,
            seconds % 60,
        );
        if !passed && self.failed.is_empty() {
            say!("(something did not compile, or a test program ended early: see above)");
        }
    }
}

/// The number before a word in `ok. 3 passed; 0 failed; …`.
fn counted(result: &str, word: &str) -> u32 {
    let words: Vec<&str> = result.split([' ', ';']).collect();
    words
        .iter()
        .position(|each| *each == word)
        .and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Summary, is_wanted};

    #[test]
    fn the_board_is_built_unless_other_tests_are_named() {
        for (line, expected) in [
            ("", true),
            ("charges", true),
            ("--test board", true),
            ("--test swap --test=board", true),
            ("-p plugpoint-tests --test swap", false),
            ("--test=swap -- board", false),
            ("session -- --test x", true),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(is_wanted("board", &words), expected, "{line}");
        }
    }

    #[test]
    fn lines_of_cargo_test_are_added_up() {
        let mut summary = Summary::default();
        for line in [
            "running 3 tests",
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 30 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            summary.line(line);
        }
        assert_eq!((summary.passed, summary.ignored), (42, 2));
        assert_eq!(summary.failed, ["a::c"]);
    }
}
