"""Crucial experiments where directions take part: each explanation's own swaps, and what the others read there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import Field

from analysis.directions.self_interventions import OwnSwap, SwapsAsked, ask_own_swaps
from analysis.errors import InvalidIntervention
from analysis.experiments import most_telling, standing_of
from analysis.sandbox.direction_edits import Along
from analysis.sandbox.intervention import intervention_of
from app.figures.svg.directions import linear_words
from app.options import PageModel
from app.pages.candidates import input_text
from app.pages.explanations import Explanation
from app.pages.place import Place
from app.pages.sandbox.tokens import Try, write_try


class AskedOfAll(PageModel):
    """One intervention with what everyone says of it and what the network does."""

    source: str
    base: str
    predictions: list[int] = Field(description="In the order of the explanations: 0, 1, or −1 for silence.")
    decision: int
    output: float
    margin: float
    right: list[str]
    wrong: list[str]


class OwnSwapView(AskedOfAll):
    """One interchange along an explanation's own places."""

    owners: list[str] = Field(description="Letters of the explanations whose own swap it is.")
    what: str = Field(description="Variables or neurons that are interchanged.")
    where: str
    experiment: str = Field(description="As a sandbox's address writes it; empty if it is too large for one.")
    anchor: str
    url: str = Field(description="The same intervention in the sandbox, with these explanations asked.")


class OwnSwapScore(PageModel):
    """How one explanation fares on all own swaps."""

    letter: str
    predicted: int
    right: int
    of: int


class OwnSwapsView(PageModel):
    """Every explanation's own swaps."""

    n_swaps: int = Field(description="Sets of places that are interchanged.")
    n_interventions: int = Field(description="These times the ordered pairs of inputs.")
    bounded: bool = Field(description="Whether some explanation has more swaps than are made.")
    total: int = Field(description="Interventions on which some predict 0 and others 1.")
    shown: list[OwnSwapView] = Field(description="Those with the largest margin, as many as `limit` says.")
    scores: list[OwnSwapScore]


@dataclass(frozen=True)
class OwnSwaps:
    """Everyone's own swaps, asked.

    Args:
        asked: what the network does, and what everyone says.
        letters: of the explanations on the page.
        sizes: of the network's layers.
        sandbox: the address of an intervention in the sandbox.
    """

    asked: SwapsAsked
    letters: Sequence[str]
    sizes: Sequence[int]
    sandbox: Callable[[str], str]


def asked_swaps(
    place: Place, letters: Sequence[str], explanations: Sequence[Explanation], sandbox: Callable[[str], str]
) -> OwnSwaps | None:
    """Make everyone's own swaps; None where no explanation is on directions: then the common ground holds them all."""
    if not any(explanation.directions is not None for explanation in explanations):
        return None
    items = [one.item for one in explanations]
    asked = ask_own_swaps(place.question.cut, place.question.data.clean_rows, items)
    return OwnSwaps(asked, letters, place.question.cut.sizes, sandbox)


def own_swaps_view(own: OwnSwaps, limit: int) -> OwnSwapsView:
    """The own swaps that divide the explanations, and everyone's score on all of them.

    Args:
        own: the swaps.
        limit: how many are shown.
    """
    asked = own.asked
    where = most_telling(asked.divided, asked)
    return OwnSwapsView(
        n_swaps=len(asked.swaps),
        n_interventions=asked.n_interventions,
        bounded=asked.bounded,
        total=len(where),
        shown=[one_swap(own, at) for at in where[:limit]],
        scores=_scores(own),
    )


def one_swap(own: OwnSwaps, at: tuple[int, int, int]) -> OwnSwapView:
    """One of the interventions, by its swap, source and base."""
    asked, letters, sizes = own.asked, own.letters, own.sizes
    swap, source, base = asked.swaps[at[0]], at[1], at[2]
    predictions = [int(one[at]) for one in asked.predictions]
    decision, output = int(asked.decisions[at]), float(asked.outputs[at])
    by_letter = list(zip(letters, predictions, strict=True))
    experiment = _in_sandbox(swap, source, base, sizes)
    return OwnSwapView(
        owners=[letters[number] for number in swap.owners],
        what=", ".join(swap.labels),
        where=_where(swap, sizes),
        source=input_text(source, sizes[0]),
        base=input_text(base, sizes[0]),
        predictions=predictions,
        decision=decision,
        output=output,
        margin=abs(output - 0.5),
        right=[letter for letter, said in by_letter if said == decision],
        wrong=[letter for letter, said in by_letter if said == 1 - decision],
        experiment=experiment,
        anchor=f"own-{at[0]}-{source}-{base}",
        url=own.sandbox(experiment) if experiment else "",
    )


def _in_sandbox(swap: OwnSwap, source: int, base: int, sizes: Sequence[int]) -> str:
    """A swap as a sandbox's address writes it, "" if it changes more than one may by hand."""
    along = [Along(place, "source", source) for place in swap.places]
    try:
        return write_try(Try(intervention_of(sizes, sizes[0], base, (), along)), sizes[0])
    except InvalidIntervention:
        return ""


def _where(swap: OwnSwap, sizes: Sequence[int]) -> str:
    return "; ".join(linear_words(place.layer, row, sizes) for place in swap.places for row in place.reads)


def _scores(own: OwnSwaps) -> list[OwnSwapScore]:
    return [
        OwnSwapScore.showing(standing_of(said, own.asked), letter=letter)
        for letter, said in zip(own.letters, own.asked.predictions, strict=True)
    ]
