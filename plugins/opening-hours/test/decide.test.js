import assert from "node:assert/strict";
import { test } from "node:test";

import { decide } from "../src/decide.js";
import { readSettings } from "../src/settings.js";

function read(given) {
  return readSettings(Object.entries(given).map(([name, value]) => ({ name, value })));
}

/** The verdict's tag and the reason. */
function check(given, origin, time, tag, words, purpose = "start") {
  const { settings, complaints } = read(given);
  assert.deepEqual(complaints, []);
  const request = { origin, purpose, token: "04A1" };
  const decided = decide(settings, request, time && Date.parse(time));
  assert.equal(decided.verdict.tag, tag, `${time}: ${decided.why}`);
  assert.match(decided.why, words);
  return decided.verdict.val;
}

const shop = { hours: "08:00-20:00", "hours.sun": "never", "hours.2026-12-25": "closed" };

test("open and closed", () => {
  // 2026-11-20 is a Friday.
  check(shop, "card", "2026-11-20T07:59:59.999Z", "reject", /until fri 08:00/);
  check(shop, "card", "2026-11-20T08:00:00Z", "pass", /within opening hours/);
  check(shop, "card", "2026-11-20T19:59:59Z", "pass", /within/);
  check(shop, "card", "2026-11-20T20:00:00Z", "reject", /until sat 08:00/);
  check(shop, "card", "2026-11-21T20:00:00Z", "reject", /until mon 08:00/);
  check(shop, "card", "2026-11-22T12:00:00Z", "reject", /until mon 08:00/);
  check(shop, "card", "2026-12-25T12:00:00Z", "reject", /until sat 08:00/);
  const value = check(shop, "remote", "2026-11-22T12:00:00Z", "reject", /closed/);
  assert.equal(value.status, "blocked");
});

test("local time counts", () => {
  const berlin = { ...shop, time_zone: "CET-1CEST,M3.5.0,M10.5.0/3" };
  check(berlin, "card", "2026-11-20T07:00:00Z", "pass", /within/);
  check(berlin, "card", "2026-07-03T06:00:00Z", "pass", /within/);
  check(berlin, "card", "2026-07-03T05:59:00Z", "reject", /until fri 08:00/);
});

test("times may reach over midnight", () => {
  const bar = { "hours.fri": "22:00-02:00" };
  check(bar, "card", "2026-11-21T01:59:00Z", "pass", /within/);
  check(bar, "card", "2026-11-21T02:00:00Z", "reject", /until fri 22:00/);
});

test("without hours it is always open", () => {
  check({}, "card", "2026-11-22T03:00:00Z", "pass", /within/);
  check({ free: "10:00-11:00" }, "card", "2026-11-22T03:00:00Z", "pass", /within/);
});

test("never open is never open", () => {
  check({ hours: "never" }, "card", "2026-11-22T03:00:00Z", "reject", /^closed$/);
});

test("free vend needs no card", () => {
  const lunch = { ...shop, free: "12:00-13:30", free_current: "10 A", free_energy: "5 kWh" };
  const value = check(lunch, "plugged", "2026-11-20T12:00:00Z", "accept", /free until fri 13:30/);
  assert.equal(value.limitMa, 10_000);
  assert.equal(value.energyLimitWh, 5_000);
  assert.equal(value.expiresMs, Date.parse("2026-11-20T13:30:00Z"));
  assert.equal(value.sessionUntilMs, value.expiresMs);
  check(lunch, "plugged", "2026-11-20T13:30:00Z", "pass", /no free-vend/);
  // Who shows a card is dealt with as ever.
  check(lunch, "card", "2026-11-20T12:00:00Z", "pass", /within/);
  // Closed is closed.
  check(lunch, "plugged", "2026-11-22T12:00:00Z", "reject", /closed/);
});

test("days that touch are one time", () => {
  const value = check({ "free.sat": "all day", "free.sun": "all day" }, "plugged", "2026-11-21T05:00:00Z", "accept", /mon 00:00/);
  assert.equal(value.expiresMs, Date.parse("2026-11-23T00:00:00Z"));
});

test("sessions may always end, and the central system may always begin one", () => {
  check(shop, "card", "2026-11-22T12:00:00Z", "pass", /end/, "stop");
  check(shop, "remote-unchecked", "2026-11-22T12:00:00Z", "pass", /vouches/);
});

test("while the clock is not set", () => {
  check(shop, "card", undefined, "pass", /not set/);
  check({ ...shop, clock_unset: "closed" }, "card", undefined, "reject", /not set/);
  check({ free: "all day" }, "plugged", undefined, "pass", /no time is free/);
});

test("what is wrong is named, and the rest counts", () => {
  const wrong = {
    hours: "8-20",
    "hours.sunday": "never",
    "hours.2026-13-01": "never",
    free: "25:00-26:00",
    free_current: "0 A",
    free_energy: "lots",
    time_zone: "Europe/Berlin",
    clock_unset: "maybe",
    colour: "red",
  };
  const { settings, complaints } = read({ ...wrong, "hours.mon": "08:00-20:00" });
  assert.equal(complaints.length, Object.keys(wrong).length, complaints.join("\n"));
  for (const name of Object.keys(wrong)) {
    assert.ok(complaints.some((line) => line.startsWith(`setting \`${name}\`: `)), name);
  }
  assert.equal(settings.hours.week[0].length, 1);
});
