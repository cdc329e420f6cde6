//! What the author of a file can do about it, where a charger cannot take it: told
//! from the file's declarations, without running anything.

use wasmparser::{Parser, Payload};

/// What a core module lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreModule {
    /// The interface is in it: only the last step of the build is missing.
    Unwrapped,
    /// It was built for a system with files and sockets.
    Wasi,
    /// It says nothing of any interface.
    WithoutInterface,
}

impl CoreModule {
    /// Looks at a core module. One that is damaged says nothing of an interface.
    pub(super) fn of(wasm: &[u8]) -> Self {
        let mut found = Self::WithoutInterface;
        for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
            match payload {
                // Where `wit-bindgen` leaves the world that a module is for.
                Payload::CustomSection(it) if it.name().starts_with("component-type") => {
                    return Self::Unwrapped;
                }
                Payload::ImportSection(imports) => {
                    let mut modules = imports.into_imports().flatten().map(|it| it.module);
                    if modules.any(|module| module.starts_with("wasi")) {
                        found = Self::Wasi;
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// What to do.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Unwrapped => {
                "its interface is in it, so `plugpoint component wrap FILE --name NAME --version VERSION` makes it one"
            }
            Self::Wasi => {
                "it was built for WASI, which no guest gets; in Rust build it for wasm32-unknown-unknown, then `plugpoint component wrap` it"
            }
            Self::WithoutInterface => {
                "and there is no interface in it (in Rust: `wit_bindgen::generate!` and `export!`); `plugpoint component new` writes a project that has one"
            }
        }
    }
}

/// Imports that are not granted, each package of WASI once.
pub(super) fn wanted(imports: &[String]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut wasi = 0;
    for import in imports {
        let is_wasi = import.starts_with("wasi:");
        wasi += usize::from(is_wasi);
        let name = match import.split_once('/') {
            Some((package, _)) if is_wasi => package,
            _ => import,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let wanted = names.join(", ");
    match wasi {
        0 => format!("{wanted}, not granted: a guest gets `log` and `entries` and nothing else"),
        _ => format!(
            "{wanted}, not granted: a guest gets `log` and `entries` and nothing else; build it without WASI ({})",
            "in Rust for wasm32-unknown-unknown, with componentize-js and componentize-py with --stub-wasi"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{CoreModule, wanted};

    #[test]
    fn a_module_is_told_from_another() {
        let module = |text: &str| wat::parse_str(text).expect("a module");
        let plain = module("(module)");
        assert_eq!(CoreModule::of(&plain), CoreModule::WithoutInterface);
        let wasi = module(r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#);
        assert_eq!(CoreModule::of(&wasi), CoreModule::Wasi);
        let bound = module(r#"(module (@custom "component-type:x" "y"))"#);
        assert_eq!(CoreModule::of(&bound), CoreModule::Unwrapped);
    }

    #[test]
    fn wasi_is_named_once() {
        let imports = [
            "wasi:io/streams@0.2.3",
            "wasi:io/poll@0.2.3",
            "acme:x/files",
        ];
        let said = wanted(&imports.map(str::to_owned));
        assert!(
            said.starts_with("wasi:io, acme:x/files, not granted"),
            "{said}"
        );
        assert!(said.contains("--stub-wasi"), "{said}");
        let said = wanted(&["acme:x/files".to_owned()]);
        assert!(!said.contains("WASI"), "{said}");
    }
}
