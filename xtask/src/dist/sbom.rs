//! The list of parts of a package's program (SBOM), in the form of CycloneDX 1.5:
//! each crate that is built in, with its licence and the checksum by which it was
//! fetched, and the two C libraries, which no Cargo.lock knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Facts;
use super::binary::{Build, Compiler};
use crate::workspace::{Workspace, output};

/// Writes it beside the packages; where it is.
pub fn write(
    workspace: &Workspace,
    build: &Build,
    facts: &Facts,
    program: &Path,
    folder: &Path,
) -> Result<PathBuf> {
    let parts = crates(workspace, build)?;
    let checksums = checksums(workspace)?;
    let mut components: Vec<Value> = parts
        .iter()
        .map(|part| part.component(checksums.get(&part.key()).map(String::as_str)))
        .collect();
    components.push(sqlite(workspace, &parts)?);
    components.push(libc(build)?);
    let hash = output("sha256sum", &[&program.display().to_string()])
        .and_then(|line| line.split(' ').next().map(str::to_owned))
        .context("cannot run sha256sum")?;
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": facts.date("+%Y-%m-%dT%H:%M:%SZ")?,
            "component": {
                "type": "application",
                "bom-ref": "plugpoint",
                "name": "plugpoint",
                "version": facts.version,
                "hashes": [{ "alg": "SHA-256", "content": hash }],
                "properties": [{ "name": "target", "value": build.processor.target() }],
            },
        },
        "components": components,
    });
    let path = folder.join(format!(
        "plugpoint-{}-{}.cdx.json",
        facts.version,
        build.name()
    ));
    fs::write(&path, format!("{document:#}\n"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// A crate.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    name: String,
    version: String,
    licence: String,
}

impl Part {
    fn key(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    fn component(&self, checksum: Option<&str>) -> Value {
        let purl = format!("pkg:cargo/{}@{}", self.name, self.version);
        let mut component = json!({
            "type": "library",
            "bom-ref": purl,
            "name": self.name,
            "version": self.version,
            "purl": purl,
        });
        if !self.licence.is_empty() {
            // As crates wrote it once.
            let expression = self.licence.replace(" / ", " OR ").replace('/', " OR ");
            component["licenses"] = json!([{ "expression": expression }]);
        }
        if let Some(checksum) = checksum {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        component
    }
}

/// What cargo builds into the program, by its own account.
fn crates(workspace: &Workspace, build: &Build) -> Result<Vec<Part>> {
    let features = match build.compiler {
        Compiler::Own => "compiler",
        Compiler::At(_) => "",
    };
    let mut command = workspace.cargo("tree");
    command
        .args([
            "-p",
            "plugpoint",
            "--no-default-features",
            "--features",
            features,
        ])
        .args(["--target", build.processor.target()])
        .args([
            "--edges", "normal", "--prefix", "none", "--format", "{p}|{l}",
        ]);
    let tree = command.output().context("cannot run cargo tree")?;
    if !tree.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
    }
    let text = String::from_utf8_lossy(&tree.stdout);
    let parts: BTreeSet<Part> = text.lines().filter_map(part).collect();
    Ok(parts.into_iter().collect())
}

/// `axum v0.8.9|MIT`, with more behind the version where it is no crate of the
/// registry.
fn part(line: &str) -> Option<Part> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split(' ');
    Some(Part {
        name: words.next()?.to_owned(),
        version: words.next()?.strip_prefix('v')?.to_owned(),
        licence: licence.trim_end_matches(" (*)").to_owned(),
    })
}

/// By `NAME VERSION`.
fn checksums(workspace: &Workspace) -> Result<std::collections::BTreeMap<String, String>> {
    let text = fs::read_to_string(workspace.root("Cargo.lock")).context("Cargo.lock")?;
    let lock: toml::Table = text.parse().context("Cargo.lock")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let field = |package: &toml::Value, name: &str| {
        package
            .get(name)
            .and_then(toml::Value::as_str)
            .map(str::to_owned)
    };
    let known = packages.into_iter().flatten().filter_map(|package| {
        let key = format!("{} {}", field(package, "name")?, field(package, "version")?);
        Some((key, field(package, "checksum")?))
    });
    Ok(known.collect())
}

/// Within the crate that builds it.
fn sqlite(workspace: &Workspace, parts: &[Part]) -> Result<Value> {
    let carrier = parts
        .iter()
        .find(|part| part.name == "libsqlite3-sys")
        .context("SQLite is not among the parts: whatever stores entries now has to be listed")?;
    let metadata = workspace
        .cargo("metadata")
        .args(["--format-version", "1"])
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata")?;
    let manifest = packages
        .iter()
        .find(|it| it["name"] == carrier.name.as_str() && it["version"] == carrier.version.as_str())
        .and_then(|it| it["manifest_path"].as_str())
        .context("libsqlite3-sys is not in cargo's metadata")?;
    let header = Path::new(manifest)
        .with_file_name("sqlite3")
        .join("sqlite3.h");
    let header = fs::read_to_string(&header).with_context(|| header.display().to_string())?;
    let version = header
        .lines()
        .find_map(|line| line.strip_prefix("#define SQLITE_VERSION"))
        .and_then(|rest| rest.split('"').nth(1))
        .context("no SQLITE_VERSION in sqlite3.h")?;
    Ok(json!({
        "type": "library",
        "bom-ref": "sqlite",
        "name": "sqlite",
        "version": version,
        "cpe": format!("cpe:2.3:a:sqlite:sqlite:{version}:*:*:*:*:*:*:*"),
        "licenses": [{ "license": { "name": "Public Domain" } }],
        "description": format!("within {} {}", carrier.name, carrier.version),
    }))
}

/// Linked statically.
fn libc(build: &Build) -> Result<Value> {
    let package = build.processor.libc_package();
    let version = output("dpkg-query", &["-W", "-f", "${Version}", package])
        .filter(|version| !version.is_empty())
        .with_context(|| format!("{package} is not installed"))?;
    let upstream = version
        .split(['-', '+'])
        .next()
        .unwrap_or(&version)
        .to_owned();
    Ok(json!({
        "type": "library",
        "bom-ref": "glibc",
        "name": "glibc",
        "version": version,
        "cpe": format!("cpe:2.3:a:gnu:glibc:{upstream}:*:*:*:*:*:*:*"),
        "licenses": [{ "expression": "LGPL-2.1-or-later" }],
        "description": format!("static, of Debian's {package}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn lines_of_cargo_tree_are_read() {
        for (line, name, version, licence) in [
            ("axum v0.8.9|MIT", "axum", "0.8.9", "MIT"),
            (
                "serde_derive v1.0.1 (proc-macro)|MIT OR Apache-2.0",
                "serde_derive",
                "1.0.1",
                "MIT OR Apache-2.0",
            ),
            ("plugpoint v0.1.0 (/x)|MIT (*)", "plugpoint", "0.1.0", "MIT"),
        ] {
            let part = part(line).expect("a part");
            assert_eq!(
                (
                    part.name.as_str(),
                    part.version.as_str(),
                    part.licence.as_str()
                ),
                (name, version, licence)
            );
        }
        assert!(part("").is_none());
    }
}
