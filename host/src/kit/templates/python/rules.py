"""What the policy decides by, which knows no interface: `python3 -m unittest` tries
it on the desk. In app.py it meets the charger.
"""


def cards(setting: str) -> set[str]:
    """The cards in the setting: separated by commas or blanks, in any case."""
    return set(setting.upper().replace(",", " ").split())


def why(times: int) -> str:
    """Why a card of ours may charge."""
    told = f"has charged {times} times" if times else "for the first time"
    return f"one of our cards, {told}"
