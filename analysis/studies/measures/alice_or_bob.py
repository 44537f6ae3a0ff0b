"""Is this network an Alice or a Bob? How many explanations are left of the paper's, rule by rule, on one network.

XOR has two algorithms without a redundant literal: ``(A ∧ ¬B) ∨ (¬A ∧ B)``, called Alice, and ``(A ∨ B) ∧ ¬(A ∧ B)``,
called Bob, after the two researchers of the story who explain one network so. These measures do not depend on the
study's protocol: each step of :mod:`analysis.studies.measures.staircase` names its own rules, and so do directions
(the shortest affine read-out, swapped by orthogonal projection, every ordered pair).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from analysis.algorithms.candidates import Candidates
from analysis.algorithms.refinement import finer_than_all
from analysis.alignments.joint import count_minimal_joint, score_joint
from analysis.alignments.result import AlgorithmResult
from analysis.alignments.search import search_alignments
from analysis.directions.result import AlgorithmDirections
from analysis.directions.search import align_on_directions
from analysis.directions.table import DirectionTable
from analysis.protocol import COMPLETE
from analysis.studies.measures.measure import Measure, Measured, measure
from analysis.studies.measures.staircase import (
    SHORT,
    STEPS,
    Step,
    irredundant_algorithms,
    last_step,
    one_way_refuted,
    staircase,
)
from analysis.studies.subject import Studied

NAMES: Final = {"(!(!A&B)&!(!B&A))": "Alice", "(!(!A&!B)&!(A&B))": "Bob"}
"""The two by their text without a negation of the whole, which XNOR has and XOR has not."""

_LAST: Final = list(STEPS)[-1]
_MINIMAL: Final = COMPLETE.model_copy(
    update={"name": "complete, minimal", "alignments_kept": "minimal", "n_near_misses": 0}
)
_SHARED: Final = COMPLETE.model_copy(
    update={"name": "complete, shared gates", "algorithm_form": "shared_gates", "n_near_misses": 0}
)
_EVERY: Final = COMPLETE.model_copy(update={"name": "complete, valid", "n_near_misses": 0})


def who(texts: Iterable[str]) -> str:
    """In words which of the two are among these algorithms: "Alice only", "Bob only", "both" or "neither"."""
    found = {NAMES[bare] for text in texts if (bare := text.removeprefix("!")) in NAMES}
    if len(found) == 2:
        return "both"
    return f"{found.pop()} only" if found else "neither"


def _step(studied: Studied, key: str) -> Step:
    """One step of the staircase; the last one by itself where no other measure needed them all."""
    if key == _LAST and "staircase" not in studied.shared:
        return studied.once("last step", lambda: last_step(studied.question))
    steps = studied.once("staircase", lambda: {step.key: step for step in staircase(studied.question)})
    return steps[key]


def _aligned(studied: Studied) -> tuple[AlgorithmResult, ...]:
    """The irredundant algorithms with their minimal alignments, those that the network carries alone."""

    def compute() -> tuple[AlgorithmResult, ...]:
        algorithms = irredundant_algorithms(studied.question.task, studied.question.cut.n_hidden_layers)
        found = search_alignments(replace(studied.question, protocol=_MINIMAL), Candidates(algorithms, len(algorithms)))
        return tuple(result for result in found.algorithms if result.n_valid)

    return studied.once("irredundant minimal", compute)


def _with_shared_gates(studied: Studied) -> tuple[AlgorithmResult, ...]:
    """The irredundant algorithms in which some gate is shared, those that the network carries alone."""

    def compute() -> tuple[AlgorithmResult, ...]:
        question = replace(studied.question, protocol=_SHARED)
        every = irredundant_algorithms(question.task, question.cut.n_hidden_layers, _SHARED)
        algorithms = tuple(algorithm for algorithm in every if algorithm.shared)
        found = search_alignments(question, Candidates(algorithms, len(algorithms)))
        return tuple(result for result in found.algorithms if result.n_valid)

    return studied.once("irredundant with shared gates", compute)


def _on_directions(studied: Studied) -> tuple[AlgorithmDirections, ...]:
    """The irredundant algorithms that have variables, on orthogonal directions; those that the network carries."""

    def compute() -> tuple[AlgorithmDirections, ...]:
        table = DirectionTable(replace(studied.question, protocol=_EVERY))
        algorithms = irredundant_algorithms(studied.question.task, studied.question.cut.n_hidden_layers)
        found = (align_on_directions(table, algorithm, "orthogonal") for algorithm in algorithms)
        return tuple(result for result in found if result.n_valid)

    return studied.once("irredundant directions", compute)


# --- step by step


def _step_measures(number: int, key: str, words: str) -> tuple[Measure, ...]:
    def of_step(count: Callable[[Step], int | bool]) -> Callable[[Studied], int | bool]:
        return lambda studied: count(_step(studied, key))

    rules = f"Step {number}, {words}"
    algorithms = f"{rules}: algorithms that the network carries, those without variables included."
    alignments = f"{rules}: minimal alignments of all algorithms with variables."
    one = f"{rules}: whether there is exactly one minimal alignment in all."
    short = SHORT[key]
    return (
        measure(f"{key}-algorithms", f"algorithms: {short}", "count", "algorithms", definition=algorithms)(
            of_step(lambda step: step.n_algorithms)
        ),
        measure(f"{key}-alignments", f"alignments: {short}", "count", "alignments", log=True, definition=alignments)(
            of_step(lambda step: step.n_minimal)
        ),
        measure(f"{key}-one", f"exactly one: {short}", "yes-no", definition=one)(
            of_step(lambda step: step.n_minimal == 1)
        ),
    )


STEP_MEASURES: Final = tuple(
    one for number, (key, words) in enumerate(STEPS.items(), start=1) for one in _step_measures(number, key, words)
)


@measure("one-way-refuted", "refuted in the other direction", "count", "alignments", log=True)
def _refuted(studied: Studied) -> int:
    """Of the alignments that are minimal under the paper's rules, interchange in one direction, those that fail when
    each interchange is also made in the other direction; counted alignment by alignment.
    """
    return one_way_refuted(studied.question)


@measure("one-algorithm", "exactly one algorithm", "yes-no")
def _one_algorithm(studied: Studied) -> bool:
    """Whether the network carries exactly one algorithm without a redundant literal on neuron sets."""
    return _step(studied, _LAST).n_algorithms == 1


# --- on neuron sets


def _named(studied: Studied, texts: Callable[[], Iterable[str]]) -> Measured:
    known = [
        algorithm.text
        for algorithm in irredundant_algorithms(studied.question.task, studied.question.cut.n_hidden_layers)
    ]
    if len(known) != len(NAMES) or who(known) != "both":
        return Measured(None, note="asked of XOR and XNOR of two inputs only")
    return Measured(who(texts()))


def _told_on_sets(studied: Studied) -> Measured:
    return _named(studied, lambda: (result.algorithm.text for result in _aligned(studied)))


@measure("alice-or-bob", "Alice or Bob, on neuron sets", "category")
def _on_sets(studied: Studied) -> Measured:
    """Which of XOR's two irredundant algorithms have a valid alignment on disjoint neuron sets, every ordered pair."""
    return _told_on_sets(studied)


@measure("grain", "Alice, Bob or finer", "category")
def _grain(studied: Studied) -> Measured:
    """Which of XOR's two irredundant trees are carried on neuron sets; of networks that carry both, whether they carry
    an irredundant algorithm with a shared gate that is finer than both.
    """
    told = _told_on_sets(studied)
    if told.value != "both":
        return told
    trees = [result.algorithm for result in _aligned(studied)]
    finer = finer_than_all((result.algorithm for result in _with_shared_gates(studied)), trees)
    return Measured("both, and one finer" if finer else "both, none finer")


@measure("shared-gate-algorithms", "algorithms with a shared gate", "count", "algorithms")
def _shared_gates(studied: Studied) -> int:
    """Irredundant algorithms in which some gate is read by several, with a valid alignment on neuron sets."""
    return len(_with_shared_gates(studied))


@measure("alice-and-bob", "Alice and Bob, on neuron sets", "yes-no")
def _both(studied: Studied) -> Measured:
    """Whether both of XOR's irredundant algorithms have a valid alignment on disjoint neuron sets."""
    found = _told_on_sets(studied)
    return Measured(None if found.value is None else found.value == "both", note=found.note)


# --- jointly


def _n_joint(studied: Studied) -> Measured:
    def compute() -> Measured:
        n_right, listed, every = 0, 0, 0
        for result in _aligned(studied):
            if not result.algorithm.responses:
                continue
            every += result.n_minimal
            for scored in result.alignments:
                listed += 1
                score = score_joint(replace(studied.question, protocol=_MINIMAL), result.algorithm, scored.alignment)
                n_right += score.agreed == score.of
        return Measured(n_right, truncated_at=listed if listed < every else None)

    return studied.once("minimal joint", compute)


def _n_minimal_joint(studied: Studied) -> Measured:
    def compute() -> Measured:
        algorithms = irredundant_algorithms(studied.question.task, studied.question.cut.n_hidden_layers)
        with_variables = tuple(algorithm for algorithm in algorithms if algorithm.responses)
        question = replace(studied.question, protocol=_MINIMAL)
        search = search_alignments(question, Candidates(with_variables, len(with_variables)))
        counted = count_minimal_joint(question, search)
        return Measured(counted.found, truncated_at=counted.found if counted.why_more else None)

    return studied.once("minimal among joint", compute)


def _one(counted: Measured) -> Measured:
    return Measured(counted.value == 1, truncated_at=counted.truncated_at)


@measure("joint-alignments", "minimal alignments that are right jointly too", "count", "alignments")
def _joint(studied: Studied) -> Measured:
    """Of the irredundant algorithms' alignments that are minimal under single interchange, those that are right for
    every choice of sources at once. Larger ones that contain one of these are not tried, so 0 does not say that none is
    right jointly.
    """
    return _n_joint(studied)


@measure("one-joint-alignment", "exactly one minimal and right jointly", "yes-no")
def _one_joint(studied: Studied) -> Measured:
    """Whether exactly one of the irredundant algorithms' alignments that are minimal under single interchange is right
    under joint interchange. Larger ones that contain one of these are not tried.
    """
    return _one(_n_joint(studied))


@measure("minimal-joint-alignments", "minimal among the jointly right", "count", "alignments")
def _minimal_joint(studied: Studied) -> Measured:
    """The irredundant algorithms' alignments that are right for every choice of sources at once and contain no other
    such alignment.
    """
    return _n_minimal_joint(studied)


@measure("one-minimal-joint-alignment", "exactly one among the jointly right", "yes-no")
def _one_minimal_joint(studied: Studied) -> Measured:
    """Whether exactly one alignment of the irredundant algorithms is minimal among those right under joint
    interchange.
    """
    return _one(_n_minimal_joint(studied))


# --- on directions


def _of_directions(studied: Studied, number: Callable[[AlgorithmDirections], int]) -> Measured:
    """A sum over the algorithms with variables, a lower bound where one of their searches stopped."""
    placed = [result for result in _on_directions(studied) if result.algorithm.responses]
    stopped = [number(result) for result in placed if result.truncated_at is not None]
    return Measured(sum(map(number, placed)), truncated_at=sum(stopped) if stopped else None)


@measure("alice-or-bob-directions", "Alice or Bob, on directions", "category")
def _along_directions(studied: Studied) -> Measured:
    """Which of XOR's two irredundant algorithms have a valid alignment on orthogonal directions, all ordered pairs."""
    return _named(studied, lambda: (result.algorithm.text for result in _on_directions(studied)))


@measure("directions-algorithms", "algorithms on directions", "count", "algorithms")
def _direction_algorithms(studied: Studied) -> int:
    """Irredundant algorithms with a valid alignment on orthogonal directions, or without variables."""
    return len(_on_directions(studied))


@measure("directions-alignments", "alignments on directions", "count", "alignments")
def _direction_alignments(studied: Studied) -> Measured:
    """Valid alignments of the irredundant algorithms on orthogonal directions."""
    return _of_directions(studied, lambda result: result.n_valid)


@measure("directions-joint", "alignments on directions right under joint interchange", "count", "alignments")
def _direction_joint(studied: Studied) -> Measured:
    """Valid alignments on orthogonal directions that are right for every choice of sources at once."""
    return _of_directions(studied, lambda result: result.n_joint)


@measure("one-on-directions", "exactly one on directions", "yes-no")
def _one_on_directions(studied: Studied) -> Measured:
    """Whether the irredundant algorithms have exactly one valid alignment on orthogonal directions."""
    return _one(_of_directions(studied, lambda result: result.n_valid))
