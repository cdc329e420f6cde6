//! `plugpoint sim …`: which acts there are. Not here: how they are done.

use clap::{Subcommand, ValueEnum};
use plugpoint::operator::Act;

#[derive(Subcommand)]
pub(super) enum SimCommand {
    /// A car plugs in.
    Plug {
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
        /// The most that it draws, in amperes.
        #[arg(long, value_name = "A")]
        current: Option<f64>,
        /// How many phases it draws on.
        #[arg(long, value_name = "N")]
        phases: Option<u8>,
        /// How much it takes before it is full, in watt-hours.
        #[arg(long, value_name = "WH")]
        capacity: Option<f64>,
    },
    /// The car is unplugged, also while it charges.
    Unplug {
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
        /// It is pulled out of the car only: the cable stays in the socket.
        #[arg(long)]
        cable_stays: bool,
    },
    /// The car pauses: it stops drawing.
    Pause {
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
    },
    /// The car draws again.
    Resume {
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
    },
    /// A card is presented.
    Card {
        /// What the card says, such as 04A1B2C3.
        token: String,
        /// Only at the reader of this connector; may be given several times.
        #[arg(long, value_name = "N")]
        connector: Vec<u32>,
    },
    /// Something breaks, such as GroundFailure; another word is passed on as the
    /// manufacturer's own.
    Fault {
        /// What.
        kind: String,
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
    },
    /// It is mended: all faults of a connector, or one.
    ClearFault {
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
        /// Only this one.
        #[arg(long)]
        kind: Option<String>,
    },
    /// The meter's register is set.
    Meter {
        /// The register, in watt-hours.
        energy_wh: f64,
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
    },
    /// The motor of the cable's lock jams, or works again.
    Lock {
        /// Which of both.
        motor: Motor,
        /// The connector's number.
        #[arg(default_value_t = 1)]
        connector: u32,
    },
    /// The emergency stop of the whole charger is pressed (on) or released (off).
    EmergencyStop {
        /// Which of both.
        state: Switch,
    },
    /// The network comes (on) or goes (off).
    Network {
        /// Which of both.
        state: Switch,
    },
    /// The mains fail (off): the charger says what it still can, and ends.
    Mains {
        /// Which of both.
        state: Switch,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Motor {
    Jams,
    Works,
}

impl SimCommand {
    /// What is to happen.
    pub(super) fn act(self) -> Act {
        let on = |state| state == Switch::On;
        match self {
            Self::Plug {
                connector,
                current,
                phases,
                capacity,
            } => Act::Plug {
                connector,
                current_a: current,
                phases,
                capacity_wh: capacity,
            },
            Self::Unplug {
                connector,
                cable_stays,
            } => Act::Unplug {
                connector,
                cable_stays,
            },
            Self::Pause { connector } => Act::EvState {
                connector,
                state: "B",
            },
            Self::Resume { connector } => Act::EvState {
                connector,
                state: "C",
            },
            Self::Card { token, connector } => Act::Card {
                token,
                connectors: connector,
            },
            Self::Fault { kind, connector } => Act::Fault { connector, kind },
            Self::ClearFault { connector, kind } => Act::ClearFault { connector, kind },
            Self::Meter {
                energy_wh,
                connector,
            } => Act::Meter {
                connector,
                energy_wh,
            },
            Self::Lock { motor, connector } => Act::Lock {
                connector,
                jammed: motor == Motor::Jams,
            },
            Self::EmergencyStop { state } => Act::EmergencyStop(on(state)),
            Self::Network { state } => Act::Network(on(state)),
            Self::Mains { state } => Act::Mains(on(state)),
        }
    }
}
