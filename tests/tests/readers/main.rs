//! Card readers at the other end of a line, through the real program: a PN532
//! that libnfc takes for one too, and readers that write lines. The keyboard
//! reader needs a kernel with one, and is tried on the virtual board.

mod configuration;
mod pn532;
mod serial;
mod stage;
