//! A disk whose power can be cut while a charger writes to it, with a real file
//! system and the kernel's own block layer: ext4 on a loop device on a file that
//! an NBD server of ours stands behind.
//!
//! * [`cache`]: what a disk keeps in memory until it is told to flush, and what
//!   of that is there after a power cut;
//! * [`server`]: the network block device that has such a cache;
//! * [`disk`]: the file system on it, mounted, cut, and taken away again.
//!
//! It needs root, FUSE and loop devices; [`disk::check_machine`] says what is
//! missing. It knows no chargers: it does not judge what was lost.

pub mod cache;
pub mod disk;
pub mod server;

pub use disk::{Barriers, Disk, check_machine};
