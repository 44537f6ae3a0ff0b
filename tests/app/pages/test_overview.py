"""The first page of a network: what it says of each row, of how many there are, and of what is not there yet."""

import json
import re
from html import unescape

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text, update

from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.declared_tasks import decided_tasks
from pluriscope.analysis.questions.data import DataRecord, noisy_data
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.records import save_data_record
from pluriscope.app.db.tables import AnalysisReportRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.main import create_app
from pluriscope.app.pages.overview.part import Part
from pluriscope.app.pages.overview.registry import PARTS
from pluriscope.figures.numbers import decimal
from pluriscope.page_kit.blocks import Action, Notice, Section
from tests.app.pages.conftest import XOR
from tests.factories import exact_xor, found_out, on_a_copy, pretrained_xor, save_analysis
from tests.plugin_files import installed


def given(record, row):
    """A row that interpretations read, as pages have it."""
    return ", ".join(map(decimal, record.representatives[row].tolist()))


def words(text: str) -> str:
    """The text of a page's main part."""
    main = re.sub(r"<(script|svg)\b.*?</\1>", " ", text.partition("<main")[2].partition("</main>")[0], flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.mark.parametrize("row", [None, 0, 3])
def test_the_drawing_has_the_values_of_one_row_and_every_row_leads_to_its_own(client, row):
    reply = client.get(f"/api/v2{XOR}").json()["behaviour"]
    text = client.get(XOR, params={} if row is None else {"row": row}).text
    at = 1 if row is None else row  # the first that it answers with 1
    stage = text.partition("data-stage")[2]
    rows = re.findall(
        r'<tr( aria-current="true")? data-caption="([^"]+)" data-input="([^"]+)">.*?href="([^"]+)"', stage, re.S
    )
    assert [bool(current) for current, *_ in rows] == [number == at for number in range(4)]
    assert [json.loads(unescape(given)) for _, _, given, _ in rows] == [one["row"] for one in reply]
    assert f"answers {reply[at]['decision']}." in words(text)
    for number, (_, said, _, url) in enumerate(rows):
        assert said in words(client.get(unescape(url)).text)
        assert unescape(url).endswith(f"row={number}")
    value = decimal(reply[at]["output"])
    assert len(re.findall(rf'data-el="y".*?class="vs-value"[^>]*>{value}<', stage, re.S)) >= 1


def test_a_row_that_there_is_not_is_refused(client):
    answer = client.get(XOR, params={"row": 4})
    assert answer.status_code == 400
    assert "Use 0 to 3" in answer.text


def test_each_count_has_its_total_and_the_papers_number(client):
    counted = {
        "complete": "Valid circuits 197 of 9,625 possible, exact Interpretations 147,899,020 7,836 that inputs can "
        "tell apart Algorithms placed 1 of 250 candidates Placements 3 1 minimal",
        "paper": "Valid circuits 32 of 3,000 possible, exact Interpretations 234,700 743 that inputs can tell apart "
        "Algorithms placed 7 of 56 candidates Placements 42 minimal, of 92 valid",  # as many as listed
    }
    for rules, reply in counted.items():
        text = words(client.get(XOR, params={"protocol": rules}).text)
        assert reply in text
        for row in ("complete 197 of 9,625 147,899,020 1 3", "paper 32 of 3,000 234,700 7 92"):
            assert row in text.partition("Counted under")[2]


NOISY = noisy_data((0, 1, 1, 0), 1, 0.1, np.random.default_rng(0), cut=True)


NEAR = DataRecord(np.array([[0.1, -0.1], [0.2, 0.9], [1.1, 0.1], [0.8, 1.2]]), description="near the inputs")
"""A row of its own for each input, for everything."""


@pytest.mark.parametrize(
    ("record", "stands", "read"),
    [
        (NOISY, "Input 0 1: output", f"Interpretations read another row for each input: {given(NOISY, 1)} for 0 1."),
        (NEAR, f"Input 0 1, for which the row {given(NEAR, 1)} stands: output", ""),
    ],
    ids=["cut", "near"],
)
def test_rows_that_stand_for_inputs_are_distinguished_from_them(client, get, record, stands, read):
    with client.app.state.store.write() as session:
        save_data_record(session, record)
    options = {"protocol": "shared-gates", "data": record.digest[:12]}
    text = words(client.get(XOR, params=options).text)
    assert stands in text
    assert read in text
    assert ("Interpretations read" in text) == bool(read)
    assert ("of 10,000 rows" in text) == (record is NOISY)
    some = "3ffff"
    for page in (XOR, f"{XOR}/explanations/c-{some}"):
        for row in get(page, **options)["behaviour"]:
            assert np.rint(row["row"]).tolist() == row["bits"], page


@pytest.mark.parametrize("record", [NOISY, NEAR], ids=["cut", "near"])
def test_what_a_network_computes_is_asked_of_a_row_of_each_input(record):
    network = pretrained_xor().network
    assert ask(network, data=record).task.name == "XOR"
    assert [task.name for task in decided_tasks(network, record)] == ["XOR"]


@pytest.mark.parametrize(
    ("path", "options", "primary"),
    [
        (XOR, {}, "See the explanations"),
        (XOR, {"protocol": "shared-gates"}, "Analyse"),
        (XOR, {"protocol": "shared-gates", "data": NOISY.digest[:12]}, "Analyse"),
        ("/networks/untouched", {}, "Analyse"),
        ("/networks/failed", {}, "Try again"),
        ("/networks/none", {}, None),
        ("/networks/queued", {}, None),
        ("/networks/linear", {}, None),
    ],
)
def test_what_most_people_want_is_the_first_thing_to_do(app, path, options, primary):
    client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    with app.state.store.write() as session:
        save_data_record(session, NOISY)
    text = client.get(path, params=options).text
    main = text.partition("<main")[2]
    assert "btn primary" not in main.partition("</header>")[0]
    found = re.findall(
        r'class="btn primary"[^>]*>([^<]+)', main.partition('class="next"')[2].partition("</div></div>")[0]
    )
    assert found == ([primary] if primary else [])


def _loud(known):
    yield Section("How loud it is", "very")
    yield Notice(f"{known.place.row.name} is loud", actions=[Action("Listen", "/docs/api")])


def _listen(_):
    yield Action("Listen to it", "/docs/api")


@pytest.mark.parametrize(
    ("part", "reply"),
    [
        (Part("loud", "folds", f"{__name__}:_loud", title="Loudness", sentence="how loud"), "Loudness how loud"),
        (Part("loud", "notices", f"{__name__}:_loud"), "is loud"),
        (Part("loud", "beside", f"{__name__}:_loud"), "How loud it is very"),
        (Part("loud", "share", f"{__name__}:_listen"), "Listen to it"),
        (Part("loud", "beside", f"{__name__}:_loud", needs=("stream",)), ""),
        (Part("loud", "beside", f"{__name__}:_loud", when=lambda known: known.place.row.edited), ""),
    ],
)
def test_a_part_is_shown_in_its_place_where_it_fits(client, monkeypatch, part, reply):
    monkeypatch.setattr("pluriscope.app.pages.overview.page.PARTS", (*PARTS, part))
    text = words(client.get(XOR).text)
    assert reply in text if reply else "loud" not in text.lower()


def _broken(known):
    raise ZeroDivisionError(known.place.slug)


def _headless(known):
    yield Notice("has no heading")


def _refused(known):
    known.session.execute(text("SELECT nothing FROM nowhere"))


PATH = "pluriscope.app.pages.overview.page"


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (Part("bad", "share", f"{__name__}:_broken"), "ZeroDivisionError"),
        (Part("bad", "notices", f"{__name__}:_broken"), "ZeroDivisionError"),
        (Part("bad", "notices", f"{__name__}:_refused"), "(Operational|Programming)Error"),
        (Part("bad", "beside", f"{__name__}:_headless"), "AssertionError"),
        (Part("bad", "beside", f"{__name__}:missing"), "AttributeError"),
        (Part("bad", "folds", f"{__name__}:_loud", when=_broken), "ZeroDivisionError"),
        (Part("bad", "folds", f"{__name__}:_loud", title="Bad", sentence=_broken), "ZeroDivisionError"),
        (Part("bad", "folds", f"{__name__}:_broken", title="Bad"), "ZeroDivisionError"),
    ],
)
def test_a_part_of_a_plugin_that_fails_is_named_and_logged_and_the_rest_is_shown(
    client, monkeypatch, caplog, tmp_path, broken, error
):
    path = f"{XOR}?part=bad" if broken.title else XOR
    whole = shown(client.get(XOR).text)
    monkeypatch.setattr(f"{PATH}.PARTS", (*PARTS, broken))
    text = "class Part:\n    key = 'bad'\nPART = Part()\n"
    with installed(tmp_path, {"overview": {"bad": "of_stranger:PART"}}, text):
        answer = client.get(path)
    assert answer.status_code == 200
    assert "Something of of-stranger is left out" in words(answer.text)
    assert re.search(error, words(answer.text))
    assert "of-stranger" in caplog.text
    assert re.search(error, caplog.text)
    for part in re.findall(r'<details[^>]* id="(\w+)"', whole):
        assert f'id="{part}"' in answer.text


def test_a_part_of_the_core_that_fails_is_an_error(client, monkeypatch):
    monkeypatch.setattr(f"{PATH}.PARTS", (*PARTS, Part("bad", "notices", f"{__name__}:_broken")))
    assert client.get(XOR).status_code == 500


def shown(text):
    """A page without the number of the answer."""
    return re.sub(r"<code>[0-9a-f]{12}</code>", "", text)


@pytest.mark.slow
def test_pages_read_what_reports_say_in_short_and_a_report_where_that_is_not_kept(tmp_path):
    app, read = create_app(on_a_copy(data=tmp_path)), list[str]()

    def note(_connection, _cursor, statement, parameters, *_):
        read.extend(one for one in parameters if re.search(r"(?<!\()analysis_reports\.found\b", statement))

    with TestClient(app, base_url="http://127.0.0.1") as client:
        with app.state.store.write() as session:
            network = save_network(session, exact_xor(), slug="exact")
            row = save_analysis(session, analyse_output(ask(exact_xor().network, task=exact_xor().tasks[0])))
            reports = [found_out(session, row, key) for key in ("pair", "common-ground") if key in BY_KEY]
            assert all(one.brief for one in reports)
            assert [one.kind for one in reports if one.thumb] == ["common-ground"]
            pages = [f"/networks/{network.slug}", f"/networks/{network.slug}/analyses"]
        event.listen(app.state.store.reader, "before_cursor_execute", note)
        kept = [shown(client.get(page).text) for page in pages]
        assert {one for one in read if isinstance(one, str)} == {"pair", "rivals"}, (
            "of a thousand bytes, all of it shown"
        )
        assert "How much each predicts right" in kept[0]
        with app.state.store.write() as session:
            session.execute(update(AnalysisReportRow).values(brief=None, thumb=None))
        assert [shown(client.get(page).text) for page in pages] == kept
        assert {one.kind for one in reports} <= {*read}
