//! The task `dist`: the packages for a board, a `.tar.gz` for any Linux and a
//! `.deb`, each with the static program, a configuration, the systemd unit and
//! the documentation. The same sources give the same bytes.
//!
//! * `binary`: the program of the package;
//! * `tree`: the files as they are to lie on the board; `manual`: man pages and
//!   completions among them;
//! * `archive`: the two packages made of them;
//! * `sbom`: the list of its parts;
//! * `emulated`: the package that the tests look at, and sessions with its program.
//!
//! What is packed lies in `host/packaging/`.

mod archive;
mod binary;
mod emulated;
mod manual;
mod sbom;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use plugpoint_terminal::say;

use crate::board;
use crate::cross::Processor;
use crate::debian;
use crate::program;
use crate::workspace::{Workspace, output};

use binary::{Build, Compiler};
pub use emulated::{TOOLS as TEST_TOOLS, for_tests, sessions};

/// For whom.
#[derive(Args)]
pub struct Options {
    /// The board's processor.
    #[arg(long, value_enum)]
    target: Processor,
    /// Built in a third of the time, for tries.
    #[arg(long)]
    quick: bool,
    /// A program without the compiler, about a third of the size: it takes only
    /// components that were compiled beforehand.
    #[arg(long)]
    no_compiler: bool,
}

/// Where a package was left, and the program that went into it.
pub struct Packages {
    /// The folder of all that follows; its `root` is what they unpack to.
    pub folder: PathBuf,
    /// The `.deb`.
    pub deb: PathBuf,
    /// The `.tar.gz`.
    pub tar: PathBuf,
    /// The list of the program's parts.
    pub sbom: PathBuf,
}

impl Packages {
    /// The program that they unpack to.
    pub fn program(&self) -> PathBuf {
        self.folder.join("root/usr/bin/plugpoint")
    }
}

/// Programs that packing needs, and the packages they come in.
const TOOLS: [(&str, &str); 3] = [("dpkg-deb", "dpkg"), ("tar", "tar"), ("gzip", "gzip")];

/// Runs it.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    // Compiles components and writes man pages; any build with all commands will do,
    // and this one is the quickest.
    let desk = program::plugpoint(workspace, false)?;
    let build = Build {
        processor: options.target,
        compiler: if options.no_compiler {
            Compiler::At(desk.clone())
        } else {
            Compiler::Own
        },
        profile: match (options.quick, options.no_compiler) {
            (true, _) => board::PROFILE,
            (false, true) => program::SMALL,
            (false, false) => "release",
        },
    };
    let packages = pack(workspace, &build, &desk)?;
    let program = packages.program();
    for path in [&program, &packages.tar, &packages.deb, &packages.sbom] {
        let size = fs::metadata(path)?.len();
        say!("{} ({} KiB)", path.display(), size.div_ceil(1024));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the program and packs it. `desk`: a program with all commands.
fn pack(workspace: &Workspace, build: &Build, desk: &Path) -> Result<Packages> {
    debian::need(&TOOLS, "packages")?;
    let facts = Facts::of(workspace)?;
    let program = binary::build(workspace, build, facts.epoch)?;
    let folder = workspace.target("dist").join(build.name());
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let root = folder.join("root");
    tree::lay_out(workspace, build, &facts, desk, &program, &root)?;
    Ok(Packages {
        tar: archive::tar(build, &facts, &root, &folder)?,
        deb: archive::deb(workspace, build, &facts, &root, &folder)?,
        sbom: sbom::write(workspace, build, &facts, &program, &folder)?,
        folder,
    })
}

/// What packages say of themselves.
pub struct Facts {
    /// Of the workspace.
    pub version: String,
    /// Seconds since 1970: when the sources were changed last.
    pub epoch: u64,
    /// Who made the package.
    pub maintainer: String,
}

impl Facts {
    fn of(workspace: &Workspace) -> Result<Self> {
        let variable =
            |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let name = variable("DEBFULLNAME", "Plugpoint maintainers");
        let address = variable("DEBEMAIL", "maintainers@plugpoint.invalid");
        Ok(Self {
            version: workspace.version("plugpoint")?.to_owned(),
            epoch: epoch(workspace)?,
            maintainer: format!("{name} <{address}>"),
        })
    }

    /// When the sources were changed last, in a form of `date`.
    fn date(&self, form: &str) -> Result<String> {
        output("date", &["-u", form, "-d", &format!("@{}", self.epoch)]).context("cannot run date")
    }

    /// Puts the facts into a text at their names.
    fn fill(&self, text: &str) -> Result<String> {
        let date = self.date("-R")?;
        Ok(text
            .replace("@VERSION@", &self.version)
            .replace("@MAINTAINER@", &self.maintainer)
            .replace("@DATE@", &date))
    }
}

/// `SOURCE_DATE_EPOCH`, or the date of the last commit.
fn epoch(workspace: &Workspace) -> Result<u64> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return given
            .parse()
            .with_context(|| format!("SOURCE_DATE_EPOCH is {given:?} and no number"));
    }
    let root = workspace.root("").display().to_string();
    output("git", &["-C", &root, "log", "-1", "--format=%ct"])
        .and_then(|text| text.parse().ok())
        .context("this is no checkout of git: set SOURCE_DATE_EPOCH")
}
