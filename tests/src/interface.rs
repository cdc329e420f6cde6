//! The interface that components are built against: the package of `wit/`.

/// Its version, such as `0.2.0`, from the files themselves.
///
/// # Panics
/// If they declare none.
#[must_use]
pub fn version() -> &'static str {
    let (_, rest) = include_str!("../../wit/imports.wit")
        .split_once("package plugpoint:charger@")
        .expect("a package");
    rest.split_once(';').expect("its end").0
}

/// The imports that a guest gets, sorted.
#[must_use]
pub fn granted() -> [String; 2] {
    ["entries", "log"].map(|name| format!("plugpoint:charger/{name}@{}", version()))
}
