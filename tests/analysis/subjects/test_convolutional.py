"""Convolutional networks: their circuits by a plain program, how many there are, what torch makes of their weights, and
what is refused; and which patches their channels prefer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.convolutional import CONVOLUTIONAL, FORMAT, Convolutional
from pluriscope.analysis.subjects.enumeration import are_circuits
from pluriscope.app.bundled import bundled_models
from tests.analysis.subjects.space_checks import check_linear_effects, check_uniform_draws

Layers = Sequence[tuple[int, int, int, int]]
ONE: Layers = ((3, 2, 1, 0),)  # channels, side of the kernel, stride, padding
TWO: Layers = ((2, 2, 1, 1), (2, 3, 2, 0))
THREE: Layers = ((3, 3, 2, 1), (2, 2, 1, 0))


def document(layers: Layers, activation: str = "tanh", n_rows: int = 5, image: tuple[int, int] = (4, 5)) -> Any:
    """A network of drawn weights on drawn images."""
    chance, before, convolutions = np.random.default_rng(1), 1, []
    for channels, side, stride, padding in layers:
        kernels, biases = chance.normal(size=(channels, before, side, side)), chance.normal(size=channels)
        shown = {"kernels": kernels.tolist(), "biases": biases.tolist(), "stride": stride, "padding": padding}
        convolutions, before = [*convolutions, shown], channels
    pixels = chance.integers(0, 2, size=(n_rows, *image))
    rows = [" ".join("".join(map(str, line)) for line in one) for one in pixels.tolist()]
    return {
        "format": FORMAT,
        "name": "drawn",
        "image": [*image],
        "convolutions": convolutions,
        "weights": [chance.normal(size=(2, before)).tolist()],
        "biases": [[0.1, -0.2]],
        "activation": activation,
        "output_activation": "linear",
        "outputs": ["a", "b"],
        "tasks": [{"name": "drawn images", "rows": rows, "answers": [0] * n_rows}],
    }


def drawn(*given: Any) -> Convolutional:
    return CONVOLUTIONAL.read(document(*given))


def plain(one: Convolutional, kept: set[str], ablation: str) -> np.ndarray:
    """Outputs where edges that are not kept carry what the rules say, one pixel of one row after the other."""
    whole: list[list[np.ndarray]] = [[one.data]]  # channels [rows, height, width] of the whole network
    found: list[list[np.ndarray]] = [[one.data]]
    for layer, conv in enumerate(one.convolutions, start=1):
        for maps, mine in ((whole, None), (found, kept)):
            given = maps[layer - 1]
            maps.append([])
            for k, kernel in enumerate(conv.kernels):
                read, any_kept = [], False
                for j, there in enumerate(given):
                    name = f"{'x' if layer == 1 else f'c{layer - 1}.{j}'}-c{layer}.{k}"
                    rest = carried(whole[layer - 1][j], ablation)
                    any_kept |= mine is None or name in mine
                    read.append(there if mine is None or name in mine else rest)
                value = np.tanh(convolved(read, kernel, conv) + conv.biases[k])
                maps[layer].append(value if any_kept else carried(whole[layer][k], ablation))
    (weights,), (biases,) = one.network.weights, one.network.biases
    last, total = len(one.convolutions), np.tile(biases, (len(one.data), 1))
    for c, k in np.ndindex(weights.shape):
        read = found[last][k] if f"c{last}.{k}-y{c}" in kept else carried(whole[last][k], ablation)
        total[:, c] += weights[c, k] * read.mean(axis=(1, 2))
    return total


def carried(whole: np.ndarray, ablation: str) -> np.ndarray:
    return np.broadcast_to(whole.mean(axis=0), whole.shape) if ablation == "mean" else np.zeros(whole.shape)


def convolved(read: Sequence[np.ndarray], kernel: Any, conv: Any) -> np.ndarray:
    n_rows, height, width = read[0].shape
    (tall, wide), step, pad = np.shape(kernel)[1:], conv.stride, conv.padding
    tops = range(-pad, height + pad - tall + 1, step)
    lefts = range(-pad, width + pad - wide + 1, step)
    total = np.zeros((n_rows, len(tops), len(lefts)))
    for (row, a, b), j, y, x in product(np.ndindex(total.shape), range(len(read)), range(tall), range(wide)):
        down, across = tops[a] + y, lefts[b] + x
        if 0 <= down < height and 0 <= across < width:
            total[row, a, b] += kernel[j][y][x] * read[j][row, down, across]
    return total


def every_mask(space: Any) -> np.ndarray:
    return (np.arange(1 << space.graph.n_bits)[:, None] >> np.arange(space.graph.n_bits) & 1).astype(bool)


def on_ways(edges: set[tuple[int, int]], ends: set[int]) -> set[int]:
    """Nodes on a way from the image, node 0, to one of some."""
    ahead, back = {0}, set(ends)
    for _ in range(4):
        ahead |= {target for source, target in edges if source in ahead}
        back |= {source for source, target in edges if target in back}
    return ahead & back


@pytest.mark.parametrize("rules", CONVOLUTIONAL.admitted_rules(drawn(ONE)), ids=CONVOLUTIONAL.write_rules)
@pytest.mark.parametrize("layers", [ONE, TWO, THREE])
def test_every_mask_runs_as_a_plain_program_and_circuits_are_counted(rules, layers):
    one = drawn(layers)
    space = one.space(rules)
    masks, graph = every_mask(space)[: 1 << 13], space.graph
    is_circuit, outputs = are_circuits(space, masks), {len(graph.nodes) - 2, len(graph.nodes) - 1}
    for mask, answer in zip(masks[::7], is_circuit[::7], strict=True):
        kept = {edge for edge, there in zip(graph.ends, mask, strict=True) if there}
        if graph.cut == "nodes":
            nodes = {0, *outputs, *(graph.removable[bit] for bit in np.flatnonzero(mask))}
            kept = {(edge.source, edge.target) for edge in graph.edges if {edge.source, edge.target} <= nodes}
            assert answer == (nodes - outputs - {0} <= on_ways(kept, outputs))
        else:
            assert answer == (bool(kept) and {node for edge in kept for node in edge} <= on_ways(kept, outputs))
    circuits = masks[is_circuit]
    if len(masks) == 1 << graph.n_bits:
        assert Counter(circuits.sum(axis=1).tolist()) == space.possible_by_bits
    assert (space.reduce(space.reduce(masks)) == space.reduce(masks)).all()
    some, names = masks[:: max(1, len(masks) // 12)], np.array(graph.edge_names)
    expected = [plain(one, {*names[kept]}, rules["ablation"]) for kept in graph.kept_edges(some)]
    assert space.run(some) == pytest.approx(np.array(expected), abs=1e-12)
    whole = np.ones((1, graph.n_bits), dtype=bool)
    assert space.run(whole)[0].tolist() == one.layers[-1].tolist() == space.run_from(whole, 0)[0].tolist()
    nothing = space.run_from(whole & False, 4)[0]  # each row is the one that all carries are of
    assert nothing == pytest.approx(np.tile(one.layers[-1][4], (len(one.data), 1)))


@pytest.mark.parametrize(("by", "bits"), [("edges", 7), ("channels", 3)])
def test_circuits_of_a_size_are_drawn_uniformly(by, bits):
    space = drawn(THREE).space({"granularity": by, "ablation": "zero"})
    check_uniform_draws(space, bits)


@pytest.mark.parametrize("rules", CONVOLUTIONAL.admitted_rules(drawn(ONE)), ids=CONVOLUTIONAL.write_rules)
@pytest.mark.parametrize("layers", [ONE, TWO])
def test_effects_are_exact_where_all_is_linear(rules, layers):
    given = document(layers, "linear")
    for one in given["convolutions"]:  # a channel that nothing reaches is 0, not its bias
        one["biases"] = [0] * len(one["biases"])
    space = CONVOLUTIONAL.read(given).space(rules)
    check_linear_effects(space, (5, 2))


def of_torch(one: Convolutional, *, padded: bool = True) -> list[Any]:
    """The convolutions as modules, each with its activation."""
    torch = pytest.importorskip("torch")
    found = []
    for conv in one.convolutions:
        channels, before, *side = conv.weights.shape
        options = {"stride": conv.stride, "padding": conv.padding if padded else 0, "dtype": torch.float64}
        layer = torch.nn.Conv2d(before, channels, side, **options)
        layer.load_state_dict(
            {"weight": torch.tensor(conv.weights), "bias": torch.tensor(conv.biases, dtype=torch.float64)}
        )
        found.append(torch.nn.Sequential(layer, torch.nn.ReLU()))
    return found


def test_a_file_gives_the_same_numbers_back():
    one = drawn(TWO, "leaky_relu(negative_slope=0.2)")
    again = CONVOLUTIONAL.read(json.loads(json.dumps(CONVOLUTIONAL.write(one))))
    assert (again.digest, again.task_document, again.outputs) == (one.digest, one.task_document, one.outputs)
    assert again.layers[-1].tolist() == one.layers[-1].tolist()
    assert one.judged_as(again).rows == one.rows
    with pytest.raises(InvalidNetwork, match="differ in kernels"):
        one.judged_as(drawn(((2, 2, 1, 0), (2, 3, 2, 0))))


FIRST = document(TWO)["convolutions"][0]
BAD = {
    "an image of another size": ({"rows": ["0000 0000 0000"] * 5}, r"rows\[0\].* 4 × 5 pixels"),
    "grey": ({"rows": ["00000 00200 00000 00000"] * 5}, "each 0 or 1"),
    "numbers for an image": ({"rows": [[[0, 1]]] * 5}, r"rows\[0\] .*string"),
    "an image too large": ({"image": [9, 5]}, "less than or equal to 8"),
    "kernels of two sizes": ({"convolutions": [FIRST | {"kernels": [[[[1]]], [[[1, 2]]]]}]}, "kernels of one size"),
    "a bias too few": ({"convolutions": [FIRST | {"biases": [1]}]}, "a bias for each kernel"),
    "a kernel larger than the image": (
        {"convolutions": [FIRST | {"kernels": [[[[1] * 5] * 5]] * 2, "padding": 0}]},
        "kernels that fit",
    ),
    "a kernel that reads two images": ({"convolutions": [FIRST | {"kernels": [[[[1]]] * 2] * 2}]}, "gets 1 × 4 × 5"),
    "more padding than half a kernel": ({"convolutions": [FIRST | {"padding": 2}]}, "half a kernel"),
    "stride 0": ({"convolutions": [FIRST | {"stride": 0}]}, "stride: .*greater"),
    "a key of convolutions that is none": ({"convolutions": [FIRST | {"dilation": 2}]}, "dilation"),
    "three convolutions": ({"convolutions": [FIRST] * 3}, "at most 2"),
    "outputs that read what is not there": ({"weights": [[[1] * 3] * 2]}, "2 channels to read"),
    "a weight that is none": ({"convolutions": [FIRST | {"biases": [float("nan"), 0]}]}, "finite"),
    "numbers beyond float64": ({"activation": "relu", "weights": [[[1e308] * 2] * 2]}, "weights and"),
    "too many edges": (
        {"weights": [[[1.0] * 2] * 130], "biases": [[0.0] * 130], "outputs": [*map(str, range(130))]},
        "266 edges",
    ),
    "a pooling that is another": ({"pooling": "max"}, "pooling"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_with_what_is_wrong(changes, words):
    one = document(TWO)
    own = {key: changes[key] for key in changes if key not in ("rows", "answers")}
    task = one["tasks"][0] | {key: changes[key] for key in changes.keys() - own}
    with pytest.raises(AnalysisError, match=words):
        CONVOLUTIONAL.read({**one, **own, "tasks": [task]})


@pytest.mark.slow
def test_the_bundled_one_is_trained_again_and_its_circuits_are_those_of_trying_every_mask():
    pytest.importorskip("torch")
    from benchmarks.trained_models import bars

    raw = bundled_models()["bars-4x4-conv"]
    given = CONVOLUTIONAL.read(json.loads(raw))
    assert bars().layers[-1].argmax(axis=1).tolist() == given.answers.tolist()
    space = given.space(CONVOLUTIONAL.default_rules)
    masks = every_mask(space)
    circuits = masks[are_circuits(space, masks)]
    valid = circuits[(CLASSES.margins(space.run(circuits), given.answers) > 0).mean(axis=1) > 0.99]
    assert {int(one.mask, 16) for one in pluriscope.explain(raw).circuits} == {*map(space.graph.number, valid)}
    assert len(valid) == 50
