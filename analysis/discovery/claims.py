"""Claims: circuits that somebody else found, as masks, edges or scores, from ``pluriscope-claim/1`` files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final

import numpy as np

from analysis.digest import canonical_json, sha256_hex
from analysis.discovery.masked_runs import RowRule, rows_of
from analysis.discovery.method import Answer, Outcome, ablation
from analysis.discovery.selection import SELECTION, edge_ends, pick_mask
from analysis.errors import AnalysisError, InvalidClaim, InvalidMethod
from analysis.method_settings import filled
from analysis.networks.circuit import EdgeLayout
from analysis.question import Question
from analysis.strict_json import check_keys, combined, kind_of, plain_text, read_object

CLAIM_FORMAT: Final = "pluriscope-claim/1"
MAX_CLAIMS: Final = 10_000
MAX_CLAIM_BYTES: Final = 4_000_000
_FILE: Final = "claim file"
_HEX: Final = re.compile(r"[0-9a-f]+", re.ASCII)
_EDGE: Final = re.compile(r"(x\d{1,4}|\d{1,4}\.\d{1,4})>(\d{1,4}\.\d{1,4}|y0)", re.ASCII)
_WAYS: Final = ("mask", "edges", "scores")
_SELECTION: Final = ("k", "threshold", "pick", "signed", "ablation")


@dataclass(frozen=True)
class Claim:
    """One circuit that somebody claims.

    Args:
        name: what its author calls it.
        method: how it was found, as its author says; "circuit" where nothing is said.
        settings: as its author says.
        source: where it comes from, "" where nothing is said.
        raw_mask: the edges claimed; None where scores are given instead.
        scores: a number for each edge; None where a mask or edges are given.
        picking: how a mask is picked by these scores.
    """

    name: str
    method: str
    settings: Mapping[str, Any]
    source: str
    raw_mask: int | None
    scores: tuple[float, ...] | None
    picking: Mapping[str, Any]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is claimed, without its name and source."""
        said = {
            "method": self.method,
            "settings": dict(self.settings),
            "mask": None if self.raw_mask is None else str(self.raw_mask),
            "scores": self.scores,
            "picking": dict(self.picking),
        }
        return sha256_hex(canonical_json(said))

    def answer(self, question: Question) -> Answer:
        """The claim as an answer of a method.

        Raises:
            InvalidMethod: pairs of a task that is constant.
        """
        rule: RowRule = self.picking.get("ablation", "zero")
        rows = rows_of(question, rule)
        if self.raw_mask is not None:
            return Answer(_outcome(self.raw_mask, question.layout), self.raw_mask, rows)
        values = np.array(self.scores, dtype=np.float64)
        picked = pick_mask(question, values, rows, {k: v for k, v in self.picking.items() if k != "ablation"})
        outcome = "undefined" if picked.mask is None else _outcome(picked.mask, question.layout)
        return Answer(outcome, picked.mask, rows, values, None, picked.faithfulness, picked.fragile)

    @property
    def has_ablation(self) -> bool:
        """Whether it says under which ablation it was found."""
        return self.raw_mask is None


def _outcome(mask: int, layout: EdgeLayout) -> Outcome:
    return "nothing" if mask == 0 else "all" if mask == (1 << layout.n_edges) - 1 else "found"


def read_claims(raw: bytes, question: Question) -> tuple[Claim, ...]:
    """The claims of a file about one output of a network.

    Raises:
        InvalidClaim: everything that is wrong with the file, or with the first claim that cannot be taken.
    """
    cure = f"give one JSON object with the format {CLAIM_FORMAT!r} and a list of claims"
    document = read_object(raw, _FILE, InvalidClaim, MAX_CLAIM_BYTES, cure)
    problems = check_keys(document, ("format", "claims"), ("network", "output"), _FILE, InvalidClaim)
    if problems:
        raise combined(problems, _FILE, InvalidClaim)
    if document["format"] != CLAIM_FORMAT:
        raise InvalidClaim(_FILE, f"has the format {str(document['format'])[:40]!r}, not {CLAIM_FORMAT!r}", cure)
    model = question.model
    if "network" in document and document["network"] != model.digest:
        given = str(document["network"])[:12]
        raise InvalidClaim(
            _FILE, f"is about network {given}…, and this is {model.digest[:12]}…", "give claims about this network"
        )
    if "output" not in document and model.n_outputs > 1:
        raise InvalidClaim(
            _FILE, f"names no output, and the network has {model.n_outputs}", 'say which, e.g. "output": 0'
        )
    output = document.get("output", question.output)
    if isinstance(output, bool) or output != question.output:
        raise InvalidClaim(
            _FILE, f"is about output {str(output)[:20]}, and {question.output} is asked about", "give the same output"
        )
    claims = document["claims"]
    if not isinstance(claims, list):
        raise InvalidClaim(f"{_FILE}: claims", f"is {kind_of(claims)}, not a list", cure)
    if len(claims) > MAX_CLAIMS:
        raise InvalidClaim(_FILE, f"has {len(claims):,} claims, above the limit of {MAX_CLAIMS:,}", "split it")
    return tuple(read_claim(claim, number, question.layout) for number, claim in enumerate(claims, start=1))


def read_claim(value: Any, number: int, layout: EdgeLayout) -> Claim:
    """One claim of a file.

    Args:
        value: its JSON value.
        number: which of the file's claims, from 1.
        layout: edges of the network cut to the output.

    Raises:
        InvalidClaim: what is wrong with it.
    """
    item = f"claim {number}"
    if not isinstance(value, dict):
        raise InvalidClaim(item, f"is {kind_of(value)}, not an object", "give name, kind and mask, edges or scores")
    if isinstance(value.get("name"), str) and value["name"].strip():
        item += f" ({value['name'].strip()[:60]})"
    problems: list[AnalysisError] = check_keys(
        value, ("name", "kind"), (*_WAYS, *_SELECTION, "method", "settings", "source"), item, InvalidClaim
    )
    if problems:
        raise combined(problems, item, InvalidClaim)
    name = plain_text(value["name"], f"{item}: name", InvalidClaim)
    if value["kind"] != "circuit":
        raise InvalidClaim(f"{item}: kind", f"is {str(value['kind'])[:40]!r}", "use circuit")
    ways = [way for way in _WAYS if way in value]
    if len(ways) != 1:
        cause = "has no mask, edges or scores" if not ways else f"has {' and '.join(ways)}"
        raise InvalidClaim(item, cause, "give exactly one of mask, edges, scores")
    (way,) = ways
    raw_mask = None if way == "scores" else _READERS[way](value[way], item, layout)
    settings = value.get("settings", {})
    if not isinstance(settings, dict):
        raise InvalidClaim(f"{item}: settings", f"is {kind_of(settings)}, not an object", "give names with values")
    return Claim(
        name=name,
        method=plain_text(value.get("method", "circuit"), f"{item}: method", InvalidClaim, limit=80),
        settings=settings,
        source=plain_text(value.get("source", ""), f"{item}: source", InvalidClaim, empty=True, limit=200),
        raw_mask=raw_mask,
        scores=_scores(value["scores"], item, layout) if way == "scores" else None,
        picking=_picking(value, way, item, layout),
    )


def _mask(value: Any, item: str, layout: EdgeLayout) -> int:
    digits = layout.n_hex_digits
    if not isinstance(value, str) or len(value) != digits or not _HEX.fullmatch(value):
        raise InvalidClaim(
            f"{item}: mask",
            f"{str(value)[:40]!r} is not {digits} lower-case hex digits",
            f"give one digit for every four of the {layout.n_edges} edges, the first edge lowest",
        )
    mask = int(value, 16)
    if mask >> layout.n_edges:
        raise InvalidClaim(
            f"{item}: mask", f"has edges beyond the network's {layout.n_edges}", "give a mask of this network"
        )
    return mask


def _edges(value: Any, item: str, layout: EdgeLayout) -> int:
    """A mask from names such as ``x0>1.2``."""
    if not isinstance(value, list):
        raise InvalidClaim(f"{item}: edges", f"is {kind_of(value)}, not a list", 'give names, e.g. ["x0>1.2"]')
    numbers = edge_numbers(layout)
    mask = 0
    for name in value:
        if not isinstance(name, str) or name not in numbers:
            raise InvalidClaim(
                f"{item}: edges", f"{str(name)[:40]!r} {_why_no_edge(name)}", _nearest_edge(name, layout)
            )
        bit = 1 << numbers[name]
        if mask & bit:
            raise InvalidClaim(f"{item}: edges", f"has {name} twice", "name each edge once")
        mask |= bit
    return mask


def _why_no_edge(name: Any) -> str:
    shape = _EDGE.fullmatch(name) if isinstance(name, str) else None
    if shape is None:
        return "is no edge's name"
    below, above = (
        0 if end[0] == "x" else None if end == "y0" else int(end.partition(".")[0]) for end in shape.groups()
    )
    if below is not None and above is not None and above != below + 1:
        return "does not join neighbouring layers"
    return "is no edge of this network"


def _nearest_edge(name: Any, layout: EdgeLayout) -> str:
    near = get_close_matches(str(name), edge_numbers(layout), 1)
    return f"did you mean {near[0]}" if near else "write inputs x0…, hidden neurons layer.index, the output y0: x0>1.2"


_READERS: Final = {"mask": _mask, "edges": _edges}


def edge_numbers(layout: EdgeLayout) -> dict[str, int]:
    """Every edge's index by its name: ``x0>1.2``, ``1.2>2.0``, ``2.0>y0``."""
    last = len(layout.sizes) - 1

    def name(end: tuple[int, int]) -> str:
        layer, neuron = end
        return f"x{neuron}" if layer == 0 else "y0" if layer == last else f"{layer}.{neuron}"

    return {f"{name(source)}>{name(target)}": edge for edge, (source, target) in enumerate(edge_ends(layout))}


def _scores(value: Any, item: str, layout: EdgeLayout) -> tuple[float, ...]:
    cure = f"give {layout.n_edges} finite numbers, one for each edge in the order of masks"
    if not isinstance(value, list):
        raise InvalidClaim(f"{item}: scores", f"is {kind_of(value)}, not a list", cure)
    if len(value) != layout.n_edges:
        raise InvalidClaim(f"{item}: scores", f"has {len(value):,} numbers, and there are {layout.n_edges} edges", cure)
    for number, score in enumerate(value):
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not abs(score) < 1e300:
            raise InvalidClaim(f"{item}: scores[{number}]", f"is {str(score)[:40]}, no finite number", cure)
    return tuple(map(float, value))


def _picking(value: Mapping[str, Any], way: str, item: str, layout: EdgeLayout) -> dict[str, Any]:
    """How scores lead to a mask; nothing for a mask or edges."""
    given = {name: value[name] for name in _SELECTION if name in value}
    if way != "scores":
        if given:
            raise InvalidClaim(item, f"has {' and '.join(given)} beside {way}", "give them with scores only")
        return {}
    if "k" in given and "threshold" in given:
        raise InvalidClaim(item, "has k together with threshold", "give one of them")
    if "k" not in given and "threshold" not in given:
        raise InvalidClaim(item, "has scores without k or threshold", "give one of them")
    known = (*SELECTION, ablation("zero"))
    try:
        found = filled(known, given, item)
    except InvalidMethod as problem:
        raise InvalidClaim(problem.item, problem.cause, problem.cure) from None
    found.pop("threshold" if "k" in given else "k")
    if "k" in found and int(found["k"]) > layout.n_edges:
        raise InvalidClaim(item, f"k is {found['k']}", f"the network has {layout.n_edges} edges; use fewer")
    return found
