//! The program `plugpoint`.
fn main() {}
