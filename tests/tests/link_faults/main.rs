//! Everything that goes wrong between charger and central system, while a car
//! charges: the right reaction, charging is never blocked, and no transaction
//! message is ever lost.

mod certificates;
mod cuts;
mod doors;
mod silence;
mod stage;
