"""Inside of a network on its overview: the weights of a perceptron, what the nodes of others do."""

from __future__ import annotations

from collections.abc import Iterator

from pluriscope.app.db.codecs import tasks_of
from pluriscope.app.pages.inside import table_blocks
from pluriscope.app.pages.network_page import Known
from pluriscope.figures.svg.layout import node_name
from pluriscope.page_kit.blocks import Block, Prose, Section, Table
from pluriscope.views.networks import whole


def nodes(known: Known) -> Iterator[Block]:
    """Show what its nodes do over all rows."""
    question = known.place.question
    yield Prose(question.kind.definition)
    yield from table_blocks(question.inside(whole(question)))


def weights(known: Known) -> Iterator[Block]:
    """The weights and biases of each layer."""
    network, tasks = known.place.question.subject, tasks_of(known.place.row)
    sizes = network.sizes
    for layer, (matrix, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        last = layer == len(sizes) - 1
        sources = [node_name(layer - 1, source, sizes) for source in range(sizes[layer - 1])]
        rows = [
            [tasks[out].label if last else node_name(layer, out, sizes), *map(repr, row), repr(bias)]
            for out, (row, bias) in enumerate(zip(matrix.tolist(), biases.tolist(), strict=True))
        ]
        yield Section("Output layer" if last else f"Layer {layer}")
        yield Table.plain(["Neuron", *sources, "Bias"], rows)
