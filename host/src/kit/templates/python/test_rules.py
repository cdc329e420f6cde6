import unittest

from rules import cards, why


class Rules(unittest.TestCase):
    def test_cards_are_separated_by_commas_or_blanks(self) -> None:
        self.assertEqual(cards("04a1b2c3, 04A1B2C4"), {"04A1B2C3", "04A1B2C4"})
        self.assertEqual(cards(" "), set())

    def test_a_card_is_told_how_often_it_has_charged(self) -> None:
        self.assertIn("first time", why(0))
        self.assertIn("2 times", why(2))
