"""Between the rules and the interface `authorization` of `wit/`."""

from card_token import rules, settings as configured, token
from wit_world import exports
from wit_world.exports import authorization as wit
from wit_world.imports import entries, log

# Follows from what `start` is told, so it is no state of its own.
settings = configured.Settings()

# This runs while the component is built. Python loads some modules only when they
# are needed, and on the charger there are no files to load them from.
token.parse(token.issue(token.PASS, "0", bytes(16), 0, 0)).is_genuine(bytes(16))

STATUS = {
    "blocked": wit.TokenStatus.BLOCKED,
    "expired": wit.TokenStatus.EXPIRED,
    "invalid": wit.TokenStatus.INVALID,
    "concurrent": wit.TokenStatus.CONCURRENT,
}


class Authorization(exports.Authorization):
    def start(self, boot: wit.Boot) -> list[wit.Action]:
        global settings
        given = [(it.name, it.value) for it in boot.settings]
        settings, complaints = configured.read(given)
        for complaint in complaints:
            log.write(log.Level.WARN, complaint)
        return []

    def handle(self, now: wit.Now, event: wit.Event) -> list[wit.Action]:
        try:
            return handle(now, event)
        except Exception as error:
            # An exception traps, and the trap says nothing: the log does.
            log.write(log.Level.ERROR, repr(error))
            raise


def handle(now: wit.Now, event: wit.Event) -> list[wit.Action]:
    wall_ms = None if now.trust == wit.ClockTrust.UNSET else now.wall_ms
    if isinstance(event, wit.Event_Decide):
        return [decided(wall_ms, event.value)]
    if isinstance(event, wit.Event_Observed):
        it = event.value
        ended = it.kind == wit.ObservedKind.ENDED
        changes = rules.observe(settings, Kept(), wall_ms, it.token.id, it.session, ended)
        return [change(each) for each in changes]
    return []


class Kept:
    """The entries, to read."""

    def get(self, key: str) -> str | None:
        value = entries.get(key)
        return None if value is None else value.decode()

    def first(self, prefix: str, most: int) -> list[str]:
        return [item.key for item in entries.scan(prefix, "", most)]


def decided(wall_ms: int | None, question: wit.Question) -> wit.Action:
    request = question.request
    verdict, why = rules.decide(
        settings,
        Kept(),
        wall_ms,
        request.token.id,
        request.purpose == wit.Purpose.STOP,
    )
    return wit.Action_Decided(wit.Decision(question.id, told(verdict, why), why))


def told(verdict: rules.Verdict, why: str) -> wit.Verdict:
    if isinstance(verdict, rules.Accept):
        return wit.Verdict_Accept(
            wit.Attributes(
                limit_ma=verdict.limit_ma,
                energy_limit_wh=verdict.energy_limit_wh,
                expires_ms=verdict.expires_ms,
                parent=None,
                session_until_ms=None,
            )
        )
    if isinstance(verdict, rules.Reject):
        return wit.Verdict_Reject(wit.Rejection(STATUS[verdict.status], why))
    return wit.Verdict_Pass()


def change(it: rules.Keep | rules.Forget) -> wit.Action:
    if isinstance(it, rules.Forget):
        return wit.Action_Forget(it.key)
    # Durable: a power cut must not make a voucher good again.
    entry = wit.Entry(it.key, it.value.encode(), wit.Durability.DURABLE, False)
    return wit.Action_Keep(entry)
