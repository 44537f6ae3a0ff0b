"""The answer key: methods, one of them, two, a network; each as a page, JSON and CSV, and what is refused."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter, defaultdict
from statistics import fmean

import pytest
from markupsafe import escape

from pluriscope.analysis.network_files.files import slug_of
from pluriscope.app.pages.search_index import index_of
from pluriscope_bench.key.condition import PRIMARY, condition_of
from pluriscope_bench.key.scores import SCORES
from pluriscope_bench.pages import results
from pluriscope_bench.pages.methods import MAIN, bench_blocks, file_page
from pluriscope_bench.suite_files import network_of, read_suite
from tests.clients import served

SUITE = read_suite()
ROWS = [row for row in (*SUITE.answers, *SUITE.published_answers) if row["condition"] == PRIMARY.key]
NETWORK = SUITE.networks[0]
MEAN = "mean-threshold-strict"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("bench")) as found:
        yield found


@pytest.fixture(scope="module")
def get(client):
    """The JSON twin of an address."""

    def fetch(path, **query):
        return client.get(f"/api/v2{path}", params=query).raise_for_status().json()

    return fetch


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the suite that may be spoiled."""
    shutil.copytree(results.FOLDER, tmp_path / "bench")
    monkeypatch.setattr(results, "FOLDER", tmp_path / "bench")
    results.suite_of.cache_clear()
    yield tmp_path / "bench"
    results.suite_of.cache_clear()


def mean(rows, key="regret"):
    """Over arms of the same weight, written out."""
    arms = defaultdict(list)
    for row in rows:
        if row[key] is not None:
            arms[row["arm"]].append(row[key])
    return fmean(fmean(values) for values in arms.values())


def table_of(client, address):
    lines = [line for line in client.get(address).text.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_methods_stand_in_order_with_their_means(get, client):
    reply = get("/bench")
    listed = {one["name"]: one for one in reply["methods"]}
    regrets = {name: mean([row for row in ROWS if row["method"] == name]) for name in listed}
    assert listed.keys() == {row["method"] for row in ROWS}
    assert {name: one["regret"]["mean"] for name, one in listed.items()} == pytest.approx(regrets)
    counts = Counter(row["method"] for row in ROWS if row["regret"] is not None)
    whole = [name for name in listed if counts[name] == len(SUITE.networks)]
    rest = [name for name in listed if name not in whole]  # those that are not offered for every network stand last
    assert [*listed] == whole + rest
    for names in (whole, rest):
        assert [regrets[name] for name in names] == pytest.approx(sorted(regrets[name] for name in names))
    assert reply["digest"] == SUITE.digest
    for row in table_of(client, "/bench.csv"):
        one = next(one for one in listed.values() if results.label_of(one["name"]) == row["name"])
        ends = (float(row[f"regret{end}"]) for end in ("_low", "", "_high"))
        assert [*ends] == [one["regret"][end] for end in ("low", "mean", "high")]


@pytest.mark.parametrize("one", SUITE.published, ids=lambda one: one["name"])
def test_published_programs_stand_among_ours_with_package_version_and_licence(client, get, one):
    name, package, regret = one["name"], one["package"], one["regret"]
    own, slug = [row for row in ROWS if row["method"] == name], slug_of(name)
    listed = next(each for each in get("/bench")["methods"] if each["name"] == name)
    n = sum(row["regret"] is not None for row in own)
    assert listed["package"] == package
    assert listed["regret"] == regret
    assert (regret["n"], len(own)) == (n, 46)
    page, text = client.get("/bench").text, client.get(f"/bench/{slug}").text
    assert f"/bench/{slug}" in page
    assert n == 46 or f"{name} ({n} of 46)" in page
    assert all(str(escape(words)) in text for words in package.values())
    answered = next(row for row in own if row["regret"] is not None)
    assert name in client.get(f"/bench/networks/{answered['network']}").text
    assert name in {row["method"] for row in table_of(client, f"/bench/rows.csv?method={name}")}
    for address in (f"/bench/{slug}", f"/bench/{slug}/against/eap"):  # no condition under which it has no answers
        assert "condition=" not in re.sub(r"condition=zero-threshold-strict", "", client.get(address).text)
    assert client.get(f"/bench/{slug}?condition={MEAN}").status_code == 404
    assert name not in client.get("/bench?suite=public").text


def test_the_condition_is_a_factor_of_every_number(get, client):
    reply = get("/bench", condition=MEAN)
    rows = [row for row in SUITE.answers if row["condition"] == MEAN]
    for one in reply["methods"]:
        assert one["regret"]["mean"] == pytest.approx(mean([row for row in rows if row["method"] == one["name"]]))
    every = list(csv.reader(client.get("/bench?part=conditions.chart.csv").text.splitlines()))
    shown = {row[0]: float(row[-1]) for row in every if row[-2:-1] == [condition_of(MEAN).words] and row[-1]}
    for one in reply["methods"]:
        assert shown[results.label_of(one["name"])] == pytest.approx(one["regret"]["mean"])
    text = client.get(f"/bench?condition={MEAN}&sort=valid&order=desc").text
    assert f"/bench/eap?condition={MEAN}" in text
    assert re.search(r'href="/bench\?sort=valid&amp;order=desc"[^>]*>primary', text)


def test_methods_are_filtered_sorted_and_shown_by_what_an_address_says(get, client):
    runs = get("/bench", track="runs", sort="valid", order="desc")["methods"]
    assert {one["track"] for one in runs} == {"runs"}
    assert [one["valid"]["mean"] for one in runs] == sorted((one["valid"]["mean"] for one in runs), reverse=True)
    heads = re.findall(r'id="methods-by-(\w+)"', client.get("/bench?sort=cmd").text)
    assert heads == ["name", "track", *(one.key for one in SCORES if one.key in (*MAIN, "cmd"))]
    drawn = list(csv.reader(client.get("/bench?sort=cmd&part=by-method.csv").text.splitlines()))
    assert "cmd" in next(row for row in drawn if not row[0].startswith("#"))


def test_a_method_says_where_it_fails(get, client):
    own = [row for row in ROWS if row["method"] == "eap"]
    reply = get("/bench/eap", limit=5)
    worst = sorted((row["regret"] for row in own if row["regret"] is not None), reverse=True)
    assert [row["regret"] for row in reply["items"]] == worst[:5]
    assert reply["total"] == len(own) == sum(one["networks"] for one in reply["outcomes"])
    arm = reply["items"][0]["arm"]
    assert get("/bench/eap", arm=arm)["total"] == sum(row["arm"] == arm for row in own)
    text = client.get("/bench/eap").text
    for row in reply["items"]:
        assert f'href="/bench/networks/{row["network"]}"' in text
    sizes = list(csv.reader(client.get("/bench/eap?part=worst-0.csv").text.splitlines()))
    name = re.search(r"Valid circuits of (\S+)", sizes[0][0])[1]
    counted = {int(row[0]): int(row[1]) for row in sizes if row[0].isdigit()}
    known = SUITE.truths[name][PRIMARY.key]
    assert counted == {size: many for size, many in enumerate(known["sizes"]) if many}
    assert min(counted) == known["smallest"]


def test_two_methods_are_compared_on_the_same_networks(get, client):
    reply, turned = get("/bench/eap/against/weights"), get("/bench/weights/against/eap")
    of = {name: {row["network"]: row["regret"] for row in ROWS if row["method"] == name} for name in ("eap", "weights")}
    apart = {name: one - of["weights"][name] for name, one in of["eap"].items() if of["weights"][name] is not None}
    assert {one["network"]: one["apart"] for one in reply["networks"]} == apart
    assert [abs(one["apart"]) for one in reply["networks"]] == sorted(map(abs, apart.values()), reverse=True)
    text = client.get("/bench/eap/against/weights").text
    better = re.search(r"EAP better\D*?>(\d+)<", text)[1]
    assert int(better) == sum(value < 0 for value in apart.values())
    assert reply["difference"]["mean"] == pytest.approx(-turned["difference"]["mean"])
    assert reply["difference"]["low"] == pytest.approx(-turned["difference"]["high"])
    dots = client.get("/bench/eap/against/weights?part=networks.csv").text
    assert all(name in dots for name in apart)
    assert {row["method"] for row in table_of(client, "/bench/rows.csv?method=eap&method=weights")} == {
        "eap",
        "weights",
    }


def test_a_network_has_every_answer_on_one_map(get, client):
    reply = get(f"/bench/networks/{NETWORK.name}")
    assert len(reply["edges"]) == NETWORK.n_edges
    assert {one["condition"] for one in reply["truths"]} == SUITE.truths[NETWORK.name].keys()
    assert [row["method"] for row in reply["answers"]] == [row["method"] for row in sorted(
        (row for row in ROWS if row["network"] == NETWORK.name), key=lambda row: (row["regret"] is None, row["regret"])
    )]  # fmt: skip
    address = f"/bench/networks/{NETWORK.name}?part=map.csv"
    kept = defaultdict(set)
    for row in csv.reader(line for line in client.get(address).text.splitlines() if not line.startswith("#")):
        if row[-1] == "1":
            kept[row[0]].add(row[-2])
    for row in reply["answers"]:
        mask = int(row["answer"] or row["own"] or "0", 16)
        assert kept[results.label_of(row["method"])] == {
            edge for bit, edge in enumerate(reply["edges"]) if mask >> bit & 1
        }


def test_a_network_without_its_file_is_shown_by_its_answers(client, get, monkeypatch):
    monkeypatch.setattr("pluriscope_bench.pages.network.network_of", lambda row: network_of({**row, "file": None}))
    address = f"/bench/networks/{SUITE.networks[2].name}"
    assert 'id="map"' in client.get(address).text
    assert get(address)["edges"] == [str(bit) for bit in range(SUITE.networks[2].n_edges)]


def test_every_suite_that_is_here_can_be_chosen(client, get):
    assert get("/bench")["suites"] == ["small", "public"]
    text = client.get("/bench?suite=public").text
    assert 'href="/bench/eap?suite=public"' in text
    assert 'href="/bench"' in text
    other = client.get("/bench/eap?suite=public").text
    assert 'href="/bench/eap/against/weights?suite=public"' in other
    assert (
        "suite=public" not in client.get("/bench/mask-gradient-auto-circuit-1-0-1").text
    )  # which has no answers there


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/bench?suite=huge", 400, "suite 'huge'"),
        ("/bench?condition=zero", 400, "zero-threshold-strict"),
        ("/bench?sort=nothing", 400, "regret"),
        ("/bench?track=magic", 400, "magic"),
        ("/bench/nobody", 404, "eap"),
        ("/bench/eap/against/eap", 400, "itself"),
        ("/bench/eap/against/nobody", 404, "nobody"),
        ("/bench/eap/against/weights?arm=xor-3", 400, "arm"),
        ("/bench/networks/nowhere", 404, "nowhere"),
        ("/bench/rows.csv?nothing=1", 400, "nothing"),
    ],
)
def test_what_an_address_cannot_ask_is_said(client, address, status, says):
    for asked in (address, f"/api/v2{address}" if ".csv" not in address else address):
        answer = client.get(asked)
        assert answer.status_code == status
        assert says in answer.text.replace("&#39;", "'")


def _gone(folder):
    shutil.rmtree(folder / "small")


def _cut(folder):
    path = folder / "small" / "answers.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def _other(folder):
    path = folder / "small" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": "0" * 64}))


@pytest.mark.parametrize("spoil", [_gone, _cut, _other])
def test_a_suite_that_is_not_whole_is_said(client, folder, caplog, spoil):
    spoil(folder)
    for address in (
        "/bench",
        "/bench/eap",
        "/bench/eap/against/weights",
        f"/bench/networks/{NETWORK.name}",
        "/bench.csv",
    ):
        answer = client.get(address)
        assert (answer.status_code, "suite" in answer.text) == (404, True)
        assert "pluriscope suite make" in answer.text
    assert client.get("/search?q=eap").status_code == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_suite_is_shown_again_when_its_files_are_restored(client, folder):
    """As is said; to make it again is what the tests of the command do."""
    path = folder / "small" / "answers.parquet"
    whole = path.read_bytes()
    _cut(folder)
    assert "Restore its files, or make it again with pluriscope suite make" in client.get("/bench").text
    path.write_bytes(whole)
    assert client.get("/bench").status_code == 200


def test_a_file_has_the_same_without_addresses():
    document = {"suite": SUITE.digest, "condition": PRIMARY.key, "methods": SUITE.summary[PRIMARY.key]}
    text = "".join(block.html("every") for block in bench_blocks(file_page(document)))
    assert "/bench" not in re.sub(r"part=[^\"]*", "", text)
    assert all(results.label_of(one["name"]) in text for one in document["methods"])
    assert all(str(escape(results.MEANING_OF[score.label])) in text for score in SCORES)


@pytest.mark.parametrize("text", ["benchmark", "answer key", "EAP-IG"])
def test_the_search_finds_it(get, text):
    index_of.cache_clear()  # which was made while tests had results that cannot be read
    urls = [hit["url"] for group in get("/search", q=text)["groups"] for hit in group["hits"]]
    assert ("/bench/eap-ig" if text == "EAP-IG" else "/bench") in urls
