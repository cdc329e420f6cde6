//! `plugpoint component logs`: what components say while they run.

use crate::operator::{ClientError, Control, Events, events};

/// Prints the lines that components log from now on; only those of one slot, if one is
/// named. `follow`: beyond the end of the charger.
pub async fn logs(
    control: &Control,
    slot: Option<String>,
    follow: bool,
) -> Result<(), ClientError> {
    let what = Events {
        follow,
        kind: vec!["log".to_owned()],
        slot,
        json: false,
    };
    events(control, &what).await
}
