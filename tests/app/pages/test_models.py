"""Networks of another kind than perceptrons, wherever they are: brought in, searched, listed, compared.

The kind is one that only tests know, so nothing here can come from a particular kind.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from html import unescape
from itertools import combinations, compress

import numpy as np
import pytest
from sqlalchemy import select

from conftest import ON_EVERY_DATABASE, database_url
from pluriscope.addresses.address import Addresses
from pluriscope.analyses.registry import BY_KEY, of_kind
from pluriscope.analysis.circuit_sets.masks import figures_of, find_masks
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.plugins import brought
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects import registry
from pluriscope.analysis.subjects.enumeration import read_mask
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reports import report_row
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.analyses import ANALYSE, handler_of
from pluriscope.app.jobs.stages import enqueue_missing
from pluriscope.app.pages.sharing.targets import read_target
from pluriscope.app.pages.sharing.verifying import verify
from tests.analysis.subjects.transformer.mlp_model import (
    DOCUMENT,
    TOY,
    PerceptronSpace,
    judged_each,
    mask_bits,
    read_perceptron,
)
from tests.clients import served
from tests.factories import found_out, pretrained_xor, searched

API = "/api/v2"
ONE = "/networks/and-of-two"
LIST = ONE + "/explanations"
"""Below which there are pages that perceptrons have elsewhere."""
RAW = json.dumps(DOCUMENT).encode()
MODEL, RULES = read_perceptron(DOCUMENT), TOY.default_rules
QUESTION = GraphQuestion(TOY, MODEL, RULES)
FOUND = find_masks(QUESTION)
CIRCUITS = judged_each(QUESTION, FOUND)
MASKS = [one.mask for one in CIRCUITS]
OTHER = {**DOCUMENT, "name": "NAND", "tasks": [{"truth_table": [1, 1, 1, 0]}]}
"""Other weights than the first's, and never right."""
RIVAL = {**DOCUMENT, "biases": [[-1.0, -0.6], [0.0]]}


def search(store, job_id):
    """Do what a queued job does."""
    with store.read() as session:
        arguments = dict(session.get_one(JobRow, job_id).arguments)
        compute = ANALYSE.load(session, arguments)
    outcome = compute(DEFAULT_WORK)
    with store.write() as session:
        job = session.get_one(JobRow, job_id)
        saved = ANALYSE.save(session, arguments, outcome)
        job.state, job.result, job.found = "done", dict(saved.result), saved.found
    return saved


@pytest.fixture(scope="module", params=ON_EVERY_DATABASE)
def client(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "SUBJECT_KINDS", (PERCEPTRON, TOY))
        with served(tmp_path_factory.mktemp("models"), database_url=database_url(request), local=True) as client:
            store = client.app.state.store
            with store.write() as session:
                save_network(session, pretrained_xor(), slug="xor")
            answer = client.post("/api/v2/networks", content=RAW)
            assert answer.status_code == 201, answer.text
            client.brought_in = answer.json()
            saved = search(store, client.brought_in["jobs"][0].rpartition("/")[2])
            assert saved.found == f"{FOUND.n_valid} of {FOUND.possible} circuits valid"
            client.post("/api/v2/networks", content=json.dumps({**OTHER, "biases": [[-1.0, -0.7], [0.0]]}).encode())
            yield client


def twin(client, path, **query):
    return client.get(API + path, params=query).raise_for_status().json()


def test_a_file_that_is_brought_in_is_stored_once(client):
    reply = client.brought_in
    assert (reply["slug"], reply["created"]) == ("and-of-two", True)
    again = client.post("/api/v2/networks", content=RAW)
    assert (again.status_code, again.json()["created"]) == (200, False)
    assert again.headers["location"] == ONE
    preview = client.post("/networks/new", files={"file": ("model.json", RAW, "application/json")})
    assert (preview.status_code, "It is here already" in preview.text) == (200, True)
    stored = client.post("/networks", data={"content": RAW.decode()})
    assert (stored.status_code, stored.headers["location"]) == (303, ONE)
    file = client.get(f"{API}{ONE}/file")
    assert file.content == RAW
    assert client.get("/networks/" + reply["digest"][:8]).status_code == 200


def test_a_file_that_is_none_is_refused_with_a_cure(client):
    answer = client.post("/api/v2/networks", content=RAW[:-9])
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("model file: ")
    page = client.post("/networks/new", files={"file": ("model.json", RAW[:-9], "application/json")})
    assert page.status_code == 422
    assert answer.json()["error"].removeprefix("model file: ").partition(". ")[0] in unescape(page.text)


def test_networks_and_models_share_no_slug(client):
    store = client.app.state.store
    with store.write() as session:
        row = save_network(session, json.dumps(RIVAL).encode(), slug="xor")
        assert row.slug == f"xor-{row.digest[:6]}"
        assert save_network(session, pretrained_xor(), slug="and-of-two").slug == "xor"


def listed(client, path=LIST, **query):
    """Read a page of the list of circuits."""
    return client.get("/api/v2" + path, params=query).raise_for_status().json()


@pytest.mark.slow
def test_the_list_is_what_the_search_found(client):
    page = listed(client, sort="name")
    assert [item["mask"] for item in page["items"]] == MASKS
    assert page["total"] == FOUND.n_valid
    for item, circuit in zip(page["items"], CIRCUITS, strict=True):
        own = {name: getattr(circuit, name) for name in ("edges", "neurons", "margin", "right")}
        assert {name: item[name] for name in own} == own
        assert set(item["passes"]) == {key for key, outcome in circuit.outcomes.items() if outcome == "passed"}
    uses = next(facet["choices"] for facet in page["facets"] if facet["name"] == "uses")
    kept = {one["value"]: one["count"] for one in uses if not one["value"].startswith("!")}
    names = MODEL.space(RULES).graph.bit_names
    assert kept == {name: n for name, n in zip(names, FOUND.distribution.edge_use, strict=True) if n}
    assert client.get(f"{LIST}?kind=circuit").text.count('class="thumb"') == FOUND.n_valid


@pytest.mark.slow
def test_one_circuit_has_a_page_wherever_it_comes_from(client):
    space = read_perceptron(DOCUMENT).space({})
    every = {read_mask(space, f"{m:02x}") for m in range(1, 64) if space.reduce(mask_bits(space, f"{m:x}")[None]).any()}
    for mask, valid in ((MASKS[0], True), (min(every - set(MASKS)), False)):
        figures = {name: one[0] for name, one in figures_of(QUESTION, mask_bits(space, mask)[None]).items()}
        reply = client.get(f"/api/v2{LIST}/c-{mask}").json()
        assert (reply["stored"], reply["valid"]) == (valid, valid)
        assert reply["n_edges"] == len(reply["edges"]) == figures["edges"]
        assert (reply["n_right"], reply["n_rows"], reply["margin"]) == (figures["right"], 4, figures["margin"])
        assert [row["right"] for row in reply["behaviour"]].count(True) == figures["right"]
        html = client.get(f"{LIST}/c-{mask}").text
        assert re.search("<h1>Circuit (without |that keeps everything)", html)
        assert html.count("<tr") > 4
    opened = client.get(f"{LIST}/c-{MASKS[0]}?part=names").text
    [within] = re.findall(r'href="([^"]+uses=[^"]+)"', opened)
    inside = client.get("/api/v2" + unescape(within)).json()["items"]
    assert MASKS[0] in [item["mask"] for item in inside]
    assert all(int(item["mask"], 16) & ~int(MASKS[0], 16) == 0 for item in inside)
    outcomes = client.get(f"{LIST}/c-{MASKS[0]}?part=criteria").text
    assert all(one.replace("_", " ") in outcomes for one in CIRCUITS[0].outcomes.values())
    with client.app.state.store.read() as session:
        held = verify(session, Addresses(), read_target(f"{LIST}/c-{MASKS[0]}", Addresses()))
    assert (held.verdict, held.found) == ("equal", "3 figures found again")


@pytest.mark.slow
def test_a_mask_with_useless_edges_leads_to_its_circuit(client):
    answer = client.get(f"{LIST}/c-1f")  # the second neuron is not read
    assert (answer.status_code, answer.headers["location"]) == (301, f"{LIST}/c-13")
    assert client.get(f"/api/v2{LIST}/c-1f").json()["mask"] == "13"


def compared(client, address):
    """The record of a comparison."""
    return client.get(Addresses().twin(address)).raise_for_status().json()


def test_circuits_beside_each_other(client):
    first, second = MASKS[0], MASKS[-1]
    address = f"/compare?network=and-of-two&e=c-{first}&e=c-{second}&e=c-{first}"
    page = compared(client, address)
    assert [one["ref"] for one in page["explanations"]] == [f"c-{first}", f"c-{second}"]
    assert (page["trials"], page["of"], page["n_contradictions"]) == ("rows", 4, 0)
    names = MODEL.space(RULES).graph.edge_labels
    bits = [{name for bit, name in enumerate(names) if int(mask, 16) >> bit & 1} for mask in (first, second)]
    assert [set(one["edges"]) for one in page["explanations"]] == bits
    assert {one["site"] for one in page["differences"]} == bits[0] ^ bits[1]
    assert page["pairs"][0]["both_right"] == 4
    html = client.get(address).text
    assert f"P and Q share {len(bits[0] & bits[1]) or 'no'} edge" in html
    assert "they answer alike on all 4 rows" in html
    assert "neither speaks" not in html  # circuits of a transformer answer on every row
    assert html.count('id="explanation-') == 2
    assert f"they differ on {len(bits[0] ^ bits[1])} edges" in html
    apart = compared(client, f"/compare?network=and-of-two&e=c-{first}&e=2c")
    assert "None" not in client.get(apart["url"]).text
    assert apart["n_contradictions"] == sum(apart["pairs"][0][one] for one in ("first_right", "second_right")) > 0
    chosen = client.get("/compare?network=and-of-two")
    assert "/networks/and-of-two/explanations" in chosen.text


def analysis(client, key, of=ONE, **query):
    """The record of an analysis of a model."""
    return client.get(f"/api/v2{of}/analyses/{key}", params=query).raise_for_status().json()


def done(client, key):
    """Do the work of the job that waits, and say which it is."""
    store = client.app.state.store
    handler = handler_of(BY_KEY[key])
    with store.read() as session:
        [job] = session.scalars(select(JobRow).where(JobRow.kind == key)).all()
        compute = handler.load(session, job.arguments)
    report = compute(DEFAULT_WORK)
    with store.write() as session:
        saved = handler.save(session, job.arguments, report)
        session.get_one(JobRow, job.id).state = "done"
    assert saved.result["url"] == f"{ONE}/analyses/{key}"
    return job


@pytest.mark.slow
def test_methods_are_located_among_the_circuits(client):
    assert analysis(client, "methods")["state"] == "computing"
    job = done(client, "methods")
    reply = analysis(client, "methods")
    report = reply["report"]
    assert (reply["state"], report["complete"]) == ("done", True)
    assert {one["method"] for one in report["answers"]} == set(METHODS.of(TOY))
    by_mask = {one.mask: one for one in CIRCUITS}
    places = [one["place"] for one in report["answers"] if one["place"]]
    for place in places:
        assert place["valid"] == (place["mask"] in by_mask)
        assert place["under"]["zero"] == place["valid"]
        if place["valid"]:
            circuit = by_mask[place["mask"]]
            assert place["criteria"]["minimal-subset"] == (circuit.outcomes["minimal-subset"] == "passed")
            for key, criterion in (("by-function", "minimal-local"), ("", "minimal-local-structural")):
                given = place["criteria"]["-".join(filter(None, ("minimal-local", key)))]  # as audit files call them
                assert given == (circuit.outcomes[criterion] == "passed")
    assert {place["valid"] for place in places} == {True, not brought("methods")}  # the few of the core all come to one
    again = client.post(f"/api/v2{ONE}/analyses/methods", json={"protocol": "complete"})
    assert (again.status_code, again.json()["id"]) == (202, job.id)
    page = client.post(f"{ONE}/analyses/methods", data={"protocol": "complete"})
    assert (page.status_code, page.headers["location"]) == (303, f"{ONE}/analyses/methods")


def test_an_analysis_that_transformers_do_not_have_is_refused(client):
    assert client.get(f"{ONE}/analyses/funnel").status_code == 404


@pytest.mark.slow
def test_a_circuit_of_your_own_is_located(client):
    graph = MODEL.space(RULES).graph
    best = min(CIRCUITS, key=lambda one: one.edges)
    for given in (
        {"c": best.mask},
        {"text": " ".join(name.replace("-", ">") for name in compress(graph.bit_names, kept_bits(best.mask)))},
        {"text": ",".join("-1" if on else "0" for on in kept_bits(best.mask)), "k": best.edges},
    ):
        place = client.get(f"/api/v2{ONE}/own", params=given).json()
        assert (place["mask"], place["valid"]) == (best.mask, True)
        assert (place["excess"], place["edges"], place["under"]["zero"]) == (0, best.edges, True)
    reduced = MODEL.space(RULES).reduce(graph.bits(range(1 << graph.n_bits)))
    wrong = next(mask for bits in reduced if bits.any() and (mask := graph.to_hex(graph.number(bits))) not in MASKS)
    for mask, words in ((best.mask, "<b>Valid, and one of "), (wrong, "<b>Not valid: wrong on ")):
        right = int((CLASSES.margins(MODEL.space(RULES).run(np.array([kept_bits(mask)])), MODEL.answers) > 0).sum())
        html = client.get(f"{ONE}/own", params={"c": mask}).text
        assert words in html
        assert html.count('<tr class="wrong">') == min(16, len(MODEL.rows) - right)
    unknown = client.get("/networks/nand/own", params={"c": best.mask}).text
    assert re.search("nobody asked for it yet|The valid circuits are searched", unknown)


def kept_bits(mask):
    return mask_bits(MODEL.space(RULES), mask).tolist()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"c": "zz"}, "is no name of a circuit"),
        ({"c": "ff"}, "beyond the network's"),
        ({"text": "a0.h1>m2"}, "which is no node of this network"),
        ({"text": "1,2"}, "has 2 numbers"),
        ({"text": "1,1,nan,1,1,1"}, "no finite number"),
        ({"c": "1", "text": "n0.0>n1.0"}, "give one of them"),
        ({"text": "1,1,1,1,1,1", "k": 99}, "k is 99"),
        ({"c": "1", "protocol": "sideways"}, "is no value of any setting"),
    ],
)
def test_claims_that_cannot_be_read_are_refused(client, given, words):
    answer = client.get(f"/api/v2{ONE}/own", params=given)
    assert answer.status_code in (400, 404, 422)
    assert words.lower() in answer.json()["error"].lower()
    assert client.get(f"{ONE}/own", params=given).status_code == answer.status_code


@pytest.mark.slow
def test_the_most_different_circuits(client):
    assert analysis(client, "rivals")["state"] == "computing"
    done(client, "rivals")
    report = analysis(client, "rivals")["report"]
    kept = {mask: set(np.flatnonzero(kept_bits(mask))) for mask in MASKS}
    farthest = max(1 - Fraction(len(a & b), len(a | b)) for a, b in combinations(kept.values(), 2))
    assert Fraction(report["pair"]["distance"]) == farthest
    assert (report["of"], report["complete"]) == (FOUND.n_valid, True)
    html = client.get(f"{ONE}/analyses/rivals", follow_redirects=True).text
    assert 'aria-current="true">The two that share least</a>' in html
    assert client.get(f"{ONE}/analyses").status_code == 200
    fold = "explanations/c-{}?part=story"
    first, other = report["pair"]["masks"][0], next(mask for mask in MASKS if mask not in report["pair"]["masks"])
    assert "differ most from each other" in client.get(f"{ONE}/{fold.format(first)}").text
    assert "differ most from each other" not in client.get(f"{ONE}/{fold.format(other)}").text
    assert analysis(client, "rivals", "/networks/nand")["state"] == "computing", (
        "it follows the search, which is queued"
    )
    assert client.post("/api/v2/networks/nand/analyses/rivals", json={}).status_code == 409


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (LIST + "?protocol=mean", 404, "is no value of any setting"),
        (LIST + "?output=1", 404, "the network has one output"),
        (LIST + "/c-zz", 404, "is not hexadecimal"),
        (LIST + "/c-40", 404, "has bits beyond the 6 edges"),
        (LIST + "/c-01", 404, "keeps no path to the output"),
        (LIST + "/i-13.0", 404, "no formulas of Boolean inputs are read of toy networks"),
        (LIST + "?depth=3", 400, "is unknown"),
        (LIST + "?uses=n0.0", 400, "is not there"),
        (LIST + "?sort=names", 400, "sort"),
        (ONE + "/play", 404, "no page plays toy networks"),
    ],
)
def test_what_is_not_there_says_why(client, path, status, message):
    page, data = client.get(path), client.get(Addresses().twin(path))
    assert (page.status_code, data.status_code) == (status, status)
    assert message in data.text
    assert message in page.text


@pytest.mark.slow
def test_a_search_is_asked_for_once_and_not_where_it_is_too_large_and_none_can_be_drawn(client, monkeypatch):
    answer = client.post("/api/v2/networks/nand/analyses", json={"protocol": "complete"})
    assert answer.status_code == 202
    again = client.post("/networks/nand/analyses", data={"protocol": "complete"})
    assert (again.status_code, again.headers["location"].rpartition("/")[2]) == (303, answer.json()["id"])
    monkeypatch.setattr("pluriscope.analysis.subjects.enumeration.MAX_MASKS", 63)
    monkeypatch.setattr(PerceptronSpace, "possible_by_bits", None)
    refused = client.post("/api/v2/networks/nand/analyses", json={})
    assert refused.status_code == 409
    assert "64 masks" in refused.json()["error"]
    large = client.post(
        "/api/v2/networks", content=json.dumps({**OTHER, "biases": [[-1.0, -0.5], [0.0]]}).encode()
    ).json()
    assert large["jobs"] == []
    assert "64 masks" in client.get(f"{large['url']}/explanations").text
    rivals = analysis(client, "rivals", large["url"])
    assert (rivals["state"], "64 masks" in rivals["reason"]) == ("not_applicable", True)


def test_where_nothing_is_valid_the_list_says_so(client):
    store = client.app.state.store
    with store.write() as session:
        job_id = session.scalars(select(JobRow).where(JobRow.state == "queued", JobRow.kind == "analyse")).one().id
    search(store, job_id)
    page = listed(client, "/networks/nand/explanations")
    assert (page["total"], page["items"], page["state"]) == (0, [], "done")
    assert "No explanation is here" in client.get("/networks/nand/explanations").text


def test_a_kind_that_this_version_does_not_know_is_left_out(client, monkeypatch):
    monkeypatch.setattr(registry, "SUBJECT_KINDS", ())
    assert client.get(ONE).status_code == 404


_BROUGHT = [one for one in of_kind(TOY) if one.follows(QUESTION) and one.key in brought("analyses")]
FOLLOWING = {"methods", "rivals", *(one.key for one in _BROUGHT)}


@pytest.mark.slow
def test_what_follows_is_asked_where_an_older_version_searched(store, monkeypatch):
    monkeypatch.setattr(registry, "SUBJECT_KINDS", (PERCEPTRON, TOY))
    with store.write() as session:
        save_network(session, RAW)
        assert enqueue_missing(session) == 0  # nothing was searched
        row = searched(session, RAW)
        assert enqueue_missing(session) == len(FOLLOWING)
        jobs = session.scalars(select(JobRow)).all()
        assert {job.kind for job in jobs} == FOLLOWING
        assert {job.arguments["result"] for job in jobs} == {row.result_digest}
        assert report_row(session, row, "rivals") is None
        found_out(session, row, "rivals")
        assert enqueue_missing(session) == len(FOLLOWING) - 1
        assert searched(session, RAW) is row  # the same found again changes nothing


@pytest.mark.slow
def test_where_circuits_are_too_many_what_needs_none_is_asked(store, monkeypatch):
    """They are drawn, and all that follows is asked; where they cannot be, the analysis says so, and lenses stand."""
    monkeypatch.setattr(registry, "SUBJECT_KINDS", (PERCEPTRON, TOY))
    monkeypatch.setattr("pluriscope.analysis.subjects.enumeration.MAX_MASKS", 63)
    with store.write() as session:
        row = searched(session, RAW)
        assert (row.circuits_method, row.circuits_truncated_at, row.exhaustive) == ("sampled", len(FOUND.masks), False)
        assert len(FOUND.masks) <= row.circuits_low <= row.circuits_high
        assert enqueue_missing(session) == len(FOLLOWING)
    monkeypatch.setattr(PerceptronSpace, "possible_by_bits", None)
    with store.write() as session:
        row = searched(session, json.dumps({**OTHER, "biases": [[-1.0, -0.75], [0.0]]}).encode())
        assert (row.circuits_method, row.circuits_truncated_at, row.exhaustive) == ("refused", 0, False)
        assert "64 masks" in row.plan["refused"]
        assert enqueue_missing(session) == len(FOLLOWING) + sum(not one.searched for one in _BROUGHT)


@pytest.mark.slow
def test_where_there_are_circuits_alone_the_first_page_says_what_all_keep(client):
    page = client.get(ONE).text
    common = MASKS[0]
    for mask in MASKS:
        common = f"{int(common, 16) & int(mask, 16):x}"
    reply = page.partition('class="facts"')[2].partition("</dl>")[0]
    assert re.findall("<dt>(.*?)</dt>", reply) == ["Valid circuits", "Edges that all keep", "Edges of one circuit"]
    shown = [re.sub("<[^>]+>", "", one) for one in re.findall('<dd class="v">(.*?)</dd>', reply)]
    assert shown[:2] == [str(FOUND.n_valid), str(int(common, 16).bit_count())]
    verdict = page.partition('class="lead"')[2].partition("</p>")[0]
    assert f"<b>Not unique.</b> {FOUND.n_valid} of {FOUND.possible} circuits are valid" in verdict


def test_what_a_network_of_any_kind_can_be_done_with(client):
    """Renamed, deleted, brought back, and imported for other rows."""
    another = {**DOCUMENT, "biases": [[-1.0, -0.75], [0.0]]}
    slug = client.post("/api/v2/networks", content=json.dumps(another).encode()).json()["slug"]
    renamed = client.post(f"/networks/{slug}/rename", data={"slug": "called-otherwise"})
    assert renamed.headers["location"] == "/networks/called-otherwise"
    assert client.get(f"/networks/{slug}").headers["location"] == "/networks/called-otherwise"
    client.post("/networks/called-otherwise/delete")
    assert client.get("/networks/called-otherwise").status_code == 410
    client.post("/networks/called-otherwise/restore")
    assert client.get("/networks/called-otherwise").status_code == 200
    other = json.dumps({**another, "tasks": [{"truth_table": [1, 1, 1, 0]}]})
    refused = client.post("/api/v2/networks", content=other.encode())
    assert (refused.status_code, "is stored as" in refused.json()["error"]) == (409, True)
    result = client.get("/api/v2/networks/and-of-two/result").json()
    assert result["outputs"][0]["circuits"]["masks"] == MASKS
    assert client.get("/api/v2/networks/and-of-two/result?protocol=sideways").status_code == 404
