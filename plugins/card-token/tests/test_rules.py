import unittest

from card_token import settings, token
from card_token.rules import Accept, Forget, Keep, Pass, Reject, decide, observe

KEY = bytes(range(32))
HEX = KEY.hex()
HOUR = 3_600_000
# 2026-11-22, 12:00 UTC
NOON = 1_795_348_800_000
TODAY = NOON // token.DAY_MS - token.FIRST_DAY


class Charger:
    """Keeps what it is told, as the host would."""

    def __init__(self, *given):
        self.settings, complaints = settings.read([("key.A", HEX), *given])
        assert not complaints, complaints
        self.kept = {}
        self.wall_ms = NOON

    def get(self, key):
        return self.kept.get(key)

    def first(self, prefix, most):
        return sorted(key for key in self.kept if key.startswith(prefix))[:most]

    def asks(self, text, to_stop=False):
        return decide(self.settings, self, self.wall_ms, text, to_stop)

    def says(self, text, session, ended=False):
        for it in observe(self.settings, self, self.wall_ms, text, session, ended):
            match it:
                case Keep(key, value):
                    self.kept[key] = value
                case Forget(key):
                    self.kept.pop(key, None)


def a_pass(serial=1, day=TODAY):
    return token.issue(token.PASS, "A", KEY, serial, day)


def a_voucher(serial=1, day=TODAY):
    return token.issue(token.VOUCHER, "A", KEY, serial, day)


class RulesTest(unittest.TestCase):
    def status(self, charger, text, status, words):
        verdict, why = charger.asks(text)
        self.assertEqual(verdict, Reject(status), why)
        self.assertIn(words, why)

    def accepted(self, charger, text):
        verdict, why = charger.asks(text)
        self.assertIsInstance(verdict, Accept, why)
        return verdict

    def test_a_genuine_token_may_charge(self):
        charger = Charger(("limit", "16 A"), ("voucher_energy", "10 kWh"))
        verdict = self.accepted(charger, a_pass())
        self.assertEqual((verdict.limit_ma, verdict.energy_limit_wh), (16_000, None))
        self.assertEqual(verdict.expires_ms, NOON + 12 * HOUR)
        self.assertEqual(self.accepted(charger, a_voucher().lower()).energy_limit_wh, 10_000)

    def test_other_cards_are_passed_on(self):
        charger = Charger()
        self.assertEqual(charger.asks("04A1B2C3")[0], Pass())
        self.assertEqual(charger.asks("")[0], Pass())
        # A key of somebody else's.
        self.assertEqual(charger.asks(token.issue("P", "B", KEY, 1, TODAY))[0], Pass())

    def test_a_forged_token_is_refused(self):
        forged = token.issue("P", "A", b"another key here", 1, TODAY)
        self.status(Charger(), forged, "invalid", "signature")

    def test_an_expired_token_is_refused(self):
        charger = Charger()
        charger.wall_ms = NOON + 12 * HOUR - 1
        self.accepted(charger, a_pass())
        charger.wall_ms += 1
        self.status(charger, a_pass(), "expired", "has expired")

    def test_without_a_clock(self):
        charger = Charger()
        charger.wall_ms = None
        self.status(charger, a_pass(), "invalid", "clock")
        charger = Charger(("clock_unset", "accept"))
        charger.wall_ms = None
        self.accepted(charger, a_pass())

    def test_a_copy_does_not_charge_beside_the_card(self):
        charger = Charger()
        charger.says(a_pass(), 7)
        self.status(charger, a_pass(), "concurrent", "charging already")
        self.accepted(charger, a_pass(serial=2))
        # It may end its own session.
        self.assertIsInstance(charger.asks(a_pass(), to_stop=True)[0], Accept)
        # The end of another session of it, told late, changes nothing.
        charger.says(a_pass(), 6, ended=True)
        self.status(charger, a_pass(), "concurrent", "charging already")
        charger.says(a_pass(), 7, ended=True)
        self.accepted(charger, a_pass())
        self.assertEqual(charger.kept, {})

    def test_a_lost_end_does_not_lock_a_card_out_for_ever(self):
        text = a_pass(day=TODAY + 9)
        charger = Charger()
        charger.says(text, 7)
        charger.wall_ms += 24 * HOUR
        self.accepted(charger, text)

    def test_a_voucher_is_good_once(self):
        charger = Charger()
        text = a_voucher()
        self.accepted(charger, text)
        charger.says(text, 7)
        charger.says(text, 7)
        self.status(charger, text, "concurrent", "charging already")
        charger.says(text, 7, ended=True)
        self.status(charger, text, "invalid", "has been used")
        self.accepted(charger, a_voucher(serial=2))

    def test_a_voucher_whose_start_was_lost_is_used_too(self):
        charger = Charger()
        charger.says(a_voucher(), 7, ended=True)
        self.status(charger, a_voucher(), "invalid", "has been used")

    def test_notes_of_expired_vouchers_are_forgotten(self):
        charger = Charger()
        for serial in range(200):
            charger.wall_ms = NOON + serial * 24 * HOUR
            text = a_voucher(serial, TODAY + serial)
            charger.says(text, serial)
            charger.says(text, serial, ended=True)
        self.assertLessEqual(len(charger.kept), 2)

    def test_what_is_not_ours_is_not_noted(self):
        charger = Charger()
        charger.says("04A1B2C3", 1)
        charger.says(token.issue("P", "A", b"another key here", 1, TODAY), 2)
        self.assertEqual(charger.kept, {})


class SettingsTest(unittest.TestCase):
    def test_what_is_wrong_is_named_and_the_rest_counts(self):
        wrong = [
            ("key.U", HEX),
            ("key.B", "xyz"),
            ("key.C", "0011"),
            ("limit", "0 A"),
            ("voucher_energy", "ten"),
            ("clock_unset", "maybe"),
            ("colour", "red"),
        ]
        found, complaints = settings.read([("key.A", HEX), *wrong])
        self.assertEqual(list(found.keys), ["A"])
        self.assertEqual(len(complaints), len(wrong), complaints)
        for (name, _), complaint in zip(wrong, complaints):
            self.assertTrue(complaint.startswith(f"setting `{name}`: "), complaint)

    def test_a_key_is_never_shown(self):
        _, complaints = settings.read([("key.A", "5ec2e7xx")])
        self.assertNotIn("5ec2e7", " ".join(complaints))

    def test_no_key_is_said(self):
        _, complaints = settings.read([])
        self.assertIn("no key", complaints[0])


if __name__ == "__main__":
    unittest.main()
