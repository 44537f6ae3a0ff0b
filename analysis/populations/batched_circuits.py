"""The whole circuit space of many networks of equal shape, validated together in torch on any device.

The space does not depend on weights, so masks, active sets and combinations are made once for all networks, and every
array has the network as its first axis. The search is that of :mod:`analysis.circuits.search`: prefixes up to the last
hidden layer, then an outer sum over its neurons, row by row.

Why the verdicts are those of the reference, on any device. The device only drops a circuit if too many of its rows are
wrong by more than the network's tolerance, which no rounding can bridge (:mod:`analysis.networks.tolerance`). All
others, the right ones and those near a decision's edge, are run again by the reference arithmetic, which alone decides
and whose outputs and margins are reported. Networks whose tolerance is useless (numbers of 10¹¹ and more) or with more
valid circuits than are kept are searched by the reference from the start.

Memory. Every temporary array has at most ``_Budget.cells`` float64 (or one prefix's combinations of one network), and a
handful of them live at once: about 40 MiB on a CPU, 2 GiB on a GPU, however many networks there are. The results come
on top.

On a CPU torch runs in one thread, as in training. Measured on one core against the numpy search network by network,
figures for equal results: 4 times as fast for 2-2-2-2-1 (513 circuits each), 1.5 to 2 times for 2-3-3-1 (9,625), the
same from some 100,000 circuits on, where a single network fills the arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.judging import evaluate_circuits, first_rows
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import search_circuits
from analysis.circuits.space import count_in_space
from analysis.errors import InvalidNetwork
from analysis.networks.circuit import MAX_EDGES
from analysis.networks.devices import one_thread, with_float64
from analysis.networks.mlp import batch_activations, keep_matrices
from analysis.networks.network import Network
from analysis.networks.tolerance import MOST_TOLERANCE, output_tolerance
from analysis.populations.stacked_space import NetworkStack, StackedSpace
from analysis.question import Question
from analysis.validity import decide, max_wrong
from analysis.work import DEFAULT_WORK, Work


@dataclass(frozen=True)
class _Budget:
    """Float64 values of one temporary array, and networks searched at once."""

    cells: int
    networks: int


_BUDGETS: Final = {"cpu": _Budget(1 << 18, 128)}
_GPU_BUDGET: Final = _Budget(1 << 25, 1024)


def search_circuits_together(
    questions: Sequence[Question],
    work: Work = DEFAULT_WORK,
    *,
    device: str = "cpu",
    max_valid: int = 5_000_000,
    max_possible: int = 2_000_000_000,
) -> tuple[CircuitSearch, ...]:
    """Find every valid circuit of every network; the same as :func:`search_circuits` of each.

    Args:
        questions: alike in everything but the network; their networks of equal sizes, activations and slope.
        device: torch device; one that has no float64 is passed over for the CPU.
        work: told between chunks with the number of circuits tested over all networks; may raise Cancelled.
        max_valid: valid circuits kept for each network.
        max_possible: refuse a larger space.

    Raises:
        InvalidNetwork: networks of different shapes.
        InvalidTraining: torch knows no such device here.
        BeyondLimits: more than 64 edges, or more than ``max_possible`` circuits.
        InvalidData: labels that do not fit the rows.
    """
    if not questions:
        return ()
    networks = [question.cut for question in questions]
    check_equal_shapes(networks)
    place = with_float64(device)
    first, protocol = networks[0], questions[0].protocol

    def alone(question: Question) -> CircuitSearch:
        return search_circuits(question, max_valid=max_valid, max_possible=max_possible)

    possible = count_in_space(first.sizes, protocol)
    if questions[0].layout.n_edges > MAX_EDGES or possible > max_possible or first.n_hidden_layers == 0:
        return tuple(map(alone, questions))
    rows, labels = questions[0].judged
    absent = [question.absent for question in questions]
    tolerances = [output_tolerance(network, rows, values) for network, values in zip(networks, absent, strict=True)]
    within_reach = [i for i, tolerance in enumerate(tolerances) if tolerance <= MOST_TOLERANCE]
    n_wrong = max_wrong(len(rows), protocol.accuracy_threshold)
    tested = first_rows(len(rows), n_wrong)
    total, done = max(1, possible * len(networks)), 0
    work.tell("circuits", 0, total)
    searches: dict[int, CircuitSearch] = {}
    budget = _BUDGETS.get(place.type, _GPU_BUDGET)
    for start in range(0, len(within_reach), budget.networks):
        part = within_reach[start : start + budget.networks]
        stack = NetworkStack.of(
            [networks[i] for i in part], [absent[i] for i in part], [tolerances[i] for i in part], place
        )
        space = StackedSpace(stack, protocol, rows[tested], labels[tested], n_wrong, budget.cells)
        found = _Gathered(len(part), max_valid)
        with one_thread():
            for n_tested, owner, masks in space.not_surely_invalid():
                found.add(owner, masks)
                done += n_tested
                work.tell("circuits", min(done, total - 1), total, f"{found.n:,} circuits to confirm")
        for position, i in enumerate(part):
            candidates = found.of(position)
            if candidates is not None:
                search = _confirmed(questions[i], candidates, possible)
                if search.n_valid <= max_valid:
                    searches[i] = search
    for i, question in enumerate(questions):
        if i not in searches:
            searches[i] = alone(question)
            done = min(total, done + possible)
            work.tell("circuits", done, total)
    work.tell("circuits", total, total, f"{sum(s.n_valid for s in searches.values()):,} valid circuits")
    return tuple(searches[i] for i in range(len(networks)))


def shape_of(network: Network) -> tuple[object, ...]:
    """What networks that are searched together must share."""
    return (network.sizes, network.activation, network.output_activation, network.negative_slope)


def check_equal_shapes(networks: Sequence[Network]) -> None:
    """Whether networks can be searched together.

    Raises:
        InvalidNetwork: naming the first that differs from the first of all.
    """
    for index, network in enumerate(networks):
        if shape_of(network) != shape_of(networks[0]):
            raise InvalidNetwork(
                f"network {index} of the population",
                f"has shape {shape_of(network)}, the first one {shape_of(networks[0])}",
                "analyse networks of different shapes in populations of their own",
            )


def _confirmed(question: Question, candidates: NDArray[np.uint64], possible: int) -> CircuitSearch:
    """The candidates that the reference arithmetic finds valid, as its own search would report them."""
    network, layout, protocol = question.cut, question.layout, question.protocol
    rows, labels = question.judged
    masks = np.sort(candidates)
    with np.errstate(over="ignore", invalid="ignore"):
        outputs, margins = evaluate_circuits(question, masks)
        judged = outputs
        if rows is not question.data.representatives:
            step = max(1, (1 << 21) // (max(network.sizes) * len(rows)))
            judged = np.empty((len(masks), len(rows)))
            for start in range(0, len(masks), step):
                part = slice(start, start + step)
                judged[part] = batch_activations(network, keep_matrices(masks[part], layout), rows, question.absent)[
                    -1
                ][:, 0]
    n_wrong = (decide(judged, protocol.circuit_decision) != labels).sum(axis=1)
    valid = n_wrong <= max_wrong(len(rows), protocol.accuracy_threshold)
    return CircuitSearch(layout, possible, masks[valid], outputs[valid], margins[valid])


class _Gathered:
    """Masks by network; those of a network with far too many are forgotten, as it is searched otherwise."""

    def __init__(self, n_networks: int, max_valid: int) -> None:
        self._parts: list[list[NDArray[np.uint64]]] = [[] for _ in range(n_networks)]
        self._counts = np.zeros(n_networks, dtype=np.int64)
        self._most = 2 * max_valid + 1_000

    @property
    def n(self) -> int:
        return int(self._counts.sum())

    def add(self, owner: NDArray[np.int64], masks: NDArray[np.uint64]) -> None:
        """Take masks with the network of each, in ascending order of networks."""
        ends = np.searchsorted(owner, np.arange(len(self._parts) + 1))
        self._counts += np.diff(ends)
        for network in np.flatnonzero(np.diff(ends)).tolist():
            if self._counts[network] > self._most:
                self._parts[network] = []
            else:
                self._parts[network].append(masks[ends[network] : ends[network + 1]])

    def of(self, network: int) -> NDArray[np.uint64] | None:
        """Its masks, None if they were too many."""
        if self._counts[network] > self._most:
            return None
        return np.concatenate([np.empty(0, dtype=np.uint64), *self._parts[network]])
