import unittest

from card_token import token

KEY = bytes(range(32))


class TokenTest(unittest.TestCase):
    def test_what_is_issued_is_genuine(self):
        for kind in (token.PASS, token.VOUCHER):
            for serial, day in ((0, 0), (1, 1056), (token.MOST_SERIAL, token.MOST_DAY)):
                text = token.issue(kind, "A", KEY, serial, day)
                self.assertEqual(len(text), 20)
                it = token.parse(text.lower())
                self.assertEqual((it.kind, it.key_id, it.serial, it.day), (kind, "A", serial, day))
                self.assertTrue(it.is_genuine(KEY))
                self.assertFalse(it.is_genuine(KEY[::-1]))

    def test_the_format_is_pinned(self):
        # Cards are out there: this must never change.
        self.assertEqual(token.issue("P", "A", KEY, 4711, 1460), PINNED_PASS)
        self.assertEqual(token.issue("V", "B", KEY, 4711, 1460), PINNED_VOUCHER)

    def test_every_changed_character_is_found(self):
        text = token.issue("P", "A", KEY, 4711, 1460)
        for at in range(20):
            for letter in token.ALPHABET:
                changed = text[:at] + letter + text[at + 1 :]
                if changed == text:
                    continue
                it = token.parse(changed)
                self.assertTrue(it is None or not it.is_genuine(KEY), changed)

    def test_other_cards_are_none(self):
        text = token.issue("P", "A", KEY, 1, 1)
        for other in ("", "04A1B2C3", "04A1B2C3D4E5F60718", "X" + text[1:], text + "0", text[:-1] + "U"):
            self.assertIsNone(token.parse(other), other)

    def test_the_last_day_counts_whole(self):
        it = token.parse(token.issue("P", "A", KEY, 1, 0))
        # 2024-01-02, 0:00 UTC
        self.assertEqual(it.expires_ms, 1_704_153_600_000)

    def test_what_cannot_be_issued_is_an_error(self):
        for arguments in (
            ("X", "A", KEY, 1, 1),
            ("P", "U", KEY, 1, 1),
            ("P", "AA", KEY, 1, 1),
            ("P", "A", KEY, token.MOST_SERIAL + 1, 1),
            ("P", "A", KEY, -1, 1),
            ("P", "A", KEY, 1, token.MOST_DAY + 1),
        ):
            with self.assertRaises(ValueError, msg=arguments[:2]):
                token.issue(*arguments)


PINNED_PASS = "PA004K71DMQHTJWS9VT4"
PINNED_VOUCHER = "VB004K71DMB1Q4QT9X3B"

if __name__ == "__main__":
    unittest.main()
