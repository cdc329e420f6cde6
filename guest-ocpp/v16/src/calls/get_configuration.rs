//! GetConfiguration: the keys that are named, or all.

use super::Answer;
use crate::charger::Charger;
use crate::config::Key;
use crate::fields::{Fields, property};
use crate::frame::{self, Kind, Violation};
use crate::json::Json;

impl Charger {
    pub(super) fn get_configuration(&mut self, id: &str, fields: Fields<'_, '_>) -> Answer {
        let asked = fields.optional_list("key")?.unwrap_or_default();
        if asked.is_empty() {
            let config = &mut self.config;
            return Ok(Some(frame::result(id, 4096, |w| {
                w.list_at("configurationKey");
                config.write_all(w);
                w.end_list();
            })));
        }
        // The standard lets a charger limit a request, and names no answer to a
        // longer one. What the key allows is always taken; a request for all
        // keys names none, and is never too long.
        let most = self.config.int(Key::GetConfigurationMaxKeys);
        if asked.len() as i64 > most {
            return Err(Violation::new(
                Kind::Count,
                format!("key names more than {most} keys (GetConfigurationMaxKeys)"),
            ));
        }
        let mut known = Vec::with_capacity(asked.len());
        let mut unknown = Vec::new();
        for item in asked {
            let Json::Text(name) = item else {
                return Err(Violation::new(Kind::Type, "key must be a list of strings"));
            };
            if name.chars().count() > 50 {
                return Err(property("a key is longer than 50 characters".to_owned()));
            }
            match self.config.find(name) {
                Some(key) => known.push(key),
                None => unknown.push(&**name),
            }
        }
        let config = &self.config;
        Ok(Some(frame::result(id, 96 * asked.len(), |w| {
            if !known.is_empty() {
                w.list_at("configurationKey");
                for key in known {
                    config.write_key(w, key);
                }
                w.end_list();
            }
            if !unknown.is_empty() {
                w.list_at("unknownKey");
                for name in unknown {
                    w.item_text(name);
                }
                w.end_list();
            }
        })))
    }
}
