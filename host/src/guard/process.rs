//! The guard's process: one loop that waits for inputs, orders and the end of
//! patience, whichever is first, and sets the contactors. Reading order: `run`,
//! `Guard::serve` (the loop), the rest.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use plugpoint_terminal::complain;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};

use super::rule::{Rule, Sense};
use super::watchdog::Watchdog;
use super::{Order, Plan, signals};
use crate::line::{Input, LineAt, LineError, Output};
use crate::priority;

/// Who the kernel says has the lines.
const USER: &str = "plugpoint-guard";
/// The plan is not longer than this.
const LONGEST_PLAN: usize = 64 * 1024;

/// Runs the guard until the main process is gone.
#[must_use]
pub fn run() -> ExitCode {
    signals::outlive_the_group();
    signals::hear_of_the_end();
    // For who looks at the list of processes; all works without.
    let _ = std::fs::write("/proc/self/comm", USER);
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain!("guard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Box<dyn std::error::Error>> {
    // Without buffers: what has been read but not obeyed would not wake us.
    let mut orders = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let reports = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    // A main process that is stopped reads nothing; that must not stop us.
    fcntl_setfl(&reports, OFlags::NONBLOCK)?;
    let plan = read_plan(&mut orders)?;
    priority::raise();
    let mut guard = Guard::new(&plan, reports);
    let mut watchdog = Watchdog::open(plan.watchdog.as_deref());
    let patience = Duration::from_millis(plan.bound_ms.into());
    let ended = guard.serve(&mut orders, &mut watchdog, patience);
    // However it ended.
    guard.rules.iter_mut().for_each(Rule::revoke);
    guard.drive();
    watchdog.stop();
    ended?;
    complain!("guard: the main process is gone; all contactors are open");
    Ok(())
}

/// One line of JSON. Byte by byte, since orders may follow.
fn read_plan(from: &mut impl Read) -> Result<Plan, Box<dyn std::error::Error>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while from.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
        if line.len() > LONGEST_PLAN {
            return Err("the plan has no end".into());
        }
    }
    Ok(serde_json::from_slice(&line)?)
}

struct Guard {
    rules: Vec<Rule>,
    /// What each contactor was set to; none if it cannot be.
    contactors: Vec<(Option<Box<dyn Output>>, bool)>,
    inputs: Vec<Watched>,
    /// What was reported last of each relay.
    reported: Vec<u8>,
    reports: File,
}

/// An input, and whom it concerns.
struct Watched {
    at: LineAt,
    line: Box<dyn Input>,
    concerns: Vec<(usize, Sense)>,
    failed: bool,
}

/// What a wait has brought.
struct Ready {
    orders: bool,
    inputs: Vec<usize>,
}

impl Guard {
    /// Takes the lines; contactors first, so that they are open.
    fn new(plan: &Plan, reports: File) -> Self {
        let lines = plan.source.open();
        let mut guard = Self {
            rules: Vec::new(),
            contactors: Vec::new(),
            inputs: Vec::new(),
            reported: vec![0; plan.relays.len()],
            reports,
        };
        for relay in &plan.relays {
            let mut rule = Rule::new(relay.plug.is_some());
            let contactor = lines.output(&relay.contactor, USER);
            if let Err(error) = &contactor {
                complain!("guard: {error}");
                rule.has_broken();
            }
            guard.rules.push(rule);
            guard.contactors.push((contactor.ok(), false));
        }
        for (index, relay) in plan.relays.iter().enumerate() {
            let senses = [
                (&relay.emergency_stop, Sense::EmergencyStop),
                (&relay.residual_current, Sense::ResidualCurrent),
                (&relay.plug, Sense::Plug),
            ];
            for (at, sense) in senses {
                let Some(at) = at else { continue };
                if let Err(error) = guard.watch(&*lines, at, index, sense) {
                    complain!("guard: {error}");
                    guard.rules[index].has_broken();
                }
            }
        }
        guard
    }

    /// Guards until the main process is gone.
    fn serve(
        &mut self,
        orders: &mut File,
        watchdog: &mut Watchdog,
        patience: Duration,
    ) -> std::io::Result<()> {
        let mut silent_at = Instant::now() + patience;
        self.drive();
        self.report(true);
        loop {
            watchdog.feed();
            // Also while nobody permits anything: the watchdog wants to be fed.
            let left = silent_at.saturating_duration_since(Instant::now());
            let left = if left.is_zero() { patience } else { left };
            let ready = self.wait(orders, left)?;
            if signals::main_is_dying() {
                return Ok(());
            }
            // First what is dangerous: no order is read before that is dealt with.
            for index in ready.inputs {
                self.edge(index);
            }
            self.drive();
            let mut heard = false;
            if ready.orders {
                let mut bytes = [0; 64];
                let count = orders.read(&mut bytes)?;
                if count == 0 {
                    return Ok(());
                }
                // The two bytes are written at once, so they are read together.
                for order in bytes[..count].chunks_exact(2) {
                    if let Some(order) = Order::from_bytes([order[0], order[1]]) {
                        heard |= order == Order::Alive;
                        self.obey(order);
                    }
                }
            }
            if heard {
                silent_at = Instant::now() + patience;
            } else if Instant::now() >= silent_at {
                self.rules.iter_mut().for_each(Rule::main_is_silent);
            }
            self.drive();
            self.report(heard);
        }
    }

    fn watch(
        &mut self,
        lines: &dyn crate::line::Lines,
        at: &LineAt,
        relay: usize,
        sense: Sense,
    ) -> Result<(), LineError> {
        let known = self.inputs.iter().position(|input| input.at == *at);
        let known = match known {
            Some(known) => known,
            None => {
                self.inputs.push(Watched {
                    at: at.clone(),
                    line: lines.input(at, USER)?,
                    concerns: Vec::new(),
                    failed: false,
                });
                self.inputs.len() - 1
            }
        };
        let input = &mut self.inputs[known];
        input.concerns.push((relay, sense));
        let active = input.line.level()?;
        self.rules[relay].sense(sense, active);
        Ok(())
    }

    /// Waits for inputs and orders, at most so long.
    fn wait(&self, orders: &impl AsFd, most: Duration) -> rustix::io::Result<Ready> {
        let watched: Vec<usize> = (0..self.inputs.len())
            .filter(|index| !self.inputs[*index].failed)
            .collect();
        let mut fds = vec![PollFd::new(orders, PollFlags::IN)];
        fds.extend(watched.iter().map(|index| {
            PollFd::from_borrowed_fd(self.inputs[*index].line.as_fd(), PollFlags::IN)
        }));
        let most = Timespec {
            tv_sec: i64::try_from(most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: most.subsec_nanos().into(),
        };
        match poll(&mut fds, Some(&most)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        let is_ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let inputs = watched.into_iter().zip(&fds[1..]);
        Ok(Ready {
            orders: is_ready(&fds[0]),
            inputs: inputs
                .filter(|(_, fd)| is_ready(fd))
                .map(|(index, _)| index)
                .collect(),
        })
    }

    fn edge(&mut self, index: usize) {
        let input = &mut self.inputs[index];
        match input.line.edge() {
            Ok(active) => {
                for (relay, sense) in &input.concerns {
                    self.rules[*relay].sense(*sense, active);
                }
            }
            Err(error) => {
                complain!("guard: {error}");
                input.failed = true;
                for (relay, _) in &input.concerns {
                    self.rules[*relay].has_broken();
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let (Order::Permit(index) | Order::Revoke(index)) = order else {
            return;
        };
        if let Some(rule) = self.rules.get_mut(usize::from(index)) {
            match order {
                Order::Permit(_) => rule.permit(),
                _ => rule.revoke(),
            }
        }
    }

    /// Sets the contactors to what the rules say.
    fn drive(&mut self) {
        for (rule, (line, is)) in self.rules.iter_mut().zip(&mut self.contactors) {
            let wanted = rule.state().closed;
            let Some(line) = line.as_mut().filter(|_| wanted != *is) else {
                continue;
            };
            match line.set(wanted) {
                Ok(()) => *is = wanted,
                Err(error) => {
                    complain!("guard: {error}");
                    rule.has_broken();
                }
            }
        }
    }

    /// Tells what has changed, or everything. What does not get through comes
    /// with the answer to the next heartbeat.
    fn report(&mut self, everything: bool) {
        for (index, rule) in self.rules.iter().enumerate() {
            let state = rule.state().to_byte();
            if everything || self.reported[index] != state {
                self.reported[index] = state;
                let index = u8::try_from(index).unwrap_or(u8::MAX);
                // An error is a full pipe, or a main process that is gone: that
                // one is noticed by the end of its orders.
                let _ = self.reports.write_all(&[index, state]);
            }
        }
    }
}
