"""A policy: may this card charge? Cards in the setting `cards` may; about all
others the next policy in the chain decides. Counts how often each charges.

It has no clock and no file. What it must remember it keeps in entries: the
charger may throw an instance away after any event, and calls `start` on the
next one.
"""

from wit_world import exports
from wit_world.exports import authorization as wit
from wit_world.imports import entries, log

import rules

# Follows from what `start` is told, so it is safe to hold.
cards: set[str] = set()


class Authorization(exports.Authorization):
    def start(self, boot: wit.Boot) -> list[wit.Action]:
        global cards
        given = {setting.name: setting.value for setting in boot.settings}
        cards = rules.cards(given.get("cards", ""))
        return []

    def handle(self, now: wit.Now, event: wit.Event) -> list[wit.Action]:
        try:
            return handle(event)
        except Exception as error:
            # An exception traps, and the trap says nothing: the log does.
            log.write(log.Level.ERROR, repr(error))
            raise


def handle(event: wit.Event) -> list[wit.Action]:
    match event:
        case wit.Event_Decide(question):
            return [decide(question)]
        case wit.Event_Observed(it) if it.kind == wit.ObservedKind.STARTED:
            return [count(it.token.id.upper())]
    return []


def decide(question: wit.Question) -> wit.Action:
    token = question.request.token.id.upper()
    if token not in cards:
        verdict = wit.Verdict_Pass()
        return wit.Action_Decided(wit.Decision(question.id, verdict, "not one of our cards"))
    attributes = wit.Attributes(
        limit_ma=None,
        energy_limit_wh=None,
        expires_ms=None,
        parent=None,
        session_until_ms=None,
    )
    verdict = wit.Verdict_Accept(attributes)
    return wit.Action_Decided(wit.Decision(question.id, verdict, rules.why(counted(token))))


def counted(token: str) -> int:
    value = entries.get(key(token))
    return 0 if value is None else int(value)


def count(token: str) -> wit.Action:
    value = str(counted(token) + 1).encode()
    return wit.Action_Keep(wit.Entry(key(token), value, wit.Durability.DURABLE, False))


def key(token: str) -> str:
    return f"charged/{token}"
