"""Names of units with scores, from files of other programs: EAP-IG, MIB, auto-circuit, circuit-tracer, plain lists."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any, Final

from pluriscope.analysis.errors import InvalidData
from pluriscope.analysis.graph_files.graphs_of_others import graph_of_tables, prune_scores
from pluriscope.errors import InvalidOption

_PICKLED: Final = (".pt", ".pth", ".pkl", ".pickle", ".bin")
_MOST_BYTES: Final = 1 << 28
_CURE: Final = "give JSON of EAP-IG, MIB, auto-circuit or circuit-tracer, a list of names, or names with scores"


@dataclass(frozen=True)
class Scored:
    """Names of units as a file or a user has them.

    Args:
        names: in the order of the file.
        scores: of each by name, the larger in size the more important; empty where there are none.
    """

    names: tuple[str, ...]
    scores: Mapping[str, float]

    def top(self, count: int) -> set[str]:
        """The names with the largest scores.

        Raises:
            InvalidOption: there are no scores, or fewer names.
        """
        if lacking := [name for name in self.names if not isfinite(self.scores.get(name, nan))]:
            cause = f"needs scores, and these have none, or one that is not finite: {_some(lacking)}"
            raise InvalidOption("top", cause, "leave it out, or give a score of each")
        if count > len(self.names):
            raise InvalidOption("top", f"is {count}, of {len(self.names)} units", "give a number that there is")
        return {*sorted(self.names, key=lambda name: -abs(self.scores[name]))[:count]}


def read_file(path: Path) -> Scored:
    """Names and scores in a file.

    Raises:
        InvalidData: it holds pickled objects, or cannot be read as any of these.
    """
    if path.suffix in _PICKLED:
        cause = "may hold pickled objects, which run as a program when they are opened, so it is not"
        cure = "write it as JSON where it was made: graph.to_json(path) of EAP-IG, or json.dump of names and numbers"
        raise InvalidData(f"file {str(path)!r}", cause, cure)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InvalidData(f"file {str(path)!r}", f"has more than {_MOST_BYTES:,} bytes", "choose units first")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".csv":
            rows = [row for row in csv.reader(text.splitlines()) if row]
            rows = rows[1:] if len(rows[0]) > 1 and not _is_number(rows[0][1]) else rows
            scores = {row[0]: float(row[1]) for row in rows if len(row) > 1}
            return Scored(tuple(row[0] for row in rows), scores)
        if path.suffix == ".txt":
            return Scored(tuple(filter(None, map(str.strip, text.splitlines()))), {})
        return scored(json.loads(text))
    except (OSError, ValueError, AttributeError, IndexError, KeyError, TypeError) as problem:
        raise InvalidData(f"file {str(path)!r}", f"cannot be read ({problem})"[:160], _CURE) from None


def _some(names: Sequence[str]) -> str:
    """A few of some names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def scored(value: Any) -> Scored:
    """Names and scores in what a file or a user gives.

    Raises:
        ValueError: a clause, if it is nothing that is known.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(one, str) for one in value):
            return Scored(tuple(value), {})
        pairs = {str(name): float(score) for name, score in value}
        return Scored(tuple(pairs), pairs)
    if not isinstance(value, Mapping):
        raise ValueError(f"is of type {type(value).__name__}")
    if {"metadata", "nodes", "links"} <= value.keys():
        return _attribution_graph(value)
    if "edges_scores" in value or "edges_in_graph" in value:
        value = graph_of_tables(value)
    if "units" in value:
        return scored(value["units"])
    if "edges" in value:
        return _graph(value["edges"])
    pruned = prune_scores(value)
    return _graph(value if pruned is None else pruned)


def _graph(edges: Mapping[str, Any]) -> Scored:
    """Edges or nodes with a score, or with whether they are in the graph; those alone that are, where that is said."""
    facts = {name: one if isinstance(one, Mapping) else {"score": one} for name, one in edges.items()}
    booleans = all(isinstance(one, bool) for one in edges.values())
    said = [name for name, one in facts.items() if one.get("in_graph") or (booleans and one["score"])]
    scores = {name: float(one["score"]) for name, one in facts.items() if one.get("score") is not None}
    return Scored(tuple(said or facts), {} if booleans else scores)


def _attribution_graph(value: Mapping[str, Any]) -> Scored:
    """Features of circuit-tracer's graph, each with its influence, or with what its links weigh.

    Its influence says how much of all there is at features before it, so that the first ones have the least.
    """
    weights: dict[str, float] = {}
    for link in value["links"]:
        for end in (link["source"], link["target"]):
            weights[end] = weights.get(end, 0.0) + abs(float(link["weight"]))
    scores: dict[str, float] = {}
    features = [node for node in value["nodes"] if "transcoder" in str(node.get("feature_type"))]
    lacking = [str(node["node_id"]) for node in features if node.get("influence") is None]
    if 0 < len(lacking) < len(features):
        cause = f"has no influence for {_some(lacking)}, and others have one: these are scores of two scales"
        raise InvalidData("attribution graph", cause, "give each node of a feature its influence, or none of them")
    for node in features:
        layer, feature, *_ = str(node["node_id"]).split("_")
        name = f"{layer}.mlp/{feature}"
        score = weights.get(node["node_id"], 0.0) if lacking else 1 - float(node["influence"])
        scores[name] = max(scores.get(name, 0.0), score)  # of all positions
    return Scored(tuple(scores), scores)
