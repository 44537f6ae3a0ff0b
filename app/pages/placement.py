"""The page of an algorithm whose variables stand on neurons or on directions, stored or not, with every interchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.causal_model import NONE, read_causal_model
from pluriscope.analysis.directions.readouts import ReadOut, read_outs
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.placements.iia import interchange_matrix, smallest_part
from pluriscope.analysis.placements.joint import score_with_joint
from pluriscope.analysis.placements.map_classes import map_class
from pluriscope.analysis.placements.placement import JointScore, NeuronPlacement
from pluriscope.analysis.placements.report import PlacedVariable, SitePlacement, SiteScore
from pluriscope.analysis.placements.search import interchanges, placed_on
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN, margin_to_edge
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.tables import DirectionRow
from pluriscope.app.pages.algorithm import changed_text, of_all, whole_text
from pluriscope.app.pages.candidates import JOINT_RUNS, hues_of, input_texts, posited, variables_of
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.page import about, column, figure, head_actions, listed, page
from pluriscope.app.pages.placed import PlacedOptions, site_label
from pluriscope.figures.numbers import decimal, exact, noun
from pluriscope.figures.svg.aligned import placed_diagram
from pluriscope.figures.svg.combs import Direction
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.kinds.placements import called, rounded, site_words, sites_drawing
from pluriscope.page_kit.blocks import Block, Fact, Facts, Head, More, Notice, Section, Side, Table, Verdict
from pluriscope.tables.table import Query, Row
from pluriscope.views.records import (
    AlignedRecord,
    AlignmentRecord,
    DirectionPlaceRecord,
    DirectionRecord,
    ExplanationRecord,
    PlaceRecord,
)

_MOST_NEURONS: Final = 12  # of a set that is looked through for a smaller one: 4,094 are tried
_MOST_RUNS: Final = 1 << 18  # joint interchanges that a page makes
_SHOWN: Final = 200  # interventions on one page of their list
_EDGE: Final = 12  # failing interventions that stand on the page without asking
_LABELS: Final = ("Path", "Formula", "Site", "Source", "Base", "Output", "Decision", "Expected", "Tested", "Agreed")
_SITE_LABELS: Final = (
    *("Variable", "Base", "Source", "Value on each", "The algorithm says", "The network answers", "Agrees"),
)
_AT_ONCE: Final = 110  # rows up to which failing ones on sites stand on the page without asking
_LISTED: Final = 2_000
_STATES: Final = {None: "untested", True: "pass", False: "fail"}
Record = AlignmentRecord | DirectionRecord
R = TypeVar("R", bound=AlignedRecord)


class PlacementOptions(PlacedOptions):
    """Options of the page of a placement."""

    start: int = Field(0, ge=0, le=10**9, description="Intervention from which all are listed.")


class SitePlacementRecord(ExplanationRecord):
    """A placement of an algorithm on sites."""

    kind: str = "alignment"
    algorithm: str = Field(description="Its text.")
    sites: dict[str, str] = Field(description="Variable → its sites, with spaces between them.")
    placement: SitePlacement


# --- as a record


def _record(of: type[R], one: Explanation[Question], places: Sequence[PlaceRecord], **more: Any) -> R:
    """Record of a placement: the fields of all of them, and those of its kind."""
    agreed, tested = sum(place.agreed for place in places), sum(place.tested for place in places)
    margin = min((place.margin for place in places if place.margin is not None), default=None)
    fields: dict[str, Any] = {
        **one.fields,
        "algorithm": one.item.algorithm.id,
        "alignment": one.item.alignment.id,
        "agreed": agreed,
        "tested": tested,
        "valid": agreed == tested,
        "margin": margin,
        "fragile": margin is not None and margin < FRAGILE_MARGIN,
        "places": places,
    }
    return of.showing(one.item.alignment, one.item.algorithm, **fields, **more)


def _places(one: Explanation[Question]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Site of each variable with the fields of its record, each interchange computed from the weights."""
    question, algorithm = one.place.question, one.item.algorithm
    for known, (path, site) in zip(variables_of(algorithm), one.item.alignment.places, strict=True):
        matrix = interchange_matrix(question, algorithm, path, site)
        margins = margin_to_edge(matrix.outputs, question.protocol.alignment_decision)[matrix.tested]
        yield (
            site,
            {
                **known.model_dump(),
                "place": site.text if isinstance(site, Subspace) else f"{path}:{site.text}",
                "site": site_label(site, question.network.sizes),
                "agreed": int((matrix.tested & matrix.agreed).sum()),
                "tested": int(matrix.tested.sum()),
                "margin": float(margins.min()) if len(margins) else None,
                "is_tested": matrix.tested.tolist(),
                "outputs": matrix.outputs.tolist(),
                "decisions": matrix.decisions.tolist(),
                "expected": matrix.expected.tolist(),
            },
        )


def placement_record(one: Explanation[Question]) -> AlignmentRecord:
    """A placement on neuron sets as JSON."""
    places = [PlaceRecord(**fields) for _, fields in _places(one)]
    valid = all(place.agreed == place.tested for place in places)
    return _record(AlignmentRecord, one, places, minimal=valid and _is_minimal(one))


def _is_minimal(one: Explanation[Question]) -> bool | None:
    """Whether nothing smaller within a valid placement is valid; None where a set is too large to be looked through.

    Each variable is tested alone, so that is so if each place is its own smallest part.
    """
    algorithm, places = one.item.algorithm, one.item.alignment.places
    small = [(path, site) for path, site in places if len(site.neurons) <= _MOST_NEURONS]
    if any(smallest_part(one.place.question, algorithm, path, site) != site for path, site in small):
        return False
    return True if len(small) == len(places) else None


def direction_record(one: Explanation[Question]) -> DirectionRecord:
    """A placement on directions as JSON."""
    question, algorithm, alignment = one.place.question, one.item.algorithm, one.item.alignment
    stored: DirectionRow | None = one.rows[-1]
    readings = read_outs(question.clean_activations, algorithm, alignment)
    places = [
        DirectionPlaceRecord(**fields, **_read(question, site, read, fields["truth_table"]))
        for (site, fields), read in zip(_places(one), readings, strict=True)
    ]
    return _record(
        DirectionRecord,
        one,
        places,
        found_by=[] if stored is None else stored.classes.split(),
        **_joint(score_with_joint(question, algorithm, alignment, max_runs=_MOST_RUNS).joint, stored),
    )


def _joint(score: JointScore | None, stored: DirectionRow | None) -> Mapping[str, Any]:
    """The joint score: run for the page, or as a search has stored it where there are too many runs."""
    if score is None:
        agreed, tested = (None, None) if stored is None else (stored.joint_agreed, stored.joint_of)
        return {"joint_agreed": agreed, "joint_tested": tested, "joint_margin": None, "joint_wrong": None}
    return {
        "joint_agreed": score.agreed,
        "joint_tested": score.of,
        "joint_margin": float(score.margin) if np.isfinite(score.margin) else None,
        "joint_wrong": score.first_wrong,
    }


def _read(question: Question, site: Subspace, read: ReadOut | None, truth_table: Sequence[int]) -> dict[str, Any]:
    """Describe how directions read a variable."""
    projections: NDArray[np.float64] = inner(question.clean_activations[site.layer], site.matrix).T
    separated = None
    if read is not None:
        values = (read.gain * value + read.constant - 0.5 for value in projections[0].tolist())
        separated = bool(read.gain) and all(v > 0 if bit else v < 0 for v, bit in zip(values, truth_table, strict=True))
    return {
        "layer": site.layer,
        "reads": site.reads,
        "swaps": site.swaps,
        "projections": projections.tolist(),
        **{name: getattr(read, name, None) for name in ("gain", "constant", "residual")},
        "separated": separated,
    }


# --- as blocks


@page(placement_record, PlacementOptions)
def alignment(one: Explanation[Question], options: PlacementOptions) -> Iterator[Block]:
    """Page of an alignment: its neurons, whether interchanges confirm it, what fails, and the rest folded."""
    record = placement_record(one)
    sites = " and ".join(place.site for place in record.places)
    where, how = f", carried by {sites}" if sites else "", "kept by the analysis" if record.stored else ""
    yield _head(one, record, where, how, {"minimal": record.minimal} if record.valid else {})
    placed: NeuronPlacement = one.item.alignment
    drawn = placed_diagram(
        one.place.question.network.weights,
        one.item.algorithm,
        placed,
        hues=hues_of(one.item.algorithm),
        title=f"Placement of {record.formula}",
    )
    caption = (
        "Algorithm above, network below, both from inputs to output. Dotted leaders join a variable to the neurons "
        "that carry it. Nothing is left out; other neurons are not spoken about."
    )
    yield Side([figure(one, drawn, caption), Facts(_facts(record))])
    yield from _evidence(one, record, options)


@page(direction_record, PlacementOptions)
def direction(one: Explanation[Question], options: PlacementOptions) -> Iterator[Block]:
    """Page of a placement on directions: what they carry, which tests confirm it, and the rest folded."""
    record = direction_record(one)
    layers = " and ".join(f"layer {layer}" for layer in sorted({place.layer for place in record.places}))
    classes = ", ".join(map_class(key).label for key in record.found_by)
    where, how = f", on directions of {layers}" if layers else "", f"found by the search of {classes}" * bool(classes)
    joint = None if record.joint_agreed is None else record.joint_agreed == record.joint_tested
    yield _head(one, record, where, how, {"joint interchange": joint, "causal order": record.causal_order})
    drawn = network_diagram(
        one.place.question.network.weights,
        directions=list(_combs(record)),
        hues=hues_of(one.item.algorithm),
        title=record.formula,
    )
    caption = (
        "The capsule is the layer; below, each variable’s weights on its neurons, up and filled for positive, down and "
        "open for negative. Nothing is left out, so edges are pale."
    )
    facts = Facts([*_facts(record), _joint_fact(record, one.place.question.subject.n_inputs)])
    yield Side([figure(one, drawn, caption), facts])
    yield from _evidence(one, record, options, **{"Read to within": _read_words})


def _head(one: Explanation[Question], record: Record, where: str, how: str, tests: Mapping[str, bool | None]) -> Head:
    """The head of the page."""
    place = one.place
    both = place.question.protocol.interchange_pairs == "ordered"
    fragile = {"margin: fragile": False} if record.fragile else {}
    tests = {"both directions" if both else "one direction": record.valid, **fragile, **tests}
    return Head(
        Markup('<span class="f">{}</span>').format(record.formula) + where,
        Markup('{}, {} of <a href="{}">this algorithm</a> under protocol {}, {}.').format(
            f"{one.name[0]}·{record.alignment}",
            "a valid placement" if record.valid else "a placement that fails",
            one.links.algorithm(place.slug, record.algorithm, place.scope),
            place.question.protocol.name,
            how or "not stored, computed just now",
        ),
        [Verdict(label, _STATES[passed]) for label, passed in tests.items()],  # type: ignore[arg-type]  # its states
        head_actions(one),
    )


def _facts(record: Record) -> list[Fact]:
    return [
        Fact("IIA", f"{exact(record.agreed)} of {exact(record.tested)}", "interchanges that end as the algorithm says"),
        Fact("Margin", "–" if record.margin is None else decimal(record.margin, 4), "smallest of any tested output"),
    ]


def _joint_fact(record: DirectionRecord, n: int) -> Fact:
    if record.joint_agreed is None or record.joint_tested is None:
        return Fact("All at once", "not run", "there are too many combinations of sources")
    note = ""
    if record.joint_wrong is not None:
        wrong = record.joint_wrong
        sources = ", ".join(f"{source:0{n}b}" for source in wrong.sources) or "none"
        note = f"first failure: base {wrong.base:0{n}b}, sources {sources}: {wrong.expected} predicted, "
        note += f"output {decimal(wrong.output, 3)}"
    elif record.joint_margin is not None:
        note = f"smallest margin {decimal(record.joint_margin, 4)}"
    agreed = f"{exact(record.joint_agreed)} of {exact(record.joint_tested)}"
    return Fact("All at once", agreed, "each variable from a source of its own", note)


def _combs(record: DirectionRecord) -> Iterator[Direction]:
    """Directions to draw: each read-out, and below it the direction that its swap moves along where it has one."""
    for place in record.places:
        for number, row in enumerate(place.reads):
            yield Direction(place.layer, tuple(row), tuple(place.truth_table), place.shown)
            if place.swaps:
                swap = tuple(place.swaps[number])
                yield Direction(place.layer, swap, tuple(place.truth_table), place.shown, "moves")


def _read_words(place: DirectionPlaceRecord) -> str:
    if place.residual is None:
        return "no single direction"
    return f"{place.residual:.2g}" if place.gain else "reads nothing"


def _evidence(
    one: Explanation[Question], record: Record, options: PlacementOptions, **more: Callable[[Any], str]
) -> Iterator[Block]:
    """Show each variable by itself, the interventions that fail, a fold of all; then the folds of any explanation."""
    if not record.places:
        yield Section("Nothing to place", "the algorithm has no variables, so its one placement is empty and valid")
        yield from about(one)
        return
    hues = hues_of(one.item.algorithm)
    yield Section("Variables", "each interchanged by itself, over pairs of a source and another base")
    variables = [
        (
            *(posited(place, hues), place.path, place.site, f"{exact(place.agreed)} of {exact(place.tested)}"),
            "" if place.margin is None else decimal(place.margin, 4),
            *(says(place) for says in more.values()),
        )
        for place in record.places
    ]
    yield Table.plain(("Variable", "Path", "Stands on", "IIA", "Margin", *more), variables)
    rows = [row for place in record.places for row in _rows(place)]
    failing = [row for row in rows if row[-2:] == (True, False)]
    if failing:
        some = f"the first {_EDGE} of {exact(len(failing))}" if len(failing) > _EDGE else ""
        yield Section("Interventions that fail", some, id="failing")
        yield Table.plain(_LABELS[1:-2], [row[1:-2] for row in failing[:_EDGE]])
    words = "none fails" if not failing else noun(len(failing), "fails", "fail")
    yield More(
        "Every interchange",
        lambda: _every(one, _LABELS, rows, options.start, "intervention"),
        f"{exact(record.tested)} tested, {words}",
        id="interchanges",
    )
    yield from about(one)


def _every(
    one: Explanation[Any], labels: Sequence[str], rows: Sequence[tuple[Any, ...]], start: int, what: str
) -> Iterator[Block]:
    yield replace(
        Table.plain(labels, rows),
        query=Query(start=start, limit=_SHOWN),
        usual=Query(limit=_SHOWN),
        url=one.links.explanation(one.place.slug, one.ref),
        noun=what,
        files={"CSV": one.links.made_of(one.url(), "interchanges.all.csv")},
        kept={"part": "interchanges", **one.place.scope.query()},
        id="interchanges.all",
    )


def _rows(place: PlaceRecord) -> Iterator[tuple[Any, ...]]:
    """Rows of all interchanges of a variable, by the labels."""
    inputs = input_texts(len(place.truth_table).bit_length() - 1)
    for i, j in np.ndindex(len(inputs), len(inputs)):
        decision, expected = place.decisions[i][j], place.expected[i][j]
        what = (place.path, place.formula, place.site, inputs[i], inputs[j], place.outputs[i][j], decision, expected)
        yield (*what, place.is_tested[i][j], decision == expected)


_FOLLOWS: Final = "It follows from accuracy: all that the network reads of these inputs goes through this site."


# --- on sites, of an algorithm with finite variables


def site_placement_record(one: Any) -> SitePlacementRecord:
    """A placement on sites as JSON."""
    model, placement = one.item
    sites = {each.variable: each.sites for each in placement.places}
    return SitePlacementRecord(**one.fields, algorithm=model.text, sites=sites, placement=placement)


def _placement_held(one: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores of a placement as they are stored, and computed anew; the joint one where all its choices are run."""
    model, placement = one.item
    sites = {each.variable: each.sites for each in placement.places}
    anew = placed_on(one.place.question, read_causal_model(model.text), sites, JOINT_RUNS)
    jointly = placement.joint_exact and anew.joint_exact

    def figures(of: SitePlacement) -> dict[str, Any]:
        scores = {f"{each.variable} {name}": value for each in of.places for name, value in _scores(each.score)}
        joint = dict(_scores(of.joint)) if of.joint is not None and jointly else {}
        smallest = {"margin": min((each.gap for each in of.places), default=None)}
        return {"placement": of.id, **scores, **{f"joint {name}": value for name, value in joint.items()}, **smallest}

    found = figures(anew)
    return figures(placement) if one.stored else dict.fromkeys(found), found


def _scores(score: SiteScore) -> Iterator[tuple[str, int]]:
    yield from (("right", score.agreed), ("of", score.of), ("changed and right", score.changed_agreed))


@page(site_placement_record, PlacementOptions, _placement_held)
def site_placement(one: Any, options: PlacementOptions) -> Iterator[Block]:
    """Page of a placement on sites: its sites in the network, and every score with what stands beside it."""
    model, placement = one.item
    question: SubjectQuestion = one.place.question
    yield Head(
        Markup('<span class="f">{}</span>').format(called(model.text)),
        Markup('{}, on {}. Of <a href="{}">its algorithm</a>.').format(
            one.name,
            placement.sites or "no site",
            one.links.explanation(one.place.slug, ExplanationRef("algorithm", model.id), one.place.scope),
        ),
        list(_marks(placement)),
        head_actions(one),
    )
    each = [
        f"{one.variable}: {' and '.join(site_words(question, site) for site in one.sites.split())}"
        for one in placement.places
    ]
    caption = f"Nodes that carry a variable have its name. {'; '.join(each)}. Positions count from 1."
    drawn = figure(one, sites_drawing(question, placement), caption)
    yield Side([drawn, Facts(list(_site_facts(placement)))])
    yield from whole_text(model)
    yield Section("Its variables", "each alone: all ordered pairs of different rows")
    yield _places_table(placement.places)
    if any(each.follows for each in placement.places):
        yield Notice("Some of it follows from accuracy.", _FOLLOWS, state="computing")
    yield from _interchanges(one, options.start)
    yield More("How to read the scores", lambda: [_meanings()], "what stands beside each score", id="scores")
    yield from about(one)


def _marks(placement: SitePlacement) -> Iterator[Verdict]:
    words = {
        "single": "placed: every interchange is right",
        "joint": "placed jointly, its variables cannot be asked alone",
    }
    yield Verdict(words[placement.placed], "pass") if placement.placed else Verdict("not placed", "fail")
    if placement.follows and placement.placed:
        yield Verdict("follows from accuracy", "untested")
    if placement.fragile:
        yield Verdict("fragile: a margin below 1e-6", "untested")


def _site_facts(placement: SitePlacement) -> Iterator[Fact]:
    score, joint = placement.score, placement.joint
    yield Fact(
        "Interchanges right", of_all(score.agreed, score.of), "of all pairs on which the algorithm has an answer"
    )
    yield Fact(
        "Of those that change",
        of_all(score.changed_agreed, score.changed_of),
        "the algorithm's answer; the rest stay as they are",
    )
    if score.undefined:
        yield Fact("Undefined", exact(score.undefined), "pairs on which the algorithm has no answer, left out")
    drawn = "" if placement.joint_exact else ", drawn"
    yield Fact(
        "Joint",
        "not run" if joint is None else of_all(joint.agreed, joint.of) + drawn,
        "all variables at once, each from its row",
    )
    yield Fact("Margin", decimal(min((one.gap for one in placement.places), default=float("nan")), 4), "smallest gap")


def _interchanges(one: Any, start: int) -> Iterator[Block]:
    """Pairs of rows with what the algorithm says and what the network answers, those that fail first."""
    _, placement = one.item
    n_wrong = placement.score.of - placement.score.agreed
    if not placement.places:
        return
    if n_wrong and one.place.question.n_rows <= _AT_ONCE:
        some = f"the first {_EDGE} of {exact(n_wrong)}" if n_wrong > _EDGE else ""
        yield Section("Interchanges that fail", some, id="failing")
        yield Table.plain(_SITE_LABELS[:-1], [row[:-1] for row in _site_rows(one, _EDGE) if not row[-1]][:_EDGE])
    words = noun(n_wrong, "fails", "fail") if n_wrong else "none fails"
    most = f"; {exact(_LISTED)} are listed, those that fail first" if placement.score.of > _LISTED else ""
    yield More(
        "Every interchange",
        lambda: _every(one, _SITE_LABELS, _site_rows(one, _LISTED), start, "interchange"),
        f"{exact(placement.score.of)} tested, {words}{most}",
        id="interchanges",
    )


def _site_rows(one: Any, most: int) -> list[tuple[Any, ...]]:
    """Rows of interchanges by the labels, those that fail first."""
    model, placement = one.item
    question = one.place.question
    rows, classes = question.examples.rows, question.examples.classes
    sites = {each.variable: each.sites for each in placement.places}

    def named(answer: int) -> str:
        return "none" if answer < 0 else f"{answer} {classes[answer]}" if answer < len(classes) else f"{answer}"

    found = list[tuple[Any, ...]]()
    for each in interchanges(question, read_causal_model(model.text), sites):
        for base, source in each.pairs[:most].tolist():
            values = " ← ".join("none" if each.values[row] == NONE else f"{each.values[row]}" for row in (base, source))
            said, given = int(each.expected[base, source]), int(each.decided[base, source])
            what = (each.variable, rows[base], rows[source], values, named(said), named(given))
            found.append((*what, said == given))
    return sorted(found, key=lambda row: row[-1])[:most]


_COLUMNS = (
    column("variable", "Variable", "Of the algorithm.", first=True),
    column("sites", "Sites", "Exchanged together."),
    column("score", "Right", "Of all pairs on which the algorithm has an answer."),
    column("changed", "Of those that change", "Of the pairs that change the algorithm's answer."),
    column("undefined", "Undefined", "Pairs on which the algorithm has no answer."),
    column("ceiling", "At the inputs", "The same, but with the inputs exchanged that the sites are computed from."),
    column(
        "closed",
        "On rows of the task",
        "The score on pairs whose row with these inputs exchanged is a row of the task.",
    ),
    column("map", "Map", "What of the sites is exchanged: coordinates, or their projection on a direction."),
    column("follows", "Follows", "Whether it follows from accuracy."),
)


def _places_table(places: Sequence[PlacedVariable]) -> Block:
    rows = [
        Row(
            {
                "variable": one.variable,
                "sites": rounded(one.sites),
                "score": one.score.text,
                "changed": changed_text(one.score),
                "undefined": exact(one.score.undefined),
                "ceiling": one.ceiling.text,
                "closed": one.closed.text,
                "map": _map_words(one),
                "follows": "from accuracy" if one.follows else "",
            }
        )
        for one in places
    ]
    return listed("variable", _COLUMNS, rows)


def _map_words(one: PlacedVariable) -> str:
    if one.map != "oblique" or one.orthogonal is None:
        return one.map
    return f"oblique, condition {one.condition:.3g}; orthogonal {one.orthogonal.text}"


def _meanings() -> Block:
    columns = (column("what", "What", "", first=True), column("means", "Means", ""))
    return listed("meaning", columns, [Row({"what": one.label, "means": one.meaning}) for one in _COLUMNS])
