#!/usr/bin/env python3
"""Issues tokens, as a back office would.

    ./issue.py key                                           # a new key
    ./issue.py token --key-id A --key HEX --serial 1 --until 2027-12-31
    ./issue.py token --key-id A --key HEX --serial 1 --until 2027-12-31 --voucher
"""

import argparse
import datetime
import secrets
import sys

from card_token import token


def main() -> int:
    parser = argparse.ArgumentParser(description="Issues card tokens.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("key", help="prints a new key")
    issue = commands.add_parser("token", help="prints a token")
    issue.add_argument("--key-id", required=True, help="one letter or digit")
    issue.add_argument("--key", required=True, help="the key, in hex")
    issue.add_argument("--serial", required=True, type=int, help="number of the card")
    issue.add_argument("--until", required=True, help="last day, such as 2027-12-31")
    issue.add_argument("--voucher", action="store_true", help="good once only")
    given = parser.parse_args()
    if given.command == "key":
        print(secrets.token_hex(32))
        return 0
    try:
        day = (datetime.date.fromisoformat(given.until) - datetime.date(2024, 1, 1)).days
        kind = token.VOUCHER if given.voucher else token.PASS
        key = bytes.fromhex(given.key)
        print(token.issue(kind, given.key_id.upper(), key, given.serial, day))
    except ValueError as error:
        print(f"issue.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
