"""The token: 20 characters, as many as an idTag may have.

    P A 0001G 0YK 7Q2M4X0VZC
    | | |     |   +-- signature: the first 50 bits of HMAC-SHA-256
    | | |     +------ last day that it is good, counted from 2024-01-01
    | | +------------ number of the card
    | +-------------- which key
    +---------------- P: a pass, good until it expires; V: a voucher, good once

In Crockford's base 32, since an idTag has no case: 5 bits a character, without
letters that are mistaken for digits. P and V never begin a card's own number,
which is hexadecimal.
"""

import hashlib
import hmac
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 20
BODY = 10
SERIAL = slice(2, 7)
DAY = slice(7, 10)
SIGNATURE_BITS = 50

DAY_MS = 86_400_000
# 2024-01-01, as a day counted from 1970-01-01.
FIRST_DAY = 19_723

PASS = "P"
VOUCHER = "V"

MOST_SERIAL = 32**5 - 1
MOST_DAY = 32**3 - 1

# Whatever else the key may be used for, this is no signature of it.
DOMAIN = b"plugpoint card-token 1 "


@dataclass(frozen=True)
class Token:
    """What a token says; not yet that it is genuine."""

    kind: str
    key_id: str
    serial: int
    day: int
    body: str
    signature: str

    @property
    def expires_ms(self) -> int:
        """Unix ms at which it stops being good: the end of its last day, UTC."""
        return (FIRST_DAY + self.day + 1) * DAY_MS

    def is_genuine(self, key: bytes) -> bool:
        return hmac.compare_digest(self.signature, sign(key, self.body))


def parse(text: str) -> Token | None:
    """None: some other card."""
    text = text.upper()
    if len(text) != LENGTH or text[0] not in (PASS, VOUCHER):
        return None
    if any(letter not in ALPHABET for letter in text):
        return None
    return Token(
        kind=text[0],
        key_id=text[1],
        serial=number(text[SERIAL]),
        day=number(text[DAY]),
        body=text[:BODY],
        signature=text[BODY:],
    )


def issue(kind: str, key_id: str, key: bytes, serial: int, day: int) -> str:
    """A new token. `day` counts from 2024-01-01. For the back office."""
    if kind not in (PASS, VOUCHER):
        raise ValueError(f"the kind is {PASS} or {VOUCHER}, not {kind!r}")
    if len(key_id) != 1 or key_id not in ALPHABET:
        raise ValueError(f"a key's name is one of {ALPHABET}, not {key_id!r}")
    if not 0 <= serial <= MOST_SERIAL:
        raise ValueError(f"the number of a card is 0 to {MOST_SERIAL}, not {serial}")
    if not 0 <= day <= MOST_DAY:
        raise ValueError("the last day is in 2024 to 2113")
    body = kind + key_id + letters(serial, 5) + letters(day, 3)
    return body + sign(key, body)


def sign(key: bytes, body: str) -> str:
    digest = hmac.new(key, DOMAIN + body.encode(), hashlib.sha256).digest()
    bits = int.from_bytes(digest[:8], "big") >> (64 - SIGNATURE_BITS)
    return letters(bits, LENGTH - BODY)


def number(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 32 + ALPHABET.index(letter)
    return value


def letters(value: int, length: int) -> str:
    text = ""
    for _ in range(length):
        text = ALPHABET[value % 32] + text
        value //= 32
    return text
