"""Algorithms and their placements: formulas on sets of neurons and on directions of layers, and algorithms with finite
variables on sites.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.criteria.on_sites import MODEL, SITES
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import ON_SITES, criteria_for
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import Verdict, Verdicts
from pluriscope.analysis.placements.directions import parse_directions
from pluriscope.analysis.placements.map_classes import DIRECTIONS, map_class
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.placements.report import PlacedModel, PlacementsReport, SitePlacement, SiteScore
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.combs import Direction
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.figures.svg.tiles import bits_of, placement_tiles
from pluriscope.figures.svg.trees import tree_thumb
from pluriscope.kinds.columns import (
    AGREED,
    ALGORITHM,
    FAILS,
    FORMULA,
    FRAGILE,
    GATES,
    IIA,
    IRREDUNDANT,
    MARGIN,
    NEURONS,
    OF,
    PASSES,
    PLACES,
    USES,
    VALID,
    VARIABLES,
)
from pluriscope.kinds.found import Found, Stored
from pluriscope.kinds.kind import ListedKind
from pluriscope.tables.frames import Coded, Passing
from pluriscope.tables.table import Column

PLACEMENTS: Final = Column("placements", "Placements", "Valid placements of the algorithm.", "big", largest_first=True)
SEARCHED: Final = Column("tried", "Searched", "Whether its placements were searched.", "bool", shown=False)
MINIMAL: Final = Column(
    *("minimal", "Minimal", "No valid placement of the algorithm is within it.", "bool"),
    facet="any",
    shown=False,
    words={"yes": "minimal", "no": "not minimal"}.__getitem__,
)
_FLAGS: Final = tuple(key.replace("-", "_") for key in IRREDUNDANT.choices)


def _share(agreed: Any, of: Any, untested: float) -> Any:
    """Agreed of all, and another number where there is nothing to agree on."""
    agreed, of = np.asarray(agreed, np.float64), np.asarray(of, np.float64)
    return np.where(of == 0, untested, np.divide(agreed, of, out=np.full(len(of), np.nan), where=of > 0))


def _flags(values: Any) -> Passing:
    return np.array(list(values), np.bool_)


def _floats(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, np.float64)


# --- algorithms


def _irredundant(stored: Any) -> dict[str, Passing]:
    """Algorithms of each class of irredundance, by its name: ``[algorithms]`` bool."""
    return {flag.replace("_", "-"): np.nan_to_num(_floats(stored[flag])).astype(np.bool_) for flag in _FLAGS}


def _of_algorithms(found: Found) -> Mapping[str, Any]:
    stored = found.stored["algorithm"]
    placements = Coded.of(stored["n_valid"], int)
    agreed, of = _floats(stored["best_agreed"]), _floats(stored["best_of"])
    return {
        "valid": (placements.codes >= 0) & _flags(value > 0 for value in placements.values)[placements.codes],
        "algorithm": stored["algorithm_id"],
        "gates": stored["n_gates"],
        "variables": stored["n_variables"],
        "placements": placements,
        "iia": _share(agreed, of, np.nan),
        "iia_agreed": agreed,
        "iia_of": of,
        "tried": _floats(stored["truncated_at"]) != 0,
        "irredundant": _irredundant(stored),
    }


ALGORITHMS: Final = ListedKind(
    key="algorithm",
    stored=lambda _: (
        *(
            "algorithm_id",
            "id",
            "form",
            "text",
            "formula",
            "n_gates",
            "n_variables",
            "n_valid",
            "best_agreed",
            "best_of",
        ),
        *("truncated_at", *_FLAGS, "verdicts"),
    ),
    columns=(
        *(VALID, ALGORITHM, FORMULA, GATES, VARIABLES),
        *(PLACEMENTS, IIA, AGREED, OF, SEARCHED, IRREDUNDANT, PASSES, FAILS),
    ),
    figures=_of_algorithms,
    ref=lambda found, place: ExplanationRef("algorithm", found.stored["algorithm"]["algorithm_id"][place]),
    more=lambda found, place: {"name": found.stored["algorithm"]["formula"][place]},
    drawing=lambda found, place: tree_thumb(
        found.tree(found.stored["algorithm"]["text"][place], found.stored["algorithm"]["form"][place]), hues=found.hues
    ),
    own=("gates", False),
    says=lambda _: "Candidate formulas for the task, and how many placements on neurons confirm each.",
    aside=True,
)


# --- placements


_COLUMNS: Final = (VALID, ALGORITHM, FORMULA, PLACES, MARGIN, FRAGILE, GATES, VARIABLES, IIA, AGREED, OF)


def _placement(found: Found, kind: str, place: int) -> tuple[HighLevelModel, Any]:
    """An algorithm, and where its variables are."""
    stored = found.columns(kind)
    text, tree = stored["algorithm_text"][place], found.tree(stored["algorithm_text"][place], stored["form"][place])
    if kind == "alignment":
        return tree, NeuronPlacement.read(text, json.loads(stored["places"][place]))
    return tree, parse_directions(text, stored["text"][place])


def _figures(found: Found, kind: str) -> Mapping[str, Any]:
    stored = found.columns(kind)
    return {
        "algorithm": stored["algorithm_id"],
        "formula": stored["formula"],
        "places": None,
        "iia": _share(stored["agreed"], stored["of"], 1.0),  # one without variables says nothing wrong
        "iia_agreed": stored["agreed"],
        "iia_of": stored["of"],
    }


def _more(found: Found, kind: str, place: int, size: Any, words: Callable[[Any], str]) -> Mapping[str, Any]:
    stored, (tree, placed) = found.columns(kind), _placement(found, kind, place)
    of = int(stored["of"][place])
    return {
        "name": stored["formula"][place],
        "places": placed.text.replace("_", " ") if kind == "alignment" else placed.text,
        "where": found.where(tree, ((path, words(site)) for path, site in placed.places)),
        "size": noun(int(size), "neuron" if kind == "alignment" else "direction"),
        "tested": f"{exact(int(stored['agreed'][place]))} of {noun(of, 'swap')}" if of else "",
        "silent": "silent",
    }


def _ref(kind: str) -> Callable[[Found, int], ExplanationRef]:
    def ref(found: Found, place: int) -> ExplanationRef:
        stored = found.columns(kind)
        return ExplanationRef(kind, stored["algorithm_id"][place], stored["alignment_id"][place])

    return ref


# --- on sets of neurons


def _on_neurons(found: Found) -> Mapping[str, Any]:
    stored = found.columns("alignment")
    return {
        **_figures(found, "alignment"),
        "neurons": stored["n_neurons"],
        "gates": stored["n_gates"],
        "variables": stored["n_variables"],
        **found.shares(len(stored["places"])),
        "irredundant": _irredundant(stored),
        "uses": _uses(stored["places"], found.question.network.sizes),
    }


def _uses(texts: Any, sizes: tuple[int, ...]) -> dict[str, Passing]:
    """Alignments that put a variable on each hidden neuron, by its name: ``[placements]`` bool."""
    places = Coded.of(texts)
    used = [{(layer, one) for _, layer, some in json.loads(text) for one in some} for text in places.values]
    return {
        f"n{layer}.{neuron}": _flags((layer, neuron) in one for one in used)[places.codes]
        for layer in range(1, len(sizes) - 1)
        for neuron in range(sizes[layer])
    }


def _on_neurons_more(found: Found, place: int) -> Mapping[str, Any]:
    surveyed, stored = found.predicted, found.stored["alignment"]
    more = _more(found, "alignment", place, stored["n_neurons"][place], lambda site: str(site.label))
    if surveyed is None or place >= surveyed.shape[1]:
        return {**more, "silent": ""}
    predicted, right = map(int, surveyed[:, place])
    return {**more, "predicts": (right, predicted, found.n_interventions)} if predicted else more


def _says_where(found: Found) -> str:
    """Sentence on the number of algorithms that can be placed, and of their placements."""
    ways = [int(many) for many in found.stored["algorithm"]["n_valid"]]
    placed, listed = exact(sum(many > 0 for many in ways)), int(np.count_nonzero(found.stored["alignment"]["valid"]))
    of = f"; listed are {exact(listed)} minimal of {exact(sum(ways))}" if listed < sum(ways) else ""
    return f"An algorithm on neurons; {placed} of {noun(len(ways), 'algorithm')} can be placed{of}."


ALIGNMENTS: Final = ListedKind(
    key="alignment",
    stored=lambda _: (
        *("alignment_id", "algorithm_row_id", "places", "agreed", "of", "valid", "minimal", "n_neurons", "margin"),
        "verdicts",
    ),
    columns=(
        *(*_COLUMNS[:4], NEURONS, *_COLUMNS[4:]),
        Column(
            *("coverage", "Coverage", "Share of the common ground that it predicts.", "float"),
            facet="least",
            largest_first=True,
        ),
        Column(
            *("accuracy", "Accuracy", "Share of those predictions that are right.", "float"),
            facet="least",
            largest_first=True,
        ),
        *(MINIMAL, IRREDUNDANT, PASSES, FAILS, USES),
    ),
    figures=_on_neurons,
    ref=_ref("alignment"),
    more=_on_neurons_more,
    drawing=lambda found, place: found.thumb(None, placement_tiles(*_placement(found, "alignment", place))),
    own=("neurons", False),
    says=_says_where,
)


# --- on directions


_ASKED: Final = ("one-direction", "both-directions", "joint-interchange", "causal-order", "margin")
"""Criteria that the scores that are kept say something of."""


def _on_directions(found: Found) -> Mapping[str, Any]:
    stored = found.stored["direction"]
    every = [_placement(found, "direction", place) for place in range(len(stored["text"]))]
    layers = [{site.layer for _, site in placed.places} for _, placed in every]
    redundancy = [irredundancy(tree) for tree, _ in every]
    return {
        **_figures(found, "direction"),
        "gates": np.array([tree.n_gates for tree, _ in every], np.int64),
        "variables": np.array([len(tree.variables) for tree, _ in every], np.int64),
        "joint_agreed": _floats(stored["joint_agreed"]),
        "joint_of": _floats(stored["joint_of"]),
        "joint": _outcomes(found, "joint-interchange")[0],
        "classes": {name: _flags(name in one.split() for one in stored["classes"]) for name in DIRECTIONS},
        "layer": {
            str(layer): _flags(layer in some for some in layers)
            for layer in range(1, len(found.question.network.sizes) - 1)
        },
        "irredundant": {name: _flags(one[name] for one in redundancy) for name in IRREDUNDANT.choices},
        **_judged(found),
    }


def _outcomes(found: Found, step: str) -> tuple[Passing, Passing]:
    """Alignments known to pass a criterion, and those known to fail it, by their stored scores: two ``[placements]``
    bool.

    The criterion itself would decide the same. Where the tested pairs leave it open, both are False.
    """
    read, stored = CriterionStep.parse(step), found.stored["direction"]
    pairs = found.question.protocol.interchange_pairs
    if read.key in ("both-directions", "one-direction"):
        right, both = np.equal(_floats(stored["agreed"]), _floats(stored["of"])), read.key == "both-directions"
        return right & (not both or pairs == "ordered"), ~right & (both or pairs == "one_direction")
    if read.key == "joint-interchange":
        agreed, of = _floats(stored["joint_agreed"]), _floats(stored["joint_of"])
        return agreed == of, ~np.isnan(agreed) & (agreed != of)
    if read.key == "causal-order":
        passed = _flags(stored["causal_order"])
    else:
        passed = ~(_floats(stored["margin"]) < read.settings["least"])
    return passed, ~passed


def _judged(found: Found) -> dict[str, dict[str, Passing]]:
    own = [str(CriterionStep.of(one)) for one in criteria_for("direction") if one.key in _ASKED]
    steps = own + [step for step in found.steps if step.partition("(")[0] in _ASKED]
    outcomes = {step: _outcomes(found, step) for step in dict.fromkeys(steps)}
    return {name: {step: one[n] for step, one in outcomes.items()} for n, name in enumerate(("passes", "fails"))}


def _on_directions_more(found: Found, place: int) -> Mapping[str, Any]:
    n_directions = len(_placement(found, "direction", place)[1].places)
    return _more(found, "direction", place, n_directions, lambda site: f"on layer {site.layer}")


def _combs(found: Found, place: int) -> Markup:
    """The network with the direction that reads each variable."""
    tree, placed = _placement(found, "direction", place)
    variables = {variable.path: variable for variable in tree.variables}
    rows = [
        Direction(site.layer, row, bits_of(variables[path].function, tree.n_inputs), variables[path].shown)
        for path, site in placed.places
        for row in site.reads
    ]
    return found.thumb(None, (), rows)


DIRECTION_PLACEMENTS: Final = ListedKind(
    key="direction",
    stored=lambda _: (
        *("alignment_id", "algorithm_id", "form", "algorithm_text", "formula", "text", "classes", "valid", "agreed"),
        *("of", "joint_agreed", "joint_of", "causal_order", "margin"),
    ),
    columns=(
        *_COLUMNS,
        Column(
            *("joint", "Joint", "Whether interchanging all its variables at once is known to confirm it.", "bool"),
            facet="any",
            shown=False,
            words={"yes": "joint", "no": "not known to be joint"}.__getitem__,
        ),
        Column("joint_agreed", "Joint interchanges predicted", "Of those run.", "int", shown=False),
        Column("joint_of", "Joint interchanges tested", "That were run.", "int", shown=False),
        Column("causal_order", "Causal order", "No variable stands behind one that reads it.", "bool", shown=False),
        Column(
            *("classes", "Map", "Classes of maps that found it.", "labels"),
            facet="all",
            shown=False,
            choices=DIRECTIONS,
            words=lambda value: map_class(value).label,
        ),
        Column(
            *("layer", "A direction on layer", "Hidden layers on which it has a direction.", "labels"),
            facet="all",
            shown=False,
        ),
        *(IRREDUNDANT, PASSES, FAILS),
    ),
    figures=_on_directions,
    ref=_ref("direction"),
    more=_on_directions_more,
    drawing=_combs,
    own=("margin", True),
    says=lambda _: "An algorithm on directions of layers instead of on neurons.",
)


# --- with finite variables, on sites

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
OF_SITES: Final = (CHANGED, FOLLOWS, REFINES)
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


def _scores(scores: Sequence[SiteScore | None]) -> dict[str, Any]:
    agreed, of, changed, changed_of = (
        [None if one is None else getattr(one, name) for one in scores]
        for name in ("agreed", "of", "changed_agreed", "changed_of")
    )
    shares = {"iia": _share(agreed, of, np.nan), "changed": _share(changed, changed_of, np.nan)}
    return {**shares, "iia_agreed": agreed, "iia_of": of}


def _of_models(found: Found) -> Mapping[str, Any]:
    models: list[PlacedModel] = found.stored["algorithm"]["model"]
    return {
        **_passing(_verdicts(found.question, MODEL, models)),
        "valid": [bool(one.valid) for one in models],
        "algorithm": [one.id for one in models],
        "formula": [one.text for one in models],
        "variables": [len(one.variables) for one in models],
        "placements": [one.n_placed for one in models],
        **_scores([*map(best_score, models)]),
        "tried": [not one.wrong for one in models],
        "refines": [bool(one.folded_onto) for one in models],
    }


MODELS: Final = ListedKind(
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
    figures=_of_models,
    ref=lambda found, place: ExplanationRef("algorithm", found.stored["algorithm"]["model"][place].id),
    more=lambda found, place: {"name": called(found.stored["algorithm"]["model"][place].text)},
    own=("variables", False),
    says=lambda _: "Candidate algorithms with finite variables, and how many placements on sites confirm each.",
    aside=True,
)


def _of_placements(found: Found) -> Mapping[str, Any]:
    models, placements = found.stored["alignment"]["model"], found.stored["alignment"]["placement"]
    asked = found.question
    judged = _verdicts(asked, SITES, [*zip(models, placements, strict=True)]) | _verdicts(asked, MODEL, models)
    return {
        **_passing(judged),
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


def _more_on_sites(found: Found, place: int) -> Mapping[str, Any]:
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
    more=_more_on_sites,
    drawing=lambda found, place: sites_drawing(
        found.question, found.stored["alignment"]["placement"][place], thumb=True
    ),
    own=("variables", False),
    says=lambda _: "An algorithm with finite variables, each on sites of the network that are exchanged together.",
)


def verdicts_on(
    question: SubjectQuestion, model: PlacedModel, placement: SitePlacement | None = None
) -> dict[str, Verdict]:
    """Verdicts on an algorithm, or on a placement of it and on what it places, by criterion."""
    found = {} if placement is None else _verdicts(question, SITES, [(model, placement)])
    return {key: one.at(0) for key, one in (found | _verdicts(question, MODEL, [model])).items()}


def _verdicts(question: SubjectQuestion, kind: str, items: Sequence[Any]) -> dict[str, Verdicts]:
    return {one.key: one.judge(PopulationOf(kind, question, items)) for one in ON_SITES[kind]}


def _passing(judged: Mapping[str, Verdicts]) -> dict[str, Any]:
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
    if base == "x":  # the inputs of a perceptron
        each += [f"x{unit.removeprefix('x')}" for unit in units]
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
