"""Filters and orders of the list of points, as addresses write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from app.db.reads.algorithms import find_algorithm
from app.db.reads.common_ground import PointFilter
from app.errors import BadQuery
from app.pages.common_ground.views import DEFAULT_LIMIT, KIND_LABELS, KINDS, CommonGroundOptions, Pill, SortLink
from app.pages.cursors import read_cursor
from app.pages.place import Place

_AT = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")


def wanted_points(session: Session, place: Place, options: CommonGroundOptions, of: int) -> PointFilter:
    circuit = algorithm = None
    if options.circuit:
        digits = place.question.layout.n_hex_digits
        if len(options.circuit) != digits or not set(options.circuit) <= set("0123456789abcdef"):
            raise BadQuery(
                f"circuit {options.circuit[:40]!r}",
                f"is no mask of this network: a mask has {digits} hex digits",
                "copy it from a circuit's page",
                "circuit",
            )
        circuit = int(options.circuit, 16)
    if options.algorithm:
        row = None if place.analysis is None else find_algorithm(session, place.analysis.id, options.algorithm)
        if row is None and place.analysis is not None:
            raise BadQuery(
                f"algorithm {options.algorithm[:40]!r}",
                "is none of this analysis",
                "copy its id from an algorithm's page",
                "algorithm",
            )
        algorithm = -1 if row is None else row.position
    return PointFilter(
        kinds=tuple(KINDS[kind] for kind in options.kind),
        circuit=circuit,
        algorithm=algorithm,
        at=_place_named(options.at, "at") if options.at else None,
        besides=tuple(_place_named(text, "besides") for text in options.besides),
        accuracy_min=options.accuracy_min,
        accuracy_below=options.accuracy_below,
        coverage_min=options.coverage_min,
        coverage_below=options.coverage_below,
        n_interventions=max(1, of),
    )


def _place_named(text: str, option: str) -> tuple[int, int]:
    match = _AT.fullmatch(text)
    if match is None:
        raise BadQuery(
            f"{option} {text[:40]!r}", "is not PREDICTED.RIGHT", "write two whole numbers, e.g. 756.719", option
        )
    return int(match[1]), int(match[2])


_FILTERS: Final = (
    "kind",
    "circuit",
    "algorithm",
    "at",
    "besides",
    "accuracy_min",
    "accuracy_below",
    "coverage_min",
    "coverage_below",
)
_DEFAULTS: Final[Mapping[str, Any]] = {"sort": "accuracy", "order": "desc", "limit": DEFAULT_LIMIT}
_SORT_LABELS: Final = {"accuracy": "Right", "coverage": "Predicted", "best": "best", "worst": "worst"}


def view_of(options: CommonGroundOptions, **changes: Any) -> dict[str, Any]:
    values = {name: getattr(options, name) for name in (*_FILTERS, *_DEFAULTS)} | changes
    return {
        name: value for name, value in values.items() if value not in (None, [], "") and value != _DEFAULTS.get(name)
    }


def order_of(options: CommonGroundOptions) -> str:
    return f"common-ground {options.sort} {options.order}"


def after_of(options: CommonGroundOptions) -> tuple[float, int] | None:
    if not options.after:
        return None
    value, position = read_cursor(options.after, order_of(options), (float, int))
    return value, position


def sorts_of(options: CommonGroundOptions, url: Callable[..., str]) -> list[SortLink]:
    links = []
    for key, label in _SORT_LABELS.items():
        current = options.order if options.sort == key else ""
        order = "asc" if current == "desc" else "desc"
        links.append(
            SortLink(key=key, label=label, url=url(**view_of(options, sort=key, order=order)), current=current)
        )
    return links


def pills_of(options: CommonGroundOptions, url: Callable[..., str]) -> list[Pill]:
    pills = []
    for kind in options.kind:
        rest = [other for other in options.kind if other != kind]
        pills.append(Pill(label=KIND_LABELS[kind].lower(), url=url(**view_of(options, kind=rest))))
    for text in options.besides:
        others = [other for other in options.besides if other != text]
        pills.append(Pill(label=f"besides the point {text}", url=url(**view_of(options, besides=others))))
    words = {
        "circuit": "circuit {}",
        "algorithm": "algorithm {}",
        "at": "at one point, {}",
        "accuracy_min": "accuracy at least {}",
        "accuracy_below": "accuracy below {}",
        "coverage_min": "coverage at least {}",
        "coverage_below": "coverage below {}",
    }
    for name, text in words.items():
        value = getattr(options, name)
        if value not in (None, ""):
            pills.append(Pill(label=text.format(value), url=url(**view_of(options, **{name: None}))))
    return pills
