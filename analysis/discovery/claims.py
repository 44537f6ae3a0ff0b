"""Claims: circuits that somebody else found, in whatever form they are pasted.

A mask, names of edges, scores, or scores by the name of each edge. A graph must have been written about this network or
model: a node that does not belong to it is refused by its name. Never a pickle: ``.pt`` and ``.pkl`` can run code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.method import Answer, answer_by_scores, outcome_of
from pluriscope.analysis.discovery.part_names import ARROW, PartNames, dotted, names_of, shown_name
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.discovery.selection import SELECTION, Scores, choose_stop
from pluriscope.analysis.errors import AnalysisError, InvalidClaim, InvalidMethod
from pluriscope.analysis.graph_files.graphs_of_others import configuration, graph_of_tables, prune_scores
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS
from pluriscope.analysis.methods.settings import Setting, filled
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.values.strict_json import check_keys, combined, kind_of, read_text, read_value

MAX_CLAIM_BYTES: Final = 4_000_000
DEFAULT_THRESHOLD: Final = 0.95
_ITEM: Final = "claim"
_CURE: Final = "give a mask, edges, scores, or an object with a score by the name of each edge"
_BETWEEN: Final = re.compile(r"[\s,;]+")
_HEX: Final = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_NAMED: Final = re.compile(r"(?:c[-·])?([0-9a-fA-F]+)|i-([0-9a-fA-F]+)\.\d+", re.ASCII)
"""A mask, or the name of a circuit or of one of its interpretations."""
_MISNAMED: Final = re.compile(r"[ci][-·][^\s,;>→]*")
_WAYS: Final = ("mask", "edges", "scores")
_SHOWN: Final = 40
_UNNAMED: Final = "The graph does not say which network it is of; its nodes and edges are those of this one."
_MLP: Final = re.compile(r"(?:^|->)m\d+(?:->|$)")


@dataclass(frozen=True)
class SentForm:
    """A form in which claims are read.

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
    SentForm("mask", "Name or mask", "Hex digits, the first edge lowest, with or without c- before them.", "c-3b2cf"),
    SentForm("edges", "Edge list", "Names of edges in text, or as a JSON list.", "A>n1.2 n1.2>n2.0 n2.0>y"),
    SentForm("scores", "Scores", "One number for each edge in the order of masks; null for none.", "-0.42, 0.01, …"),
    SentForm(
        "edge-scores",
        "Scores by edge",
        "A score by the name of each edge, as auto-circuit has them; true and false say which are kept.",
        '{"x0->1.2": -0.42, "1.2->2.0": 0.3, …}',
    ),
    SentForm(
        "eap-ig",
        "Graph of EAP-IG, MIB",
        "What Graph.to_json writes. Edges marked in_graph are the circuit; where none is, or if you say how many edges "
        "to take, its scores pick one. What a head reads in one has the sum of the scores of its q, k and v.",
        '{"cfg": {}, "nodes": {"x0": {"in_graph": true}, …}, "edges": {"x0->1.2": {"score": -0.42, "in_graph": true}}}',
    ),
    SentForm(
        "auto-circuit",
        "Prune scores of auto-circuit",
        "By module, as nested lists. The circuit is what has 1 where all are 0 or 1, and what ACDC never pruned.",
        '{"blocks.0.hook_q_input": [[-0.42], …], …, "blocks.1.hook_resid_post": [0.3, …]}',
    ),
    *(SentForm(one.key, one.label, one.about, one.example) for one in GRAPH_FORMATS.values() if one.read),
)
"""Every form, in the order in which pages describe them."""


@dataclass(frozen=True)
class Claim:
    """A circuit that somebody claims.

    Args:
        form: key of :data:`FORMS`, in which it was given.
        raw_mask: the edges claimed; None where scores are given instead.
        scores: for each edge a number, or None where its method gave it none; None where a mask or edges are given.
        picking: how a mask is picked by these scores.
        note: what was taken for granted, a sentence; "" where nothing was.
    """

    form: str
    raw_mask: int | None
    scores: tuple[float | None, ...] | None
    picking: Mapping[str, Any]
    note: str = ""

    @property
    def ablation(self) -> str:
        """The ablation under which the claim's scores pick a mask; "" where none is named."""
        return str(self.picking.get("ablation", ""))

    def answer(self, masked: MaskedSubject) -> Answer:
        """The claim as an answer of a method.

        Args:
            masked: what it is about, under its ablation.
        """
        if self.raw_mask is not None:
            return Answer(outcome_of(self.raw_mask, masked.n_bits), self.raw_mask)
        values = np.array([0.0 if score is None else score for score in self.scores or ()], dtype=np.float64)
        return answer_by_scores(Scores(values), masked, self.picking)


@dataclass(frozen=True)
class Vocabulary:
    """The names, settings and identity of what claims are about.

    Args:
        names: of what a claim may keep.
        settings: how scores lead to a mask.
        network: SHA-256 of the network or model.
        output: which of its outputs.
        configuration: the sizes by which EAP-IG knows the network; empty where it has no place there.
    """

    names: PartNames
    settings: tuple[Setting, ...]
    network: str
    output: int
    configuration: Mapping[str, Any]


def vocabulary_of(question: SubjectQuestion) -> Vocabulary:
    """Return the vocabulary of a question about a subject of any kind; scores are picked from as those of a random
    order are.
    """
    own = METHODS.of(question.kind)["random"].own
    settings = (*SELECTION, *(one for one in own if one.name != "seed"))
    network = question.subject.digest, question.output, configuration(question)
    return Vocabulary(names_of(question.graph), settings, *network)


def read_claim(raw: bytes, vocabulary: Vocabulary, picking: Mapping[str, Any] | None = None) -> Claim:
    """The claim that somebody sent.

    Args:
        raw: text in any of :data:`FORMS`.
        vocabulary: what it is about.
        picking: of scores: k or threshold, pick, signed, ablation, where what was sent does not say it itself.

    Raises:
        InvalidClaim: it has none of these forms, or does not fit the network.
    """
    names, picking = vocabulary.names, picking or {}
    text = read_text(raw, _ITEM, InvalidClaim, MAX_CLAIM_BYTES, _CURE).strip()
    if not text:
        raise InvalidClaim(_ITEM, "is empty", _CURE)
    sent = read_value(raw, _ITEM, InvalidClaim, MAX_CLAIM_BYTES, _CURE) if text[0] in "{[" else text
    form, graph = _graph_of(sent)
    note = ""
    if graph is not None:
        note = "" if "network" in graph.graph else _UNNAMED
        content = _from_graph(graph, vocabulary, by_score=bool({"k", "threshold"} & set(picking)))
    elif sent is text:
        form, content = _from_text(text, names)
    else:
        form, content = _from_json(sent, vocabulary, picking)
        note = _UNNAMED if form in ("eap-ig", "auto-circuit") else ""
    selection = tuple(setting.name for setting in vocabulary.settings)
    problems: list[AnalysisError] = check_keys(content, (), (*_WAYS, *selection), _ITEM, InvalidClaim)
    if problems:
        raise combined(problems, _ITEM, InvalidClaim)
    ways = [way for way in _WAYS if way in content]
    if len(ways) != 1:
        raise InvalidClaim(_ITEM, f"has {' and '.join(ways)}", "give exactly one of mask, edges, scores")
    picked = {name: content[name] for name in selection if name in content}
    if ways == ["scores"]:  # what was declared stands where it says nothing itself
        declared = {key: one for key, one in picking.items() if key not in content}
        given = {"k", "threshold"} & {*content, *declared}
        picked = _picking(picked | declared | ({} if given else {"threshold": DEFAULT_THRESHOLD}), vocabulary)
        return Claim(form, None, _scores(content["scores"], names), picked, note)
    if picked:
        raise InvalidClaim(_ITEM, f"has {' and '.join(picked)} beside {ways[0]}", "give them with scores only")
    mask = _mask(content["mask"], names) if "mask" in content else _edges(content["edges"], names)
    return Claim(form, mask, None, {}, note)


# --- what was sent, as a mask, edges or scores


def _from_text(text: str, names: PartNames) -> tuple[str, dict[str, Any]]:
    """Read text as the form of a claim and its content: names of edges with any arrow, scores, or a mask."""
    if named := _NAMED.fullmatch(text):
        return "mask", {"mask": named[1] or named[2]}
    parts = [part for part in _BETWEEN.split(ARROW.sub(">", dotted(text))) if part]
    whole = names.graph.to_hex((1 << names.graph.n_bits) - 1)
    if _MISNAMED.fullmatch(text) and parts[0] not in names.written:
        cause = f"{text[:_SHOWN]!r} is the name of no circuit: after {text[:2]} {len(whole)} hex digits are read"
        raise InvalidClaim(_ITEM, cause, f"give a name such as c-{whole}, which is the whole network's")
    if ARROW.search(text) or all(part in names.written for part in parts):
        return "edges", {"edges": parts}
    scores = [_number(part) for part in _BETWEEN.split(text.strip("[]() \n")) if part]
    if scores and all(isinstance(score, str) for score in scores):
        cause = f"{shown_name(text[:_SHOWN])} is no name of a circuit, no {names.part} and no number"
        cure = f"give a name such as c-{whole}, {names.part}s such as {names.example}, or a score for each {names.part}"
        raise InvalidClaim(_ITEM, cause, cure)
    return "scores", {"scores": scores}


def _number(text: str) -> float | str | None:
    """A number as people write it; what is none stays text, which is refused by its place."""
    if text.lower() in ("null", "none"):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _from_json(value: Any, vocabulary: Vocabulary, picking: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Read a JSON value as the form of a claim and its content."""
    if isinstance(value, list):
        way = "edges" if _is_names(value) else "scores"
        return way, {way: value}
    if "mask" in value or "scores" in value or (isinstance(value.get("edges"), list) and _is_names(value["edges"])):
        return next(way for way in ("mask", "scores", "edges") if way in value), value
    names, by_score = vocabulary.names, bool({"k", "threshold"} & set(picking))
    try:
        pruned = prune_scores(value)
        value = graph_of_tables(value) if "src_nodes" in value else value
    except ValueError as problem:
        raise InvalidClaim(_ITEM, str(problem), _CURE) from None
    if pruned:
        return "auto-circuit", _edges_or_scores(pruned, names, by_score, whole=True)
    if isinstance(value.get("edges"), dict):
        return "eap-ig", _from_eap_ig(value, vocabulary, by_score)
    if any(ARROW.search(name) for name in value):
        parts = {name: {"in_graph" if isinstance(one, bool) else "score": one} for name, one in value.items()}
        return "edge-scores", _edges_or_scores(parts, names, by_score)
    shown = ", ".join(repr(key[:_SHOWN]) for key in list(value)[:3])
    raise InvalidClaim(_ITEM, f"is an object of no form that is read here (keys {shown or 'none'})", _CURE)


def _from_eap_ig(value: dict[str, Any], vocabulary: Vocabulary, by_score: bool) -> dict[str, Any]:
    """Read the edges of a graph of EAP-IG, or its nodes where masks name these."""
    names, sizes = vocabulary.names, value["cfg"] if isinstance(value.get("cfg"), dict) else {}
    for key, own in vocabulary.configuration.items():
        if sizes.get(key, own) != own:
            cause = f"is of a model with {key} {str(sizes[key])[:_SHOWN]}, and this one has {own}"
            raise InvalidClaim(f"{_ITEM}: cfg", cause, "give a graph of this network")
    edges, nodes = value["edges"], value["nodes"] if isinstance(value.get("nodes"), dict) else {}
    if vocabulary.configuration and not names.knows("m0"):  # programs that need MLP blocks have some that add nothing
        adding = {name for name, one in edges.items() if isinstance(one, dict) and one.get("score")}
        edges = {name: one for name, one in edges.items() if name in adding or not _MLP.search(name)}
        nodes = {name: one for name, one in nodes.items() if not _MLP.search(name)}
    known = {name: names.node(name, f"{_ITEM}: nodes") for name in nodes}
    if names.part == "node":
        marked = {name: one if isinstance(one, dict) else {"in_graph": one} for name, one in nodes.items()}
        edges = {name: one for name, one in marked.items() if known[name] in names.numbers}
    return _edges_or_scores(edges, names, by_score, whole=bool(sizes))


def _is_names(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(one, str) for one in value)


def _edges_or_scores(
    parts: Mapping[str, Any], names: PartNames, by_score: bool, *, whole: bool = False
) -> dict[str, Any]:
    """Read the marked circuit, or the scores of all edges where none is marked or ``by_score`` says so."""
    item, written = f"{_ITEM}: {names.part}s", list(names.numbers)
    found: list[dict[str, Mapping[str, Any]]] = [{} for _ in written]
    for name, part in parts.items():
        if not isinstance(part, Mapping):
            raise InvalidClaim(f"{_ITEM}: {name[:_SHOWN]!r}", f"is {kind_of(part)}, not an object", _CURE)
        bit, slot, kept = names.bit(name, item), names.slot(name), part.get("in_graph")
        if slot in found[bit]:
            raise InvalidClaim(item, f"has {written[bit]} twice", f"name each {names.part} once")
        if kept is not None and not isinstance(kept, bool):
            raise InvalidClaim(item, f"says {str(kept)[:_SHOWN]!r} of whether one is kept", "use true or false")
        found[bit][slot] = part
    if whole and {} in found:
        missing = written[found.index({})]
        cause = f"say nothing of {missing}, so they are of another network"
        raise InvalidClaim(item, cause, "give all of this network")
    scores = [_sum_of(slots) for slots in found]
    scored = any(score is not None for score in scores)
    marks = [{bool(part.get("in_graph")) for part in slots.values()} for slots in found]
    if (any(True in one for one in marks) or (whole and not any(scores))) and not (by_score and scored):
        if {True, False} in marks:
            cause = f"keeps some of the q, k and v of {written[marks.index({True, False})]}, which is one edge here"
            raise InvalidClaim(item, cause, "ask under rules that have them apart")
        return {"edges": [name for name, one in zip(written, marks, strict=True) if True in one]}
    if not scored:
        raise InvalidClaim(_ITEM, f"keeps no {names.part} and has no scores", "mark some as kept, or give scores")
    return {"scores": scores}


def _sum_of(slots: Mapping[str, Mapping[str, Any]]) -> Any:
    """The sum of the scores of slots; what is no number is as it was given."""
    given = [part["score"] for part in slots.values() if part.get("score") is not None]
    numbers = len(given) > 1 and all(isinstance(one, (int, float)) for one in given)
    return sum(given) if numbers else (*given, None)[0]


def _graph_of(sent: Any) -> tuple[str, Any]:
    """The key of the format of graphs that something is in, and the graph; None if it is in none."""
    for one in GRAPH_FORMATS.values():
        try:
            found = one.read(sent) if one.read else None
        except ValueError as problem:
            raise InvalidClaim(f"{_ITEM}: {one.label}", str(problem), _CURE) from None
        if found is not None:
            return one.key, found
    return "", None


def _from_graph(graph: Any, vocabulary: Vocabulary, *, by_score: bool) -> dict[str, Any]:
    """Read a graph of networkx: parts marked as kept, else with a score, else those that are there."""
    names, item, about = vocabulary.names, f"{_ITEM}: graph", graph.graph
    for key, own in (("network", vocabulary.network), ("output", str(vocabulary.output))):
        if str(about.get(key, own)).removesuffix(".0") != own:  # some tools have no integers
            cause = f"is of {key} {str(about[key])[:12]!r}, and this one is {own[:12]!r}"
            raise InvalidClaim(item, cause, f"locate it among the circuits of that {key}")
    if about.get("explanation") == "placement":
        raise InvalidClaim(item, "shows a placement, which leaves no edge out", "give the graph of a circuit")
    if not graph.is_directed():
        raise InvalidClaim(item, "has edges without a direction", "give a directed graph, each edge from what is read")
    nodes = {
        node: names.node(str(node), item, *map(about.get, ("id", "name", "label")))
        for node, about in graph.nodes(data=True)
    }
    if len(set(nodes.values())) < len(nodes):
        raise InvalidClaim(item, "has two nodes of one name", "name each node once")
    edges = [
        (f"{nodes[source]}>{nodes[target]}" + (f".{about['slot']}" if about.get("slot") else ""), about)
        for source, target, about in graph.edges(data=True)
    ]
    parts = edges if names.part == "edge" else [(nodes[one], graph.nodes[one]) for one in graph]
    parts = [(name, about) for name, about in parts if names.part == "edge" or name in names.numbers]
    if len({name for name, _ in parts}) < len(parts):
        raise InvalidClaim(item, "has an edge twice", "name each edge once, with its slot where there are several")
    marked, edges_marked = (any({"kept", "score"} & about.keys() for _, about in some) for some in (parts, edges))
    if edges_marked and not marked:
        raise InvalidClaim(item, "marks edges, and a circuit is its nodes here", "mark nodes, or ask under other rules")
    content = {name: {"in_graph": one.get("kept", not marked), "score": one.get("score")} for name, one in parts}
    return _edges_or_scores(content, names, by_score)


# --- what they must be


def _mask(value: Any, names: PartNames) -> int:
    digits = len(names.graph.to_hex(0))
    if not isinstance(value, str) or len(value) != digits or not _HEX.fullmatch(value):
        raise InvalidClaim(
            f"{_ITEM}: mask",
            f"{str(value)[:_SHOWN]!r} is not {digits} hex digits",
            f"give one digit for every four of the {names.graph.n_bits} {names.part}s, the first {names.part} lowest",
        )
    mask = int(value, 16)
    if mask >> names.graph.n_bits:
        cause = f"has {names.part}s beyond the network's {names.graph.n_bits}"
        raise InvalidClaim(f"{_ITEM}: mask", cause, "give a mask of this network")
    return mask


def _edges(value: Any, names: PartNames) -> int:
    """A mask from names such as ``x0>1.2``."""
    item = f"{_ITEM}: edges"
    if not isinstance(value, list):
        raise InvalidClaim(item, f"is {kind_of(value)}, not a list", f'give names, e.g. ["{names.example}"]')
    mask = 0
    for name in value:
        bit = 1 << names.bit(name, item)
        if mask & bit:
            raise InvalidClaim(item, f"has {shown_name(name)} twice", f"name each {names.part} once")
        mask |= bit
    return mask


def _scores(value: Any, names: PartNames) -> tuple[float | None, ...]:
    n, part, item = names.graph.n_bits, names.part, f"{_ITEM}: scores"
    cure = f"give {n} finite numbers, one for each {part} in the order of masks, null where there is none"
    if not isinstance(value, list):
        raise InvalidClaim(item, f"is {kind_of(value)}, not a list", cure)
    if len(value) != n:
        numbers = "1 number" if len(value) == 1 else f"{len(value):,} numbers"
        raise InvalidClaim(item, f"has {numbers}, and there are {n} {part}s", cure)
    for number, score in enumerate(value):
        if score is None:
            continue
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not abs(score) < 1e300:
            shown = shown_name(score if isinstance(score, str) else str(score))
            raise InvalidClaim(f"{item}[{number}]", f"is {shown}, no finite number", cure)
    if all(score is None for score in value):
        raise InvalidClaim(item, f"are null for every {part}, so nothing ranks them", cure)
    return tuple(None if score is None else float(score) for score in value)


def _picking(given: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """Check the settings by which scores lead to a mask."""
    try:
        found: dict[str, Any] = filled(vocabulary.settings, given, _ITEM)
        choose_stop(found, given, _ITEM)
    except InvalidMethod as problem:
        raise InvalidClaim(problem.item, problem.cause, problem.cure) from None
    if int(found.get("k", 0)) > vocabulary.names.graph.n_bits:
        cure = f"there are {vocabulary.names.graph.n_bits} {vocabulary.names.part}s; use fewer"
        raise InvalidClaim(_ITEM, f"k is {found['k']}", cure)
    return found
