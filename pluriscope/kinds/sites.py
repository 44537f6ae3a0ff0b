"""Algorithms with finite variables, and their placements on the sites of networks of every kind but perceptrons."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.criteria.on_sites import MODEL, SITES
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import ON_SITES
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts
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
    *(
        "refines",
        "Refinement",
        "Some of its values stand for each other, so that another one here has its scores.",
        "bool",
    ),
    facet="any",
    shown=False,
    default=("no",),
    choices=("no", "yes"),
    words={"no": "no refinement of another", "yes": "a refinement of another"}.__getitem__,
)
OWN: Final = (CHANGED, FOLLOWS, REFINES)
"""Columns that explanations of perceptrons do not have."""


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


def called(text: str, most: int = 60) -> str:
    """A short name of an algorithm: its text, or else its statements without helpers, or the names of its variables."""
    if len(text) <= most:
        return text
    model = read_causal_model(text)
    names = {*model.variables, model.answer}
    short = "; ".join(one.strip() for one in re.split(r"[;\n]", text) if one.partition("=")[0].strip() in names)
    return short if len(short) <= most else ", ".join(model.variables) or f"{text[: most - 1]}…"


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
        **_outcomes(_judged(MODEL, models)),
        "valid": [bool(one.valid) for one in models],
        "algorithm": [one.id for one in models],
        "formula": [one.text for one in models],
        "variables": [len(one.variables) for one in models],
        "placements": [one.n_placed for one in models],
        **_scores(list(map(best_score, models))),
        "tried": [not one.wrong for one in models],
        "refines": [bool(one.folded_onto) for one in models],
    }


ALGORITHMS: Final = ListedKind(
    key="algorithm",
    stored=lambda _: ("model",),
    columns=(
        VALID,
        ALGORITHM,
        FORMULA,
        VARIABLES,
        PLACEMENTS,
        IIA,
        AGREED,
        OF,
        CHANGED,
        SEARCHED,
        REFINES,
        PASSES,
        FAILS,
    ),
    figures=_of_algorithms,
    ref=lambda found, place: ExplanationRef("algorithm", found.stored["algorithm"]["model"][place].id),
    more=lambda found, place: {"name": called(found.stored["algorithm"]["model"][place].text)},
    own=("variables", False),
    says=lambda _: "Candidate algorithms with finite variables, and how many placements on sites confirm each.",
    aside=True,
)


def _of_placements(found: Found) -> Mapping[str, Any]:
    models, placements = found.stored["alignment"]["model"], found.stored["alignment"]["placement"]
    judged = _judged(SITES, list(zip(models, placements, strict=True))) | _judged(MODEL, models)
    return {
        **_outcomes(judged),
        "valid": [bool(one.placed) for one in placements],
        "algorithm": [one.id for one in models],
        "formula": [one.text for one in models],
        "places": [one.sites for one in placements],
        "margin": [min((place.gap for place in one.places), default=np.nan) for one in placements],
        "variables": [len(one.variables) for one in models],
        **_scores([one.score for one in placements]),
        "follows": [one.follows for one in placements],
        "minimal": [one.minimal for one in placements],
        "refines": [bool(one.folded_onto) for one in models],
    }


def _more(found: Found, place: int) -> Mapping[str, Any]:
    model, one = (found.stored["alignment"][name][place] for name in ("model", "placement"))
    return {
        "name": called(model.text),
        "where": f"{rounded(one.sites)}{', follows from accuracy' if one.follows else ''}",
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


def verdicts_on(model: PlacedModel, placement: SitePlacement | None = None) -> dict[str, Verdict]:
    """Verdicts on an algorithm, or on a placement of it and on what it places, by criterion."""
    found = _judged(MODEL, [model])
    return {
        key: one.at(0) for key, one in ({} if placement is None else _judged(SITES, [(model, placement)])).items()
    } | {key: one.at(0) for key, one in found.items()}


def _judged(kind: str, items: Sequence[Any]) -> dict[str, Verdicts]:
    return {one.key: one.judge(PopulationOf(kind, None, items)) for one in ON_SITES[kind]}


def _outcomes(judged: Mapping[str, Verdicts]) -> dict[str, Any]:
    return {
        "passes": {key: one.passed for key, one in judged.items()},
        "fails": {key: one.having("failed") for key, one in judged.items()},
    }


def rounded(sites: str) -> str:
    """Sites for people, whose directions have three digits."""
    return re.sub(r"(?<![0-9])[0-9]+\.[0-9]{4,}(?:e-?[0-9]+)?", lambda one: f"{float(one[0]):.3g}", sites)


def sites_drawing(question: SubjectQuestion, placement: SitePlacement, *, thumb: bool = False) -> Markup:
    """The graph of a network; nodes of which a placement has a site stand out, each with its variables."""
    title = f"Placement {placement.sites or 'no variable'}"
    named = {node: _shortly(variables.split(", ")) for node, variables in variables_at(question, placement).items()}
    return graph_diagram(question.graph, None, title=title, thumb=thumb, carried=named)


def variables_at(question: SubjectQuestion, placement: SitePlacement) -> dict[str, str]:
    """The nodes of a graph of which a placement has a site, each with its variables."""
    names, carried = {one.name for one in question.graph.nodes}, dict[str, dict[str, None]]()
    for place in placement.places:
        for site in place.sites.split():
            for node in nodes_of(site, names):
                carried.setdefault(node, {})[place.variable] = None
    return {node: ", ".join(variables) for node, variables in carried.items()}


def _shortly(variables: Sequence[str]) -> str:
    """Names of variables, or the first with the number of others where they are long."""
    every = ", ".join(variables)
    return every if len(every) <= 12 or len(variables) == 1 else f"{variables[0]} +{len(variables) - 1}"


_SITE: Final = re.compile(r"([a-z0-9.]+)(?:~([0-9]+))?(?:\[([0-9,]+)\])?(=.*)?")


def nodes_of(site: str, names: Collection[str]) -> list[str]:
    """The nodes of a graph that a site is of: of ``h1[0,1]`` ``h1.0`` and ``h1.1``, of ``1.0.a~6`` ``1.0``; none of a
    stream, which is an edge of all.
    """
    found = _SITE.fullmatch(site)
    base = found[1] if found else site
    base = {"x0": "x", "im": "x", "m": "c2"}.get(base, base)
    base = re.sub(r"\.(q|k|v|a)$", "", base).replace(".neurons", ".mlp")
    units = found[3].split(",") if found and found[3] else [name.rpartition(".")[2] for name in names]
    each = [base, *(f"{base}.{unit}" for unit in units), *(f"{base.lstrip('h')}.{unit}" for unit in units)]
    return [one for one in dict.fromkeys(each) if one in names]


_OF_HEADS: Final = {"q": "queries", "k": "keys", "v": "values", "a": "attention pattern", "": "output"}
_WORDS: Final = (
    (r"([0-9]+\.[0-9]+)(?:\.([qkva]))?", "coordinate", lambda one: f"the {_OF_HEADS[one[2] or '']} of head {one[1]}"),
    (r"([0-9]+)\.neurons", "neuron", lambda one: f"MLP {one[1]}"),
    (r"([0-9]+)\.mlp", "coordinate", lambda one: f"the output of MLP {one[1]}"),
    (r"c([0-9]+)", "channel", lambda one: f"convolution {one[1]}"),
    (r"m", "channel", lambda _: "the means over positions"),
    (r"im", "input", lambda _: "the image"),
)
_OF_STEPS: Final = (
    (r"h([0-9]+)", "unit", lambda one: f"the state after step {one[1]}"),
    (r"x([0-9]+)", "input", lambda one: f"step {one[1]}"),
)
_OF_STREAMS: Final = (
    (r"x0", "coordinate", lambda _: "the embedding"),
    (r"x([0-9]+)\.mid", "coordinate", lambda one: f"the stream after the heads of layer {one[1]}"),
    (r"x([0-9]+)", "coordinate", lambda one: f"the stream after layer {one[1]}"),
)
_OF_LAYERS: Final = (
    (r"h([0-9]+)", "unit", lambda one: f"hidden layer {one[1]}"),
    (r"x", "input", lambda _: "the inputs"),
)


def site_words(question: SubjectQuestion, site: str) -> str:
    """A site in words: ``h2[0,1]`` of a recurrent network as units 0 and 1 of the state after step 2."""
    refuses, found = question.kind.refuses, _SITE.fullmatch(site)
    if found is None:
        return site
    own = _OF_LAYERS if refuses("steps") and refuses("stream") else _OF_STREAMS if refuses("steps") else _OF_STEPS
    for pattern, noun_of, words in (*_WORDS, *own):
        if (named := re.fullmatch(pattern, found[1])) is not None:
            numbers = found[3].split(",") if found[3] else []
            units = f"{noun_of}{'s' * (len(numbers) > 1)} {' and '.join(numbers)} of " if numbers else ""
            at = f" at position {found[2]}" if found[2] else ""
            return f"{units}{words(named)}{at}" + (f", along {rounded(found[4][1:])}" if found[4] else "")
    return site
