"""How an analysis's explanations are spread, drawn from the histograms that were stored with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.figures.numbers import exact, noun
from app.figures.plots import Figure, binned_histogram, edges_histogram


def spread_figures(spread: Mapping[str, Any], leads: Callable[[int], str]) -> Iterator[tuple[Figure, str]]:
    """The figures of an analysis that has something to show in them, each with what it shows in words.

    Args:
        spread: as stored, see :func:`app.db.distributions.distributions_of`.
        leads: number of edges → address of the list of circuits that have so many.
    """
    sizes, interpretations = dict(spread["edges"]), spread["interpretations"]
    margin, iia = spread["margin"], spread["iia"]
    if sizes:
        common = max(sizes, key=lambda edges: (sizes[edges], -edges))
        words = f"Edges kept by the {noun(sum(sizes.values()), 'valid circuit')}: {min(sizes)} to {max(sizes)}, "
        yield edges_histogram(sizes, leads=leads), f"{words}most often {common}."
    if interpretations["counts"]:
        least, most = (f"10^{exponent:.1f}" for exponent in (interpretations["edges"][0], interpretations["edges"][-1]))
        words = f"Interpretations of a listed circuit: {least} to {most}, on a log scale."
        bins = interpretations["edges"], interpretations["counts"]
        yield binned_histogram(*bins, x_title="interpretations", noun="listed circuits", logarithmic=True), words
    if margin["counts"]:
        least, most = (f"{edge:.3g}" for edge in (margin["edges"][0], margin["edges"][-1]))
        words = f"Margin of a listed circuit, {least} to {most}. Close to 0, a small change undoes the verdict."
        yield binned_histogram(margin["edges"], margin["counts"], x_title="margin", noun="listed circuits"), words
    if iia["counts"]:
        last = f"{exact(iia['counts'][-1])} lie in the last bin, {iia['edges'][-2]:.2f} to 1."
        words = f"IIA of the {noun(sum(iia['counts']), 'kept alignment')}, the best that fail included. {last}"
        yield binned_histogram(iia["edges"], iia["counts"], x_title="IIA", noun="kept alignments"), words
