"""Prune scores of auto-circuit: for each module that reads, a number for each head and source, or for each source.

They are for ``patchable_model(model, factorized=True, separate_qkv=…)``, whose q, k and v are apart where masks here
have them apart. Its own files are pickles of tensors; ours are the same numbers in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import NoneType
from typing import Any, Final

from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.graph_files.graph_format import GraphFormat
from pluriscope.analysis.graph_files.mib import refusal, usual_names
from pluriscope.analysis.subjects.question import SubjectQuestion

_INTO: Final = {"m": "mlp_in", "l": "resid_post"}
_NUMBER: Final = (int, float, NoneType)
_MODULE: Final = re.compile(r"blocks\.(\d+)\.hook_(?:([qkv])_input|(attn_in)|mlp_in|(resid_post))")


def _refusal(question: SubjectQuestion) -> str:
    return "" if question.kind.refuses("stream") else refusal(question)


def _write(graph: Any, question: SubjectQuestion) -> dict[str, Any]:
    scored = any("score" in one for one in (*graph.nodes.values(), *graph.edges.values()))
    if scored and question.graph.cut == "nodes":
        raise NotOffered("graph format auto-circuit", "has scores of edges, and these are of nodes", "choose mib")
    number, names = "score" if scored else "kept", usual_names(question)
    if question.kind.refuses("stream"):
        return {f"{names[one]}->{names[other]}": edge.get(number, 0.0) for one, other, edge in graph.edges(data=True)}
    found = dict[str, Any]()
    for _, target, edge in graph.edges(data=True):  # of each reader in the order of sources, heads in theirs
        reader, *head = names[target].split(".h")
        layer = reader[1:] if reader != "logits" else str(len(question.subject.layers) - 1)
        into = (f"{edge['slot']}_input" if "slot" in edge else "attn_in") if head else _INTO[reader[0]]
        rows = found.setdefault(f"blocks.{layer}.hook_{into}", {})
        rows.setdefault("".join(head), []).append(float(edge.get(number, 0.0)))
    return {name: [*rows.values()] if "" not in rows else rows[""] for name, rows in found.items()}


def edges_of(value: Mapping[str, Any]) -> dict[str, dict[str, Any]] | None:
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


AUTO_CIRCUIT: Final = GraphFormat(
    key="auto-circuit",
    label="auto-circuit",
    about="Prune scores, 1 for what a circuit keeps; of a perceptron, which auto-circuit does not patch, by edge.",
    ending=".prune-scores.json",
    checked_with="auto-circuit 1.0.1",
    takes=("circuit", "scores"),
    refuses=_refusal,
    write=_write,
)
