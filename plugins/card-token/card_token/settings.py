"""What an operator has configured."""

from dataclasses import dataclass, field

from .token import ALPHABET

KNOWN = "key.X, limit, voucher_energy, clock_unset"
LEAST_KEY_BYTES = 16


@dataclass
class Settings:
    # By their one-letter name.
    keys: dict[str, bytes] = field(default_factory=dict)
    # The most current per phase.
    limit_ma: int | None = None
    # What a voucher is worth.
    voucher_wh: int | None = None
    # Take tokens whose expiry cannot be checked.
    accept_without_clock: bool = False


def read(given: list[tuple[str, str]]) -> tuple[Settings, list[str]]:
    """Also what is not understood, which is left out: one line of a
    technician's must not stop a charger."""
    settings = Settings()
    complaints = []
    for name, value in given:
        try:
            take(settings, name, value)
        except ValueError as error:
            complaints.append(f"setting `{name}`: {error}")
    if not settings.keys:
        complaints.append("no key is configured, so no token is known")
    return settings, complaints


def take(settings: Settings, name: str, value: str) -> None:
    if name.startswith("key."):
        key_id = name.removeprefix("key.").upper()
        if len(key_id) != 1 or key_id not in ALPHABET:
            raise ValueError(f"a key's name is one of {ALPHABET}")
        settings.keys[key_id] = key(value)
    elif name == "limit":
        settings.limit_ma = quantity(value, "A", "16 A") * 1000
    elif name == "voucher_energy":
        settings.voucher_wh = quantity(value, "kWh", "10 kWh") * 1000
    elif name == "clock_unset":
        if value not in ("accept", "reject"):
            raise ValueError(f"expected `accept` or `reject`, found `{value}`")
        settings.accept_without_clock = value == "accept"
    else:
        raise ValueError(f"there is none of that name; known are {KNOWN}")


def key(text: str) -> bytes:
    # What is wrong with a key is said without showing it.
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise ValueError("expected hexadecimal digits") from None
    if len(found) < LEAST_KEY_BYTES:
        raise ValueError(f"expected at least {LEAST_KEY_BYTES} bytes, found {len(found)}")
    return found


def quantity(text: str, unit: str, example: str) -> int:
    amount = text.removesuffix(unit).strip()
    if not (amount.isascii() and amount.isdigit() and 1 <= int(amount) <= 1000):
        raise ValueError(f"expected a value such as `{example}`, found `{text}`")
    return int(amount)
