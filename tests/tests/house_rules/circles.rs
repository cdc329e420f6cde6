//! Circles of imports among the modules of a crate: where there is one, none of its
//! modules can be understood, tested or moved alone.

use std::collections::{BTreeMap, BTreeSet};

/// Which modules a crate has, and which of the others each of them names.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// From the sources of a crate: paths below `src`, such as `json/reader.rs`, and texts.
/// A folder counts as one module; the root of the crate as none.
pub fn imports(sources: &[(String, String)]) -> Imports {
    let module = |path: &str| {
        let first = path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs").to_owned()
    };
    let names: BTreeSet<String> = sources
        .iter()
        .map(|(path, _)| module(path))
        .filter(|name| name != "lib" && name != "main")
        .collect();
    let mut all: Imports = names
        .iter()
        .map(|name| (name.clone(), BTreeSet::new()))
        .collect();
    for (path, text) in sources {
        let here = module(path);
        let is_at_the_root = !path.contains('/');
        let Some(edges) = all.get_mut(&here) else {
            continue;
        };
        for named in named(text, is_at_the_root) {
            if named != here && names.contains(&named) {
                edges.insert(named);
            }
        }
    }
    all
}

/// Modules that a source names by `crate::`, or, at the root, by `super::`. What is for
/// its own tests only does not count.
fn named(text: &str, is_at_the_root: bool) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for line in code.lines().map(str::trim_start) {
        if line.starts_with("//") {
            continue;
        }
        let roots: &[&str] = if is_at_the_root {
            &["crate::", "super::"]
        } else {
            &["crate::"]
        };
        for root in roots {
            for (at, _) in line.match_indices(root) {
                let rest = &line[at + root.len()..];
                let rest = rest.strip_prefix('{').map_or(rest, |list| list);
                let word = |text: &str| {
                    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
                    text[..end.unwrap_or(text.len())].to_owned()
                };
                found.insert(word(rest));
            }
        }
    }
    found
}

/// Each circle, as the sorted names of its modules: those that reach each other.
pub fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = imports
        .keys()
        .map(|name| (name, reached_from(imports, name)))
        .collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for name in imports.keys() {
        let circle: Vec<String> = imports
            .keys()
            .filter(|other| reach[name].contains(other) && reach[other].contains(name))
            .cloned()
            .collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reached_from<'a>(imports: &'a Imports, from: &str) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = imports[from].iter().collect();
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            next.extend(&imports[name]);
        }
    }
    reached
}

#[test]
fn a_circle_is_found() {
    let source = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let sources = [
        source("lib.rs", "mod a; mod b; mod c; mod d;"),
        source("a.rs", "use crate::b::B;\n// crate::d\n"),
        source("b/mod.rs", "mod inner;"),
        source("b/inner.rs", "use super::X; use crate::c;"),
        source("c.rs", "fn f() { super::a::f() }\n"),
        source(
            "d.rs",
            "use crate::{a, b};\n#[cfg(test)]\nmod tests { use crate::d; }",
        ),
    ];
    let imports = imports(&sources);
    assert_eq!(circles(&imports), [["a", "b", "c"]]);
}
