//! What can be measured, by its name in the standard.

use crate::host::{Phase, Quantity};

/// One measurand: the register of active import, or a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measurand {
    pub(crate) name: &'static str,
    /// Empty where the standard has none.
    pub(crate) unit: &'static str,
    quantity: Option<Quantity>,
}

impl Measurand {
    /// None: the register of active import, which every meter has.
    pub(crate) fn quantity(&self) -> Option<Quantity> {
        self.quantity
    }

    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        MEASURANDS
            .iter()
            .find(|measurand| measurand.name.eq_ignore_ascii_case(name))
    }
}

const fn measurand(
    name: &'static str,
    unit: &'static str,
    quantity: Option<Quantity>,
) -> Measurand {
    Measurand {
        name,
        unit,
        quantity,
    }
}

static MEASURANDS: [Measurand; 18] = [
    measurand("Energy.Active.Import.Register", "Wh", None),
    measurand(
        "Energy.Active.Export.Register",
        "Wh",
        Some(Quantity::EnergyActiveExport),
    ),
    measurand(
        "Energy.Reactive.Import.Register",
        "varh",
        Some(Quantity::EnergyReactiveImport),
    ),
    measurand(
        "Energy.Reactive.Export.Register",
        "varh",
        Some(Quantity::EnergyReactiveExport),
    ),
    measurand(
        "Power.Active.Import",
        "W",
        Some(Quantity::PowerActiveImport),
    ),
    measurand(
        "Power.Active.Export",
        "W",
        Some(Quantity::PowerActiveExport),
    ),
    measurand(
        "Power.Reactive.Import",
        "var",
        Some(Quantity::PowerReactiveImport),
    ),
    measurand(
        "Power.Reactive.Export",
        "var",
        Some(Quantity::PowerReactiveExport),
    ),
    measurand("Power.Factor", "", Some(Quantity::PowerFactor)),
    measurand("Power.Offered", "W", Some(Quantity::PowerOffered)),
    measurand("Current.Import", "A", Some(Quantity::CurrentImport)),
    measurand("Current.Export", "A", Some(Quantity::CurrentExport)),
    measurand("Current.Offered", "A", Some(Quantity::CurrentOffered)),
    measurand("Voltage", "V", Some(Quantity::Voltage)),
    measurand("Frequency", "", Some(Quantity::Frequency)),
    // So misspelt on purpose: older schemas take nothing else (OCPP-J errata 2.1).
    measurand("Temperature", "Celcius", Some(Quantity::Temperature)),
    measurand("SoC", "Percent", Some(Quantity::StateOfCharge)),
    measurand("RPM", "", Some(Quantity::FanSpeed)),
];

/// An item of a list of measurands: `Current.Import` or `Current.Import.L1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) measurand: &'static Measurand,
    /// None: all phases that the meter offers.
    pub(crate) phase: Option<Phase>,
}

/// What is measured where a list is empty (errata 3.15).
pub(super) static REGISTER: [Selector; 1] = [Selector {
    measurand: &MEASURANDS[0],
    phase: None,
}];

impl Selector {
    /// What a meter offers.
    pub(super) fn offered(quantity: Quantity, phase: Option<Phase>) -> Option<Self> {
        let measurand = MEASURANDS
            .iter()
            .find(|measurand| measurand.quantity == Some(quantity))?;
        Some(Self { measurand, phase })
    }

    pub(super) fn name(&self) -> String {
        match self.phase {
            Some(phase) => format!("{}.{}", self.measurand.name, phase_name(phase)),
            None => self.measurand.name.to_owned(),
        }
    }

    /// As `name`, without making one: this is asked of each reading.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.measurand.name);
        match (self.phase, rest) {
            (None, Some(rest)) => rest.is_empty(),
            (Some(phase), Some(rest)) => rest.strip_prefix('.') == Some(phase_name(phase)),
            (_, None) => false,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(measurand) = Measurand::find(text) {
            return Some(Self {
                measurand,
                phase: None,
            });
        }
        let (name, phase) = text.rsplit_once('.')?;
        let measurand = Measurand::find(name).filter(|measurand| measurand.quantity.is_some())?;
        let (_, phase) = PHASES
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(phase))?;
        Some(Self {
            measurand,
            phase: Some(*phase),
        })
    }
}

const PHASES: [(&str, Phase); 10] = [
    ("L1", Phase::L1),
    ("L2", Phase::L2),
    ("L3", Phase::L3),
    ("N", Phase::N),
    ("L1-N", Phase::L1N),
    ("L2-N", Phase::L2N),
    ("L3-N", Phase::L3N),
    ("L1-L2", Phase::L1L2),
    ("L2-L3", Phase::L2L3),
    ("L3-L1", Phase::L3L1),
];

/// The standard's word for a phase.
pub(crate) fn phase_name(phase: Phase) -> &'static str {
    PHASES
        .iter()
        .find(|(_, known)| *known == phase)
        .map_or("", |(word, _)| word)
}
