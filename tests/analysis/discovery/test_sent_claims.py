"""Claims in every form that is read: each says the same circuit or the same scores, however it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.discovery.claims import CLAIM_FORMAT, Claim, subject_of
from analysis.discovery.cuts import NetworkCuts
from analysis.discovery.part_names import names_in
from analysis.discovery.sent_claims import FORMS, Declared, output_named, read_sent
from analysis.errors import InvalidClaim
from analysis.networks.circuit import EdgeLayout
from analysis.networks.network import Network
from analysis.question import ask
from analysis.tasks import named_task
from tests.factories import pretrained_xor

QUESTION = ask(pretrained_xor().network, task=named_task("XOR", 2))
NAMES = list(names_in(QUESTION.layout).numbers)
MASK = 0x3B2CF
KEPT = [name for edge, name in enumerate(NAMES) if MASK >> edge & 1]
SCORES = [round(0.1 * (edge - 9), 1) for edge in range(18)]


def read(sent: Any, **declared: Any) -> tuple[str, Claim]:
    raw = sent if isinstance(sent, bytes) else sent.encode() if isinstance(sent, str) else json.dumps(sent).encode()
    found = read_sent(raw, subject_of(QUESTION), Declared(**declared))
    return found.form, found.claims[0]


def arrow(name: str) -> str:
    return name.replace(">", "->")


def rows_of(edges: list[str], sign: str = ",") -> str:
    return "\n".join(sign.join(edge.split(">")) for edge in edges)


def between(neurons: set[str]) -> int:
    """The mask of every edge none of whose hidden ends is missing."""
    hidden = {"1.0", "1.1", "1.2", "2.0", "2.1", "2.2"}
    return sum(1 << edge for edge, name in enumerate(NAMES) if not (set(name.split(">")) & hidden) - neurons)


OF_NEURONS: list[tuple[str, Any]] = [
    ("neurons", "1.0 1.2 2.0"),
    ("neurons", "n1.0, n1.2, n2.0"),
    ("neurons", "x0 x1 1.0 1.2 2.0 y0"),
    ("neurons", ["1.0", "1.2", "2.0"]),
    ("neurons", {"1.0": True, "1.1": False, "1.2": True, "2.0": True, "2.1": False, "2.2": False}),
]


@pytest.mark.parametrize(("form", "sent"), OF_NEURONS)
def test_neurons_stand_for_every_edge_between_them(form: str, sent: Any) -> None:
    found, claim = read(sent)
    assert (found, claim.raw_mask) == (form, between({"1.0", "1.2", "2.0"}))


def test_of_scores_by_neuron_the_largest_are_taken_and_told() -> None:
    scores = {"1.0": -0.4, "1.1": 0.3, "1.2": 0.1, "2.0": 0.1, "2.1": -0.2, "2.2": 0.0}
    form, claim = read(scores, picking={"k": 3})
    assert (form, claim.raw_mask) == ("neurons", between({"1.0", "1.1", "2.1"}))
    assert claim.settings["score of 2.1"] == -0.2
    assert claim.settings["neurons taken"] == 3
    _, tied = read(scores, picking={"k": 4})
    assert tied.raw_mask == between({"1.0", "1.1", "2.1", "1.2"})
    _, helpful = read(scores, picking={"k": 2, "signed": True})
    assert helpful.raw_mask == between({"1.0", "2.1"})
    _, positive = read(scores, picking={"k": 2, "signed": True}, helpful_is_positive=True)
    assert positive.raw_mask == between({"1.1", "1.2"})
    others = read({**scores, "2.2": 0.05}, picking={"k": 3})[1]
    assert others.raw_mask == claim.raw_mask
    assert others.digest != claim.digest


@pytest.mark.parametrize(
    ("sent", "k", "words"),
    [
        ("1.0 1.0 2.0", None, "1.0 twice"),
        ({"1.0": 0.5}, 1, "there are 6"),
        (dict.fromkeys(("1.0", "1.1", "1.2", "2.0", "2.1", "2.2"), 0.5), None, "no number of neurons"),
        (dict.fromkeys(("1.0", "1.1", "1.2", "2.0", "2.1", "2.2"), 0.5), 7, "k is 7"),
        (dict.fromkeys(("1.0", "1.1", "1.2", "2.0", "2.1", "2.2"), "x"), 2, "no finite number"),
    ],
)
def test_neurons_that_cannot_be_taken_are_refused(sent: Any, k: int | None, words: str) -> None:
    with pytest.raises(InvalidClaim, match=words):
        read(sent, picking={} if k is None else {"k": k})


CIRCUITS: list[tuple[str, Any]] = [
    ("claim-file", {"format": CLAIM_FORMAT, "claims": [{"name": "n", "kind": "circuit", "mask": "3b2cf"}]}),
    ("mask", "3b2cf"),
    ("mask", " 3B2CF\n"),
    ("mask", {"mask": "3b2cf"}),
    ("edges", " ".join(KEPT)),
    ("edges", ", ".join(name.replace(">", " → ") for name in KEPT)),
    ("edges", "\n".join(f"n{name}" if name[0].isdigit() else name for name in KEPT).replace("y0", "y")),
    ("edges", [arrow(name) for name in KEPT]),
    ("edges", {"edges": KEPT, "method": "by hand"}),
    ("table", "source,target,kept\n" + rows_of([f"{name}>{name in KEPT}" for name in NAMES])),
    ("table", "edge;in_graph\n" + "\n".join(f"{arrow(name)};{int(name in KEPT)}" for name in NAMES)),
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
    ("acdc", [[[name.split(">")[1], [None], name.split(">")[0], [None]], 0.1] for name in KEPT]),
    ("acdc", [[name.split(">")[1], None, name.split(">")[0], None] for name in KEPT]),
    ("node-link", {"directed": True, "nodes": [{"id": "x0"}, {"id": "y0"}],
                   "links": [dict(zip(("source", "target"), name.split(">"), strict=True)) for name in KEPT]}),
    ("node-link", {"metadata": {}, "nodes": [{"node_id": "x0"}],
                   "edges": [dict(zip(("source", "target"), name.split(">"), strict=True)) for name in KEPT]}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "sent"), CIRCUITS)
def test_every_form_says_the_same_circuit(form: str, sent: Any) -> None:
    found, claim = read(sent)
    assert found == form
    assert claim.raw_mask == MASK


WITH_SCORES: list[tuple[str, Any]] = [
    ("scores", " ".join(map(str, SCORES))),
    ("scores", f"[{', '.join(map(str, SCORES))}]"),
    ("scores", SCORES),
    ("scores", {"scores": SCORES}),
    ("table", "source,target,score\n" + rows_of([f"{n}>{s}" for n, s in zip(NAMES, SCORES, strict=True)])),
    ("table", "edge\tscore\n" + "\n".join(f"{arrow(name)}\t{s}" for name, s in zip(NAMES, SCORES, strict=True))),
    ("eap-ig", {"edges": {arrow(n): {"score": s, "in_graph": False} for n, s in zip(NAMES, SCORES, strict=True)}}),
    ("edge-scores", dict(zip(map(arrow, NAMES), SCORES, strict=True))),
    ("prune-scores", {
        "1": [SCORES[0:2], SCORES[2:4], SCORES[4:6]],
        "2": [SCORES[6:9], SCORES[9:12], SCORES[12:15]],
        "3": [SCORES[15:]],
    }),
]  # fmt: skip


@pytest.mark.parametrize(("form", "sent"), WITH_SCORES)
def test_every_form_says_the_same_scores(form: str, sent: Any) -> None:
    found, claim = read(sent)
    assert found == form
    assert claim.scores == tuple(SCORES)
    assert claim.picking == {"pick": "top", "signed": False, "threshold": 0.95, "ablation": "zero"}


def test_every_form_that_pages_describe_is_read_somewhere_here() -> None:
    assert {one.key for one in FORMS} == {form for form, _ in [*CIRCUITS, *WITH_SCORES, *OF_NEURONS]}


def test_what_is_declared_stands_where_the_claim_says_nothing() -> None:
    _, claim = read("3b2cf", name="mine", method="hand", source="here")
    assert (claim.name, claim.method, claim.source) == ("mine", "hand", "here")
    _, claim = read({"mask": "3b2cf", "name": "its own"}, name="mine", method="hand")
    assert (claim.name, claim.method) == ("its own", "hand")
    _, claim = read(SCORES, picking={"k": 3, "ablation": "pairs"})
    assert claim.picking == {"pick": "top", "signed": False, "k": 3, "ablation": "pairs"}


def test_scores_of_helpful_edges_that_are_positive_are_turned_round() -> None:
    _, claim = read([*SCORES[:-1], None], helpful_is_positive=True)
    assert claim.scores == (*(-one for one in SCORES[:-1]), None)


def test_a_marked_graph_is_a_circuit_unless_a_number_of_edges_is_asked_for() -> None:
    graph = {"edges": {arrow(n): {"score": s, "in_graph": n in KEPT} for n, s in zip(NAMES, SCORES, strict=True)}}
    assert read(graph)[1].raw_mask == MASK
    assert read(graph, picking={"k": 5})[1].scores == tuple(SCORES)


def test_an_edge_without_a_score_is_unknown_and_taken_last() -> None:
    _, claim = read({arrow(NAMES[3]): 0.5, arrow(NAMES[5]): 0.1}, picking={"k": 3})
    assert claim.scores is not None
    assert claim.scores.count(None) == 16
    cut = NetworkCuts(QUESTION)["zero"]
    mask = claim.answer(cut).raw_mask
    assert mask == 1 << 3 | 1 << 5 | 1 << 0
    assert len(claim.without_gradient(cut)) == 16


def test_a_score_of_zero_into_a_dead_neuron_is_no_score() -> None:
    dead = Network.from_arrays(
        [[[1.0, 1.0], [-1.0, -1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], activation="relu", output_activation="linear"
    )
    question = ask(dead, task=named_task("OR", 2))
    found = read_sent(b"0.5 0 0 0 0.1 0", subject_of(question), Declared(picking={"k": 2}))
    assert found.claims[0].without_gradient(NetworkCuts(question)["zero"]) == (
        2,
        3,
    )  # into 1.1, which is 0 on every row; not the other zeros


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"edges": {"a0.h1->m2": {"score": 1, "in_graph": True}}}, "has the node 'a0.h1', which is no neuron"),
        ({"nodes": {"logits": {}}, "edges": {}}, "'logits'"),
        ({"A0.0->MLP 1": 0.4}, "'A0.0'"),
        (
            [[["blocks.1.hook_k_input", [None], "blocks.0.attn.hook_result", [None]], 0.1]],
            "'blocks.0.attn.hook_result'",
        ),
        ({"nodes": [{"node_id": "E_1_2"}], "links": []}, "'E_1_2'"),
        ({"edges": {"x0->2.0": {"in_graph": True}}}, "does not join neighbouring layers"),
        ({"edges": {"x0->1.0": {"in_graph": True}, "x0>1.0": {"in_graph": True}}}, "x0>1.0 twice"),
        ({"edges": {"x0->1.0": {"in_graph": False}}}, "no scores"),
        ({"edges": {"x0->1.0": {"in_graph": "perhaps"}}}, "'perhaps'"),
        ({"edges": {"x0->1.0": 3}}, "a number, not an object"),
        ('{"edges": {"x0->1.0": {"score": NaN}}}', "NaN"),
        ({"1": [[1, 2]], "2": [[1]], "3": [[1]]}, "no matrix of 3 rows with 2"),
        ({"1": [[1, 2]] * 3}, "layers 1"),
        ([["x0"]], "does not name two neurons"),
        ("source,target\nx0", "has 1 cells"),
        ({"whatever": 1}, "no form that is read here"),
        ({}, "no form"),
        ("x0>1.0 and then some", "where an edge should stand"),
        ([None] * 18, "null for every edge"),
    ],
)
def test_what_cannot_be_read_is_named(sent: Any, words: str) -> None:
    with pytest.raises(InvalidClaim) as caught:
        read(sent)
    assert words in str(caught.value)


def test_a_claim_file_names_its_output_and_nothing_else_does() -> None:
    assert output_named(json.dumps({"format": CLAIM_FORMAT, "output": 2, "claims": []}).encode()) == 2
    for other in (
        b"3b2cf",
        b'{"output": 2}',
        b'{"format": "x", "output": true}',
        b'{"format": "x", "output": -1}',
        b"{",
    ):
        assert output_named(other) is None


@pytest.mark.slow
@given(st.integers(0, 2**18 - 1), st.sampled_from(["->", "→", ">", " -> ", "-->"]))
def test_any_edge_list_leads_back_to_its_mask(mask: int, sign: str) -> None:
    edges = [name.replace(">", sign) for edge, name in enumerate(NAMES) if mask >> edge & 1]
    if edges:
        assert read(", ".join(edges))[1].raw_mask == mask


@pytest.mark.slow
@given(
    st.integers(0, 2**18 - 1), st.dictionaries(st.text("abcxyz", min_size=1), st.integers() | st.booleans(), max_size=3)
)
def test_a_claim_taken_away_is_the_same_claim(mask: int, settings: dict[str, Any]) -> None:
    if any(abs(value) >= 1e300 for value in settings.values()):
        return
    _, claim = read({"mask": QUESTION.layout.to_hex(mask), "name": "n", "settings": settings})
    document = {"format": CLAIM_FORMAT, "claims": [claim.document(names_in(QUESTION.layout))]}
    _, again = read(document)
    assert again == claim
    assert again.digest == claim.digest


def test_neurons_of_any_network_are_named() -> None:
    assert list(names_in(EdgeLayout((1, 1, 1))).numbers) == ["x0>1.0", "1.0>y0"]
