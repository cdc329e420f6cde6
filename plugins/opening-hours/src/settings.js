// What an operator has configured.

import { Timetable, parseTimes } from "./hours.js";
import { parseZone } from "./zone.js";

const KNOWN = "hours, hours.DAY, free, free.DAY, free_current, free_energy, time_zone, clock_unset";

/**
 * Reads [{name, value}]. What is not understood is left out and said in
 * `complaints`: one line of a technician's must not stop a charger.
 */
export function readSettings(given) {
  const settings = {
    hours: new Timetable(),
    free: new Timetable(),
    freeCurrentMa: undefined,
    freeEnergyWh: undefined,
    zone: { standard: 0 },
    openWithoutClock: true,
  };
  const complaints = [];
  for (const { name, value } of given) {
    try {
      take(settings, name, value);
    } catch (error) {
      complaints.push(`setting \`${name}\`: ${error.message}`);
    }
  }
  return { settings, complaints };
}

function take(settings, name, value) {
  const dot = name.indexOf(".");
  const [kind, day] = dot < 0 ? [name, undefined] : [name.slice(0, dot), name.slice(dot + 1)];
  if (kind === "hours" || kind === "free") {
    settings[kind].set(day, parseTimes(value));
  } else if (name === "free_current") {
    settings.freeCurrentMa = quantity(value, "A", "16 A") * 1000;
  } else if (name === "free_energy") {
    settings.freeEnergyWh = quantity(value, "kWh", "10 kWh") * 1000;
  } else if (name === "time_zone") {
    settings.zone = parseZone(value);
  } else if (name === "clock_unset") {
    if (value !== "open" && value !== "closed") {
      throw new Error(`expected \`open\` or \`closed\`, found \`${value}\``);
    }
    settings.openWithoutClock = value === "open";
  } else {
    throw new Error(`there is none of that name; known are ${KNOWN}`);
  }
}

function quantity(text, unit, example) {
  const found = new RegExp(`^(\\d{1,4})\\s*${unit}$`).exec(text);
  if (!found || Number(found[1]) === 0) {
    throw new Error(`expected a value such as \`${example}\`, found \`${text}\``);
  }
  return Number(found[1]);
}
