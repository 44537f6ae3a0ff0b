"""Algorithms with finite variables, and their placements on the sites of networks of every kind but perceptrons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.placements.report import PlacedModel, PlacementsReport, SitePlacement, SiteScore
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.kinds.columns import (
    AGREED,
    ALGORITHM,
    FAILS,
    FORMULA,
    FRAGILE,
    IIA,
    MARGIN,
    OF,
    PASSES,
    PLACES,
    VALID,
    VARIABLES,
)
from pluriscope.kinds.found import Found, Stored
from pluriscope.kinds.kind import ListedKind
from pluriscope.kinds.placements import MINIMAL, PLACEMENTS, SEARCHED
from pluriscope.tables.table import Column

CHANGED: Final = Column(
    *("changed", "Changed", "Of the interchanges that change the algorithm's answer, those that it predicts.", "float"),
    largest_first=True,
    shown=False,
)
FOLLOWS: Final = Column(
    *("follows", "Follows from accuracy", "Every site is one through which all of its inputs go.", "bool"),
    facet="any",
    shown=False,
    words={"yes": "follows from accuracy", "no": "says more than accuracy"}.__getitem__,
)
REFINES: Final = Column(
    *("told_apart", "Values told apart", "No value of a variable can stand for another in any answer.", "bool"),
    facet="any",
    shown=False,
    words={"yes": "all values told apart", "no": "some values stand for others"}.__getitem__,
)


def columns_of(report: PlacementsReport) -> dict[str, Stored]:
    """What a report finds, as columns by kind."""
    placed = [(model, one) for model in report.algorithms for one in model.placements]
    return {
        "algorithm": {"model": report.algorithms},
        "alignment": {"model": [model for model, _ in placed], "placement": [one for _, one in placed]},
    }


def best_score(model: PlacedModel) -> SiteScore | None:
    """The highest score of a placement that is listed; None where there is none."""
    return max((one.score for one in model.placements), key=lambda one: one.agreed / max(one.of, 1), default=None)


def closest(report: PlacementsReport) -> SitePlacement | None:
    """The listed placement with the highest share of interchanges right, of algorithms that compute the task."""
    each = (one for model in report.distinct for one in model.placements)
    return max(each, key=lambda one: one.score.agreed / max(one.score.of, 1), default=None)


def _share(agreed: int, of: int) -> float:
    return agreed / of if of else np.nan


def _scores(scores: list[SiteScore | None]) -> dict[str, Any]:
    return {
        "iia": [np.nan if one is None else _share(one.agreed, one.of) for one in scores],
        "iia_agreed": [None if one is None else one.agreed for one in scores],
        "iia_of": [None if one is None else one.of for one in scores],
        "changed": [np.nan if one is None else _share(one.changed_agreed, one.changed_of) for one in scores],
    }


def _of_algorithms(found: Found) -> Mapping[str, Any]:
    models: list[PlacedModel] = found.stored["algorithm"]["model"]
    return {
        "valid": [bool(one.valid) for one in models],
        "algorithm": [one.id for one in models],
        "formula": [one.text for one in models],
        "variables": [len(one.variables) for one in models],
        "placements": [one.n_placed for one in models],
        **_scores(list(map(best_score, models))),
        "tried": [not one.wrong for one in models],
        "told_apart": [one.irredundant_values for one in models],
    }


ALGORITHMS: Final = ListedKind(
    key="algorithm",
    stored=lambda _: ("model",),
    columns=(VALID, ALGORITHM, FORMULA, VARIABLES, PLACEMENTS, IIA, AGREED, OF, CHANGED, SEARCHED, REFINES),
    figures=_of_algorithms,
    ref=lambda found, place: ExplanationRef("algorithm", found.stored["algorithm"]["model"][place].id),
    more=lambda found, place: {"name": found.stored["algorithm"]["model"][place].text},
    own=("variables", False),
    says=lambda _: "Candidate algorithms with finite variables, and how many placements on sites confirm each.",
    aside=True,
)


def _of_placements(found: Found) -> Mapping[str, Any]:
    models, placements = found.stored["alignment"]["model"], found.stored["alignment"]["placement"]
    right = {
        "both-directions": [one.score.agreed == one.score.of for one in placements],
        "joint-interchange": [one.joint is not None and one.joint.placed for one in placements],
        "margin": [not one.fragile for one in placements],
    }
    flags = {key: np.array(values, np.bool_) for key, values in right.items()}
    return {
        "passes": flags,
        "fails": {key: ~values for key, values in flags.items()},
        "valid": [bool(one.placed) for one in placements],
        "algorithm": [one.id for one in models],
        "formula": [one.text for one in models],
        "places": [one.sites for one in placements],
        "margin": [min((place.gap for place in one.places), default=np.nan) for one in placements],
        "variables": [len(one.variables) for one in models],
        **_scores([one.score for one in placements]),
        "follows": [one.follows for one in placements],
        "minimal": [one.minimal for one in placements],
        "told_apart": [one.irredundant_values for one in models],
    }


def _more(found: Found, place: int) -> Mapping[str, Any]:
    model, one = (found.stored["alignment"][name][place] for name in ("model", "placement"))
    return {
        "name": model.text,
        "where": f"{one.sites}{', follows from accuracy' if one.follows else ''}",
        "size": noun(sum(len(site.sites.split()) for site in one.places), "site"),
        "tested": f"{exact(one.score.agreed)} of {noun(one.score.of, 'swap')}",
        "silent": "silent",
    }


PLACED: Final = ListedKind(
    key="alignment",
    stored=lambda _: ("model", "placement"),
    columns=(
        *(VALID, ALGORITHM, FORMULA, PLACES, MARGIN, FRAGILE, VARIABLES, IIA, AGREED, OF, CHANGED),
        *(FOLLOWS, MINIMAL, REFINES, PASSES, FAILS),
    ),
    figures=_of_placements,
    ref=lambda found, place: ExplanationRef(
        "alignment", found.stored["alignment"]["model"][place].id, found.stored["alignment"]["placement"][place].id
    ),
    more=_more,
    drawing=lambda found, place: sites_drawing(
        found.question, found.stored["alignment"]["placement"][place], thumb=True
    ),
    own=("variables", False),
    says=lambda _: "An algorithm with finite variables, each on sites of the network that are exchanged together.",
)


def sites_drawing(question: SubjectQuestion, placement: SitePlacement, *, thumb: bool = False) -> Markup:
    """The graph of a network; nodes of which a placement has a site stand out."""
    nodes = {node for place in placement.places for site in place.sites.split() for node in nodes_of(site)}
    named = {one.name for one in question.graph.nodes}
    words = placement.sites or "no variable"
    return graph_diagram(question.graph, None, title=f"Placement {words}", thumb=thumb, changed=nodes & named)


def nodes_of(site: str) -> list[str]:
    """The nodes of a graph that a site is of: of ``h1[0,1]`` ``h1.0`` and ``h1.1``, of ``1.0.a~6`` ``1.0``."""
    name, coordinates = re.split(r"[~\[<]", site, maxsplit=1)[0], re.search(r"\[([0-9,]+)\]", site)
    name = {"x0": "x", "im": "x", "m": "c2"}.get(name, name)
    name = re.sub(r"\.(q|k|v|a)$", "", name).replace(".neurons", ".mlp")
    units = coordinates[1].split(",") if coordinates else []
    return [name, *(f"{name}.{unit}" for unit in units), *(f"{name.lstrip('h')}.{unit}" for unit in units)]
