"""The tour: eight screens on which the drawing of one network changes, from its task to how its explanations disagree.

Every number and every explanation on it is read from the store, and the two interventions are run on the network, so
the tour shows what the other pages show. Where the analysis is not finished, the screens say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    decide_under_interventions,
    experiment_at,
    intervention_space,
)
from analysis.sandbox.choosing import most_divided
from analysis.sandbox.intervention import Intervention
from app.addressing import Addresses
from app.db.reads.networks import best_alignments
from app.errors import NotFound
from app.figures.numbers import decimal, exact, noun
from app.listing.circuits import smallest_circuits
from app.naming import Scope
from app.options import PageModel
from app.pages.explanations import Explanation
from app.pages.guide import featured_network
from app.pages.place import Place, locate_boolean
from app.pages.previews import (
    AlignmentCard,
    CircuitCard,
    GateTile,
    InterpretationCard,
    alignment_card,
    circuit_card,
    first_interpretations,
)
from app.pages.sandbox.build import build_sandbox
from app.pages.sandbox.choosing import MAX_INTERVENTIONS, as_intervention
from app.pages.sandbox.options import SandboxOptions
from app.pages.sandbox.reading import read_state
from app.pages.sandbox.tokens import Try, write_try
from app.pages.sandbox.views import RunView, SandboxPage
from app.pages.shared import Counts, NetworkView, counts_of, network_view

Drawing = Literal["network", "circuit", "placed", "run"]
_TRIED: Final = 12  # of the smallest circuits, among which the one that is shown is chosen


class TourLink(PageModel):
    """A link below the words of a screen."""

    label: str
    url: str


class TourFact(PageModel):
    """A number with what it counts."""

    value: str
    label: str
    url: str


class TourScreen(PageModel):
    """One screen of the tour."""

    number: int
    of: int
    title: str
    paragraphs: list[str]
    network: NetworkView
    drawing: Drawing = Field(
        description="What is drawn: the whole network, a circuit with the gates it is read as, variables placed on the "
        "whole network, or a run under an intervention."
    )
    mask: str = Field("", description="Of the circuit that is drawn; empty for the whole network.")
    tiles: list[GateTile] = Field([], description="Variables on neurons.")
    run: SandboxPage | None = Field(None, description="A run under an intervention, as the sandbox shows it.")
    facts: list[TourFact] = Field([], description="How many explanations there are, on the screen that counts them.")
    links: list[TourLink] = Field([], description="Where the screen leads besides the next one.")
    waiting: bool = Field(description="Whether explanations are still to be found, so that this screen has none.")
    previous_url: str | None
    next_url: str | None
    url: str


@dataclass(frozen=True)
class _Content:
    """What a screen shows and says; the fields are those of :class:`TourScreen`."""

    paragraphs: list[str]
    drawing: Drawing = "network"
    mask: str = ""
    tiles: list[GateTile] = field(default_factory=list)
    run: SandboxPage | None = None
    facts: list[TourFact] = field(default_factory=list)
    links: list[TourLink] = field(default_factory=list)


@dataclass(frozen=True)
class _Shown:
    """What the screens show of one analysed network; explanations are looked up when a screen asks for them.

    Args:
        session: reads the store.
        addresses: builds links.
        place: the network under the protocol ``complete``.
    """

    session: Session
    addresses: Addresses
    place: Place

    @cached_property
    def counts(self) -> Counts | None:
        return None if self.place.analysis is None else counts_of(self.place.analysis)

    @cached_property
    def alignment(self) -> AlignmentCard | None:
        """The best alignment of the analysis."""
        if self.place.analysis is None:
            return None
        found = best_alignments(self.session, self.place.analysis.id, 1)
        return alignment_card(*found[0], self.place, self.addresses) if found else None

    @cached_property
    def circuit(self) -> tuple[CircuitCard, InterpretationCard] | None:
        """One of the smallest circuits with its first interpretation: of those whose interpretation disagrees with the
        alignment the one with the largest margin, so that it is no circuit that only just works.
        """
        if self.place.analysis is None:
            return None
        rows = smallest_circuits(self.session, self.place.analysis, self.place.question.layout, _TRIED)
        for row in sorted(rows, key=lambda row: -row.margin):
            readings = first_interpretations(self.place, [row], self.addresses)
            if readings and (self.alignment is None or self.disagreement([readings[0].ref, self.alignment.ref])):
                return circuit_card(row, self.place.row.slug, self.place.scope, self.addresses), readings[0]
        return None

    def explanations(self, refs: Sequence[str]) -> list[Explanation]:
        return read_state(self.session, self.addresses, self.place, SandboxOptions(e=list(refs)))[1]

    def disagreement(self, refs: Sequence[str]) -> Intervention | None:
        """The crucial experiment with the largest margin."""
        predictions = [one.predictions(self._space) for one in self.explanations(refs)]
        found = most_divided(predictions, self._answers, self._space)
        return None if found is None else as_intervention(found)

    def flip(self, ref: str) -> Intervention | None:
        """An intervention that turns the network's decision around as an explanation predicts: of those that change the
        fewest neurons the one with the largest margin.
        """
        predictions = self.explanations([ref])[0].predictions(self._space)
        unchanged = self.place.question.task.truth_table
        turned = (predictions == self._answers.decisions) & (predictions == 1 - np.array(unchanged, dtype=np.int8))
        where = np.argwhere(turned & self._space.counted)
        if not len(where):
            return None
        margins = self._answers.margins[tuple(where.T)]
        sizes = [len(self._space.sets[number]) for number in where[:, 0].tolist()]
        best = where[np.lexsort((-margins, np.array(sizes)))[0]].tolist()
        return as_intervention(experiment_at([predictions], self._answers, self._space, (best[0], best[1], best[2])))

    def run(self, refs: Sequence[str], intervention: Intervention) -> SandboxPage:
        now = write_try(Try(intervention), self.place.question.cut.sizes[0])
        options = SandboxOptions(e=list(refs), now=now)
        return build_sandbox(self.session, self.addresses, self.place.row.slug, options)

    @cached_property
    def _space(self) -> InterventionSpace:
        sizes = self.place.question.cut.sizes
        return intervention_space(sizes[1:-1], sizes[0], max_interventions=MAX_INTERVENTIONS)

    @cached_property
    def _answers(self) -> NetworkAnswers:
        question = self.place.question
        return decide_under_interventions(question.cut, question.data.clean_rows, self._space)


def build_tour(session: Session, addresses: Addresses, step: int) -> TourScreen:
    """One screen.

    Args:
        session: reads the store.
        addresses: builds links.
        step: the number of the screen, from 1.

    Raises:
        NotFound: no such screen, or the network of the tour is not stored.
    """
    if not 1 <= step <= len(SCREENS):
        cause, cure = f"there are {len(SCREENS)}", f"use 1 to {len(SCREENS)}"
        raise NotFound(f"screen {step} of the tour", cause, cure, "step", addresses.tour(), "the tour")
    place = locate_boolean(session, addresses, featured_network(session, addresses).slug, Scope())
    title, build = SCREENS[step - 1]
    content = build(_Shown(session, addresses, place))
    return TourScreen.showing(
        content or _Content([]),
        number=step,
        of=len(SCREENS),
        title=title,
        network=network_view(place.row, addresses, place.question.model),
        waiting=content is None,
        previous_url=addresses.tour(step - 1) if step > 1 else None,
        next_url=addresses.tour(step + 1) if step < len(SCREENS) else None,
        url=addresses.tour(step),
    )


# --- the screens: what each adds to the page; nothing while what it shows is not found yet


def _network(shown: _Shown) -> _Content | None:
    sizes = shown.place.question.cut.sizes
    layers = " and ".join(f"one of {size}" for size in sizes[1:-1])
    task = shown.place.question.task.name
    return _Content(
        paragraphs=[
            f"This network has {sum(sizes)} neurons: {noun(sizes[0], 'input')}, hidden layers {layers}, and "
            f"{noun(sizes[-1], 'output')}. It was trained to compute {task}: its output is 1 when exactly one input is "
            f"1. It is right on all {1 << sizes[0]} inputs.",
            "How does it do it? An explanation says which part of the network does the work and what that part "
            "computes. The next screens show three explanations. All of them pass the usual tests.",
        ],
    )


def _circuit(shown: _Shown) -> _Content | None:
    if shown.circuit is None or shown.counts is None:
        return None
    card, counts = shown.circuit[0], shown.counts
    edges = shown.place.question.layout.n_edges
    return _Content(
        drawing="circuit",
        mask=card.mask,
        paragraphs=[
            f"Keep {card.n_edges} of the {noun(edges, 'edge')} and remove the others. What is left still classifies "
            "every input correctly. Such a part is a circuit. It says where the task is computed.",
            f"{exact(counts.circuits_valid)} of the {noun(counts.circuits_possible, 'possible circuit')} pass this "
            "test. This is one of them.",
        ],
        links=[TourLink(label="Open this circuit", url=card.url)],
    )


def _interpretation(shown: _Shown) -> _Content | None:
    if shown.circuit is None or shown.counts is None:
        return None
    _, reading = shown.circuit
    return _Content(
        drawing="circuit",
        mask=reading.mask,
        tiles=reading.gates,
        paragraphs=[
            "Give each neuron of the circuit a threshold: activations above it count as 1, others as 0. Each neuron "
            "then is a logic gate. Its square shows its truth table: a filled cell is 1. This is an interpretation. It "
            "says what the circuit computes.",
            f"This circuit has {noun(reading.of, 'interpretation')}. All valid circuits together have "
            f"{exact(shown.counts.interpretations_total)}.",
        ],
        links=[TourLink(label="Open this interpretation", url=reading.url)],
    )


def _alignment(shown: _Shown) -> _Content | None:
    if shown.alignment is None or shown.counts is None:
        return None
    card, counts = shown.alignment, shown.counts
    placed = ", ".join(f"{one.shown} on {one.site}" for one in card.variables)
    return _Content(
        drawing="placed",
        tiles=card.tiles,
        paragraphs=[
            f"Start from an algorithm instead: {card.formula} computes the task. Place its variables on neurons: "
            f"{placed}. This is an alignment. The other explanation asked where and then what; this one asks what and "
            "then where.",
            f"Of the {noun(counts.algorithms_candidates, 'candidate algorithm')}, {exact(counts.algorithms_aligned)} "
            f"can be aligned, in {noun(counts.alignments_valid, 'way')}.",
        ],
        links=[TourLink(label="Open this alignment", url=card.url)],
    )


def _patch(shown: _Shown) -> _Content | None:
    change = None if shown.alignment is None else shown.flip(shown.alignment.ref)
    if shown.alignment is None or change is None:
        return None
    run = shown.run([shown.alignment.ref], change)
    sites = _listed([one.name for one in run.changes])
    return _Content(
        drawing="run",
        run=run,
        paragraphs=[
            f"Test the alignment. Run the network on input {run.base}, but give {sites} the activation that input "
            f"{run.changes[0].source} causes there. The alignment predicts that the output turns to "
            f"{run.explanations[0].says}.",
            f"The output goes from {_output(run.clean)} to {_output(run.run)}: the prediction is correct. An "
            "alignment is valid if this holds for every pair of inputs.",
        ],
        links=[TourLink(label="Try it in the sandbox", url=run.url)],
    )


def _disagreement(shown: _Shown) -> _Content | None:
    if shown.circuit is None or shown.alignment is None:
        return None
    refs = [shown.circuit[1].ref, shown.alignment.ref]
    change = shown.disagreement(refs)
    if change is None:
        return None
    run = shown.run(refs, change)
    reading, alignment = run.explanations
    right = "the alignment" if alignment.right else "the interpretation"
    return _Content(
        drawing="run",
        run=run,
        paragraphs=[
            f"Both explanations passed their tests. Now give {_listed([one.name for one in run.changes])} the "
            f"activation of input {run.changes[0].source} while the network runs on input {run.base}. The "
            f"interpretation predicts {reading.says}, the alignment {alignment.says}.",
            f"The network's output is {_output(run.run)}; above 0.5 counts as 1. Here {right} is correct. On other "
            "interventions it may be the other way round.",
        ],
        links=[
            TourLink(label="Compare the two", url=shown.addresses.compare(shown.place.row.slug, refs)),
            TourLink(label="Try it in the sandbox", url=run.url),
        ],
    )


def _counts(shown: _Shown) -> _Content | None:
    if shown.counts is None:
        return None
    counts, slug, to = shown.counts, shown.place.row.slug, shown.addresses
    return _Content(
        paragraphs=[
            "Every explanation counted here passes the usual tests for its kind. If so many pass, passing says little "
            "about which one describes the network.",
            "Stricter criteria leave fewer. Which criteria, and what they leave, is for you to choose.",
        ],
        facts=[
            TourFact(value=exact(counts.circuits_valid), label="valid circuits", url=to.circuits(slug)),
            TourFact(
                value=exact(counts.interpretations_total), label="interpretations of them", url=to.explanations(slug)
            ),
            TourFact(value=exact(counts.alignments_valid), label="valid alignments", url=to.algorithms(slug)),
        ],
        links=[TourLink(label="See what stricter criteria leave", url=to.funnel(slug))],
    )


def _end(shown: _Shown) -> _Content | None:
    to, slug = shown.addresses, shown.place.row.slug
    return _Content(
        paragraphs=[
            "One network can have very many explanations that pass the same tests.",
            "Before you trust one, ask how many others pass, and which test would tell them apart.",
            "Pluriscope lists them for every small network, and for yours.",
        ],
        links=[
            TourLink(label="Change the network yourself in the sandbox", url=to.sandbox(slug)),
            TourLink(label="Alice and Bob: two explanations that contradict each other", url=to.alice_and_bob()),
            TourLink(label="What studies of thousands of networks found", url=to.findings()),
            TourLink(label="Import a network", url=to.bring_in()),
            TourLink(label="Guided pages: the same network on the ordinary pages", url=to.guide()),
        ],
    )


SCREENS: Final[tuple[tuple[str, Callable[[_Shown], _Content | None]], ...]] = (
    ("One network, one task", _network),
    ("A circuit: the part that does the work", _circuit),
    ("An interpretation: what that part computes", _interpretation),
    ("An alignment: an algorithm placed on neurons", _alignment),
    ("A test: patch a neuron", _patch),
    ("Two explanations disagree", _disagreement),
    ("How many there are", _counts),
    ("What follows", _end),
)


def _output(run: RunView | None) -> str:
    return "–" if run is None or run.output is None else decimal(run.output, 2)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
