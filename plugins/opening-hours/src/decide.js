// May somebody charge now? Opening hours first, then free-vend times.

import { DAYS } from "./hours.js";
import { localMs, unixMs, weekday } from "./zone.js";

const pass = (why) => ({ verdict: { tag: "pass" }, why });

/**
 * `request` is that of the interface; `wallMs` is a number, or undefined while
 * the clock is unset. Returns { verdict, why } as the interface wants them.
 */
export function decide(settings, request, wallMs) {
  if (request.purpose === "stop") return pass("a session may end at any time");
  if (request.origin === "remote-unchecked") return pass("the central system vouches for it");
  if (wallMs === undefined) return withoutClock(settings, request);
  const local = localMs(settings.zone, wallMs);
  if (!settings.hours.isEmpty && settings.hours.endOf(local) === undefined) {
    return closed(settings, local);
  }
  if (request.origin !== "plugged") return pass("within opening hours");
  const end = settings.free.endOf(local);
  if (end === undefined) return pass("no free-vend time");
  return {
    verdict: {
      tag: "accept",
      val: {
        limitMa: settings.freeCurrentMa,
        energyLimitWh: settings.freeEnergyWh,
        expiresMs: unixMs(settings.zone, end),
        parent: undefined,
        // What is free ends then, also for a car that is charging.
        sessionUntilMs: unixMs(settings.zone, end),
      },
    },
    why: `charging is free until ${shown(end)}`,
  };
}

function withoutClock(settings, request) {
  if (settings.hours.isEmpty || settings.openWithoutClock) {
    return pass(
      request.origin === "plugged"
        ? "the clock is not set, so no time is free"
        : "the clock is not set; open all the same",
    );
  }
  return refused("closed while the clock is not set");
}

function closed(settings, local) {
  const opens = settings.hours.nextAfter(local);
  return refused(opens === undefined ? "closed" : `closed until ${shown(opens)}`);
}

function refused(text) {
  return { verdict: { tag: "reject", val: { status: "blocked", text } }, why: text };
}

/** `mon 08:00` */
function shown(local) {
  return `${DAYS[weekday(local)]} ${new Date(local).toISOString().slice(11, 16)}`;
}
