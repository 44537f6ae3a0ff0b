"""What was planted in one network beside what is found: the errors of a benchmark, taken apart.

A benchmark that knows only the planted circuit counts every other answer of a method as an error. Here all valid
circuits are known, so an error is *false* where the answer is valid too, and *real* where it is not; and an answer that
is counted as right may be the planted circuit where that is not valid. Methods are asked under their default settings;
those that learn by gradient descent, or ask what is valid, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import partial
from typing import Final

from analysis.circuit_sets.backbone import backbone_of, coverage_of
from analysis.discovery.audit import ANSWERED, FALSE_ERRORS, Answered, answered
from analysis.discovery.location import Landscape
from analysis.discovery.method import Method
from analysis.discovery.registry import METHODS
from analysis.network_files.planted_record import PlantedRecord
from analysis.planting.report import PlantedReport, report_of
from analysis.studies.measures.measure import Kind, Measure, Measured, Value, measure
from analysis.studies.measures.stories import circuits_of
from analysis.studies.subject import Studied

ASKED: Final[tuple[Method, ...]] = tuple(method for method in METHODS if not method.learns and not method.asks_judge)
_NOTHING: Final = Measured(None, note="nothing was planted")
_RIGHT: Final[frozenset[Answered]] = frozenset({"recovered", "planted-invalid"})


def _landscape(studied: Studied) -> Landscape:
    return studied.once("landscape", lambda: Landscape(studied.question, circuits_of(studied), judges=False))


def _found(studied: Studied, record: PlantedRecord) -> PlantedReport:
    return studied.once("planted report", lambda: report_of(_landscape(studied), record))


def _answers(studied: Studied, record: PlantedRecord) -> Mapping[str, Answered]:
    """By method; one that came to no circuit is left out."""

    def compute() -> dict[str, Answered]:
        landscape, found = _landscape(studied), {}
        for method in ASKED:
            raw = method.answer(landscape.cut(method.defaults["ablation"]), method.defaults).raw_mask
            if raw is not None:
                one = landscape.left(raw)
                found[method.key] = answered(one.mask, record.circuit.mask, valid=landscape.is_valid(one))
        return found

    return studied.once("planted answers", compute)


def _of_planted(
    key: str, label: str, kind: Kind = "yes-no", unit: str = "", *, log: bool = False, definition: str = ""
) -> Callable[[Callable[[Studied, PlantedRecord], Measured | Value]], Measure]:
    """Declare a measure of what was planted; there is none where nothing was."""

    def declared(function: Callable[[Studied, PlantedRecord], Measured | Value]) -> Measure:
        @measure(key, label, kind, unit, log=log, definition=definition or function.__doc__ or "")
        def measured(studied: Studied) -> Measured | Value:
            return _NOTHING if studied.planted is None else function(studied, studied.planted)

        return measured

    return declared


def _passed(name: str, studied: Studied, record: PlantedRecord) -> bool | None:
    passes = _found(studied, record).passes
    return None if passes is None else bool(getattr(passes, name))


VALID: Final = tuple(
    _of_planted(
        f"planted-{name}",
        f"planted circuit valid: {name} ablation",
        definition=f"Whether the planted circuit decides right under {name} ablation of what is off it.",
    )(partial(_passed, name))
    for name in ("zero", "mean", "resample")
)


@_of_planted("planted-interchanges", "interchanges as planted", "share")
def _interchanges(studied: Studied, record: PlantedRecord) -> Value:
    """Share of all interchanges of one planted variable on which the network decides what the algorithm says."""
    passes = _found(studied, record).passes
    return None if passes is None else passes.single.agreed / passes.single.of if passes.single.of else 1.0


@_of_planted("planted-joint", "every joint interchange as planted")
def _jointly(studied: Studied, record: PlantedRecord) -> bool | None:
    """Whether the network decides what the algorithm says under every interchange of all planted variables at once."""
    return _passed("jointly", studied, record)


@_of_planted("planted-certified", "proved whatever is off the circuit")
def _certified(studied: Studied, record: PlantedRecord) -> bool:
    """Whether intervals prove every decision under all interventions on what is off the planted circuit."""
    return _found(studied, record).margin is not None


@_of_planted("planted-minimal", "planted circuit minimal")
def _minimal(studied: Studied, record: PlantedRecord) -> Measured:
    """Whether the planted circuit is valid and no valid circuit is a part of it."""
    minimal = _found(studied, record).minimal
    return Measured(minimal, note="circuits are counted, not listed" if minimal is None else "")


@_of_planted("planted-circuits", "valid circuits of the planted network", "count", "circuits", log=True)
def _valid_circuits(studied: Studied, record: PlantedRecord) -> int:
    """Circuits of the planted network that are valid."""
    return int(_found(studied, record).n_valid)


@_of_planted("planted-equals", "other valid circuits no larger", "count", "circuits")
def _equals(studied: Studied, record: PlantedRecord) -> Measured:
    """Valid circuits with at most as many edges as the planted one, itself apart."""
    found = _found(studied, record)
    if found.smaller is None or found.equal is None:
        return Measured(None, note="circuits are not counted")
    return Measured(int(found.smaller) + int(found.equal))


@_of_planted("backbone-planted", "edges in every valid circuit are the planted circuit")
def _backbone(studied: Studied, record: PlantedRecord) -> Measured:
    """Whether the edges that all valid circuits keep are exactly those of the planted circuit."""
    circuits = circuits_of(studied)
    backbone = backbone_of(circuits.distribution, coverage_of(circuits.method, circuits.truncated_at))
    if backbone is None or not backbone.exact:
        return Measured(None, note="no circuit is valid" if backbone is None else "circuits are not counted")
    return Measured(backbone.edges == record.circuit.mask)


def _answer(key: str, studied: Studied, record: PlantedRecord) -> Measured:
    found = _answers(studied, record)
    return Measured(found[key]) if key in found else Measured(None, note="no circuit")


ANSWERS: Final = tuple(
    _of_planted(
        f"planted-{method.key}",
        f"{method.label} beside the planted circuit",
        "category",
        definition=f"What {method.label} answers under default settings: {', '.join(ANSWERED)}.",
    )(partial(_answer, method.key))
    for method in ASKED
)


def _share(answers: Iterable[Answered], of: Container[Answered], empty: str) -> Measured:
    """The share of some answers that is of some kinds."""
    considered = list(answers)
    if not considered:
        return Measured(None, note=empty)
    return Measured(sum(one in of for one in considered) / len(considered))


@_of_planted("planted-counted-errors", "answers counted as errors", "share")
def _counted_errors(studied: Studied, record: PlantedRecord) -> Measured:
    """Share of the answers of methods that are not the planted circuit."""
    errors = frozenset(ANSWERED) - _RIGHT
    return _share(_answers(studied, record).values(), errors, "no method came to a circuit")


@_of_planted("planted-false-errors", "false errors", "share")
def _false_errors(studied: Studied, record: PlantedRecord) -> Measured:
    """Of the answers that are not the planted circuit, the share that is valid."""
    errors = (one for one in _answers(studied, record).values() if one not in _RIGHT)
    return _share(errors, FALSE_ERRORS, "every answer is the planted circuit")


@_of_planted("planted-unseen-errors", "unseen errors", "share")
def _unseen_errors(studied: Studied, record: PlantedRecord) -> Measured:
    """Of the answers that are the planted circuit, the share that is not valid."""
    right = (one for one in _answers(studied, record).values() if one in _RIGHT)
    return _share(right, ("planted-invalid",), "no answer is the planted circuit")
