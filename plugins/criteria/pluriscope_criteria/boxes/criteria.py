"""Criteria of circuits on a box: whether one decides right throughout, and whether a smaller one would, too.

Source: Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823): robustness over a continuous domain of inputs and of
patched values, and four kinds of minimality among circuits with the same guarantee; here of decisions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np

from pluriscope.analysis.criteria.criterion import Change, Criterion, Judge, Parameter, Settings
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.verdict import Outcome, Verdict, Verdicts, put_together, same_for_all
from pluriscope.analysis.errors import BeyondLimits, NotOffered
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_criteria.boxes.proving import Box, BoxJudge, Standing, number_of

MOST_BOXES: Final = 20_000
"""Boxes that a criterion looks at for the circuits of models, the smallest first; of perceptrons time ends it."""
_SPENT: Final = f"The {MOST_BOXES:,} boxes that one criterion may look at were spent on smaller circuits."


@lru_cache(maxsize=8)
def _known(_digest: str, _box: Box) -> dict[int | str, Any]:
    """What was found of the circuits of a question, for the next criterion and the next request."""
    return {}


def judge_of(question: Any, box: Box, work: Work) -> BoxJudge:
    """The judge of a question's circuits.

    Raises:
        NotOffered: a kind of which no bounds are known.
        BeyondLimits: the activation of a perceptron's output falls.
    """
    most = np.inf if isinstance(question, Question) else MOST_BOXES
    judge = BoxJudge(question, box, work, most, _known(question.digest, box))
    _ = judge.stages, judge.claims  # refuse first
    return judge


def verdict_of(one: Standing, judge: BoxJudge) -> Verdict:
    """The verdict that a circuit decides right throughout."""
    n_rows = judge.question.n_rows
    if one.outcome == "passed":
        return Verdict("passed", f"Proved on {n_rows} rows by bounds of {one.n_boxes:,} boxes.")
    if one.outcome == "failed":
        return Verdict("failed", f"On row {one.witness['row']} it decides wrong at this point.", one.witness)
    if not one.n_boxes:
        return Verdict("undecided", _SPENT)
    words = f"Undecided after {one.n_boxes:,} boxes: neither proved nor refuted on {one.open_rows} of {n_rows} rows."
    return Verdict("undecided", words, one.witness)


def _throughout(judge: BoxJudge, mask: int) -> Verdict:
    return verdict_of(judge.standing(mask), judge)


def _by_removals(judge: BoxJudge, mask: int, *, every: bool) -> Verdict:
    bits = [bit for bit in range(judge.question.graph.n_bits) if mask >> bit & 1]
    outcomes = [judge.standing(judge.left_of(mask, bit)).outcome for bit in bits]
    needed, spare = outcomes.count("failed"), outcomes.count("passed")
    reason = f"Of {len(bits)} single removals {needed} leave a circuit that is refuted, {spare} one that is proved."
    holds = needed == len(bits) if every else needed > 0
    fails = spare > 0 if every else spare == len(bits)
    outcome: Outcome = "passed" if holds else "failed" if fails else "undecided"
    left = judge.left_of(mask, bits[outcomes.index("passed")]) if every and spare else 0
    return Verdict(outcome, reason, {"mask": judge.question.graph.to_hex(left)} if left else {})


def _without_subset(judge: BoxJudge, mask: int) -> Verdict:
    return _among_all(judge, mask, lambda other: other & mask == other, "within it")


def _with_fewest(judge: BoxJudge, mask: int) -> Verdict:
    return _among_all(judge, mask, lambda other: other.bit_count() < mask.bit_count(), "smaller")


def _among_all(judge: BoxJudge, mask: int, smaller: Callable[[int], bool], words: str) -> Verdict:
    if judge.candidates is None:
        spare = _by_removals(judge, mask, every=True)
        reason = "There are too many circuits to look at each, and no single removal leaves one that is proved."
        return spare if spare.outcome == "failed" else Verdict("undecided", reason)
    others = sorted((one for one in judge.candidates.tolist() if one != mask and smaller(one)), key=int.bit_count)
    unsettled = 0
    for other in others:
        outcome = judge.standing(other).outcome
        if outcome == "passed":
            reason = f"One {words} with {other.bit_count()} bits decides right throughout, too."
            return Verdict("failed", reason, {"mask": judge.question.graph.to_hex(other)})
        unsettled += outcome == "undecided"
    if unsettled:
        return Verdict("undecided", f"Of those {words}, {unsettled:,} are neither proved nor refuted.")
    return Verdict("passed", f"Every circuit {words} is refuted at a point.")


def minimality(judge: BoxJudge, mask: int, kind: str) -> Verdict:
    """The verdict that a circuit decides right throughout and is minimal among those that do.

    Args:
        kind: a key of :data:`KINDS`.
    """
    own = judge.standing(mask)
    if own.outcome != "passed":
        found = verdict_of(own, judge)
        return replace(found, reason=f"It is not robust itself. {found.reason}") if own.outcome == "failed" else found
    return KINDS[kind][3](judge, mask)


def _judged(verdict: Callable[[BoxJudge, int], Verdict]) -> dict[str, Judge]:
    def of(question: Any, masks: list[int], population: PopulationOf[Any], settings: Settings) -> Verdicts:
        try:
            judge = judge_of(question, _box(settings), population.work)
        except (NotOffered, BeyondLimits) as refusal:
            reason = f"{refusal.item[:1].upper()}{refusal.item[1:]} {refusal.cause}."
            return same_for_all(len(population), "not_applicable", reason)
        return put_together([verdict(judge, mask) for mask in population.work.each("criteria", masks, "boxes")])

    return {
        "circuit": lambda some, settings: of(some.question, some.items.tolist(), some, settings),
        "cut": lambda some, settings: of(some.question.question, [*map(number_of, some.items)], some, settings),
    }


def _box(settings: Settings) -> Box:
    wider, by_edge = settings.get("wider", 0.0), bool(settings.get("by_edge", 0))
    return Box(settings["radius"], "wider" in settings, wider, by_edge, int(settings["budget"]))


_SOURCE: Final = "Hadad, Katz and Bassan, ICLR 2026 (arXiv:2602.16823)"
_RADIUS: Final = Parameter("radius", 0.0, 0.0, 10.0, "how far each input may be from its value on a row")
_BUDGET: Final = Parameter(
    "budget", 4096, 1, 1_000_000, "boxes for each circuit, row and other answer before bisection gives up", whole=True
)
_PATCHED: Final = (
    _RADIUS,
    Parameter("wider", 0.0, 0.0, 10.0, "how far sources may leave their range, as a share of its width"),
    Parameter("by_edge", 0, 0, 1, "0: a source carries one number on all absent edges; 1: one on each", whole=True),
    _BUDGET,
)
_METHOD: Final = (
    "Points of the box, the same for all circuits, refute most; bounds or, where these are not tight enough, "
    "bisection prove the others or find a point. Bounds are widened by more than rounding, and a point counts only "
    "where bounds at it say so. Any activation; of networks whose parts multiply one another no bounds are known. Of "
    f"models {MOST_BOXES:,} boxes are looked at for all circuits together, the smallest first. "
)
INPUT_BOX: Final = Criterion(
    key="input-box",
    label="Right on boxes of inputs",
    definition="On the whole of the L∞ ball around each row the circuit decides right, absent edges carrying what the "
    "rules say: proved, or else refuted with a point, or undecided.",
    formula="for every row x and every z with max_i |z_i − x_i| ≤ radius: d(f_C(z)) = y(x)",
    source=f"{_SOURCE}: input-domain robustness, on decisions and labels",
    judges=_judged(_throughout),
    method=_METHOD.rstrip(),
    parameters=(replace(_RADIUS, default=0.1), _BUDGET),
    cost="slow",
    term="robustness",
)
PATCHING_BOX: Final = Criterion(
    key="patching-box",
    label="Robust on patched values",
    definition="The circuit decides right whatever each absent source carries between the least and the most that it "
    "is on the clean rows: proved, or else refuted with a point, or undecided.",
    formula="for every row x and every a in ∏_u [min_D h_u, max_D h_u]: d(f_C(x; absent from u = a_u)) = y(x)",
    source=f"{_SOURCE}: patching-domain robustness, over a continuous domain",
    judges=_judged(_throughout),
    method=_METHOD.rstrip(),
    parameters=_PATCHED,
    cost="slow",
    term="robustness",
)
INPUT_ROBUST: Final = replace(
    INPUT_BOX,
    key="input-robust",
    label="Robust on inputs",
    changes=(Change("the whole network was asked for, right or wrong, where now the label is", "it is `input-box`"),),
)
PATCHING_ROBUST: Final = replace(
    PATCHING_BOX,
    key="patching-robust",
    label="Independent resampling",
    changes=(Change("each absent source carried its values on clean rows alone", "it is `patching-box`"),),
)
KINDS: Final[dict[str, tuple[str, str, str, Callable[[BoxJudge, int], Verdict]]]] = {
    "quasi": (
        "Quasi-minimal, robust",
        "It is robust on patched values, and without some single edge it is not.",
        "Φ(C), and there is e in C with not Φ(C∖{e})",
        partial(_by_removals, every=False),
    ),
    "local": (
        "Locally minimal, robust",
        "It is robust on patched values, and whichever edge is left out, it is not.",
        "Φ(C), and for every e in C: not Φ(C∖{e})",
        partial(_by_removals, every=True),
    ),
    "subset": (
        "Subset-minimal, robust",
        "It is robust on patched values, and no proper subset of its edges is.",
        "Φ(C), and for every non-empty S ⊆ C: not Φ(C∖S)",
        _without_subset,
    ),
    "cardinal": (
        "Cardinally minimal, robust",
        "It is robust on patched values, and no set of fewer edges is.",
        "Φ(C), and |C| = min of |E| over all E with Φ(E)",
        _with_fewest,
    ),
}
"""Kinds of minimality: label, definition, formula, and the verdict on a circuit that is robust."""
ROBUST_QUASI, ROBUST_LOCAL, ROBUST_SUBSET, ROBUST_CARDINAL = (
    Criterion(
        key=f"robust-{kind}",
        label=label,
        definition=definition,
        formula=formula,
        source=_SOURCE,
        judges=_judged(partial(minimality, kind=kind)),
        method="Φ(E) is `patching-box` of what is left of E once parts that carry nothing are pruned. Circuits that "
        "the search does not list count, too: what is robust need not be valid where absent edges carry 0. Subsets and "
        "smaller ones are all looked at where there are at most 22 bits, else that stays undecided.",
        parameters=_PATCHED,
        cost="slow",
        term="minimality",
    )
    for kind, (label, definition, formula, _) in KINDS.items()
)
