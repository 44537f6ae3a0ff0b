"""Measures of where the answers of discovery methods stand among all valid circuits of one network.

Every method of the study is asked once about each network, with its settings, and its answer is located as an audit
locates it (:mod:`pluriscope.analysis.discovery.landscape`). Some measures are of one answer; a study has them once for
each method. Others are of the network and look at all answers together. Circuits are listed up to 5 million possible
ones and counted exactly beyond, where minimality and shares of all valid circuits are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.criteria.ablations import OUTPUT_FAITHFULNESS
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.discovery.landscape import Landscape, Location
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.discovery.sweep import threshold_sweep
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_studies.analysis.measures.measure import Kind, Measure, Measured, Need, Studied, Value

LIMITS: Final = Limits(max_possible=5_000_000, max_seconds=600.0, n_draws=1, n_smallest=0)
_NEEDS: Final[tuple[Need, ...]] = ("answers",)
_DIGITS: Final = 4  # of chance, which every answer of every network has
_NO_CIRCUIT: Final = Measured(None, note="the method came to no circuit")
_NOT_VALID: Final = Measured(None, note="the answer is not valid")
_NOT_LISTED: Final = Measured(None, note="circuits are counted, not listed")
_NOT_COUNTED: Final = Measured(None, note="circuits are not all counted, so the smallest is not known")
_NONE_VALID: Final = Measured(None, note="no circuit is valid")


@dataclass(frozen=True, eq=False)
class _Answers:
    """Answers of the methods of a study about one network."""

    landscape: Landscape[SubjectQuestion]
    places: Mapping[str, Location | None]

    @property
    def default(self) -> list[Location]:
        """Answers of methods under default settings, which are named by their keys alone."""
        return [place for text, place in self.places.items() if place is not None and "(" not in text]


def _answers(studied: Studied) -> _Answers:
    def compute() -> _Answers:
        question = studied.question
        landscape = landscape_of(question, find_circuits(question, Work(limits=LIMITS)), judges=False)
        raw = {}
        for text in studied.methods:
            method, settings = read_method(text)
            masked = landscape.under(settings.get("ablation"))
            answer = method.answer(masked, settings)
            if answer.raw_mask is not None:
                raw[text] = answer.raw_mask, masked
        found = dict(zip(raw, landscape.locate_all(list(raw.values())), strict=True))
        return _Answers(landscape, {text: found.get(text) for text in studied.methods})

    return studied.once("answers", compute)


def _minimal(studied: Studied) -> NDArray[Any]:
    """Masks of the valid circuits inside which no other is, where all are listed; ascending."""

    def compute() -> NDArray[Any]:
        landscape = _answers(studied).landscape
        return np.sort(minimal_masks(landscape.known.masks))

    return studied.once("minimal circuits", compute)


def _answered(studied: Studied) -> frozenset[int]:
    """Circuits that the methods of the study answer."""
    return frozenset(place.closed.mask for place in _answers(studied).places.values() if place is not None)


def _swept(studied: Studied) -> frozenset[int]:
    """Circuits that the methods of the study answer, or any method that does not learn under every threshold."""

    def compute() -> frozenset[int]:
        landscape, asked = _answers(studied).landscape, threshold_sweep()
        raw = {method.answer(landscape.under(settings["ablation"]), settings).raw_mask for method, settings in asked}
        found = frozenset(landscape.left(mask).mask for mask in raw if mask is not None)
        return found | _answered(studied)

    return studied.once("swept answers", compute)


# --- of one answer


def _chance(_: Studied, place: Location) -> Measured:
    chance = place.chance
    if chance is None:
        return Measured(None, note="no circuit of its size is possible")
    low, high = (float(f"{n / chance.possible:.{_DIGITS}g}") for n in (chance.low, chance.high))
    return Measured(low) if chance.exact else Measured((low + high) / 2, low, high)


def _excess(_: Studied, place: Location) -> Measured:
    if not place.valid:
        return _NOT_VALID
    return Measured(place.excess) if place.excess is not None else _NOT_COUNTED


def _subset_minimal(studied: Studied, place: Location) -> Measured:
    if not _answers(studied).landscape.complete:
        return _NOT_LISTED
    return Measured(place.valid and bool(np.isin(place.closed.mask, _minimal(studied))))


def _cardinal_minimal(_: Studied, place: Location) -> Measured:
    if not place.valid:
        return Measured(False)
    return Measured(place.excess == 0) if place.excess is not None else _NOT_COUNTED


def _story(_: Studied, place: Location) -> Measured:
    if not place.valid:
        return _NOT_VALID
    if place.relation is None:
        return Measured(None, note="nothing is carried, or a limit ended the search for it")
    return Measured(place.relation == "same")


def _faithful(studied: Studied, place: Location) -> bool:
    if not place.valid:
        return False
    masks = mask_array([place.closed.mask], studied.question.layout)
    verdicts = OUTPUT_FAITHFULNESS.judge(Population("circuit", studied.question, masks))
    return bool(verdicts.passed[0])


def _of_answer(
    key: str, label: str, kind: Kind, function: Callable[[Studied, Location], Measured | Value], definition: str
) -> Measure:
    """A measure of the answer of the method that is measured; there is none where it came to no circuit."""

    def measured(studied: Studied) -> Measured | Value:
        place = _answers(studied).places[studied.method]
        return _NO_CIRCUIT if place is None else function(studied, place)

    return Measure(key, label, kind, measured, definition, needs=_NEEDS, of_answer=True)


_OF_ANSWERS: Final = (
    _of_answer("audit-valid", "valid", "yes-no", lambda _, place: place.valid,
               "Whether the circuit that a method answers is valid."),
    _of_answer("audit-raw-alone", "right only as a raw mask", "yes-no",
               lambda _, place: place.raw_valid and not place.valid,
               "Whether the raw mask decides right under the protocol's ablation, but the circuit that is left of it "
               "once edges that lead nowhere are dropped is not valid."),
    _of_answer("audit-excess", "edges more than the smallest", "count", _excess,
               "Edges that a valid answer has more than the smallest valid circuit."),
    _of_answer("audit-chance", "chance at its size", "share", _chance,
               "Share of the possible circuits with as many edges as the answer that are valid, to four digits."),
    _of_answer("audit-subset", "subset-minimal", "yes-no", _subset_minimal,
               "Whether the answer is valid and no other valid circuit is a part of it; where circuits are listed."),
    _of_answer("audit-cardinal", "cardinal-minimal", "yes-no", _cardinal_minimal,
               "Whether the answer is valid and no valid circuit has fewer edges."),
    _of_answer("audit-story", "carries the network's algorithms", "yes-no", _story,
               "Whether a valid answer carries the same irredundant algorithms as the whole network."),
    _of_answer("audit-mean", "valid under mean ablation too", "yes-no",
               lambda _, place: place.valid and bool(place.under["mean"]),
               "Whether the answer is valid and passes the criterion mean-ablation."),
    _of_answer("audit-resample", "valid under resample ablation too", "yes-no",
               lambda _, place: place.valid and bool(place.under["resample"]),
               "Whether the answer is valid and passes the criterion resample-ablation."),
    _of_answer("audit-faithful", "valid and faithful to the output", "yes-no", _faithful,
               "Whether the answer is valid and passes the criterion output-faithfulness."),
)  # fmt: skip


# --- of all answers together


def _n_valid(studied: Studied) -> Measured:
    circuits = _answers(studied).landscape.known
    if circuits.interval is None:
        return Measured(circuits.n_valid, truncated_at=circuits.truncated_at if circuits.method == "listed" else None)
    low, high = circuits.interval
    return Measured(circuits.n_valid, float(low), float(high))


def _smallest(studied: Studied) -> Measured:
    landscape = _answers(studied).landscape
    return Measured(landscape.known.fewest) if landscape.known.fewest is not None else _NONE_VALID


def _n_minimal(studied: Studied) -> Measured:
    return Measured(len(_minimal(studied))) if _answers(studied).landscape.complete else _NOT_LISTED


def _n_distinct(studied: Studied, *, valid: bool) -> Measured:
    places = _answers(studied).default
    if not places:
        return Measured(None, note="no method under default settings came to a circuit")
    return Measured(len({place.closed.mask for place in places if place.valid or not valid}))


def _one_answer(studied: Studied) -> Measured:
    distinct = _n_distinct(studied, valid=False)
    return distinct if distinct.value is None else Measured(distinct.value == 1)


def _coverage(studied: Studied, *, minimal: bool, swept: bool) -> Measured:
    """Share of all valid circuits, or of the minimal ones, that is answered."""
    landscape = _answers(studied).landscape
    if not landscape.complete:
        return _NOT_LISTED
    wanted = _minimal(studied) if minimal else landscape.known.masks
    if not len(wanted):
        return _NONE_VALID
    masks = _swept(studied) if swept else _answered(studied)
    reached = np.isin(mask_array(sorted(masks), studied.question.layout), wanted)
    return Measured(int(reached.sum()) / len(wanted))


def _coverages() -> Iterator[Measure]:
    for swept, minimal in product((False, True), repeat=2):
        of = "subset-minimal circuits" if minimal else "valid circuits"
        among = "the answers of the study's methods"
        if swept:
            among = "those answers, or any that a method which does not learn gives under a threshold, a way to pick "
            among += "or a random order of a network's methods page"
        yield Measure(
            f"audit-{'swept-' if swept else ''}coverage{'-minimal' if minimal else ''}",
            f"{of} reached{' under every threshold' if swept else ''}",
            "share",
            partial(_coverage, minimal=minimal, swept=swept),
            f"Share of the {of} that are among {among}; where circuits are listed.",
            needs=_NEEDS,
        )


MEASURES: Final = (
    *_OF_ANSWERS,
    Measure("audit-circuits", "valid circuits beside the answers", "count", _n_valid,
            "Valid circuits of the network, among which answers are located.", True, _NEEDS),
    Measure("audit-smallest", "edges of the smallest circuit beside the answers", "count", _smallest,
            "The smallest number of edges that a valid circuit has.", needs=_NEEDS),
    Measure("audit-minimal", "subset-minimal circuits", "count", _n_minimal,
            "Valid circuits of which no other valid one is a part; where circuits are listed.", True, _NEEDS),
    Measure("audit-distinct", "different answers", "count", partial(_n_distinct, valid=False),
            "Different circuits that the methods answer under default settings.", needs=_NEEDS),
    Measure("audit-distinct-valid", "different valid answers", "count", partial(_n_distinct, valid=True),
            "Different valid circuits that the methods answer under default settings.", needs=_NEEDS),
    Measure("audit-one-answer", "all methods answer one circuit", "yes-no", _one_answer,
            "Whether all methods that come to a circuit answer the same one under default settings.", needs=_NEEDS),
    *_coverages(),
)  # fmt: skip
