"""Claims in whatever form they are sent: claim files, masks, edge lists, scores, tables, graph files of usual tools.

Everything is turned into the JSON of a claim file first (:mod:`analysis.discovery.claims`), so one reader checks it.
A graph must have been written about this network or model: a node that is none of it is refused by its name. Never a
pickle: ``.pt`` and ``.pkl`` can run code.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from analysis.discovery.claims import MAX_CLAIM_BYTES, MAX_CLAIMS, Claim, Subject, claims_in, read_claim
from analysis.discovery.part_names import PartNames
from analysis.errors import InvalidClaim
from analysis.strict_json import kind_of, read_text, read_value

ITEM: Final = "claim"
DEFAULT_THRESHOLD: Final = 0.95
_CURE: Final = "give a claim file, a mask, edges, scores, or one of the graph files that are described beside the form"
_BETWEEN: Final = re.compile(r"[\s,;]+")
_ARROW: Final = re.compile(r"\s*(?:-+>|→|>)\s*")
_HEX: Final = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_SLOT: Final = re.compile(r"<([qkv])>")
_SHOWN: Final = 40
_SOURCE_NAMES: Final = ("source", "src", "sender", "parent", "from")
_TARGET_NAMES: Final = ("target", "dest", "receiver", "child", "to")
_EDGE_NAMES: Final = ("edge", "name")
_SCORE_NAMES: Final = ("score", "weight", "effect", "effect_size", "value")
_KEPT_NAMES: Final = ("in_graph", "in_circuit", "kept", "present")
_YES: Final = ("true", "1", "yes")
_NO: Final = ("false", "0", "no", "")


@dataclass(frozen=True)
class Declared:
    """What is said beside a claim, used where what was sent does not say it itself.

    Args:
        name: what to call it; "" for a name made of its form.
        method: how it was found.
        source: where it comes from.
        picking: of scores: k or threshold, pick, signed, ablation, as far as they are given.
        helpful_is_positive: whether helpful edges have positive scores, as most packages differentiate a loss.
    """

    name: str = ""
    method: str = ""
    source: str = ""
    picking: Mapping[str, Any] = field(default_factory=dict)
    helpful_is_positive: bool = False


@dataclass(frozen=True)
class SentForm:
    """One form in which claims are read.

    Args:
        key: stable name.
        label: for people.
        about: what writes it, and how it is read, in a sentence or two.
        example: of a 2-3-3-1 network, shortened.
    """

    key: str
    label: str
    about: str
    example: str


FORMS: Final[tuple[SentForm, ...]] = (
    SentForm(
        "claim-file",
        "Claim file",
        "pluriscope-claim/1, with up to 10,000 claims; what this site gives out of a kept claim.",
        '{"format": "pluriscope-claim/1", "claims": [{"name": "mine", "kind": "circuit", "mask": "3b2cf"}]}',
    ),
    SentForm("mask", "Mask", "Hex digits, the first edge lowest.", "3b2cf"),
    SentForm("edges", "Edge list", "Names of edges in text, or as a JSON list.", "x0>1.2 1.2>2.0 2.0>y0"),
    SentForm(
        "neurons",
        "Neurons",
        "Hidden neurons that are kept, in text or as a JSON list: every edge between these, the inputs and the output "
        "is the circuit. Or a score by the name of each hidden neuron, with how many to take.",
        "1.0 1.1 2.0",
    ),
    SentForm("scores", "Scores", "One number for each edge in the order of masks; null for none.", "-0.42, 0.01, …"),
    SentForm(
        "table",
        "Table",
        "CSV with a line of names: edge, or source and target; score, and in_graph where edges are kept or not.",
        "source,target,score\nx0,1.2,-0.42\n…",
    ),
    SentForm(
        "eap-ig",
        "Graph of EAP-IG",
        "What Graph.to_json writes. Edges marked in_graph are the circuit; where none is, or if you say how many edges "
        "to take, its scores pick one.",
        '{"cfg": {}, "nodes": {"x0": {"in_graph": true}, …}, "edges": {"x0->1.2": {"score": -0.42, "in_graph": true}}}',
    ),
    SentForm(
        "edge-scores",
        "Edge scores of auto-circuit",
        "A score by the name of each edge, as {edge.name: score for each edge}; true and false say which are kept.",
        '{"x0->1.2": -0.42, "1.2->2.0": 0.3, …}',
    ),
    SentForm(
        "prune-scores",
        "Prune scores of auto-circuit",
        "PruneScores as lists: a matrix [target][source] by layer, the first weight layer 1.",
        '{"1": [[0.1, 0.2], …], "2": …, "3": …}',
    ),
    SentForm(
        "acdc",
        "Edge list of ACDC",
        "What save_edges pickles, as JSON: [[receiver, index, sender, index], effect]; the edges listed are kept.",
        '[[["1.2", null, "x0", null], 0.03], …]',
    ),
    SentForm(
        "node-link",
        "Node-link graph",
        "What networkx.node_link_data and circuit-tracer write: nodes with ids, links with source, target and weight.",
        '{"nodes": [{"id": "x0"}, …], "links": [{"source": "x0", "target": "1.2", "weight": 0.4}]}',
    ),
)
"""Every form, in the order in which pages describe them."""


@dataclass(frozen=True)
class Read:
    """What was sent, read.

    Args:
        form: key of :data:`FORMS`.
        claims: in their order.
    """

    form: str
    claims: tuple[Claim, ...]


def read_sent(raw: bytes, subject: Subject, declared: Declared) -> Read:
    """The claims in what somebody sent.

    Args:
        raw: text in any of :data:`FORMS`.
        subject: what they are about.
        declared: what is said beside it.

    Raises:
        InvalidClaim: it has none of these forms, or does not fit the network or model.
    """
    names = subject.names
    text = read_text(raw, ITEM, InvalidClaim, MAX_CLAIM_BYTES, _CURE).strip()
    if not text:
        raise InvalidClaim(ITEM, "is empty", _CURE)
    if text[0] not in "{[":
        form, said = _from_text(text, names)
    else:
        value = read_value(raw, ITEM, InvalidClaim, MAX_CLAIM_BYTES, _CURE)
        if isinstance(value, dict) and "format" in value:
            return Read("claim-file", claims_in(value, subject))
        form, said = _from_json(value, names, declared)
    return Read(form, (_one_claim(form, said, names, declared),))


def output_named(raw: bytes) -> int | None:
    """The output that a claim file names; None of any other form, and of what cannot be read, which is told later."""
    try:
        value = read_value(raw, ITEM, InvalidClaim, MAX_CLAIM_BYTES, _CURE)
    except InvalidClaim:
        return None
    output = value.get("output") if isinstance(value, dict) and "format" in value else None
    return output if isinstance(output, int) and not isinstance(output, bool) and 0 <= output < 1_000 else None


def edges_in(text: str) -> list[str]:
    """Names of edges as people write them, with any arrow, between spaces, commas or semicolons."""
    return [part for part in _BETWEEN.split(_ARROW.sub(">", _dotted(text))) if part]


def numbers_in(text: str) -> list[float | str | None]:
    """Numbers as people write them; what is no number stays text, which the reader refuses by its place."""
    return [_number(part) for part in _BETWEEN.split(text.strip("[]() \n")) if part]


def _number(text: str) -> float | str | None:
    if text.lower() in ("null", "none"):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _one_claim(form: str, said: dict[str, Any], names: PartNames, declared: Declared) -> Claim:
    """The claim that was read, with what was declared where it says nothing itself."""
    beside = {"method": declared.method, "source": declared.source}
    whole = {
        "name": declared.name or label_of(form),
        "kind": "circuit",
        **{key: one for key, one in beside.items() if one},
        **said,
    }
    if "scores" in whole:
        if declared.helpful_is_positive and isinstance(whole["scores"], list):
            whole["scores"] = [-one if type(one) in (int, float) else one for one in whole["scores"]]
        picking = {key: one for key, one in declared.picking.items() if key not in said}
        given = {"k", "threshold"} & (set(said) | set(picking))
        whole |= picking if given else {**picking, "threshold": DEFAULT_THRESHOLD}
    return read_claim(whole, ITEM, names)


# --- text


def _from_text(text: str, names: PartNames) -> tuple[str, dict[str, Any]]:
    first = text.splitlines()[0].lower()
    columns = [name.strip().strip('"') for name in re.split(r"[,;\t]", first)]
    if set(columns) & {*_EDGE_NAMES} or (set(columns) & {*_SOURCE_NAMES} and set(columns) & {*_TARGET_NAMES}):
        return "table", _table(text, columns, names)
    if _HEX.fullmatch(text):
        return "mask", {"mask": text.lower()}
    if _are_neurons(edges_in(text), names):
        return "neurons", _of_neurons(edges_in(text), names)
    named = all(part in names.numbers or part in names.aliases for part in edges_in(text))
    if not named and ">" not in text and "→" not in text:
        return "scores", {"scores": numbers_in(text)}
    return "edges", {"edges": [part_text(name, names) for name in edges_in(text)]}


def _table(text: str, columns: Sequence[str], names: PartNames) -> dict[str, Any]:
    """Edges or scores from a table with a line of names."""
    between = next(sign for sign in ("\t", ";", ",", "") if sign in text.splitlines()[0])
    told: list[_Told] = []
    try:
        rows = list(csv.reader(text.splitlines()[1:], delimiter=between or ","))
    except csv.Error as problem:
        raise InvalidClaim(ITEM, f"is no table that can be read ({problem})", _CURE) from None
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(columns):
            raise InvalidClaim(
                f"{ITEM}: line {number}",
                f"has {len(row)} cells, and the first line {len(columns)}",
                "fill every column",
            )
        told.append(_told_in(dict(zip(columns, (cell.strip() for cell in row), strict=True)), f"line {number}", names))
    return _edges_or_scores(told, names, by_score=not any(one.kept is not None for one in told))


# --- JSON


@dataclass(frozen=True)
class _Told:
    """What a graph says of one edge: its index, a score if it has one, and whether it is kept, if that is said."""

    edge: int
    score: Any
    kept: bool | None


def _from_json(value: Any, names: PartNames, declared: Declared) -> tuple[str, dict[str, Any]]:
    by_score = bool({"k", "threshold"} & set(declared.picking))
    if isinstance(value, list):
        return _from_list(value, names)
    if "mask" in value or "scores" in value or (isinstance(value.get("edges"), list) and _is_names(value["edges"])):
        way = next(way for way in ("mask", "scores", "edges") if way in value)
        return way, {key: one for key, one in value.items() if key != "kind"}
    if isinstance(value.get("edges"), dict):
        _check_nodes(value["nodes"] if isinstance(value.get("nodes"), dict) else (), names)
        told = [_told_in({"edge": name, **_of(one, name)}, "edges", names) for name, one in value["edges"].items()]
        return "eap-ig", _edges_or_scores(told, names, by_score=by_score)
    links = value.get("links", value.get("edges"))
    if isinstance(value.get("nodes"), list) and isinstance(links, list):
        _check_nodes([_node_id(node) for node in value["nodes"]], names)
        told = [_told_in(_of(link, f"links[{n}]"), f"links[{n}]", names) for n, link in enumerate(links)]
        kept = [one if one.kept is not None else _Told(one.edge, one.score, kept=True) for one in told]
        return "node-link", _edges_or_scores(kept, names, by_score=by_score)
    if value and all(names.nodes.get(name) in names.neurons for name in value):
        return "neurons", _by_neuron(value, names, declared)
    if value and all(name.isdecimal() for name in value):
        return "prune-scores", {"scores": _prune_scores(value, names)}
    if any(_ARROW.search(name) for name in value):
        told = [
            _Told(_edge(name, "edges", names), None, one)
            if isinstance(one, bool)
            else _Told(_edge(name, "edges", names), one, None)
            for name, one in value.items()
        ]
        return "edge-scores", _edges_or_scores(told, names, by_score=not any(one.kept is not None for one in told))
    shown = ", ".join(repr(key[:_SHOWN]) for key in list(value)[:3])
    raise InvalidClaim(ITEM, f"is an object of no form that is read here (keys {shown or 'none'})", _CURE)


def _from_list(value: list[Any], names: PartNames) -> tuple[str, dict[str, Any]]:
    if len(value) > max(MAX_CLAIMS, names.n_bits):
        cure = f"the {names.whole} has {names.n_bits} {names.part}s"
        raise InvalidClaim(ITEM, f"is a list of {len(value):,}", cure)
    if value and all(isinstance(one, list) for one in value):
        return "acdc", {"edges": [_acdc_edge(one, f"[{number}]", names) for number, one in enumerate(value)]}
    if _is_names(value):
        if _are_neurons(value, names):
            return "neurons", _of_neurons(value, names)
        return "edges", {"edges": [part_text(one, names) for one in value]}
    return "scores", {"scores": value}


def _are_neurons(texts: Sequence[str], names: PartNames) -> bool:
    """Whether these are names of hidden neurons, which look like numbers; as many as there are edges are scores."""
    hidden = [names.nodes.get(text) in names.neurons for text in texts]
    return bool(hidden) and len(texts) != names.n_bits and any(hidden) and all(text in names.nodes for text in texts)


def _of_neurons(kept: Sequence[str], names: PartNames) -> dict[str, Any]:
    """Every edge between kept neurons, inputs and the output, which always stay."""
    neurons = [names.nodes[name] for name in kept]
    twice = next((name for number, name in enumerate(neurons) if name in neurons[:number]), None)
    if twice is not None:
        raise InvalidClaim(f"{ITEM}: neurons", f"has {twice} twice", "name each neuron once")
    cut = set(names.neurons) - set(neurons)
    return {"edges": [edge for edge in names.numbers if cut.isdisjoint(edge.split(">"))]}


def _by_neuron(value: Mapping[str, Any], names: PartNames, declared: Declared) -> dict[str, Any]:
    """The circuit of neurons that are said to be kept, or of those with the largest scores.

    Of equal scores the first neuron is taken first. The scores stay with the claim as what its author says was set.
    """
    if all(isinstance(one, bool) for one in value.values()):
        return _of_neurons([name for name, kept in value.items() if kept], names)
    scores: dict[str, float] = {}
    for name, score in value.items():
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not abs(score) < 1e300:
            raise InvalidClaim(f"{ITEM}: {name}", f"is {str(score)[:_SHOWN]}, no finite number", "give a score")
        scores[names.nodes[name]] = float(score)
    if len(scores) != len(names.neurons) or len(value) != len(scores):
        cure = f"give one for each of {', '.join(names.neurons)}"
        raise InvalidClaim(f"{ITEM}: neurons", f"has {len(value)} scores, and there are {len(names.neurons)}", cure)
    k = declared.picking.get("k")
    if k is None or k > len(scores):
        cause = "has no number of neurons to take" if k is None else f"k is {k}, and there are {len(scores)} neurons"
        raise InvalidClaim(f"{ITEM}: neurons", cause, f"give k, from 1 to {len(scores)}")
    sign = 1.0 if declared.helpful_is_positive else -1.0
    signed = bool(declared.picking.get("signed"))

    def key(name: str) -> tuple[float, int]:
        score = scores[name]
        return -(sign * score if signed else abs(score)), names.neurons.index(name)

    taken = sorted(scores, key=key)[:k]
    settings = {"neurons taken": k, "signed": signed} | {f"score of {name}": scores[name] for name in names.neurons}
    return _of_neurons(taken, names) | {"settings": settings}


def _is_names(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(one, str) for one in value)


def _acdc_edge(value: list[Any], where: str, names: PartNames) -> str:
    """An edge as ACDC saves it: receiver and its index, sender and its index, and the effect behind them."""
    said = value[0] if value and isinstance(value[0], list) else value
    ends = [one for one in said if isinstance(one, str)]
    if len(ends) != 2:
        raise InvalidClaim(
            f"{ITEM}: {where}", "does not name two neurons", 'give [["1.2", null, "x0", null], 0.03]: receiver first'
        )
    return part_text(f"{ends[1]}>{ends[0]}", names)


def _of(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidClaim(f"{ITEM}: {where[:_SHOWN]!r}", f"is {kind_of(value)}, not an object", _CURE)
    return value


def _node_id(node: Any) -> Any:
    return (
        next((node[key] for key in ("id", "node_id", "name") if key in node), None) if isinstance(node, dict) else node
    )


def _prune_scores(value: Mapping[str, Any], names: PartNames) -> list[Any]:
    """Matrices [target][source] by layer, as one list in the order of masks."""
    layers = [str(layer) for layer in range(1, len(names.matrices) + 1)]
    if not layers:
        raise InvalidClaim(ITEM, "has matrices by layer, which a model has none of", "give scores by the name of each")
    if sorted(value) != sorted(layers):
        raise InvalidClaim(
            ITEM, f"has matrices of layers {', '.join(sorted(value))[:80]}", f"give one for each of {', '.join(layers)}"
        )
    found: list[Any] = []
    for layer in layers:
        shape, rows = names.matrices[int(layer) - 1], value[layer]
        fits = isinstance(rows, list) and len(rows) == shape[0]
        if not fits or not all(isinstance(row, list) and len(row) == shape[1] for row in rows):
            raise InvalidClaim(
                f"{ITEM}: layer {layer}",
                f"is no matrix of {shape[0]} rows with {shape[1]} numbers",
                "give [target][source]",
            )
        found += [score for row in rows for score in row]
    return found


def _told_in(said: Mapping[str, Any], where: str, names: PartNames) -> _Told:
    """One edge from an object or a row of a table."""

    def first(keys: Sequence[str]) -> Any:
        return next((said[key] for key in keys if key in said), None)

    source, target = first(_SOURCE_NAMES), first(_TARGET_NAMES)
    name = f"{_node_id(source)}>{_node_id(target)}" if source is not None and target is not None else first(_EDGE_NAMES)
    edge = _edge(name, where, names)
    score, kept = first(_SCORE_NAMES), first(_KEPT_NAMES)
    if isinstance(kept, str) and kept.lower() in (*_YES, *_NO):
        kept = kept.lower() in _YES
    if kept is not None and not isinstance(kept, bool):
        raise InvalidClaim(
            f"{ITEM}: {where}", f"says {str(kept)[:_SHOWN]!r} of whether it is kept", "use true or false"
        )
    if isinstance(score, str):
        score = _number(score) if score else None
    return _Told(edge, score, kept)


def _edges_or_scores(told: Sequence[_Told], names: PartNames, *, by_score: bool) -> dict[str, Any]:
    """The circuit that is marked, or the scores of all edges where none is, or where scores are asked for."""
    by_edge: dict[int, _Told] = {}
    written = list(names.numbers)
    for one in told:
        if one.edge in by_edge:
            raise InvalidClaim(f"{ITEM}: edges", f"has {written[one.edge]} twice", "name each edge once")
        by_edge[one.edge] = one
    kept = [written[edge] for edge, one in sorted(by_edge.items()) if one.kept]
    scored = any(one.score is not None for one in told)
    if kept and not (by_score and scored):
        return {"edges": kept}
    if not scored:
        raise InvalidClaim(ITEM, "marks no edge as kept and has no scores", "mark edges with in_graph, or give scores")
    return {"scores": [by_edge[edge].score if edge in by_edge else None for edge in range(names.n_bits)]}


# --- names of edges and neurons


def _check_nodes(given: Any, names: PartNames) -> None:
    for name in given:
        _node(name, "nodes", names)


def _edge(name: Any, where: str, names: PartNames) -> int:
    text = part_text(name, names, where)
    if text not in names.numbers:
        raise InvalidClaim(
            f"{ITEM}: {where}",
            f"{str(name)[:_SHOWN]!r} {names.why_none(text)}",
            f"give {names.part}s of this {names.whole}",
        )
    return names.numbers[text]


def part_text(name: Any, names: PartNames, where: str = "edges") -> str:
    """A name as claims write it, from any arrow and any spelling of its nodes."""
    if isinstance(name, str) and (name in names.numbers or name in names.aliases):
        return names.aliases.get(name, name)
    ends = _ARROW.split(_dotted(name.strip())) if isinstance(name, str) else []
    if len(ends) != 2:
        shown = repr(name[:_SHOWN]) if isinstance(name, str) else kind_of(name)
        raise InvalidClaim(f"{ITEM}: {where}", f"has {shown} where {_a(names.part)} should stand", names.how)
    target = ends[1] if ends[1] in names.nodes else re.sub(r"\.[qkv]$", "", ends[1])  # not all readers have slots
    return f"{_node(ends[0], where, names)}>{_node(target, where, names)}"


def _dotted(text: str) -> str:
    """Slots behind a dot, since the usual way of writing them has the sign of an arrow."""
    return _SLOT.sub(r".\1", text)


def _a(part: str) -> str:
    return f"an {part}" if part == "edge" else f"a {part}"


def _node(name: Any, where: str, names: PartNames) -> str:
    """A node's name as claims write it.

    Raises:
        InvalidClaim: it is none of this network or model; most graphs of other tools are about another one.
    """
    known = names.nodes.get(name) if isinstance(name, str) else None
    if known is None:
        shown = repr(name[:_SHOWN]) if isinstance(name, str) else kind_of(name)
        what = "neuron of this network" if names.whole == "network" else f"node of this {names.whole}"
        raise InvalidClaim(
            f"{ITEM}: {where}",
            f"has the node {shown}, which is no {what}",
            f"name its nodes as in the drawing: {names.listed}",
        )
    return known


def label_of(form: str) -> str:
    """What a form is called; its key where this version knows none of that name."""
    return next((one.label for one in FORMS if one.key == form), form)
