"""The first page of a network: what it says of each row, of how many there are, and of what is not there yet."""

import json
import re
from html import unescape

import pytest

from app.figures.numbers import decimal
from tests.app.pages.conftest import XOR


def words(text: str) -> str:
    """The text of a page's main part."""
    main = re.sub(r"<(script|svg)\b.*?</\1>", " ", text.partition("<main")[2].partition("</main>")[0], flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.mark.parametrize("row", [None, 0, 3])
def test_the_drawing_has_the_values_of_one_row_and_every_row_leads_to_its_own(client, row):
    told = client.get(f"/api/v2{XOR}").json()["behaviour"]
    text = client.get(XOR, params={} if row is None else {"row": row}).text
    at = 1 if row is None else row  # the first that it answers with 1
    stage = text.partition("data-stage")[2]
    rows = re.findall(
        r'<tr( aria-current="true")? data-said="([^"]+)" data-input="([^"]+)">.*?href="([^"]+)"', stage, re.S
    )
    assert [bool(current) for current, *_ in rows] == [number == at for number in range(4)]
    assert [json.loads(unescape(given)) for _, _, given, _ in rows] == [one["row"] for one in told]
    assert f"answers {told[at]['decision']}." in words(text)
    for number, (_, said, _, url) in enumerate(rows):
        assert said in words(client.get(unescape(url)).text)
        assert unescape(url).endswith(f"row={number}")
    value = decimal(told[at]["output"])
    assert len(re.findall(rf'data-el="y".*?class="vs-value"[^>]*>{value}<', stage, re.S)) >= 1


def test_a_row_that_there_is_not_is_refused(client):
    answer = client.get(XOR, params={"row": 4})
    assert answer.status_code == 400
    assert "Use 0 to 3" in answer.text


def test_each_count_has_its_total_its_rules_and_the_papers_number(client):
    text = words(client.get(XOR).text)
    for phrase in (
        "Valid circuits 197 of 9,625 possible · complete paper’s rules: 32 of 3,000",
        "147,899,020 7,836 that inputs can tell apart · complete paper’s rules: 234,700, of which 743",
        "Algorithm that can be placed 1 of 250 candidates · complete paper’s rules: 7 of 56",
        "Placements 3 1 of them minimal · complete paper’s rules: 92, 42 minimal",
    ):
        assert phrase in text
    assert "complete: 197 of 9,625" in words(client.get(XOR, params={"protocol": "paper"}).text)
