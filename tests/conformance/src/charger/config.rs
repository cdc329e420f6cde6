//! A configuration file for the charger under test. Knows the sections that
//! tests need and no defaults of the program: what is not set is not written.

use std::path::Path;

use toml::{Table, Value};

/// A configuration in the making.
#[derive(Debug, Clone)]
pub struct Config {
    table: Table,
}

/// The back end that all chargers run their guests on (`[guests] backend`), so
/// that the same tests can be run on another one. Unset: the program's default.
const BACKEND: &str = "PLUGPOINT_TEST_BACKEND";
/// How much slower than this machine the one is that is emulated (`[limits]
/// time_factor`).
const TIME_FACTOR: &str = "PLUGPOINT_TEST_TIME_FACTOR";

impl Config {
    /// A charger with one connector and one reader that dials `csms_url`.
    pub fn new(csms_url: &str) -> Config {
        let config = Config {
            table: Table::new(),
        };
        let config = match std::env::var(BACKEND) {
            Ok(backend) => config.set("guests.backend", backend),
            Err(_) => config,
        };
        let config = match std::env::var(TIME_FACTOR).map(|text| text.parse::<i64>()) {
            Ok(Ok(factor)) => config.set("limits.time_factor", factor),
            _ => config,
        };
        config
            .set("charge_point.id", "CP001")
            .set("charge_point.vendor", "Plugpoint")
            .set("charge_point.model", "Test")
            .set("charge_point.serial_number", "SN-1")
            .set("charge_point.firmware_version", "1.0")
            .set("csms.url", csms_url)
            .set("control.listen", "127.0.0.1:0")
            .connectors(1)
    }

    /// The configuration in a file, as it stands.
    ///
    /// # Errors
    /// If it is no TOML.
    pub fn parse(text: &str) -> anyhow::Result<Config> {
        Ok(Config {
            table: text.parse()?,
        })
    }

    /// The value of a key, named with its sections; an item of a list by its
    /// place: `connector.0.cable`.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut names = path.split('.');
        let mut value = self.table.get(names.next()?)?;
        for name in names {
            value = match value {
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                Value::Table(table) => table.get(name)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Sets a key, named with its sections: `charge_point.id`.
    ///
    /// # Panics
    /// If a section on the way is no section; that is a mistake in the test.
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Config {
        let mut table = &mut self.table;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                table.insert(name.to_owned(), value.into());
                break;
            }
            table = table
                .entry(name)
                .or_insert_with(|| Value::Table(Table::new()))
                .as_table_mut()
                .unwrap_or_else(|| panic!("{name} in {path} is no section"));
        }
        self
    }

    /// Leaves a whole section or key of the top level out.
    pub fn without(mut self, name: &str) -> Config {
        self.table.remove(name);
        self
    }

    /// So many connectors with fixed cables, and one reader for them all.
    pub fn connectors(self, count: u32) -> Config {
        self.connectors_with(count, "fixed")
    }

    /// So many connectors with sockets, and one reader for them all.
    pub fn sockets(self, count: u32) -> Config {
        self.connectors_with(count, "socket")
    }

    /// One connector with a fixed cable for each of these tables of lines.
    ///
    /// # Panics
    /// If one is no TOML; that is a mistake in the test.
    pub fn gpio(self, lines: &[&str]) -> Config {
        let mut config = self.connectors_with(u32::try_from(lines.len()).unwrap_or(0), "fixed");
        for (index, lines) in lines.iter().enumerate() {
            let text = format!("lines = {{ {lines} }}");
            let lines: Table = text.parse().expect("a table of lines");
            let connector = &mut config.table["connector"][index];
            if let Some(connector) = connector.as_table_mut() {
                connector.insert("driver".into(), "gpio".into());
                connector.extend(lines);
            }
        }
        config
    }

    /// Makes a connector a simulated one again.
    ///
    /// # Panics
    /// If there is no such connector; that is a mistake in the test.
    pub fn simulated(mut self, connector: usize) -> Config {
        let connector = self.table["connector"][connector - 1].as_table_mut();
        let connector = connector.expect("a connector");
        connector.insert("driver".into(), "sim".into());
        connector.remove("lines");
        self
    }

    /// A lamp of connector 1 that is lit while this is shown.
    pub fn lamp(mut self, line: &str, on: &str) -> Config {
        let mut lamp = Table::new();
        lamp.insert("line".into(), line.into());
        lamp.insert("on".into(), Value::Array(vec![on.into()]));
        if let Some(connector) = self.table["connector"][0].as_table_mut()
            && let Some(lamps) = connector
                .entry("lamp")
                .or_insert_with(|| Value::Array(Vec::new()))
                .as_array_mut()
        {
            lamps.push(Value::Table(lamp));
        }
        self
    }

    /// A factory value of an OCPP configuration key.
    pub fn ocpp(self, key: &str, value: &str) -> Config {
        self.set(&format!("ocpp.{key}"), value)
    }

    /// Throws the instances away after every event.
    pub fn amnesia(self, on: bool) -> Config {
        self.set("debug.amnesia", on)
    }

    /// Plug, faults and registers survive the process, as with real hardware.
    pub fn persistent(self) -> Config {
        self.set("sim.persistent", true)
    }

    /// Aborts the process at the n-th point of this kind: `commit`, `effect` or
    /// `event`.
    pub fn crash(self, at: &str, n: u64) -> Config {
        self.set("debug.crash.at", at)
            .set("debug.crash.n", n as i64)
    }

    /// At [`Config::crash`], everything but the charger's loop goes on for a
    /// while before the process aborts.
    pub fn linger(self, linger_ms: u64) -> Config {
        self.set("debug.crash.linger_ms", linger_ms as i64)
    }

    /// Without [`Config::crash`].
    pub fn no_crash(mut self) -> Config {
        if let Some(debug) = self.table.get_mut("debug").and_then(Value::as_table_mut) {
            debug.remove("crash");
        }
        self
    }

    /// Adds a policy to the chain; an empty `on_failure` leaves that key out.
    pub fn policy(mut self, name: &str, file: Option<&Path>, on_failure: &str) -> Config {
        let mut policy = Table::new();
        policy.insert("name".into(), name.into());
        if let Some(file) = file {
            policy.insert("file".into(), file.to_string_lossy().into_owned().into());
        }
        if !on_failure.is_empty() {
            policy.insert("on_failure".into(), on_failure.into());
        }
        let chain = self
            .table
            .entry("policy")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(chain) = chain.as_array_mut() {
            chain.push(Value::Table(policy));
        }
        self
    }

    /// The meter of a connector.
    ///
    /// # Panics
    /// If there is no such connector.
    pub fn meter(mut self, connector: usize, meter: Table) -> Config {
        let connectors = self
            .table
            .get_mut("connector")
            .and_then(Value::as_array_mut);
        connectors
            .and_then(|all| all.get_mut(connector - 1)?.as_table_mut())
            .expect("a connector")
            .insert("meter".into(), Value::Table(meter));
        self
    }

    /// One reader, in place of all others.
    pub fn reader(mut self, reader: Table) -> Config {
        self.table
            .insert("reader".into(), Value::Array(vec![Value::Table(reader)]));
        self
    }

    /// A setting of the policy that was added last.
    ///
    /// # Panics
    /// If there is none.
    pub fn policy_setting(self, name: &str, value: &str) -> Config {
        self.of_last_policy("settings", name, value.into())
    }

    /// A limit of the policy that was added last.
    ///
    /// # Panics
    /// If there is none.
    pub fn policy_limit(self, name: &str, value: i64) -> Config {
        self.of_last_policy("limits", name, value.into())
    }

    fn of_last_policy(mut self, section: &str, name: &str, value: Value) -> Config {
        self.table
            .get_mut("policy")
            .and_then(Value::as_array_mut)
            .and_then(|chain| chain.last_mut())
            .and_then(Value::as_table_mut)
            .expect("a policy before its settings")
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .expect("a section")
            .insert(name.to_owned(), value);
        self
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        self.table.to_string()
    }

    fn connectors_with(mut self, count: u32, cable: &str) -> Config {
        let connectors = (1..=count).map(|id| {
            let mut it = Table::new();
            it.insert("id".into(), i64::from(id).into());
            it.insert("driver".into(), "sim".into());
            it.insert("cable".into(), cable.into());
            it.insert("max_current_a".into(), 32.into());
            it.insert("phases".into(), 3.into());
            Value::Table(it)
        });
        self.table
            .insert("connector".into(), Value::Array(connectors.collect()));
        let mut reader = Table::new();
        reader.insert("driver".into(), "sim".into());
        let all = (1..=count).map(|id| Value::from(i64::from(id))).collect();
        reader.insert("connectors".into(), Value::Array(all));
        self.table
            .insert("reader".into(), Value::Array(vec![Value::Table(reader)]));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn paths_become_sections() {
        let text = Config::new("ws://x")
            .crash("effect", 3)
            .ocpp("A", "1")
            .to_text();
        let table: toml::Table = text.parse().expect("TOML");
        assert_eq!(table["debug"]["crash"]["n"].as_integer(), Some(3));
        assert_eq!(table["ocpp"]["A"].as_str(), Some("1"));
        assert_eq!(table["connector"][0]["id"].as_integer(), Some(1));
        let text = Config::new("ws://x")
            .crash("effect", 3)
            .no_crash()
            .to_text();
        assert!(!text.contains("crash"));
    }
}
