"""How an analysis's explanations are spread, drawn from the histograms that were stored with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor
from typing import Final, NamedTuple, Protocol

from app.figures.numbers import exact, noun
from app.figures.plots import Figure, binned_histogram, edges_histogram

_RAISED: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Bins(Protocol):
    """Counts between bin edges."""

    @property
    def edges(self) -> Sequence[float]: ...
    @property
    def counts(self) -> Sequence[int]: ...


class Spread(Protocol):
    """What is stored of an analysis's distributions; pairs are [value, how many]."""

    @property
    def edges(self) -> Sequence[Sequence[int]]: ...
    @property
    def margin(self) -> Bins: ...
    @property
    def interpretations(self) -> Bins: ...
    @property
    def iia(self) -> Bins: ...


class Drawn(NamedTuple):
    """A figure, its name, and what it shows in words."""

    figure: Figure
    label: str
    words: str


def spread_figures(
    spread: Spread,
    leads: Callable[[int], str],
    *,
    sized: str = "valid circuit",
    listed: str = "valid circuit",
) -> list[Drawn]:
    """The figures of an analysis that has something to show in them.

    Args:
        spread: what is stored.
        leads: number of edges → address of the list of circuits that have so many.
        sized: what the circuits are whose edges are told: all valid ones, or those of a sample.
        listed: what those are that were looked at one by one: all valid ones, or draws from them.
    """
    figures = []
    if spread.edges:
        pairs = {pair[0]: pair[1] for pair in spread.edges}
        common = max(pairs, key=lambda edges: (pairs[edges], -edges))
        words = (
            f"Edges kept by the {noun(sum(pairs.values()), sized)}: {min(pairs)} to {max(pairs)}, most often "
            f"{common} ({exact(pairs[common])} circuits)."
        )
        figures.append(Drawn(edges_histogram(pairs, leads=leads), "Valid circuits by number of edges", words))
    if spread.interpretations.counts:
        bins = spread.interpretations
        figure = binned_histogram(
            bins.edges, bins.counts, x_title="interpretations per circuit", noun=f"{listed}s", logarithmic=True
        )
        words = f"Interpretations per {listed}, {_power(bins.edges[0])} to {_power(bins.edges[-1])}, on a log scale."
        figures.append(Drawn(figure, "Valid circuits by number of interpretations", words))
    if spread.margin.counts:
        bins = spread.margin
        figure = binned_histogram(bins.edges, bins.counts, x_title="smallest margin", noun=f"{listed}s")
        words = (
            f"Smallest distance of a {listed}'s outputs from the decision's edge: {bins.edges[0]:.3g} to "
            f"{bins.edges[-1]:.3g}. Close to 0, a small change undoes the verdict."
        )
        figures.append(Drawn(figure, "Valid circuits by margin", words))
    if spread.iia.counts:
        bins = spread.iia
        figure = binned_histogram(bins.edges, bins.counts, x_title="IIA", noun="kept alignments")
        words = (
            f"IIA of the {noun(sum(bins.counts), 'kept alignment')}: the valid ones, and the best that fail of each "
            f"algorithm. {exact(bins.counts[-1])} lie in the last bin, {bins.edges[-2]:.2f} to 1."
        )
        figures.append(Drawn(figure, "Kept alignments by IIA", words))
    return figures


def _power(exponent: float) -> str:
    """Ten to an exponent, in round digits."""
    if exponent < 6:
        return f"{10**exponent:,.0f}"
    whole = floor(exponent)
    return f"{10 ** (exponent - whole):.1f} × 10{str(whole).translate(_RAISED)}"
