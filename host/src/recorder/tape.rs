//! The recording end of a record: on the thread that runs the guest. It encodes
//! into memory and waits for nobody; what the writer cannot keep up with is lost
//! up to the next start, and that is said.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;

use super::mailbox::{Bell, Moments, Opening, Post};
use super::moment::{Identity, case};
use super::segment::Header;
use crate::guest::{Failure, Inspection, Kind, SlotSettings, Witness};
use crate::secrets::{Secret, secrets_of_address};
use crate::store::Entries;

/// The frame of a moment, for the writer: its length, and how many secrets became
/// known in it.
const FRAME: usize = 8;

/// After the writer has lagged, no start is asked for within this.
const REST_MS: u64 = 10_000;

/// Records one slot.
#[derive(Debug)]
pub struct Tape {
    post: Arc<Post>,
    bell: Arc<Bell>,
    /// Tells the segments of one process from those of another.
    run: u64,
    /// Calls so far.
    calls: u64,
    /// Segments so far.
    segments: u64,
    /// When the present call was made, and when the writer lagged.
    now_ms: u64,
    lagged_ms: Option<u64>,
    state: State,
    opening: Option<Box<Opening>>,
    moments: Moments,
    /// Where the present moment begins, and what the guest has returned.
    frame: usize,
    result: usize,
    /// So many secrets became known in it.
    secrets: u32,
    /// The present segment does not know the instance that may come back.
    opened_since_exchange: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is no segment that the next moment belongs to.
    Between,
    /// There is one.
    Recording,
}

impl Tape {
    pub(super) fn new(post: Arc<Post>, bell: Arc<Bell>, run: u64) -> Self {
        Self {
            post,
            bell,
            run,
            calls: 0,
            segments: 0,
            now_ms: 0,
            lagged_ms: None,
            state: State::Between,
            opening: None,
            moments: Moments::default(),
            frame: 0,
            result: 0,
            secrets: 0,
            opened_since_exchange: false,
        }
    }

    fn records(&self) -> bool {
        self.state == State::Recording && !self.post.is_off()
    }

    fn begin(&mut self, case: u8) {
        self.frame = self.moments.bytes.len();
        self.secrets = 0;
        self.moments.bytes.extend_from_slice(&[0; FRAME]);
        self.moments.bytes.push(case);
    }

    fn put(&mut self, value: &impl Serialize) {
        if self.state != State::Recording {
            return;
        }
        let bytes = std::mem::take(&mut self.moments.bytes);
        match postcard::to_extend(value, bytes) {
            Ok(bytes) => self.moments.bytes = bytes,
            // Into memory nothing can fail; and if it did: no half segment.
            Err(error) => self.lose(&error.to_string()),
        }
    }

    fn end(&mut self) {
        if self.state != State::Recording {
            return;
        }
        let length = self.moments.bytes.len() - self.frame - FRAME;
        let Ok(length) = u32::try_from(length) else {
            return self.lose("a moment is too long");
        };
        let frame = &mut self.moments.bytes[self.frame..self.frame + FRAME];
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..].copy_from_slice(&self.secrets.to_le_bytes());
        if !self.post.hand_over(&mut self.opening, &mut self.moments) {
            return self.lose("the disk is too slow");
        }
        if self.post.is_full() {
            self.bell.ring();
        }
    }

    fn mark(&mut self, case: u8) {
        if self.records() {
            self.begin(case);
            self.end();
        }
    }

    /// What is not handed over yet is lost, and all up to the next start.
    fn lose(&mut self, why: &str) {
        if !self.rests() {
            tracing::warn!("the record has a gap: {why}");
        }
        self.lagged_ms = Some(self.now_ms);
        self.post.gaps.fetch_add(1, Ordering::Relaxed);
        self.state = State::Between;
        self.opening = None;
        self.moments = Moments::default();
    }

    /// The writer has lagged not long ago, or still does: a start now would be for
    /// nothing.
    fn rests(&self) -> bool {
        let since = self.lagged_ms.map(|at| self.now_ms.saturating_sub(at));
        since.is_some_and(|since| since < REST_MS || !self.post.is_empty())
    }

    /// The writer is done with the present segment.
    fn is_done(&self) -> bool {
        self.post.is_done.load(Ordering::Relaxed) == self.segments
    }

    /// A new segment, with the entries as they are.
    fn open<K: Kind>(
        &mut self,
        slot: &SlotSettings,
        component: Identity,
        boot: &K::Boot,
        entries: &Entries,
    ) {
        self.segments += 1;
        let mut private = boot.clone();
        let settings = K::settings(&mut private);
        let left_out = if K::SETTINGS_ARE_PRIVATE {
            settings
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect()
        } else {
            Vec::new()
        };
        self.state = State::Recording;
        self.opened_since_exchange = true;
        self.opening = Some(Box::new(Opening {
            number: self.segments,
            header: Header {
                interface: crate::guest::interface().into(),
                slot: slot.name.to_string(),
                component,
                run: self.run,
                first: self.calls - 1,
                wall_ms: K::wall_ms(K::boot_now(boot)),
                limits: (&slot.limits).into(),
                outlets: slot.outlets.clone(),
                settings_left_out: left_out,
            },
            entries: entries.iter().collect(),
            secrets: K::address(boot)
                .into_iter()
                .flat_map(secrets_of_address)
                .collect(),
        }));
    }
}

impl<K: Kind> Witness<K> for Tape {
    fn starts(
        &mut self,
        slot: &SlotSettings,
        component: &Inspection,
        boot: &K::Boot,
        entries: &Entries,
    ) {
        if self.post.is_off() {
            return;
        }
        self.calls += 1;
        self.now_ms = K::boot_ms(boot);
        let component = Identity::of(component);
        if self.state == State::Between || self.is_done() {
            if self.rests() {
                self.state = State::Between;
                return;
            }
            self.open::<K>(slot, component.clone(), boot, entries);
        }
        self.begin(case::START);
        self.put(&component);
        if K::SETTINGS_ARE_PRIVATE {
            let mut boot = boot.clone();
            for (_, value) in K::settings(&mut boot) {
                value.clear();
            }
            self.put(&boot);
        } else {
            self.put(boot);
        }
        self.result = self.moments.bytes.len();
    }

    fn handles(&mut self, now: K::Now, event: &K::Event) {
        self.calls += 1;
        self.now_ms = K::now_ms(now);
        if self.records() {
            self.begin(case::HANDLE);
            self.put(&now);
            self.put(event);
            self.result = self.moments.bytes.len();
        }
    }

    fn returned(&mut self, actions: &[K::Action]) {
        if self.records() {
            self.moments.bytes.push(case::ACTIONS);
            self.put(&actions);
        }
    }

    fn secret(&mut self, value: &Arc<[u8]>, stays: bool) {
        if self.records() {
            self.secrets += 1;
            self.moments.secrets.push(Secret {
                value: value.clone(),
                stays,
            });
        }
    }

    fn succeeded(&mut self, micros: u64, memory_bytes: usize) {
        if self.records() {
            self.put(&(micros, memory_bytes as u64));
            self.end();
        }
    }

    fn failed(&mut self, failure: &Failure) {
        if self.records() {
            self.moments.bytes.truncate(self.result);
            self.moments.bytes.push(case::FAILED);
            self.put(&(failure.kind, &failure.text));
            self.end();
            // That is what one wants to see.
            self.bell.ring();
        }
    }

    fn exchanged(&mut self) {
        self.opened_since_exchange = false;
        self.mark(case::EXCHANGED);
    }

    fn put_back(&mut self) {
        self.mark(case::PUT_BACK);
        if self.opened_since_exchange {
            self.state = State::Between;
        }
    }

    fn reverted(&mut self) {
        self.mark(case::REVERTED);
    }

    fn cut(&mut self) {
        self.state = State::Between;
    }

    fn wants_start(&self) -> bool {
        let wants = self.state == State::Between || self.is_done();
        wants && !self.post.is_off() && !self.rests()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::guest::{Limits, Ocpp};
    use crate::recorder::mailbox::Item;
    use crate::wit::protocol::{Action, Boot, Event, Now};

    fn now(ms: u64) -> Now {
        let now = json!({
            "at": {"boot_id": 1, "monotonic_ms": ms}, "wall_ms": null, "trust": "Unset",
        });
        from_value(now).expect("a time")
    }

    fn boot(ms: u64) -> Boot {
        let station = json!({
            "id": "", "vendor": "", "model": "", "serial_number": "",
            "charge_box_serial_number": "", "firmware_version": "", "meter_type": "",
            "meter_serial_number": "", "iccid": "", "imsi": "",
            "central_system_url": "ws://me:hidden@host/path@x", "trailing_slash": false,
        });
        let boot = json!({
            "now": now(ms), "reason": "PowerUp", "entry_schema": 1, "random": [],
            "station": station, "settings": [], "services": [], "link": "Idle", "outlets": [],
            "permit_ends": [], "groups": [],
            "timers": [], "unanswered_requests": [], "unanswered_decisions": [],
            "session_ends": [], "dropped": null,
        });
        from_value(boot).expect("a boot")
    }

    fn start(tape: &mut Tape, ms: u64) {
        let settings = SlotSettings {
            name: "ocpp".into(),
            limits: Limits::ocpp(),
            outlets: vec![1],
        };
        let component = wat::parse_str("(component)").expect("a component");
        let component = Inspection::of(&component).expect("inspected");
        let entries = Entries::default();
        let tape: &mut dyn Witness<Ocpp> = tape;
        tape.starts(&settings, &component, &boot(ms), &entries);
        tape.returned(&[Action::InService(true)]);
        tape.succeeded(7, 8);
    }

    fn frame(tape: &mut Tape, ms: u64, text: &str) {
        let event: Event =
            from_value(json!({"Frame": {"link": 1, "text": text}})).expect("an event");
        let tape: &mut dyn Witness<Ocpp> = tape;
        tape.handles(now(ms), &event);
        tape.returned(&[]);
        tape.succeeded(7, 8);
    }

    fn wants_start(tape: &Tape) -> bool {
        Witness::<Ocpp>::wants_start(tape)
    }

    #[test]
    fn what_nobody_writes_is_lost_up_to_the_next_start_and_takes_no_more_memory() {
        let post = Arc::new(Post::default());
        let mut tape = Tape::new(post.clone(), Arc::default(), 3);
        start(&mut tape, 5);
        assert!(!wants_start(&tape));
        let text = "x".repeat(10_000);
        for _ in 0..1000 {
            frame(&mut tape, 6, &text);
            // No start is asked for that would come too early.
            assert!(!wants_start(&tape));
        }
        assert_eq!(post.gaps.load(Ordering::Relaxed), 1);
        frame(&mut tape, 6 + REST_MS, "lost");
        assert!(!wants_start(&tape), "the writer still lags");
        let held: usize = post
            .take()
            .iter()
            .map(|it| match it {
                Item::Moments(moments) => moments.bytes.len(),
                Item::Segment(_) => 0,
            })
            .sum();
        assert!((900_000..1_100_000).contains(&held), "{held}");
        // What comes after the writer has caught up is lost too: there was no start.
        frame(&mut tape, 6 + REST_MS, "lost");
        assert!(post.take().is_empty());
        assert!(wants_start(&tape));
        start(&mut tape, 6 + REST_MS);
        assert!(!wants_start(&tape));
        let mail = post.take();
        let Some(Item::Segment(opening)) = mail.front() else {
            panic!("no segment: {mail:?}");
        };
        assert_eq!((opening.header.run, opening.header.first), (3, 1003));
        assert_eq!(&*opening.secrets[0].value, b"me:hidden");

        // The writer is done with the first segment, which is not the present one.
        post.is_done.store(1, Ordering::Relaxed);
        assert!(!wants_start(&tape));
        post.is_done.store(2, Ordering::Relaxed);
        assert!(wants_start(&tape));
    }

    #[test]
    fn without_a_disk_nothing_is_encoded() {
        let post = Arc::new(Post::default());
        let mut tape = Tape::new(post.clone(), Arc::default(), 3);
        post.off.store(true, Ordering::Relaxed);
        start(&mut tape, 5);
        frame(&mut tape, 6, "x");
        assert!(post.take().is_empty());
        assert!(!wants_start(&tape), "no instance is thrown away for it");
    }
}
