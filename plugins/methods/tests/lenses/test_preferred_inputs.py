"""Tests of what channels prefer, against torch on every patch."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pluriscope.analysis.subjects.convolutional import CONVOLUTIONAL
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope_methods.lenses.preferred_inputs import PREFERRED_INPUTS, SHOWN
from tests.analysis.subjects.test_convolutional import ONE, THREE, TWO, document, drawn, of_torch


@pytest.mark.slow
@pytest.mark.parametrize("layers", [ONE, TWO, THREE])
def test_the_whole_and_what_channels_prefer_are_what_torch_makes_of_the_weights(layers):
    torch = pytest.importorskip("torch")
    one = drawn(layers, "relu")
    maps = torch.nn.Sequential(*of_torch(one))(torch.tensor(one.data)[:, None])
    outputs = maps.mean(dim=(2, 3)).detach().numpy() @ one.network.weights[0].T + one.network.biases[0]
    assert one.layers[-1] == pytest.approx(outputs, abs=1e-12)
    question = GraphQuestion(CONVOLUTIONAL, one, CONVOLUTIONAL.default_rules)
    seen = PREFERRED_INPUTS.answer(question, {}).view
    side, step = 1, 1
    for layer, (_, kernel, stride, _) in enumerate(layers, start=1):
        side, step = side + (kernel - 1) * step, step * stride
        if side > 4:
            break
        every = [[*map("".join, zip(*[iter(pixels)] * side, strict=True))] for pixels in product("01", repeat=side**2)]
        images = torch.tensor([[[*map(int, line)] for line in lines] for lines in every]).double()[:, None]
        values = torch.nn.Sequential(*of_torch(one, padded=False)[:layer])(images)[:, :, 0, 0].detach().numpy()
        for k, column in enumerate(values.T):
            rows = [row for row in seen.rows if row["of"] == f"c{layer}.{k}"]
            assert [row["value"] for row in rows] == pytest.approx(np.sort(column)[::-1][: len(rows)].tolist())
            assert len(rows) == (SHOWN if np.ptp(column) else 1)
            for row in rows:
                assert column[every.index(row["image"].split(" "))] == pytest.approx(row["value"])
                assert row["tried"] == len(every)
                assert row["equal"] == np.isclose(column, row["value"], rtol=1e-12, atol=1e-15).sum()
    best = one.rows[int((outputs[:, 1] - outputs[:, 0]).argmax())]
    assert next(row["image"] for row in seen.rows if row["of"] == "output b") == best


def test_channels_that_see_too_much_are_said_to_and_those_without_a_preference_named():
    one = document(((2, 3, 1, 0), (2, 3, 1, 1)), "relu")
    one["convolutions"][0]["kernels"][1] = (-np.ones((1, 3, 3))).tolist()
    one["convolutions"][0]["biases"][1] = -1.0
    question = GraphQuestion(CONVOLUTIONAL, CONVOLUTIONAL.read(one), CONVOLUTIONAL.default_rules)
    seen = PREFERRED_INPUTS.answer(question, {}).view
    assert seen.notes == ("Channels of layer 2 see 5 × 5 pixels, which have too many patches.",)
    assert PREFERRED_INPUTS.says(question, seen).endswith(" Always the same, whatever the patch: c1.1.")
    assert {row["of"] for row in seen.rows} == {"c1.0", "c1.1", "output a", "output b"}
