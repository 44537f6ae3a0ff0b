"""Crucial experiments where directions take part: each explanation's own swaps, and what the others read there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from pydantic import Field

from analysis.alignments.iia import interchange_rows
from analysis.directions.own_swaps import OwnSwap, Speaker, SwapsAsked, ask_own_swaps
from analysis.experiments import SILENT
from app.figures.svg.directions import linear_words
from app.pages.candidates import input_text
from app.pages.explanations import Explanation
from app.pages.options import PageModel
from app.pages.place import Place

SHOWN: Final = 30


class OwnSwapView(PageModel):
    """One interchange along an explanation's own places."""

    owners: list[str] = Field(description="Letters of the explanations whose own swap it is.")
    what: str = Field(description="Variables or neurons that are interchanged.")
    where: str
    source: str
    base: str
    predictions: list[int] = Field(description="In the order of the explanations: 0, 1, or −1 for silence.")
    decision: int
    output: float
    margin: float
    right: list[str]
    wrong: list[str]


class OwnSwapScore(PageModel):
    """How one explanation fares on all own swaps."""

    letter: str
    predicted: int
    right: int
    of: int
    right_where_divided: int
    predicted_where_divided: int


class OwnSwapsView(PageModel):
    """Every explanation's own swaps."""

    n_swaps: int = Field(description="Sets of places that are interchanged.")
    n_interventions: int = Field(description="These times the ordered pairs of inputs.")
    bounded: bool = Field(description="Whether some explanation has more swaps than are made.")
    total: int = Field(description="Interventions on which some predict 0 and others 1.")
    shown: list[OwnSwapView] = Field(description="The first of these, largest margin first.")
    scores: list[OwnSwapScore]


def own_swaps_view(place: Place, letters: Sequence[str], explanations: Sequence[Explanation]) -> OwnSwapsView | None:
    """Everyone's own swaps; None where no explanation is on directions: then the common ground holds them all.

    Args:
        place: network and data of the comparison.
        letters: of the explanations on the page.
        explanations: themselves.
    """
    if not any(explanation.directions is not None for explanation in explanations):
        return None
    speakers = [speaker_of(one) for one in explanations]
    asked = ask_own_swaps(place.cut, interchange_rows(place.data), speakers)
    split, margins = asked.divided, np.abs(asked.outputs - 0.5)
    where = np.argwhere(split)
    order = np.argsort(-margins[split], kind="stable")[:SHOWN]
    return OwnSwapsView(
        n_swaps=len(asked.swaps),
        n_interventions=asked.n_interventions,
        bounded=asked.bounded,
        total=len(where),
        shown=[_shown(asked, letters, (int(a), int(s), int(b)), place.cut.sizes) for a, s, b in where[order].tolist()],
        scores=[_score(asked, number, letter) for number, letter in enumerate(letters)],
    )


def speaker_of(one: Explanation) -> Speaker:
    """An explanation as one that makes swaps; a bare circuit or algorithm makes none."""
    if one.directions is None and one.alignment is None and one.interpretation is None:
        return Speaker()
    return Speaker(one.algorithm, one.directions, one.alignment, one.interpretation)


def _shown(asked: SwapsAsked, letters: Sequence[str], at: tuple[int, int, int], sizes: Sequence[int]) -> OwnSwapView:
    swap, source, base = asked.swaps[at[0]], at[1], at[2]
    predictions = [int(one[at]) for one in asked.predictions]
    decision, output = int(asked.decisions[at]), float(asked.outputs[at])
    by_letter = list(zip(letters, predictions, strict=True))
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
    )


def _where(swap: OwnSwap, sizes: Sequence[int]) -> str:
    return "; ".join(linear_words(place.layer, row, sizes) for place in swap.places for row in place.reads)


def _score(asked: SwapsAsked, number: int, letter: str) -> OwnSwapScore:
    said, counted, split = asked.predictions[number], asked.counted, asked.divided
    spoken = (said != SILENT) & counted
    right = spoken & (said == asked.decisions)
    return OwnSwapScore(
        letter=letter,
        predicted=int(spoken.sum()),
        right=int(right.sum()),
        of=asked.n_interventions,
        right_where_divided=int((right & split).sum()),
        predicted_where_divided=int((spoken & split).sum()),
    )
