"""What is said of spaces of more than 22 units, and what a device that is full does."""

import numpy as np
import pytest
import torch

import pluriscope
from plugins.live.tests.small_models import golden
from pluriscope.analysis.errors import AnalysisError
from pluriscope_live import listing


@pytest.fixture(scope="module")
def space():
    model, known = golden("llama-2x4-heads")
    return pluriscope.space(model, known["answers"], known["rows"], units="heads+mlps")


def test_intervals_hold_the_truth(space, monkeypatch):
    every = pluriscope.explain(space)
    monkeypatch.setattr(listing, "MOST_UNITS", 9)
    drawn = pluriscope.explain(space, seconds=None)
    assert drawn.count.low <= len(every.circuits) <= drawn.count.high < 256
    assert all(low <= every.sizes.get(size, 0) <= high for size, (low, high) in drawn.sizes.items())
    assert set(drawn.numbers) <= set(every.numbers.tolist())
    assert drawn.least in every.numbers
    assert "uniform draws; the smallest found has 4 of 10 units" in repr(drawn)


def test_time_that_is_up_leaves_what_is_known():
    model, known = golden("llama-2x4-edges")
    some = pluriscope.space(model, known["answers"], known["rows"], units="edges")
    drawn = pluriscope.explain(some, seconds=0.01)
    assert (drawn.count.low, drawn.count.high) == (0, 1 << 110)
    valid = drawn.counts["valid circuits"]  # of which the whole model is one
    assert (valid.bound, valid.low, str(valid)) == ("about", 1, "1–1.30 × 10³³")


@pytest.mark.parametrize("most", [600, 40, 0])
def test_a_full_device_takes_smaller_batches_and_then_refuses(space, most):
    masks = np.random.default_rng(0).random((40, 10)) < 0.5
    expected = space.run(masks)

    def full(_module, args):
        if len(args[0]) > most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 bytes.")

    hook = space.model.model.register_forward_pre_hook(full)
    before = space.in_flight
    try:
        if most:
            assert torch.equal(space.run(masks), expected)
            assert space.in_flight <= most
        else:
            with pytest.raises(AnalysisError, match=r"4096 bytes, and [\d,]+ bytes are left"):
                space.run(masks)
    finally:
        hook.remove()
        space.in_flight = before
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in space.model.modules())


def test_a_bound_of_memory():
    wide = torch.nn.Sequential(torch.nn.Linear(4, 1 << 18), torch.nn.ReLU(), torch.nn.Linear(1 << 18, 2))
    rows = torch.rand(40, 4)
    some = {"data": rows, "units": ["1[0:1000]", "1[1000:2000]"], "output_is": "classes"}
    free, tight = pluriscope.space(wide, **some), pluriscope.space(wide, **some, memory=16 << 20)
    assert tight.in_flight < 40 < free.in_flight
    assert 1 << 20 <= tight.bytes_for_row <= 16 << 20
    torch.testing.assert_close(tight.run([0, 1, 2, 3]), free.run([0, 1, 2, 3]))
