import assert from "node:assert/strict";
import { test } from "node:test";

import { localMs, parseZone, unixMs } from "../src/zone.js";

function check(zone, utc, local) {
  const parsed = parseZone(zone);
  const there = localMs(parsed, Date.parse(utc));
  assert.equal(new Date(there).toISOString().slice(0, 16), local, `${zone} at ${utc}`);
}

test("offsets", () => {
  check("UTC", "2026-07-01T12:00Z", "2026-07-01T12:00");
  check("+05:30", "2026-07-01T12:00Z", "2026-07-01T17:30");
  check("UTC-03:00", "2026-07-01T12:00Z", "2026-07-01T09:00");
});

test("zones with summer time, at the very changes", () => {
  const berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
  check(berlin, "2026-01-01T12:00Z", "2026-01-01T13:00");
  check(berlin, "2026-03-29T00:59Z", "2026-03-29T01:59");
  check(berlin, "2026-03-29T01:00Z", "2026-03-29T03:00");
  check(berlin, "2026-10-25T00:59Z", "2026-10-25T02:59");
  check(berlin, "2026-10-25T01:00Z", "2026-10-25T02:00");
  const newYork = "EST5EDT,M3.2.0,M11.1.0";
  check(newYork, "2026-03-08T06:59Z", "2026-03-08T01:59");
  check(newYork, "2026-03-08T07:00Z", "2026-03-08T03:00");
  check(newYork, "2026-11-01T06:00Z", "2026-11-01T01:00");
  // Summer lies over the turn of the year.
  const sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
  check(sydney, "2026-01-01T00:00Z", "2026-01-01T11:00");
  check(sydney, "2026-07-01T00:00Z", "2026-07-01T10:00");
  // A name of digits, and half an hour.
  check("<+1030>-10:30", "2026-01-01T00:00Z", "2026-01-01T10:30");
});

test("the same zones as the machine's own database", () => {
  const zones = {
    "CET-1CEST,M3.5.0,M10.5.0/3": "Europe/Berlin",
    "EST5EDT,M3.2.0,M11.1.0": "America/New_York",
    "AEST-10AEDT,M10.1.0,M4.1.0/3": "Australia/Sydney",
    "IST-5:30": "Asia/Kolkata",
  };
  for (const [text, name] of Object.entries(zones)) {
    const zone = parseZone(text);
    const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: name, dateStyle: "short", timeStyle: "short" });
    for (let hour = 0; hour < 2 * 366 * 24; hour++) {
      const utc = Date.UTC(2026, 0, 1, hour);
      const there = localMs(zone, utc);
      const shown = new Date(there).toISOString().slice(0, 16).replace("T", " ");
      assert.equal(shown, clock.format(utc), `${name} at ${new Date(utc).toISOString()}`);
    }
  }
});

test("back to UTC", () => {
  const zone = parseZone("CET-1CEST,M3.5.0,M10.5.0/3");
  for (let hour = 0; hour < 366 * 24; hour++) {
    const utc = Date.UTC(2026, 0, 1, hour);
    const again = unixMs(zone, localMs(zone, utc));
    // The hour that comes twice is taken for the first.
    assert.ok(again === utc || again === utc - 3_600_000, new Date(utc).toISOString());
    assert.equal(localMs(zone, again), localMs(zone, utc));
  }
});

test("what is no zone is an error that shows one", () => {
  for (const text of ["", "Europe/Berlin", "CET", "CET-1CEST", "+1", "CET-1CEST,M13.5.0,M10.5.0"]) {
    assert.throws(() => parseZone(text), /such as|no day of the year/, text);
  }
});
