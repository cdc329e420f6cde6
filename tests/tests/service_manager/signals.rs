//! What a service manager sends to all processes of a service at once.

use crate::stage::{PATIENCE, Stage, signal};

/// To a main process that hangs, with the guard beside it: the guard must live on
/// until the contactors are open.
#[test]
fn abort_of_all_processes_opens_the_contactors() {
    let stage = Stage::charging(|config| config);
    let (main, guard) = (stage.main(), stage.guard());
    signal("STOP", main);
    // The guard first: it would otherwise see the end of the main process anyway.
    signal("ABRT", guard);
    signal("ABRT", main);
    signal("CONT", main);
    stage.chip.wait("K1", false, PATIENCE);
}
