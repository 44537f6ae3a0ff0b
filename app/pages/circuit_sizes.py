"""Charts of the circuits of an analysis by size, margin and number of interpretations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log10
from typing import Final

from pluriscope.analysis.circuit_sets.chance import chance_at
from pluriscope.app.db.reads.circuits import stored_sizes
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.pages.counted import counts_of
from pluriscope.app.pages.network_page import Known
from pluriscope.figures.charts import Axis, Chart, Series, heat_chart
from pluriscope.figures.numbers import exact
from pluriscope.page_kit.blocks import Block, ChartFigure

_MOST_ROWS: Final = 10


def sizes_chart(counts: Mapping[tuple[int, int], int], part: str, known: Known) -> Chart:
    """Chart of how many circuits keep so many parts and get so many rows right; each cell leads to their list.

    Args:
        counts: parts kept and rows right → circuits; the fewest rows right are one line where there are many.
        part: what a circuit keeps.
        known: the network.
    """
    levels = sorted({right for _, right in counts}, reverse=True)
    lowest = levels[:_MOST_ROWS][-1]
    merged = Counter[tuple[int, int]]()
    for (size, right), many in counts.items():
        merged[size, max(right, lowest)] += many
    sizes = range(min(size for size, _ in counts), max(size for size, _ in counts) + 1)
    rows = levels[:_MOST_ROWS]
    values = [[merged[size, right] or None for size in sizes] for right in rows]
    urls = [[_listed(known, size) for size in sizes] for _ in rows]
    fewer = "≤ " if len(levels) > _MOST_ROWS else ""
    names = [f"{fewer * (right == lowest)}{right} right" for right in rows]
    title = f"Circuits by {part}s kept and rows right"
    return heat_chart(title, names, list(map(str, sizes)), values, measured=Axis("circuits", log=True), urls=urls)


def spread(known: Known, fold: str) -> Iterator[Block]:
    """Charts of what is stored of the circuits: each bar of sizes leads to the list of its circuits.

    Args:
        known: the network, analysed.
        fold: id of what they stand in.
    """
    analysis, part = known.place.analysis, known.place.part
    stored = analysis.distributions if analysis else {}
    sizes = [(int(size), int(many)) for size, many in stored.get("edges", ())]
    if sizes and analysis:
        chart, words = _by_size(known, analysis, sizes)
        yield ChartFigure(
            chart=chart, caption=f"Valid circuits by the {part}s that they keep{words}.", id=f"{fold}.sizes"
        )
    for name, words, powers in _HISTOGRAMS:
        bins = stored.get(name) or {}
        if bins.get("counts"):
            chart = _histogram(words, bins, powers=powers)
            yield ChartFigure(chart=chart, caption=f"Listed circuits by {words}.", id=f"{fold}.{name}")


def _by_size(known: Known, analysis: AnalysisRow, sizes: Sequence[tuple[int, int]]) -> tuple[Chart, str]:
    """Valid circuits by size, with intervals where they were drawn, and how sure that is."""
    part, valid = known.place.part, counts_of(analysis).valid_circuits
    across, values = [float(size) for size, _ in sizes], [float(many) for _, many in sizes]
    title, axes, urls = (
        f"Circuits by {part}s",
        (Axis(f"{part}s"), Axis("circuits")),
        [_listed(known, n) for n, _ in sizes],
    )
    bars = Chart("bars", title, *axes, [Series("", across, values, urls=urls)])
    if valid.confidence is None:
        return bars, f", {valid.certainty}" if valid.certainty else ", as far as they were found"
    stored = stored_sizes(known.session, analysis)
    if stored.by_size:
        powers = [[log10(max(end, 1)) for end in stored.by_size[size]] for size, _ in sizes]
        low, high = [least for least, _ in powers], [most for _, most in powers]
        dots = Series("", across, [(least + most) / 2 for least, most in powers], low, high, urls=urls)
        words = f": sizes of which valid ones were drawn, each {valid.certainty} by itself"
        up = Axis("circuits, as a power of ten")
        return Chart("dots", title, axes[0], up, [dots]), f"{words} ({valid.confidence * 100:g}%)"
    if stored.method != "sampled" or not analysis.circuits_tested:
        return bars, f": those drawn alone, {exact(int(sum(values)))}"
    ends = [chance_at(stored, size, analysis.circuits_possible) for size, _ in sizes]
    low, high = [float(one.low) for one in ends], [float(one.high) for one in ends]
    middle = [many * analysis.circuits_possible / analysis.circuits_tested for many in values]
    dots = Series("", across, middle, low, high, urls=urls)
    return Chart("dots", title, *axes, [dots]), f", each {valid.certainty} by itself ({valid.confidence * 100:g}%)"


_HISTOGRAMS: Final = (
    ("margin", "the margin of their outputs", False),
    ("interpretations", "the number of their interpretations, as a power of ten", True),
)


def _histogram(words: str, bins: Mapping[str, Sequence[float]], *, powers: bool) -> Chart:
    """A stored histogram, of values or of their logarithms."""
    ends, counts = list(pairwise(bins["edges"])), bins["counts"]
    real = [(10**low, 10**high) if powers else (low, high) for low, high in ends]
    names = [f"{low:,.4g} to {high:,.4g}" for low, high in real]
    series = Series("", [(low + high) / 2 for low, high in ends], counts, names=names)
    return Chart("bars", f"Circuits by {words}", Axis(words), Axis("circuits"), [series])


def _listed(known: Known, size: int) -> str:
    """The list of the circuits of a size."""
    where = known.place.slug, known.place.scope
    return known.links.explanations(*where, kind="circuit", edges_min=size, edges_max=size)
