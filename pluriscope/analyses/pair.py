"""The fair pair as pages show it: two interpretations, who is right how often, and an experiment for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

from markupsafe import Markup

from analysis.pair.report import CONDITIONS, ExperimentFound, FairPairReport, PairFound
from analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analyses.shown import AnalysisContext, Shown, input_words
from pluriscope.blocks import Action, Block, Figure, More, Notice, Prose, Section, Side
from pluriscope.comparison import who_is_right
from pluriscope.figures.numbers import decimal, exact, noun
from pluriscope.figures.svg.elements import twice
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.marks import quarters
from pluriscope.figures.svg.networks import NARROW, WIDTH, Contrast, circuit_thumb, network_diagram
from pluriscope.figures.svg.tiles import Tile, bits_of, hues_among
from pluriscope.naming import LETTERS, ExplanationRef

CONTRADICT: Final = "Two that contradict each other"
SAME: Final = "same kind, same test"
_UNFAIR: Final = "No two contradict each other as asked", "these come nearest"
_IN_PAIR: Final = "It is one of the pair: each is right where the other is wrong"
_ASKED: Final = """
- Both are interpretations of valid circuits, so they have passed the same tests.
- Each is right where the other is wrong, with *one* neuron, the same for both, forced to the value that it has on
  another input. At least one of these two interventions changes the network's answer.
- The output is then within 0.3 of 0 or 1, so every rule of decision says the same.
- No prediction rests on a [free row](glossary.md#free-row): a row of a gate that no input reaches, so no test has
  looked at it. What is settled is the same for all interpretations of an
  [observed class](glossary.md#observed-class), so one of each class is compared.

Of all such pairs the first is the one whose thresholds leave the widest gaps: each lies between two neighbouring
values of its neuron, and the narrowest of these gaps counts, as a share of the neuron's range; below 0.05 it is none.
Then come the fewest neurons that differ, the most even share of contradictions, the larger margin of the circuits, the
reference. A neuron differs if the two keep other edges into it or read another function from it.
"""


def refs(pair: PairFound) -> list[str]:
    """How a comparison names the two."""
    named = zip(pair.masks, pair.indices, strict=True)
    return [str(ExplanationRef("interpretation", mask, index)) for mask, index in named]


def contradicting(report: FairPairReport, of: AnalysisContext) -> Iterator[Block]:
    """The two with the bar of all interventions, and where they can be compared."""
    pair = report.pair
    if pair is None:
        yield Section(_UNFAIR[0], id="pair")
        yield Prose(" ".join(report.findings(of.question)))
        return
    heading = _UNFAIR if pair.given_up else (CONTRADICT, SAME)
    words = "Compare these two" if pair.given_up else "See where, and guess first"
    yield Section(*heading, Action(words, of.compare(refs(pair))), id="pair")
    yield from _drawn(report, pair, of, large=False)
    if pair.given_up:
        given_up = ", and ".join(CONDITIONS[one] for one in pair.given_up)
        yield Prose(f"They are no [pair](glossary.md#pair): {given_up}.")


def _drawn(report: FairPairReport, pair: PairFound, of: AnalysisContext, *, large: bool) -> Iterator[Block]:
    """Both drawings, and the bar."""
    yield Side([_one(report, pair, number, of, large=large) for number in range(2)])
    yield who_is_right(_counts(pair), noun(report.n_interventions, "intervention"))


def _counts(pair: PairFound) -> tuple[int, ...]:
    return pair.both_right, pair.first_right, pair.second_right, pair.neither


def _one(report: FairPairReport, pair: PairFound, number: int, of: AnalysisContext, *, large: bool) -> Figure:
    question, mask, index = of.question, pair.masks[number], pair.indices[number]
    weights = question.network.weights
    n_inputs = question.network.n_inputs
    gates = [[(one, bits_of(one.function, n_inputs)) for one in found] for found in pair.gates]
    tiles = [Tile(one.layer, one.neuron, bits, one.label) for one, bits in gates[number]]
    masks = [int(one, 16) for one in pair.masks]
    circuit, both = Circuit(question.layout, masks[number]), Circuit(question.layout, masks[0] & masks[1]).keep
    about: dict[str, Any] = {
        "hues": hues_among(bits for _, bits in chain(*gates)),
        "title": f"Interpretation {LETTERS[number]}",
    }
    if large:
        alone = tuple(own & ~shared for own, shared in zip(circuit.keep, both, strict=True))
        contrasts = (Contrast(alone, width=width) for width in (WIDTH, NARROW))
        drawn = twice(*(network_diagram(weights, circuit, tiles, contrast=one, **about) for one in contrasts))
    else:
        shared = both if masks[0] != masks[1] else None
        drawn = circuit_thumb(weights, circuit, tiles, shared=shared, **about)
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


# --- its page


def _page(report: FairPairReport, of: AnalysisContext) -> Iterator[Block]:
    pair = report.pair
    if not report.complete:
        yield Notice("Not every valid circuit is listed", "These are interpretations of those that are.")
    if pair is not None:
        yield from _drawn(report, pair, of, large=True)
        yield from _experiments(pair, of)
    asked = f"every rule decides {exact(report.n_clear)} of {noun(report.n_interventions, 'intervention')}"
    yield More("What counts", lambda: [Prose(_ASKED)], asked)


def _experiments(pair: PairFound, of: AnalysisContext) -> Iterator[Block]:
    action = Action("Guess first", of.compare(refs(pair)), True)
    yield Section("Where they differ", f"they differ in {_sites(pair.differ, of)}", action, id="experiments")
    yield Prose("\n".join(f"{n}. {_told(one, of)}" for n, one in enumerate(pair.experiments, start=1)), glossary=False)
    p, q = pair.counted
    if p + q < pair.first_right + pair.second_right:
        rest = pair.first_right + pair.second_right - p - q
        why = "the output is near neither 0 nor 1, or a prediction rests on a free row"
        yield Prose(f"Of their contradictions {p + q} count: P is right on {p}, Q on {q}. On the other {rest} {why}.")


def _told(one: ExperimentFound, of: AnalysisContext) -> str:
    n_inputs = of.question.network.n_inputs
    source, base = (input_words(row, n_inputs) for row in (one.source, one.base))
    value = "the value that it has" if len(one.neurons) == 1 else "the values that they have"
    right = LETTERS[one.says.index(one.answer)]
    says = " and ".join(f"{letter} says {said}" for letter, said in zip(LETTERS, one.says, strict=False))
    return (
        f"On input {base} we force {_sites(one.neurons, of)} to {value} on {source}. {says}. The output is "
        f"{decimal(one.output)} ({decimal(one.unforced)} unforced), so the network answers {one.answer}: "
        f"**{right} is right.**"
    )


def _sites(sites: Iterable[tuple[int, int]], of: AnalysisContext) -> str:
    return " and ".join(node_name(layer, neuron, of.question.network.sizes) for layer, neuron in sites)


def _thumb(report: FairPairReport, _: AnalysisContext) -> Markup:
    pair = report.pair
    if pair is None:
        return Markup("")
    return quarters(_counts(pair), sentence=f"Interventions by who is right. {_brief(report)}")


def _about(report: FairPairReport | None, of: AnalysisContext, ref: ExplanationRef) -> Iterator[Block]:
    """That an interpretation is one of the pair."""
    pair = None if report is None else report.pair
    if pair is not None and str(ref) in refs(pair):
        action = Action("Pair", of.links.analysis(of.slug, "pair", of.scope))
        words = "It is one of the two that come nearest to a pair" if pair.given_up else _IN_PAIR
        yield Notice(words, "", actions=[action])


def _brief(report: FairPairReport) -> str:
    pair = report.pair
    if pair is None or pair.given_up:
        return "no pair meets every condition"
    return f"{exact(pair.first_right)} only P, {exact(pair.second_right)} only Q"


SHOWN: Final = Shown(_thumb, _page, _brief, "interventions by who is right", about=_about)
