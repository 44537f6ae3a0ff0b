"""The search: what is found by which text, against what the pages themselves list."""

import re

import pytest
from sqlalchemy import select

from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow
from pluriscope.app.pages.search import ASKING, SearchOptions, build_search
from pluriscope.app.pages.search_index import folded, index_of
from tests.app.pages.conftest import XOR
from tests.app.pages.test_every_page import known
from tests.checkout import ROOT
from tests.of_plugins import joined, whole


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
        algorithm, alignment = session.execute(query.where(AlignmentRow.valid).order_by(AlignmentRow.id)).first()
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


@pytest.mark.slow
def test_every_action_is_found_by_its_own_words_and_leads_somewhere(find, app):
    for hit in index_of(app.state.addresses.prefix).documents:
        if hit.group != "Actions":
            continue
        assert hit.url in [url for hits in find(hit.label).values() for url in urls(hits)], hit.label
        assert known(app, re.split("[?#]", hit.url)[0]), hit.url


@pytest.mark.parametrize(
    "text", ["%", "_", "'", "<b>", "\\", "0" * 64, "c·", "i·081ff.x", "a·..", "∧", "(" * 60, "é" * 200]
)
def test_any_text_is_answered(client, text):
    assert "<b>”" not in client.get("/search", params={"q": text}).raise_for_status().text


def test_a_text_that_is_too_long_is_refused(client):
    assert client.get("/search", params={"q": "a" * 201}).status_code == 400


WORDS = {
    "/glossary#attention-only-transformer": "QK circuit; OV circuit; OV circuits",
    "/glossary#direction": "onion representation; linear representation hypothesis; multi-dimensional features; "
    "multidimensional features",
    "/glossary#induction-head": "induction head; induction heads; in-context learning",
    "/glossary#model-edit": "ROME; knowledge editing; model editing; unlearning; fine-tuning; finetuning; "
    "knowledge localisation; knowledge localization",
    "/glossary#robustness": "patching-domain robustness",
    "/glossary#trojan": "trojan; backdoor",
    "/glossary#universality": "universality; transferability; scaling laws; scaling law",
    "/glossary#what-then-where": "what then where",
    "/glossary#where-then-what": "where then what",
} | joined("FOUND")
"""Where the first result leads → words of the field, some in other spellings."""


@pytest.mark.parametrize(("url", "words"), WORDS.items(), ids=lambda given: given[-30:])
def test_every_word_of_the_field_finds_what_it_is_here_or_that_it_is_not(app, url, words):
    with app.state.store.read() as session:
        for word in words.split("; "):
            groups = build_search(session, app.state.addresses, SearchOptions(q=word)).groups
            assert groups, word
            assert groups[0].hits[0].url == url, word


ELSEWHERE = (
    "crosscoder",
    *("knowledge localisation", "deceptive alignment", "multimodal neuron", "Gemma Scope"),
    *("automated interpretability", "cognitive closure", "IOI", "anomaly detection", "LSTM"),
    *("psychophysics", "AI lie detector", "Golden Gate Bridge", "CLIP"),
    *("privacy", "reinforcement learning", "cognitive utility", "emergent properties", "scalable oversight"),
)


@pytest.mark.parametrize("word", ELSEWHERE)
def test_the_line_that_a_word_leads_to_says_that_it_is_not_here(app, word):
    with app.state.store.read() as session:
        found = build_search(session, app.state.addresses, SearchOptions(q=word)).groups[0].hits[0]
    assert re.search(r"\bnot?\b|\bnone\b|\bneither\b", found.detail, re.IGNORECASE), found.detail


@whole
@pytest.mark.parametrize("word", (ROOT / "tests/golden/words_of_the_field.txt").read_text().splitlines())
def test_every_word_of_the_documents_finds_more_than_some_of_it(word):
    words = [one for one in folded(word).split() if one not in ASKING]
    found = index_of("").find(words, {folded(word)}, some=False)
    assert [one for _, _, one in found if one.group != "Documents" or word == "Docker"], word


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        ("is my circuit unique?", "/networks/xor-pretrained/own"),
        ("Is this the only explanation?", "/networks/xor-pretrained/own"),
        ("how many explanations", "/networks/new"),
        (".pt", "/networks/new"),
        ("state_dict", "/networks/new"),
        ("Docker", "/docs/self-hosting/#in-containers"),
        *joined("QUESTIONS").items(),
    ],
)
def test_a_question_leads_to_what_answers_it(find, asked, url):
    assert next(iter(find(asked).values()))[0]["url"].startswith(url)


def test_some_of_the_words_are_enough_where_nothing_has_all(find):
    assert "glossary" in find("backbone zyzzyva")
    assert not find("zyzzyva")
