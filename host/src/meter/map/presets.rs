//! The maps that the program carries. The manual that each was taken from is
//! named in the file.

/// Name in the configuration, and text.
const PRESETS: &[(&str, &str)] = &[
    ("sdm72", include_str!("../../../meters/sdm72.toml")),
    ("sdm72-v2", include_str!("../../../meters/sdm72-v2.toml")),
    ("sdm120", include_str!("../../../meters/sdm120.toml")),
    ("sdm230", include_str!("../../../meters/sdm230.toml")),
    ("sdm630", include_str!("../../../meters/sdm630.toml")),
    ("em24", include_str!("../../../meters/em24.toml")),
    ("em24-e1", include_str!("../../../meters/em24-e1.toml")),
    ("em340", include_str!("../../../meters/em340.toml")),
    ("b23", include_str!("../../../meters/b23.toml")),
    ("iem3155", include_str!("../../../meters/iem3155.toml")),
];

/// What `map = "…"` may say, besides the path of a file.
#[must_use]
pub fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|(name, _)| *name).collect()
}

pub(super) fn text(name: &str) -> Option<&'static str> {
    let found = PRESETS.iter().find(|(known, _)| *known == name)?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use super::super::RegisterMap;
    use super::*;

    #[test]
    fn every_preset_is_sound_and_every_file_is_a_preset() {
        for (name, text) in PRESETS {
            let map = RegisterMap::parse(text, name).expect("a sound map");
            assert!(!map.batches.is_empty() && !map.source.is_empty(), "{name}");
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/meters");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder of the maps")
            .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into()))
            .collect();
        files.sort();
        let mut presets = names();
        presets.sort_unstable();
        assert_eq!(files, presets);
    }
}
