"""Disguises: other weights in which the same algorithm is planted, each with a theorem.

=========== =========================================================================================================
permute     A layer's neurons change places, with their edges. Every circuit and every intervention has its image with
            the same outputs: the numbers of valid circuits and of valid alignments stay.
scale       A neuron's incoming weights and bias times 2^k, its outgoing weights times 2^−k; act(c·z) = c·act(z) for
            relu and leaky_relu. Every circuit keeps its outputs to the bit, powers of two being exact.
split       A neuron becomes two with the same incoming weights and bias, its outgoing weights shared out a : 1 − a.
            The planted circuit holds both, the variable lives on both. Each valid circuit gives one of the new network
            (both with the same edges, or both without), so there are at least as many.
idle        Neurons off the planted circuit get any incoming weights, and none of their edges leads into it. Under any
            ablation off the circuit, and any interchange, every output is as before.
distract    Neurons compute another function and come in pairs whose outgoing weights cancel. In the network and under
            every interchange of the planted variables both carry the same, so every output is as before; so it is if
            absent edges carry 0, means, or what the network has on one input. A circuit with one of the two is not.
noise       Every weight and bias changes by at most an amount. Outputs move by no more than intervals say
            (:func:`~pluriscope_edits.planting.certificate.certified_margin`); decisions stay where that leaves a
            margin.
finetune    Steps of ordinary training on the task. Nothing is promised; what is left is found out.
=========== =========================================================================================================

Each draws by its seed and by its position among the steps in which the network was made, so the record makes it again.
The theorem of each is about the network that it is given, whatever disguises that has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, cast

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidPlanting
from pluriscope.analysis.subjects.made import Made
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_edits.planting.certificate import certified_margin
from pluriscope_edits.planting.planted import Planted

Array = NDArray[np.float64]

MAX_COUNT: Final = 16
LEAST_AMOUNT: Final = 1e-9
"""Noise below which none is called safe."""
SHARES: Final = (0.25, 0.375, 0.625, 0.75)
"""Of a split neuron's outgoing weights: exact in binary, and never a half, which would put outputs on an edge."""
_CLOSE: Final = 1e-3  # how near the bisection for noise comes


def permute(planted: Planted, seed: int = 0) -> Planted:
    """Every hidden layer's neurons in another order."""
    random = _random(planted, seed)
    weights, biases = _copies(planted)
    record = planted.record
    for layer in range(1, len(weights)):
        order = random.permutation(len(biases[layer - 1]))  # new place ← old neuron
        weights[layer - 1], biases[layer - 1] = weights[layer - 1][order], biases[layer - 1][order]
        weights[layer] = weights[layer][:, order]
        goes = {int(old): (new,) for new, old in enumerate(order)}
        record = record.moved(layer, goes, len(order))
    return planted.remade(weights, biases, Made("permute", (("seed", seed),)), record)


def scale(planted: Planted, seed: int = 0) -> Planted:
    """Every hidden neuron stretched by a power of two between a quarter and four.

    Raises:
        InvalidPlanting: an activation that does not pass factors on.
    """
    network = planted.network
    if network.function_of(1).below is None:
        raise InvalidPlanting(
            "disguise scale", f"{network.activation} does not pass factors on", "use it with relu or leaky_relu"
        )
    random = _random(planted, seed)
    weights, biases = _copies(planted)
    for layer in range(1, len(weights)):
        factors = 2.0 ** random.integers(-2, 3, size=len(biases[layer - 1]))
        weights[layer - 1] *= factors[:, None]
        biases[layer - 1] *= factors
        weights[layer] /= factors
    return planted.remade(weights, biases, Made("scale", (("seed", seed),)))


def split(planted: Planted, seed: int = 0, count: int = 1) -> Planted:
    """Split neurons of the planted circuit into two each, side by side at the end of their layers."""
    _check_count("split", count)
    random = _random(planted, seed)
    record = planted.record
    weights, biases = _copies(planted)
    for _ in range(count):
        used = sorted({(unit.layer, neuron) for unit in record.units if unit.layer for neuron in unit.neurons})
        layer, neuron = used[random.integers(len(used))]
        share = float(random.choice(SHARES))
        weights[layer - 1] = np.vstack([weights[layer - 1], weights[layer - 1][neuron]])
        biases[layer - 1] = np.append(biases[layer - 1], biases[layer - 1][neuron])
        weights[layer] = np.column_stack([weights[layer], weights[layer][:, neuron] * (1 - share)])
        weights[layer][:, neuron] *= share
        last = len(biases[layer - 1]) - 1
        goes = {old: (old, last) if old == neuron else (old,) for old in range(last)}
        record = record.moved(layer, goes, last + 1)
    return planted.remade(weights, biases, Made("split", (("count", count), ("seed", seed))), record)


def idle(planted: Planted, seed: int = 0, count: int = 0) -> Planted:
    """Neurons off the circuit get incoming weights, drawn from ±1; nothing leads from them into the circuit.

    Args:
        planted: a network in which nothing leads from neurons off the circuit into it.
        count: neurons added to every hidden layer first.

    Raises:
        InvalidPlanting: neurons off the circuit have an effect on it already.
    """
    _check_count("idle", count, least=0)
    if _leaks(planted):
        raise InvalidPlanting(
            "disguise idle", "neurons off the planted circuit have edges into it already", "use it before the others"
        )
    random = _random(planted, seed)
    weights, biases = _widened(planted, count)
    for layer in range(1, len(weights)):
        for neuron in range(len(biases[layer - 1])):
            if planted.record.unit_at(layer, neuron) is None:
                weights[layer - 1][neuron] = random.uniform(-1.0, 1.0, weights[layer - 1].shape[1])
                biases[layer - 1][neuron] = random.uniform(-1.0, 1.0)
    return planted.remade(weights, biases, Made("idle", (("count", count), ("seed", seed))))


def distract(planted: Planted, seed: int = 0, count: int = 1) -> Planted:
    """Pairs of new neurons in the first hidden layer whose effects on the next layer cancel.

    Args:
        planted: any.
        count: pairs; each computes the AND of two literals, or carries one input where there is only one.
    """
    _check_count("distract", count)
    random = _random(planted, seed)
    weights, biases = _widened(planted, 2 * count, (1,))
    n_inputs, old = planted.network.n_inputs, len(planted.network.biases[0])
    for number in range(count):
        pair = [old + 2 * number, old + 2 * number + 1]
        read = random.choice(n_inputs, size=min(2, n_inputs), replace=False)
        signs = random.choice([-1.0, 1.0], size=len(read))
        for neuron in pair:
            weights[0][neuron, read] = signs
            biases[0][neuron] = float((signs < 0).sum()) - (len(read) - 1)
        effects = random.choice([-1.0, -0.5, 0.5, 1.0], size=len(weights[1]))
        weights[1][:, pair[0]], weights[1][:, pair[1]] = effects, -effects
    return planted.remade(weights, biases, Made("distract", (("count", count), ("seed", seed))))


def noise(planted: Planted, seed: int = 0, amount: float | None = None) -> Planted:
    """Every weight and bias moved by up to an amount, uniformly.

    Args:
        planted: any.
        amount: at most 1; :func:`safe_noise` if none is given.

    Raises:
        InvalidPlanting: an amount that is not between 0 and 1, or none where none is safe.
    """
    amount = safe_noise(planted) if amount is None else amount
    random = _random(planted, seed)
    if not 0 < amount <= 1:
        raise InvalidPlanting(f"noise of {amount:g}", "is not between 0 and 1", "give an amount such as 0.05")
    weights, biases = _copies(planted)
    for array in (*weights, *biases):
        array += random.uniform(-amount, amount, array.shape)
    return planted.remade(weights, biases, Made("noise", (("amount", amount), ("seed", seed))))


def safe_noise(planted: Planted) -> float:
    """An amount of noise under which every draw keeps at least half of the certified margin; 0 if there is none.

    Found by bisection: intervals over all weights at a distance up to the amount.
    """
    margin = certified_margin(planted.network, planted.record)
    if margin is None:
        return 0.0
    low, high = 0.0, 1.0
    while high - low > _CLOSE * high:
        middle = (low + high) / 2
        left = certified_margin(planted.network, planted.record, slack=middle)
        low, high = (middle, high) if left is not None and left >= margin / 2 else (low, middle)
        if high < LEAST_AMOUNT:
            return 0.0
    return low


def _random(planted: Planted, seed: int) -> Generator:
    """Draws of their own for each step."""
    if not 0 <= seed < 2**63:
        raise InvalidPlanting(f"seed {seed}", "is negative or too large", "give a whole number from 0")
    return default_rng([seed, len(planted.record.made)])


def _copies(planted: Planted) -> tuple[list[Array], list[Array]]:
    network = planted.network
    return [w.copy() for w in network.weights], [b.copy() for b in network.biases]


def _widened(planted: Planted, count: int, layers: tuple[int, ...] | None = None) -> tuple[list[Array], list[Array]]:
    """The weights with so many more neurons, at the end of all hidden layers or of some, that have no edges."""
    weights, biases = _copies(planted)
    for layer in range(1, len(weights)) if layers is None else layers:
        weights[layer - 1] = np.vstack([weights[layer - 1], np.zeros((count, weights[layer - 1].shape[1]))])
        biases[layer - 1] = np.append(biases[layer - 1], np.zeros(count))
        weights[layer] = np.column_stack([weights[layer], np.zeros((len(weights[layer]), count))])
    return weights, biases


def _leaks(planted: Planted) -> bool:
    """Whether an edge off the circuit leads into one of its neurons with a weight."""
    for layer, (weights, kept) in enumerate(zip(planted.network.weights, planted.record.edges, strict=True), start=1):
        rows = [n for n in range(len(weights)) if planted.record.unit_at(layer, n) is not None]
        if (weights[rows] * ~kept[rows]).any():
            return True
    return False


def _check_count(name: str, count: int, least: int = 1) -> None:
    if not least <= count <= MAX_COUNT:
        raise InvalidPlanting(f"disguise {name}", f"is asked for {count} times", f"give {least} to {MAX_COUNT}")


DISGUISES: Final[Mapping[str, Callable[..., Planted] | str]] = {
    "permute": permute,
    "scale": scale,
    "split": split,
    "idle": idle,
    "distract": distract,
    "noise": noise,
    "finetune": "pluriscope_edits.planting.interchange:fine_tuned",
}
"""By name, in the order of the table above; the dotted path of what loads torch."""
_SHAPE: Final = re.compile(r"([a-z]+)(?:=([0-9.e-]+))?", re.ASCII)


def disguised(planted: Planted, text: str, seed: int = 0) -> Planted:
    """A disguise as people write it: its name, or name=number for its count or amount, as in ``noise=0.05``.

    Raises:
        InvalidPlanting: an unknown name, a number that cannot be read or is not taken, or one that does not fit.
    """
    name, number = read_disguise(text)
    return disguise_named(name)(planted, seed, *([] if number is None else [number]))


def disguise_named(name: str) -> Callable[..., Planted]:
    """The function itself."""
    found = DISGUISES[name]
    return cast(Callable[..., Planted], function_at(found)) if isinstance(found, str) else found


def read_disguise(text: str) -> tuple[str, int | float | None]:
    """A disguise's name and its number, None if it has none.

    Raises:
        InvalidPlanting: an unknown name, or a number that cannot be read or is not taken.
    """
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None or shape[1] not in DISGUISES:
        cure = f"use one of {', '.join(DISGUISES)}, with a number as in split=2 or noise=0.05"
        raise InvalidPlanting(f"disguise {text[:40]!r}", "is unknown", cure)
    name, number = shape[1], shape[2]
    if number is None:
        return name, None
    if name in ("permute", "scale"):
        raise InvalidPlanting(f"disguise {name}", "takes no number", f"write {name}")
    try:
        return name, float(number) if name == "noise" else int(number)
    except ValueError:
        raise InvalidPlanting(f"disguise {text[:40]!r}", "has no such number", "write split=2 or noise=0.05") from None
