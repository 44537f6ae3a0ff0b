"""The page of one alignment on linear directions, stored or not: what reads each variable, and what swaps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.alignments.alignment import Aligned
from analysis.alignments.iia import interchange_matrix
from analysis.alignments.joint import score_with_joint
from analysis.alignments.map_classes import map_class
from analysis.directions.alignment import DirectionAlignment
from analysis.directions.readouts import ReadOut, read_outs
from analysis.fixed_order import inner
from analysis.interventions.subspace import Subspace
from analysis.subjects.perceptron.mlp import activations
from app.db.tables import DirectionRow
from app.pages.about_one import about, figure
from app.pages.candidates import hues_of
from app.pages.interchanges import (
    EvidenceOptions,
    aligned_fields,
    aligned_head,
    evidence,
    interchange_facts,
    place_fields,
    variables_table,
)
from app.pages.page import One, page
from app.pages.placed import MAX_AT, find_direction
from pluriscope.blocks import Block, Fact, Facts, Section, Side
from pluriscope.figures.numbers import decimal, exact
from pluriscope.figures.svg.directions import direction_diagram, site_words
from pluriscope.figures.svg.thumbs import Direction
from pluriscope.records import DirectionPlaceRecord, DirectionRecord, JointCaseRecord

_MOST_RUNS: Final = 1 << 18  # joint interchanges that a page makes


class DirectionOptions(EvidenceOptions):
    """Options of the page of one alignment on directions."""

    at: str = Field(
        "",
        max_length=MAX_AT,
        description="PATH@LAYER=w1,w2,… for each variable joined by ;, with /d1,d2,… where the swap is oblique; "
        "instead of what the reference says.",
    )


def direction_record(one: One) -> DirectionRecord:
    """An alignment on directions as JSON, each interchange computed from the weights."""
    found: Aligned[DirectionAlignment] = one.item
    question, algorithm, alignment = one.place.question, found.algorithm, found.alignment
    stored, _ = find_direction(one.session, one.links, one.place, algorithm, one.ref.second)
    scored = score_with_joint(question, algorithm, alignment, max_runs=_MOST_RUNS)
    clean = activations(question.cut, question.data.clean_rows)
    places = []
    for (path, linear), read in zip(alignment.places, read_outs(clean, algorithm, alignment), strict=True):
        site, matrix = site_words(linear, question.cut.sizes), interchange_matrix(question, algorithm, path, linear)
        fields = place_fields(one, algorithm, path, linear.text, site, matrix)
        places.append({**fields, **_linear(clean, linear, read, fields["truth_table"])})
    return DirectionRecord(
        **aligned_fields(one, places, stored is not None),
        text=alignment.text,
        found_by=[] if stored is None else stored.classes.split(),
        causal_order=alignment.causal_order,
        **_joint(scored.joint, stored),
    )


def _joint(score: Any, stored: DirectionRow | None) -> Mapping[str, Any]:
    """The joint score: run for the page, or as a search has stored it where there are too many runs."""
    if score is not None:
        wrong = None if score.first_wrong is None else JointCaseRecord.showing(score.first_wrong)
        margin = float(score.margin) if np.isfinite(score.margin) else None
        agreed, tested = score.agreed, score.of
    else:
        wrong = margin = None
        agreed, tested = (None, None) if stored is None else (stored.joint_agreed, stored.joint_of)
    return {"joint_agreed": agreed, "joint_tested": tested, "joint_margin": margin, "joint_wrong": wrong}


def _linear(
    clean: Sequence[NDArray[np.float64]], linear: Subspace, read: ReadOut | None, truth_table: list[int]
) -> dict[str, Any]:
    """How directions read a variable."""
    projections = inner(clean[linear.layer], linear.matrix).T.tolist()
    separated = None
    if read is not None:
        values = [read.gain * value + read.constant - 0.5 for value in projections[0]]
        separated = bool(read.gain) and all(v > 0 if bit else v < 0 for v, bit in zip(values, truth_table, strict=True))
    return {
        "layer": linear.layer,
        "reads": linear.reads,
        "swaps": linear.swaps,
        "projections": projections,
        **{name: getattr(read, name, None) for name in ("gain", "constant", "residual")},
        "separated": separated,
    }


@page(direction_record, DirectionOptions)
def direction(one: One, options: DirectionOptions) -> Iterator[Block]:
    """What lives where, which tests confirm it, the layer along each direction, and the rest folded."""
    told, hues = direction_record(one), hues_of(one.item.algorithm)
    layers = " and ".join(f"layer {layer}" for layer in sorted({here.layer for here in told.places}))
    classes = ", ".join(map_class(key).label for key in told.found_by)
    where, how = (
        f", on directions of {layers}" if layers else "",
        f"found by the search of {classes}" if classes else "",
    )
    joint = None if told.joint_agreed is None else told.joint_agreed == told.joint_tested
    yield aligned_head(one, told, where, how, {"joint interchange": joint, "causal order": told.causal_order})
    drawn = direction_diagram(one.place.question.cut.weights, list(_combs(told)), hues=hues, title=told.formula)
    caption = (
        "The capsule is the layer; below, each variable’s weights on its neurons, up and filled for positive, down and "
        "open for negative. Nothing is cut, so edges are pale."
    )
    yield Side([figure(one, drawn, caption), Facts(list(_facts(told, one.place.question.model.n_inputs)))])
    if told.places:
        yield Section("Tests of each variable")
        words = {"Read to within": _read_words}
        yield variables_table(told, hues, **words)
    yield from evidence(one, told, options)
    yield from about(one)


def _facts(told: DirectionRecord, n: int) -> Iterator[Fact]:
    yield from interchange_facts(told)
    if told.joint_agreed is None or told.joint_tested is None:
        yield Fact("All at once", "not run", "there are too many combinations of sources")
        return
    note = ""
    if told.joint_wrong is not None:
        wrong = told.joint_wrong
        sources = ", ".join(f"{source:0{n}b}" for source in wrong.sources) or "none"
        note = f"first failure: base {wrong.base:0{n}b}, sources {sources}: {wrong.expected} predicted, "
        note += f"output {decimal(wrong.output, 3)}"
    elif told.joint_margin is not None:
        note = f"smallest margin {decimal(told.joint_margin, 4)}"
    agreed = f"{exact(told.joint_agreed)} of {exact(told.joint_tested)}"
    yield Fact("All at once", agreed, "each variable from a source of its own", note)


def _combs(told: DirectionRecord) -> Iterator[Direction]:
    """Each read-out, and below it the direction that its swap moves along where it has one."""
    for place in told.places:
        for number, row in enumerate(place.reads):
            yield Direction(place.layer, tuple(row), tuple(place.truth_table), place.shown)
            if place.swaps:
                swap = tuple(place.swaps[number])
                yield Direction(place.layer, swap, tuple(place.truth_table), place.shown, "moves")


def _read_words(here: DirectionPlaceRecord) -> str:
    if here.residual is None:
        return "no single direction"
    return f"{here.residual:.2g}" if here.gain else "reads nothing"
