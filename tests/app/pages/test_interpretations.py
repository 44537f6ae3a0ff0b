"""The interpretations of a circuit by number, against the engine's list of all of them."""

import re
from html import unescape

import pytest

from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.subjects.perceptron.circuit import circuit_from_hex
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.app.pages.conftest import XOR
from tests.factories import pretrained_xor

HERE = XOR + "/explanations/c-081ff"


def test_every_one_is_listed_and_each_class_once(client):
    network = pretrained_xor().network
    space = InterpretationSpace(ask(network), circuit_from_hex("081ff", network.sizes))
    first = {"any": range(space.count), "observed": map(space.index_of_observed, range(space.n_observed))}
    for classes, indices in first.items():
        found, start, n = [], 0, space.count if classes == "any" else space.n_observed
        while start < n:
            text = unescape(client.get(HERE, params={"classes": classes, "start": start}).text)
            found += (some := list(dict.fromkeys(re.findall(r"/explanations/i-081ff\.(\d+)\"", text))))
            start += len(some)
        assert [int(one) for one in found] == list(indices)


@pytest.mark.parametrize(
    ("query", "message"), [("start=99999999", "13 to 17 of 17"), ("start=368&classes=any", "361 to 368 of 368")]
)
def test_beyond_the_end_stands_the_last_page(client, query, message):
    assert message in client.get(f"{HERE}?{query}").text


def test_its_page_says_first_what_an_interpretation_predicts_and_where_it_fails(client):
    text = client.get(f"{XOR}/explanations/i-183bf.23").text.partition("<main")[2]
    answer = " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
    assert "Right on 661 of 756" in answer
    assert "Wrong on 95" in answer
    assert answer.index("661 of 756") < answer.index("Where it fails") < answer.index("Gates 6")
    rows = re.findall(r"(n[\d.]+) on (\d\d) as on (\d\d) (\d) (\d) \(", answer)
    assert len({row[:3] for row in rows}) == text.count("/play?e=i-183bf.23&amp;row=") == 5
    assert all(says != answers for *_, says, answers in rows)


def test_circuits_without_interpretations_say_why(client):
    text = client.get(f"{XOR}/explanations/c-3fffe").text
    assert "Only valid circuits are interpreted" in text
