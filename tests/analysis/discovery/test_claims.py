"""Claim files: what is read, and that whatever is wrong is said with item, cause and cure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.discovery.claims import CLAIM_FORMAT, MAX_CLAIMS, Claim, subject_of
from analysis.discovery.cuts import CutNetwork
from analysis.discovery.registry import METHOD_BY_KEY, default_methods, read_called, read_method
from analysis.discovery.sent_claims import read_sent
from analysis.errors import InvalidClaim, InvalidMethod
from analysis.lenses.registry import LENS_BY_KEY
from analysis.question import ask
from analysis.tasks import named_task
from tests.factories import pretrained_xor

QUESTION = ask(pretrained_xor().network, task=named_task("XOR", 2))
CUTS = {ablation: CutNetwork.under(QUESTION, ablation) for ablation in ("zero", "mean", "pairs")}
CLAIM = {"name": "my circuit", "kind": "circuit", "mask": "3f3ff"}


def claims_of(raw: bytes) -> tuple[Claim, ...]:
    return read_sent(raw, subject_of(QUESTION)).claims


def file_of(*claims: Any, **more: Any) -> bytes:
    return json.dumps({"format": CLAIM_FORMAT, "claims": list(claims), **more}).encode()


def test_a_mask_edges_and_scores_say_the_same_circuit() -> None:
    names = {number: name for name, number in subject_of(QUESTION).names.numbers.items()}
    edges = [names[n] for n in range(18) if 0x3F3FF >> n & 1]
    scores = [1.0 if 0x3F3FF >> n & 1 else 0.0 for n in range(18)]
    three = claims_of(
        file_of(
            CLAIM,
            {"name": "by edges", "kind": "circuit", "edges": edges, "source": "a notebook"},
            {"name": "by scores", "kind": "circuit", "scores": scores, "k": 16, "ablation": "pairs"},
        ),
    )
    assert {claim.answer(CUTS[claim.ablation or "zero"]).raw_mask for claim in three} == {0x3F3FF}
    assert three[0].raw_mask == three[1].raw_mask != three[2].raw_mask
    assert [claim.ablation for claim in three] == ["", "", "pairs"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({**CLAIM, "mask": "3F3FF"}, "mask", "lower-case hex"),
    ({**CLAIM, "mask": "3f3f"}, "mask", "5 lower-case hex"),
    ({**CLAIM, "mask": "fffff"}, "mask", "beyond the network's 18"),
    ({**CLAIM, "edges": ["x0>1.0"]}, "claim 1 (my circuit)", "mask and edges"),
    ({"name": "a", "kind": "circuit"}, "claim 1 (a)", "no mask, edges or scores"),
    ({"name": "a", "kind": "circuit", "edges": ["x0>1.0", "x0>1.0"]}, "edges", "twice"),
    ({"name": "a", "kind": "circuit", "edges": ["x0>2.0"]}, "edges", "no edge of this network"),
    ({"name": "a", "kind": "circuit", "edges": ["x0>1.9"]}, "edges", "no node of this network"),
    ({"name": "a", "kind": "circuit", "edges": ["blocks.0"]}, "edges", "where an edge belongs"),
    ({"name": "a", "kind": "circuit", "scores": [1.0] * 17, "k": 1}, "scores", "17 numbers"),
    ({"name": "a", "kind": "circuit", "scores": [1.0] * 18}, "claim 1", "without k or threshold"),
    ({"name": "a", "kind": "circuit", "scores": [1.0] * 18, "k": 1, "threshold": 0.5}, "claim 1", "together"),
    ({"name": "a", "kind": "circuit", "scores": [1.0] * 18, "k": 19}, "claim 1", "k is 19"),
    ({"name": "a", "kind": "circuit", "scores": [1.0] * 18, "k": 1.5}, "claim 1", "k is '1.5'"),
    ({"name": "a", "kind": "circuit", "scores": ["1"] * 18, "k": 1}, "scores[0]", "no finite number"),
    ({"name": "a", "kind": "circuit", "scores": [1.0] * 18, "k": 1, "ablation": "resample"}, "claim 1", "resample"),
    ({**CLAIM, "k": 3}, "claim 1", "beside mask"),
    ({**CLAIM, "kind": "alignment"}, "kind", "alignment"),
    ({**CLAIM, "method": "m" * 81}, "method", "80"),
    ({**CLAIM, "colour": "red"}, "claim 1", "colour"),
    ({**CLAIM, "settings": [1]}, "settings", "list"),
]


@pytest.mark.parametrize(("claim", "item", "cause"), WRONG)
def test_a_wrong_claim_is_named_with_its_cause_and_cure(claim: dict[str, Any], item: str, cause: str) -> None:
    with pytest.raises(InvalidClaim) as caught:
        claims_of(file_of(claim))
    assert item in caught.value.item
    assert cause in str(caught.value)
    assert caught.value.cure


def test_wrong_files_are_refused() -> None:
    for raw, cause in (
        (b"{", "JSON"),
        (b'{"format": "a", "format": "b"}', "twice"),
        (file_of(CLAIM, network="0" * 64), "network 000000000000"),
        (file_of(CLAIM, output=1), "output 1"),
        (json.dumps({"format": "pluriscope-claim/2", "claims": []}).encode(), "pluriscope-claim/2"),
        (json.dumps({"format": CLAIM_FORMAT, "claims": {}}).encode(), "not a list"),
        (file_of(*[CLAIM] * (MAX_CLAIMS + 1)), "10,001"),
        (b'{"format": "pluriscope-claim/1", "claims": [{"name": "a", "kind": "circuit", "scores": [NaN]}]}', "NaN"),
    ):
        with pytest.raises(InvalidClaim, match=cause):
            claims_of(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "kind", "mask", "edges", "scores", "k", "threshold", "pick", "signed", "ablation",
                         "method", "settings", "source"]),
        JSON | st.sampled_from(["circuit", "3f3ff", ["x0>1.0"], [0.5] * 18]),
    )
)  # fmt: skip
def test_whatever_stands_in_a_claim_it_is_read_or_refused(claim: dict[str, Any]) -> None:
    try:
        (read,) = claims_of(file_of(claim))
    except InvalidClaim:
        return
    assert read.answer(CUTS[read.ablation or "zero"]).outcome in {
        "found",
        "all",
        "nothing",
        "undefined",
    }


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("acdq", "did you mean acdc"),
        ("quux", "Use one of acdc, eap"),
        ("acdc(tua=1)", "did you mean tau"),
        ("acdc(tau=0)", "a number above 0"),
        ("acdc(tau=nan)", "a number above 0"),
        ("acdc(tau=1,tau=2)", "twice"),
        ("acdc(loss=klm)", "did you mean kl"),
        ("acdc(loss=mse", "cannot be read"),
        ("eap(k=3,threshold=.5)", "together"),
        ("eap(signed=yes)", "true or false"),
        ("eap-ig(path=ends,steps=3)", "steps"),
        ("eap-ig(steps=1.5)", "a whole number"),
        ("random(seed)", "name=value"),
        ("shaply", "did you mean shapley"),
        ("acdc(order=revers)", "did you mean reverse"),
        ("acdc(seed=1,seed=1)", "twice"),
        ("eap-ig(steps=0)", "a whole number from 1"),
        ("probes(layer=1)", "leave it out"),
        ("sae(latents=2.5)", "a whole number"),
        ("sae(force=yes)", "true or false"),
    ],
)
def test_wrong_methods_and_settings_are_refused_with_the_nearest_known_one(text: str, cause: str) -> None:
    with pytest.raises(InvalidMethod) as caught:
        read_called(text, {**METHOD_BY_KEY, **LENS_BY_KEY})
    assert cause.lower() in str(caught.value).lower()


def test_settings_are_read_and_filled() -> None:
    method, found = read_method(" eap-ig( path = ends , k = 4, signed=true ) ")
    assert (method.key, found) == (
        "eap-ig",
        {"ablation": "pairs", "metric": "margin", "path": "ends", "pick": "top", "signed": True, "k": 4},
    )
    assert all("threshold" in s for m, s in default_methods() if m.score is not None)
    lens, found = read_called("sae(latents=3, lambda=2)", LENS_BY_KEY)
    assert (lens.key, found) == ("sae", {"latents": 3, "lambda": 2.0, "force": False})


def test_more_edges_than_there_are_and_pairs_of_a_constant_task_are_refused() -> None:
    method, found = read_method("eap(k=19)")
    with pytest.raises(InvalidMethod, match="18 edges"):
        method.answer(CUTS["pairs"], found)
    constant = ask(QUESTION.model, task=named_task("XOR", 2).__class__((0, 0, 0, 0), ""))
    method, found = read_method("eap")
    with pytest.raises(InvalidMethod, match="zero or mean"):
        method.answer(CutNetwork.under(constant, "pairs"), found)
