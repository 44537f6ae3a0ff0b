"""The page of one candidate algorithm: what it computes, and where in the network its variables are found."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from markupsafe import Markup
from pydantic import Field

from pluriscope.addresses.address import ResultRef
from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import settings_form
from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import IRREDUNDANT
from pluriscope.analysis.placements.interchange import Interchange
from pluriscope.analysis.placements.report import PlacedModel, SitePlacement, SiteScore
from pluriscope.analysis.placements.search import unplaced
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.listing import ALGORITHMS, frame_of_analysis
from pluriscope.app.db.reads import algorithms as reads
from pluriscope.app.db.reads.jobs import jobs_about
from pluriscope.app.db.tables import AlgorithmRow
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.candidates import (
    find_algorithm_row,
    hues_of,
    input_texts,
    posited,
    sites_in_ref,
    variables_of,
)
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.page import about, column, figure, head_actions, listed, page
from pluriscope.app.pages.pending_work import progress_of
from pluriscope.app.pages.placed import PlacedOptions
from pluriscope.app.pages.shared import work_state
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.tiles import Hues, bits_of
from pluriscope.figures.svg.trees import formula_tree
from pluriscope.kinds.placements import called, rounded
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    Choice,
    Fact,
    Facts,
    Form,
    Head,
    Notice,
    Prose,
    Section,
    Side,
    Table,
    Tray,
    Verdict,
)
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Query, Row
from pluriscope.views.networks import draw_network
from pluriscope.views.records import AlgorithmRecord, ExplanationRecord

_VARIABLES: Final = {
    "and_inverter": "its gates but the last, each occurrence its own",
    "shared_gates": "its gates but the last; equal ones are one gate",
    "formula_trees": "its inner nodes, where a NOT stands for its child, each occurrence its own",
}

_FIRST: Final = 12  # placements that the page lists; all are in the list of explanations
_SHOWN: Final = ("neurons", "iia", "margin")
_PLACE: Final = (column("where", "Placement", "What stands where.", first=True),)


class AlgorithmOptions(PlacedOptions):
    """Options of one algorithm's page."""

    minimal: bool = Field(False, description="Only minimal placements.")


class SiteAlgorithmRecord(ExplanationRecord):
    """An algorithm with finite variables, and its placements."""

    kind: str = "algorithm"
    algorithm: PlacedModel


def row_of(one: Explanation[Question]) -> AlgorithmRow:
    """The row of the algorithm, or of an alignment's."""
    return find_algorithm_row(one.session, one.links, one.place, one.ref.first)


def algorithm_record(one: Explanation[Question]) -> AlgorithmRecord:
    """An algorithm as JSON."""
    place, row = one.place, row_of(one)
    algorithm: HighLevelModel = one.item
    return AlgorithmRecord.showing(
        algorithm,
        row,
        **one.fields,
        algorithm=algorithm.id,
        truth_table=list(bits_of(algorithm.function, algorithm.n_inputs)),
        variables=variables_of(algorithm),
        irredundant={key: getattr(row, key.replace("-", "_")) for key in IRREDUNDANT},
        of=0 if place.analysis is None else reads.n_algorithms(one.session, place.analysis),
        valid=row.n_valid,
        minimal=row.n_minimal,
        kept=row.n_kept,
    )


@page(algorithm_record, AlgorithmOptions)
def algorithm(one: Explanation[Question], options: AlgorithmOptions) -> Iterator[Block]:
    """Page of an algorithm: what it computes, where it is found, and the rest folded."""
    record, hues = algorithm_record(one), hues_of(one.item)
    yield _head(one, record)
    caption = "Squares in colour are the variables it posits; grey ones are given by the task. Dashed with ¬ = negated."
    tree = formula_tree(one.item, hues=hues, title=f"Formula tree of {record.formula}")
    yield Side([figure(one, tree, caption), Facts(list(_facts(record)))])
    yield from _values(one, record, hues)
    yield from _placements(one, record, options)
    yield from about(one)


def _head(one: Explanation[Question], record: AlgorithmRecord) -> Head:
    place = one.place
    number = f"number {exact(record.position + 1)} of {noun(record.of, 'candidate')}"
    if not record.of:
        number = f"candidate number {exact(record.position + 1)}"
    task = place.question.task
    label = task.label
    states = {None: "untested", True: "pass", False: "fail"}
    url = one.links.glossary("irredundant")
    return Head(
        Markup('<span class="f">{}</span>').format(record.formula),
        f"{one.name}, {number} for {label} under protocol {place.question.protocol.name}: depth {record.depth}, "
        f"{noun(record.n_gates, 'gate')}, {noun(len(record.variables), 'variable')}.",
        [Verdict(IRREDUNDANT[key], states[passed], url) for key, passed in record.irredundant.items()],  # type: ignore[arg-type]
        head_actions(one),
    )


def _facts(record: AlgorithmRecord) -> Iterator[Fact]:
    if record.truncated_at == 0:
        yield Fact("Placements", "unknown", "they were not searched", url="#alignments")
        return
    stopped = f"the first {exact(record.truncated_at)} are kept" if record.truncated_at else "exact"
    yield Fact("Placements", exact(record.valid), stopped, url="#alignments")
    yield Fact("Minimal", exact(record.minimal), "of them")
    yield Fact("Kept", exact(record.kept), "with those that come closest")


def _values(one: Explanation[Question], record: AlgorithmRecord, hues: Hues) -> Iterator[Block]:
    """The value of each variable on every input, and how the algorithm is written."""
    task = one.place.question.task
    lines: list[tuple[str, str, list[int]]] = [
        (posited(known, hues), known.path, known.truth_table) for known in record.variables
    ]
    lines += [("output", "", record.truth_table), (task.name or "task", "", list(task.truth_table))]
    inputs = input_texts(one.place.question.subject.n_inputs)
    yield Section("What it computes", f"its variables are {_VARIABLES[record.form]}")
    yield Table.plain(("Variable", "Path", *inputs), [(name, path, *map(str, table)) for name, path, table in lines])


# --- where it is found


def _kept(one: Explanation[Question], **wanted: str) -> Table:
    """The first of the kept placements of an algorithm on neurons, fewest neurons first."""
    place, asked = one.place, {"kind": "alignment", "algorithm": one.ref.first, **wanted}
    listing = AtHand((), ())
    if place.analysis is not None:
        frame = frame_of_analysis(one.session, place.analysis, place.question, ResultRef(place.slug, place.scope))
        query = Query({name: (value,) for name, value in asked.items()}, "neurons", limit=_FIRST)
        columns = (*_PLACE, *(known for known in frame.columns if known.name in _SHOWN))
        listing = AtHand(columns, frame.select(query, facets=False).rows)
    return Table(
        listing,
        Query(limit=_FIRST),
        "",
        "alignment",
        thumb=lambda row: None if row.drawing is None else row.drawing(),
        tray=Tray(f"{place.slug}/{place.scope.output}", one.links.compare(place.slug, (), place.scope)),
        facets=False,
    )


def _placements(one: Explanation[Question], record: AlgorithmRecord, options: AlgorithmOptions) -> Iterator[Block]:
    """The placements that are kept, or why there are none."""
    place = one.place
    every = partial(one.links.explanations, place.slug, place.scope, kind="alignment", algorithm=record.algorithm)
    lists = {"valid": one.url(), "minimal": one.url(minimal=1), f"all {record.kept} kept": every(valid="any")}
    choice = Choice("Listed", lists, "minimal" if options.minimal else "valid") if record.kept else None
    yield Section("Where it is found", "on sets of neurons, the smallest first", choice, id="alignments")
    if record.kept and (record.minimal if options.minimal else record.valid):
        yield _kept(one, **{"minimal" if options.minimal else "valid": "yes"})
    elif record.truncated_at != 0:
        whole = "The search was exhaustive." if record.truncated_at is None else ""
        yield Notice("No placement of its variables is valid." if not record.valid else "None is minimal.", whole)
    else:
        cause = "There are too many sets of neurons to try"
        if not record.of:
            cause = f"This output has not been analysed under {place.question.protocol.name} yet"
        cause += "; whether a placement carries this algorithm is not known."
        yield Notice("Placements were not searched.", cause, state="computing")


def of_all(some: int, every: int) -> str:
    """Two numbers as a fact has them: ``20 of 32``."""
    return f"{exact(some)} of {exact(every)}"


def changed_text(score: SiteScore) -> str:
    """Interchanges that change the algorithm's answer and are right, of those: ``20/32``."""
    return f"{score.changed_agreed}/{score.changed_of}"


# --- with finite variables, on sites


def site_algorithm_record(one: Any) -> SiteAlgorithmRecord:
    """An algorithm with finite variables as JSON."""
    return SiteAlgorithmRecord(**one.fields, algorithm=one.item)


def _algorithm_held(one: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is stored of an algorithm, and the same computed anew; nothing of where it is placed."""

    def figures(model: PlacedModel) -> dict[str, Any]:
        asked = {f"pairs that change {each.name}": each.changed_of for each in model.variables}
        return {"algorithm": model.id, "computes the task": not model.wrong, **asked}

    anew = figures(unplaced(one.place.question, read_causal_model(one.item.text)))
    return figures(one.item) if one.stored else dict.fromkeys(anew), anew


@page(site_algorithm_record, held=_algorithm_held)
def site_algorithm(one: Any, _options: ScopeOptions) -> Iterator[Block]:
    """Page of an algorithm with finite variables: what it computes, and where it is found."""
    model: PlacedModel = one.item
    marks = [
        Verdict("does not compute the task" if model.wrong else "computes the task", "fail" if model.wrong else "pass")
    ]
    if one.stored and not model.wrong:
        marks.append(Verdict("placed", "pass") if model.valid else Verdict("not placed", "fail"))
    variables = noun(len(model.variables), "variable")
    yield Head(
        Markup('<span class="f">{}</span>').format(called(model.text)),
        f"{one.name}, an algorithm with {variables} for {one.place.question.task_document['name'] or 'the task'}.",
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
    yield from whole_text(model)
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
    yield from _kept_on_sites(one, model) if one.stored else _unplaced(one, model)
    if model.variables:
        yield Section("Try sites", "each variable on sites of the network, with what its interchanges say", id="try")
        field = Field(title="Sites", description="VARIABLE:SITE for each variable, joined by ;")
        form = settings_form((), one.place.scope, {"place": (str, field)})
        values = {"place": _sites_tried(one, model), **one.place.scope.query()}
        yield Form(form, one.links.explanation(one.place.slug, one.ref), "Score them", values, changes=False)
    yield from about(one)


def whole_text(model: PlacedModel) -> Iterator[Block]:
    """All statements of an algorithm, where its name does not have them."""
    if called(model.text) != model.text:
        lines = "\n".join(one.strip() for one in model.text.split(";"))
        yield Prose(f"```\n{lines}\n```", glossary=False)


def _sites_tried(one: Any, model: PlacedModel) -> str:
    """Sites to begin with: those of a placement that is kept, else the first of the network."""
    if model.placements:
        return sites_in_ref(model.placements[0])
    there = Interchange.of(one.place.question)
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


def _kept_on_sites(one: Any, model: PlacedModel) -> Iterator[Block]:
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
