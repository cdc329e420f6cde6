//! The program's commands as people at a terminal use them: what they print, how they
//! end, and that nobody needs to go on listening.

mod events;
mod looking;
mod manual;
mod pipes;
mod settings;
mod signatures;
mod status;
mod tool;
