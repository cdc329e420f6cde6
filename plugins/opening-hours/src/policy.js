// Between the rules and the interface `authorization` of wit/. All state is in
// the settings, which `start` is told; this policy keeps nothing.

import { write } from "plugpoint:charger/log@0.2.0-dev.6";

import { decide } from "./decide.js";
import { readSettings } from "./settings.js";

let settings;

export const authorization = {
  start(boot) {
    const read = readSettings(boot.settings);
    for (const complaint of read.complaints) write("warn", complaint);
    settings = read.settings;
    return [];
  },

  handle(now, event) {
    try {
      return event.tag === "decide" ? [decided(now, event.val)] : [];
    } catch (error) {
      // An exception traps, and the trap says nothing: the log does.
      write("error", String(error));
      throw error;
    }
  },
};

function decided(now, { id, request }) {
  const wallMs = now.trust === "unset" || now.wallMs == null ? undefined : now.wallMs;
  const { verdict, why } = decide(settings, request, wallMs);
  return { tag: "decided", val: { id, verdict, why } };
}
