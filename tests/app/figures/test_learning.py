"""Drawings of how networks learn."""

import re
from itertools import pairwise

from app.figures.svg.learning import LossCurve, OutputCurve, loss_figure, outputs_figure


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
    assert loss_figure([LossCurve("none yet", [], "training")], 0.01)


def test_how_each_of_several_ended_is_said_without_colour():
    ends = ("converged", "failed", "training")
    markup = loss_figure([LossCurve(end, [(1, 0.5), (9, 0.1)], end) for end in ends], 0.01)
    assert "3 networks: 1 converged, 1 training, 1 failed." in markup
    assert markup.count('stroke-dasharray="5 3"') == 1


def test_outputs_are_told_with_what_they_should_be():
    curves = [OutputCurve("00", 0, [(1, 0.5), (7, -0.01)]), OutputCurve("01", 1, [(1, 0.5), (7, 9.0)])]
    markup = outputs_figure(curves, title="Output, OR, by epoch")
    assert "At epoch 7: 00 gives −0.01, should be 0; 01 gives 9.00, should be 1." in markup
    assert "01 → 1" in markup
    heights = [y for path in re.findall(r' d="([^"]+)"', markup) for _, y in places(path)]
    assert min(heights) >= 22  # what lies beyond is drawn at the edge


def test_labels_at_the_end_do_not_stand_on_each_other():
    curves = [OutputCurve(format(k, "03b"), 1, [(1, 0.5), (2, 1.0)]) for k in range(8)]
    markup = outputs_figure(curves)
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)">\d{3} →', markup))
    assert len(heights) == 8
    assert all(b - a >= 12.9 for a, b in pairwise(heights))
    assert heights[-1] <= 264
    many = [OutputCurve(format(k, "06b"), 1, [(1, 0.5)]) for k in range(64)]
    assert "and 56 more inputs" in outputs_figure(many)
