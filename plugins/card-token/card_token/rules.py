"""May this token charge, and what must be remembered of it.

A token is an id and not a conversation: whoever copies a card has it. So two
things are kept. While a token charges, it does not charge elsewhere; and a
voucher that has charged does not charge again.

| key | value |
|---|---|
| `open/SERIAL` | session and Unix ms of its last sign of life |
| `used/DAY/SERIAL` | session of a voucher, until the end of that day |
"""

from dataclasses import dataclass
from typing import Protocol

from . import token
from .settings import Settings

# A session that was not heard of for so long has ended, and that was lost.
OPEN_MS = 24 * 3_600_000
# Old notes that are forgotten with each new one.
SWEEP = 64


class Entries(Protocol):
    def get(self, key: str) -> str | None: ...

    def first(self, prefix: str, most: int) -> list[str]:
        """Keys that begin so, in order."""


@dataclass(frozen=True)
class Accept:
    limit_ma: int | None
    energy_limit_wh: int | None
    expires_ms: int


@dataclass(frozen=True)
class Reject:
    # As in the interface: blocked, expired, invalid, concurrent.
    status: str


@dataclass(frozen=True)
class Pass:
    pass


Verdict = Accept | Reject | Pass


@dataclass(frozen=True)
class Keep:
    key: str
    value: str


@dataclass(frozen=True)
class Forget:
    key: str


def decide(
    settings: Settings,
    entries: Entries,
    wall_ms: int | None,
    text: str,
    to_stop: bool,
) -> tuple[Verdict, str]:
    """The verdict, and why. `wall_ms` is None while the clock is unset."""
    it = token.parse(text)
    if it is None:
        return Pass(), "not a token of this kind"
    key = settings.keys.get(it.key_id)
    if key is None:
        return Pass(), f"a token of key {it.key_id}, which is not known here"
    if not it.is_genuine(key):
        return Reject("invalid"), f"card {it.serial}: the signature is wrong"
    accept = Accept(
        limit_ma=settings.limit_ma,
        energy_limit_wh=settings.voucher_wh if it.kind == token.VOUCHER else None,
        expires_ms=it.expires_ms,
    )
    if to_stop:
        # Whatever has happened to it since: it is the same card.
        return accept, f"card {it.serial}"
    if wall_ms is None:
        if not settings.accept_without_clock:
            return Reject("invalid"), "the clock is not set, so no expiry can be checked"
    elif wall_ms >= it.expires_ms:
        return Reject("expired"), f"card {it.serial} has expired"
    if is_open(entries, it, wall_ms):
        return Reject("concurrent"), f"card {it.serial} is charging already"
    if entries.get(used_key(it)) is not None:
        return Reject("invalid"), f"voucher {it.serial} has been used"
    return accept, f"card {it.serial} is genuine"


def observe(
    settings: Settings,
    entries: Entries,
    wall_ms: int | None,
    text: str,
    session: int,
    ended: bool,
) -> list[Keep | Forget]:
    """What to keep of a session that was heard of. May come twice, or late."""
    it = token.parse(text)
    if it is None:
        return []
    key = settings.keys.get(it.key_id)
    if key is None or not it.is_genuine(key):
        return []
    actions: list[Keep | Forget] = []
    if ended:
        if session_of(entries.get(open_key(it))) == session:
            actions.append(Forget(open_key(it)))
    else:
        actions.append(Keep(open_key(it), f"{session} {wall_ms or 0}"))
    if it.kind == token.VOUCHER and entries.get(used_key(it)) is None:
        actions.append(Keep(used_key(it), str(session)))
        actions.extend(sweep(entries, wall_ms))
    return actions


def is_open(entries: Entries, it: token.Token, wall_ms: int | None) -> bool:
    text = entries.get(open_key(it))
    if text is None:
        return False
    heard_ms = int(text.split()[1])
    return wall_ms is None or heard_ms == 0 or abs(wall_ms - heard_ms) < OPEN_MS


def sweep(entries: Entries, wall_ms: int | None) -> list[Forget]:
    """Vouchers that have expired need no note any more."""
    if wall_ms is None:
        return []
    today = wall_ms // token.DAY_MS - token.FIRST_DAY
    old = entries.first("used/", SWEEP)
    return [Forget(key) for key in old if int(key.split("/")[1]) < today]


def session_of(text: str | None) -> int | None:
    return None if text is None else int(text.split()[0])


def open_key(it: token.Token) -> str:
    return f"open/{it.key_id}{it.serial:08}"


def used_key(it: token.Token) -> str:
    # Sorted by day: what is to be forgotten first comes first.
    return f"used/{it.day:05}/{it.key_id}{it.serial:08}"
