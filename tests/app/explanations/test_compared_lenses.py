"""Lenses beside explanations: what they say of neurons, and where they are silent."""

from __future__ import annotations

import pytest

from analysis.explanations.lens_claims import LENS
from analysis.lenses.registry import LENS_BY_KEY, LENSES
from analysis.question import ask
from app.naming import ExplanationRef
from tests.factories import pretrained_xor

pytestmark = pytest.mark.one_database
CLAIMING = [lens.key for lens in LENSES if lens.claims is not None]
TYPED = "l-labels(labels=1.0: A and B; 2.1: A or B)"


@pytest.fixture(scope="module")
def refs(get, aligned, masks):
    return {"interpretation": f"i-{masks[0]}.0", "alignment": get(aligned["url"])["items"][0]["ref"]}


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
    text = client.get(page["url"]).text
    assert 'class="shares"' in text


@pytest.mark.slow
def test_typed_labels_are_in_the_address(client, get, refs):
    page = compare(get, TYPED, "l-patching-table", refs["alignment"])
    first, second, _ = page["explanations"]
    assert first["ref"] == TYPED
    assert functions(page, "P") == {(1, 0): [0, 0, 0, 1], (2, 1): [0, 1, 1, 1]}
    assert get(get(first["url"])["beside_url"])["refs"] == [TYPED]
    assert get("/networks/xor/lenses/shapley")["beside_url"] == ""
    assert second["tiles"] == []
    claims = {
        (neuron["layer"], neuron["neuron"]): claim["kind"]
        for neuron in page["differing_neurons"]
        for claim in neuron["claims"]
        if claim["letter"] == "Q"
    }
    question = ask(pretrained_xor().network)
    table = LENS_BY_KEY["patching-table"]
    flipping = {
        (row["layer"], row["neuron"]) for row in table.answer(question, table.defaults).view.rows if row["flips"]
    }
    assert {site for site, kind in claims.items() if kind == "used"} == flipping
    assert set(claims.values()) <= {"used", "unspoken"}


def test_the_picker_offers_the_lenses_that_say_something_of_neurons(client, get):
    page = get("/compare", network="xor")
    asked = [key for key in CLAIMING if not LENS_BY_KEY[key].learns]
    assert [card["key"] for card in page["picker"]["lenses"]] == asked
    assert [card["ref"] for card in page["picker"]["lenses"]] == [f"l-{key}" for key in asked]
    assert 'value="l-labels"' in client.get(page["url"]).text


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


@pytest.mark.parametrize("page", ["/networks/xor/verdicts", "/networks/xor/sandbox"])
def test_every_page_that_takes_explanations_takes_a_lens(client, refs, page):
    query = {"e": ["l-labels", refs["interpretation"]]}
    for address in (page, f"/api/v1{page}"):
        answer = client.get(address, params=query)
        assert answer.status_code == 200, answer.text[:400]


def test_the_address_of_a_lens_is_read_back():
    for text in ("l-labels", TYPED, "l-patching-table@paper"):
        ref = ExplanationRef.parse(text)
        assert (ref.kind, str(ref)) == (LENS.key, text)
