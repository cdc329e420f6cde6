// Local time. A zone is written as in the environment variable TZ (POSIX), such
// as `CET-1CEST,M3.5.0,M10.5.0/3`, or as an offset such as `+05:30`: there is no
// database of zones on a small board, and none is needed.

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A zone from its text; throws an Error that shows what is expected. */
export function parseZone(text) {
  const fixed = /^(?:UTC)?([+-])(\d\d):(\d\d)$/.exec(text);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    return { standard: fixed[1] === "-" ? -minutes : minutes };
  }
  if (text === "UTC") return { standard: 0 };
  const name = "(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)";
  const offset = "[+-]?\\d{1,2}(?::\\d\\d)?";
  const rule = "M\\d{1,2}\\.\\d\\.\\d(?:/-?\\d{1,3}(?::\\d\\d)?)?";
  const whole = new RegExp(`^${name}(${offset})(?:${name}(${offset})?,(${rule}),(${rule}))?$`);
  const found = whole.exec(text);
  if (!found) {
    throw new Error(
      "expected an offset such as `+01:00` or a zone as in TZ, such as " +
        `\`CET-1CEST,M3.5.0,M10.5.0/3\`, found \`${text}\``,
    );
  }
  const [, standardText, summerText, begin, end] = found;
  // POSIX counts westwards.
  const standard = -signedMinutes(standardText);
  if (!begin) return { standard };
  return {
    standard,
    summer: summerText ? -signedMinutes(summerText) : standard + 60,
    begin: parseRule(begin),
    end: parseRule(end),
  };
}

/** Unix ms to local ms: read the result as if it were UTC. */
export function localMs(zone, unixMs) {
  return unixMs + minutesAt(zone, unixMs) * MINUTE;
}

/** Local ms to Unix ms. In the hour that comes twice, the first. */
export function unixMs(zone, local) {
  const early = local - Math.max(zone.standard, zone.summer ?? zone.standard) * MINUTE;
  const late = local - Math.min(zone.standard, zone.summer ?? zone.standard) * MINUTE;
  return localMs(zone, early) === local ? early : late;
}

/** Monday is 0. */
export function weekday(local) {
  // Day 0 was a Thursday.
  return (((Math.floor(local / DAY) + 3) % 7) + 7) % 7;
}

function minutesAt(zone, unix) {
  if (!zone.begin) return zone.standard;
  const year = new Date(unix + zone.standard * MINUTE).getUTCFullYear();
  // The hour of each change is told by the clock that shows until then.
  const begin = moment(year, zone.begin) - zone.standard * MINUTE;
  const end = moment(year, zone.end) - zone.summer * MINUTE;
  const isSummer = begin < end ? begin <= unix && unix < end : unix < end || begin <= unix;
  return isSummer ? zone.summer : zone.standard;
}

/** `M3.5.0/2`: month, week (5: the last), day of the week (0: Sunday), time. */
function parseRule(text) {
  const [, month, week, day, time] = /^M(\d+)\.(\d)\.(\d)(?:\/(.*))?$/.exec(text);
  const rule = {
    month: Number(month),
    week: Number(week),
    day: Number(day),
    minutes: time === undefined ? 120 : signedMinutes(time),
  };
  if (rule.month < 1 || rule.month > 12 || rule.week < 1 || rule.week > 5 || rule.day > 6) {
    throw new Error(`\`${text}\` is no day of the year`);
  }
  return rule;
}

/** Local ms at which a rule holds in a year. */
function moment(year, rule) {
  const first = Date.UTC(year, rule.month - 1, 1);
  const days = new Date(Date.UTC(year, rule.month, 0)).getUTCDate();
  let day = 1 + ((rule.day - new Date(first).getUTCDay() + 7) % 7) + (rule.week - 1) * 7;
  while (day > days) day -= 7;
  return first + (day - 1) * DAY + rule.minutes * MINUTE;
}

function signedMinutes(text) {
  const [, sign, hours, minutes] = /^([+-]?)(\d+)(?::(\d\d))?$/.exec(text);
  const all = Number(hours) * 60 + Number(minutes ?? 0);
  return sign === "-" ? -all : all;
}
