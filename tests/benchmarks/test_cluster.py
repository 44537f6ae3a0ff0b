"""What a cluster takes beside its work, of chunks made by hand; the benchmarks' own test runs a cluster."""

import pytest

from benchmarks.cluster import Computed, Overhead


def test_what_is_beside_the_work_is_the_processor_and_the_time_without_a_chunk():
    chunks = [Computed(1, 0, 4, 3), Computed(2, 0, 9, 6), Computed(1, 5, 8, 1)]
    found = Overhead(chunks, {"scheduler": 0.5, "workers": 1.5}, 88_000_000)
    assert found.shares() == pytest.approx((0.2, 1 / 16, 1 / 16))
    assert str(found) == "20.0% of the processor; idle 6.2% between chunks, 6.2% at the end; scheduler 88 MB"
