"""Linear probes: which Boolean functions of the inputs an affine read-out finds in a layer, all of them.

A function f is decodable on a layer if some w and c give w·h + c > 0 on exactly the inputs where f is 1, with h the
layer's activations on the Boolean inputs (Alain & Bengio, "Understanding intermediate layers using linear classifier
probes", 2016). A probe trained for one f says only that f is decodable; here every decodable f is listed, so it shows
what the finding is worth: where a layer has as many neurons as the network has inputs' combinations less one, usually
every function is decodable, also those that the network never computes (Hewitt & Liang, "Designing and Interpreting
Probes with Control Tasks", EMNLP 2019).

f and its negation have the same read-outs up to sign, so only the one that is 0 on the first input is listed, and never
a constant.

The search goes input by input: both values of f on the next input are tried, and a branch is left when no hyperplane
separates the inputs so far. Each test is a linear programme for the largest margin, the smallest L1 distance from an
activation to the hyperplane. A margin below 1e-9 of the layer's spread counts as none, far above rounding errors of the
activations, so another machine finds the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidAlignment
from pluriscope.analysis.explanations.explanation import Claim, Column, Found, RecordedKind, predict_nothing
from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.interventions.experiments import InterventionSpace
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question

MAX_FUNCTIONS: Final = 4_096
"""Functions listed for one layer; 5 neurons over 4 inputs may hold 4,943, each and its negation counted once."""
RESOLUTION: Final = 1e-9
_MILLISECONDS: Final = 1.0  # for one function: about two programmes
_APART: Final = 1e-9
_ROUNDING: Final = 1e-11
_MOST_STEPS: Final = 50  # for each bound; few take more than one
_TEXT: Final = re.compile(r"([1-9]\d?)\.([0-9a-f]{1,16})", re.ASCII)


@dataclass(frozen=True)
class Probe:
    """A function that an affine read-out finds in a layer.

    Args:
        layer: from 1, the first hidden one.
        function: truth table as an integer, bit i = input row i; bit 0 is 0.
        n_inputs: of the function.
        weights: w, one for each neuron of the layer, the largest 1 or −1.
        constant: c.
        margin: the largest margin that a read-out of this function has, in units of the activations.
        is_task: whether the function or its negation is the task.
    """

    layer: int
    function: int
    n_inputs: int
    weights: tuple[float, ...]
    constant: float
    margin: float
    is_task: bool

    @property
    def label(self) -> str:
        """The function for people: a formula where it has a short one, else its values in the order of inputs."""
        return gate_name(self.function, self.n_inputs) or table_text(self.function, self.n_inputs)

    @property
    def depends_on(self) -> int:
        """The number of inputs on which the function depends."""
        rows = np.arange(1 << self.n_inputs)
        bits = self.function >> rows.astype(object) & 1
        return sum(bool((bits != bits[rows ^ (1 << axis)]).any()) for axis in range(self.n_inputs))


def table_text(function: int, n_inputs: int) -> str:
    """The values of a function in the order of inputs, as 0 and 1."""
    return "".join(str(function >> row & 1) for row in range(1 << n_inputs))


@dataclass(frozen=True)
class Hyperplane:
    """An affine read-out w·h + c.

    Args:
        weights: w, each between −1 and 1.
        constant: c.
        margin: the least distance of w·h + c from 0.
    """

    weights: NDArray[np.float64]
    constant: float
    margin: float


def separation(points: NDArray[np.float64], signs: Sequence[int], least: float) -> Hyperplane | None:
    """The hyperplane with the largest margin that has points on these sides; None where that is ``least`` or less.

    Args:
        points: ``[points, width]``.
        signs: 1 or −1 for each point.
        least: what counts as no margin.
    """
    sides = np.array(signs, dtype=np.float64)
    if len(set(signs)) == 1:  # everything on one side: no margin can be too large, and none is required
        return Hyperplane(np.zeros(points.shape[1]), float(sides[0]), np.inf)
    weights = _widest(points, sides)
    reads = fixed_order.inner(weights[None], points)[0]
    low, high = float(reads[sides < 0].max()), float(reads[sides > 0].min())
    return Hyperplane(weights, -(low + high) / 2, (high - low) / 2) if (high - low) / 2 > least else None


def _widest(points: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights of the hyperplane with the largest margin, by the simplex method on a table.

    Weights and the constant are differences of numbers between 0 and 1, and start at 0. Bounds are moved apart by
    little, each by another amount, to choose the next vertex: so none is met twice. The bounds as they are give w.
    """
    n, width = points.shape
    signed = sides[:, None] * np.column_stack([points / (np.abs(points).max() or 1.0), np.full(n, width)])
    size = 2 * width + 2
    table = np.zeros((n + size + 1, size + 3))  # the last row is of the margin, the last columns of the bounds
    table[:n, : size + 1] = np.column_stack([-signed, signed, np.ones(n)])
    table[n:-1, :size], table[n:-1, -2], table[-1, size] = np.eye(size), 1.0, 1.0
    table[:-1, -1] = table[:-1, -2] + _APART * np.sqrt(np.arange(2, n + size + 2))
    free, bound = np.arange(size + 1), np.arange(size + 1, n + 2 * size + 1)
    for _ in range(_MOST_STEPS * len(table)):
        into = int(table[-1, :-2].argmax())
        if table[-1, into] <= _ROUNDING:
            break
        column = table[:, into].copy()
        some = np.flatnonzero(column[:-1] > _ROUNDING)
        out = some[(table[some, -1] / column[some]).argmin()]
        row = table[out] / column[out]
        table -= column[:, None] * row
        table[out], table[:, into] = row, -column / column[out]
        table[out, into] = 1.0 / column[out]
        free[into], bound[out] = bound[out], free[into]
    found = np.zeros(n + 2 * size + 1)
    found[bound] = table[:-1, -2]
    return np.asarray(found[:width] - found[width + 1 : size - 1])


class _Layer:
    """The activations of one layer on the Boolean inputs, about their mean."""

    def __init__(self, question: Question, layer: int) -> None:
        values = activations(question.network, question.data.representatives)[layer]
        self.mean = fixed_order.mean(values)
        self.points = values - self.mean
        self.least = RESOLUTION * float(np.abs(self.points).max(initial=0.0))

    def separated(self, signs: Sequence[int]) -> Hyperplane | None:
        """The hyperplane with the largest margin that has the first inputs on these sides; None if there is none."""
        return separation(self.points[: len(signs)], signs, self.least)


def hidden_layers(question: Question) -> range:
    """The layers that can be probed, from 1."""
    return range(1, len(question.network.sizes) - 1)


def possible_functions(n_points: int, width: int) -> int:
    """Count the functions up to negation for which points in general position have read-outs, the constant ones left
    out.

    Half of Cover's count of dichotomies ("Geometrical and Statistical Properties of Systems of Linear Inequalities",
    1965), which is the most that any points have.
    """
    return sum(comb(n_points - 1, axis) for axis in range(width + 1)) - 1


def find_probes(question: Question, work: Work = DEFAULT_WORK, *, limit: int = MAX_FUNCTIONS) -> Found[Probe]:
    """Every decodable function of every hidden layer, by layer, then by truth table read from the first input.

    Args:
        work: reports progress after each layer and each hundredth function; may raise Cancelled.
        limit: functions listed for one layer; a layer that has more ends there, and the note says so.
    """
    found: list[Probe] = []
    cut = []
    layers = hidden_layers(question)
    for number, layer in enumerate(layers):
        before = len(found)
        for probe in _decodable(question, layer):
            if len(found) - before == limit:
                cut.append(layer)
                break
            found.append(probe)
            if not len(found) % 100:
                work.report_step("probes", number, len(layers), f"{len(found):,} decodable functions")
        work.report_step("probes", number + 1, len(layers), f"{len(found):,} decodable functions")
    which = f"layer{'s' * (len(cut) > 1)} {' and '.join(map(str, cut))}"
    note = f"The list of {which} is truncated at {limit:,} functions each; more are decodable." if cut else ""
    return Found(found, not cut, note)


def _decodable(question: Question, layer: int) -> Iterator[Probe]:
    """The decodable functions of a layer, depth first."""
    seen = _Layer(question, layer)
    n_rows = len(seen.points)
    start = seen.separated([-1])
    if start is None:
        return
    branches: list[tuple[tuple[int, ...], Hyperplane]] = [((-1,), start)]
    while branches:
        signs, plane = branches.pop()
        if len(signs) == n_rows:
            if 1 in signs:
                # a branch that needed no programme of its own has the margin of an earlier one
                best = seen.separated(signs)
                if best is not None:
                    yield _probe(question, layer, seen, signs, best)
            continue
        point = seen.points[len(signs)]
        reads = float(fixed_order.inner(plane.weights[None], point[None])[0, 0]) + plane.constant
        for side in (1, -1):  # popped in the order 0, 1
            longer = (*signs, side)
            kept = plane if side * reads > seen.least else seen.separated(longer)
            if kept is not None:
                branches.append((longer, kept))


def _probe(question: Question, layer: int, seen: _Layer, signs: Sequence[int], plane: Hyperplane) -> Probe:
    function = sum(1 << row for row, sign in enumerate(signs) if sign > 0)
    scale = float(np.abs(plane.weights).max())
    constant = plane.constant - float(fixed_order.inner(plane.weights[None], seen.mean[None])[0, 0])
    every = (1 << len(signs)) - 1
    task = sum(bit << row for row, bit in enumerate(question.task.truth_table))
    return Probe(
        layer,
        function,
        question.network.n_inputs,
        tuple((plane.weights / scale).tolist()),
        constant / scale,
        plane.margin,
        function in (task, every & ~task),
    )


def write_probe(probe: Probe) -> str:
    """Write the address of a probe, ``LAYER.FUNCTION``: the layer and the truth table in hexadecimal digits."""
    return f"{probe.layer}.{probe.function:x}"


def read_probe(question: Question, text: str) -> Probe:
    """The probe that an address text names, computed from the weights.

    Raises:
        InvalidAlignment: another shape, no hidden layer, no function of the inputs, a constant or the negation of a
            listed one, or a function that the layer does not hold.
    """
    item = f"linear probe {text[:40]!r}"
    shape = _TEXT.fullmatch(text)
    if shape is None:
        raise InvalidAlignment(item, "cannot be read", "write LAYER.FUNCTION, as in 1.6 for 0110 on the first layer")
    layer, function, n_rows = int(shape[1]), int(shape[2], 16), 1 << question.network.n_inputs
    if layer not in hidden_layers(question):
        raise InvalidAlignment(
            item, f"layer {layer} is no hidden layer of this network", f"use 1 to {len(question.network.sizes) - 2}"
        )
    if function >> n_rows or function & 1 or not function:
        raise InvalidAlignment(
            item,
            f"{shape[2]} is no function of {question.network.n_inputs} inputs that is 0 on the first row and not "
            "constant",
            f"write the truth table from 2 to {(1 << n_rows) - 2:x} in hexadecimal digits; of f and ¬f take the one "
            "that is 0 on the first row",
        )
    seen = _Layer(question, layer)
    signs = [1 if function >> row & 1 else -1 for row in range(n_rows)]
    plane = seen.separated(signs)
    if plane is None:
        raise InvalidAlignment(
            item,
            f"no affine read-out of layer {layer} computes {table_text(function, question.network.n_inputs)}",
            "choose one of the listed probes",
        )
    return _probe(question, layer, seen, signs, plane)


def predict_by_probes(question: Question, probes: Sequence[Probe], space: InterventionSpace) -> NDArray[np.int8]:
    """Predict by probes: the function's value on the source where the whole layer is patched and the function is the
    task.

    A probe says that its function can be read from a layer, not that anything reads it. The exception is the task: if
    the layer that holds it is patched as a whole, the output should follow the source.
    """
    predictions = predict_nothing(question, probes, space)
    task = np.array(question.task.truth_table, dtype=np.int8)
    for number, probe in enumerate(probes):
        whole = frozenset((probe.layer, neuron) for neuron in range(len(probe.weights)))
        position = space.position.get(whole)
        if probe.is_task and position is not None:
            predictions[number, position] = task[:, None]
    return predictions


def claim_of(probe: Probe) -> tuple[Claim, ...]:
    """The function on the direction of its read-out."""
    return (Claim(probe.layer, directions=(probe.weights,), function=probe.function, label=probe.label),)


def _refusal(question: Question) -> str:
    if not question.data.boolean:
        return "has rows that are no Boolean inputs, and probes are of Boolean functions"
    return "" if hidden_layers(question) else "has no hidden layer to probe"


def _work(question: Question) -> float:
    n_rows, sizes = 1 << question.network.n_inputs, question.network.sizes
    counts = (min(possible_functions(n_rows, sizes[layer]), MAX_FUNCTIONS) for layer in hidden_layers(question))
    return _MILLISECONDS * sum(counts)


PROBE: Final = RecordedKind[Probe](
    key="probe",
    letter="p",
    noun="linear probe",
    plural="linear probes",
    definition="A Boolean function of the inputs that an affine read-out finds in the activations of one layer. It "
    "says that the function is there to be read, not that the network reads it.",
    source="Alain & Bengio 2016 (arXiv:1610.01644); Hewitt & Liang, EMNLP 2019 (arXiv:1909.03368)",
    silence="a probe says what can be read from a layer, not what the network makes of it; only where the whole layer "
    "is patched and the function is the task does it predict",
    traits=frozenset({"placed"}),
    find=find_probes,
    work=_work,
    columns=(
        Column("layer", "Layer", int, lambda probe: probe.layer, "The hidden layer that is read, from 1.", facet=True),
        Column(
            "margin",
            "Margin",
            float,
            lambda probe: probe.margin,
            "The largest possible smallest L1 distance from an activation to the read-out's hyperplane.",
        ),
        Column("inputs", "Inputs used", int, lambda probe: probe.depends_on, "Inputs that matter.", facet=True),
        Column("task", "Is the task", bool, lambda probe: probe.is_task, "It or its negation is the task.", facet=True),
        Column(
            "table",
            "Truth table",
            str,
            lambda probe: table_text(probe.function, probe.n_inputs),
            "Values on the inputs in their order.",
        ),
    ),
    name=lambda probe: f"{probe.label} on layer {probe.layer}",
    write=write_probe,
    read=read_probe,
    refuses=_refusal,
    predict=predict_by_probes,
    claims=claim_of,
)
