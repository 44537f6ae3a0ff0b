"""Disguises of transformers: other weights in which the same circuit is planted, each with a theorem.

======= ===============================================================================================================
permute The heads of each layer change places. Their outputs are added, and a sum does not depend on names: every
        circuit has its image with the same logits, so the numbers of valid circuits by size stay.
split   A head becomes two with the same queries, keys and values, each with half of its output matrix. Where both read
        the same, both look alike, and ½o + ½o = o. Each valid circuit gives one of the new model (both with the same
        edges, or both without), so there are at least as many. The planted one holds both.
cancel  Two heads with the same drawn queries, keys and values, and output matrices W and −W. Where both read the same,
        they add W·v − W·v = 0. Circuits without both are those of the model before, with the same logits if what is cut
        carries 0, means, or what the model has on one row. A circuit with one of the two is another function.
rotate  In each head queries and keys are turned by one rotation R, values and output by another S: the scores
        (q·R)·(k·R) = q·k and the outputs (v·S)(Sᵀ·W) = v·W stay, for whatever the head reads. So every circuit keeps
        its logits. Turns are of planes by Pythagorean angles, whose sines and cosines are fractions.
======= ===============================================================================================================

All layers have as many heads, so one that needs no further gets heads of zeros. Equal is meant up to rounding. Each
draws by its seed and by its position among the steps in the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.subjects.made import Made
from pluriscope.analysis.subjects.planted_edges import PlantedEdges
from pluriscope.analysis.subjects.transformer.model import LIMITS, AttentionModel

Array = NDArray[np.float64]
ANGLES: Final = ((3 / 5, 4 / 5), (5 / 13, 12 / 13), (15 / 17, 8 / 17))
"""Cosines and sines."""


def permute(model: AttentionModel, seed: int = 0) -> AttentionModel:
    """The heads of each layer in another order."""
    random, planted = _begun(model, seed)
    layers, goes = _layers(model), dict[str, list[str]]()
    for number, layer in enumerate(layers, start=1):
        order = random.permutation(model.n_heads)  # new place ← old head
        layer[:] = [array[order] for array in layer]
        goes |= {f"{number}.{old}": [f"{number}.{new}"] for new, old in enumerate(order.tolist())}
    return _remade(model, layers, planted.moved(goes, Made("permute", (("seed", seed),))))


def split(model: AttentionModel, seed: int = 0) -> AttentionModel:
    """Split one head of the planted circuit into two, the second behind all others.

    Raises:
        InvalidPlanting: the planted circuit has no head, or there would be too many.
    """
    random, planted = _begun(model, seed)
    layers, sources = _widened(model, 1), {edge.split("-")[0] for edge in planted.edges}
    heads = sorted(source for source in sources if source[-1].isdigit())
    if not heads:
        raise InvalidPlanting("disguise split", "the planted circuit has no heads", "use another disguise")
    name = heads[random.integers(len(heads))]
    layer, head = map(int, name.split("."))
    # halve the output first: the copy takes the half with the rest, and ½o + ½o = o in floats as well
    layers[layer - 1][3][head] *= 0.5
    for array in layers[layer - 1]:
        array[-1] = array[head]  # the place of zeros that was made behind all others
    goes = {name: [name, f"{layer}.{model.n_heads}"]}
    return _remade(model, layers, planted.moved(goes, Made("split", (("seed", seed),))))


def cancel(model: AttentionModel, seed: int = 0) -> AttentionModel:
    """Two new heads in one layer whose outputs cancel, behind all others.

    Raises:
        InvalidPlanting: there would be too many heads.
    """
    random, planted = _begun(model, seed)
    layers = _widened(model, 2)
    layer = layers[random.integers(len(layers))]
    # both alike in all they read and look for, so that their outputs differ by the sign of W alone
    for array in layer:
        array[-2:] = random.uniform(-1.0, 1.0, array.shape[1:])
    layer[3][-1] *= -1.0
    return _remade(model, layers, planted.moved({}, Made("cancel", (("seed", seed),))))


def rotate(model: AttentionModel, seed: int = 0) -> AttentionModel:
    """Turn each head's queries and keys alike, and its values and output."""
    random, planted = _begun(model, seed)
    layers = _layers(model)
    for layer in layers:
        for head in range(model.n_heads):
            query, key, value, output, *biases = (array[head] for array in layer)
            # scores see queries and keys through q·k alone, outputs values through v·W: each pair may turn by itself
            _turn([query, key, *biases[:2]], random)
            _turn([value, output.T, *biases[2:]], random)
    return _remade(model, layers, planted.moved({}, Made("rotate", (("seed", seed),))))


def _turn(matrices: Sequence[Array], random: Generator) -> None:
    """Turn the last axis of all alike, one plane of neighbours after the other; the only axis of one is reversed."""
    width = matrices[0].shape[-1]
    if width == 1:
        for matrix in matrices:
            matrix *= -1.0
    # each turn is of one plane, drawn for it and the same for all matrices, so that products of two of them stay
    for at in range(width - 1):
        cosine, sine = ANGLES[random.integers(len(ANGLES))]
        for matrix in matrices:
            one, other = matrix[..., at].copy(), matrix[..., at + 1].copy()
            matrix[..., at], matrix[..., at + 1] = cosine * one - sine * other, sine * one + cosine * other


def _begun(model: AttentionModel, seed: int) -> tuple[Generator, PlantedEdges]:
    """Draws of their own for each step, and what was planted."""
    if not 0 <= seed < 2**63:
        raise InvalidPlanting(f"seed {seed}", "is negative or too large", "give a whole number from 0")
    if model.planted is None:
        raise InvalidPlanting("transformer", "has no record of what was planted", "give a model file with one")
    return default_rng([seed, len(model.planted.made)]), model.planted


def _layers(model: AttentionModel) -> list[list[Array]]:
    """Copy query, key, value and output of each layer, and biases of the first three if there are some."""
    biases = model.blocks.biases or [()] * len(model.layers)
    return [[array.copy() for array in (*layer, *of[:3])] for layer, of in zip(model.layers, biases, strict=True)]


def _widened(model: AttentionModel, count: int) -> list[list[Array]]:
    """Add ``count`` heads of zeros to each layer, behind all others.

    Raises:
        InvalidPlanting: there would be too many.
    """
    most = LIMITS["heads"][1]
    if model.n_heads + count > most:
        raise InvalidPlanting(
            "disguise", f"makes {model.n_heads + count} heads in a layer", f"leave it out: {most} fit"
        )
    return [[np.pad(one, ((0, count), *((0, 0),) * (one.ndim - 1))) for one in layer] for layer in _layers(model)]


def _remade(model: AttentionModel, layers: list[list[Array]], planted: PlantedEdges) -> AttentionModel:
    """The model with other heads, and where the planted circuit is now."""
    blocks = model.blocks
    if blocks.biases:
        kept = [(q, k, v, of[3]) for (*_, q, k, v), of in zip(layers, blocks.biases, strict=True)]
        blocks = replace(blocks, biases=tuple(kept))
    heads = tuple((layer[0], layer[1], layer[2], layer[3]) for layer in layers)
    return replace(model, layers=heads, blocks=blocks, planted=planted)


HEAD_DISGUISES: Final[Mapping[str, Callable[[AttentionModel, int], AttentionModel]]] = {
    "permute": permute,
    "split": split,
    "cancel": cancel,
    "rotate": rotate,
}
"""By name, in the order of the table above."""


def head_disguised(model: AttentionModel, name: str, seed: int = 0) -> AttentionModel:
    """A disguise by its name.

    Raises:
        InvalidPlanting: an unknown name, a model in which nothing was planted, or one with too many heads.
    """
    if name not in HEAD_DISGUISES:
        raise InvalidPlanting(
            f"disguise {name[:40]!r}", "is not one of those of transformers", f"use {', '.join(HEAD_DISGUISES)}"
        )
    return HEAD_DISGUISES[name](model, seed)
