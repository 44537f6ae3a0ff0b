"""The common ground as pages show it: what explanations predict under every intervention, and what of it is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.ground_chart import ground_chart, reference
from pluriscope.analyses.shared_ground import shared_blocks
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.common_ground.report import CommonGroundReport, Kind
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.interventions.experiments import run_interventions, standing_of
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.figures.charts import Axis, Chart, Look, Series
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, Fact, Facts, More, Notice, Prose, Section

_WORDS: Final[Mapping[Kind, tuple[str, str]]] = {
    "interpretation": ("observed class", "observed classes"),
    "valid": ("placement", "placements"),
    "failing": ("placement that fails", "placements that fail"),
}
_READING: Final = """
- An intervention sets a set of hidden neurons to what they are on another input: every set, every ordered pair of
  different inputs. The network is whole, and answers 1 above 0.5; rules only say which explanations there are.
- Coverage is the share of interventions that an explanation predicts, accuracy the share of these that are right.
- Interpretations that no input distinguishes are one observed class; its representative stands for it, so the best and
  the worst over all completions are named separately. Bare circuits, algorithms without places and directions
  predict nothing here.
- There is no null model: what chance reaches is not computed. An explanation of a network that answers alike everywhere
  would be right everywhere.
"""
_ON_SITES: Final = """
- An intervention gives a set of sites what it is on another row: every set that was searched, every ordered pair of
  different rows. A placement predicts those on its variables' sets on which the algorithm has an answer.
- Two algorithms that are placed on one set agree on all of its interchanges. What tells two apart is an interchange of
  a variable of the one that no variable of the other answers alike: on its sites the network does what the one says.
- Algorithms that refine another are not counted, since no interchange tells them from it.
- A node is read within a circuit, not within the network.
"""


def _placements(report: CommonGroundReport, of: AnalysisContext[Question]) -> Chart:
    """Chart of the interventions that placements predict, and predict right."""
    n, series = report.n_interventions, list[Series]()
    shown: tuple[tuple[Kind, Look], ...] = (("valid", "ink"), ("failing", "open"))
    for kind, look in shown:
        some = list(report.of(kind))
        words = _WORDS[kind]
        names = [f"{exact(one.count)} {words[one.count != 1]}" for one in some]
        urls = [of.links.alignment(of.slug, one.first, one.second, of.scope) for one in some]
        x, y = [one.predicted for one in some], [one.right for one in some]
        series.append(Series(words[1], x, y, names=names, urls=urls, look=look))
    title = "Placements by what they predict and what of it is right"
    if report.shared is not None:  # each predicts on its own sites alone, of a great many
        n = max((one.predicted for one in report.of("valid", "failing")), default=n)
    return Chart("dots", title, Axis("interventions predicted", low=0, high=n), Axis("right", low=0, high=n), series)


def ground_words(chart: Chart) -> str:
    """Caption of the drawing."""
    every = chart.y.title == "interpretations"
    of = "all interpretations, exact" if every else "the observed classes that were looked at"
    bars = f"Bars count {of}; each leads to one of them."
    return f"An intervention gives some hidden neurons the values of another input. {bars}"


def _page(report: CommonGroundReport, of: AnalysisContext[Question]) -> Iterator[Block]:
    if report.partial:
        yield Notice("Not everything was looked at", _left_out(report), "Others may stand elsewhere.")
    if report.shared is None:
        chart = ground_chart(report).leading(of.explanation)
        yield ChartFigure(chart=chart, caption=ground_words(chart), id="ground")
    if any(report.of("valid", "failing")):
        answer = "Placements predict less, and may be right on all of it."
        yield ChartFigure(chart=_placements(report, of), caption=answer, id="placements")
    yield Facts(list(_facts(report, of)))
    accuracy = "accuracy" if report.shared is None else "iia"
    by = of.links.explanations(of.slug, of.scope, kind="alignment", sort=accuracy, order="desc")
    if any(report.of("valid", "failing")):
        yield Prose(f"The list of explanations has both numbers too: [placements by accuracy]({by}).", glossary=False)
    if report.shared is not None:
        yield from shared_blocks(report.shared, of)
    yield More("How to read it", lambda: [Prose(_READING if report.shared is None else _ON_SITES)])


def _left_out(report: CommonGroundReport) -> str:
    answer = []
    if report.largest_set is not None:
        answer.append(f"Sets of up to {report.largest_set} neurons only.")
    if report.more_circuits:
        answer.append("Interpretations of listed circuits only: more circuits are valid.")
    if report.drawn:
        classes = f"{exact(report.classes)} of {exact(int(report.n_classes))} observed classes"
        answer.append(f"{classes}, drawn uniformly without repetition (seed {report.seed}).")
    if report.n_unread:
        more = noun(report.n_unread, "more drawn class", "more drawn classes")
        answer.append(f"{more} could not be found: their circuits have too many states.")
    if report.alignments < report.n_alignments:
        answer.append(f"The first {exact(report.alignments)} of {noun(report.n_alignments, 'kept placement')}.")
    return " ".join(answer)


def _facts(report: CommonGroundReport, of: AnalysisContext[Question]) -> Iterator[Fact]:
    what = "of hidden neurons, each ordered pair of inputs" if report.shared is None else "of sites, each pair of rows"
    sets = f"{noun(report.n_sets, 'set')} {what}"
    yield Fact("Interventions", exact(report.n_interventions), sets)
    for name, one in (("Best interpretation", report.best), ("Worst interpretation", report.worst)):
        if one is not None:
            total = f"of {exact(int(report.interpretations))}{' in the classes drawn' if report.drawn else ''}"
            yield Fact(
                name,
                f"{exact(one.right)} of {exact(report.n_interventions)}",
                total,
                url=of.explanation(reference(one.mask, one.index)),
            )
    silent = report.silent_classes + report.silent_alignments
    beside = f"{exact(silent)} predict nothing and are left out" if silent else ""
    found = f"of {exact(report.n_alignments)} that the search kept, valid or not"
    yield Fact("Placements looked at", exact(report.alignments), found, beside)


def _about(report: CommonGroundReport | None, of: AnalysisContext[Question], ref: ExplanationRef) -> Iterator[Block]:
    """Section on one explanation: the interventions that it predicts, those it predicts right, and its rank."""
    action = Action("The common ground", of.links.analysis(of.slug, "common-ground", of.scope))
    if of.kind.refuses("formulas"):
        yield from _about_on_sites(report, of, action)
        return
    if ref.kind == "circuit":
        yield Notice("A bare circuit predicts nothing; its interpretations do", actions=[action])
        return
    if of.item is None or ref.kind in ("algorithm", "direction"):
        silent = "An algorithm without places predicts nothing; its placements do"
        if ref.kind == "direction":
            silent = "Directions predict nothing of sets of hidden neurons, which these interventions patch"
        yield Notice(silent, actions=[action])
        return
    space, answers = run_interventions(of.question)
    found = standing_of(KIND_OF[ref.kind].predict(of.question, [of.item], space)[0], answers)
    if not found.predicted:
        yield Notice(f"It predicts none of {noun(found.of, 'intervention')}", actions=[action])
        return
    sets = "every set of hidden neurons" if space.largest is None else f"sets of up to {space.largest} hidden neurons"
    shares: list[tuple[str, int, int, str]] = [
        ("Coverage", found.predicted, found.of, f"interventions on {sets} that it predicts"),
        ("Accuracy", found.right, found.predicted, "of these that it predicts right"),
    ]
    yield Facts([Fact(name, f"{exact(some)} of {exact(every)}", answer) for name, some, every, answer in shares])
    among = "" if report is None else _among(report, ref.kind, found.predicted, found.right)
    yield Section("Among the others", among or "The others are not surveyed.", action)


def _about_on_sites(
    report: CommonGroundReport | None, of: AnalysisContext[Question], action: Action
) -> Iterator[Block]:
    """The same of a network with sites, where placements alone predict anything."""
    if not isinstance(of.item, tuple) or not of.item[1].score.of:
        yield Notice("It predicts nothing by itself; placements do", actions=[action])
        return
    score = of.item[1].score
    yield Facts(
        [Fact("Accuracy", f"{exact(score.agreed)} of {exact(score.of)}", "interchanges that it predicts right")]
    )
    among = "" if report is None else _among(report, "alignment", score.of, score.agreed)
    yield Section("Among the others", among or "The others are not surveyed.", action)


def _among(report: CommonGroundReport, kind: str, predicted: int, right: int) -> str:
    """Sentence on the number of explanations of the same kind that are more accurate, as far as is known."""
    if kind == "interpretation" and report.spread is not None:
        better = sum(int(many) for at, many in report.spread if at > right)
        total = sum(int(many) for _, many in report.spread)
        return f"{exact(better)} of all {noun(total, 'interpretation')} predict more interventions right."
    is_class = kind == "interpretation"
    places = list(report.of("interpretation")) if is_class else list(report.of("valid", "failing"))
    better = sum(one.count for one in places if one.right * predicted > right * one.predicted)
    what = f"observed classes {'drawn' if report.drawn else 'there are'}" if is_class else "placements that are kept"
    return f"More accurate, of {exact(sum(one.count for one in places))} {what}: {exact(better)}."


SHOWN: Final = Shown(_page, about=_about)
