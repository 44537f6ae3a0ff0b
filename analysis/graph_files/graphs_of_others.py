"""What EAP-IG and auto-circuit write of transformers, read as a graph in EAP-IG's JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Final

from pluriscope.analysis.subjects.question import SubjectQuestion

_NUMBER: Final = (int, float, NoneType)
_MODULE: Final = re.compile(r"blocks\.(\d+)\.hook_(?:([qkv])_input|(attn_in)|mlp_in|(resid_post))")


def configuration(question: SubjectQuestion) -> dict[str, Any]:
    """The sizes by which these programs know a transformer; empty of networks that they do not take."""
    if question.kind.refuses("stream"):
        return {}
    model = question.subject
    sizes = {"n_layers": len(model.layers), "n_heads": model.n_heads, "d_model": len(model.unembedding)}
    return {**sizes, "parallel_attn_mlp": False}


def prune_scores(value: Mapping[str, Any]) -> dict[str, dict[str, Any]] | None:
    """The edges that prune scores are of, as EAP-IG's JSON has them: in_graph where all are 0 or 1, or some null.

    Args:
        value: by module, as lists of numbers; null where ACDC never pruned, which JSON has no number for.

    Returns:
        None where it is something else.

    Raises:
        ValueError: a clause, if they are none of a transformer.
    """
    if not any(_MODULE.fullmatch(name) for name in value):
        return None
    readers = dict[str, Any]()  # each with a number for each source before it
    for name, rows in value.items():
        module = _MODULE.fullmatch(name)
        if module is None or not isinstance(rows, list):
            raise ValueError(f"has scores of {name[:40]!r} that are none of a part of a transformer that reads")
        layer, slot, joined, last = module.groups()
        if slot or joined:
            ending = f"<{slot}>" if slot else ""
            readers |= {f"a{layer}.h{head}{ending}": row for head, row in enumerate(rows)}
        else:
            readers["logits" if last else f"m{layer}"] = rows
    n_heads = len({reader.split("<")[0] for reader in readers if reader.startswith("a0.")})
    sources, scores = ["input"], dict[str, Any]()
    for layer in range(len(value)):
        sources += [f"a{layer}.h{head}" for head in range(n_heads)]
        sources += [f"m{layer}"] if f"m{layer}" in readers else []
    for reader, row in readers.items():
        if not isinstance(row, list) or len(row) > len(sources) or not all(isinstance(one, _NUMBER) for one in row):
            raise ValueError(f"has other than a number for each source at {reader}; scores of positions are not read")
        scores |= {f"{source}->{reader}": one for source, one in zip(sources, row, strict=False)}
    sizes = {abs(one) for one in scores.values() if one is not None}
    if None in scores.values():
        most = 1 + max(sizes, default=0)
        return {edge: {"in_graph": one is None, "score": most if one is None else one} for edge, one in scores.items()}
    return {edge: {"in_graph": bool(one)} if sizes <= {0, 1} else {"score": one} for edge, one in scores.items()}


def graph_of_tables(value: Mapping[str, Any]) -> dict[str, Any]:
    """A graph as EAP-IG has it in JSON, from what its ``to_pt`` writes.

    Raises:
        ValueError: a clause, if its tables are of other sizes than its lists of nodes.
    """
    tables = {"score": value.get("edges_scores"), "in_graph": value.get("edges_in_graph")}
    try:
        sources = value["src_nodes"]
        edges = {
            f"{source}->{target}": {key: table[i][j] for key, table in tables.items() if table is not None}
            for j, target in enumerate(value["dst_nodes"])
            for i, source in enumerate(sources[: _n_before(sources, target)])
        }
        nodes = {name: {"in_graph": kept} for name, kept in zip(sources, value["nodes_in_graph"], strict=False)}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise ValueError("has tables of other sizes than its lists of nodes") from None
    return {"cfg": value.get("cfg"), "nodes": nodes, "edges": edges}


def _n_before(sources: Sequence[str], target: str) -> int:
    """Count the sources that come before those of a reader's own layer."""
    node = re.sub(r"<[qkv]>$", "", target)
    first = node.split(".")[0] + ".h0" if node[0] == "a" else node
    return sources.index(first) if first in sources else len(sources)
