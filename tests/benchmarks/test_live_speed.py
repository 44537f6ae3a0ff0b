"""The circuits of a live space and of a plain loop are the same; no figure is judged here."""

import pytest

from benchmarks import live_speed


def test_two_routes_agree():
    assert [n_rows for n_rows, *_ in live_speed.measured(n_masks=64, n_plain=8)][:4] == [1, 4, 16, 64]


def test_routes_that_disagree_are_refused(monkeypatch):
    plain = live_speed.plain_outputs
    monkeypatch.setattr(live_speed, "plain_outputs", lambda model, rows, masks: plain(model, rows, ~masks))
    with pytest.raises(AssertionError, match="disagree"):
        next(live_speed.measured(n_masks=64, n_plain=8))
