//! The power goes while a car is charging, under a charger whose disk loses what
//! it was not told to flush, in any order. Whatever was acknowledged before is
//! there afterwards; and the same without barriers does lose some of it.
//!
//! `cargo xtask powercut` runs this alone. PLUGPOINT_CUTS and PLUGPOINT_SEED set
//! how often and the numbers that everything random is made of.

mod barriers;
mod cuts;
mod evidence;
#[path = "../crash/hands.rs"]
mod hands;
mod installations;
mod trial;
#[allow(dead_code)] // who installs one component needs less of it
#[path = "../swap/vendor.rs"]
mod vendor;
