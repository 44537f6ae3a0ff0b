"""The whole circuit space of one output, validated in vectorised form: every circuit is tested, none is guessed.

1. Prefixes. All ways to wire the layers below the last hidden one are built layer by layer, in batches that share the
   active set of their top layer; each carries its edges and the activations of that layer.
2. Last hidden layer. Given a prefix, each of its neurons adds an independent term ``w · act(pre-activation)`` to the
   output's pre-activation, one term for each subset of its sources (the empty subset: the neuron is inactive). All
   combinations are therefore an outer sum, neuron by neuron.
3. Test. Row by row the output's activation is decided; combinations with too many wrong rows drop out, and once few
   are left the other rows are evaluated for those alone. A combination is a circuit if the sources used are exactly
   the prefix's active set.

Ablations differ only in what absent edges carry into these sums; where a protocol looks at circuits valid under any of
them the space is searched under each. The order of summation is that of
:mod:`analysis.networks.mlp`, so that a circuit's outputs have the same bits wherever they are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.judging import evaluate_circuits
from analysis.circuits.last_layer import SpaceJudge
from analysis.circuits.result import CircuitSearch
from analysis.circuits.space import count_in_space
from analysis.errors import BeyondLimits
from analysis.networks.circuit import MAX_EDGES, EdgeLayout
from analysis.progress import OutOfTime, Progress
from analysis.question import Carried, Question
from analysis.work import DEFAULT_WORK, Work

MAX_SO_FAR = 50_000  # circuits told of before the end


def search_circuits(
    question: Question, work: Work = DEFAULT_WORK, *, max_valid: int = 5_000_000, max_possible: int = 2_000_000_000
) -> CircuitSearch:
    """Find every valid circuit of the protocol's space.

    Args:
        work: told between chunks with the number of circuits tested; may raise Cancelled.
        max_valid: stop once so many are found; the result then says ``truncated_at``.
        max_possible: refuse a larger space.

    Returns:
        Masks in ascending order, their outputs on the representatives, their margins on the rows judged.

    Raises:
        BeyondLimits: more than 64 edges, or more than ``max_possible`` circuits.
        InvalidData: labels that do not fit the rows.
    """
    network = question.cut
    layout = EdgeLayout(network.sizes)
    shape = "-".join(map(str, network.sizes))
    if layout.n_edges > MAX_EDGES:
        raise BeyondLimits(
            f"circuits of a {shape} network",
            f"{layout.n_edges} edges for one output, and the limit is {MAX_EDGES}",
            "use a smaller network, or cut off its first layers",
        )
    possible = count_in_space(network.sizes, question.protocol)
    if possible > max_possible:
        raise BeyondLimits(
            f"circuits of a {shape} network",
            f"{possible:,} are possible under protocol {question.protocol.name}, and the limit is {max_possible:,}",
            "use a smaller network, or a protocol with a filter on node sparsity",
        )

    def so_far(some: NDArray[np.uint64], n_found: int) -> CircuitSearch:
        outputs, margins = evaluate_circuits(question, some)
        return CircuitSearch(layout, possible, some, outputs, margins, len(some), count=n_found)

    masks, truncated = np.empty(0, dtype=np.uint64), False
    n_searches = len(question.ablations)
    for number, (first, *others) in enumerate(question.ablations):
        search = work if n_searches == 1 else _one_of(work, number, n_searches)
        parts = chain.from_iterable(piece() for piece in SpaceJudge(question, carried=first).pieces())
        found, stopped = _collect(parts, possible, max_valid, search, None if others else so_far)
        masks, truncated = np.union1d(masks, _right_under(question, others, found)), truncated or stopped
    masks, truncated = masks[:max_valid], truncated or len(masks) > max_valid
    if n_searches > 1 and not truncated:  # each search told of its own
        with suppress(OutOfTime):
            total = n_searches * possible + 1
            work.tell("circuits", total, total, f"{len(masks):,} valid circuits")
    outputs, margins = evaluate_circuits(question, masks)
    return CircuitSearch(layout, possible, masks, outputs, margins, len(masks) if truncated else None)


def _one_of(work: Work, number: int, n_searches: int) -> Work:
    """The work of one search of several, told as a part of all; one step is left in which they are put together."""

    def tell(progress: Progress, /) -> None:
        done = number * progress.total + progress.done
        work.report(replace(progress, done=done, total=n_searches * progress.total + 1))

    return work.reporting_to(tell)


def decide_right(question: Question, masks: NDArray[Any]) -> NDArray[np.bool_]:
    """``[masks]``: which decide enough judged rows right under one of the question's ablations, circuits or not."""
    found = [_right_under(question, members, masks) for members in question.ablations]
    return np.isin(masks, np.concatenate(found))


def _right_under(question: Question, every: Sequence[Carried], masks: NDArray[Any]) -> NDArray[Any]:
    """Those of some masks that decide right whichever of these values absent edges carry."""
    with np.errstate(over="ignore", invalid="ignore"):
        for carried in every:
            masks = SpaceJudge(question, carried=carried).right_on_all(masks)
    return masks


def _collect(
    found: Iterator[tuple[int, NDArray[np.uint64]]],
    possible: int,
    max_valid: int,
    work: Work,
    so_far: Callable[[NDArray[np.uint64], int], CircuitSearch] | None = None,
) -> tuple[NDArray[np.uint64], bool]:
    """Gather masks in ascending order, report, and stop at the limit or when time is up (True if that ended it).

    Args:
        found: circuits tested since the last step, and the valid ones among them.
        possible: circuits in all.
        max_valid: where to stop.
        work: told "circuits" after each step.
        so_far: makes a search of some valid masks, ascending, and their number by now.
    """
    parts: list[NDArray[np.uint64]] = []
    n_tested = n_found = 0
    stopped = False

    def some() -> CircuitSearch | None:
        few, n_few = [np.empty(0, dtype=np.uint64)], 0
        for part in parts:
            if n_few >= MAX_SO_FAR:
                break
            few.append(part)
            n_few += len(part)
        masks = np.sort(np.concatenate(few)[:MAX_SO_FAR])
        return None if so_far is None else so_far(masks, min(n_found, max_valid))

    certain = None if so_far is None else some
    work.tell("circuits", 0, possible)
    # networks with huge weights overflow to inf, which is decided as neither 0 nor 1
    with np.errstate(over="ignore", invalid="ignore"):
        for n_more, masks in found:
            n_tested, n_found = n_tested + n_more, n_found + len(masks)
            parts.append(masks)
            words = f"{min(n_found, max_valid):,} valid circuits"
            try:
                work.tell("circuits", n_tested, possible, words, certain)
            except OutOfTime:
                stopped = True
                break
            if n_found > max_valid:
                break
    masks = np.concatenate([np.empty(0, dtype=np.uint64), *parts])[:max_valid]
    masks.sort()
    return masks, stopped or n_found > max_valid
