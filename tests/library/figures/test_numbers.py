"""Numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pluriscope.figures.numbers import digits_apart, duration, exact, readable, when


def test_exact_counts_keep_all_digits():
    assert exact(147_899_020) == "147,899,020"
    assert exact("7271931361000000000000000001") == "7,271,931,361,000,000,000,000,000,001"
    assert exact(-5) == "−5"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (147_899_020, "147,899,020"),
        (10**9, "1,000,000,000"),
        (10**9 + 1, '<span class="sci" title="1,000,000,001">1.00 × 10<sup>9</sup></span>'),
        (9_996_000_000, '<span class="sci" title="9,996,000,000">1.00 × 10<sup>10</sup></span>'),
        (10**30, f'<span class="sci" title="{10**30:,}">1.00 × 10<sup>30</sup></span>'),
    ],
)
def test_numbers_turn_to_powers_beyond_a_billion(number, shown):
    assert str(readable(number)) == shown


def test_durations_and_moments():
    assert [duration(s) for s in (0.0123, 4.25, 41.4, 192, 120, 7500)] == [
        "0.012 s",
        "4.2 s",
        "41 s",
        "3 min 12 s",
        "2 min",
        "2 h 5 min",
    ]
    assert when(datetime(2026, 11, 20, 6, 10, tzinfo=UTC)) == "20 Nov 2026 06:10 UTC"
    assert when("2026-11-20T06:10:00") == "20 Nov 2026 06:10 UTC"
    assert when(0.0) == "1 Jan 1970 00:00 UTC"


def test_values_that_differ_are_written_with_digits_that_differ():
    assert digits_apart([0.1, 0.2, 0.3]) == 3
    assert digits_apart([-0.0011, -0.0012, -0.00115]) == 5
    assert digits_apart([1.0, 1.0, 1.0]) == 3
    assert digits_apart([1.0, 1.0 + 2**-52, 1.0]) == 16
