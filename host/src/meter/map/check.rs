//! What must hold in a register map beyond the types of its keys.

use super::file::{Line, MapFile, Word};
use super::plan;
use super::value::Encoding;
use super::{Measurand, Register, RegisterMap};

/// The map, or what is wrong with it and where.
pub(super) fn checked(file: MapFile) -> Result<RegisterMap, String> {
    if file.name.trim().is_empty() || file.source.trim().is_empty() {
        return Err("name and source: expected some text".into());
    }
    if !(1..=125).contains(&file.max_registers) {
        return Err(format!(
            "max_registers: expected 1 to 125 (all that one answer can hold), found {}",
            file.max_registers
        ));
    }
    let mut energy: Option<(Register, bool)> = None;
    let mut others: Vec<(Measurand, Register)> = Vec::new();
    for (index, line) in file.register.iter().enumerate() {
        let here = |text: String| format!("register[{index}] (address {}): {text}", line.address);
        let register = register(&file, line).map_err(here)?;
        if register.words() > file.max_registers {
            return Err(here(format!(
                "max_registers is {}, fewer than this value has",
                file.max_registers
            )));
        }
        if line.wraps {
            check_wraps(line).map_err(here)?;
        }
        match line.measurand.quantity() {
            None if line.phase.is_some() => {
                return Err(here("energy-active-import: expected no phase".into()));
            }
            None if energy.is_some() => {
                return Err(here("energy-active-import is there twice".into()));
            }
            None => energy = Some((register, line.wraps)),
            Some(quantity) => {
                let measurand = Measurand {
                    quantity,
                    phase: line.phase.map(super::file::PhaseWord::phase),
                };
                if others.iter().any(|(other, _)| *other == measurand) {
                    return Err(here("this measurand and phase are there twice".into()));
                }
                others.push((measurand, register));
            }
        }
    }
    let Some((energy, wraps)) = energy else {
        return Err("expected one register with measurand = \"energy-active-import\"".into());
    };
    let mut map = RegisterMap {
        name: file.name,
        source: file.source,
        energy,
        wraps,
        others,
        batches: Vec::new(),
    };
    map.batches = plan::batches(map.registers(), file.max_registers, file.max_gap);
    Ok(map)
}

fn register(file: &MapFile, line: &Line) -> Result<Register, String> {
    let register = Register {
        function: line.function.unwrap_or(file.function),
        address: line.address,
        encoding: Encoding {
            kind: line.kind,
            words: line.word_order.unwrap_or(file.word_order),
            bytes: line.byte_order.unwrap_or(file.byte_order),
        },
        scale: line.scale,
        unit: line.unit,
        not_available: sentinel(line)?,
    };
    if register.end() > 0x1_0000 {
        return Err("the value ends behind the last register, 65535".into());
    }
    if !line.scale.is_finite() || line.scale == 0.0 {
        return Err(format!(
            "scale: expected a number other than 0, found {}",
            line.scale
        ));
    }
    if !line.measurand.units().contains(&line.unit) {
        let units: Vec<&str> = line
            .measurand
            .units()
            .iter()
            .map(|unit| unit.word())
            .collect();
        return Err(format!(
            "unit: expected {}, found {}",
            units.join(" or "),
            line.unit.word()
        ));
    }
    let bits = u32::from(register.words()) * 16;
    if register
        .not_available
        .is_some_and(|it| bits < 64 && it >> bits != 0)
    {
        return Err(format!("not_available: expected at most {bits} bits"));
    }
    Ok(register)
}

fn sentinel(line: &Line) -> Result<Option<u64>, String> {
    let Some(text) = &line.not_available else {
        return Ok(None);
    };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    match u64::from_str_radix(digits, 16) {
        Ok(bits) => Ok(Some(bits)),
        Err(_) => Err(format!(
            "not_available: expected hexadecimal digits, found {text:?}"
        )),
    }
}

fn check_wraps(line: &Line) -> Result<(), String> {
    if line.measurand != Word::EnergyActiveImport {
        return Err("wraps: expected only with energy-active-import".into());
    }
    if !line.kind.is_unsigned() || line.scale < 0.0 {
        return Err("wraps: expected an unsigned type and a scale above 0".into());
    }
    Ok(())
}
