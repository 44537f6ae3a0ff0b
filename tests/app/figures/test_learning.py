"""Drawings of how networks learn."""

import re

from app.figures.svg.learning import LossCurve, loss_figure


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path)]


def test_a_tenth_of_the_loss_is_always_as_far_down():
    markup = loss_figure([LossCurve("one", [(1, 1.0), (2, 0.1), (3, 0.01)], "converged")], 0.01)
    (path,) = re.findall(r'<path class="m-line" d="([^"]+)"', markup)
    (x1, y1), (x2, y2), (x3, y3) = places(path)
    assert abs((y2 - y1) - (y3 - y2)) < 0.11
    assert abs((x2 - x1) - (x3 - x2)) < 0.11
    target = re.search(r'stroke-dasharray="2 3" d="M\d+ ([\d.]+)H', markup)
    assert target
    assert float(target[1]) == y3
    assert "From 1 at epoch 1. one: loss 0.01 at epoch 3, converged." in markup


def test_what_is_no_number_is_a_gap_and_zero_stays_on_the_drawing():
    points = [(1, 0.5), (2, None), (3, 0.25), (4, 0.0)]
    markup = loss_figure([LossCurve("<b>", points, "failed")], 0.01)
    assert re.search(r'd="M[^ML"]+M', markup)
    assert "nan" not in markup
    assert "inf" not in markup
    assert "<b>" not in markup
    assert loss_figure([], 0.01)
