"""Two explanations that an analysis found: P and Q that contradict each other, or the circuits that share least."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from markupsafe import Markup

from pluriscope.addresses.naming import LETTERS, ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.circuit_sets.rivals import RivalsReport
from pluriscope.analysis.pair.report import CONDITIONS, FairPairReport
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.figures.svg.tiles import Tile, bits_of, hues_among
from pluriscope.objects.comparison import who_is_right
from pluriscope.page_kit.blocks import Action, Block, Figure, Notice, Prose, Section, Side

_UNFAIR: Final = "No two contradict each other fairly", "these come nearest"


def refs(pair: Any) -> list[str]:
    """References of the pair, as the address of a comparison has them; [] where there is no pair."""
    if pair is None:
        return []
    if not hasattr(pair, "indices"):
        return [str(ExplanationRef("circuit", mask)) for mask in pair.masks]
    named = zip(pair.masks, pair.indices, strict=True)
    return [str(ExplanationRef("interpretation", mask, index)) for mask, index in named]


def _page(report: FairPairReport | RivalsReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    """The two under their heading, and where they can be compared."""
    compare = of.compare(refs(report.pair))
    if isinstance(report, RivalsReport):
        action = None if report.pair is None else Action("Compare the two", compare)
        yield Section("The two farthest apart", "same rules, both valid", action, id="pair")
        if report.pair is not None:
            shared = int(report.pair.masks[0], 16) & int(report.pair.masks[1], 16)
            sizes = [(of.circuit(mask), noun(int(mask, 16).bit_count(), of.part)) for mask in report.pair.masks]
            captions = [Markup("{}, {}").format(*one) for one in sizes]
            drawn = [of.thumb(mask, shared) for mask in report.pair.masks]
            yield Side([Figure(*both) for both in zip(drawn, captions, strict=True)])
        yield Prose(" ".join(report.findings(of.question)))
    elif report.pair is None:
        yield Section(_UNFAIR[0], id="pair")
        yield Prose(" ".join(report.findings(of.question)))
    else:
        given_up = report.pair.given_up
        heading = _UNFAIR if given_up else ("Two that contradict each other", "both valid")
        words = "Compare these two" if given_up else "See where, and guess first"
        yield Section(*heading, Action(words, compare), id="pair")
        yield Side([_one(report, number, of) for number in range(2)])
        pair, total = report.pair, noun(report.n_interventions, "intervention")
        yield who_is_right((pair.both_right, pair.first_right, pair.second_right, pair.neither), total)
        if given_up:
            answer = ", and ".join(CONDITIONS[one] for one in given_up)
            yield Prose(f"They are no fair [pair](glossary.md#pair): {answer}.")


def _one(report: FairPairReport, number: int, of: AnalysisContext[SubjectQuestion]) -> Figure:
    pair, question = report.pair, of.question
    assert pair is not None  # noqa: S101  # else nothing is drawn
    assert isinstance(question, Question)  # noqa: S101  # pairs are of interpretations
    n_inputs, masks = question.network.n_inputs, [int(one, 16) for one in pair.masks]
    gates = [[(one, bits_of(one.function, n_inputs)) for one in found] for found in pair.gates]
    drawn = circuit_thumb(
        question.network.weights,
        Circuit(question.layout, masks[number]),
        [Tile(one.layer, one.neuron, bits, one.label) for one, bits in gates[number]],
        shared=Circuit(question.layout, masks[0] & masks[1]).keep if masks[0] != masks[1] else None,
        hues=hues_among(bits for _, bits in chain(*gates)),
        title=f"Interpretation {LETTERS[number]}",
    )
    mask, index = pair.masks[number], pair.indices[number]
    right = pair.both_right + (pair.second_right if number else pair.first_right)
    caption = Markup('<b class="key">{}</b> <a class="mono" href="{}">i·{}.{}</a><br>{}, right on {} of {}').format(
        LETTERS[number],
        of.links.interpretation(of.slug, mask, int(index), of.scope),
        mask,
        index,
        noun(masks[number].bit_count(), "edge"),
        exact(right),
        noun(report.n_interventions, "intervention"),
    )
    return Figure(drawn, caption)


def _about(
    report: FairPairReport | RivalsReport | None, of: AnalysisContext[SubjectQuestion], ref: ExplanationRef
) -> Iterator[Block]:
    """Notice that an explanation is one of the pair."""
    found = [] if report is None else refs(report.pair)
    if report is None or str(ref) not in found:
        return
    words = "It is one of the two circuits that differ most from each other"
    if isinstance(report, FairPairReport):
        nearest = report.pair is not None and report.pair.given_up
        words = "It is one of the pair: each is right where the other is wrong"
        words = "It is one of the two that come nearest to a fair pair" if nearest else words
    yield Notice(words, "", actions=[Action("Compare the two", of.compare(found))])


SHOWN: Final = Shown(_page, about=_about)
