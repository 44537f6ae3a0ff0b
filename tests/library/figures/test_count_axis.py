"""The axis on which a count stands: a bar from the smallest to the largest number that it may be, a dot once known."""

import re
from itertools import pairwise

import pytest

from pluriscope.figures.svg.count_axis import count_axis


def bar(low: int, high: int, most: int) -> tuple[float, float]:
    drawn = str(count_axis(low, high, most, exact=False, sentence="between"))
    assert "<circle" not in drawn
    x, width = map(float, re.search(r'<rect class="m-bar" x="([\d.]+)" y="7" width="([\d.]+)"', drawn).groups())
    return x, x + width


@pytest.mark.parametrize("most", [9, 49, 9_625, 5_559_519, 4 * 10**20])
def test_the_bar_shrinks_from_all_that_are_possible_to_a_dot(most):
    whole, some = bar(0, most, most), bar(2, most, most)
    less = bar(3, max(4, most // 2), most)
    assert whole[0] < some[0] < less[0] < less[1] < some[1] <= 264
    assert some[1] == pytest.approx(whole[1], abs=0.2)  # rounded to a tenth
    drawn = str(count_axis(3, 3, most, exact=True, sentence="3, exact"))
    at = float(re.search(r'<circle class="m-ink" cx="([\d.]+)"', drawn)[1])
    assert "m-bar" not in drawn
    assert abs(at - less[0]) < 2
    labels = re.findall(r'<text[^>]* x="([\d.]+)"[^>]*>([^<]+)<', drawn)
    ends = [(float(x) - 3.2 * len(words), float(x) + 3.2 * len(words)) for x, words in labels]
    assert labels[0][1] == "1"
    assert all(left < right for (_, left), (right, _) in pairwise(ends)), labels
    assert ends[0][0] >= -0.1
    assert ends[-1][1] <= 264.1
