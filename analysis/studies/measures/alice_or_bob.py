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
from analysis.alignments.joint import score_joint
from analysis.alignments.minimal_joint import count_minimal_joint
from analysis.alignments.result import AlgorithmResult
from analysis.alignments.search import search_alignments
from analysis.directions.result import AlgorithmDirections
from analysis.directions.search import align_on_directions
from analysis.directions.table import DirectionTable
from analysis.protocol import COMPLETE
from analysis.studies.measures.measure import Measure, Measured, guarded
from analysis.studies.measures.staircase import SHORT, STEPS, Step, irredundant_algorithms, last_step, staircase
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


def _steps(studied: Studied) -> dict[str, Step]:
    return studied.once("staircase", lambda: {step.key: step for step in staircase(studied.question)})


def _last_step(studied: Studied) -> Step:
    """From all steps where another measure needed them, else by itself."""
    if "staircase" in studied.shared:
        return _steps(studied)[_LAST]
    return studied.once("last step", lambda: last_step(studied.question))


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


def _of_step(key: str, count: Callable[[Step], int | bool]) -> Callable[[Studied], Measured]:
    return guarded(lambda studied: Measured(count(_last_step(studied) if key == _LAST else _steps(studied)[key])))


def _named(studied: Studied, texts: Callable[[], Iterable[str]]) -> Measured:
    known = [
        algorithm.text
        for algorithm in irredundant_algorithms(studied.question.task, studied.question.cut.n_hidden_layers)
    ]
    if len(known) != len(NAMES) or who(known) != "both":
        return Measured(None, note="asked of XOR and XNOR of two inputs only")
    return Measured(who(texts()))


def _on_sets(studied: Studied) -> Measured:
    return _named(studied, lambda: (result.algorithm.text for result in _aligned(studied)))


def _grain(studied: Studied) -> Measured:
    """Which of the two, and where it is both whether the network also carries an algorithm finer than both."""
    told = _on_sets(studied)
    if told.value != "both":
        return told
    trees = [result.algorithm for result in _aligned(studied)]
    finer = finer_than_all((result.algorithm for result in _with_shared_gates(studied)), trees)
    return Measured("both, and one finer" if finer else "both, none finer")


def _both(studied: Studied) -> Measured:
    found = _on_sets(studied)
    return Measured(None if found.value is None else found.value == "both", note=found.note)


def _along_directions(studied: Studied) -> Measured:
    return _named(studied, lambda: (result.algorithm.text for result in _on_directions(studied)))


def _joint(studied: Studied) -> Measured:
    """How many of the alignments that are minimal under single interchange joint interchange confirms.

    Larger alignments that contain one of these are not tried: 0 does not say that joint interchange leaves none.
    """
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


def _joint_once(studied: Studied) -> Measured:
    return studied.once("minimal joint", lambda: _joint(studied))


def _minimal_joint(studied: Studied) -> Measured:
    """How many alignments of the irredundant algorithms are minimal among those right jointly too."""

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


def _direction_algorithms(studied: Studied) -> Measured:
    return Measured(len(_on_directions(studied)))


def _direction_alignments(studied: Studied) -> Measured:
    placed = [result for result in _on_directions(studied) if result.algorithm.responses]
    stopped = [result.n_valid for result in placed if result.truncated_at is not None]
    return Measured(sum(result.n_valid for result in placed), truncated_at=sum(stopped) if stopped else None)


def _direction_joint(studied: Studied) -> Measured:
    placed = [result for result in _on_directions(studied) if result.algorithm.responses]
    stopped = [result.n_joint for result in placed if result.truncated_at is not None]
    return Measured(sum(result.n_joint for result in placed), truncated_at=sum(stopped) if stopped else None)


def _step_measures() -> Iterable[Measure]:
    for number, (key, words) in enumerate(STEPS.items(), start=1):
        rules = f"Step {number}, {words}"
        yield Measure(
            f"{key}-algorithms",
            f"algorithms: {SHORT[key]}",
            f"{rules}: algorithms that the network carries, those without variables included.",
            "count",
            _of_step(key, lambda step: step.n_algorithms),
            "algorithms",
        )
        yield Measure(
            f"{key}-alignments",
            f"alignments: {SHORT[key]}",
            f"{rules}: minimal alignments of all algorithms with variables.",
            "count",
            _of_step(key, lambda step: step.n_minimal),
            "alignments",
            log=True,
        )
        yield Measure(
            f"{key}-one",
            f"exactly one: {SHORT[key]}",
            f"{rules}: whether there is exactly one minimal alignment in all.",
            "yes-no",
            _of_step(key, lambda step: step.n_minimal == 1),
        )


MEASURES: Final = (
    *_step_measures(),
    Measure(
        "alice-or-bob",
        "Alice or Bob, on neuron sets",
        "Which of XOR's two irredundant algorithms have a valid alignment on disjoint neuron sets, every ordered pair.",
        "category",
        guarded(_on_sets),
    ),
    Measure(
        "grain",
        "Alice, Bob or finer",
        "Which of XOR's two irredundant trees are carried on neuron sets; of networks that carry both, whether they "
        "carry an irredundant algorithm with a shared gate that is finer than both.",
        "category",
        guarded(_grain),
    ),
    Measure(
        "shared-gate-algorithms",
        "algorithms with a shared gate",
        "Irredundant algorithms in which some gate is read by several, with a valid alignment on neuron sets.",
        "count",
        guarded(lambda studied: Measured(len(_with_shared_gates(studied)))),
        "algorithms",
    ),
    Measure(
        "alice-and-bob",
        "Alice and Bob, on neuron sets",
        "Whether both of XOR's irredundant algorithms have a valid alignment on disjoint neuron sets.",
        "yes-no",
        guarded(_both),
    ),
    Measure(
        "one-algorithm",
        "exactly one algorithm",
        "Whether the network carries exactly one algorithm without a redundant literal on neuron sets.",
        "yes-no",
        _of_step("irredundant-literals", lambda step: step.n_algorithms == 1),
    ),
    Measure(
        "joint-alignments",
        "minimal alignments that are right jointly too",
        "Of the irredundant algorithms' alignments that are minimal under single interchange, those that are right for "
        "every choice of sources at once. Larger ones that contain one of these are not tried, so 0 does not say that "
        "none is right jointly.",
        "count",
        guarded(_joint_once),
        "alignments",
    ),
    Measure(
        "one-joint-alignment",
        "exactly one minimal and right jointly",
        "Whether exactly one of the irredundant algorithms' alignments that are minimal under single interchange is "
        "right under joint interchange. Larger ones that contain one of these are not tried.",
        "yes-no",
        guarded(lambda studied: _one(_joint_once(studied))),
    ),
    Measure(
        "minimal-joint-alignments",
        "minimal among the jointly right",
        "The irredundant algorithms' alignments that are right for every choice of sources at once and contain no "
        "other such alignment.",
        "count",
        guarded(_minimal_joint),
        "alignments",
    ),
    Measure(
        "one-minimal-joint-alignment",
        "exactly one among the jointly right",
        "Whether exactly one alignment of the irredundant algorithms is minimal among those right under joint "
        "interchange.",
        "yes-no",
        guarded(lambda studied: _one(_minimal_joint(studied))),
    ),
    Measure(
        "alice-or-bob-directions",
        "Alice or Bob, on directions",
        "Which of XOR's two irredundant algorithms have a valid alignment on orthogonal directions, all ordered pairs.",
        "category",
        guarded(_along_directions),
    ),
    Measure(
        "directions-algorithms",
        "algorithms on directions",
        "Irredundant algorithms with a valid alignment on orthogonal directions, or without variables.",
        "count",
        guarded(_direction_algorithms),
        "algorithms",
    ),
    Measure(
        "directions-alignments",
        "alignments on directions",
        "Valid alignments of the irredundant algorithms on orthogonal directions.",
        "count",
        guarded(_direction_alignments),
        "alignments",
    ),
    Measure(
        "directions-joint",
        "alignments on directions right under joint interchange",
        "Valid alignments on orthogonal directions that are right for every choice of sources at once.",
        "count",
        guarded(_direction_joint),
        "alignments",
    ),
    Measure(
        "one-on-directions",
        "exactly one on directions",
        "Whether the irredundant algorithms have exactly one valid alignment on orthogonal directions.",
        "yes-no",
        guarded(lambda studied: _one(_direction_alignments(studied))),
    ),
)
