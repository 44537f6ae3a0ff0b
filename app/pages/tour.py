"""The tour: eight screens on which the drawing of one network changes, from its task to how its explanations disagree.

Every number and every explanation on it is read from the store, and the two interventions are run on the network, so
the tour shows what the other pages show. Where the analysis is not finished, the screens say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.networks.mlp import forward
from app.addressing import Addresses
from app.bundled import ALICE, ALICE_AND_BOB, BOB
from app.errors import NotFound
from app.figures.numbers import decimal, noun
from app.naming import Scope
from app.options import Link, PageModel
from app.pages.network.behaviour import behaviour_of
from app.pages.place import locate_boolean
from app.pages.previews import GateTile
from app.pages.sandbox.views import RunView, SandboxPage
from app.pages.shared import NetworkView, network_view
from app.pages.showcase import Showcase, featured_network

Drawing = Literal["network", "circuit", "placed", "run"]


class TourFact(PageModel):
    """A number with what it counts."""

    value: str
    label: str
    url: str


class TourStep(PageModel):
    """A screen that the front page shows in its figure."""

    label: str
    url: str
    current: bool


class TourScreen(PageModel):
    """One screen of the tour."""

    number: int
    of: int
    title: str
    paragraphs: list[str]
    brief: str = Field(description="The same in a few sentences for the front page; empty for screens it leaves out.")
    steps: list[TourStep] = Field(description="The screens that the front page shows.")
    network: NetworkView
    drawing: Drawing = Field(
        description="What is drawn: the whole network, a circuit with the gates it is read as, variables placed on the "
        "whole network, or a run under an intervention."
    )
    mask: str = Field("", description="Of the circuit that is drawn; empty for the whole network.")
    tiles: list[GateTile] = Field([], description="Variables on neurons.")
    run: SandboxPage | None = Field(None, description="A run under an intervention, as the sandbox shows it.")
    facts: list[TourFact] = Field([], description="How many explanations there are, on the screen that counts them.")
    links: list[Link] = Field([], description="Where the screen leads besides the next one.")
    waiting: bool = Field(description="Whether explanations are still to be found, so that this screen has none.")
    previous_url: str | None
    next_url: str | None
    url: str


@dataclass(frozen=True)
class _Content:
    """What a screen shows and says; the fields are those of :class:`TourScreen`."""

    paragraphs: list[str]
    brief: str = ""
    drawing: Drawing = "network"
    mask: str = ""
    tiles: list[GateTile] = field(default_factory=list)
    run: SandboxPage | None = None
    facts: list[TourFact] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def build_tour(session: Session, addresses: Addresses, step: int) -> TourScreen:
    """One screen.

    Args:
        session: reads the store.
        step: the number of the screen, from 1.

    Raises:
        NotFound: no such screen, or the network of the tour is not stored.
    """
    if not 1 <= step <= len(SCREENS):
        cause, cure = f"there are {len(SCREENS)}", f"use 1 to {len(SCREENS)}"
        raise NotFound(f"screen {step} of the tour", cause, cure, "step", addresses.tour(), "the tour")
    place = locate_boolean(session, addresses, featured_network(session, addresses).slug, Scope())
    return tour_screen(Showcase(session, addresses, place), step)


def tour_screen(shown: Showcase, step: int) -> TourScreen:
    """One screen about the network of the tour.

    Args:
        shown: that network.
        step: the number of the screen, from 1 to how many there are.
    """
    (title, _, build), addresses = SCREENS[step - 1], shown.addresses
    content = build(shown)
    return TourScreen.showing(
        content or _Content([]),
        number=step,
        of=len(SCREENS),
        title=title,
        steps=[
            TourStep(label=label, url=addresses.tour(number), current=number == step)
            for number, (_, label, _) in enumerate(SCREENS, 1)
            if label
        ],
        network=network_view(shown.place.row, addresses),
        waiting=content is None,
        previous_url=addresses.tour(step - 1) if step > 1 else None,
        next_url=addresses.tour(step + 1) if step < len(SCREENS) else None,
        url=addresses.tour(step),
    )


# --- the screens: what each adds to the page; nothing while what it shows is not found yet


def _network(shown: Showcase) -> _Content | None:
    question, sizes = shown.place.question, shown.place.question.cut.sizes
    behaviour = behaviour_of(shown.place, forward(question.cut, question.data.representatives)[:, 0])
    right = sum(row.right for row in behaviour)
    ones = _listed(["".join(map(str, row.bits)) for row in behaviour if row.target])
    return _Content(
        brief=f"The network was trained to compute {question.task.name}: to give 1 on inputs {ones}, and 0 on the "
        "others. Choose an input and see what it does. But how does it do it?",
        drawing="run",
        run=shown.unchanged,
        paragraphs=[
            f"This network has {sum(sizes)} neurons: {noun(sizes[0], 'input')}, "
            f"{noun(len(sizes) - 2, 'hidden layer')} of {_listed([str(size) for size in sizes[1:-1]])}, and "
            f"{noun(sizes[-1], 'output')}. It was trained to compute {question.task.name}: to give 1 on inputs "
            f"{ones}, and 0 on the others. It classifies {right} of {len(behaviour)} inputs correctly.",
            "How does it do it? An explanation says which part of the network does the work and what that part "
            "computes. The next screens show three explanations. All of them pass the usual tests.",
        ],
    )


def _circuit(shown: Showcase) -> _Content | None:
    if shown.circuit is None or shown.counts is None:
        return None
    card, counts = shown.circuit[0], shown.counts
    edges = shown.place.question.layout.n_edges
    return _Content(
        drawing="circuit",
        mask=card.mask,
        brief=f"{card.n_edges} of its {noun(edges, 'edge')} are enough: without the others every input is still "
        "classified correctly. Such a part is a circuit. It says where the task is computed. "
        f"{counts.told('circuits_valid')} parts of this network pass this test.",
        paragraphs=[
            f"Keep {card.n_edges} of the {noun(edges, 'edge')} and remove the others. What is left still classifies "
            "every input correctly. Such a part is a circuit. It says where the task is computed.",
            f"{counts.told('circuits_valid')} of the {noun(counts.circuits_possible, 'possible circuit')} pass this "
            "test. This is one of them.",
        ],
        links=[Link(label="Open this circuit", url=card.url)],
    )


def _interpretation(shown: Showcase) -> _Content | None:
    if shown.circuit is None or shown.counts is None:
        return None
    _, reading = shown.circuit
    return _Content(
        drawing="circuit",
        mask=reading.mask,
        tiles=reading.gates,
        brief="Count each neuron as on or off, and it becomes a logic gate: its square is its truth table, filled "
        "where it is on. This is an interpretation. It says what the circuit computes. This circuit has "
        f"{noun(reading.of, 'interpretation')}.",
        paragraphs=[
            "Give each neuron of the circuit a threshold: activations above it count as 1, others as 0. Each neuron "
            "then is a logic gate. Its square shows its truth table: a filled cell is 1. This is an interpretation. It "
            "says what the circuit computes.",
            f"This circuit has {noun(reading.of, 'interpretation')}. All valid circuits together have "
            f"{shown.counts.told('interpretations_total')}.",
        ],
        links=[Link(label="Open this interpretation", url=reading.url)],
    )


def _alignment(shown: Showcase) -> _Content | None:
    if shown.alignment is None or shown.counts is None:
        return None
    card, counts = shown.alignment, shown.counts
    placed = ", ".join(f"{one.shown} on {one.site}" for one in card.variables)
    return _Content(
        drawing="placed",
        tiles=card.tiles,
        brief=f"Or start from an algorithm for the task, {card.formula}, and place its parts on neurons. This is an "
        f"alignment: another explanation of the same network.{_read_otherwise(shown, card.tiles)}",
        paragraphs=[
            f"Start from an algorithm instead: {card.formula} computes the task. Place its variables on neurons: "
            f"{placed}. This is an alignment. It begins with what is computed and then finds where; a circuit and its "
            "interpretation are found the other way round.",
            f"Of the {noun(counts.algorithms_candidates, 'candidate algorithm')}, {counts.told('algorithms_aligned')} "
            f"can be aligned. Valid alignments: {counts.told('alignments_valid')}.",
        ],
        links=[Link(label="Open this alignment", url=card.url)],
    )


def _read_otherwise(shown: Showcase, tiles: Sequence[GateTile]) -> str:
    """A sentence about the first neuron that an alignment and the interpretation give functions that are neither the
    same nor each other's negation; "" where there is none.
    """
    gates = {} if shown.circuit is None else {gate.site: gate for gate in shown.circuit[1].gates}
    for tile in sorted(tiles, key=lambda tile: (tile.layer, tile.neuron)):
        gate = gates.get(tile.site)
        if gate and gate.name and tile.name and len(set(zip(gate.truth_table, tile.truth_table, strict=True))) > 2:
            return f" It has {tile.name} on {tile.site}, where the interpretation has {gate.name}."
    return ""


def _patch(shown: Showcase) -> _Content | None:
    change = None if shown.alignment is None else shown.flip(shown.alignment.ref)
    if shown.alignment is None or change is None:
        return None
    run = shown.run([shown.alignment.ref], change)
    sites = _listed([one.name for one in run.changes])
    return _Content(
        brief=f"Explanations are tested by patching: the network runs on input {run.base}, but {sites} is given the "
        f"activation of input {run.changes[0].source}. The alignment predicts that the output turns to "
        f"{run.explanations[0].says}, and it does: from {_output(run.clean)} to {_output(run.run)}.",
        drawing="run",
        run=run,
        paragraphs=[
            f"Test the alignment. Run the network on input {run.base}, but give {sites} the activation that input "
            f"{run.changes[0].source} causes there. The alignment predicts that the output turns to "
            f"{run.explanations[0].says}.",
            f"The output goes from {_output(run.clean)} to {_output(run.run)}: the prediction is correct. An "
            "alignment is valid if this holds for every pair of inputs.",
        ],
    )


def _disagreement(shown: Showcase) -> _Content | None:
    if shown.crucial is None:
        return None
    refs, change = shown.crucial
    run = shown.run(refs, change)
    reading, alignment = run.explanations
    right = "the alignment" if alignment.right else "the interpretation"
    return _Content(
        brief=f"Both explanations passed their tests. On this patch the interpretation predicts {reading.says} and the "
        f"alignment {alignment.says}: here {right} is correct, elsewhere it may be the other way round. Which of the "
        "two explains the network?",
        drawing="run",
        run=run,
        paragraphs=[
            f"Both explanations passed their tests. Now give {_listed([one.name for one in run.changes])} the "
            f"activation of input {run.changes[0].source} while the network runs on input {run.base}. The "
            f"interpretation predicts {reading.says}, the alignment {alignment.says}.",
            f"The network's output is {_output(run.run)}; above 0.5 counts as 1. Here {right} is correct. On other "
            "interventions it may be the other way round.",
        ],
        links=[Link(label="Compare the two", url=shown.addresses.compare(shown.place.row.slug, refs))],
    )


def _counts(shown: Showcase) -> _Content | None:
    if shown.counts is None:
        return None
    counts, slug, to = shown.counts, shown.place.row.slug, shown.addresses
    return _Content(
        paragraphs=[
            "Every explanation counted here passes the usual tests for its kind, as the protocol complete states them. "
            "If so many pass, passing says little about which one describes the network.",
            "Stricter criteria leave fewer. Which criteria, and what they leave, is for you to choose.",
        ],
        facts=[
            TourFact(value=counts.told("circuits_valid"), label="valid circuits", url=to.circuits(slug)),
            TourFact(
                value=counts.told("interpretations_total"), label="interpretations of them", url=to.explanations(slug)
            ),
            TourFact(value=counts.told("alignments_valid"), label="valid alignments", url=to.algorithms(slug)),
        ],
        links=[Link(label="Survivors under stricter criteria", url=to.funnel(slug))],
    )


def _end(shown: Showcase) -> _Content | None:
    to, slug = shown.addresses, shown.place.row.slug
    alice_and_bob = to.compare(ALICE_AND_BOB, (ALICE, BOB))
    return _Content(
        paragraphs=[
            "One network can have very many explanations that pass the same tests.",
            "Before you trust one, ask how many others pass, and which test would tell them apart.",
            "Pluriscope lists them for every small network, and for yours.",
        ],
        links=[
            Link(label="Change the network yourself in the sandbox", url=to.sandbox(slug)),
            Link(label="Three exercises with answers", url=to.lessons()),
            Link(label="Alice and Bob: two explanations that contradict each other", url=alice_and_bob),
            Link(label="What studies of thousands of networks found", url=to.findings()),
            Link(label="Import a network", url=to.bring_in()),
            Link(label="Guided pages: the same network on the ordinary pages", url=to.guide()),
        ],
    )


SCREENS: Final[tuple[tuple[str, str, Callable[[Showcase], _Content | None]], ...]] = (
    ("One network, one task", "Network", _network),
    ("A circuit: the part that does the work", "Circuit", _circuit),
    ("An interpretation: what that part computes", "Interpretation", _interpretation),
    ("An alignment: an algorithm placed on neurons", "Alignment", _alignment),
    ("A test: patch a neuron", "Test", _patch),
    ("Two explanations disagree", "Disagreement", _disagreement),
    ("How many there are", "", _counts),
    ("What follows", "", _end),
)
"""Title, label on the front page where that shows the screen, and what it shows."""


def _output(run: RunView | None) -> str:
    return "–" if run is None or run.output is None else decimal(run.output, 2)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
