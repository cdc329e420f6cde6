//! What a service manager such as systemd is told by the real program, on a real
//! datagram socket: that it is ready, that it lives, and that it does not when
//! something in it hangs. And what a service manager does to it.

mod life;
mod notices;
mod signals;
#[path = "../guard/stage.rs"]
#[allow(dead_code)] // made for other tests too
mod stage;
