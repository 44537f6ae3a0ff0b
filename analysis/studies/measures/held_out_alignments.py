"""Whether alignments that are chosen by some rule predict joint interchanges that the rule has not seen.

An alignment is valid if the network decides as the algorithm says whenever one variable takes its value from another
input. Every valid alignment of every candidate algorithm is asked here about the joint interchanges in which every
variable takes its value from another input than the base, so that none of them is an interchange that validity has
tried. They are divided in two by the inputs that take part, base and sources together: of the pairs of inputs half are
held out, of the triples half, and so on; which ones is settled by the SHA-256 of the network's digest, the output and
the inputs. So no mix of inputs is in both halves, and every alignment predicts in both.

Alignments of algorithms with more variables have more such interchanges; each alignment counts alike. One whose places
fill a layer that decides the output cannot be wrong here (the glossary's "Duality of places"); it stays among the valid
ones, as it would for somebody who chooses among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import combinations
from math import comb, lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.candidates import candidate_algorithms
from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import ScoredAlignment
from analysis.alignments.joint import algorithm_says, outputs_with, values_on, written_by
from analysis.alignments.search import search_alignments
from analysis.criteria.alignment_context import valid_alignments
from analysis.networks.mlp import activations
from analysis.protocol import COMPLETE
from analysis.question import Question
from analysis.studies.measures.held_out import (
    Chosen,
    Halves,
    Integers,
    Rules,
    best_fitted,
    best_in_hindsight,
    every_one,
    rule_measures,
    shortest,
    shortest_of_fitted,
)
from analysis.studies.measures.measure import Measured, measure
from analysis.studies.measures.staircase import MAX_CANDIDATES
from analysis.studies.subject import Studied
from analysis.validity import decide

_EVERY: Final = COMPLETE.model_copy(update={"name": "complete, valid", "n_near_misses": 0})

Explained = tuple[HighLevelModel, ScoredAlignment]


@dataclass(frozen=True, eq=False)
class AlignmentTrial(Halves):
    """The valid alignments of one network on both halves, as if each predicted equally many interventions.

    Args:
        explanations: each alignment with its algorithm.
        unchanged: ``[explanations]`` held-out interventions after which the network decides as on the base alone.
        code_lengths: of each explanation, see :func:`_code_lengths`.
    """

    explanations: tuple[Explained, ...]
    unchanged: Integers
    code_lengths: tuple[int, ...]

    def lengths(self) -> Sequence[int]:
        return self.code_lengths


def held_out_mixes(question: Question) -> frozenset[int]:
    """The sets of inputs, as bit sets, whose joint interchanges are held out: of each size half, rounded down."""
    rows = range(1 << question.task.n_inputs)
    found: set[int] = set()
    for size in range(2, len(rows) + 1):
        mixes = sorted(combinations(rows, size), key=lambda mix: _drawn(question, mix))
        found |= {sum(1 << row for row in mix) for mix in mixes[: len(mixes) // 2]}
    return frozenset(found)


def _drawn(question: Question, mix: tuple[int, ...]) -> bytes:
    return sha256(f"{question.model.digest}:{question.output}:{','.join(map(str, mix))}".encode()).digest()


@lru_cache(maxsize=16)
def _runs(n_rows: int, n_variables: int) -> tuple[Integers, Integers, Integers]:
    """Every joint interchange in which no source is the base.

    Returns:
        ``[runs, variables]`` source rows, ``[runs]`` base rows, ``[runs]`` bit sets of all rows that take part.
    """
    chosen = np.stack(np.unravel_index(np.arange(n_rows ** (n_variables + 1)), (n_rows,) * (n_variables + 1)), axis=1)
    asked = chosen[(chosen[:, 1:] != chosen[:, :1]).all(axis=1)]
    return asked[:, 1:], asked[:, 0], np.bitwise_or.reduce(1 << asked, axis=1)


def run_alignment_trial(question: Question) -> AlignmentTrial | str:
    """Score every valid alignment of every candidate algorithm on both halves; why that cannot be, where it cannot."""
    question = replace(question, protocol=_EVERY)
    candidates = candidate_algorithms(
        question.task, _EVERY, question.cut.n_hidden_layers, max_candidates=MAX_CANDIDATES
    )
    search = search_alignments(question, candidates)
    if search.truncated_at is not None or any(result.truncated_at is not None for result in search.algorithms):
        return "more algorithms, or more valid alignments of one, than are kept"
    explanations = tuple(one for one in valid_alignments(search) if one[1].alignment.places)
    if not explanations:
        return "no valid alignment has variables"
    held_out = held_out_mixes(question)
    clean = activations(question.cut, question.data.clean_rows)
    counts = np.array([_count(question, clean, held_out, one) for one in explanations], dtype=np.int64)
    n_seen, seen, n_held, held, unchanged = counts.T
    return AlignmentTrial(
        seen * (lcm(*n_seen.tolist()) // n_seen),
        held * (lcm(*n_held.tolist()) // n_held),
        lcm(*n_held.tolist()),
        explanations,
        unchanged * (lcm(*n_held.tolist()) // n_held),
        _code_lengths(question, candidates.algorithms, explanations),
    )


def _count(
    question: Question, clean: tuple[NDArray[np.float64], ...], held_out: frozenset[int], explained: Explained
) -> tuple[int, int, int, int, int]:
    """Interventions and right ones of the half that rules may see; the same, and unchanged ones, of the other."""
    (algorithm, scored), rule = explained, question.protocol.alignment_decision
    paths = [path for path, _ in scored.alignment.places]
    sources, base, mixes = _runs(1 << algorithm.n_inputs, len(paths))
    written = written_by(scored.alignment.places, clean, sources)
    decided = decide(outputs_with(question.cut, clean[0][base][:, None], written)[:, 0], rule)
    right = decided == algorithm_says(algorithm, tuple(paths))[values_on(algorithm, paths, sources), base]
    same = decided == decide(clean[-1][:, 0], rule)[base]
    held = np.isin(mixes, list(held_out))
    seen = ~held
    return int(seen.sum()), int(right[seen].sum()), int(held.sum()), int(right[held].sum()), int(same[held].sum())


def _code_lengths(
    question: Question, algorithms: tuple[HighLevelModel, ...], explanations: tuple[Explained, ...]
) -> tuple[int, ...]:
    """Two to the length in bits of the shortest name of each algorithm and its places.

    An algorithm is one of those with as many gates. Places that hold k of N hidden neurons choose these, one of C(N, k)
    sets, and for each the variable that it belongs to.
    """
    alike = Counter(algorithm.n_gates for algorithm in algorithms)
    n_hidden = sum(question.cut.hidden_sizes)
    return tuple(
        alike[algorithm.n_gates]
        * comb(n_hidden, scored.alignment.n_neurons)
        * len(scored.alignment.places) ** scored.alignment.n_neurons
        for algorithm, scored in explanations
    )


def _trial(studied: Studied) -> AlignmentTrial | str:
    return studied.once("held out alignments", lambda: run_alignment_trial(studied.question))


def _minimal(trial: AlignmentTrial) -> Chosen:
    return np.array([scored.minimal for _, scored in trial.explanations])


def _irredundant(trial: AlignmentTrial) -> Chosen:
    return np.array([irredundancy(algorithm)["irredundant-literals"] for algorithm, _ in trial.explanations])


def _surest(trial: AlignmentTrial) -> Chosen:
    margins = np.array([scored.margin for _, scored in trial.explanations])
    return np.asarray(margins == margins.max())


def _largest(trial: AlignmentTrial) -> Chosen:
    sizes = np.array([scored.alignment.n_neurons for _, scored in trial.explanations])
    return np.asarray(sizes == sizes.max())


_RULES: Final[Rules[AlignmentTrial]] = {
    "random": (every_one, "any valid one", "by all of them, which is what one chosen at random is expected to have"),
    "fitted": (
        best_fitted,
        "right most often on the other half",
        "by those that are right most often on the other half",
    ),
    "shortest": (shortest, "shortest description", "by those with the shortest description"),
    "short-fitted": (
        shortest_of_fitted,
        "shortest of the best fitted",
        "by those with the shortest description among the ones that are right most often on the other half",
    ),
    "minimal": (_minimal, "minimal", "by those that contain no other valid alignment of their algorithm"),
    "irredundant": (_irredundant, "irredundant", "by those of algorithms without a redundant literal"),
    "margin": (_surest, "largest margin", "by those whose smallest margin under single interchanges is largest"),
    "largest": (_largest, "most neurons", "by those that place variables on the most neurons"),
    "best": (best_in_hindsight, "best in hindsight", "by those that are right most often on these very interventions"),
}


MEASURES: Final = rule_measures("held-out-aligned", "Valid alignments", _trial, _RULES)


@measure("held-out-aligned-unchanged", "held-out interventions right: nothing changes", "share")
def _unchanged(studied: Studied) -> Measured:
    """Valid alignments: mean share of the held-out joint interchanges after which the network decides as on the base:
    what is right without any explanation.
    """
    trial = _trial(studied)
    if isinstance(trial, str):
        return Measured(None, note=trial)
    return Measured(int(trial.unchanged.sum()) / (trial.n_held * len(trial.unchanged)))


@measure("held-out-aligned-alignments", "valid alignments scored", "count", "alignments", log=True)
def _asked(studied: Studied) -> Measured:
    """Valid alignments of all candidate algorithms, of those with variables."""
    trial = _trial(studied)
    return Measured(None, note=trial) if isinstance(trial, str) else Measured(len(trial.explanations))
