//! Points of the grid of the clock that were told, so that none is told twice when the clock
//! is set back. Not here: when they are measured (see `aligned`).

use crate::json::{Json, Writer};
use crate::packed::{Packed, packed};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The last point that was told of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    outlet: u32,
    unix_ms: i64,
    /// By this message.
    number: u64,
}

/// The last point of each connector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ToldPoints(Vec<Point>);

/// Whether a point was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// By another message.
    Before,
    /// By this message.
    ByThis,
    /// It is told by this message now, and these are the points that are told.
    Now(ToldPoints),
}

impl ToldPoints {
    /// Message `number` is about to tell of this point.
    pub(crate) fn told(&self, outlet: u32, unix_ms: i64, number: u64) -> Told {
        let place = self.0.iter().position(|point| point.outlet == outlet);
        let point = Point {
            outlet,
            unix_ms,
            number,
        };
        let mut all = self.clone();
        let Some(place) = place else {
            all.0.push(point);
            return Told::Now(all);
        };
        let before = self.0[place];
        if before.number == number {
            return Told::ByThis;
        }
        // A point a day ahead was told by a clock that was plainly wrong.
        if unix_ms <= before.unix_ms && before.unix_ms <= unix_ms + DAY_MS {
            return Told::Before;
        }
        all.0[place] = point;
        Told::Now(all)
    }
}

impl Packed for ToldPoints {
    fn pack(&self, w: &mut Writer) {
        self.0.pack(w);
    }

    fn unpack(json: &Json<'_>) -> Option<Self> {
        Packed::unpack(json).map(Self)
    }
}

packed!(Point {
    outlet,
    unix_ms,
    number
});
