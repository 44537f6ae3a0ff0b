"""The figure of the common ground stays small however many explanations and interventions there are."""

import json

from app.figures.clouds import MOST_BARS, cloud


def bars(spread, of):
    figure = cloud([], of, spread, noun="classes drawn")
    (trace,) = [one for one in figure["data"] if one["type"] == "bar"]
    return trace


def test_few_numbers_are_a_bar_each():
    trace = bars([(0, 3), (7, 1), (12, 2)], 12)
    assert trace["y"] == [0.0, round(7 / 12, 6), 1.0]
    assert trace["text"][1] == "7 of 12 right: 1 classes drawn"
    assert trace["width"] == 1 / 12


def test_many_numbers_share_bars_that_keep_every_count():
    spread = [(right, 1 + right % 5) for right in range(0, 12_277, 2)]
    trace = bars(spread, 12_276)
    assert len(trace["x"]) <= MOST_BARS
    assert sum(trace["x"]) == sum(count for _, count in spread)
    assert len(json.dumps(trace)) < 40_000
    assert (
        trace["text"][0]
        == f"0 to 51 of 12,276 right: {sum(count for right, count in spread if right <= 51)} classes drawn"
    )
    assert trace["y"] == sorted(trace["y"])
    assert 0 <= trace["y"][0] < trace["y"][-1] <= 1


def test_exact_counts_beyond_any_float_stay_exact():
    (bar,) = bars([(3, 10**30)], 12)["x"]
    assert bar == 10**30
