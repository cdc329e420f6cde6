//! What a component says of itself, read without running or compiling it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasmparser::{
    BinaryReader, ComponentName, ComponentNameSectionReader, ComponentTypeRef, Encoding, Parser,
    Payload, ProducersSectionReader,
};

use super::fit::{self, BuiltFor, Misfit, World};
use super::precompiled::{self, CompiledFor};
use crate::slots::{Schemas, schemas};

/// A component's own declarations. Its list of imports is complete: what is not
/// on it, the component cannot do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// From its metadata; none if the build left it out.
    pub name: Option<String>,
    /// From its metadata; none if the build left it out.
    pub version: Option<String>,
    /// Which build of that version: what its metadata call the revision, else
    /// the linker's build id.
    pub build: Option<String>,
    /// The schemas of entries that it reads and writes.
    pub schemas: Schemas,
    /// SHA-256 of the file, in hex.
    pub hash: String,
    /// Size of the file in bytes.
    pub size: usize,
    /// Everything it asks for.
    pub imports: Vec<String>,
    /// Everything it offers.
    pub exports: Vec<String>,
    /// What it was made with, such as `Rust 1.95.0`.
    pub made_with: Vec<String>,
    /// If it was compiled beforehand: for what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compiled_for: Option<CompiledFor>,
}

impl Inspection {
    /// Reads a component's declarations, or, if it was compiled beforehand, what
    /// was written down of them. Its code is not looked at.
    pub fn of(wasm: &[u8]) -> Result<Self, Misfit> {
        if precompiled::is_precompiled(wasm) {
            return precompiled::inspect(wasm);
        }
        fit::check_header(wasm)?;
        let mut found = Self {
            name: None,
            version: None,
            build: None,
            schemas: Schemas::default(),
            hash: hex::encode(Sha256::digest(wasm)),
            size: wasm.len(),
            imports: Vec::new(),
            exports: Vec::new(),
            made_with: Vec::new(),
            compiled_for: None,
        };
        found.read(wasm).map_err(|e| Misfit::Broken {
            text: e.to_string(),
        })?;
        Ok(found)
    }

    /// Whether this charger can use it in a slot of that world, and if not, why.
    pub fn fits(&self, world: World) -> Result<BuiltFor, Misfit> {
        fit::check(self, world)
    }

    /// The world it is made for, if there is one.
    pub fn world(&self) -> Result<World, Misfit> {
        fit::world_of(self)
    }

    /// What to call it in a log line.
    #[must_use]
    pub fn name_or_hash(&self) -> &str {
        self.name
            .as_deref()
            .unwrap_or_else(|| self.hash.get(..12).unwrap_or(&self.hash))
    }

    /// What it can do, in words, one sentence each.
    #[must_use]
    pub fn can(&self) -> Vec<String> {
        fit::can(self)
    }

    /// What it cannot do, or why it is refused, in words.
    #[must_use]
    pub fn cannot(&self) -> Vec<String> {
        fit::cannot(self)
    }

    /// For `--json`: the declarations with the verdict in words.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        let world = self.world();
        json["fits"] = world.is_ok().into();
        json["world"] = match &world {
            Ok(world) => world.to_string().into(),
            Err(_) => serde_json::Value::Null,
        };
        json["can"] = self.can().into();
        json["cannot"] = self.cannot().into();
        json["refused"] = match world {
            Ok(_) => serde_json::Value::Null,
            Err(misfit) => misfit.to_string().into(),
        };
        json
    }

    fn read(&mut self, wasm: &[u8]) -> wasmparser::Result<()> {
        // 0 is the component, 1 the modules and components within it.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::Version { encoding, .. } if depth == 0 => {
                    debug_assert_eq!(encoding, Encoding::Component);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) if depth > 0 => depth -= 1,
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        self.imports.push(import?.name.name.to_string());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        let export = export?;
                        if !matches!(export.ty, Some(ComponentTypeRef::Type(_))) {
                            self.exports.push(export.name.name.to_string());
                        }
                    }
                }
                Payload::CustomSection(custom) if depth <= 1 => {
                    self.custom(depth, custom.name(), custom.data(), custom.data_offset());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Metadata as the usual tools write them: the component's own go before those
    /// of a module within it. Whatever is wrong with them is no reason to refuse a
    /// component.
    fn custom(&mut self, depth: u32, name: &str, data: &[u8], offset: u64) {
        match name {
            "component-name" => {
                let reader = BinaryReader::new(data, offset);
                for part in ComponentNameSectionReader::new(reader).flatten() {
                    if let ComponentName::Component { name, .. } = part {
                        self.name = Some(plain(name));
                    }
                }
            }
            "version" if self.version.is_none() || depth == 0 => {
                self.version = std::str::from_utf8(data).ok().map(plain);
            }
            "revision" => {
                self.build = std::str::from_utf8(data).ok().map(plain);
            }
            // A length in one byte, then so many bytes.
            "build_id" if self.build.is_none() => {
                self.build = data.get(1..).map(hex::encode).map(|id| plain(&id));
            }
            schemas::SECTION => {
                let said = std::str::from_utf8(data).ok().and_then(Schemas::parse);
                self.schemas = said.unwrap_or_default();
            }
            "producers" => {
                let Ok(fields) = ProducersSectionReader::new(BinaryReader::new(data, offset))
                else {
                    return;
                };
                for field in fields.into_iter().flatten() {
                    for value in field.values.into_iter().flatten() {
                        let made = plain(format!("{} {}", value.name, value.version).trim());
                        if !self.made_with.contains(&made) {
                            self.made_with.push(made);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// Text out of a file, fit for a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(128)
        .collect::<String>()
        .trim()
        .to_string()
}

/// For people, over several lines.
impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = "(not stated)";
        writeln!(f, "name      {}", self.name.as_deref().unwrap_or(unknown))?;
        writeln!(
            f,
            "version   {}",
            self.version.as_deref().unwrap_or(unknown)
        )?;
        writeln!(f, "build     {}", self.build.as_deref().unwrap_or(unknown))?;
        writeln!(f, "entries   {}", self.schemas)?;
        writeln!(f, "hash      sha256:{}", self.hash)?;
        writeln!(f, "size      {} bytes", self.size)?;
        if !self.made_with.is_empty() {
            writeln!(f, "made with {}", self.made_with.join(", "))?;
        }
        if let Some(it) = &self.compiled_for {
            writeln!(f, "compiled  for {} by wasmtime {}", it.target, it.wasmtime)?;
            writeln!(f, "          of sha256:{}", it.component)?;
        }
        list(f, "imports", &self.imports)?;
        list(f, "exports", &self.exports)?;
        match self.world() {
            Ok(world) => writeln!(f, "verdict   usable as {}", world.role())?,
            Err(misfit) => writeln!(f, "verdict   refused: {misfit}")?,
        }
        list(f, "can", &self.can())?;
        list(f, "cannot", &self.cannot())
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, items: &[String]) -> fmt::Result {
    if items.is_empty() {
        return writeln!(f, "{title:<9} nothing");
    }
    for (i, item) in items.iter().enumerate() {
        let title = if i == 0 { title } else { "" };
        writeln!(f, "{title:<9} {item}")?;
    }
    Ok(())
}
