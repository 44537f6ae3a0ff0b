"""Methods and locations against reference numbers: six networks, 606 answers of published programs and of a small one.

The files of ``tests/golden/methods`` say of each answer which program gave it. Scores agree to 1e-6 and masks exactly.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from benchmarks.parity import (
    DOCUMENT,
    LEARNED,
    NAMES,
    Comparison,
    compared,
    method_comparisons,
    question_of,
    reference,
    with_table,
)
from pluriscope.analysis.carried_algorithms.search import Stories
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.discovery.audit import location_json
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.masked_perceptron import closed
from pluriscope.analysis.discovery.method import settings_digest
from pluriscope.analysis.discovery.registry import METHODS

FEW = 1e-3


def agree(comparisons: Iterable[Comparison]) -> None:
    for one in comparisons:
        assert one.equal, one
        assert one.difference is None or one.difference < 1e-6, one


def test_quick_methods_agree_on_one_network() -> None:
    claims = [claim for claim in reference("xor_2-2-2")["claims"] if claim["method"] not in LEARNED]
    agree(compared("xor_2-2-2", claim) for claim in claims[::3])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_method_agrees(name: str) -> None:
    agree(method_comparisons(name))


@pytest.mark.slow
def test_learned_masks_agree_above_their_margin() -> None:
    for name in ("xor_pretrained", "and_3-3"):
        claims = [c for c in reference(name)["claims"] if c["method"] in LEARNED and c["margin"] > FEW]
        assert claims
        agree(compared(name, claim) for claim in claims[::2])


@pytest.mark.slow
def test_the_table_of_the_document_is_what_is_computed() -> None:
    text = DOCUMENT.read_text()
    assert with_table(text) == text, "write it anew: python -m benchmarks.parity"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_located_as_the_reference_says(name: str) -> None:
    data, question = reference(name), question_of(name)
    landscape = landscape_of(question, search_circuits(question))
    space, layout = data["space"], question.layout
    known, backbone = landscape.known, landscape.known.backbone
    assert backbone is not None
    assert (landscape.circuits.possible, landscape.circuits.n_valid) == (space["possible"], space["valid"])
    assert (known.fewest, layout.to_hex(backbone.always)) == (space["smallest"], space["backbone"])
    story = landscape.story
    carried = sorted(story.algorithms[n].id for n in story.whole) if isinstance(story, Stories) else None
    assert carried == space["story"]
    claims = data["claims"]
    found = landscape.locate_all([(int(c["raw_mask"], 16), landscape.under(c["settings"]["ablation"])) for c in claims])
    for claim, place in zip(claims, found, strict=True):
        answer = location_json(place, landscape.graph, complete=True)
        criteria, under = answer.pop("criteria"), answer.pop("under")
        expected = {key: claim[key] for key in answer}
        assert answer == expected, (claim["method"], claim["settings"])
        assert (criteria is None) == (claim["criteria"] is None)
        if criteria is not None:
            assert {key: criteria[key] for key in claim["criteria"]} == claim["criteria"]
            assert all(under[name] == criteria[f"{name}-ablation"] for name in ("zero", "mean", "resample"))


@pytest.mark.parametrize("name", NAMES)
def test_closures_are_those_of_the_reference(name: str) -> None:
    layout = question_of(name).layout
    for claim in reference(name)["claims"]:
        one = closed(int(claim["raw_mask"], 16), layout)
        assert (layout.to_hex(one.mask), one.possible) == (claim["mask"], claim["possible"])
        assert [list(site) for site in one.severed] == claim["severed"]


def test_every_method_of_the_references_is_registered_and_its_settings_differ() -> None:
    named = {claim["method"] for name in NAMES for claim in reference(name)["claims"]}
    assert named <= {method.key for method in METHODS.by_key.values()}
    assert len(named) >= 9
    claims = reference("xor_pretrained")["claims"]
    digests = {settings_digest(c["method"], METHODS.by_key[c["method"]].filled(c["settings"])) for c in claims}
    assert len(digests) == len(claims)
