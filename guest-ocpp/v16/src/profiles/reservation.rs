//! Reservation (OCPP 1.6, 3.11, 5.1 and 5.13): a connector, or one of all, is kept for
//! somebody until a moment. Not here: whom that lets charge, and what is said of the
//! connector; that follows from what is kept (`Core::reserve`).

use plugpoint_guest::json::object;
use plugpoint_guest::kept::Cell;
use plugpoint_guest::packed::packed;
use plugpoint_guest::protocol::{Durability, Level};
use plugpoint_ocpp_wire::fields::property;
use plugpoint_ocpp_wire::frame::Violation;
use plugpoint_ocpp_wire::timestamp;

use crate::config::{KeyInfo, Values};
use crate::core_access::{Core, Reserved, Vacancy};
use crate::profile::{Call, Happening, Manifest, Profile, Reply};

const ANY_CONNECTOR: &str = "ReserveConnectorZeroSupported";
/// Longest idTag of the standard.
const MAX_TAG: usize = 20;

/// The profile.
pub static MANIFEST: Manifest = Manifest {
    name: "reservation",
    feature: Some("Reservation"),
    services: &[],
    keys: &[KeyInfo {
        name: ANY_CONNECTOR,
        values: Values::Bool,
        writable: false,
        default: "true",
        unit: "",
        meaning: "Connector 0 can be reserved: one connector is kept, whichever that is. Those that are kept for it, once there are no others, are `Reserved`.",
    }],
    load: |core| {
        let mut profile = Reservation {
            kept: core.cell("kept", Durability::Durable),
            next: None,
        };
        profile.apply(core);
        Box::new(profile)
    },
};

/// A reservation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    id: i64,
    /// 0: one of all.
    connector: u32,
    tag: String,
    parent: Option<String>,
    /// Unix ms.
    expires: i64,
}

#[derive(Debug)]
struct Reservation {
    kept: Cell<Vec<Kept>>,
    /// When the next one expires: ms of the monotonic clock.
    next: Option<u64>,
}

impl Profile for Reservation {
    fn call(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Reply {
        match call.action {
            "ReserveNow" => self.reserve(core, call).into(),
            "CancelReservation" => self.cancel(core, call).into(),
            _ => Reply::NotMine,
        }
    }

    fn on(&mut self, core: &mut Core<'_, '_>, happening: &Happening) {
        match happening {
            Happening::Redeemed { reservation } => {
                self.end(core, "its holder charges", |kept| kept.id == *reservation);
            }
            Happening::OutOfUse { .. } => {
                let lost: Vec<i64> = self
                    .kept
                    .iter()
                    .filter(|kept| is_out_of_use(core, kept.connector))
                    .map(|kept| kept.id)
                    .collect();
                self.end(core, "out of order or out of service", |kept| {
                    lost.contains(&kept.id)
                });
            }
            // It has perhaps come nearer, or has passed.
            Happening::ClockStepped => self.apply(core),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.next
    }

    fn advance(&mut self, core: &mut Core<'_, '_>) {
        self.apply(core);
    }

    fn flush(&mut self, core: &mut Core<'_, '_>) {
        core.flush(&mut self.kept);
    }
}

impl Reservation {
    fn reserve(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Result<String, Violation> {
        let connector = call.fields.int("connectorId")?;
        let text = call.fields.text("expiryDate", usize::MAX)?;
        let expires = timestamp::parse(text)
            .ok_or_else(|| property(format!("expiryDate {text:?} is no date with time")))?;
        let tag = call.fields.text("idTag", MAX_TAG)?;
        let parent = call.fields.optional_text("parentIdTag", MAX_TAG)?;
        let id = call.fields.int("reservationId")?;
        let Ok(connector) = u32::try_from(connector) else {
            return Ok(refused(core, id, "there is no such connector"));
        };
        if connector == 0 && !core.is_on(ANY_CONNECTOR) {
            return Ok(refused(core, id, "connector 0 cannot be reserved"));
        }
        if tag.is_empty() {
            return Ok(refused(core, id, "idTag is empty"));
        }
        if core.unix_ms().is_some_and(|now| expires <= now) {
            return Ok(refused(core, id, "it has expired already"));
        }
        // The one of the same number is replaced, and does not stand in the way.
        let others: Vec<Kept> = self
            .kept
            .iter()
            .filter(|kept| kept.id != id)
            .cloned()
            .collect();
        core.reserve(&all(&others));
        let vacancy = core.vacancy(connector);
        if vacancy != Some(Vacancy::Free) {
            core.reserve(&all(&self.kept));
        }
        Ok(match vacancy {
            None => refused(core, id, "there is no such connector"),
            Some(Vacancy::Occupied) => status("Occupied"),
            Some(Vacancy::Faulted) => status("Faulted"),
            Some(Vacancy::Unavailable) => status("Unavailable"),
            Some(Vacancy::Free) => {
                let parent = parent.filter(|parent| !parent.is_empty());
                *self.kept.edit() = others;
                self.kept.edit().push(Kept {
                    id,
                    connector,
                    tag: tag.to_owned(),
                    parent: parent.map(str::to_owned),
                    expires,
                });
                core.log(
                    Level::Info,
                    &format!("reservation {id}: connector {connector} is kept for token {tag}"),
                );
                self.apply(core);
                status("Accepted")
            }
        })
    }

    fn cancel(&mut self, core: &mut Core<'_, '_>, call: &Call<'_>) -> Result<String, Violation> {
        let id = call.fields.int("reservationId")?;
        Ok(status(
            match self.end(core, "cancelled", |kept| kept.id == id) {
                true => "Accepted",
                false => "Rejected",
            },
        ))
    }

    /// Ends some; false: there was none of them.
    fn end(&mut self, core: &mut Core<'_, '_>, why: &str, is_over: impl Fn(&Kept) -> bool) -> bool {
        let (over, rest): (Vec<Kept>, Vec<Kept>) = self.kept.iter().cloned().partition(is_over);
        for kept in &over {
            core.log(
                Level::Info,
                &format!("reservation {} is over: {why}", kept.id),
            );
        }
        if over.is_empty() {
            return false;
        }
        *self.kept.edit() = rest;
        self.apply(core);
        true
    }

    /// Ends what has expired, and keeps the rest. While nobody knows the time, nothing
    /// has expired.
    fn apply(&mut self, core: &mut Core<'_, '_>) {
        let now = core.unix_ms();
        if let Some(now) = now
            && self.kept.iter().any(|kept| kept.expires <= now)
        {
            self.end(core, "expired", |kept| kept.expires <= now);
            return;
        }
        let first = self.kept.iter().map(|kept| kept.expires).min();
        self.next = first.zip(now).map(|(expires, now)| {
            let left = u64::try_from(expires.saturating_sub(now)).unwrap_or(0);
            core.now().at.monotonic_ms.saturating_add(left)
        });
        core.reserve(&all(&self.kept));
    }
}

fn is_out_of_use(core: &Core<'_, '_>, connector: u32) -> bool {
    matches!(
        core.vacancy(connector),
        None | Some(Vacancy::Faulted | Vacancy::Unavailable)
    )
}

fn all(kept: &[Kept]) -> Vec<Reserved> {
    let all = kept.iter().map(|kept| Reserved {
        id: kept.id,
        connector: kept.connector,
        tag: kept.tag.clone(),
        parent: kept.parent.clone(),
    });
    all.collect()
}

fn refused(core: &Core<'_, '_>, id: i64, why: &str) -> String {
    core.log(Level::Warn, &format!("reservation {id} is rejected: {why}"));
    status("Rejected")
}

fn status(word: &str) -> String {
    object(|w| w.text("status", word))
}

packed!(Kept {
    id,
    connector,
    tag,
    parent,
    expires
});
