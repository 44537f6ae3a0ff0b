"""The pages of an algorithm with finite variables, and of a placement of it on the sites of a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from markupsafe import Markup
from pydantic import Field

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import settings_form
from pluriscope.analysis.algorithms.causal_model import NONE, read_causal_model
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.alignments.on_sites import Interchange
from pluriscope.analysis.placements.report import PlacedModel, PlacedVariable, SitePlacement, SiteScore
from pluriscope.analysis.placements.search import interchanges, placed_on, unplaced
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.listing import ALGORITHMS
from pluriscope.app.db.reads.jobs import jobs_about
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.candidates import JOINT_RUNS, sites_in_ref
from pluriscope.app.pages.page import about, column, figure, head_actions, listed, page
from pluriscope.app.pages.pending_work import progress_of
from pluriscope.app.pages.placement import PlacementOptions
from pluriscope.app.pages.shared import work_state
from pluriscope.figures.numbers import decimal, exact, noun
from pluriscope.kinds.sites import called, rounded, site_words, sites_drawing
from pluriscope.page_kit.blocks import Action, Block, Fact, Facts, Form, Head, More, Notice, Prose, Section, Side, Table
from pluriscope.page_kit.blocks import Verdict as Mark
from pluriscope.tables.table import Query, Row
from pluriscope.views.networks import draw_network
from pluriscope.views.records import ExplanationRecord

FOLLOWS = "It follows from accuracy: all that the network reads of these inputs goes through this site."


class SiteAlgorithmRecord(ExplanationRecord):
    """An algorithm with finite variables, and its placements."""

    kind: str = "algorithm"
    algorithm: PlacedModel


class SitePlacementRecord(ExplanationRecord):
    """A placement of an algorithm on sites."""

    kind: str = "alignment"
    algorithm: str = Field(description="Its text.")
    sites: dict[str, str] = Field(description="Variable → its sites, with spaces between them.")
    placement: SitePlacement


# --- an algorithm


def algorithm_record(one: Any) -> SiteAlgorithmRecord:
    """An algorithm with finite variables as JSON."""
    return SiteAlgorithmRecord(**one.fields, algorithm=one.item)


def _algorithm_held(one: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is stored of an algorithm, and the same computed anew; nothing of where it is placed."""

    def figures(model: PlacedModel) -> dict[str, Any]:
        asked = {f"pairs that change {each.name}": each.changed_of for each in model.variables}
        return {"algorithm": model.id, "computes the task": not model.wrong, **asked}

    anew = figures(unplaced(one.place.question, read_causal_model(one.item.text)))
    return figures(one.item) if one.stored else dict.fromkeys(anew), anew


@page(algorithm_record, held=_algorithm_held)
def site_algorithm(one: Any, _options: ScopeOptions) -> Iterator[Block]:
    """Page of an algorithm with finite variables: what it computes, and where it is found."""
    model: PlacedModel = one.item
    marks = [
        Mark("does not compute the task" if model.wrong else "computes the task", "fail" if model.wrong else "pass")
    ]
    if one.stored and not model.wrong:
        marks.append(Mark("placed", "pass") if model.valid else Mark("not placed", "fail"))
    variables = noun(len(model.variables), "variable")
    yield Head(
        Markup('<span class="f">{}</span>').format(called(model.text)),
        f"{one.name}, an algorithm with {variables} for {one.place.question.subject.task or 'the task'}.",
        marks,
        head_actions(one),
    )
    number = "not counted" if model.n_placed is None else exact(model.n_placed)
    if not one.stored:
        number = "not asked"
    facts = [
        Fact("Placements", number, "each variable on sites of its own, every interchange right", url="#placements"),
        *([Fact("Minimal", exact(model.n_minimal), "within their families")] if one.stored and model.n_minimal else []),
        *(
            [Fact("By path", exact(model.n_paths), "sites in series counted once")]
            if one.stored and model.n_paths
            else []
        ),
    ]
    yield Side([figure(one, draw_network(one.place.question, title="The network"), "The network."), Facts(facts)])
    yield from _whole(model)
    if model.folded_onto:
        yield Notice(
            "It refines another algorithm.",
            "No answer tells some of its values apart, so it has all scores of the one that it is folded onto.",
            state="computing",
        )
    for remark in model.remarks:
        yield Notice("Part of the search stopped.", remark, state="computing")
    if model.wrong:
        yield Notice("It does not compute the task.", f"It {model.wrong}.", state="refused")
    if model.variables:
        yield Section(
            "Its variables", "pairs of rows whose interchange changes the answer; sets on which each is placed"
        )
        yield _variables(model, stored=one.stored)
    yield Section("Where it is found", "the smallest first", id="placements")
    yield from _kept(one, model) if one.stored else _unplaced(one, model)
    if model.variables:
        yield Section("Try sites", "each variable on sites of the network, with what its interchanges say", id="try")
        field = Field(title="Sites", description="VARIABLE:SITE for each variable, joined by ;")
        form = settings_form((), one.place.scope, {"place": (str, field)})
        values = {"place": _sites_tried(one, model), **one.place.scope.query()}
        yield Form(form, one.links.explanation(one.place.slug, one.ref), "Score them", values, changes=False)
    yield from about(one)


def _whole(model: PlacedModel) -> Iterator[Block]:
    """All statements of an algorithm, where its name does not have them."""
    if called(model.text) != model.text:
        lines = "\n".join(one.strip() for one in model.text.split(";"))
        yield Prose(f"```\n{lines}\n```", glossary=False)


def _sites_tried(one: Any, model: PlacedModel) -> str:
    """Sites to begin with: those of a placement that is kept, else the first of the network."""
    if model.placements:
        return sites_in_ref(model.placements[0])
    there = Interchange(one.place.question.subject, inputs_of(one.place.question))
    named = [f"{site}~{values.shape[1]}" if values.shape[1] > 1 else site for site, values in there.clean.items()]
    return ";".join(f"{each.name}:{named[min(k + 1, len(named) - 1)]}" for k, each in enumerate(model.variables))


def _unplaced(one: Any, model: PlacedModel) -> Iterator[Block]:
    """What is said of an algorithm that no report holds: that its placements are searched, or can be."""
    jobs = jobs_about(one.session, one.place.analysis, ALGORITHMS) if one.place.analysis is not None else []
    job = next((job for job in jobs if model.text in job.arguments.get("algorithms", ())), None)
    fields = {**dict(one.place.scope.fields), "algorithms": model.text}
    ask = Action("Place it", one.links.analysis(one.place.slug, ALGORITHMS), True, True, fields)
    place = one.place
    if model.wrong:
        yield Notice("Not asked", "Algorithms that do not compute the task are not placed.")
    elif place.analysis is None and not place.question.obstacle:
        ask = Action("Analyse", one.links.analyses(place.slug), True, True, dict(place.scope.fields))
        yield Notice("Not asked", "Algorithms are placed once the network is analysed.", actions=[ask])
    elif job is not None and work_state(job) == "computing":
        yield progress_of(job, one.links, "progress", "Its placements are searched")
    else:
        failed = job.error.splitlines()[-1] if job is not None and job.error else ""
        yield Notice("Not asked", failed or "Nobody asked where in this network its variables are.", actions=[ask])


def _variables(model: PlacedModel, *, stored: bool) -> Block:
    columns = (
        column("name", "Variable", "Its name.", first=True),
        column("values", "Values", "That it has on the rows."),
        column("asked", "Changes", "Ordered pairs of rows whose interchange changes the algorithm's answer."),
        column("placed", "Placed on", "Sets of sites on which all interchanges are right and some are changed."),
        column("paths", "Paths", "Such sets in series on one path counted once."),
        column("best", "Closest", "The set with the highest score, where it is placed on none."),
    )
    rows = []
    for one in model.variables:
        best = one.best[0] if one.best and not one.n_placed else None
        values = ", ".join("none" if value is None else f"{value}" for value in one.values[:12])
        rows.append(
            Row(
                {
                    "name": one.name,
                    "values": values + (" …" if one.n_values > 12 else ""),
                    "asked": exact(one.changed_of) if one.asked else "none: it cannot be asked alone on these rows",
                    "placed": f"{exact(one.n_placed)}, {exact(one.n_minimal)} minimal" if stored else "not asked",
                    "paths": exact(one.n_paths) if stored else "not asked",
                    "best": "" if best is None else f"{best.sites}: {best.score.text}",
                }
            )
        )
    return listed("variable", columns, rows)


def _kept(one: Any, model: PlacedModel) -> Iterator[Block]:
    if not model.placements:
        yield Notice("No placement is kept.", "It does not compute the task." if model.wrong else "")
        return
    url = one.links.explanations(one.place.slug, one.place.scope, kind="alignment", algorithm=model.id, valid="any")
    columns = (
        column("sites", "Sites", "Where each variable is.", first=True),
        column("standing", "Standing", "Whether it is placed."),
        column("score", "Interchanges right", "Of all pairs on which the algorithm has an answer."),
        column("changed", "Of those that change", "Of pairs that change the algorithm's answer."),
        column("joint", "Joint", "All variables exchanged at once, each from a row of its own."),
    )
    rows = [
        Row(
            _placement_row(each),
            url=one.links.explanation(one.place.slug, ExplanationRef("alignment", model.id, each.id), one.place.scope),
        )
        for each in model.placements[:12]
    ]
    yield listed("placement", columns, rows)
    if len(model.placements) > 12:
        words = f"all {noun(len(model.placements), 'placement')} that are kept"
        yield Notice("More", Markup('<a href="{}">{}</a>').format(url, words), state="computing")


def _placement_row(one: SitePlacement) -> dict[str, str]:
    words = {"single": "placed", "joint": "placed jointly", "": "fails"}[one.placed]
    if one.minimal and one.placed:
        words += ", minimal"
    return {
        "sites": rounded(one.sites) or "no variable",
        "standing": words + (", follows from accuracy" if one.follows and one.placed else ""),
        "score": one.score.text,
        "changed": changed_text(one.score),
        "joint": "not run" if one.joint is None else one.joint.text + ("" if one.joint_exact else ", drawn"),
    }


def of_all(some: int, every: int) -> str:
    """Two numbers as a fact has them: ``20 of 32``."""
    return f"{exact(some)} of {exact(every)}"


def changed_text(score: SiteScore) -> str:
    """Interchanges that change the algorithm's answer and are right, of those: ``20/32``."""
    return f"{score.changed_agreed}/{score.changed_of}"


# --- a placement


def placement_record(one: Any) -> SitePlacementRecord:
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


@page(placement_record, PlacementOptions, _placement_held)
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
    yield Side([drawn, Facts(list(_facts(placement)))])
    yield from _whole(model)
    yield Section("Its variables", "each alone: all ordered pairs of different rows")
    yield _places(placement.places)
    if any(each.follows for each in placement.places):
        yield Notice("Some of it follows from accuracy.", FOLLOWS, state="computing")
    yield from _interchanges(one, options.start)
    yield More("How to read the scores", lambda: [_meanings()], "what stands beside each score", id="scores")
    yield from about(one)


def _marks(placement: SitePlacement) -> Iterator[Mark]:
    words = {
        "single": "placed: every interchange is right",
        "joint": "placed jointly, its variables cannot be asked alone",
    }
    yield Mark(words[placement.placed], "pass") if placement.placed else Mark("not placed", "fail")
    if placement.follows and placement.placed:
        yield Mark("follows from accuracy", "untested")
    if placement.fragile:
        yield Mark("fragile: a margin below 1e-6", "untested")


def _facts(placement: SitePlacement) -> Iterator[Fact]:
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


_EDGE: Final = 12  # failing interchanges that stand on the page without asking
_AT_ONCE: Final = 110  # rows up to which they do
_SHOWN: Final = 200  # interchanges on one page of their list
_LISTED: Final = 2_000
_LABELS: Final = ("Variable", "Base", "Source", "Value on each", "The algorithm says", "The network answers", "Agrees")


def _interchanges(one: Any, start: int) -> Iterator[Block]:
    """Pairs of rows with what the algorithm says and what the network answers, those that fail first."""
    _, placement = one.item
    n_wrong = placement.score.of - placement.score.agreed
    if not placement.places:
        return
    if n_wrong and one.place.question.n_rows <= _AT_ONCE:
        some = f"the first {_EDGE} of {exact(n_wrong)}" if n_wrong > _EDGE else ""
        yield Section("Interchanges that fail", some, id="failing")
        yield Table.plain(_LABELS[:-1], [row[:-1] for row in _rows(one, _EDGE) if not row[-1]][:_EDGE])
    words = noun(n_wrong, "fails", "fail") if n_wrong else "none fails"
    listed = f"; {exact(_LISTED)} are listed, those that fail first" if placement.score.of > _LISTED else ""

    def every() -> Iterator[Block]:
        yield replace(
            Table.plain(_LABELS, _rows(one, _LISTED)),
            query=Query(start=start, limit=_SHOWN),
            usual=Query(limit=_SHOWN),
            url=one.links.explanation(one.place.slug, one.ref),
            noun="interchange",
            files={"CSV": one.links.made_of(one.url(), "interchanges.all.csv")},
            kept={"part": "interchanges", **one.place.scope.query()},
            id="interchanges.all",
        )

    yield More("Every interchange", every, f"{exact(placement.score.of)} tested, {words}{listed}", id="interchanges")


def _rows(one: Any, most: int) -> list[tuple[Any, ...]]:
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


def _places(places: Sequence[PlacedVariable]) -> Block:
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
