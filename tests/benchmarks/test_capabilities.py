"""No network loses what it once answered: the matrix of capabilities against the one that is kept."""

import pytest

from benchmarks.capabilities import GOLDEN, YES, lost, matrix, read
from tests.of_plugins import whole

MATRIX = GOLDEN / "one-machine" / "capabilities.csv"


def test_a_cell_is_lost_that_said_yes_and_says_no_or_is_gone():
    before = [{"capability": "list", "one": YES, "two": "no reason", "three": YES}, {"capability": "draw", "one": YES}]
    now = [{"capability": "list", "one": "it is refused", "two": YES}]
    assert lost(before, now) == ["list, one: it is refused", "list, three: no such cell", "draw, one: no such cell"]
    assert lost(before, before) == []


@whole
@pytest.mark.release
def test_nothing_is_lost_that_was_answered():
    kept = read(MATRIX)
    assert sum(said == YES for record in kept for said in record.values()) > 900
    assert lost(kept, matrix()) == []
