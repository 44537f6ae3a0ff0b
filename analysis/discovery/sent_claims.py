"""Claims in whatever form they are pasted: claim files, masks, edge lists, scores, and scores by the name of each edge.

Everything is turned into the JSON of a claim file first (:mod:`analysis.discovery.claims`), so one reader checks it.
A graph must have been written about this network or model: a node that does not belong to it is refused by its name.
Never a pickle: ``.pt`` and ``.pkl`` can run code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from analysis.discovery.claims import MAX_CLAIM_BYTES, MAX_CLAIMS, Claim, Subject, claims_in, read_claim
from analysis.discovery.part_names import ARROW, PartNames, dotted
from analysis.errors import InvalidClaim
from analysis.strict_json import kind_of, read_text, read_value

ITEM: Final = "claim"
DEFAULT_THRESHOLD: Final = 0.95
_CURE: Final = "give a claim file, a mask, edges, scores, or an object with a score by the name of each edge"
_BETWEEN: Final = re.compile(r"[\s,;]+")
_HEX: Final = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_SHOWN: Final = 40


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
        "pluriscope-claim/1, what pluriscope audit --claims reads.",
        '{"format": "pluriscope-claim/1", "claims": [{"name": "mine", "kind": "circuit", "mask": "3b2cf"}]}',
    ),
    SentForm("mask", "Mask", "Hex digits, the first edge lowest.", "3b2cf"),
    SentForm("edges", "Edge list", "Names of edges in text, or as a JSON list.", "x0>1.2 1.2>2.0 2.0>y0"),
    SentForm("scores", "Scores", "One number for each edge in the order of masks; null for none.", "-0.42, 0.01, …"),
    SentForm(
        "edge-scores",
        "Scores by edge",
        "A score by the name of each edge, as auto-circuit has them; true and false say which are kept.",
        '{"x0->1.2": -0.42, "1.2->2.0": 0.3, …}',
    ),
    SentForm(
        "eap-ig",
        "Graph of EAP-IG",
        "What Graph.to_json writes. Edges marked in_graph are the circuit; where none is, or if you say how many edges "
        "to take, its scores pick one.",
        '{"cfg": {}, "nodes": {"x0": {"in_graph": true}, …}, "edges": {"x0->1.2": {"score": -0.42, "in_graph": true}}}',
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


def read_sent(raw: bytes, subject: Subject, picking: Mapping[str, Any] | None = None) -> Read:
    """The claims in what somebody sent.

    Args:
        raw: text in any of :data:`FORMS`.
        subject: what they are about.
        picking: of scores: k or threshold, pick, signed, ablation, where what was sent does not say it itself.

    Raises:
        InvalidClaim: it has none of these forms, or does not fit the network.
    """
    names, picking = subject.names, picking or {}
    text = read_text(raw, ITEM, InvalidClaim, MAX_CLAIM_BYTES, _CURE).strip()
    if not text:
        raise InvalidClaim(ITEM, "is empty", _CURE)
    if text[0] not in "{[":
        form, said = _from_text(text, names)
    else:
        value = read_value(raw, ITEM, InvalidClaim, MAX_CLAIM_BYTES, _CURE)
        if isinstance(value, dict) and "format" in value:
            return Read("claim-file", claims_in(value, subject))
        form, said = _from_json(value, names, picking)
    whole = {"name": next(one.label for one in FORMS if one.key == form), "kind": "circuit", **said}
    if "scores" in whole:  # what was declared stands where it says nothing itself
        declared = {key: one for key, one in picking.items() if key not in said}
        given = {"k", "threshold"} & (set(said) | set(declared))
        whole |= declared if given else {**declared, "threshold": DEFAULT_THRESHOLD}
    return Read(form, (read_claim(whole, ITEM, subject),))


def edges_in(text: str) -> list[str]:
    """Names of edges as people write them, with any arrow, between spaces, commas or semicolons."""
    return [part for part in _BETWEEN.split(ARROW.sub(">", dotted(text))) if part]


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


def _from_text(text: str, names: PartNames) -> tuple[str, dict[str, Any]]:
    if _HEX.fullmatch(text):
        return "mask", {"mask": text.lower()}
    parts = edges_in(text)
    if not ARROW.search(text) and not all(part in names.numbers or part in names.graph.bit_names for part in parts):
        return "scores", {"scores": numbers_in(text)}
    return "edges", {"edges": parts}


def _from_json(value: Any, names: PartNames, picking: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if isinstance(value, list):
        return _from_list(value, names)
    if "mask" in value or "scores" in value or (isinstance(value.get("edges"), list) and _is_names(value["edges"])):
        way = next(way for way in ("mask", "scores", "edges") if way in value)
        return way, {key: one for key, one in value.items() if key != "kind"}
    by_score = bool({"k", "threshold"} & set(picking))
    if isinstance(value.get("edges"), dict):
        for name in value["nodes"] if isinstance(value.get("nodes"), dict) else ():
            names.node(name, f"{ITEM}: nodes")
        return "eap-ig", _edges_or_scores(
            {name: _of(one, name) for name, one in value["edges"].items()}, names, by_score
        )
    if any(ARROW.search(name) for name in value):
        told = {name: {"in_graph" if isinstance(one, bool) else "score": one} for name, one in value.items()}
        return "edge-scores", _edges_or_scores(told, names, by_score)
    shown = ", ".join(repr(key[:_SHOWN]) for key in list(value)[:3])
    raise InvalidClaim(ITEM, f"is an object of no form that is read here (keys {shown or 'none'})", _CURE)


def _from_list(value: list[Any], names: PartNames) -> tuple[str, dict[str, Any]]:
    if len(value) > max(MAX_CLAIMS, names.n_bits):
        raise InvalidClaim(ITEM, f"is a list of {len(value):,}", f"the network has {names.n_bits} {names.part}s")
    return ("edges", {"edges": value}) if _is_names(value) else ("scores", {"scores": value})


def _is_names(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(one, str) for one in value)


def _of(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidClaim(f"{ITEM}: {where[:_SHOWN]!r}", f"is {kind_of(value)}, not an object", _CURE)
    return value


def _edges_or_scores(told: Mapping[str, Mapping[str, Any]], names: PartNames, by_score: bool) -> dict[str, Any]:
    """The circuit that is marked, or the scores of all edges where none is, or where scores are asked for.

    Args:
        told: of each edge by its name a ``score``, and whether it is kept, ``in_graph``, as far as that is said.
        names: of what may be kept.
        by_score: whether scores are asked for.
    """
    scores: dict[int, Any] = {}
    kept: list[int] = []
    for name, said in told.items():
        edge, marked = names.bit(name, f"{ITEM}: edges"), said.get("in_graph")
        if edge in scores:
            raise InvalidClaim(f"{ITEM}: edges", f"has {list(names.numbers)[edge]} twice", "name each edge once")
        if marked is not None and not isinstance(marked, bool):
            raise InvalidClaim(
                f"{ITEM}: edges", f"says {str(marked)[:_SHOWN]!r} of whether one is kept", "use true or false"
            )
        scores[edge] = said.get("score")
        if marked:
            kept.append(edge)
    scored = any(score is not None for score in scores.values())
    if kept and not (by_score and scored):
        written = list(names.numbers)
        return {"edges": [written[edge] for edge in sorted(kept)]}
    if not scored:
        raise InvalidClaim(ITEM, "marks no edge as kept and has no scores", "mark edges with in_graph, or give scores")
    return {"scores": [scores.get(edge) for edge in range(names.n_bits)]}
