//! OCPP 1.6, 4.9: from each status of a connector, those that may follow.

const CONNECTOR: [(&str, &[&str]); 9] = [
    (
        "Available",
        &[
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Reserved",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "Reserved",
        &["Available", "Preparing", "Unavailable", "Faulted"],
    ),
    (
        "Preparing",
        &[
            "Available",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Faulted",
        ],
    ),
    (
        "Charging",
        &[
            "Available",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "SuspendedEV",
        &[
            "Available",
            "Charging",
            "SuspendedEVSE",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "SuspendedEVSE",
        &[
            "Available",
            "Charging",
            "SuspendedEV",
            "Finishing",
            "Unavailable",
            "Faulted",
        ],
    ),
    (
        "Finishing",
        &["Available", "Preparing", "Unavailable", "Faulted"],
    ),
    (
        "Unavailable",
        &[
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Faulted",
        ],
    ),
    (
        "Faulted",
        &[
            "Available",
            "Preparing",
            "Charging",
            "SuspendedEV",
            "SuspendedEVSE",
            "Finishing",
            "Reserved",
            "Unavailable",
        ],
    ),
];

/// Of the charger as a whole there is less to say.
const WHOLE: [&str; 3] = ["Available", "Unavailable", "Faulted"];

/// Whether the standard allows this step; the same again is no step.
pub(super) fn are_allowed(connector: i64, before: Option<&str>, status: &str) -> bool {
    if connector == 0 && !WHOLE.contains(&status) {
        return false;
    }
    let Some(before) = before.filter(|before| *before != status) else {
        return CONNECTOR.iter().any(|(from, _)| *from == status);
    };
    CONNECTOR
        .iter()
        .any(|(from, to)| *from == before && to.contains(&status))
}
