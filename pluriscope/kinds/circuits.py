"""Circuits of perceptrons and transformers, and the interpretations of each: rows of circuits that weigh as many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from analysis.carried_algorithms.relation import RELATIONS
from analysis.circuit_sets.judged_masks import NOT_ASKED, asked_of, column_of
from analysis.criteria.registry import criterion_named
from analysis.explanations.explanation import REF as RECORDED_REF
from analysis.subjects.graph import Graph
from analysis.subjects.perceptron.circuit import MAX_EDGES, Circuit, EdgeLayout, kept_edges
from analysis.subjects.subject import SubjectKind
from pluriscope.address import ResultRef
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.graphs import graph_diagram
from pluriscope.figures.svg.layout import node_name
from pluriscope.frames import Coded, Part, Passing
from pluriscope.kinds import readings
from pluriscope.kinds.columns import EDGES, FAILS, FRAGILE, MARGIN, NEURONS, PASSES, USES, VALID, fragile
from pluriscope.kinds.found import Found, Stored
from pluriscope.kinds.kind import ListedKind
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column

MASK = Column("mask", "Mask", "Which edges it keeps, as hex.", "name", shown=False)
INTERPRETATIONS = Column(
    *("interpretations", "Interpretations", "How many readings the circuit has.", "big"), largest_first=True
)
OBSERVED = Column("observed", "Classes", "Classes of its readings that interventions tell apart.", "big")
STORY = Column(
    *("story", "Story", "How the circuit's story relates to the whole network's.", "text"),
    facet="any",
    shown=False,
    choices=RELATIONS,
)
RIGHT = Column(
    *("right", "Rows right", "Rows of a transformer's task that it answers right; it may miss some.", "int"),
    largest_first=True,
)
ROLES = Column(
    "roles",
    "Roles",
    "Nodes that have a role in the circuit, as role(node): attention heads of a transformer.",
    "labels",
    facet="all",
    absence=True,
    shown=False,
)
OF_TRANSFORMERS: Final = (RIGHT, ROLES)


def edge_labels(sizes: Sequence[int]) -> tuple[str, ...]:
    """What lists call the edges of a perceptron, in the order of masks: A-n1.0."""
    return tuple(
        f"{node_name(layer - 1, source, sizes)}-{node_name(layer, out, sizes)}"
        for layer in range(1, len(sizes))
        for out in range(sizes[layer])
        for source in range(sizes[layer - 1])
    )


def uses(masks: Any, layout: EdgeLayout) -> dict[str, Passing]:
    """Which circuits use each hidden neuron and keep each edge; one at a time, since all at once are eight times it."""
    if layout.n_edges <= MAX_EDGES:
        words = np.asarray(masks, np.uint64)
        kept = [(words >> np.uint64(edge) & np.uint64(1)).astype(np.bool_) for edge in range(layout.n_edges)]
    else:
        kept = list(np.ascontiguousarray(kept_edges(np.asarray(masks, object), layout).T))
    sizes = layout.sizes
    edges: dict[str, Passing] = {}
    neurons: dict[str, Passing] = {}
    for layer in range(1, len(sizes)):
        for out in range(sizes[layer]):
            into = [kept[layout.edge_index(layer, out, source)] for source in range(sizes[layer - 1])]
            name = node_name(layer, out, sizes)
            if layer < len(sizes) - 1:  # a neuron is used if any edge into it is kept
                neurons[name] = np.logical_or.reduce(into)
            edges |= {f"{node_name(layer - 1, n, sizes)}-{name}": one for n, one in enumerate(into)}
    return neurons | edges


def _figures(found: Found) -> Mapping[str, Any]:
    counts = {} if found.counted else {"interpretations": None, "observed": None}
    return {
        **counts,
        "mask": None,
        "story": found.stories,
        "uses": uses(found.stored["circuit"]["mask"], found.question.layout),
    }


def _mask(found: Found, place: int) -> str:
    return found.question.layout.to_hex(int(found.stored["circuit"]["mask"][place]))


def _more(found: Found, place: int) -> Mapping[str, Any]:
    mask, sizes = _mask(found, place), found.question.cut.sizes
    active = Circuit(found.question.layout, int(mask, 16)).active
    idle = [
        node_name(layer, neuron, sizes)
        for layer in range(1, len(sizes) - 1)
        for neuron in range(sizes[layer])
        if not active[layer][neuron]
    ]
    return {
        "mask": mask,
        "name": f"c·{mask}",
        "where": f"without {', '.join(idle)}" if idle else "",
        "size": noun(int(found.stored["circuit"]["edges"][place]), "edge"),
        "tested": found.tested,
        "silent": "silent until read",
    }


def _says(found: Found) -> str:
    n, possible = len(found.stored["circuit"]["mask"]), found.possible
    of = "" if possible is None else f"; {exact(n)} of {exact(possible)}"
    return f"Edges that are enough to be right on every input, all others cut{of}."


CIRCUITS: Final = ListedKind(
    key="circuit",
    stored=("mask", "edges", "neurons", "margin", "interpretations", "observed", "verdicts"),
    columns=(
        *(VALID, EDGES, NEURONS, RIGHT, MARGIN, FRAGILE, INTERPRETATIONS, OBSERVED, STORY, PASSES, FAILS, ROLES, USES),
        MASK,
    ),
    figures=_figures,
    ref=lambda found, place: ExplanationRef("circuit", _mask(found, place)),
    more=_more,
    drawing=lambda found, place: found.thumb(_mask(found, place)),
    own=("edges", False),
    says=_says,
)


def of_transformer(stored: Stored, graph: Graph, kind: SubjectKind, rows: int, of: ResultRef) -> Part:
    """The circuits that were found of a transformer.

    Args:
        stored: their columns, as :func:`analysis.circuit_sets.judged_masks.circuit_record` names them.
        graph: of the model, under the rules.
        rows: of its task.
        of: how addresses name what they are of.
    """
    n, masks = len(stored[RECORDED_REF]), stored[RECORDED_REF]
    numbers = np.array([int(text, 16) for text in masks.tolist()], np.uint64)
    uses = {
        name: (numbers >> np.uint64(bit) & np.uint64(1)).astype(np.bool_) for bit, name in enumerate(graph.bit_names)
    }
    minimal, margins = np.asarray(stored["minimal"], np.float64), np.asarray(stored["margin"], np.float64)
    own = {"minimal-subset": minimal}
    told = {one.key: stored[column_of(one)] for one in asked_of(kind)}
    asked = {step: values for step, values in told.items() if (values != NOT_ASKED).any()}
    missing = int(np.count_nonzero(np.asarray(stored["right"]) < rows))
    names = [graph.nodes[node].name for node in graph.removable]

    def mask(place: int) -> str:
        return str(masks[place])

    def drawing(place: int) -> Markup:
        kept = graph.kept_edges(graph.bits([int(mask(place), 16)]))[0].tolist()
        return graph_diagram(graph, kept, title=f"Circuit {mask(place)}", thumb=True)

    return Part(
        *("circuit", "circuits", n),
        numbers={
            "valid": np.ones(n, np.int8),
            "edges": stored["edges"],
            **({"neurons": stored["nodes"]} if graph.cut == "edges" else {}),
            "right": stored["right"],
            "margin": margins,
            "fragile": fragile(margins),
        },
        coded={},
        labels={
            "passes": {key: values == 1 for key, values in own.items()} | {k: v == "passed" for k, v in asked.items()},
            "fails": {key: values == 0 for key, values in own.items()} | {k: v == "failed" for k, v in asked.items()},
            "roles": {
                f"{role.key}({name})": np.array(
                    [name in text.split(", ") for text in stored[role.key].tolist()], np.bool_
                )
                for role in kind.roles
                for name in names
            },
            "uses": uses,
        },
        ref=lambda place: str(ExplanationRef("circuit", mask(place))),
        url=lambda place: of.url(ExplanationRef("circuit", mask(place))),
        more=lambda place: {
            "mask": mask(place),
            "name": f"c·{mask(place)}",
            "size": noun(int(stored["edges"][place]), graph.cut[:-1]),
            "tested": f"{exact(int(stored['right'][place]))} of {exact(rows)} rows",
        },
        drawing=drawing,
        own=("edges", False),
        says=f"What of the model is enough to answer more than 99% of the rows right; {exact(missing)} miss some.",
    )


def interpretations(found: Found, circuits: Part) -> Part:
    """The same circuits, each for its readings; those without any left out.

    An interpretation passes a criterion that is about circuits if its circuit does. How many pass one about
    interpretations no column says.
    """
    weights = circuits.coded.get("interpretations", Coded(np.zeros(circuits.n, np.int32), [0]))
    chosen = np.flatnonzero(np.array([value > 0 for value in weights.values], np.bool_)[weights.codes])
    whole = circuits.taken(chosen)

    def of_circuit(step: str) -> bool:
        return "interpretation" not in criterion_named(step.partition("(")[0]).kinds

    def mask(place: int) -> str:
        return str(whole.more(place)["mask"])

    judged = {
        name: {step: passing for step, passing in whole.labels[name].items() if of_circuit(step)}
        for name in ("passes", "fails")
    }
    return replace(
        whole,
        kind="interpretation",
        plural="interpretations",
        labels={**judged, "uses": whole.labels["uses"]},
        ref=lambda place: str(ExplanationRef("interpretation", mask(place), "0")),
        url=lambda place: f"{whole.url(place)}#interpretations",
        more=lambda place: {**whole.more(place), "name": f"i·{mask(place)}", "where": "all its readings", "silent": ""},
        own=("interpretations", True),
        says=f"A circuit with a gate read into each neuron{_apart(circuits)}.",
        lines="A line is a circuit and counts for all its readings; a tick adds the first.",
        weights=weights.taken(chosen),
        few=readings.part(found, circuits) if found.readings else None,
    )


def _apart(circuits: Part) -> str:
    """How many of all readings inputs can tell apart."""
    if "observed" not in circuits.coded:
        return ""
    total = replace(circuits, weights=circuits.coded["observed"]).count(np.ones(circuits.n, np.bool_))
    return f"; {exact(total)} that inputs can tell apart"
