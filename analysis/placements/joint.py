"""Joint interchange: every variable takes its value from a source of its own, all at once.

For a base and one source s_v for each variable v, equal ones included, the network runs the base with the neurons of
each variable as they are on its source; layers above recompute, and neurons of a variable in them are set in turn. The
algorithm runs the base with each variable fixed to its value on its source; of a variable inside another the outer one
counts (joint IIA of ``science.md`` §2, after Geiger et al., "Causal Abstraction", JMLR 2025).

With the other sources equal to the base this is an interchange of one variable alone if all variables lie in one layer
and none is computed from another. Otherwise it is a different question: a variable in a later layer is held at its
value on the base, where an interchange of the earlier one alone lets it follow. So passing this does not imply IIA 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.interchange import Site, joint_outputs
from pluriscope.analysis.placements.iia import check_placement, score_placement
from pluriscope.analysis.placements.placement import JointCase, JointScore, P, Placement, ScoredPlacement
from pluriscope.analysis.questions.decisions import decide, margin_to_edge
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question

MAX_RUNS = 1 << 22
_CELLS = 1 << 22  # values of one layer held at once
_CELLS_TOGETHER = 1 << 16  # the same where placements share a batch: larger arrays are no quicker


def score_with_joint(
    question: Question, algorithm: HighLevelModel, alignment: P, *, max_runs: int = MAX_RUNS
) -> ScoredPlacement[P]:
    """Score a placement as :func:`pluriscope.analysis.placements.iia.score_placement` does, with joint interchange
    where it needs no more runs than ``max_runs``.
    """
    scored = score_placement(question, algorithm, alignment)
    if (1 << algorithm.n_inputs) ** (len(alignment.places) + 1) > max_runs:
        return scored
    return replace(scored, joint=score_joint_together(question, [(algorithm, alignment)])[0])


def score_joint(
    question: Question,
    algorithm: HighLevelModel,
    alignment: Placement[Any],
    work: Work = DEFAULT_WORK,
    *,
    max_runs: int = MAX_RUNS,
) -> JointScore:
    """Run every joint interchange of a placement.

    Args:
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables; without variables the network is run on the clean inputs.
        work: may end between two batches of runs.

    Raises:
        InvalidPlacement: it does not fit the algorithm or the network.
        BeyondLimits: more runs than the limit.
    """
    check_placement(question.network, algorithm, alignment, question.protocol)
    check_runs(algorithm, len(alignment.places), max_runs)
    return score_joint_together(question, [(algorithm, alignment)], work)[0]


def score_joint_together(
    question: Question, aligned: Sequence[tuple[HighLevelModel, Placement[Any]]], work: Work = DEFAULT_WORK
) -> list[JointScore]:
    """Run every joint interchange of placements that fit the network and have runs within the limit.

    What the network does depends on the places alone, so it is run once for placements whose variables have the same.

    Args:
        aligned: algorithms and their placements.
        work: may end between two batches of runs.

    Returns:
        Parallel to the placements.
    """
    network = question.network
    clean = activations(network, question.data.clean_rows)
    width, n_rows = max(network.sizes), len(clean[0])
    alike: dict[tuple[int, type], list[int]] = {}  # with as many variables on the same kind of sites
    for position, (_, alignment) in enumerate(aligned):
        alike.setdefault((len(alignment.places), type(alignment)), []).append(position)
    found: dict[int, JointScore] = {}
    for (n_variables, _), positions in alike.items():
        n_runs = n_rows ** (n_variables + 1)
        runs: dict[tuple[Site, ...], list[int]] = {}
        for position in positions:
            runs.setdefault(tuple(site for _, site in aligned[position][1].places), []).append(position)
        for placed, some in _batches(runs, max(1, _CELLS_TOGETHER // (n_runs * width)), max(1, _CELLS // n_runs)):
            scores = _scores(
                [(aligned[at][0], tuple(path for path, _ in aligned[at][1].places)) for at, _ in some],
                [number for _, number in some],
                partial(joint_outputs, network, clean, placed),
                question.protocol,
                work,
                width=width,
            )
            found.update(zip((at for at, _ in some), scores, strict=True))
    return [found[position] for position in range(len(aligned))]


def _batches(
    runs: dict[tuple[Site, ...], list[int]], most_runs: int, most: int
) -> Iterator[tuple[list[tuple[Site, ...]], list[tuple[int, int]]]]:
    """Places that are run together, with the placements that are held against them.

    Args:
        runs: by places, the positions of the placements on them.
        most_runs: places in one batch.
        most: placements in one batch.

    Yields:
        The places, and position and number of the places of each placement.
    """
    every = [(sites, position) for sites, positions in runs.items() for position in positions]
    while every:
        placed: dict[tuple[Site, ...], int] = {}
        n = 0
        while n < min(most, len(every)) and (every[n][0] in placed or len(placed) < most_runs):
            placed.setdefault(every[n][0], len(placed))
            n += 1
        yield list(placed), [(position, placed[sites]) for sites, position in every[:n]]
        every = every[n:]


def check_runs(algorithm: HighLevelModel, n_variables: int, max_runs: int) -> None:
    """Check that all joint interchanges can be run.

    Raises:
        BeyondLimits: there are more of them than ``max_runs``.
    """
    n_rows = 1 << algorithm.n_inputs
    n_runs = n_rows ** (n_variables + 1)
    if n_runs > max_runs:
        raise BeyondLimits(
            f"joint interchange of {algorithm.formula}",
            f"{n_variables} variables over {n_rows} inputs need {n_runs:,} runs, against a limit of {max_runs:,}",
            "test the variables one by one",
        )


def _scores(
    asked: Sequence[tuple[HighLevelModel, tuple[str, ...]]],
    numbers: Sequence[int],
    outputs_of: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    protocol: Protocol,
    work: Work,
    *,
    width: int,
) -> list[JointScore]:
    """Score several algorithms with as many variables over the same inputs by every joint interchange.

    Args:
        asked: the algorithms, each with its variables, sorted.
        numbers: which runs of the network each is held against.
        outputs_of: from sources ``[choices, columns]`` to outputs ``[runs, choices, base]``.
        protocol: decision rule.
        work: may end between two batches of runs.
        width: of the widest layer; decides how many choices are run at once.
    """
    n_rows, n_variables = 1 << asked[0][0].n_inputs, len(asked[0][1])
    shape = (n_rows,) * n_variables
    which = np.array(numbers)
    n_agreed, margins = np.zeros(len(asked), dtype=np.int64), np.full(len(asked), np.inf)
    first_wrong: list[JointCase | None] = [None] * len(asked)
    for sources in _choices(shape, max(1, _CELLS // (n_rows * width * (int(which.max()) + 1)))):
        work.check()
        outputs = outputs_of(sources)
        decided = decide(outputs, protocol.alignment_decision)
        expected = np.stack([_expected(algorithm, paths, sources) for algorithm, paths in asked])
        agreed = decided[which] == expected
        n_agreed += agreed.sum(axis=(1, 2))
        nearest = margin_to_edge(outputs, protocol.alignment_decision).min(axis=(1, 2))
        margins = np.minimum(margins, nearest[which])
        for position in np.flatnonzero(~agreed.all(axis=(1, 2))).tolist():
            if first_wrong[position] is None:
                choice, base = (int(i) for i in np.argwhere(~agreed[position])[0])
                first_wrong[position] = JointCase(
                    tuple(sources[choice].tolist()),
                    base,
                    int(expected[position, choice, base]),
                    float(outputs[which[position], choice, base]),
                )
    of = n_rows * prod(shape)
    outcomes = zip(n_agreed.tolist(), margins.tolist(), first_wrong, strict=True)
    return [JointScore(agreements, of, margin, wrong) for agreements, margin, wrong in outcomes]


def _expected(algorithm: HighLevelModel, paths: tuple[str, ...], sources: NDArray[np.int64]) -> NDArray[np.int8]:
    """Compute the output of an algorithm whose variables have their values on some sources, ``[choices, base]``."""
    outputs: NDArray[np.int8] = predicted_outputs(algorithm, paths)[values_on(algorithm, paths, sources)]
    return outputs


def _choices(shape: Sequence[int], at_once: int) -> Iterator[NDArray[np.int64]]:
    """Yield every choice of one number for each column, lexicographically, in blocks, ``[choices, columns]``."""
    for start in range(0, prod(shape), at_once):
        numbers = np.arange(start, min(start + at_once, prod(shape)))
        columns = np.unravel_index(numbers, shape) if shape else ()
        yield np.stack(columns, axis=1) if columns else np.zeros((1, 0), dtype=np.int64)


@lru_cache(maxsize=4096)  # the same candidates come back with every network
def predicted_outputs(algorithm: HighLevelModel, paths: tuple[str, ...]) -> NDArray[np.int8]:
    """Compute the output for each choice of the variables' values, ``[values, base]``, first variable most
    significant.
    """
    n_inputs, n_variables = algorithm.n_inputs, len(paths)
    copies, n_rows = 1 << n_variables, 1 << n_inputs
    on_all_rows = (1 << n_rows) - 1
    fixed = {
        path: sum(on_all_rows << n_rows * copy for copy in range(copies) if copy >> (n_variables - 1 - column) & 1)
        for column, path in enumerate(paths)
    }
    outputs = pattern_bits(algorithm.output_given(fixed, copies=copies), n_inputs + n_variables)
    table = outputs.reshape(copies, n_rows).astype(np.int8)
    table.setflags(write=False)
    return table


def values_on(algorithm: HighLevelModel, paths: Sequence[str], sources: NDArray[np.int64]) -> NDArray[np.int64]:
    """Compute the variables' values on the sources ``[choices, variables]``, the first most
    significant; ``[choices]``.
    """
    values = np.zeros(len(sources), dtype=np.int64)
    for column, path in enumerate(paths):
        own = pattern_bits(algorithm.responses[path].function, algorithm.n_inputs)
        values = (values << 1) | own[sources[:, column]]
    return values


def predicted_from_one_source(algorithm: HighLevelModel, paths: Sequence[str]) -> NDArray[np.int8]:
    """Compute the output with some variables fixed to their values on one source, ``[source, base]``."""
    rows = np.arange(1 << algorithm.n_inputs)
    sources = np.repeat(rows[:, None], len(paths), axis=1)
    outputs: NDArray[np.int8] = predicted_outputs(algorithm, tuple(paths))[values_on(algorithm, paths, sources)]
    return outputs


# --- placements that are minimal among those right under single and under joint interchange
#
# The order matters. Joint interchange may refuse every placement that is minimal under single interchange although it
# confirms a larger one that contains it; so what is small is sought last, among what passes everything else.
#
# Joint interchange can refuse a placement, but never a two-variable algorithm that one layer carries: if a set carries
# one variable its complement carries the other, and that pair passes
# ("Duality of places" in docs/findings/definitions.md).


def jointly_right(
    question: Question, algorithm: HighLevelModel, alignment: Placement[Any], work: Work = DEFAULT_WORK
) -> bool:
    """Whether every joint interchange confirms a valid placement; one without variables has none to be confirmed by.

    Raises:
        BeyondLimits: too many joint interchanges.
    """
    if not alignment.places:
        return True
    score = score_joint(question, algorithm, alignment, work)
    return score.agreed == score.of
