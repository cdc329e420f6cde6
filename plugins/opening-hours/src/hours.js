// Times of the week: which ones there are, whether a moment lies in them, when
// they begin and end. Knows local time only (see zone.js).

import { weekday } from "./zone.js";

const MINUTE = 60_000;
const DAY_MINUTES = 24 * 60;
const DAY = DAY_MINUTES * MINUTE;

/** As in the settings; Monday is 0. */
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/**
 * `08:00-20:00, 22:00-02:00`, `all day` or `never` as a list of [from, to] in
 * minutes since midnight; what ends on the next day ends after 24:00.
 */
export function parseTimes(text) {
  if (text === "never" || text === "closed") return [];
  if (text === "all day") return [[0, DAY_MINUTES]];
  return text.split(",").map((part) => {
    const found = /^(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)$/.exec(part.trim());
    const [from, to] = found ? [minutes(found[1], found[2]), minutes(found[3], found[4])] : [];
    if (from === undefined || to === undefined || from === to || from === DAY_MINUTES) {
      throw new Error(
        "expected times such as `08:00-20:00, 22:00-02:00`, or `all day`, or `never`, " +
          `found \`${part.trim()}\``,
      );
    }
    return [from, to > from ? to : to + DAY_MINUTES];
  });
}

/** A timetable: for each day of the week, and for single dates. */
export class Timetable {
  constructor() {
    this.week = DAYS.map(() => undefined);
    this.dates = new Map();
    this.everyDay = undefined;
  }

  /** Whether it says anything at all. */
  get isEmpty() {
    return (
      this.everyDay === undefined &&
      this.dates.size === 0 &&
      this.week.every((day) => day === undefined)
    );
  }

  /** `day`: `mon` to `sun`, a date such as `2026-12-25`, or undefined for every day. */
  set(day, times) {
    if (day === undefined) {
      this.everyDay = times;
    } else if (DAYS.includes(day)) {
      this.week[DAYS.indexOf(day)] = times;
    } else if (/^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day))) {
      this.dates.set(day, times);
    } else {
      throw new Error(`expected one of ${DAYS.join(", ")}, or a date such as 2026-12-25, found \`${day}\``);
    }
  }

  /** The end (local ms) of the time that a moment lies in, or undefined. */
  endOf(local) {
    const spans = this.spansAround(local);
    let end;
    // Times that touch are one: `all day` on each day never ends at midnight.
    for (const [from, to] of spans) {
      if (end === undefined ? from <= local && local < to : from <= end && end < to) end = to;
    }
    return end;
  }

  /** When the next time begins (local ms), if any does within a week or so. */
  nextAfter(local) {
    return this.spansAround(local)
      .map(([from]) => from)
      .find((from) => from > local);
  }

  /** From yesterday, whose last time may reach into today, to a week ahead. */
  spansAround(local) {
    const today = Math.floor(local / DAY) * DAY;
    const spans = [];
    for (let day = -1; day <= 8; day++) {
      const midnight = today + day * DAY;
      for (const [from, to] of this.timesOn(midnight)) {
        spans.push([midnight + from * MINUTE, midnight + to * MINUTE]);
      }
    }
    return spans.sort((a, b) => a[0] - b[0]);
  }

  timesOn(midnight) {
    const date = new Date(midnight).toISOString().slice(0, 10);
    return this.dates.get(date) ?? this.week[weekday(midnight)] ?? this.everyDay ?? [];
  }
}

function minutes(hours, minutes) {
  const all = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && all <= DAY_MINUTES ? all : undefined;
}
