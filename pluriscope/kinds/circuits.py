"""Circuits of perceptrons and transformers, and the interpretations of each: rows of circuits that weigh as many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.carried_algorithms.relation import RELATIONS
from pluriscope.analysis.circuits.facet import Facet
from pluriscope.analysis.criteria.interpretation_tallies import MIXED
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.analysis.errors import InvalidMask
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations
from pluriscope.analysis.subjects.enumeration import number_bits
from pluriscope.figures.numbers import enumerated, exact, noun
from pluriscope.kinds.columns import EDGES, FAILS, FRAGILE, INTERPRETATIONS, MARGIN, NEURONS, PASSES, USES, VALID
from pluriscope.kinds.found import Found
from pluriscope.kinds.interpretations import apart, drawn, prominent
from pluriscope.kinds.kind import ListedKind
from pluriscope.tables.frames import Coded, Part, Passing
from pluriscope.tables.table import Column, Row
from pluriscope.views.networks import draw_network

_DRAWN: Final = 200  # interpretations that are kept as drawings of some kilobytes: as many as a page may have
MASK = Column("mask", "Mask", "Which edges it keeps, as hex.", "name", shown=False)
OBSERVED = Column("observed", "Classes", "Classes of its interpretations that interventions tell apart.", "big")
STORY = Column(
    *("story", "Carries", "How the algorithms that the circuit carries relate to the whole network's.", "text"),
    facet="any",
    shown=False,
    choices=RELATIONS,
)
RIGHT = Column(
    *("right", "Rows right", "Rows of the task that it answers right, where it may miss some.", "int"),
    largest_first=True,
)
ROLES = Column(
    "roles",
    "Roles",
    "Nodes that have a role in the circuit, as role(node), where the kind of network knows any.",
    "labels",
    facet="all",
    absence=True,
    shown=False,
)
OF_TRANSFORMERS: Final = (RIGHT, ROLES)


def facet_of(question: Any, most_edges: int | None, keeps: Sequence[str]) -> Facet | None:
    """Condition on the circuits to count, read from the options of a list; None where there is no condition.

    Args:
        most_edges: of a circuit; None for any number.
        keeps: names of neurons and edges as lists have them.

    Raises:
        InvalidMask: the network has nothing of a name.
    """
    if most_edges is None and not keeps:
        return None
    labels = labels_of(question)
    known = _edges_into(question) | {name: 1 << bit for bit, name in enumerate(labels)}
    for name in keeps:
        if name not in known:
            cure = f"use {next(iter(known))}, {labels[0]} or another one of the network"
            raise InvalidMask(f"{name[:40]!r}", "is no hidden neuron or edge", cure)
    return Facet(most_edges, tuple(known[name] for name in keeps))


def _edges_into(question: Any) -> dict[str, int]:
    """The edges that lead to each node that can be left out, as a mask; {} where masks name nodes."""
    graph = question.graph
    names = [node.name if question.kind.refuses("edge-weights") else node.label for node in graph.nodes]
    into = dict.fromkeys((names[node] for node in graph.removable if graph.cut == "edges"), 0)
    for bit, (_, reader) in enumerate(graph.ends):
        if names[reader] in into:
            into[names[reader]] |= 1 << bit
    return into


def uses(masks: Any, question: Any) -> dict[str, Passing]:
    """Circuits that use each part that a mask names, and each hidden neuron of a perceptron, by its name:
    ``[circuits]`` bool. A circuit uses a neuron if it keeps an edge into it.
    """
    labels, into = labels_of(question), {} if question.kind.refuses("edge-weights") else _edges_into(question)
    kept = np.ascontiguousarray(number_bits(np.asarray(masks), len(labels)).T)
    neurons = {
        name: np.logical_or.reduce([kept[edge] for edge in range(len(labels)) if edges >> edge & 1])
        for name, edges in into.items()
    }
    return neurons | dict(zip(labels, kept, strict=True))


def _figures(found: Found) -> Mapping[str, Any]:
    stored, graph = found.stored["circuit"], found.question.graph
    figures = {"mask": None, "uses": uses(stored["mask"], found.question)}
    if not found.question.kind.refuses("formulas"):
        counts: dict[str, Any] = {} if found.counted else {"interpretations": None, "observed": None}
        return {**counts, **figures, "story": found.stories}
    roles = list(map(json.loads, stored["roles"]))
    known = {} if found.read is None else found.read.by_mask
    of_each = [known.get(graph.to_hex(int(mask))) for mask in stored["mask"]] if known else []
    counts = {
        "interpretations": [None if one is None else one.count for one in of_each] or None,
        "observed": [None if one is None else one.n_observed for one in of_each] or None,
    }
    return {
        **counts,
        **figures,
        "neurons": stored["neurons"] if graph.cut == "edges" else None,
        "right": np.asarray(stored["right"], np.int64),
        "roles": {
            f"{role.key}({name})": np.array([name in one.get(role.key, "").split(", ") for one in roles], np.bool_)
            for role in found.question.kind.roles
            for name in (graph.nodes[node].name for node in graph.removable)
        },
    }


def left_out_words(question: Any, mask: int, most: int) -> str:
    """Name the parts that a circuit leaves out, whole nodes first: "without n2.1 and A→n1.0"; "" where it keeps
    everything.

    Args:
        question: about the network.
        mask: of the circuit.
        most: names; of the rest the number is said.
    """
    graph, names = question.graph, labels_of(question)
    idle = [name for name, edges in _edges_into(question).items() if not mask & edges]
    parts = [
        name.replace("-", "→")
        for bit, name in enumerate(names)
        if not mask >> bit & 1 and not {*idle} & {*name.split("-")}
    ]
    every = [*idle, *parts]
    if len(every) > most + 1:
        every = [*every[:most], f"{len(every) - most} more {graph.cut if len(idle) <= most else 'parts'}"]
    return f"without {enumerated(every)}" if every else ""


def _mask(found: Found, place: int) -> str:
    return str(found.question.graph.to_hex(int(found.stored["circuit"]["mask"][place])))


def _more(found: Found, place: int) -> Mapping[str, Any]:
    mask, question, stored = _mask(found, place), found.question, found.stored["circuit"]
    idle = [name for name, edges in _edges_into(question).items() if not int(mask, 16) & edges]
    if question.kind.refuses("formulas"):
        tested = f"{exact(int(stored['right'][place]))} of {exact(question.n_rows)} rows"
    else:
        tested = found.tested
    marks = [one.mark for one in found.prominent if one.mask == int(mask, 16)]
    named = enumerated([mark if mark.isupper() else f"the {mark}" for mark in marks])
    return {
        "mask": mask,
        "name": f"c·{mask}",
        "marks": f"of {named}{', ' * bool(idle)}" if marks else "",
        "where": f"without {', '.join(idle)}" if idle else "",
        "size": noun(int(stored["edges"][place]), question.graph.cut[:-1]),
        "tested": tested,
        "silent": "predicts nothing until it is read",
    }


def _drawing_of_graph(found: Found, place: int) -> Markup:
    mask = _mask(found, place)
    return draw_network(found.question, int(mask, 16), title=f"Circuit {mask}", thumb=True)


def _says(found: Found) -> str:
    if found.question.kind.refuses("formulas"):
        missing = int(np.count_nonzero(np.asarray(found.stored["circuit"]["right"]) < found.question.n_rows))
        wrong = f"{exact(missing)} miss{'es' * (missing == 1)} at least one row" if missing else "none misses a row"
        return f"What of the model is enough to answer more than 99% of the rows right; {wrong}."
    n, possible = len(found.stored["circuit"]["mask"]), found.possible
    of = "" if possible is None else f"; {exact(n)} of {exact(possible)}"
    return f"Edges that are enough to be right on every input, all others left out{of}."


CIRCUITS: Final = ListedKind(
    key="circuit",
    stored=lambda question: (
        *("mask", "edges", "neurons", "margin", "verdicts"),
        *(("right", "roles") if question.kind.refuses("formulas") else ("interpretations", "observed")),
    ),
    columns=(
        *(VALID, EDGES, NEURONS, RIGHT, MARGIN, FRAGILE, INTERPRETATIONS, OBSERVED, STORY, PASSES, FAILS, ROLES, USES),
        MASK,
    ),
    figures=_figures,
    ref=lambda found, place: ExplanationRef("circuit", _mask(found, place)),
    more=_more,
    drawing=lambda found, place: (
        _drawing_of_graph(found, place)
        if found.question.kind.refuses("edge-weights")
        else found.thumb(_mask(found, place))
    ),
    own=("edges", False),
    says=_says,
)


# --- interpretations


def interpretations(found: Found, circuits: Part) -> Part:
    """Rows of a list for the interpretations: one row for each circuit that has any, with their number.

    An interpretation passes a criterion that is about circuits if its circuit does. Of one about interpretations it is
    known how many of each circuit pass: where that is all or none of each, which ones, and else only their number.
    """
    weights = circuits.coded.get("interpretations", Coded(np.zeros(circuits.n, np.int32), [0]))
    chosen = np.flatnonzero(np.array([value > 0 for value in weights.values], np.bool_)[weights.codes])
    whole = circuits.taken(chosen)

    def of_circuit(step: str) -> bool:
        return "interpretation" not in criterion_named(step.partition("(")[0]).kinds

    standing = {one.mask: one.index for one in reversed(found.prominent)}
    classes = circuits.coded.get("observed")

    def mask(place: int) -> str:
        return str(whole.more(place)["mask"])

    def more(place: int) -> Mapping[str, Any]:
        own = whole.more(place)
        return {**own, "name": f"i·{own['mask']}", "marks": own["marks"].removesuffix(", "), "where": "", "silent": ""}

    def index(place: int) -> int:
        return standing.get(int(mask(place), 16), 0)

    outcomes, own = found.outcomes.get("interpretation", {}), found.judged("interpretation")
    mixed = {step for step, values in outcomes.items() if (values[chosen] == MIXED).any()}
    judged = {
        name: {step: passing for step, passing in whole.labels[name].items() if of_circuit(step)}
        | {step: passing[chosen] for step, passing in own[name].items() if step not in mixed}
        for name in ("passes", "fails")
    }
    numbers = {step: found.tallies[step] for step in mixed}
    part = replace(
        whole,
        kind="interpretation",
        plural="interpretations",
        labels={**judged, "uses": whole.labels["uses"]},
        counted={
            step: f"{exact(one.passed)} of {exact(one.of)} interpretations pass, {exact(one.failed)} fail"
            for step, one in numbers.items()
        },
        ref=lambda place: str(ExplanationRef("interpretation", mask(place), str(index(place)))),
        url=lambda place: f"{whole.url(place)}#interpretations",
        more=more,
        drawing=lru_cache(_DRAWN)(lambda place: drawn(found, int(mask(place), 16), index(place))),
        own=("interpretations", True),
        says=f"A circuit with a gate read into each neuron{_apart(circuits)}.",
        lines="A row counts for all interpretations of a circuit; a tick adds the one that is drawn.",
        weights=weights.taken(chosen),
        apart=None if classes is None else lru_cache(_DRAWN)(lambda place, ranks: apart(found, mask(place), ranks)),
        classes=None if classes is None else classes.taken(chosen),
    )
    masks = np.asarray(found.stored["circuit"]["mask"])[chosen]
    return replace(part, few=prominent(found, part, masks)) if found.prominent else part


def interpretations_by_variables(found: Found, circuits: Part) -> Part:
    """Rows of a list for the interpretations of networks that no formulas are read of: one for each circuit that was
    read and has any, with their number.
    """
    weights = circuits.coded["interpretations"]
    chosen = np.flatnonzero(np.array([*(value > 0 for value in weights.values), False], np.bool_)[weights.codes])
    whole, known = circuits.taken(chosen), {} if found.read is None else found.read.by_mask

    def every(place: int) -> CircuitInterpretations:
        return known[str(whole.more(place)["mask"])]

    def row(place: int, index: int) -> Row:
        one = every(place).at(index)
        ref = ExplanationRef("interpretation", one.mask, str(index))
        values = {"index": index, "name": one.words, "marks": "", "mask": one.mask}
        return Row(values, "interpretation", str(ref), found.url(ref), lambda: circuits_drawing(place))

    def circuits_drawing(place: int) -> Markup:
        assert whole.drawing is not None  # noqa: S101  # circuits have some
        return whole.drawing(place)

    return replace(
        whole,
        kind="interpretation",
        plural="interpretations",
        labels={"uses": whole.labels["uses"]},
        ref=lambda place: row(place, 0).ref,
        url=lambda place: f"{whole.url(place)}#interpretations",
        more=lambda place: {**whole.more(place), "name": f"i·{every(place).mask}", "silent": "", "where": ""},
        own=("interpretations", True),
        says=f"A circuit with a variable of the task for each node that can be asked{_apart(circuits)}.",
        lines="A row counts for all interpretations of a circuit.",
        weights=weights.taken(chosen),
        apart=lambda place, ranks: [row(place, every(place).index_of_observed(rank)) for rank in ranks],
        classes=circuits.coded["observed"].taken(chosen),
    )


def _apart(circuits: Part) -> str:
    """Phrase for the number of observed classes of all interpretations; "" where these are not stored."""
    if "observed" not in circuits.coded:
        return ""
    counted = circuits.coded["observed"]
    total = replace(circuits, weights=counted).count(counted.codes >= 0)
    return f"; {exact(total)} that inputs can tell apart"
