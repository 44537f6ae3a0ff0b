"""Every figure of every known story is what interchange gives; the network shows it."""

import json
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.compiled_transformers import short
from benchmarks.known_networks import MADE
from pluriscope.analysis.algorithms.enumerated import candidates
from pluriscope.analysis.algorithms.written import inputs_of, written
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.analysis.subjects.sites import Site, turned
from pluriscope.page_kit.templating import part_url
from pluriscope_stories.measuring import course_of, figures_of, question_of
from pluriscope_stories.shown import NETWORKS
from pluriscope_stories.story import own_networks, readme, stories, stories_of
from tests.checkout import ROOT
from tests.clients import served

STORIES = stories()


@cache
def question(name):
    return question_of(STORIES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", STORIES)
def test_every_figure_is_what_interchange_gives(name):
    story = STORIES[name]
    assert figures_of(story) == {key: one.figure for key, one in story.asked.items()}


def test_the_course_of_a_training_is_what_its_checkpoints_give():
    story = STORIES["induction"]
    course = [*course_of(story)]
    assert course == story.course
    assert [one.step for one in course] == sorted({one.step for one in course})
    first = next(number for number, one in enumerate(course) if one.circuits)
    falls = [before.loss / one.loss for before, one in pairwise(course)]
    assert falls.index(max(falls)) == first - 1
    assert course[first].right == question("induction").n_rows > course[first - 1].right


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_about_its_network_and_its_sentence_has_figures_that_it_asks_for(name):
    story = STORIES[name]
    assert story.digest == question(name).subject.digest
    assert story in stories_of(story.digest)
    assert story.words.count("/") >= 2
    assert not {"{", "}", "None"} & {*story.words.replace("None", "{")}
    assert {one.algorithm for one in story.asked.values()} <= {*story.algorithms}


@pytest.mark.slow
@pytest.mark.parametrize("name", STORIES)
def test_its_algorithms_are_candidates_for_its_network(name):
    asked = question(name)
    found = {one.model.unfold(inputs_of(asked)).digest for one in candidates(asked).models}
    for text in STORIES[name].algorithms.values():
        assert written(text, asked).unfold(inputs_of(asked)).digest in found


def test_the_document_has_the_stories():
    assert (ROOT / "plugins" / "stories" / "README.md").read_text() == readme()


def test_the_vectors_of_the_sum_are_on_a_circle_in_its_plane():
    network = question("sum-modulo").subject
    plane = network.layers[-2] @ (np.array([[2, 2, -1], [-1, 2, 2]]) / 3).T
    angles = 2 * 2 * np.pi * network.answers / 7
    apart = plane - np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert np.ptp(apart, axis=0).max() < 1e-12


def test_a_turn_of_the_circle_by_a_seventh_of_its_steps_adds_to_the_sum():
    network = question("sum-modulo").subject
    plane, site = np.array([[2, 2, -1], [-1, 2, 2]]) / 3, Site("h2")
    centre = network.layers[-2][:7].mean(axis=0)  # of the sums from 0 to 6
    for steps in range(7):
        # the circle goes around twice in 7 steps of the sum: 2π/7 adds 4, and twice that 1
        for angle, more in ((2 * np.pi / 7 * steps, 4 * steps), (4 * np.pi / 7 * steps, steps)):
            outputs = network.run_sites(network.inputs, turned(site, plane, angle, centre))
            assert (outputs.argmax(axis=1) == (network.answers + more) % 7).all()


def test_a_server_stores_the_networks_once_and_their_overview_has_the_story(tmp_path):
    with served(tmp_path, local=True) as client:
        settings = client.app.state.settings
        assert NETWORKS.seed(settings) == f"added {len(own_networks())} networks of known stories"
        assert NETWORKS.seed(settings) == ""
        story = STORIES["sum-modulo"]
        page = client.get(url := f"/networks/{story.network}").text
        assert all(words in page for words in ("Known story", story.title))
        fold = client.get(part_url("story", url)).text
        assert all(one.figure.score in fold for one in story.asked.values())


@pytest.mark.parametrize("head", ["1.0", "2.0", "3.0"])
def test_without_a_head_of_the_stages_half_the_rows_are_right_at_most(head):
    subject = question("stages").subject

    def right(change):
        apart = np.sort(outputs := subject.run_sites(subject.inputs, change), axis=1)
        return int(((outputs.argmax(axis=1) == subject.answers) & (apart[:, -1] > apart[:, -2] + 1e-9)).sum())

    assert right(lambda _, values: values) == len(subject.answers)
    assert right(lambda site, values: 0 * values if site == head else values) <= len(subject.answers) / 2


def outputs_of(subject):
    return subject.run_sites(subject.inputs, lambda _, values: values)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "is_trained"),
    [
        *[(name, False) for name in ("sum-7-circle", "features-32-16", "first-letter-elman")],
        *[(name, False) for name in ("other-name-stages", "other-name-backup")],
        *[(name, True) for name in ("recall-5-elman", "sixteen-facts")],
    ],
)
def test_the_networks_are_what_makes_them(name, is_trained):
    """Up to what a processor has a say in: the last digits of products, and what torch learns. That is right anyway."""
    make, _ = MADE[name]
    made, known = make(), question_in(own_networks()[name]).subject
    assert (made.name, made.attribution, made.outputs) == (known.name, known.attribution, known.outputs)
    assert np.array_equal(made.inputs, known.inputs)
    if not is_trained:
        assert np.abs(outputs_of(made) - outputs_of(known)).max() < 1e-9
    for one in (made, known) if is_trained else ():
        right = np.eye(len(one.outputs), dtype=bool)[one.answers]
        assert (outputs_of(one)[right] > np.where(right, -np.inf, outputs_of(one)).max(axis=1) + 1).all()


def test_their_files_are_written_as_they_are_read():
    for name, raw in own_networks().items():
        _, kind = MADE[name]
        text = json.dumps(short(kind.write(question_in(raw).subject)), ensure_ascii=False, separators=(",", ":"))
        assert f"{text}\n".encode() == raw, name
