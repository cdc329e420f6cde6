//! What runs guests: machine code, the interpreter, and components that were
//! compiled beforehand. That sessions are the same on each is shown by running
//! those tests on each (see `cargo xtask test`).

mod backend;
