//! Lines of the kernel's GPIO character devices, `/dev/gpiochip*`.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use gpio_cdev::{
    Chip, Error, EventRequestFlags, EventType, Line, LineEventHandle, LineHandle, LineRequestFlags,
};

use super::{Input, LineAt, LineError, LineSpec, Lines, Output, Place};

/// All chips of the board.
pub(super) struct Chips;

impl Lines for Chips {
    fn find(&self, spec: &LineSpec) -> Result<LineAt, LineError> {
        let name = spec.to_string();
        let line = match &spec.place {
            Place::Name(wanted) => by_name(wanted)?,
            Place::Offset { chip, offset } => by_offset(&name, &device(chip), *offset)?,
        };
        let info = line.info().map_err(refused(&name, "looked at"))?;
        if let Some(by) = info.consumer().filter(|_| info.is_kernel()) {
            return Err(LineError::Busy {
                name,
                by: by.to_owned(),
            });
        }
        if info.is_kernel() {
            return Err(LineError::Busy {
                name,
                by: "the kernel".to_owned(),
            });
        }
        Ok(LineAt {
            chip: line.chip().path().to_owned(),
            offset: line.offset(),
            active_low: spec.active_low,
            name,
        })
    }

    fn output(&self, at: &LineAt, user: &str) -> Result<Box<dyn Output>, LineError> {
        let handle = by_offset(&at.name, &at.chip, at.offset)?
            .request(LineRequestFlags::OUTPUT | polarity(at), 0, user)
            .map_err(refused(&at.name, "taken as output"))?;
        Ok(Box::new(Out {
            name: at.name.clone(),
            handle,
        }))
    }

    fn input(&self, at: &LineAt, user: &str) -> Result<Box<dyn Input>, LineError> {
        let flags = LineRequestFlags::INPUT | polarity(at);
        let handle = by_offset(&at.name, &at.chip, at.offset)?
            .events(flags, EventRequestFlags::BOTH_EDGES, user)
            .map_err(refused(&at.name, "taken as input with edges"))?;
        Ok(Box::new(In {
            name: at.name.clone(),
            handle,
        }))
    }
}

fn polarity(at: &LineAt) -> LineRequestFlags {
    if at.active_low {
        LineRequestFlags::ACTIVE_LOW
    } else {
        LineRequestFlags::empty()
    }
}

fn device(chip: &str) -> PathBuf {
    // An absolute path stays what it is.
    Path::new("/dev").join(chip)
}

fn by_offset(name: &str, chip: &Path, offset: u32) -> Result<Line, LineError> {
    let mut open = Chip::new(chip).map_err(|error| LineError::Chip {
        name: name.to_owned(),
        chip: chip.display().to_string(),
        why: why(&error),
    })?;
    if offset >= open.num_lines() {
        return Err(LineError::Offset {
            name: name.to_owned(),
            chip: chip.display().to_string(),
            lines: open.num_lines(),
        });
    }
    open.get_line(offset).map_err(refused(name, "looked at"))
}

fn by_name(wanted: &str) -> Result<Line, LineError> {
    let chips = gpio_cdev::chips().map_err(refused(wanted, "looked for"))?;
    let mut names = Vec::new();
    for chip in chips.flatten() {
        for line in chip.lines() {
            // A line that cannot be looked at is not the one that is wanted.
            let Ok(info) = line.info() else { continue };
            match info.name() {
                Some(name) if name == wanted => return Ok(line),
                Some(name) => names.push(name.to_owned()),
                None => {}
            }
        }
    }
    Err(LineError::Unknown {
        name: wanted.to_owned(),
        known: if names.is_empty() {
            String::new()
        } else {
            format!("; there are {}", names.join(", "))
        },
    })
}

fn refused(name: &str, what: &'static str) -> impl FnOnce(Error) -> LineError {
    let name = name.to_owned();
    move |error| {
        let why = why(&error);
        if why.contains("EBUSY") {
            let by = "another process".to_owned();
            return LineError::Busy { name, by };
        }
        LineError::Refused { name, what, why }
    }
}

/// The system's own words, which are in the cause.
fn why(error: &Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

struct Out {
    name: String,
    handle: LineHandle,
}

impl Output for Out {
    fn set(&mut self, active: bool) -> Result<(), LineError> {
        self.handle
            .set_value(u8::from(active))
            .map_err(refused(&self.name, "set"))
    }
}

struct In {
    name: String,
    handle: LineEventHandle,
}

impl AsFd for In {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl Input for In {
    fn level(&mut self) -> Result<bool, LineError> {
        let value = self.handle.get_value();
        Ok(value.map_err(refused(&self.name, "read"))? != 0)
    }

    fn edge(&mut self) -> Result<bool, LineError> {
        let event = self.handle.get_event();
        let event = event.map_err(refused(&self.name, "read"))?;
        Ok(event.event_type() == EventType::RisingEdge)
    }
}
