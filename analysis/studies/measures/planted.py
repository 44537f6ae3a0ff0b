"""What was planted in one network beside what is found: the errors of a benchmark, taken apart.

A benchmark that knows only the planted circuit counts every other answer of a method as an error. Here all valid
circuits are known, so an error is *false* where the answer is valid too, and *real* where it is not; and an answer that
is counted as right may be the planted circuit where that is not valid. Methods are asked under their default settings;
those that learn by gradient descent are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from analysis.circuits.strategy import find_circuits
from analysis.discovery.cuts import CutNetwork
from analysis.discovery.location import Landscape
from analysis.discovery.method import Method
from analysis.discovery.planted_answers import ANSWERED, FALSE_ERRORS, Answered, answered
from analysis.discovery.registry import METHODS
from analysis.discovery.sweep import LEARNED
from analysis.network_files.planted_record import PlantedRecord
from analysis.planting.certificate import Passes, certified_margin, exhaustive
from analysis.planting.standing import CircuitStanding, circuit_standing
from analysis.studies.measures.measure import Measure, Measured
from analysis.studies.measures.stories import LIMITS
from analysis.studies.subject import Studied
from analysis.work import Work

ASKED: Final[tuple[Method[CutNetwork], ...]] = tuple(method for method in METHODS if method.key not in LEARNED)
_NOTHING: Final = Measured(None, note="nothing was planted")
_RIGHT: Final[frozenset[Answered]] = frozenset({"recovered", "planted-invalid"})


def _landscape(studied: Studied) -> Landscape:
    def compute() -> Landscape:
        return Landscape(studied.question, find_circuits(studied.question, Work(limits=LIMITS)), judges=False)

    return studied.once("planted circuits", compute)


def _standing(studied: Studied, record: PlantedRecord) -> CircuitStanding:
    landscape = _landscape(studied)
    return studied.once("planted standing", lambda: circuit_standing(landscape, record))


def _passes(studied: Studied, record: PlantedRecord) -> Passes:
    return studied.once("planted passes", lambda: exhaustive(studied.question, record))


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


def _of(function: Callable[[Studied, PlantedRecord], Measured]) -> Callable[[Studied], Measured]:
    """A measure of what was planted; none where nothing was."""
    return lambda studied: _NOTHING if studied.planted is None else function(studied, studied.planted)


def _passed(name: str, studied: Studied, record: PlantedRecord) -> Measured:
    return Measured(bool(getattr(_passes(studied, record), name)))


def _interchanges(studied: Studied, record: PlantedRecord) -> Measured:
    found = _passes(studied, record).single
    return Measured(found.value)


def _certified(studied: Studied, record: PlantedRecord) -> Measured:
    return Measured(certified_margin(studied.question.cut, record) is not None)


def _minimal(studied: Studied, record: PlantedRecord) -> Measured:
    minimal = _standing(studied, record).minimal
    return Measured(minimal) if minimal is not None else Measured(None, note="circuits are counted, not listed")


def _equals(studied: Studied, record: PlantedRecord) -> Measured:
    found = _standing(studied, record)
    if found.smaller is None or found.equal is None:
        return Measured(None, note="circuits are not counted")
    return Measured(found.smaller + found.equal)


def _valid_circuits(studied: Studied, record: PlantedRecord) -> Measured:
    return Measured(_standing(studied, record).n_valid)


def _answer(key: str, studied: Studied, record: PlantedRecord) -> Measured:
    found = _answers(studied, record)
    return Measured(found[key]) if key in found else Measured(None, note="no circuit")


def _share(
    of: Callable[[Answered], bool], among: Callable[[Answered], bool], empty: str
) -> Callable[[Studied], Measured]:
    def measure(studied: Studied, record: PlantedRecord) -> Measured:
        considered = [one for one in _answers(studied, record).values() if among(one)]
        if not considered:
            return Measured(None, note=empty)
        return Measured(sum(map(of, considered)) / len(considered))

    return _of(measure)


def _is_error(one: Answered) -> bool:
    return one not in _RIGHT


MEASURES: Final = (
    *(
        Measure(
            f"planted-{name}",
            f"planted circuit valid: {name} ablation",
            f"Whether the planted circuit decides right under {name} ablation of what is off it.",
            "yes-no",
            _of(partial(_passed, name)),
        )
        for name in ("zero", "mean", "resample")
    ),
    Measure(
        "planted-interchanges",
        "interchanges as planted",
        "Share of all interchanges of one planted variable on which the network decides what the algorithm says.",
        "share",
        _of(_interchanges),
    ),
    Measure(
        "planted-joint",
        "every joint interchange as planted",
        "Whether the network decides what the algorithm says under every interchange of all planted variables at once.",
        "yes-no",
        _of(partial(_passed, "jointly")),
    ),
    Measure(
        "planted-certified",
        "proved whatever is off the circuit",
        "Whether intervals prove every decision under all interventions on what is off the planted circuit.",
        "yes-no",
        _of(_certified),
    ),
    Measure(
        "planted-minimal",
        "planted circuit minimal",
        "Whether the planted circuit is valid and no valid circuit is a part of it.",
        "yes-no",
        _of(_minimal),
    ),
    Measure(
        "planted-circuits",
        "valid circuits",
        "Circuits of the planted network that are valid.",
        "count",
        _of(_valid_circuits),
        unit="circuits",
        log=True,
    ),
    Measure(
        "planted-equals",
        "other valid circuits no larger",
        "Valid circuits with at most as many edges as the planted one, itself apart.",
        "count",
        _of(_equals),
        unit="circuits",
    ),
    *(
        Measure(
            f"planted-{method.key}",
            f"{method.label} beside the planted circuit",
            f"What {method.label} answers under default settings: {', '.join(ANSWERED)}.",
            "category",
            _of(partial(_answer, method.key)),
        )
        for method in ASKED
    ),
    Measure(
        "planted-counted-errors",
        "answers counted as errors",
        "Share of the answers of methods that are not the planted circuit.",
        "share",
        _share(_is_error, lambda _: True, "no method came to a circuit"),
    ),
    Measure(
        "planted-false-errors",
        "false errors",
        "Of the answers that are not the planted circuit, the share that is valid.",
        "share",
        _share(lambda one: one in FALSE_ERRORS, _is_error, "every answer is the planted circuit"),
    ),
    Measure(
        "planted-unseen-errors",
        "unseen errors",
        "Of the answers that are the planted circuit, the share that is not valid.",
        "share",
        _share(lambda one: one == "planted-invalid", lambda one: one in _RIGHT, "no answer is the planted circuit"),
    ),
)
