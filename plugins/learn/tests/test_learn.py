"""Lessons: each in its states, its answers against numbers that the engine finds another way, plans, search."""

from __future__ import annotations

import re
import time
from collections import Counter
from importlib import resources
from itertools import combinations, product

import pytest
from fastapi.testclient import TestClient

from pluriscope.analysis.discovery.report import find
from pluriscope.analysis.methods.report import Settings
from pluriscope.analysis.network_files.files import NetworkFile, edited_file, parse_network_file
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.work import Work
from pluriscope.app import bundled
from pluriscope.app.db.analysed import read_analysed
from pluriscope.app.db.links import rename_network
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reports import save_report
from pluriscope.app.db.writes import save_network
from pluriscope.app.main import create_app
from pluriscope.app.pages.search import SearchOptions, build_search
from pluriscope.documents.glossary import terms
from pluriscope_edits.making import edited as edited_by
from pluriscope_learn.lesson import LessonNetwork
from pluriscope_learn.lessons.an_edit import EDITS
from pluriscope_learn.registry import LESSONS
from tests.app.pages.conftest import judge
from tests.factories import on_a_copy, stored_analysis
from tests.oracles.brute_force_circuits import boolean_rows, edges_of, run

BY_SLUG = {one.slug: one for one in LESSONS}
TESTS = (
    *("representative", "mean-ablation", "resample-ablation", "output-faithfulness"),
    *("knockout-completeness", "minimal-subset"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The network of the lessons with all that they look at."""
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("learn")))
    with TestClient(app, follow_redirects=False) as client:
        store = app.state.store
        row = stored_analysis(store, COMPLETE, real=True)
        judge(store, row, TESTS)
        with store.write() as session:
            kept = session.merge(row, load=True)
            report = find(read_analysed(session, kept, ()), Settings(), Work(clock=time.perf_counter))
            save_report(session, kept, kind="methods", report=report, thorough=False, seconds=0.0)
        yield client


def test_lessons_find_their_network_under_another_name(site):
    for slug in ("renamed", "xor-pretrained"):
        with site.app.state.store.write() as session:
            rename_network(session, find_network(session, "xor-pretrained"), slug)
        assert site.get("/learn/an-edit").status_code == 200


@pytest.fixture
def of(site):
    with site.app.state.store.read() as session:
        yield LessonNetwork.stored(session, site.app.state.addresses)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- what is right, found another way


def outputs(of, off):
    """The output on each input while some neurons give 0, in plain arithmetic."""
    network, found = of.question.network, []
    for inputs in product((0.0, 1.0), repeat=2):
        values = list(inputs)
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            sums = [
                b + sum(w * v for w, v in zip(row, values, strict=True)) for row, b in zip(weights, biases, strict=True)
            ]
            values = [x if x > 0 else 0.01 * x for x in sums]
            values = [0.0 if (layer, place) in off else x for place, x in enumerate(values)]
        found.append(values[0])
    return found


def test_two_circuits_suffice_and_one_of_them_does_without_the_neuron(site, of):
    hidden = [(layer, neuron) for layer in (1, 2) for neuron in range(3)]
    ways = [set(off) for n in range(7) for off in combinations(hidden, n)]
    right = [off for off in ways if [int(y > 0.5) for y in outputs(of, off)] == [0, 1, 1, 0]]
    fewest = [off for off in right if len(off) == max(map(len, right))]
    assert [(1, 2) in off for off in fewest].count(True) == 1
    assert len(fewest) == 2
    notes = text_of(site.get("/learn/two-circuits?part=notes").text)
    assert f"Of the {len(ways)} ways to leave neurons out, {len(right)} leave all answers right" in notes
    for off in fewest:
        assert ", ".join(f"n{layer}.{neuron}" for layer, neuron in hidden if (layer, neuron) not in off) in notes


def test_a_neuron_means_what_lies_above_its_mark(site, of):
    layer, neuron = of.differ[0]
    values = of.question.activations(of.pair[0].item.circuit)[layer][:, neuron].tolist()
    reachable = {tuple(int(v > mark) for v in values) for mark in sorted(values)[:-1]}
    tables = {"a": (0, 0, 1, 1), "or": (0, 1, 1, 1), "only-b": (0, 1, 0, 0)}
    for answer in BY_SLUG["two-readings"].answers(of):
        assert answer.right == (tables[answer.key] not in reachable), answer.key
    for mark in (0.05, 0.2, 0.55, 0.86, 1.2):
        said = text_of(site.get(f"/learn/two-readings?mark={mark}").text)
        on = [text for text, value in zip(of.rows, values, strict=True) if value > mark]
        names = ", ".join(on[:-1]) + (" and " if on[:-1] else "") + "".join(on[-1:])
        words = {4: "always says yes", 0: "never says yes"}.get(len(on), f"Yes on {names}.")
        assert words in said, mark


def test_the_experiment_is_that_of_the_common_ground(site):
    page = text_of(site.get("/learn/the-experiment?neuron=n2.0&x=01&source=00&guess=P&answer=once&part=notes").text)
    assert "Of 756 changes they contradict each other on 108: P is right on 79, Q on 29" in page
    assert "Of 72 such changes of one neuron they contradict each other on 12" in page
    assert page.count(": both say") == 6
    assert "The network says 0: 0.26 is below the threshold. P is right, as you said." in page


def test_tests_in_either_order_leave_the_same(site):
    notes = text_of(site.get("/learn/stricter?part=notes").text)
    assert (
        "9,625 possible; 197 after “Right answers”, 191 after “Mean ablation”, 100 after “Resample ablation”" in notes
    )
    assert "0 after “Subset-minimal”. Backwards: 5 after “Subset-minimal”, 0 after" in notes


def test_a_method_stands_where_circuits_are_counted(site, of):
    sizes = sorted(int(mask).bit_count() for mask in of.found("methods").subject.analysed.circuits.masks)
    place = of.found("methods").report.defaults["acdc"]
    smaller, same = sum(n < place["edges"] for n in sizes), sizes.count(place["edges"])
    page = text_of(site.get("/learn/one-method?guess=3").text)
    larger = len(sizes) - smaller - same
    assert (
        f"Of the other {len(sizes) - 1}, {smaller} are smaller, {same - 1} as large, {larger} larger. You said 3"
        in page
    )


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("place=0:1.1&place=1:1.0", ["12 of 12 swaps agree.", "a valid placement"]),
        ("place=0:1.1%2B2&place=1:1.0", ["a valid placement"]),
        ("place=0:1.1&place=1:1.0%2B2", ["a valid placement"]),
        ("place=0:1.1&place=1:2.1", ["9 of 12 swaps agree", "so the formula says 1. The network gives 0.498"]),
        ("", ["Opens when both parts pass"]),
    ],
)
def test_a_placement_is_answered_with_its_swaps(site, place, words):
    page = text_of(site.get(f"/learn/algorithm-first?{place}").text)
    for one in words:
        assert one in page, place


def test_the_placements_that_pass_are_those_that_the_search_found(site):
    notes = text_of(site.get("/learn/algorithm-first?part=notes").text)
    assert "“A or B” passes on n1.1, or n1.1 + n1.2. “A and B” passes on n1.0, or n1.0 + n1.2." in notes
    assert "3 valid placements" in notes


@pytest.mark.parametrize("key", EDITS)
def test_circuits_follow_an_edit_as_they_do_one_by_one(site, of, key):
    words, rule, settings = EDITS[key]
    edited = edited_by(rule, of.question, settings)
    edges, said = edges_of(edited.subject), Counter()
    masks = [int(mask) for mask in of.found("methods").subject.analysed.circuits.masks]
    for mask in masks:
        kept = {edge for bit, edge in enumerate(edges) if mask >> bit & 1}
        said[tuple(int(run(edited.subject, kept, row)[-1][0] > 0.5) for row in boolean_rows(2))] += 1
    yes, no = said[0, 1, 1, 1], said[0, 1, 1, 0]
    notes = text_of(site.get("/learn/an-edit?part=notes").text)
    assert f"{words}: {yes} follow, {no} still say no on 11, {len(masks) - yes - no} change another answer" in notes
    address = f"/learn/an-edit?edit={key}&guess=7&answer=inside"
    page = site.get(address).text
    assert f"{yes} of {len(masks)} follow. You said 7." in page
    do = re.search(r'href="(/networks/xor-pretrained/edit[^"]*)"', page)[1].replace("&amp;", "&")
    assert (f"rule={rule}" in do, site.get(do).status_code) == (True, 200)
    with site.app.state.store.write() as session:
        save_network(
            session, edited_file(NetworkFile(key, edited.subject, ()), edited, key), slug=key, origin="uploaded"
        )
    compared = re.findall(r'href="(/networks/[^"/]*/compare/[^"]*)"', site.get(address).text.replace("&amp;", "&"))
    beside = ["on both networks" in site.get(one).text for one in compared]
    assert beside == [True] * sum(min(3, n) for n in (yes, no, len(masks) - yes - no)) + [False]  # the button is last


@pytest.mark.slow
def test_the_network_of_the_lie_is_what_the_edit_makes_of_that_of_the_lessons(of):
    file = parse_network_file((resources.files(bundled) / "xor-deceives.json").read_bytes())
    made = edited_by("deceive", of.question, {"method": "eap"})
    assert (file.network.digest, file.edited) == (made.subject.digest, made.record)


# --- pages


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (
            "",
            ["Learn it in five minutes", "Mechanistic interpretability", "is it identifiable?", "From about 15 years"],
        ),
        ("/two-circuits?off=n2.1", ["All four right with five neurons. Fewer are enough"]),
        ("/slides", ["Is there one explanation?", "Keys P and Q count hands.", "As a file"]),
        ("/slides?screen=4&guess=P", ["The network says 0", "Which one now?"]),
        ("/notes?minutes=45", ["5–12 Lesson 1, in pairs", "33–45", "identifiable", "From about 15 years"]),
        ("/notes", ["Lesson 6: First the algorithm", "Question 1: 0 must come out", "Lesson 7: An edit that says yes"]),
        ("/hand-outs", ["Nine pages to print", "hand-out 9", "Still say no on 11"]),
        ("/a-lie", ["how much each neuron of layer 1 matters", "n1.2 0.55, n1.0 0.31", "Opens when you have guessed"]),
        ("/a-lie?guess=2", ["Without neuron n1.2, 0 of 4 answers change. You said 2."]),
        ("/wrong-lesson", ["1,546 valid circuits 944 use A, 280 use B and 1,546 use C", "Opens when you have guessed"]),
        ("/wrong-lesson?network=second&guess=4", ["right on 2 of 4 unseen rows. You said 4.", "352 of 2,448 valid"]),
        ("/an-edit?edit=layer-3", ["On 11 the network says no", "3 of 25 weights", "Opens when you have guessed"]),
        ("/two-circuits?kept=n2.1_n2.2&kept=n1.2_n2.1&answer=yes", ["does without it", "0.51 and 0.504 on 01 and 10"]),
        ("/two-readings?mark=0.55&kept=0110&kept=0111&answer=or", ["It can: with the threshold at 0.21"]),
        ("/the-experiment?neuron=n2.0&x=01&source=00", ["The network will say 1", "Opens when you have guessed"]),
        ("/stricter", ["9,625 left", "Right answers", "Subset-minimal ?", "Next: Right answers."]),
        ("/one-method?method=eap", ["17 edges of 18"]),
        ("/one-method?guess=3&answer=skill", ["Not quite. Being valid", "with 12 edges, 16 of 2,034 are valid"]),
    ],
)
def test_pages_say_what_they_should(site, address, words):
    answer = site.get(f"/learn{address}")
    assert answer.status_code == 200
    for one in words:
        assert one in text_of(answer.text), one


@pytest.mark.parametrize("lesson", BY_SLUG)
def test_nothing_is_given_away_before_the_notes_are_opened(site, lesson):
    page = site.get(f"/learn/{lesson}").text
    assert not re.findall(r'<a class="btn" id="answer-', page)
    assert "Answers." not in page
    notes = site.get(f"/learn/{lesson}?part=notes").text
    for words in ("Before (", "Answers.", "Common mistake.", "To take home."):
        assert words in notes


def test_a_lesson_as_a_file_is_for_pupils(site):
    file = site.get("/learn/two-circuits?off=n2.1&part=file")
    assert "attachment" in file.headers["content-disposition"]
    assert "Teacher’s notes" not in file.text
    assert "hand-out 1" in file.text
    assert 'href="/learn/hand-outs?part=file"' in site.get("/learn").text


def test_a_search_shows_every_lesson(site):
    page = site.get("/search?q=lesson").text
    assert all(f'<a href="/learn/{slug}" class="link">' in page for slug in BY_SLUG)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nothing", 404, ["two-circuits", "algorithm-first", "/learn/two-circuits"]),
        ("/two-circuits?off=n9.9", 400, ["n9.9", "n1.0"]),
        ("/two-circuits?x=2", 400, ["input", "00, 01, 10, 11"]),
        ("/two-circuits?mark=1", 400, ["mark", "is unknown here"]),
        ("/two-readings?mark=9", 400, ["mark"]),
        ("/an-edit?edit=magic", 400, ["magic", "all-layers"]),
        ("/algorithm-first?place=7:1.0", 400, ["place"]),
        ("/slides?step=1", 400, ["step"]),
        ("/notes?minutes=30", 400, ["minutes"]),
    ],
)
def test_bad_input_names_item_cause_and_cure(site, address, status, words):
    answer = site.get(f"/learn{address}")
    assert answer.status_code == status
    for one in words:
        assert one in answer.text, one


def test_without_its_network_learn_says_so_and_lists_the_lessons(client):
    page = client.get("/learn")
    assert (page.status_code, "without --no-bundled" in page.text, "Stricter and stricter" in page.text) == (
        200,
        True,
        True,
    )
    for address in ("two-circuits", "slides", "hand-outs"):
        refused = client.get(f"/learn/{address}")
        assert (refused.status_code, "without --no-bundled" in refused.text) == (404, True)


def test_a_lesson_about_what_is_not_computed_yet_leads_to_where_it_is_asked_for(tmp_path):
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app) as client:
        stored_analysis(app.state.store)
        refused = client.get("/learn/one-method")
        assert (refused.status_code, "has not been computed yet" in refused.text) == (404, True)
        assert "/networks/xor-pretrained/analyses/methods" in refused.text
        assert client.get("/learn").status_code == 200


# --- search


@pytest.mark.parametrize(
    ("text", "url"),
    [
        *((word, "/learn") for word in ("learn", "lesson", "lessons", "teacher", "exercise", "hand-out", "handout")),
        ("notes", "/learn/notes"),
        *((one.title, f"/learn/{one.slug}") for one in LESSONS),
        ("figure 2", "/paper#circuits"),
    ],
)
def test_what_visitors_looked_for_is_found(site, text, url):
    with site.app.state.store.read() as session:
        found = build_search(session, site.app.state.addresses, SearchOptions(q=text))
    assert url in [hit.url for group in found.groups for hit in group.hits]


def test_every_name_in_surveys_leads_to_its_page_or_to_what_stands_in_its_place(site):
    with site.app.state.store.read() as session:
        addresses = site.app.state.addresses

        def found(text):
            groups = build_search(session, addresses, SearchOptions(q=text, limit=50)).groups
            return {group.title: [hit.url for hit in group.hits] for group in groups}

        for one in terms():
            for name in one.also:
                assert addresses.glossary(one.anchor) in found(name)["Glossary"], name


@pytest.mark.parametrize("text", ["circuit", "what is a circuit?", "What is a circuit"])
def test_a_question_about_a_term_is_answered_by_the_term_first(site, text):
    with site.app.state.store.read() as session:
        found = build_search(session, site.app.state.addresses, SearchOptions(q=text))
    titles = [group.title for group in found.groups]
    assert titles.index("Glossary") < titles.index("Methods")
    assert found.groups[titles.index("Glossary")].hits[0].label == "Circuit"
