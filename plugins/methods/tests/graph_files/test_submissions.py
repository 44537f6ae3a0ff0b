"""Graphs of EAP-IG and MIB, and prune scores of auto-circuit: what leaves comes back, and what others wrote is read.

In ``written`` lies what EAP-IG at 4fad6c67 and auto-circuit 1.0.1 say of the bundled model of induction, in
TransformerLens 2.18.0.
"""

from __future__ import annotations

import json
import pickle
import re
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from pluriscope.analysis.discovery.claims import Claim, read_claim, vocabulary_of
from pluriscope.analysis.errors import InvalidClaim, NotOffered
from pluriscope.analysis.graph_files.registry import GRAPH_FORMATS, graph_in
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from pluriscope.library.claim_files import claim_texts
from tests.analysis.discovery.test_claims import MASK, QUESTION, SCORES

WRITTEN = Path(__file__).parent / "written"
MODELS = {name: read_subject(bundled_models()[name]) for name in ("induction-attention", "tracr-reverse")}
RULES = ("qkv", "heads", "nodes")


def ask(granularity: str, name: str = "induction-attention", embedding: str = "joined") -> GraphQuestion:
    kind, model = MODELS[name]
    return GraphQuestion(kind, model, {"granularity": granularity, "ablation": "zero", "embedding": embedding})


def some(question: Any) -> int:
    return int("9d" * 16, 16) & ((1 << question.graph.n_bits) - 1)


def read(value: Any, question: Any, **picking: Any) -> Claim:
    return read_claim(json.dumps(value).encode(), vocabulary_of(question), picking)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("key", "granularity"),
    [(key, one) for key in ("mib", "auto-circuit") for one in RULES if (key, one) != ("auto-circuit", "nodes")],
)
def test_a_circuit_and_scores_come_back(key, granularity, name):
    question = ask(granularity, name)
    n, mask = question.graph.n_bits, some(question)
    circuit = read(graph_in(key, question, "circuit", {}, mask=mask), question)
    assert circuit.raw_mask == mask
    scores = [0.3 * bit - 1 for bit in range(n)]
    back = read(graph_in(key, question, "scores", {}, scores=scores), question)
    assert back.scores == pytest.approx(scores)


def test_a_perceptrons_prune_scores_are_by_edge():
    for thing, parts in (("circuit", {"mask": MASK}), ("scores", {"scores": SCORES, "mask": MASK})):
        claim = read(graph_in("auto-circuit", QUESTION, thing, {}, **parts), QUESTION)
        assert (claim.raw_mask, claim.scores) == ((MASK, None) if thing == "circuit" else (None, tuple(SCORES)))


def test_nodes_and_edges_are_called_as_the_packages_call_them():
    question = ask("qkv", "tracr-reverse")
    graph = graph_in("mib", question, "circuit", {}, mask=some(question))
    assert graph["cfg"] == {"n_layers": 3, "n_heads": 1, "d_model": graph["cfg"]["d_model"], "parallel_attn_mlp": False}
    assert list(graph["nodes"]) == ["input", "a0.h0", "m0", "a1.h0", "m1", "a2.h0", "m2", "logits"]
    assert {"input->a0.h0<q>", "a0.h0->m0", "m0->a1.h0<v>", "m2->logits"} < set(graph["edges"])
    shapes = {name: len(rows) for name, rows in graph_in("auto-circuit", question, "circuit", {}, mask=1).items()}
    assert (shapes["blocks.2.hook_resid_post"], shapes["blocks.1.hook_mlp_in"], shapes["blocks.1.hook_k_input"]) == (
        7,
        4,
        1,
    )


def test_a_submission_is_scores_or_nine_circuits_that_are_small_enough():
    question, files = ask("qkv"), GRAPH_FORMATS["mib"].files
    assert list(files(graph_in("mib", question, "scores", {}, scores=[1.5] * 29))) == ["scores.json"]
    found = files(graph_in("mib", question, "circuit", {}, mask=0b1011))  # 3 of 29 edges
    kept = {name: read(graph, question).raw_mask for name, graph in found.items()}
    few = dict.fromkeys(("0.1.json", "0.2.json", "0.5.json", "1.json", "2.json", "5.json", "10.json"), 0)
    assert kept == few | {"20.json": 0b1011, "50.json": 0b1011}


def test_what_eap_ig_wrote_is_read():
    graph = json.loads((WRITTEN / "eap-ig-4fad6c67-top-14.json").read_text())
    question = ask("qkv")
    claim, names = read(graph, question), vocabulary_of(question).names
    kept = {names.bit(name, "") for name, one in graph["edges"].items() if one["in_graph"]}
    assert claim.raw_mask == sum(1 << bit for bit in kept)
    ranked = read(graph, question, k=3)
    assert ranked.scores[names.bit("a1.h0->logits", "")] == graph["edges"]["a1.h0->logits"]["score"]
    summed = read(graph, ask("heads"), k=3).scores[vocabulary_of(ask("heads")).names.bit("input->a1.h1", "")]
    assert summed == pytest.approx(sum(graph["edges"][f"input->a1.h1<{slot}>"]["score"] for slot in "qkv"))
    nodes = {bit for bit, name in enumerate(("a0.h0", "a0.h1", "a1.h0", "a1.h1")) if graph["nodes"][name]["in_graph"]}
    assert read(graph, ask("nodes")).raw_mask == sum(1 << bit for bit in nodes)


def changed(key: str, granularity: str, change: Any, **parts: Any) -> tuple[Any, Any]:
    question = ask(granularity)
    value = deepcopy(graph_in(key, question, "circuit", {}, mask=some(question)))
    change(value)
    return value, question


def more(module: str, one: Any) -> Any:
    return lambda value: value[module].append(one)


def put(parts: dict[str, Any], *path: str) -> Any:
    return lambda value: reduce(dict.__getitem__, path, value).update(parts)


WRONG: dict[str, tuple[str, str, Any, str]] = {
    "sizes of another model": ("mib", "qkv", put({"d_model": 768}, "cfg"), "d_model 768"),
    "an edge left out": ("mib", "qkv", lambda it: it["edges"].popitem(), "another network"),
    "a node of another model": ("mib", "qkv", put({"a7.h0": {}}, "nodes"), "a7.h0"),
    "an MLP block that adds something": ("mib", "qkv", put({"m0->logits": {"score": 1.0}}, "edges"), "m0"),
    "only a query kept": ("mib", "heads", put({"in_graph": False}, "edges", "input->a0.h0<q>"), "q, k and v"),
    "a head too many": ("auto-circuit", "qkv", more("blocks.0.hook_q_input", [1.0]), "a0.h2"),
    "a source too many": ("auto-circuit", "qkv", more("blocks.1.hook_resid_post", 1.0), "a2.h0"),
    "a module left out": ("auto-circuit", "qkv", lambda it: it.pop("blocks.1.hook_v_input"), "another network"),
    "scores of positions": ("auto-circuit", "heads", more("blocks.0.hook_attn_in", [[1.0]]), "positions"),
    "another module": ("auto-circuit", "heads", put({"blocks.0.attn": [1.0]}), "blocks.0.attn"),
    "a module of no list": ("auto-circuit", "heads", put({"blocks.0.hook_attn_in": 1}), "hook_attn_in"),
}


@pytest.mark.parametrize("case", WRONG)
def test_graphs_of_another_model_are_refused(case):
    key, granularity, change, words = WRONG[case]
    value, question = changed(key, granularity, change)
    with pytest.raises(InvalidClaim, match=words):
        read(value, question)


@pytest.mark.parametrize("key", ["auto-circuit", "mib"])
def test_whole_heads_are_refused_where_q_k_and_v_are_apart(key):
    value = graph_in(key, ask("heads"), "circuit", {}, mask=5)
    if key == "mib":
        value["edges"] = {name.split("<")[0]: one for name, one in value["edges"].items()}
    with pytest.raises(InvalidClaim, match="its q, k and v are apart"):
        read(value, ask("qkv"))


@pytest.mark.parametrize(
    ("key", "thing", "question", "parts", "words"),
    [
        ("mib", "circuit", QUESTION, {"mask": MASK}, "perceptrons do not have"),
        ("mib", "circuit", ask("qkv", embedding="split"), {"mask": 1}, "token and position"),
        ("auto-circuit", "circuit", ask("qkv", embedding="split"), {"mask": 1}, "token and position"),
        ("auto-circuit", "scores", ask("nodes"), {"scores": [1.0] * 4}, "of nodes"),
        ("mib", "interpretation", ask("qkv"), {}, "interpretation"),
        ("auto-circuit", "alignment", QUESTION, {}, r"kind: placement\. Use one of networkx"),
    ],
)
def test_what_has_no_place_there_is_refused(key, thing, question, parts, words):
    with pytest.raises(NotOffered, match=words):
        graph_in(key, question, thing, {}, **parts)


def test_mlp_blocks_that_add_nothing_are_passed_over():
    question = ask("qkv")
    graph = graph_in("mib", question, "circuit", {}, mask=some(question))
    graph["nodes"]["m0"] = {"in_graph": True}
    graph["edges"] |= {"input->m0": {"score": 0.0, "in_graph": True}, "m0->logits": {"score": -0.0, "in_graph": True}}
    assert read(graph, question).raw_mask == some(question)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(one.name for one in WRITTEN.glob("*.pt")))
def test_files_that_torch_saved_are_read(name):
    """EAP-IG's tables say what its JSON says; by its own names of edges each score of auto-circuit is where it was."""
    question = ask("heads" if "acdc" in name else "qkv")
    (text,) = claim_texts(WRITTEN / name, "").values()
    claim = read(json.loads(text), question)
    if name.startswith("eap-ig"):
        assert claim == read(json.loads((WRITTEN / name).with_suffix(".json").read_text()), question)
        return
    answer = json.loads((WRITTEN / name).with_suffix(".by-name.json").read_text())
    names = vocabulary_of(question).names
    by_bit = {names.bit(ours(edge), ""): score for edge, score in answer.items()}
    assert len(by_bit) == question.graph.n_bits
    if "acdc" in name:
        assert claim.raw_mask == sum(1 << bit for bit, score in by_bit.items() if score == float("inf"))
    else:
        assert claim.scores == tuple(score for _, score in sorted(by_bit.items()))


def ours(edge: str) -> str:
    """Resid Start->A1.0.Q as input->a1.h0.q."""
    usual = edge.replace("Resid Start", "input").replace("Resid End", "logits")
    return re.sub(r"A(\d)\.(\d)", r"a\1.h\2", usual).replace(".Q", ".q").replace(".K", ".k").replace(".V", ".v")


@pytest.mark.slow
def test_a_file_that_could_run_code_is_refused_and_a_folder_gives_each_circuit_once(tmp_path):
    (tmp_path / "code.pt").write_bytes(pickle.dumps(Path("x")))
    with pytest.raises(InvalidClaim, match="plain values"):
        claim_texts(tmp_path / "code.pt", "")
    (tmp_path / "code.pt").unlink()
    with pytest.raises(InvalidClaim, match="without"):
        claim_texts(tmp_path, "")
    for name, text in (("1.json", "{}"), ("2.json", "{}"), ("5.json", '{"mask": "1"}')):
        (tmp_path / name).write_text(text)
    assert claim_texts(tmp_path, "mine") == {"mine: 1": "{}", "mine: 5": '{"mask": "1"}'}
