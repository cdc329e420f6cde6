// A policy: may this card charge? Cards in the setting `cards` may; about all
// others the next policy in the chain decides. Counts how often each charges.
//
// It has no clock and no file. What it must remember it keeps in entries: the
// charger may throw an instance away after any event, and calls `start` on the
// next one. (Records are objects, variants { tag, val }, all numbers Number.)

import { get } from "plugpoint:charger/entries@__INTERFACE__";
import { write } from "plugpoint:charger/log@__INTERFACE__";

import { cards as listed, why } from "./rules.js";

// Follows from what `start` is told, so it is safe to hold.
let cards = [];

export const authorization = {
  start(boot) {
    const setting = boot.settings.find(({ name }) => name === "cards");
    cards = listed(setting?.value ?? "");
    return [];
  },

  handle(now, event) {
    try {
      return handle(event);
    } catch (error) {
      // An exception traps, and the trap says nothing: the log does.
      write("error", String(error));
      throw error;
    }
  },
};

function handle(event) {
  if (event.tag === "decide") return [decide(event.val)];
  if (event.tag === "observed" && event.val.kind === "started") return [count(event.val.token.id)];
  return [];
}

function decide({ id, request }) {
  const token = request.token.id.toUpperCase();
  if (!cards.includes(token)) {
    return decided(id, { tag: "pass" }, "not one of our cards");
  }
  return decided(id, { tag: "accept", val: {} }, why(counted(token)));
}

function decided(id, verdict, why) {
  return { tag: "decided", val: { id, verdict, why } };
}

function counted(token) {
  const value = get(key(token));
  return value ? Number(String.fromCharCode(...value)) : 0;
}

function count(card) {
  const token = card.toUpperCase();
  const text = String(counted(token) + 1);
  const value = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return { tag: "keep", val: { key: key(token), value, durability: "durable", secret: false } };
}

function key(token) {
  return `charged/${token}`;
}
