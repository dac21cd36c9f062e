"""Codes as people type them: read in any spelling, and what is wrong with one is said."""

import pytest

from fer_core.human import codes
from fer_core.human.errors import UnknownCodeError


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ABCDE-FGHJ", "class code of 10 letters and digits (its teacher has it), got 9."),
        (" abcde - fghj ", "got 9."),
        ("ABCDE-FGHJU", "got 10, of which 'U' is in no code."),
        ("ABCDE-FGH\u00c9", "got 9, of which '\u00c9' is in no code."),
        ("ABCD-EFGH-JKMN-PQRS", "got 16. This looks like a resume code."),
        ("", "got 0."),
        ("9" * 10_000, "got 10,000."),
    ],
)
def test_what_is_wrong_with_a_code_is_said_as_it_was_typed(typed, said):
    with pytest.raises(UnknownCodeError) as refused:
        codes.class_code(typed)
    assert str(refused.value).endswith(said)


def test_hyphens_and_misread_letters_do_not_matter():
    assert codes.class_code(" oil-de\tFGHJK\n") == "011DEFGHJK"
