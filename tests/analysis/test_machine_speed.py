"""How fast this machine is, by a clock of our own."""

from itertools import count

import pytest

from analysis import machine_speed
from analysis.machine_speed import machine_slowness


@pytest.mark.parametrize("times", [0.5, 1.0, 4.0])
def test_the_clock_decides(times):
    pieces = [machine_speed._INTERPRETED] * 5 + [machine_speed._ARRAYS] * 5
    readings = iter([t for seconds in pieces for t in (0.0, times * seconds)])
    assert machine_slowness(lambda: next(readings)) == pytest.approx(times)


@pytest.mark.parametrize(("tick", "bound"), [(1e-9, 0.1), (1e3, 20.0)])
def test_it_stays_within_bounds(tick, bound):
    ticks = count()
    assert machine_slowness(lambda: tick * next(ticks)) == bound
