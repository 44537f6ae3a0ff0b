"""Settings that only these methods have, and what is refused of them."""

from __future__ import annotations

import pytest

from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.errors import InvalidMethod


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("acdq", "did you mean acdc"),
        ("acdc(tua=1)", "did you mean tau"),
        ("acdc(tau=0)", "a number above 0"),
        ("acdc(tau=nan)", "a number above 0"),
        ("acdc(order=revers)", "did you mean reverse"),
        ("acdc(after=cut)", "after is 'cut'. use nothing, deletion"),
        ("eap-ig(path=ends,steps=3)", "steps"),
        ("eap-ig(steps=0)", "a whole number from 1"),
    ],
)
def test_what_is_wrong_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidMethod) as refused:
        read_method(text)
    assert words in str(refused.value).lower()


def test_the_ends_of_the_way_take_no_steps() -> None:
    _, found = read_method(" eap-ig( path = ends , k = 4, signed=true ) ")
    assert found == {"ablation": "pairs", "metric": "margin", "path": "ends", "pick": "top", "signed": True, "k": 4}
