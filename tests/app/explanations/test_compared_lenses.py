"""Lenses beside explanations: what they say of neurons, and where they are silent."""

from __future__ import annotations

import pytest

from analysis.explanations.lens_claims import LENS
from analysis.lenses.registry import LENS_BY_KEY
from analysis.question import ask
from pluriscope.naming import ExplanationRef
from tests.factories import pretrained_xor

TYPED = "l-labels(labels=1.0: A and B; 2.1: A or B)"


@pytest.fixture(scope="module")
def refs(kept, masks):
    return {"interpretation": f"i-{masks[0]}.0", "alignment": kept[0]["ref"]}


def compare(get, *chosen, **query):
    return get("/compare", network="xor", e=list(chosen), **query)


def functions(page, letter: str) -> dict[tuple[int, int], list[int]]:
    (side,) = [item for item in page["explanations"] if item["letter"] == letter]
    return {(tile["layer"], tile["neuron"]): tile["truth_table"] for tile in side["tiles"]}


def up_to_negation(table: list[int]) -> list[int]:
    return [1 - bit for bit in table] if table[0] else table


@pytest.mark.slow
def test_labels_stand_beside_gates_with_their_picture(client, get, refs):
    page = compare(get, "l-labels", refs["interpretation"])
    lens, _ = page["explanations"]
    assert (lens["kind"], lens["name"], lens["ref"]) == ("lens", "Labels of neurons", "l-labels")
    assert client.get(lens["url"]).status_code == 200
    question = ask(pretrained_xor().network)
    labels = LENS_BY_KEY["labels"]
    rows = labels.answer(question, labels.defaults).view.rows
    assert functions(page, "P") == {(row["layer"], row["neuron"]): row["truth_table"] for row in rows}
    one, two = functions(page, "P"), functions(page, "Q")
    both = [site for site in one if site in two]
    assert both
    assert lens["picture"]["bars"]
    assert (lens["says"], lens["standing"]["predicted"]) == ([], 0)
    assert "says what it saw" in lens["silent_because"]
    differing = {(one["layer"], one["neuron"]) for one in page["differing_neurons"]}
    assert {site for site in both if up_to_negation(one[site]) != up_to_negation(two[site])} <= differing
    assert client.get(page["url"]).status_code == 200


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("l-shapley", "lens shapley: says nothing of single neurons"),
        ("l-nonsense", "is unknown"),
        ("l-das", "no answer under these settings is stored. Run the lenses that learn"),
        ("l-sae", "Nothing is trained unless force is true. Leave it out."),
        ("l-labels(labels=9.9: A)", "names a neuron that is not there"),
        ("l-labels(labels=A and B)", "names no neuron"),
    ],
)
def test_what_is_no_such_lens_is_refused_with_its_cause(client, refs, ref, words):
    answer = client.get("/api/v1/compare", params={"network": "xor", "e": [ref, refs["interpretation"]]})
    assert answer.status_code == 404
    assert words in str(answer.json())


def test_the_address_of_a_lens_is_read_back():
    for text in ("l-labels", TYPED, "l-patching-table@paper"):
        ref = ExplanationRef.parse(text)
        assert (ref.kind, str(ref)) == (LENS.key, text)
