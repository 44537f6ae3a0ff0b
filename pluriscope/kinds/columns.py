"""Columns that explanations of several kinds share: declared here once, filled in by each kind."""

from __future__ import annotations

from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.analysis.algorithms import redundancy
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.registry import OF_MODELS_ALONE
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.explanations.explanation import STRATEGIES
from pluriscope.analysis.explanations.registry import EVERY_KIND, KIND_OF
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN
from pluriscope.figures.numbers import decimal, exact, readable
from pluriscope.figures.svg.marks import kind_mark
from pluriscope.tables.table import Column, Row

LISTED: Final = tuple(
    kind.key for kind in sorted(EVERY_KIND, key=lambda kind: (STRATEGIES.index(kind.strategy), kind.step))
)
"""Kinds that lists hold, in their order: by the strategy that finds them, then by its step."""
_CALLED: Final = {"alignment": "Placements", "algorithm": "Algorithms", "direction": "Directions"}
_OF_TRANSFORMERS: Final = {one.key: one for one in OF_MODELS_ALONE}


def criterion_of(step: str) -> Criterion:
    """The criterion that an address names, with or without settings.

    Raises:
        AnalysisError: there is none.
    """
    return _OF_TRANSFORMERS.get(step) or CriterionStep.parse(step).criterion


def step_text(text: str) -> str:
    """A criterion as addresses write it."""
    return text if text in _OF_TRANSFORMERS else str(CriterionStep.parse(text))


def title_of(step: str) -> str:
    """A criterion for people: its title, with its settings where they are not the usual ones."""
    return criterion_of(step).label + ("" if "(" not in step else f" {step[step.index('(') :]}")


def _name(row: Row) -> Markup:
    """A reference, or a formula."""
    css = "mono" if row["mask"] and row["index"] is None else "f"
    named = Markup('<span class="{}">{}</span>').format(css, row["name"])
    return named + Markup(' <span class="small muted">minimal</span>') if row["minimal"] else named


def says(row: Row) -> Markup | str:
    """Line below an explanation's name: its marks and location, or why it is not valid."""
    if row["valid"] is False:
        failing = "placements not searched" if row["tried"] is False else "no valid placement"
        failing = failing if row.kind == "algorithm" else "fails"
        return Markup("{}, {}").format(row["where"], failing) if row["where"] else failing
    return (row["marks"] or "") + (row["where"] or "")


def mini(right: int, predicted: int, of: int) -> Markup:
    """How many of some things are predicted right, with a small bar."""
    return Markup(
        '<span class="nowrap"><span class="only-phone muted">right on </span>'
        '<span class="mini" aria-hidden="true"><i style="width:{:.1f}%"></i></span>{} '
        '<span class="muted">of {}{}</span></span>'
    ).format(100 * right / of, exact(right), exact(predicted), "" if predicted == of else ", rest silent")


def _interpretations(row: Row) -> Markup | str:
    shown = readable(row["interpretations"])
    return shown if row["index"] is None else Markup("1 of {}").format(shown)


def _margin(row: Row) -> Markup | str:
    shown = decimal(row["margin"], 3)
    return Markup('{} <span class="small muted">fragile</span>').format(shown) if row["fragile"] else shown


def fragile(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Flag the margins below FRAGILE_MARGIN: ``[n]`` with 1 where below, 0 where not, NaN where there is no margin."""
    return np.where(np.isnan(margins), np.nan, margins < FRAGILE_MARGIN)


KIND = Column(
    *("kind", "Kind", "What says it: where first, what first, or neither.", "text"),
    facet="any",
    shown=False,
    choices=LISTED,
    words=lambda key: _CALLED.get(key) or KIND_OF[key].plural.capitalize(),
    mark=kind_mark,
    group=lambda key: KIND_OF[key].strategy.name,
)
NAME = Column(
    *("name", "Explanation", "Its formula, or its kind's letter and what names it.", "name"), first=True, show=_name
)
REF = Column("ref", "Reference", "How comparisons name it.", "name", shown=False)
URL = Column("url", "Address", "Its page.", "name", shown=False)
PROTOCOL = Column("protocol", "Protocol", "Digest of the protocol.", "name", shown=False)
SURVIVING = Column(
    "surviving", "Surviving", "Empty: its place is kept for those who read tables by name.", "big", shown=False
)
VALID = Column(
    *("valid", "Standing", "Circuits that classify correctly, valid placements, algorithms that have one.", "bool"),
    facet="any",
    shown=False,
    default=("yes",),
    choices=("yes", "no"),
    words={"yes": "valid", "no": "not valid"}.__getitem__,
)
EDGES = Column("edges", "Edges", "Edges that the circuit keeps.", "int", facet="range")
NEURONS = Column("neurons", "Neurons", "Hidden neurons that it uses.", "int", facet="range")
MARGIN = Column(
    *("margin", "Margin", "Smallest distance of a tested output, right or wrong, from another decision.", "float"),
    facet="range",
    largest_first=True,
    show=_margin,
)
FRAGILE = Column(
    *("fragile", "Fragile", "Its margin is below 1e-6.", "bool"),
    facet="any",
    shown=False,
    words={"yes": "fragile", "no": "not fragile"}.__getitem__,
)
ALGORITHM = Column(
    *("algorithm", "Algorithm", "The algorithm's id: it and its placements.", "text"),
    facet="any",
    shown=False,
    offered=False,
    words=lambda algorithm: f"{algorithm[:8]}…",
)
FORMULA = Column("formula", "Formula", "Of the algorithm, as people write it.", "text", shown=False)
PLACES = Column(
    *("places", "Places", "Where each variable is: PATH:LAYER.NEURON, or PATH@LAYER=WEIGHTS.", "text"), shown=False
)
GATES = Column("gates", "Gates", "Gates of the algorithm.", "int")
VARIABLES = Column("variables", "Variables", "Variables that the algorithm posits.", "int")
IIA = Column(
    *("iia", "IIA", "Share of interchanges that it predicts; of an algorithm its best placement's.", "float"),
    largest_first=True,
    show=lambda row: f"{exact(row['iia_agreed'])} / {exact(row['iia_of'])}",
)
AGREED = Column(
    "iia_agreed", "Interchanges predicted", "Interchanges of which the output is as predicted.", "int", shown=False
)
OF = Column("iia_of", "Interchanges tested", "Interchanges that were run.", "int", shown=False)
IRREDUNDANT = Column(
    *("irredundant", "Algorithm has", "Classes that the algorithm belongs to.", "labels"),
    facet="all",
    shown=False,
    words=redundancy.IRREDUNDANT.__getitem__,
    choices=tuple(redundancy.IRREDUNDANT),
)
PASSES = Column(
    *("passes", "Also passes", "Criteria that it passes, as key or key(name=value).", "labels"),
    facet="all",
    usual=("mean-ablation", "resample-ablation", "output-faithfulness", "minimal-subset", "joint-interchange"),
    shown=False,
    words=title_of,
    read=step_text,
)
FAILS = Column(
    *("fails", "Fails", "Criteria that it fails, written likewise.", "labels"),
    facet="all",
    offered=False,
    shown=False,
    words=title_of,
    read=step_text,
)
USES = Column(
    *(
        "uses",
        "Keeps or leaves out",
        "Neurons (n2.1) and edges (A-n1.0, n1.0-n2.1) that it uses; !n2.1: not.",
        "labels",
    ),
    facet="all",
    absence=True,
    shown=False,
    asks=lambda one: f"{'leaves out' if one[0] == '!' else 'keeps'} {one.removeprefix('!').replace('-', '→')}",
)
PREDICTS = Column(
    *("predicts", "Predicts correctly", "Interventions on sets of hidden neurons that it predicts right.", "text"),
    show=lambda row: mini(*row["predicts"]),
    void=lambda row: row["silent"] or "–",
    sorts="accuracy",
)
SIZE = Column(
    *("size", "Size", "What it is made of: edges, neurons, directions.", "text"),
    show=lambda row: Markup('<span class="nowrap">{}</span>').format(row["size"]),
)
INTERPRETATIONS = Column(
    *("interpretations", "Interpretations", "How many interpretations the circuit has.", "big"),
    largest_first=True,
    show=_interpretations,
)
TESTED = Column(
    *("tested", "Test", "What is asked of its kind, and how much of that holds.", "text"),
    show=lambda row: Markup('<span class="nowrap">{}</span>').format(row["tested"]),
)
"""What pages show of explanations of every kind."""
