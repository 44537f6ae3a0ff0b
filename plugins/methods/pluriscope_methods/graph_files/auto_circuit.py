"""Prune scores of auto-circuit: for each module that reads, a number for each head and source, or for each source.

They are for ``patchable_model(model, factorized=True, separate_qkv=…)``, whose q, k and v are apart where masks here
have them apart. Its own files are pickles of tensors; ours are the same numbers in JSON.
"""

from __future__ import annotations

from typing import Any, Final

from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.graph_files.graph_format import GraphFormat
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.graph_files.mib import refusal, usual_names

_INTO: Final = {"m": "mlp_in", "l": "resid_post"}


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
