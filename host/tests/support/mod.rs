//! Tiny guests, written in WebAssembly text around lists of actions that stand
//! ready in their memory: one behaviour each, also such as no compiler would
//! make.

#![allow(dead_code)] // not every test uses all of it

pub mod slots;

use std::fs;
use std::path::Path;

use plugpoint::guest::{World, interface};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SizeAlign, Type, TypeOwner};

/// Where the prepared memory begins; below is for the host's answers.
const BASE: u32 = 1024;

/// A guest in the making.
pub struct Guest {
    world: World,
    version: &'static str,
    /// Bytes from `BASE` on.
    memory: Vec<u8>,
    action_size: u32,
    /// Body of `start`, of type `i32 -> i32`; by default no actions.
    pub start: String,
    /// Body of `handle`, which has locals `$i`, `$j`.
    pub handle: String,
    /// More fields of the core module.
    pub extra: String,
    /// Pages of memory to begin with.
    pub pages: u32,
    /// Import an interface that no guest gets.
    pub wants_clock: bool,
}

/// One action in the layout of the canonical ABI: case, then words and strings
/// from offset 8 on.
pub struct Raw {
    case: u8,
    payload: Vec<Part>,
}

/// Pieces of a payload, each naturally aligned.
pub enum Part {
    U8(u8),
    U32(u32),
    U64(u64),
    Bytes(Vec<u8>),
}

pub fn keep(key: &str, value: &[u8], durability: u8) -> Raw {
    let payload = vec![
        Part::Bytes(key.into()),
        Part::Bytes(value.into()),
        Part::U8(durability),
        Part::U8(0),
    ];
    Raw { case: 0, payload }
}

pub fn forget(key: &str) -> Raw {
    raw(1, vec![Part::Bytes(key.into())])
}

/// `send` in the world `ocpp`.
pub fn send(text: &str) -> Raw {
    raw(4, vec![Part::U32(1), Part::Bytes(text.into())])
}

/// `permit` in the world `ocpp`, without energy limit.
pub fn permit(outlet: u32, limit_ma: u32, phases: u8) -> Raw {
    let payload = vec![
        Part::U32(outlet),
        Part::U32(limit_ma),
        // No limit of power.
        Part::U32(0),
        Part::U32(0),
        Part::U8(phases),
        Part::U64(0),
        Part::U64(0),
        // No steps, no reason.
        Part::U32(0),
        Part::U32(0),
        Part::U32(0),
        Part::U32(0),
        Part::U64(7),
    ];
    raw(7, payload)
}

pub fn raw(case: u8, payload: Vec<Part>) -> Raw {
    Raw { case, payload }
}

impl Guest {
    pub fn new(world: World) -> Self {
        let (resolve, _) = wit(world, interface(), false);
        let mut sizes = SizeAlign::default();
        sizes.fill(&resolve).expect("sizes of the types");
        let exported = interface_of(world);
        let (id, _) = resolve
            .types
            .iter()
            .find(|(_, ty)| {
                ty.name.as_deref() == Some("action")
                    && matches!(ty.owner, TypeOwner::Interface(id)
                        if resolve.interfaces[id].name.as_deref() == Some(exported))
            })
            .expect("the type `action`");
        Self {
            world,
            version: interface(),
            memory: Vec::new(),
            action_size: sizes.size(&Type::Id(id)).size_wasm32() as u32,
            start: "(i32.const 0)".into(),
            handle: "(i32.const 0)".into(),
            extra: String::new(),
            pages: 4,
            wants_clock: false,
        }
    }

    /// Built against interfaces of another version.
    pub fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Puts bytes into memory; their address.
    pub fn bytes(&mut self, bytes: &[u8]) -> u32 {
        let address = BASE + self.memory.len() as u32;
        self.memory.extend_from_slice(bytes);
        self.memory.resize(self.memory.len().next_multiple_of(8), 0);
        address
    }

    /// Puts a list of actions into memory; an expression that returns it.
    pub fn list(&mut self, actions: &[Raw]) -> String {
        let mut elements = Vec::new();
        for action in actions {
            let mut element = vec![action.case, 0, 0, 0, 0, 0, 0, 0];
            for part in &action.payload {
                match part {
                    Part::U8(value) => element.push(*value),
                    Part::U32(value) => {
                        element.resize(element.len().next_multiple_of(4), 0);
                        element.extend(value.to_le_bytes());
                    }
                    Part::U64(value) => {
                        element.resize(element.len().next_multiple_of(8), 0);
                        element.extend(value.to_le_bytes());
                    }
                    Part::Bytes(bytes) => {
                        let address = self.bytes(bytes);
                        element.resize(element.len().next_multiple_of(4), 0);
                        element.extend(address.to_le_bytes());
                        element.extend((bytes.len() as u32).to_le_bytes());
                    }
                }
            }
            element.resize(self.action_size as usize, 0);
            elements.extend(element);
        }
        let at = self.bytes(&elements);
        self.list_of(at, actions.len() as u32)
    }

    /// An expression that returns the list of so many actions at an address.
    pub fn list_of(&mut self, at: u32, length: u32) -> String {
        let head = [at.to_le_bytes(), length.to_le_bytes()].concat();
        format!("(i32.const {})", self.bytes(&head))
    }

    /// The word at an address.
    pub fn word(&self, address: u32) -> u32 {
        let at = (address - BASE) as usize;
        u32::from_le_bytes(self.memory[at..at + 4].try_into().expect("four bytes"))
    }

    /// Expressions that write a log line (0 is the level error).
    pub fn log(&mut self, level: u8, message: &str) -> String {
        let at = self.bytes(message.as_bytes());
        let length = message.len();
        format!("(call $log (i32.const {level}) (i32.const {at}) (i32.const {length}))")
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        let (resolve, package) = wit(self.world, self.version, self.wants_clock);
        let world = resolve
            .select_world(&[package], Some(&self.world.to_string()))
            .expect("the world");
        let mut module = self.core();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .expect("metadata");
        ComponentEncoder::default()
            .validate(true)
            .module(&module)
            .expect("a module with metadata")
            .encode()
            .expect("a component")
    }

    /// The core module alone.
    pub fn core(&self) -> Vec<u8> {
        let Self {
            version,
            start,
            handle,
            extra,
            ..
        } = self;
        let exported = interface_of(self.world);
        let data: String = self.memory.iter().map(|b| format!("\\{b:02x}")).collect();
        let heap = (BASE as usize + self.memory.len()).next_multiple_of(16);
        // Room for what the host hands over.
        let pages = self.pages.max(heap as u32 / 65_536 + 2);
        let clock = if self.wants_clock {
            r#"(import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (result i64)))"#
        } else {
            ""
        };
        let text = format!(
            r#"(module
              (import "plugpoint:charger/log@{version}" "write"
                (func $log (param i32 i32 i32)))
              (import "plugpoint:charger/entries@{version}" "get"
                (func $get (param i32 i32 i32)))
              {clock}
              (memory (export "memory") {pages})
              (global $heap (mut i32) (i32.const {heap}))
              (data (i32.const {BASE}) "{data}")
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
                (global.set $heap (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
              {extra}
              (func (export "plugpoint:charger/{exported}@{version}#start")
                (param $boot i32) (result i32) (local $i i32) (local $j i32)
                {start}
                (global.set $heap (i32.const {heap})))
              (func (export "plugpoint:charger/{exported}@{version}#handle")
                (param $event i32) (result i32) (local $i i32) (local $j i32)
                {handle}
                (global.set $heap (i32.const {heap}))))"#
        );
        wat::parse_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
    }
}

fn interface_of(world: World) -> &'static str {
    match world {
        World::Ocpp => "protocol",
        World::Policy => "authorization",
    }
}

/// The project's own interfaces, but for what a test wants otherwise.
fn wit(world: World, version: &str, wants_clock: bool) -> (Resolve, wit_parser::PackageId) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let copy = tempfile::tempdir().expect("a folder");
    for file in fs::read_dir(source).expect("wit/").flatten() {
        let name = file.file_name();
        if !name.to_string_lossy().ends_with(".wit") {
            continue;
        }
        let mut text = fs::read_to_string(file.path()).expect("text");
        text = text.replace(&format!("@{}", interface()), &format!("@{version}"));
        if wants_clock {
            let begin = format!("world {world} {{");
            let import = format!("{begin}\n    import wasi:clocks/wall-clock@0.2.0;");
            text = text.replace(&begin, &import);
        }
        fs::write(copy.path().join(name), text).expect("a copy");
    }
    let dependency = copy.path().join("deps/clocks");
    fs::create_dir_all(&dependency).expect("a folder");
    fs::write(
        dependency.join("clock.wit"),
        "package wasi:clocks@0.2.0; interface wall-clock { now: func() -> u64; }",
    )
    .expect("a file");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(copy.path()).expect("the interfaces");
    (resolve, package)
}
