//! When the contactor moved, out of the program's log: the only witness that is
//! still there after a SIGKILL, because the log goes line by line.

/// One move of a contactor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactorMove {
    /// Which.
    pub connector: u32,
    /// It closed, else it opened.
    pub closed: bool,
    /// The register at that moment.
    pub register_mwh: u64,
}

/// The moves in what a charger printed.
pub fn contactor_moves(printed: &[String]) -> Vec<ContactorMove> {
    printed.iter().filter_map(|line| read(line)).collect()
}

fn read(line: &str) -> Option<ContactorMove> {
    let closed = line.contains("contactor closed");
    if !closed && !line.contains("contactor opened") {
        return None;
    }
    let field = |name: &str| {
        let rest = line.split_once(name)?.1;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    Some(ContactorMove {
        connector: u32::try_from(field("outlet=")?).ok()?,
        closed,
        register_mwh: field("register_mwh=")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_found_among_other_lines() {
        let printed = [
            "2026-11-22T10:00:00Z  INFO connected to the central system".to_owned(),
            "2026-11-22T10:00:01Z  INFO contactor closed outlet=1 register_mwh=1500".to_owned(),
            "2026-11-22T10:00:02Z  INFO contactor opened outlet=2 register_mwh=7".to_owned(),
        ];
        let moves = contactor_moves(&printed);
        assert_eq!(moves.len(), 2);
        assert_eq!(
            moves[0],
            ContactorMove {
                connector: 1,
                closed: true,
                register_mwh: 1500
            }
        );
        assert!(!moves[1].closed);
    }
}
