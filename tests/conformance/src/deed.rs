//! What people and cars do to a charger, as a value: so that it can be done now,
//! or when the power is back. Not how: that is each station's.

/// Something that is done to the charger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A car plugs in, and will draw what it may.
    Plug(u32),
    /// The car goes: of a fixed cable, or with the cable out of the socket.
    Unplug(u32),
    /// The cable is pulled out of the car and stays in the socket. On a fixed
    /// cable the same as [`Deed::Unplug`].
    UnplugAtCar(u32),
    /// The car asks for energy, or pauses.
    CarAsks(u32, bool),
    /// Something breaks (a ChargePointErrorCode).
    Fault(u32, String),
    /// All that is broken is repaired.
    Repair(u32),
    /// The lock's motor is stuck, or works.
    Jam(u32, bool),
    /// A card is held to the reader.
    Card(String),
}
