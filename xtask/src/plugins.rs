//! The example plugins that are not Rust, and the tools that build them. Tools
//! are installed as their lock files say, into the target folder; nothing of the
//! machine is changed.
//!
//! They have the version of the workspace.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use plugpoint_componentize::Identity;
use plugpoint_terminal::say;
use serde_json::Value;

use crate::workspace::{Workspace, run};
use crate::{component, node, program, python};

/// Of `plugins/opening-hours`.
const JAVASCRIPT: &str = "opening-hours";
/// Of `plugins/card-token`.
const PYTHON: &str = "card-token";

/// Builds them into `target/components`. What is newer than its sources is left
/// alone: CPython takes ten seconds to be packed.
pub fn build(workspace: &Workspace) -> Result<()> {
    plugin(workspace, JAVASCRIPT, javascript_packed)?;
    plugin(workspace, PYTHON, python_packed)
}

/// What each costs, as a table: its own script in the optimised program.
pub fn measure(workspace: &Workspace) -> Result<ExitCode> {
    let program = program::plugpoint(workspace, true)?;
    say!("| | file | memory | a decision: median / worst | a start | compiled in |");
    say!("|---|---|---|---|---|---|");
    let examples = [
        ("fleet", "Rust"),
        ("peak-hours", "Rust"),
        (JAVASCRIPT, "JavaScript"),
        (PYTHON, "Python"),
    ];
    for (name, language) in examples {
        let file = workspace.components().join(name).with_extension("wasm");
        let script = workspace.root("plugins").join(name).join("script.toml");
        let output = Command::new(&program)
            .args(["component", "test", "--json"])
            .arg(&file)
            .arg("--script")
            .arg(&script)
            .output()
            .with_context(|| format!("cannot run {}", program.display()))?;
        if !output.status.success() {
            bail!(
                "{name} is not well: {}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
        let report: Value = serde_json::from_slice(&output.stdout)?;
        say!(
            "| {name} ({language}) | {} kB | {} KiB | {} / {} µs | {} µs | {} ms |",
            number(&report["size"])? / 1000,
            number(&report["memory_bytes"])? / 1024,
            number(&report["decision_us"]["median"])?,
            number(&report["decision_us"]["worst"])?,
            number(&report["start_us"]["median"])?,
            number(&report["compiled_ms"])?,
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn number(value: &Value) -> Result<u64> {
    value.as_u64().context("the report has no such number")
}

fn plugin(
    workspace: &Workspace,
    name: &str,
    build: fn(&Workspace, &Path, &Path) -> Result<()>,
) -> Result<()> {
    let project = workspace.root("plugins").join(name);
    let output = workspace.components().join(name).with_extension("wasm");
    let stamp = workspace.target("plugins").join(name).join("sources");
    let sources = sources(&project, &workspace.root("wit"))?;
    if output.is_file() && fs::read_to_string(&stamp).is_ok_and(|before| before == sources) {
        return Ok(());
    }
    let unnamed = workspace.target("plugins").join(name).join("unnamed.wasm");
    make_parent(&unnamed)?;
    build(workspace, &project, &unnamed).with_context(|| format!("plugin {name}"))?;
    let wasm = fs::read(&unnamed).with_context(|| format!("cannot read {}", unnamed.display()))?;
    let identity = Identity {
        name,
        version: env!("CARGO_PKG_VERSION"),
        revision: None,
    };
    let wasm = plugpoint_componentize::encode(&wasm, &identity)?;
    component::check_imports(&wasm).with_context(|| format!("plugin {name}"))?;
    component::write(&output, &wasm)?;
    fs::write(&stamp, sources).with_context(|| format!("cannot write {}", stamp.display()))
}

/// By `componentize-qjs`, which packs QuickJS.
fn javascript_packed(workspace: &Workspace, project: &Path, output: &Path) -> Result<()> {
    let node = node::packages(workspace, "plugins-npm", project)?;
    run(Command::new(node.program)
        .arg(node.modules.join("componentize-qjs/bin/componentize-qjs"))
        .arg("--wit")
        .arg(workspace.root("wit"))
        .args(["--world", "policy", "--js"])
        .arg(project.join("src/policy.js"))
        .arg("--module-root")
        .arg(project.join("src"))
        .args(["--stub-wasi", "--sync", "--opt-size", "--minify"])
        .arg("--output")
        .arg(output))
}

/// By `componentize-py`, which packs CPython.
fn python_packed(workspace: &Workspace, project: &Path, output: &Path) -> Result<()> {
    let tools = python::requirements(workspace, "venv-plugins", &project.join("requirements.txt"))?;
    run(Command::new(tools.join("bin/componentize-py"))
        .arg("--quiet")
        .arg("--wit-path")
        .arg(workspace.root("wit"))
        .args(["--world", "policy", "componentize", "--stub-wasi"])
        .arg("--python-path")
        .arg(project)
        .args(["app", "--output"])
        .arg(output)
        // Nothing is left behind in the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// All that a component is made of, as one text.
fn sources(project: &Path, wit: &Path) -> Result<String> {
    let mut all = String::new();
    for folder in [project, wit] {
        collect(folder, &mut all)
            .with_context(|| format!("cannot read the sources in {}", folder.display()))?;
    }
    if all.is_empty() {
        bail!("there is nothing in {}", project.display());
    }
    Ok(all)
}

fn collect(folder: &Path, all: &mut String) -> Result<()> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "__pycache__" && name != "node_modules" {
                collect(&path, all)?;
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            all.push_str(&format!("== {name}\n{text}\n"));
        }
    }
    Ok(())
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
}
