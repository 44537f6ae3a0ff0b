"""Pages and records of algorithms with finite variables, written by somebody, and of their placements on sites."""

import csv
import json
import re
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import numpy as np
import pytest

from pluriscope.addresses.naming import text_in_ref
from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.explaining import placing as analysis_of_placements
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.codecs import graph_question
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reports import report_row
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import handler_of
from pluriscope.app.jobs.definitions import arguments_about
from pluriscope.kinds.placements import nodes_of, site_words
from pluriscope.library.result import read_result
from tests.analysis.subjects.test_classifier import drawn
from tests.clients import served
from tests.factories import found_out, searched
from tests.golden_files import FOLDER

GOLDEN = json.loads((FOLDER / "sites" / "interchange.json").read_text())
PARITY, COUNT = (GOLDEN["parity-3-elman"]["algorithms"][name] for name in ("running parity", "running count"))
BITS = np.indices((2, 2, 2)).reshape(3, -1).T.astype(float)


def classifier():
    """A classifier on all rows of three bits, right on each, and an algorithm that is its table."""
    whole = replace(drawn((3, 4, 2)), data=BITS, answers=np.zeros(8, dtype=np.int64))
    answers = whole.layers[-1].argmax(axis=1)
    entries = ", ".join(map(str, answers))
    return COARSER_PERCEPTRON.write(replace(whole, answers=answers)), f"v = a*4 + b*2 + c; y = ({entries})[v]"


# network, algorithm, sites, how many interchanges are right, of how many, placed
OF_KINDS = {
    "elman": ("parity-3-elman", PARITY, "p1:h1[1];p2:h2[1]", 112, 112, "single"),
    "elman, one unit": ("parity-3-elman", PARITY, "p1:h1[0];p2:h2[1]", 80, 112, ""),
    "convolutional": (
        "bars-4x4-conv", GOLDEN["bars-4x4-conv"]["algorithms"]["horizontal bar"], "h:c1[0,1]", 10_712, 10_712, "single",
    ),
    "transformer": (
        "tracr-histogram", GOLDEN["tracr-histogram"]["algorithms"]["compiled: width"], "c:1.0~5[5]", 6_480, 6_480,
        "single",
    ),
    "classifier": ("classifier", classifier()[1], "v:x", 56, 56, "single"),
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("sites"), local=True) as client:
        with client.app.state.store.write() as session:
            searched(session, bundled_models()["parity-3-elman"], slug="parity-3-elman")
            for slug in ("bars-4x4-conv", "tracr-histogram"):
                save_network(session, bundled_models()[slug], slug=slug)
            save_network(session, json.dumps(classifier()[0]).encode(), slug="classifier")
        yield client


def written(client, slug, text):
    """The address to which the form leads."""
    answer = client.get(f"/networks/{slug}/analyses/algorithms/written", params={"text": text})
    assert answer.status_code == 303, unescape(answer.text)
    return answer.headers["location"]


@pytest.mark.parametrize("case", OF_KINDS)
def test_written_algorithms_are_scored_on_named_sites_of_every_kind(client, case):
    slug, text, sites, agreed, of, placed = OF_KINDS[case]
    url = written(client, slug, text)
    assert url == f"/networks/{slug}/explanations/g-{text_in_ref(text)}"
    assert not client.get(f"/api/v2{url}").json()["algorithm"]["wrong"]
    page = client.get(url).text
    assert ("Nobody asked where" if slug == "parity-3-elman" else "once the network is analysed") in page
    leads = client.get(url, params={"place": sites})
    assert leads.status_code == 302
    record = client.get(f"/api/v2{leads.headers['location']}").json()
    score = record["placement"]["score"]
    assert (score["agreed"], score["of"], record["placement"]["placed"]) == (agreed, of, placed)
    assert not record["stored"]
    assert record["placement"]["minimal"] is None
    assert f"{agreed:,} of {of:,}" in client.get(leads.headers["location"]).text


WORDS = {
    ("parity-3-elman", "h1[1]"): ("unit 1 of the state after step 1", ["h1.1"]),
    ("parity-3-elman", "h2=1,-1"): ("the state after step 2, along 1,-1", ["h2.0", "h2.1"]),
    ("bars-4x4-conv", "m[1,2]"): ("channels 1 and 2 of the means over positions", ["c2.1", "c2.2"]),
    ("tracr-histogram", "1.0.a~5"): ("the attention pattern of head 1.0 at position 5", ["1.0"]),
    ("tracr-histogram", "1.neurons~5[1,2]"): ("neurons 1 and 2 of MLP 1 at position 5", ["1.mlp"]),
    ("tracr-histogram", "x1.mid~5[5]"): ("coordinate 5 of the stream after the heads of layer 1 at position 5", []),
    ("classifier", "h1[0]"): ("unit 0 of hidden layer 1", ["1.0"]),
}


@pytest.mark.parametrize(("place", "told"), WORDS.items())
def test_sites_are_named_in_words_and_at_their_nodes(place, told):
    slug, site = place
    raw = json.dumps(classifier()[0]).encode() if slug == "classifier" else bundled_models()[slug]
    question = question_in(raw)
    names = {one.name for one in question.graph.nodes}
    assert (site_words(question, site), sorted(nodes_of(site, names))) == told


def test_interchanges_of_a_placement_stand_on_its_page_those_that_fail_first(client):
    url = f"/networks/parity-3-elman/explanations/a-{text_in_ref(PARITY)}.p1:h1[0];p2:h2[1]"
    page = unescape(client.get(url).text)
    assert "h1.0: p1" in page
    assert "h2.1: p2" in page
    assert "unit 0 of the state after step 1" in page
    assert "the first 12 of 32" in page
    rows = [one for one in csv.reader(client.get(f"{url}/interchanges.all.csv").text.splitlines()) if len(one) == 7]
    rows = rows[1:]
    assert [row[-1] for row in rows] == ["False"] * 32 + ["True"] * 80
    assert rows[0][:6] == ["p1", "0 0 0", "1 0 0", "0 ← 1", "1 odd", "0 even"]


LAST = GOLDEN["parity-3-elman"]["algorithms"]["last bit"].replace("; l3 = x[2][0]", "").replace("l3", "x[2][0]")


def test_circuits_algorithms_and_placements_stand_beside_each_other(client):
    places = f"a-{text_in_ref(PARITY)}.p1:h1[1];p2:h2[1]", f"a-{text_in_ref(LAST)}.l1:h1[1];l2:h2[1]"
    with client.app.state.store.read() as session:
        row = session.query(NetworkRow).filter_by(slug="parity-3-elman").one()
        mask = graph_question(row, "complete").graph.to_hex((1 << 18) - 1)
    query = {"network": "parity-3-elman", "e": [*places, f"c-{mask}", f"g-{text_in_ref(COUNT)}"]}
    record = client.get("/api/v2/networks/parity-3-elman/compare", params={"e": query["e"]}).json()
    # 8 rows, and 56 interchanges on each of two units; last bit is right on 24 of the 56 on the second
    assert (record["trials"], record["of"], record["n_contradictions"]) == ("rows and interchanges", 120, 32)
    assert [(one["predicted"], one["right"]) for one in record["explanations"]] == [
        (120, 120),
        (120, 88),
        (8, 8),
        (8, 8),
    ]
    assert {"site": "h2.1", "says": {"P": "p2", "Q": "l2"}} in record["differences"]
    first = record["contradictions"][0]
    assert first["neurons"] == "unit 1 of the state after step 2"
    assert first["says"] == {"P": first["happens"], "Q": ({"even", "odd"} - {first["happens"]}).pop()}
    there = client.get("/api/v2" + first["url"]).raise_for_status().json()
    assert there["verdict"].partition(": ")[0].endswith(f" {first['happens']}")
    assert [one["right"] for one in there["explanations"] if one["letter"] in ("P", "Q")] == [True, False]
    page = unescape(client.get("/compare", params=query).text)
    assert "contradict each other on 32 of 120 interventions" in page
    assert "but give unit 1 of the state after step 2 what it is on" in page
    assert client.get("/compare", params=query | {"e": [places[0]]}).status_code == 200  # the choice of others


BAD = {
    "y = z": "z: is no input, and no variable before it has this name",
    "".join(f"v{i} = a*4 + b*2 + c + {i}; " for i in range(9)) + "y = v8": "algorithm: takes 13,421,772,800 steps",
}


@pytest.mark.parametrize(("text", "words"), BAD.items())
def test_bad_texts_are_refused_on_the_page_in_json_and_when_they_are_to_be_placed(client, text, words):
    url = "/networks/parity-3-elman/analyses/algorithms"
    page = client.get(f"{url}/written", params={"text": text})
    record = client.get(f"/api/v2{url}/written", params={"text": text})
    ordered = client.post(f"/api/v2{url}", json={"algorithms": [text]})
    assert [one.status_code for one in (page, record, ordered)] == [422] * 3
    assert record.json()["error"].startswith(words)
    assert ordered.json()["error"] == record.json()["error"]
    item, _, cause = words.partition(": ")
    assert item in unescape(page.text)
    assert cause in unescape(page.text)


WRONG_SITES = {
    "p1:h1[1]": "variable p2: has no sites. Give sites for each of p1, p2.",
    "p1:c1[1];p2:h2[1]": "site 'c1[1]': is no site of this network.",
    "p1:h1[7];p2:h2[1]": "site 'h1[7]': is beyond its 1 positions of 2 coordinates.",
    "p1:h2[0,1];p2:h2[1]": "sites of p1 and p2: overlap.",
    "p1:h1[0];p2:h2[0];q:h3[1]": "variable 'q': is not one of the algorithm's. Place p1, p2.",
}


@pytest.mark.parametrize(("sites", "words"), WRONG_SITES.items())
def test_sites_that_the_network_or_algorithm_has_not_are_refused(client, sites, words):
    url = f"/networks/parity-3-elman/explanations/a-{text_in_ref(PARITY)}.{sites}"
    page, record = client.get(url), client.get(f"/api/v2{url}")
    assert (page.status_code, record.status_code) == (404, 404)
    assert words in record.json()["error"]
    assert words.partition(".")[0] in unescape(page.text)


def test_what_does_not_compute_the_task_is_shown_with_its_row_and_not_placed(client):
    url = written(client, "parity-3-elman", "y = a")
    page = unescape(client.get(url).text)
    assert "It gives 0 (even) on row 2, 0 0 1, where 1 (odd) is right" in page
    assert "Place it" not in page
    ordered = client.post("/api/v2/networks/parity-3-elman/analyses/algorithms", json={"algorithms": ["y = a"]})
    assert ordered.status_code == 422
    assert "it gives 0 (even) on row 2, 0 0 1, where 1 (odd) is right" in ordered.json()["error"]


def overview(client, slug):
    """What the first page of a network says of algorithms."""
    page = client.get(f"/networks/{slug}").text
    facts = (
        re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", one.partition("</div>")[0])).strip()
        for one in page.split("<div><dt>")[1:]
    )
    return {label: fact.removeprefix(label).strip() for fact in facts for label in ("Algorithms placed", "Placements")
            if fact.startswith(label)}  # fmt: skip


def test_written_algorithms_are_kept_by_the_reports_that_follow(client, monkeypatch):
    monkeypatch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=()))  # of a plugin
    slug, url = "parity-3-elman", "/networks/parity-3-elman/analyses/algorithms"
    assert overview(client, slug) == {"Algorithms placed": "– nobody asked yet"}
    assert client.post(url, data={"algorithms": COUNT}).status_code == 303
    assert client.post(url, data={"algorithms": PARITY}).status_code == 303
    assert "Its placements are searched" in client.get(written(client, slug, PARITY)).text
    assert overview(client, slug) == {"Algorithms placed": "– being searched"}
    with client.app.state.store.write() as session:
        first, second = (job.arguments["algorithms"] for job in session.query(JobRow).order_by(JobRow.created_at))
        assert (first, second) == ([COUNT], sorted([COUNT, PARITY]))  # the second takes over what waits
        analysis = searched(session, bundled_models()[slug], slug=slug)
        found_out(session, analysis, "algorithms", algorithms=[PARITY])
        row = report_row(session, analysis, "algorithms")
        row.thorough = True  # what is written comes to stand in thorough reports as well
        found_out(session, analysis, "algorithms", algorithms=[COUNT])
        kept = found_out(session, analysis, "algorithms").found["algorithms"]
        assert {one["text"] for one in kept if one["written"]} == {PARITY, COUNT}
    assert overview(client, slug) == {
        "Algorithms placed": "1 of 1 algorithm for its task", "Placements": "4 1 minimal",
    }  # fmt: skip  # the count refines the parity
    page = client.get(written(client, slug, PARITY), follow_redirects=True)
    assert "Nobody asked where" not in page.text
    record = client.get(f"/api/v2{written(client, slug, PARITY)}").json()
    assert record["stored"]
    assert record["ref"] == f"g-{record['algorithm']['id']}"
    assert record["algorithm"]["n_placed"] == 4
    of_sites = client.get(
        f"/api/v2/networks/{slug}/explanations/{record['ref'].replace('g', 'a', 1)}.p1:h1[1];p2:h2[1]"
    )
    assert of_sites.json()["stored"]
    assert of_sites.json()["placement"]["minimal"]
    url = f"/networks/{slug}/explanations/{record['ref']}"
    placement = of_sites.json()["url"]
    verified = [client.get("/api/v2/verified", params={"url": one}).json() for one in (url, placement)]
    assert [one["verdict"] for one in verified] == ["equal", "equal"]
    held = {one["key"]: (one["stored"], one["recomputed"]) for one in verified[1]["figures"]}
    assert held["p1 right"] == (56, 56)
    assert held["joint right"] == (512, 512)
    unstored = f"/networks/{slug}/explanations/a-{text_in_ref(LAST)}.l1:h1[1];l2:h2[1]"
    assert client.get("/api/v2/verified", params={"url": unstored}).json()["verdict"] == "not_stored"
    cited = unescape(client.get(placement, params={"part": "cite"}).text)
    assert f'pluriscope.fetch("http://127.0.0.1{placement}")' in cited
    graph = client.get(f"/networks/{slug}/explanations/{of_sites.json()['ref']}/graphs/networkx").json()
    carried = {one["label"]: one["function"] for one in graph["nodes"] if "function" in one}
    assert carried == {"h1.1": "p1", "h2.1": "p2"}
    follows = client.get(f"/networks/{slug}/analyses/algorithms").text
    assert all(f'href="/networks/{slug}/analyses/{key}"' in follows for key in ("common-ground", "funnel"))
    document = client.get(f"/api/v2/networks/{slug}/result", params={"whole": "true"}).json()
    result = read_result(document)
    assert result.algorithms.named(record["algorithm"]["id"]).placements.named(of_sites.json()["placement"]["id"]).valid


def test_a_job_that_began_before_an_algorithm_was_written_takes_none_back(client, monkeypatch):
    monkeypatch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=()))  # of a plugin
    model, text = classifier()
    handler = handler_of(BY_KEY["algorithms"])
    with client.app.state.store.write() as session:
        one = searched(session, json.dumps(model).encode(), slug="classifier")
        place = one.network.digest, one.output, one.protocol_digest, one.data_digest, one.result_digest
        began = handler.load(session, arguments_about(*place))
        found_out(session, one, "algorithms", algorithms=[text])
        handler.save(session, arguments_about(*place), began(DEFAULT_WORK))
        kept = report_row(session, one, "algorithms").found["algorithms"]
    assert [each["text"] for each in kept] == [text]


def test_of_every_kind_lists_hold_what_is_placed_and_first_pages_what_comes_closest(client, monkeypatch):
    monkeypatch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=()))  # of a plugin
    texts = {
        "bars-4x4-conv": GOLDEN["bars-4x4-conv"]["algorithms"]["fullest row and column"],
        "classifier": classifier()[1],
    }
    with client.app.state.store.write() as session:
        for slug, text in texts.items():
            raw = json.dumps(classifier()[0]).encode() if slug == "classifier" else bundled_models()[slug]
            found_out(session, searched(session, raw, slug=slug), "algorithms", algorithms=[text])
    first = overview(client, "bars-4x4-conv")["Algorithms placed"]
    assert first.startswith("0 of 1 algorithm for its task; the closest has ")
    assert overview(client, "classifier")["Algorithms placed"] == "1 of 1 algorithm for its task"
    for slug, text in texts.items():
        of_kind = {
            kind: client.get(f"/api/v2/networks/{slug}/explanations", params={"kind": kind, "valid": "any"}).json()
            for kind in ("algorithm", "alignment")
        }
        assert [one["formula"] for one in of_kind["algorithm"]["items"]] == [text]
        valid = {one["valid"] for one in of_kind["alignment"]["items"]}
        assert valid == {slug == "classifier"}
        page = client.get(f"/networks/{slug}/explanations", params={"kind": "alignment", "valid": "any"})
        assert page.status_code == 200
        assert client.get(of_kind["alignment"]["items"][0]["url"]).status_code == 200


# --- what follows from placements, without a job of its own

ANALYSES = "/networks/parity-3-elman/analyses"


def placed_by(client, monkeypatch, *texts):
    """The stored placements of some algorithms alone."""
    monkeypatch.setattr(analysis_of_placements, "candidates", lambda *_: SimpleNamespace(models=()))
    with client.app.state.store.write() as session:
        row = session.query(NetworkRow).filter_by(slug="parity-3-elman").one().analyses[0]
        return found_out(session, row, "algorithms", algorithms=list(texts)).found


@pytest.fixture
def fresh(tmp_path):
    with served(tmp_path, local=True) as client:
        with client.app.state.store.write() as session:
            searched(session, bundled_models()["parity-3-elman"], slug="parity-3-elman")
        yield client


@pytest.mark.parametrize("key", ["common-ground", "funnel"])
def test_what_nobody_asked_for_is_asked_as_the_placements_that_it_sums_up(fresh, key):
    record = fresh.get(f"/api/v2{ANALYSES}/{key}").json()
    assert (record["state"], record["report"]) == ("not_asked", None)
    page = fresh.get(f"{ANALYSES}/{key}").text
    assert "Not computed yet" in page
    assert "None" not in re.sub("<[^>]*>", "", page)
    fresh.post(f"{ANALYSES}/{key}")
    with fresh.app.state.store.read() as session:
        assert [one.kind for one in session.query(JobRow)] == ["algorithms"]
    assert fresh.get(f"/api/v2{ANALYSES}/{key}").json()["state"] == "computing"


def test_a_sequence_before_placements_leads_to_them(fresh):
    url = f"{ANALYSES}/funnel/chosen?criteria=beyond-accuracy"
    assert fresh.get(f"/api/v2{url}").json()["kinds"] == []
    assert "Place algorithms" in fresh.get(url).text
    assert fresh.get(f"{ANALYSES}/funnel.csv").status_code == 200


def test_the_funnel_counts_what_its_lists_hold(fresh, monkeypatch):
    placed_by(fresh, monkeypatch, PARITY, COUNT)
    report = fresh.get(f"/api/v2{ANALYSES}/funnel").json()["report"]
    of = {one["kind"]: one for one in report["kinds"]}
    assert of["algorithm"]["begin"] == "2"
    page = fresh.get(f"{ANALYSES}/funnel?part=numbers").text
    lists = [unescape(url) for url in re.findall(r'href="(/networks/[^"]*explanations[^"]*passes[^"]*)"', page)]
    every = [row for kind in report["kinds"] for row in kind["rows"] if row["left"] != "0"]
    assert lists
    for url in dict.fromkeys(lists):
        (kind,) = re.findall("kind=([a-z]*)", url)
        passes = [*re.findall("passes=([a-z-]*)", url), *["margin"] * ("fragile=no" in url)]
        left = {row["left"] for row in of[kind]["rows"] if row["criterion"].partition("(")[0] == passes[-1]}
        assert str(fresh.get(f"/api/v2{url}&limit=1").json()["total"]) in left, url
    assert len({*lists}) == len(every)


def test_refinements_are_folded_in_lists_unless_they_are_asked_for(fresh, monkeypatch):
    placed_by(fresh, monkeypatch, PARITY, COUNT, LAST)
    url = "/api/v2/networks/parity-3-elman/explanations?kind=algorithm"

    def formulas(more=""):
        return {row["formula"] for row in fresh.get(f"{url}&valid=any{more}").json()["items"]}

    assert formulas() == {PARITY, LAST}
    assert formulas("&refines=any") == {PARITY, COUNT, LAST}
    assert formulas("&refines=yes") == formulas("&refines=any&passes=!irredundant-values") == {COUNT}
    assert formulas("&passes=irredundant-values") == {PARITY, LAST}
    circuits = "/api/v2/networks/parity-3-elman/explanations?kind=circuit"
    assert fresh.get(circuits).json()["total"] == fresh.get(f"{circuits}&refines=any").json()["total"] == 220


def test_the_common_ground_names_what_placements_share_and_what_parts_them(fresh, monkeypatch):
    other = "f = a; y = (f + b + c) % 2"
    found = placed_by(fresh, monkeypatch, PARITY, COUNT, other)
    record = fresh.get(f"/api/v2{ANALYSES}/common-ground").json()
    shared, (apart,) = record["report"]["shared"], found["apart"]
    texts = {one["id"]: one["text"] for one in found["algorithms"]}
    assert {texts[one] for one in shared["algorithms"]} == {PARITY, other}
    assert shared["apart"] == [apart]
    page = unescape(re.sub("<[^>]*>", " ", fresh.get(f"{ANALYSES}/common-ground").text))
    assert "the state after step 1" in page
    assert f"{apart['variable']} against {apart['other']}" in page
    assert f"{apart['differ']} of 56" in page
    assert "Nobody asked how its circuits are read" in page
    assert " ".join(record["findings"]) in page


def test_criteria_of_explanations_on_sites_are_json_and_a_fold(fresh, monkeypatch):
    found = placed_by(fresh, monkeypatch, PARITY, COUNT)
    parity, count = found["algorithms"][:2] if found["algorithms"][0]["text"] == PARITY else found["algorithms"][1::-1]
    base = "/networks/parity-3-elman/explanations"
    placed = f"{base}/a-{parity['id']}.{parity['placements'][0]['id']}"
    outcomes = {one["criterion"]: one for one in fresh.get(f"/api/v2{placed}/criteria").json()}
    assert {key: (one["outcome"], one["about"]) for key, one in outcomes.items()} == {
        **dict.fromkeys(
            ("both-directions", "joint-interchange", "minimal-alignment", "beyond-accuracy", "margin"), ("passed", "")
        ),
        **dict.fromkeys(("one-direction", "causal-order", "minimal-joint-alignment"), ("passed", "")),
        **dict.fromkeys(("irredundant-values", "representative"), ("passed", "algorithm")),
    }
    assert (outcomes["joint-interchange"]["numerator"], outcomes["joint-interchange"]["origin"]) == (512, "stored")
    refined = fresh.get(f"/api/v2{base}/g-{count['id']}/criteria").json()
    expected = {"irredundant-values": "failed", "representative": "passed"}
    assert {one["criterion"]: one["outcome"] for one in refined} == expected
    assert "No redundant value" in fresh.get(f"{base}/g-{count['id']}?part=criteria").text
    unstored = fresh.get(f"/api/v2{base}/a-{text_in_ref(PARITY)}.p1:h1[0];p2:h2[1]/criteria").json()
    assert {one["criterion"]: (one["outcome"], one["origin"]) for one in unstored} == {
        "one-direction": ("undecided", "computed"),
        "both-directions": ("failed", "computed"),
        "joint-interchange": ("passed", "computed"),  # what p2 is set to overrides p1
        "minimal-alignment": ("undecided", "computed"),
        "beyond-accuracy": ("passed", "computed"),
        "margin": ("passed", "computed"),
        "irredundant-values": ("passed", "computed"),
        "causal-order": ("passed", "computed"),
        "minimal-joint-alignment": ("failed", "computed"),
        "representative": ("passed", "computed"),
    }
    (circuit,) = fresh.get(f"/api/v2{base}?kind=circuit&limit=1").json()["items"]
    circuits = {one["criterion"]: one["outcome"] for one in fresh.get(f"/api/v2{circuit['url']}/criteria").json()}
    assert (circuits["zero-ablation"], circuits["margin"], "role-agreement" in circuits) == ("passed", "passed", False)
    standing = unescape(re.sub("<[^>]*>", " ", fresh.get(f"{placed}?part=standing").text))
    assert "112 of 112" in standing
    assert "that are kept: 0" in standing
