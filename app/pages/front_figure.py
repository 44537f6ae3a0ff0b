"""The figure of the front page: six steps in which the drawing of one network changes, from its task to how its
explanations disagree.

Every number and every explanation in it is read from the store, and the two interventions are run on the network, so
the figure shows what the other pages show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, SkipValidation
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.figures.numbers import decimal, noun
from app.options import PageModel
from app.pages.place import locate_boolean
from app.pages.play.networks import Layers, NetworkPlay
from app.pages.previews import GateTile
from app.pages.shared import NetworkView, network_view
from app.pages.showcase import Showcase, featured_network
from pluriscope.naming import Scope

Drawing = Literal["network", "circuit", "placed", "run"]


class FigureStep(PageModel):
    """A step that the figure can show."""

    label: str
    url: str
    current: bool


class FrontFigure(PageModel):
    """One step of the figure."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    number: int
    title: str
    words: str = Field(description="What the step says; empty while what it shows is still to be found.")
    steps: list[FigureStep]
    network: NetworkView
    drawing: Drawing = Field(
        description="What is drawn: the whole network, a circuit with the gates it is read as, variables placed on the "
        "whole network, or a run under an intervention."
    )
    mask: str = Field("", description="Of the circuit that is drawn; empty for the whole network.")
    tiles: list[GateTile] = Field([], description="Variables on neurons.")
    run: SkipJsonSchema[Annotated[NetworkPlay | None, SkipValidation]] = Field(
        None, exclude=True, description="A run under an intervention."
    )
    run_url: str = Field("", description="The same in Play; empty where none is drawn.")
    compare_url: str = Field("", description="The explanations that disagree side by side, at the last step.")


@dataclass(frozen=True)
class _Content:
    """What a step shows and says; the fields are those of :class:`FrontFigure`."""

    words: str = ""
    drawing: Drawing = "network"
    mask: str = ""
    tiles: list[GateTile] = field(default_factory=list)
    run: NetworkPlay | None = None
    compare_url: str = ""


def build_figure(session: Session, addresses: Addresses, step: int) -> FrontFigure:
    """One step of the figure.

    Args:
        session: reads the store.
        addresses: builds links.
        step: its number, from 1.

    Raises:
        NotFound: the network of the figure is not stored.
    """
    place = locate_boolean(session, addresses, featured_network(session, addresses).slug, Scope())
    return figure_of(Showcase(session, addresses, place), step)


def figure_of(shown: Showcase, step: int) -> FrontFigure:
    """One step about the network of the figure.

    Args:
        shown: that network.
        step: its number, from 1 to how many there are.
    """
    (title, _, build), addresses = STEPS[step - 1], shown.addresses
    content = build(shown) or _Content()
    return FrontFigure.showing(
        content,
        number=step,
        title=title,
        steps=[
            FigureStep(label=label, url=addresses.gallery(step=number), current=number == step)
            for number, (_, label, _) in enumerate(STEPS, 1)
        ],
        network=network_view(shown.place.row, addresses),
        run_url="" if content.run is None else content.run.url,
    )


# --- the steps: what each shows; nothing while that is not found yet


def _network(shown: Showcase) -> _Content | None:
    task = shown.place.question.task
    ones = _listed([f"{row:0{task.n_inputs}b}" for row, bit in enumerate(task.truth_table) if bit])
    return _Content(
        words=f"The network was trained to compute {task.name}: to give 1 on inputs {ones}, and 0 on the "
        "others. Choose an input and see what it does. But how does it do it?",
        drawing="run",
        run=shown.unchanged,
    )


def _circuit(shown: Showcase) -> _Content | None:
    if shown.circuit is None or shown.counts is None:
        return None
    card, counts = shown.circuit[0], shown.counts
    edges = shown.place.question.layout.n_edges
    return _Content(
        drawing="circuit",
        mask=card.mask,
        words=f"{card.n_edges} of its {noun(edges, 'edge')} are enough: without the others every input is still "
        "classified correctly. Such a part is a circuit. It says where the task is computed. "
        f"{counts.told('circuits_valid')} parts of this network pass this test.",
    )


def _interpretation(shown: Showcase) -> _Content | None:
    if shown.circuit is None or shown.counts is None:
        return None
    _, reading = shown.circuit
    return _Content(
        drawing="circuit",
        mask=reading.mask,
        tiles=reading.gates,
        words="Count each neuron as on or off, and it becomes a logic gate: its square is its truth table, filled "
        "where it is on. This is an interpretation. It says what the circuit computes. This circuit has "
        f"{noun(reading.of, 'interpretation')}.",
    )


def _alignment(shown: Showcase) -> _Content | None:
    if shown.alignment is None:
        return None
    card = shown.alignment
    return _Content(
        drawing="placed",
        tiles=card.tiles,
        words=f"Or start from an algorithm for the task, {card.formula}, and place its parts on neurons. This is an "
        f"alignment: another explanation of the same network.{_read_otherwise(shown, card.tiles)}",
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
    sites = _listed([run.name_of(one) for one in run.changes])
    return _Content(
        words=f"Explanations are tested by patching: the network runs on input {run.bits(change.base)}, but {sites} "
        f"is given the activation of input {run.bits(run.changes[0].source)}. The alignment predicts that the output "
        f"turns to {run.said[0].bit}, and it does: from {_output(run.before)} to {_output(run.after)}.",
        drawing="run",
        run=run,
    )


def _disagreement(shown: Showcase) -> _Content | None:
    if shown.crucial is None:
        return None
    refs, change = shown.crucial
    run = shown.run(refs, change)
    right = "the alignment" if run.right[1] else "the interpretation"
    return _Content(
        words=f"Both explanations passed their tests. On this patch the interpretation predicts {run.said[0].bit} and "
        f"the alignment {run.said[1].bit}: here {right} is correct, elsewhere it may be the other way round. Which of "
        "the two explains the network?",
        drawing="run",
        run=run,
        compare_url=shown.addresses.compare(shown.place.row.slug, refs),
    )


STEPS: Final[tuple[tuple[str, str, Callable[[Showcase], _Content | None]], ...]] = (
    ("One network, one task", "Network", _network),
    ("A circuit: the part that does the work", "Circuit", _circuit),
    ("An interpretation: what that part computes", "Interpretation", _interpretation),
    ("An alignment: an algorithm placed on neurons", "Alignment", _alignment),
    ("A test: patch a neuron", "Test", _patch),
    ("Two explanations disagree", "Disagreement", _disagreement),
)
"""Title, label, and what is shown."""


def _output(layers: Layers) -> str:
    return decimal(float(layers[-1][0]), 2)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
