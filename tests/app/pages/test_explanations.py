"""The list of all explanations, against the plain lists of everything: what is listed, counted, sorted, refused."""

import csv
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.app.pages.conftest import MINE, XOR

HERE = XOR + "/explanations"
ALL = ("circuit", "interpretation", "algorithm", "alignment")


@pytest.fixture(scope="module")
def listed(get):
    """Fetches all items that an address lists, page after page."""

    def fetch(limit=200, **query):
        items, page = [], get(HERE, limit=limit, **query)
        while True:
            items += page["items"]
            assert len(items) <= page["total"], "the pages never end"
            if page["next_url"] is None:
                assert len(items) == page["total"]
                return items
            page = get(urlsplit(page["next_url"]).path, **dict_of(page["next_url"]))

    return fetch


def dict_of(url):
    """The query of an address, repeated options as lists."""
    query: dict[str, list[str]] = {}
    for key, value in parse_qsl(urlsplit(url).query):
        query.setdefault(key, []).append(value)
    return query


@pytest.fixture(scope="module")
def everything(listed):
    return listed(kind=list(ALL), standing="any")


def facet(page, name):
    return {c["value"]: c["count"] for f in page["facets"] if f["name"] == name for c in f["choices"]}


@pytest.mark.slow
def test_every_kind_is_there_once(get, everything, masks):
    kinds = Counter(item["kind"] for item in everything)
    network = get(XOR)["counts"]
    kept = {item["ref"] for item in everything}
    assert len(kept) == len(everything)
    assert kinds["circuit"] == kinds["interpretation"] == len(masks) == 197
    assert kinds["algorithm"] == network["algorithms_candidates"] == 250
    assert sum(item["valid"] for item in everything if item["kind"] == "alignment") == network["alignments_valid"]
    page = get(HERE, standing="any")
    assert page["total"] == len(everything) - 197  # interpretations are asked for, circuits show their number
    counted = facet(page, "kind")
    none_searched = {"direction": 0, "probe": 0}
    assert counted == {**kinds, "interpretation": network["interpretations_total"], **none_searched}


FILTERS = {
    "kind=circuit": lambda i: i["kind"] == "circuit",
    "strategy=what-then-where": lambda i: i["kind"] in ("algorithm", "alignment"),
    "standing=failing": lambda i: not i["valid"],
    "standing=valid": lambda i: i["valid"],
    "edges_max=12": lambda i: i["edges"] is not None and i["edges"] <= 12,
    "edges_min=11&edges_max=12": lambda i: i["edges"] is not None and 11 <= i["edges"] <= 12,
    "neurons_min=2&neurons_max=3": lambda i: i["neurons"] is not None and 2 <= i["neurons"] <= 3,
    "fragile=no": lambda i: i["fragile"] is False,
    "irredundant=irredundant-literals": lambda i: i["algorithm"] and i["algorithm"]["formula"] in IRREDUNDANT,
    "keep=n1.2": lambda i: uses(i, (1, 2)),
    "drop=n1.2&kind=alignment": lambda i: i["kind"] == "alignment" and uses(i, (1, 2)) is False,
    "keep=A-n1.0": lambda i: i["mask"] is not None and int(i["mask"], 16) & 1,
    "neurons_max=3&kind=alignment&standing=valid": lambda i: (
        i["kind"] == "alignment" and i["valid"] and i["neurons"] <= 3
    ),
}
IRREDUNDANT: set[str] = set()


def uses(item, site):
    """Whether an explanation uses a neuron; None if it says nothing of neurons."""
    if item["mask"] is not None:
        return any(int(item["mask"], 16) >> (2 * site[1] + source) & 1 for source in range(2))
    if item["kind"] == "algorithm":
        return None
    return any(one["layer"] == site[0] and site[1] in one["neurons"] for one in item["places"])


@pytest.mark.slow
@pytest.mark.parametrize("query", FILTERS)
def test_filters_let_through_what_they_say(get, listed, everything, query):
    if not IRREDUNDANT:
        page = get(XOR + "/algorithms", irredundant="irredundant-literals")
        IRREDUNDANT.update(item["algorithm"]["formula"] for item in page["items"])
    kinds = {"circuit", "algorithm", "alignment"}
    standing = dict_of(f"?{query}").get("standing", ["valid"])[0]
    there = [i for i in everything if i["kind"] in kinds and i["valid"] == (standing == "valid")]
    expected = {i["ref"] for i in there if FILTERS[query](i)}
    found = listed(**dict_of("?" + query))
    assert expected
    assert {item["ref"] for item in found} == expected


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "edges_max=12", "neurons_min=3", "kind=alignment", "kind=circuit&keep=n2.1"])
def test_facets_count_what_choosing_them_would_leave(get, query):
    options = dict_of("?" + query)
    page = get(HERE, **options)
    checked = 0
    for one in page["facets"]:
        if one["name"] == "kind":  # several kinds may be chosen
            continue
        for choice in one["choices"]:
            if one["shape"] == "range":
                target = dict_of(choice["url"])
            else:
                kept = options.get(one["name"], []) if one["shape"] == "checkbox" else []
                target = {**options, one["name"]: [*kept, choice["value"]]}
            if choice["count"] is not None and not choice["checked"]:
                assert get(HERE, **{**target, "limit": 1})["total"] == choice["count"], (one["name"], choice)
                checked += 1
    for part in [*page["neurons"], *page["edges"][:4]]:
        narrowed = {**options, "keep": [*options.get("keep", []), part["name"]], "limit": 1}
        assert get(HERE, **narrowed)["total"] == part["used"]
    assert checked > 8


@pytest.mark.slow
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "sort",
    ["kind", "edges", "neurons", "margin", "interpretations", "observed", "gates", "variables", "placements", "iia"],
)
def test_orders_hold_over_pages_and_what_has_no_value_comes_last(listed, sort, order):
    items = listed(sort=sort, order=order, limit=150)

    def share(i):
        return None if i["iia"] is None else i["iia"]["agreed"] / i["iia"]["of"] if i["iia"]["of"] else 1.0

    values = [share(item) if sort == "iia" else None if sort == "kind" else item[sort] for item in items]
    known = [float(value) for value in values if value is not None]
    assert [value is None for value in values] == [False] * len(known) + [True] * (len(values) - len(known))
    assert known == sorted(known, reverse=order == "desc")
    assert len({item["ref"] for item in items}) == len(items) == 197 + 250 + (len(items) - 447)


@pytest.mark.slow
def test_criteria_leave_the_survivors_of_all_of_them(get, listed):
    chosen = ["mean-ablation", "output-faithfulness(tolerance=0.05)"]
    funnel = get(XOR + "/funnel", criteria=chosen)
    left = listed(criteria=chosen, kind="circuit")
    single = [{i["ref"] for i in listed(criteria=one, kind="circuit")} for one in chosen]
    assert {item["ref"] for item in left} == single[0] & single[1]
    assert 0 < len(left) < len(single[0]) == 191
    assert str(len(left)) in str(funnel)
    minimal = listed(criteria="minimal-alignment")
    assert minimal
    assert all(item["kind"] == "alignment" and item["minimal"] for item in minimal)


@pytest.mark.slow
def test_what_is_not_computed_is_not_none(get, client):
    page = get(HERE, criteria="input-robust")
    assert (page["pending"], page["items"], page["removed_by"]) == (["input-robust"], [], None)
    chosen = {c["value"]: c["checked"] for f in page["facets"] if f["name"] == "criteria" for c in f["choices"]}
    assert chosen["input-robust"], "the form must not lose it"
    written = get(HERE, criteria="output-faithfulness( tolerance = .05 )")
    kept = {c["value"]: c["checked"] for f in written["facets"] if f["name"] == "criteria" for c in f["choices"]}
    assert kept["output-faithfulness(tolerance=0.05)"]
    assert "Not computed yet" in client.get(HERE + "?criteria=input-robust").text
    assert client.get("/api/v1" + HERE + ".csv?criteria=input-robust").status_code == 409
    for options in ({"coverage_min": 0.5}, {"accuracy_min": 0.5}, {"sort": "coverage"}):  # nothing is surveyed here
        assert get(HERE, **options)["pending"] == ["coverage and accuracy"]


@pytest.mark.slow
def test_none_match_says_which_filter_removed_the_last(get, client):
    page = get(HERE, edges_max=12, keep="n1.0", fragile="yes")
    before = get(HERE, edges_max=12)["total"]
    assert page["total"] == 0
    assert page["removed_by"]["label"] == "fragile"
    assert page["removed_by"]["before"] == before
    assert "fragile" not in page["removed_by"]["url"]
    assert "removed the last" in client.get(HERE + "?edges_max=12&keep=n1.0&fragile=yes").text
    assert get(HERE, algorithm="0" * 16)["removed_by"]["label"].startswith("algorithm")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("colour=red", "colour"),
        ("kind=story", "kind"),
        ("&".join(["keep=n1.0"] * 33), "32"),
        ("&".join(["criteria=margin"] * 41), "40"),
        ("criteria=beauty", "beauty"),
        ("keep=n9.9", "n9.9"),
        ("edges_min=9&edges_max=3", "edges_max"),
        ("after=rubbish", "after"),
        ("limit=100000", "200"),
        ("after=" + "x" * 3000, "2000"),
        ("algorithm=xyz", "algorithm"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused_with_the_limit(client, query, words):
    answer = client.get(f"/api/v1{HERE}?{query}")
    assert 400 <= answer.status_code < 500
    assert words in answer.text


def test_a_cursor_of_another_order_is_refused(get, client):
    cursor = get(HERE, limit=3)["next"]
    assert client.get(f"/api/v1{HERE}?sort=edges&after={cursor}").status_code == 400


@pytest.mark.slow
@pytest.mark.slow
def test_valid_ones_are_listed_unless_others_are_asked_for(get, client, everything):
    page = get(HERE)
    plain = [item for item in everything if item["kind"] != "interpretation"]
    assert page["total"] == page["of"] == sum(item["valid"] for item in plain)
    assert page["failing"] == len(plain) - page["total"]
    assert page["filters"] == []
    assert page["url"] == HERE
    more = get(HERE, standing="any")
    assert (more["total"], more["failing"]) == (len(plain), 0)
    assert page["failing_url"] == more["url"] == f"{HERE}?standing=any"
    assert [one["label"] for one in more["filters"]] == ["also those that fail"]
    assert more["filters"][0]["url"] == HERE
    assert f"Also the {page['failing']:,} near misses" in client.get(HERE).text
    assert facet(page, "standing") == facet(more, "standing") == {
        "any": len(plain), "valid": page["total"], "failing": page["failing"]
    }  # fmt: skip
    assert get(HERE, neurons_max=2)["failing"] == get(HERE, neurons_max=2, standing="failing")["total"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["circuit", "alignment"])
def test_those_removed_at_a_step_are_those_that_its_number_counts(get, listed, kind):
    chosen = {
        "circuit": ["mean-ablation", "resample-ablation", "minimal-subset"],
        "alignment": ["minimal-alignment"],
    }[kind]
    funnel = get(XOR + "/funnel", criteria=chosen)
    rows = next(one for one in [*funnel["circuits"], *funnel["algorithms"]] if one["kind"] == kind)["rows"]
    removed = 0
    for row in rows:
        if row["failed_url"] is None:
            assert row["outcomes"]["failed"] == 0
            continue
        query = dict_of(row["failed_url"])
        gone = listed(**query)
        assert len(gone) == row["outcomes"]["failed"]
        assert {item["kind"] for item in gone} == {kind}
        passing = listed(**{**query, "failed": []}, limit=100)
        assert {item["ref"] for item in gone} < {item["ref"] for item in passing}
        removed += len(gone)
    assert removed
    assert removed == rows[0]["before"] - rows[-1]["left"]


@pytest.mark.slow
def test_csv_holds_the_same_rows(client, listed):
    answer = client.get(f"/api/v1{HERE}.csv?kind=circuit&kind=alignment&sort=margin")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert any(line.startswith("# Valid means:") for line in lines)
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    items = listed(kind=["circuit", "alignment"], sort="margin")
    assert [row["ref"] for row in rows] == [item["ref"] for item in items]
    assert [row["interpretations"] for row in rows] == [str(i["interpretations"] or "") for i in items]
    assert len({row["protocol"] for row in rows}) == 1


@pytest.mark.slow
def test_stopped_searches_and_missing_analyses_are_told_apart(get, client):
    mine = get(HERE, protocol=MINE.digest[:12], edges_max=1)
    assert mine["scope"]["state"] == "truncated"
    assert "not searched" in client.get(f"{HERE}?protocol={MINE.digest[:12]}&edges_max=1").text
    for slug in ("untouched", "queued", "failed"):
        page = client.get(f"/networks/{slug}/explanations")
        assert page.status_code == 200
    assert client.get("/networks/untouched/explanations.csv").status_code == 404
    assert client.get("/api/v1/networks/untouched/explanations.csv").status_code == 409
