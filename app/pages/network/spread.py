"""How the found explanations are spread, and which edges valid circuits use: as stored with the analysis."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from app.db.tables import AnalysisRow
from app.pages.options import PageModel
from app.pages.place import Place
from app.pages.shared import neuron_name


class Histogram(PageModel):
    """Counts between bin edges; the last bin is closed."""

    edges: list[float]
    counts: list[int]


class Distributions(PageModel):
    """How the found explanations are spread, as stored with the analysis; pairs are [value, how many]."""

    edges: list[list[int]] = Field(description="Pairs: edges of a valid circuit.")
    neurons: list[list[int]] = Field(description="Pairs: active hidden neurons of a valid circuit.")
    margin: Histogram
    interpretations: Histogram = Field(description="Of the base-10 logarithm of a circuit's interpretations.")
    observed: Histogram = Field(description="Of the base-10 logarithm of a circuit's observed classes.")
    iia: Histogram = Field(description="Of kept alignments.")
    alignments_per_algorithm: list[list[int]] = Field(description="Pairs: valid alignments of an algorithm.")


class EdgeUse(PageModel):
    """How many valid circuits keep each edge from one layer to the next."""

    layer: int = Field(description="The layer that the edges lead to; 1 is the first hidden one.")
    sources: list[str]
    targets: list[str]
    counts: list[list[int]] = Field(description="One row for each target, one column for each source.")
    of: int = Field(description="Valid circuits; in an estimate those of the sample.")


def edge_sentence(layers: Sequence[EdgeUse]) -> str:
    """How many edges every valid circuit keeps, and which is kept least."""
    uses = [
        (count, f"{source} → {target}")
        for layer in layers
        for target, row in zip(layer.targets, layer.counts, strict=True)
        for source, count in zip(layer.sources, row, strict=True)
    ]
    if not uses:
        return ""
    of = layers[0].of
    always = sum(1 for count, _ in uses if count == of)
    least, name = min(uses)
    kept = {0: "No edge is in every valid circuit", 1: "One edge is in every valid circuit"}
    first = kept.get(always, f"{always} of {len(uses)} edges are in every valid circuit")
    if least == of:
        return f"{first}: none of these circuits can spare any."
    if least == 0:
        never = sum(1 for count, _ in uses if count == 0)
        return f"{first}; {f'{never} are' if never > 1 else f'{name} is'} in none."
    return f"{first}; the least used, {name}, is in {least:,} of {of:,}."


def distributions_of(analysis: AnalysisRow) -> Distributions:
    stored = analysis.distributions
    return Distributions.model_validate({name: stored[name] for name in Distributions.model_fields})


def edge_use_of(place: Place, analysis: AnalysisRow) -> list[EdgeUse]:
    sizes, offsets = place.question.layout.sizes, place.question.layout.offsets
    counts: list[int] = analysis.distributions["edge_use"]
    of: int = analysis.distributions["of"]  # an estimate knows the edges of its sample alone
    matrices = []
    for layer in range(1, len(sizes)):
        n_in, start = sizes[layer - 1], offsets[layer - 1]
        rows = [counts[start + out * n_in : start + (out + 1) * n_in] for out in range(sizes[layer])]
        matrices.append(
            EdgeUse(
                layer=layer,
                sources=[neuron_name(sizes, layer - 1, neuron) for neuron in range(n_in)],
                targets=[neuron_name(sizes, layer, neuron) for neuron in range(sizes[layer])],
                counts=rows,
                of=of,
            )
        )
    return matrices
