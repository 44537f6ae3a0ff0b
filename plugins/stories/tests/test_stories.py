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
from pluriscope.page_kit.templating import part_url
from pluriscope_stories.measuring import course_of, figures_of, question_of
from pluriscope_stories.shown import NETWORKS
from pluriscope_stories.story import own_networks, stories, stories_of
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


def outputs_of(subject):
    return subject.run_sites(subject.inputs, lambda _, values: values)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "is_trained"),
    [
        *[(name, False) for name in ("sum-7-circle", "features-32-16", "first-letter-elman")],
        *[(name, False) for name in ("other-name-stages", "other-name-backup")],
        *[(name, True) for name in ("recall-5-elman", "repeat-2-gru", "sixteen-facts")],
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
