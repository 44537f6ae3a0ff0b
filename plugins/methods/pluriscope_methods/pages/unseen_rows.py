"""Unseen rows as pages show them: which inputs valid circuits use, and what they predict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.figures.charts import Axis, Chart, Mark, Series
from pluriscope.figures.numbers import enumerated, exact
from pluriscope.page_kit.blocks import Block, ChartFigure, Fact, Facts, More, Prose, Section, Table
from pluriscope_methods.unseen_rows import UnseenReport, answers_of, uses

_READING: Final = """
- Circuits are valid on the seen rows alone. Each is run on the others, too: what it answers there it *predicts*, and
  so does each of its interpretations, which answers as it does.
- A circuit uses an input if its answer changes on some row when this input alone is flipped; an edge is not enough.
- An input with an agreement of 1 or −1 tells the right answer on every seen row: a [shortcut](/glossary#shortcut),
  if it is not what the task asks. One with an agreement of 0 tells nothing, and stands beside it as a null.
- Of circuits that predict every unseen row it follows that all use a shortcut by which the network answers, and none
  does where the network answers otherwise than it on each of these rows. What circuits use before anybody looks does
  not follow.
- A hidden neuron looks clean on an input if a threshold of its activation tells the input on every seen row. With few
  rows that is easily so, which is called an interpretability illusion (Bolukbasi et al. 2021).
"""

_USED: Final = {True: "yes", False: "no"}


def _chart(report: UnseenReport) -> Chart:
    """Valid circuits by unseen rows that they answer as the task asks."""
    bars = Series("", [*range(len(report.by_right))], report.by_right)
    title = "Valid circuits by unseen rows that they answer as the task asks"
    return Chart(
        "bars", title, Axis("unseen rows right"), Axis("valid circuits"), [bars], [Mark(report.right, "the network")]
    )


def _page(report: UnseenReport, _: AnalysisContext[Question]) -> Iterator[Block]:
    unseen, every = report.unseen, exact(report.circuits)
    facts = [Fact("The network is wrong on", exact(len(unseen) - report.right), f"of {len(unseen)} unseen rows")]
    facts += [Fact("Predict all of them", exact(report.kept), f"of {every} valid circuits")]
    facts += [
        Fact(f"Use {one.name}", exact(one.used), f"of {every} valid circuits", "it agrees on all seen rows")
        for one in report.inputs
        if one.shortcut
    ]
    yield Facts(facts)
    least = enumerated([exact(n) for n in report.minimal_by_right])
    words = f"Bars count valid circuits; the mark is the network itself. Of minimal ones there are {least}."
    yield ChartFigure(chart=_chart(report), caption=words, id="right")
    yield Section("Which inputs circuits use", f"{every} valid circuits, {exact(report.minimal)} of them minimal")
    yield Table.plain(
        ("Input", "Agreement", "Valid that use it", "Minimal that do", "Of those that predict all", "Network uses it"),
        [
            (one.name, round(one.agreement, 2), one.used, one.minimal_used, one.kept_used, _USED[one.network])
            for one in report.inputs
        ],
    )
    yield Section("What they predict", "Circuits that answer 1 on each row that none was judged on")
    yield Table.plain(
        ("Row", "Valid that answer 1", "Minimal that do", "The network answers", "Right is"),
        [(one.row, one.ones, one.minimal_ones, one.network, one.right) for one in unseen],
    )
    clean = sum(one.right == len(report.rows) for one in report.clean)
    hint = f"{clean} of {len(report.clean)} pairs are so on all rows"
    lines = [(one.neuron, one.input, one.right) for one in report.clean]
    heads = "Neuron", "Input", f"Right of {len(report.rows)} rows"
    yield More("Neurons that look clean on the seen rows", lambda: [Table.plain(heads, lines)], hint, id="clean")
    yield More("How to read it", lambda: [Prose(_READING)])


def _about(report: UnseenReport | None, of: AnalysisContext[Question], ref: ExplanationRef) -> Iterator[Block]:
    """What one circuit predicts, and which inputs it uses."""
    if report is None or ref.kind != "circuit":
        return
    (given,) = answers_of(of.question, mask_array([int(ref.first, 16)], of.question.layout))
    names = [name for name, used in zip(INPUT_NAMES, uses(given), strict=False) if used]
    hits = sum(int(given[at]) == one.network for at, one in enumerate(report.rows) if not one.seen)
    yield Facts([
        Fact("Uses", enumerated(names) or "no input", "answers change when it is flipped"),
        Fact("Unseen rows predicted", f"{hits} of {len(report.unseen)}", "as the network answers them"),
    ])  # fmt: skip


SHOWN: Final = Shown(_page, about=_about)
