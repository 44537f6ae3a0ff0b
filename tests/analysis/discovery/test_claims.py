"""Claims in every form that is read: each says the same circuit or the same scores, however it is written."""

from __future__ import annotations

import json
from itertools import compress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.criteria.registry import CRITERIA
from pluriscope.analysis.discovery.audit import _named_as_in_format, criterion_keys
from pluriscope.analysis.discovery.claims import Claim, read_claim, vocabulary_of
from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron
from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.discovery.registry import default_methods, read_method
from pluriscope.analysis.errors import InvalidClaim, InvalidMethod
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.graph import perceptron_graph
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from tests.factories import pretrained_xor

QUESTION = ask(pretrained_xor().network, task=named_task("XOR", 2))
NAMES = list(vocabulary_of(QUESTION).names.numbers)
MASK = 0x3B2CF
KEEPS = [MASK >> edge & 1 for edge in range(18)]
KEPT = list(compress(NAMES, KEEPS))
CUTS = {ablation: MaskedPerceptron.of(QUESTION, ablation) for ablation in ("zero", "mean", "pairs")}
SCORES = [round(0.1 * (edge - 9), 1) for edge in range(18)]


def read(sent: Any, **picking: Any) -> Claim:
    raw = sent if isinstance(sent, bytes) else sent.encode() if isinstance(sent, str) else json.dumps(sent).encode()
    return read_claim(raw, vocabulary_of(QUESTION), picking)


def arrow(name: str) -> str:
    return name.replace(">", "->")


CIRCUITS: list[tuple[str, Any]] = [
    ("mask", "3b2cf"),
    ("mask", " 3B2CF\n"),
    ("mask", {"mask": "3b2cf"}),
    ("edges", " ".join(KEPT)),
    ("edges", ", ".join(name.replace(">", " → ") for name in KEPT)),
    ("edges", "\n".join(compress(names_of(perceptron_graph((2, 3, 3, 1))).drawn, KEEPS))),
    ("edges", [arrow(name) for name in KEPT]),
    ("edges", {"edges": KEPT}),
    (
        "eap-ig",
        {
            "cfg": {"n_layers": 2},
            "nodes": {"x0": {"in_graph": True}, "1.0": {"in_graph": True, "score": 0.1}, "y0": {"in_graph": True}},
            "edges": {arrow(name): {"score": 0.5, "in_graph": name in KEPT} for name in NAMES},
        },
    ),
    ("eap-ig", {"nodes": {"x0": True}, "edges": {f"{arrow(name)}<q>": {"in_graph": name in KEPT} for name in NAMES}}),
    ("edge-scores", {arrow(name): name in KEPT for name in NAMES}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "sent"), CIRCUITS)
def test_every_form_says_the_same_circuit(form: str, sent: Any) -> None:
    claim = read(sent)
    assert claim.form == form
    assert claim.raw_mask == MASK


WITH_SCORES: list[tuple[str, Any]] = [
    ("scores", " ".join(map(str, SCORES))),
    ("scores", f"[{', '.join(map(str, SCORES))}]"),
    ("scores", SCORES),
    ("scores", {"scores": SCORES}),
    ("eap-ig", {"edges": {arrow(n): {"score": s, "in_graph": False} for n, s in zip(NAMES, SCORES, strict=True)}}),
    ("edge-scores", dict(zip(map(arrow, NAMES), SCORES, strict=True))),
]  # fmt: skip


@pytest.mark.parametrize(("form", "sent"), WITH_SCORES)
def test_every_form_says_the_same_scores(form: str, sent: Any) -> None:
    claim = read(sent)
    assert claim.form == form
    assert claim.scores == tuple(SCORES)
    assert claim.picking == {"pick": "top", "signed": False, "threshold": 0.95, "ablation": "zero"}


def test_what_is_declared_stands_where_the_claim_says_nothing() -> None:
    claim = read({"scores": SCORES, "pick": "greedy"}, k=3, pick="top", ablation="pairs")
    assert claim.picking == {"pick": "greedy", "signed": False, "k": 3, "ablation": "pairs"}


def test_a_marked_graph_is_a_circuit_unless_a_number_of_edges_is_asked_for() -> None:
    graph = {"edges": {arrow(n): {"score": s, "in_graph": n in KEPT} for n, s in zip(NAMES, SCORES, strict=True)}}
    assert read(graph).raw_mask == MASK
    assert read(graph, k=5).scores == tuple(SCORES)


def test_an_edge_without_a_score_is_unknown_and_taken_last() -> None:
    claim = read({arrow(NAMES[3]): 0.5, arrow(NAMES[5]): 0.1}, k=3)
    assert claim.scores is not None
    assert claim.scores.count(None) == 16
    mask = claim.answer(CUTS["zero"]).raw_mask
    assert mask == 1 << 3 | 1 << 5 | 1 << 0


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"edges": {"a0.h1->m2": {"score": 1, "in_graph": True}}}, "has the node 'a0.h1', which is no node"),
        ({"nodes": {"logits": {}}, "edges": {}}, "'logits'"),
        ({"edges": {"x0->2.0": {"in_graph": True}}}, "which is no edge of this network"),
        ({"edges": {"x0->1.0": {"in_graph": True}, "x0>1.0": {"in_graph": True}}}, "x0>1.0 twice"),
        ({"edges": {"x0->1.0": {"in_graph": False}}}, "no scores"),
        ({"edges": {"x0->1.0": {"in_graph": "perhaps"}}}, "'perhaps'"),
        ({"edges": {"x0->1.0": 3}}, "a number, not an object"),
        ('{"edges": {"x0->1.0": {"score": NaN}}}', "NaN"),
        ({"whatever": 1}, "no form that is read here"),
        ({"mask": "3f3f"}, "not 5 hex digits"),
        ({"mask": "fffff"}, "beyond the network's 18"),
        ({"mask": "3f3ff", "scores": SCORES}, "mask and scores"),
        ({"mask": "3f3ff", "k": 3}, "beside mask"),
        ({"mask": "3f3ff", "colour": "red"}, "colour"),
        (["x0>1.0", "x0>1.0"], "twice"),
        ({"scores": SCORES[1:]}, "17 numbers"),
        ({"scores": SCORES, "k": 1, "threshold": 0.5}, "together"),
        ({"scores": SCORES, "k": 19}, "k is 19"),
        ({"scores": SCORES, "k": 1, "ablation": "resample"}, "resample"),
        ({"scores": ["1"] * 18}, "no finite number"),
        ('{"mask": "3f3ff", "mask": "3f3ff"}', "twice"),
        ({}, "no form"),
        ("x0>1.0 and then some", "where an edge belongs"),
        ([None] * 18, "null for every edge"),
    ],
)
def test_what_cannot_be_read_is_named(sent: Any, words: str) -> None:
    with pytest.raises(InvalidClaim) as caught:
        read(sent)
    assert words in str(caught.value)


@pytest.mark.slow
@given(st.integers(0, 2**18 - 1), st.sampled_from(["->", "→", ">", " -> ", "-->"]))
def test_any_edge_list_leads_back_to_its_mask(mask: int, sign: str) -> None:
    edges = [name.replace(">", sign) for edge, name in enumerate(NAMES) if mask >> edge & 1]
    if edges:
        assert read(", ".join(edges)).raw_mask == mask


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("rando", "did you mean random"),
        ("quux", "Use one of exact-edge, weights"),
        ("random(sead=1)", "did you mean seed"),
        ("exact-edge(threshold=nan)", "a number"),
        ("random(k=1,k=2)", "twice"),
        ("exact-edge(metric=margn)", "did you mean margin"),
        ("exact-edge(metric=margin", "cannot be read"),
        ("exact-edge(k=3,threshold=.5)", "together"),
        ("exact-edge(signed=yes)", "true or false"),
        ("random(seed=1.5)", "a whole number"),
        ("random(seed)", "name=value"),
        ("random-deletion(restarts=0)", "a whole number from 1"),
    ],
)
def test_wrong_methods_and_settings_are_refused_with_the_nearest_known_one(text: str, cause: str) -> None:
    with pytest.raises(InvalidMethod) as caught:
        read_method(text)
    assert cause.lower() in str(caught.value).lower()


def test_settings_are_read_and_filled() -> None:
    method, found = read_method(" exact-edge( k = 4, signed=true ) ")
    assert (method.key, found) == (
        "exact-edge",
        {"ablation": "pairs", "metric": "margin", "pick": "top", "signed": True, "k": 4},
    )
    assert all("threshold" in s for m, s in default_methods() if m.score is not None)


def test_more_edges_than_there_are_and_pairs_of_a_constant_task_are_refused() -> None:
    method, found = read_method("exact-edge(k=19)")
    with pytest.raises(InvalidMethod, match="18 edges"):
        method.answer(CUTS["pairs"], found)
    constant = ask(QUESTION.subject, task=named_task("XOR", 2).__class__((0, 0, 0, 0), ""))
    method, found = read_method("exact-edge")
    with pytest.raises(InvalidMethod, match="zero or mean"):
        method.answer(MaskedPerceptron.of(constant, "pairs"), found)


@pytest.mark.parametrize("slug", bundled_models())
def test_the_example_that_a_page_gives_of_a_transformer_is_read(slug):
    kind, model = read_subject(bundled_models()[slug])
    for rules in kind.admitted_rules(model):
        subject = vocabulary_of(GraphQuestion(kind, model, rules))
        meant = [subject.names.drawn.index(name) for name in subject.names.example.split()]
        assert read_claim(subject.names.example.encode(), subject).raw_mask == sum(1 << bit for bit in meant)


def test_criteria_are_called_by_their_keys_whatever_the_format_of_audits_calls_them():
    keys = {one.key: "passed" for one in CRITERIA}
    assert criterion_keys(_named_as_in_format(keys)) == keys
