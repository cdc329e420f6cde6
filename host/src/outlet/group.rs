//! Outlets that share a power path: one of them at a time, or all within a common
//! limit of current.
//!
//! Each outlet has a share, which its offer never exceeds. A share is lowered at
//! once and raised only by what the others have given up: when a contactor is open,
//! or the time is over within which a car has to follow its pilot. A low reading
//! within that time proves nothing, since a car may still take what it was offered
//! before; so the limit needs no meter. One that shows that a car does not follow
//! makes less of what there is to share. Nothing here depends on a component.
//!
//! Pure: time and facts are arguments. Currents are added up whichever phases they
//! are on. Not here: what an outlet wants (see `rules`), and who asks (see `thread`).

use std::time::Duration;

use super::driver::Flow;
use super::moment::{Moment, earliest};

/// A car follows a lower offer within 5 s (IEC 61851-1, annex A); and one more.
const FOLLOW_TIME: Duration = Duration::from_secs(6);
/// The least that can be offered.
const MIN_SHARE_MA: u32 = 6_000;
/// A car that takes this much more than offered is within its tolerance.
const TOLERANCE_MA: u32 = 500;

/// A group, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// For the log and the status.
    pub name: String,
    /// Numbers of its outlets; each is in one group at most.
    pub outlets: Vec<u32>,
    /// What they share.
    pub rule: GroupRule,
}

/// What the outlets of a group share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRule {
    /// A power path that only one of them may use.
    OneAtATime,
    /// All offers together, per phase, in mA. At least 6 A.
    Limit(u32),
}

/// One outlet of a group at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Member {
    /// What it would offer if it were alone; 0: nothing.
    pub(super) wanted_ma: u32,
    /// Its contactor is closed, or may be.
    pub(super) closed: bool,
    /// The last measured current.
    pub(super) flow: Option<Flow>,
}

/// The outlets of one group, and the share of each.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) outlets: Vec<u32>,
    rule: GroupRule,
    shares: Vec<Share>,
    arrivals: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Share {
    ma: u32,
    /// What the car may still draw since the share was lowered.
    drawn_ma: u32,
    /// What it draws beyond its share, although it has had its time to follow.
    excess_ma: u32,
    /// When it was lowered last.
    since: Moment,
    /// The order in which outlets began to want something.
    arrived: Option<u64>,
}

impl Share {
    fn taken_ma(&self) -> u32 {
        self.ma.max(self.drawn_ma)
    }

    fn is_settling(&self) -> bool {
        self.drawn_ma > self.ma
    }

    /// What the car may still draw, as far as is known now.
    fn follow(&mut self, now: Moment, member: &Member) {
        self.excess_ma = 0;
        if !member.closed {
            self.drawn_ma = 0;
            return;
        }
        let followed = self.since.after(FOLLOW_TIME);
        if now < followed {
            return;
        }
        self.drawn_ma = 0;
        let read = member.flow.filter(|flow| flow.at >= followed);
        if let Some(flow) = read.filter(|flow| flow.ma > self.ma + TOLERANCE_MA) {
            self.drawn_ma = flow.ma;
            self.excess_ma = flow.ma - self.ma;
        }
    }

    fn lower(&mut self, now: Moment, to_ma: u32) {
        if to_ma < self.ma {
            self.drawn_ma = self.taken_ma();
            self.ma = to_ma;
            self.since = now;
        }
    }
}

impl Group {
    pub(super) fn new(settings: &GroupSettings) -> Self {
        Self {
            outlets: settings.outlets.clone(),
            rule: settings.rule,
            shares: vec![Share::default(); settings.outlets.len()],
            arrivals: 0,
        }
    }

    /// The share of each outlet, in the group's order. Those that are lower than
    /// before have to be in force before those that are higher.
    pub(super) fn share(&mut self, now: Moment, members: &[Member]) -> Vec<u32> {
        for (share, member) in self.shares.iter_mut().zip(members) {
            if member.wanted_ma == 0 {
                share.arrived = None;
            } else if share.arrived.is_none() {
                self.arrivals += 1;
                share.arrived = Some(self.arrivals);
            }
            share.follow(now, member);
        }
        let targets = self.targets(members);
        for ((share, member), target) in self.shares.iter_mut().zip(members).zip(&targets) {
            share.lower(now, *target);
            if !member.closed {
                share.drawn_ma = 0;
            }
        }
        match self.rule {
            GroupRule::OneAtATime => self.raise_one(members, &targets),
            GroupRule::Limit(most) => self.raise_within(most, &targets),
        }
        self.shares.iter().map(|share| share.ma).collect()
    }

    /// When a share may be raised although nothing else changes.
    pub(super) fn wake_at(&self) -> Option<Moment> {
        let settling = self.shares.iter().filter(|share| share.is_settling());
        let ends = settling.map(|share| share.since.after(FOLLOW_TIME));
        ends.fold(None, |first, at| earliest(first, Some(at)))
    }

    /// Members that want something, in the order in which they began to.
    fn waiting(&self) -> Vec<usize> {
        let mut waiting: Vec<(u64, usize)> = self
            .shares
            .iter()
            .enumerate()
            .filter_map(|(place, share)| Some((share.arrived?, place)))
            .collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(_, place)| place).collect()
    }

    /// What each would have once all have given up what they no longer get.
    fn targets(&self, members: &[Member]) -> Vec<u32> {
        let mut targets = vec![0; members.len()];
        let mut served = self.waiting();
        match self.rule {
            GroupRule::OneAtATime => {
                if let Some(first) = served.first() {
                    targets[*first] = members[*first].wanted_ma;
                }
            }
            GroupRule::Limit(most) => {
                // Whoever came first keeps the least; for the others there is none.
                served.truncate((most / MIN_SHARE_MA) as usize);
                served.sort_by_key(|place| members[*place].wanted_ma);
                // What a car takes against its pilot is taken from all.
                let excess: u32 = self.shares.iter().map(|share| share.excess_ma).sum();
                let mut left = most.saturating_sub(excess);
                for (done, place) in served.iter().enumerate() {
                    let others = (served.len() - done) as u32;
                    targets[*place] = members[*place].wanted_ma.min(left / others);
                    left -= targets[*place];
                }
            }
        }
        targets
    }

    fn raise_one(&mut self, members: &[Member], targets: &[u32]) {
        for (place, target) in targets.iter().enumerate() {
            let busy = |it: &(usize, &Share)| {
                it.0 != place && (it.1.taken_ma() > 0 || members[it.0].closed)
            };
            let is_alone = !self.shares.iter().enumerate().any(|it| busy(&it));
            if is_alone && *target > self.shares[place].ma {
                self.shares[place].ma = *target;
            }
        }
    }

    fn raise_within(&mut self, most: u32, targets: &[u32]) {
        let taken: u32 = self.shares.iter().map(Share::taken_ma).sum();
        let mut left = most.saturating_sub(taken);
        for place in self.waiting() {
            let share = &mut self.shares[place];
            let taken = share.taken_ma();
            let raised = targets[place].min(taken.saturating_add(left));
            if raised > share.ma && raised >= MIN_SHARE_MA {
                share.ma = raised;
                left -= raised.saturating_sub(taken);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlet::dice::Dice;

    fn group(rule: GroupRule, outlets: u32) -> Group {
        Group::new(&GroupSettings {
            name: "feeder".to_owned(),
            outlets: (1..=outlets).collect(),
            rule,
        })
    }

    fn at(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    fn wants(wanted_ma: u32) -> Member {
        Member {
            wanted_ma,
            closed: wanted_ma > 0,
            flow: None,
        }
    }

    #[test]
    fn the_second_car_gets_its_share_once_the_first_has_given_it_up() {
        let mut it = group(GroupRule::Limit(32_000), 2);
        assert_eq!(it.share(at(0), &[wants(32_000), wants(0)]), [32_000, 0]);
        let both = [wants(32_000), wants(32_000)];
        assert_eq!(it.share(at(10), &both), [16_000, 0]);
        // The meter is silent: the car is given its time.
        assert_eq!(it.share(at(5_000), &both), [16_000, 0]);
        assert_eq!(it.wake_at(), Some(at(6_010)));
        assert_eq!(it.share(at(6_010), &both), [16_000, 16_000]);
        assert_eq!(it.wake_at(), None);
        // It leaves: the contactor is open, and nothing is waited for.
        assert_eq!(it.share(at(7_000), &[wants(0), wants(32_000)]), [0, 32_000]);
    }

    #[test]
    fn a_low_reading_frees_nothing_early_and_a_high_one_costs_all() {
        let mut it = group(GroupRule::Limit(32_000), 2);
        it.share(at(0), &[wants(32_000), wants(0)]);
        let mut both = [wants(32_000), wants(32_000)];
        let reading = |ma, ms| Some(Flow { ma, at: at(ms) });
        it.share(at(100), &both);
        // It may still take what it was offered before.
        both[0].flow = reading(9_000, 4_000);
        assert_eq!(it.share(at(4_000), &both), [16_000, 0]);
        both[0].flow = reading(16_200, 6_100);
        assert_eq!(it.share(at(6_100), &both), [16_000, 16_000]);
        // A car that does not follow: all get less.
        both[0].flow = reading(24_000, 9_000);
        assert_eq!(it.share(at(9_000), &both), [12_000, 12_000]);
    }

    #[test]
    fn who_came_first_goes_first_where_there_is_not_enough() {
        let mut it = group(GroupRule::Limit(13_000), 3);
        assert_eq!(
            it.share(at(0), &[wants(0), wants(0), wants(32_000)]),
            [0, 0, 13_000]
        );
        let all = [wants(32_000); 3];
        it.share(at(1), &all);
        assert_eq!(it.share(at(7_000), &all), [6_500, 0, 6_500]);
        // The third wants less than its half.
        let less = [wants(32_000), wants(32_000), wants(6_000)];
        it.share(at(8_000), &less);
        assert_eq!(it.share(at(15_000), &less), [7_000, 0, 6_000]);
    }

    #[test]
    fn one_at_a_time_waits_for_an_open_contactor() {
        let mut it = group(GroupRule::OneAtATime, 2);
        assert_eq!(it.share(at(0), &[wants(16_000), wants(0)]), [16_000, 0]);
        let both = [wants(16_000), wants(20_000)];
        assert_eq!(it.share(at(99_000), &both), [16_000, 0]);
        let mut ends = [wants(0), wants(20_000)];
        ends[0].closed = true;
        assert_eq!(it.share(at(100_000), &ends), [0, 0]);
        assert_eq!(
            it.share(at(900_000), &ends),
            [0, 0],
            "however long it takes"
        );
        ends[0].closed = false;
        assert_eq!(it.share(at(900_001), &ends), [0, 20_000]);
    }

    /// Cars that follow within 5 s, one of them without a meter, whatever they want.
    #[test]
    fn the_limit_holds_at_every_moment() {
        const MOST: u32 = 40_000;
        for seed in 0..50 {
            let mut dice = Dice(seed + 1);
            let mut it = group(GroupRule::Limit(MOST), 4);
            let mut members = [Member::default(); 4];
            let mut drawn = [0; 4];
            // When each car began to be offered less, and how lazy it is.
            let mut lowered: [Option<(u64, u64)>; 4] = [None; 4];
            let mut shares = vec![0; 4];
            for ms in (0..300_000).step_by(100) {
                for (place, member) in members.iter_mut().enumerate() {
                    if dice.roll(200) == 0 {
                        let wanted = [0, 6_000, 10_000, 16_000, 32_000];
                        member.wanted_ma = wanted[dice.roll(5) as usize];
                    }
                    let is_read = place != 0 && ms % 1_000 == 0;
                    if is_read {
                        let flow = Flow {
                            ma: drawn[place],
                            at: at(ms),
                        };
                        member.flow = Some(flow);
                    }
                    member.closed = shares[place] > 0 || drawn[place] > 0;
                }
                let now = it.share(at(ms), &members);
                for place in 0..4 {
                    if now[place] < shares[place] {
                        lowered[place] = Some((ms, 100 * dice.roll(50)));
                    }
                    if let Some((since, lazy)) = lowered[place]
                        && ms < since + lazy
                    {
                        continue;
                    }
                    lowered[place] = None;
                    drawn[place] = now[place].min(members[place].wanted_ma);
                }
                shares = now;
                let total: u32 = drawn.iter().sum();
                assert!(
                    total <= MOST,
                    "seed {seed}, {ms} ms: {drawn:?} of {shares:?}"
                );
            }
        }
    }
}
