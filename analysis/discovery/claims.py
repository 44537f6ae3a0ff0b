"""Claims: circuits that somebody else found, as masks, edges or scores, from ``pluriscope-claim/1`` files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.discovery.cuts import Cut
from analysis.discovery.method import LOSS, MODEL_ABLATION, Answer, ablation, answer_by_scores, outcome_of
from analysis.discovery.part_names import PartNames, names_of, shown_name
from analysis.discovery.selection import SELECTION, Scores
from analysis.errors import AnalysisError, InvalidClaim, InvalidMethod
from analysis.method_settings import Setting, filled
from analysis.models.graph import perceptron_graph
from analysis.models.model import Model, Space
from analysis.question import Question
from analysis.strict_json import check_keys, combined, kind_of, plain_text

CLAIM_FORMAT: Final = "pluriscope-claim/1"
MAX_CLAIMS: Final = 10_000
MAX_CLAIM_BYTES: Final = 4_000_000
MAX_SETTINGS: Final = 50
_FILE: Final = "claim file"
_CURE: Final = f"give one JSON object with the format {CLAIM_FORMAT!r} and a list of claims"
_HEX: Final = re.compile(r"[0-9a-f]+", re.ASCII)
_WAYS: Final = ("mask", "edges", "scores")


@dataclass(frozen=True)
class Claim:
    """One circuit that somebody claims.

    Args:
        name: what its author calls it.
        method: how it was found, as its author says; "circuit" where nothing is said.
        settings: as its author says.
        source: where it comes from, "" where nothing is said.
        raw_mask: the edges claimed; None where scores are given instead.
        scores: for each edge a number, or None where its method gave it none; None where a mask or edges are given.
        picking: how a mask is picked by these scores.
    """

    name: str
    method: str
    settings: Mapping[str, Any]
    source: str
    raw_mask: int | None
    scores: tuple[float | None, ...] | None
    picking: Mapping[str, Any]

    @property
    def ablation(self) -> str:
        """Under which its scores pick a mask; "" where nothing is said."""
        return str(self.picking.get("ablation", ""))

    def answer(self, cut: Cut) -> Answer:
        """The claim as an answer of a method.

        Args:
            cut: what it is about, under its ablation.
        """
        if self.raw_mask is not None:
            return Answer(outcome_of(self.raw_mask, cut.n_bits), self.raw_mask)
        values = np.array([0.0 if score is None else score for score in self.scores or ()], dtype=np.float64)
        return answer_by_scores(Scores(values), cut, self.picking)


@dataclass(frozen=True)
class Subject:
    """What claims are about.

    Args:
        digest: of the network.
        output: that is asked about.
        n_outputs: of which it is one; 1 where a claim need not name it.
        names: of what a claim may keep.
        settings: how scores lead to a mask.
    """

    digest: str
    output: int
    n_outputs: int
    names: PartNames
    settings: tuple[Setting, ...]


def subject_of(question: Question) -> Subject:
    """The output that a question is about."""
    names = names_of(perceptron_graph(question.layout.sizes))
    settings = (*SELECTION, ablation("zero"))
    return Subject(question.model.digest, question.output, question.model.n_outputs, names, settings)


def subject_of_model(model: Model, space: Space) -> Subject:
    """A model of another kind under its rules."""
    return Subject(model.digest, 0, 1, names_of(space.graph), (*SELECTION, MODEL_ABLATION, LOSS))


def claims_in(document: dict[str, Any], subject: Subject) -> tuple[Claim, ...]:
    """The claims of a file about one output of a network, or about a model.

    Args:
        document: the file's JSON object.
        subject: what is asked about.

    Raises:
        InvalidClaim: everything that is wrong with the file, or with the first claim that cannot be taken.
    """
    problems = check_keys(document, ("format", "claims"), ("network", "output"), _FILE, InvalidClaim)
    if problems:
        raise combined(problems, _FILE, InvalidClaim)
    if document["format"] != CLAIM_FORMAT:
        raise InvalidClaim(_FILE, f"has the format {str(document['format'])[:40]!r}, not {CLAIM_FORMAT!r}", _CURE)
    if "network" in document and document["network"] != subject.digest:
        given = _shown(document["network"], 12)
        cause = f"is about network {given}…, and this is {subject.digest[:12]}…"
        raise InvalidClaim(_FILE, cause, "give claims about this network")
    if "output" not in document and subject.n_outputs > 1:
        raise InvalidClaim(
            _FILE, f"names no output, and the network has {subject.n_outputs}", 'say which, e.g. "output": 0'
        )
    output = document.get("output", subject.output)
    if isinstance(output, bool) or output != subject.output:
        raise InvalidClaim(
            _FILE, f"is about output {_shown(output, 20)}, and {subject.output} is asked about", "give the same output"
        )
    claims = document["claims"]
    if not isinstance(claims, list):
        raise InvalidClaim(f"{_FILE}: claims", f"is {kind_of(claims)}, not a list", _CURE)
    if len(claims) > MAX_CLAIMS:
        raise InvalidClaim(_FILE, f"has {len(claims):,} claims, above the limit of {MAX_CLAIMS:,}", "split it")
    return tuple(read_claim(claim, _called(claim, number), subject) for number, claim in enumerate(claims, start=1))


def _shown(value: Any, most: int) -> str:
    """The first characters of a wrong value, escaped where they cannot be shown."""
    text = str(value)[:most]
    return text if text.isprintable() else ascii(text)


def _called(claim: Any, number: int) -> str:
    """How errors name a claim of a file: by its number, and its own name where that can be shown."""
    name = claim.get("name") if isinstance(claim, dict) else None
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        return f"claim {number}"
    return f"claim {number} ({name.strip()[:60]})"


def read_claim(value: Any, item: str, subject: Subject) -> Claim:
    """One claim of a file, or one that stands alone.

    Args:
        value: its JSON value.
        item: what it is called in errors.
        subject: what it is about.

    Raises:
        InvalidClaim: what is wrong with it.
    """
    if not isinstance(value, dict):
        raise InvalidClaim(item, f"is {kind_of(value)}, not an object", "give name, kind and mask, edges or scores")
    selection = tuple(setting.name for setting in subject.settings)
    optional = (*_WAYS, *selection, "method", "settings", "source")
    problems: list[AnalysisError] = check_keys(value, ("name", "kind"), optional, item, InvalidClaim)
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
    raw_mask = None if way == "scores" else _READERS[way](value[way], item, subject.names)
    return Claim(
        name=name,
        method=plain_text(value.get("method", "circuit"), f"{item}: method", InvalidClaim, limit=80),
        settings=_settings(value.get("settings", {}), f"{item}: settings"),
        source=plain_text(value.get("source", ""), f"{item}: source", InvalidClaim, empty=True, limit=200),
        raw_mask=raw_mask,
        scores=_scores(value["scores"], item, subject.names) if way == "scores" else None,
        picking=_picking({key: value[key] for key in selection if key in value}, way, item, subject),
    )


def _settings(value: Any, item: str) -> dict[str, str | bool | int | float | None]:
    """What the author says was set: names with plain values, since they are shown and hashed."""
    cure = f"give at most {MAX_SETTINGS} names with a text, a number, true, false or null"
    if not isinstance(value, dict):
        raise InvalidClaim(item, f"is {kind_of(value)}, not an object", cure)
    if len(value) > MAX_SETTINGS:
        raise InvalidClaim(item, f"has {len(value):,} names", cure)
    found: dict[str, str | bool | int | float | None] = {}
    for name, one in value.items():
        key = plain_text(name, f"{item}: a name", InvalidClaim, limit=80)
        if isinstance(one, str):
            one = plain_text(one, f"{item}: {key}", InvalidClaim, empty=True)
        elif isinstance(one, (list, dict)) or (isinstance(one, (int, float)) and not abs(one) < 1e300):
            what = kind_of(one) if isinstance(one, (list, dict)) else "no finite number"
            raise InvalidClaim(f"{item}: {key}", f"is {what}", cure)
        found[key] = one
    return found


def _mask(value: Any, item: str, names: PartNames) -> int:
    digits = len(names.to_hex(0))
    if not isinstance(value, str) or len(value) != digits or not _HEX.fullmatch(value):
        raise InvalidClaim(
            f"{item}: mask",
            f"{str(value)[:40]!r} is not {digits} lower-case hex digits",
            f"give one digit for every four of the {names.n_bits} {names.part}s, the first {names.part} lowest",
        )
    mask = int(value, 16)
    if mask >> names.n_bits:
        cause = f"has {names.part}s beyond the network's {names.n_bits}"
        raise InvalidClaim(f"{item}: mask", cause, "give a mask of this network")
    return mask


def _edges(value: Any, item: str, names: PartNames) -> int:
    """A mask from names such as ``x0>1.2``."""
    item = f"{item}: edges"
    if not isinstance(value, list):
        raise InvalidClaim(item, f"is {kind_of(value)}, not a list", f'give names, e.g. ["{names.example}"]')
    mask = 0
    for name in value:
        bit = 1 << names.bit(name, item)
        if mask & bit:
            raise InvalidClaim(item, f"has {shown_name(name)} twice", f"name each {names.part} once")
        mask |= bit
    return mask


_READERS: Final = {"mask": _mask, "edges": _edges}


def _scores(value: Any, item: str, names: PartNames) -> tuple[float | None, ...]:
    n, part = names.n_bits, names.part
    cure = f"give {n} finite numbers, one for each {part} in the order of masks, null where there is none"
    if not isinstance(value, list):
        raise InvalidClaim(f"{item}: scores", f"is {kind_of(value)}, not a list", cure)
    if len(value) != n:
        numbers = "1 number" if len(value) == 1 else f"{len(value):,} numbers"
        raise InvalidClaim(f"{item}: scores", f"has {numbers}, and there are {n} {part}s", cure)
    for number, score in enumerate(value):
        if score is None:
            continue
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not abs(score) < 1e300:
            raise InvalidClaim(f"{item}: scores[{number}]", f"is {_shown(score, 40)}, no finite number", cure)
    if all(score is None for score in value):
        raise InvalidClaim(f"{item}: scores", f"are null for every {part}, so nothing ranks them", cure)
    return tuple(None if score is None else float(score) for score in value)


def _picking(given: Mapping[str, Any], way: str, item: str, subject: Subject) -> dict[str, Any]:
    """How scores lead to a mask; nothing for a mask or edges."""
    if way != "scores":
        if given:
            raise InvalidClaim(item, f"has {' and '.join(given)} beside {way}", "give them with scores only")
        return {}
    if ("k" in given) == ("threshold" in given):
        cause = "has k together with threshold" if "k" in given else "has scores without k or threshold"
        raise InvalidClaim(item, cause, "give one of them")
    try:
        found = filled(subject.settings, given, item)
    except InvalidMethod as problem:
        raise InvalidClaim(problem.item, problem.cause, problem.cure) from None
    found.pop("threshold" if "k" in given else "k")
    if int(found.get("k", 0)) > subject.names.n_bits:
        cure = f"there are {subject.names.n_bits} {subject.names.part}s; use fewer"
        raise InvalidClaim(item, f"k is {found['k']}", cure)
    return found
