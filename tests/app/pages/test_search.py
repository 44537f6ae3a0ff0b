"""The search: what is found by which text, against what the pages themselves list."""

import re

import pytest
from sqlalchemy import select

from app.db.tables import AlgorithmRow, AlignmentRow
from app.pages.search import actions
from tests.app.pages.conftest import XOR
from tests.app.pages.test_every_page import known


@pytest.fixture
def find(get):
    """The hits for a text, by group."""

    def found(text, **options):
        page = get("/search", q=text, **options)
        return {group["title"].lower(): group["hits"] for group in page["groups"]}

    return found


def urls(hits):
    return [hit["url"] for hit in hits]


@pytest.mark.parametrize("text", ["pretrained", "XOR", "xor pretrained", "pretrained, XOR"])
def test_networks_are_found_by_parts_of_their_names_in_any_order(find, text):
    assert XOR in urls(find(text)["networks"])


@pytest.mark.slow
def test_a_mask_leads_to_its_circuit(find, masks):
    mask = masks[7]
    for text in (mask, f"c·{mask}", f"c-{mask}", mask.upper(), f"{mask} pretrained"):
        assert f"{XOR}/explanations/c-{mask}" in urls(find(text)["explanations"]), text


@pytest.mark.slow
def test_algorithms_and_alignments_are_found_by_their_ids(find, app):
    with app.state.store.read() as session:
        query = select(AlgorithmRow.algorithm_id, AlignmentRow.alignment_id).join(AlignmentRow.algorithm)
        algorithm, alignment = session.execute(query.where(AlignmentRow.valid)).first()
    for text in (f"a·{algorithm}.{alignment}", f"a-{algorithm}.{alignment} xor"):
        found = [url for url in urls(find(text)["explanations"]) if f".{alignment}" in url]
        assert found, text
    assert any(f"/g-{algorithm}" in url for url in urls(find(f"g·{algorithm}")["explanations"]))


@pytest.mark.parametrize(
    "formula", ["(A or B) and not (A and B)", "(A ∨ B) ∧ ¬(A ∧ B)", "!(b&a) & (b|a)", "NOT (A AND B) AND (B OR A)"]
)
def test_an_algorithm_is_found_by_its_formula_however_it_is_typed(find, get, formula):
    own = next(item for item in get(XOR + "/explanations", kind="algorithm", sort="placements", order="desc")["items"])
    assert own["formula"] == "(A ∨ B) ∧ ¬(A ∧ B)"
    assert urls(find(formula)["explanations"])[0] == own["url"]


@pytest.mark.parametrize(("text", "slug"), [("roles of heads", "induction-attention"), ("LIME", "xor-pretrained")])
def test_a_lens_leads_to_a_network_that_it_says_something_of(find, text, slug):
    assert urls(find(text)["methods and lenses"])[0].startswith(f"/networks/{slug}/analyses/lenses/")


@pytest.mark.parametrize("text", ["study", "studies"])
def test_studies_are_found_by_what_they_are_before_the_term(find, text):
    found = find(text)
    assert urls(found["studies"])[0].endswith("/studies")
    assert "glossary" not in [*found][: [*found].index("studies")]


@pytest.mark.slow
def test_every_action_is_found_by_its_own_words_and_leads_somewhere(find, app):
    for hit, _ in actions(app.state.addresses):
        assert hit.url in urls(find(hit.label)["actions"]), hit.label
        assert known(app, re.split("[?#]", hit.url)[0]), hit.url


@pytest.mark.parametrize(
    "text", ["%", "_", "'", "<b>", "\\", "0" * 64, "c·", "i·081ff.x", "a·..", "∧", "(" * 60, "é" * 200]
)
def test_any_text_is_answered(client, text):
    answer = client.get("/search", params={"q": text})
    assert answer.status_code == 200
    assert "<b>”" not in answer.text


def test_a_text_that_is_too_long_is_refused(client):
    assert client.get("/search", params={"q": "a" * 201}).status_code == 400
