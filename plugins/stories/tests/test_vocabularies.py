"""Vocabularies on the bundled networks: the algorithms that a brute force was asked about are among the candidates."""

import json
from functools import cache
from itertools import product

import pytest

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.enumerated import candidates
from pluriscope.analysis.algorithms.written import inputs_of, written
from pluriscope.analysis.placements.interchange import Interchange, Place
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from pluriscope_stories import VOCABULARIES
from tests.analysis.placements.test_on_sites import single
from tests.factories import small_network
from tests.golden_files import FOLDER

GOLDEN = {
    slug: one["algorithms"] for slug, one in json.loads((FOLDER / "sites" / "interchange.json").read_text()).items()
}
IDLE = {("bars-4x4-conv", "upper left")}
"""A control: the answer does not depend on its variable."""


@cache
def question(slug):
    kind, model = read_subject(bundled_models()[slug])
    return GraphQuestion(kind, model, kind.default_rules)


@cache
def found(slug):
    return candidates(question(slug))


def digests(slug):
    return {one.model.unfold(inputs_of(question(slug))).digest for one in found(slug).models}


@pytest.mark.slow
@pytest.mark.parametrize("slug", GOLDEN)
def test_the_algorithms_of_the_golden_values_are_among_the_candidates(slug):
    read = {name: read_causal_model(text).unfold(inputs_of(question(slug))) for name, text in GOLDEN[slug].items()}
    assert {name for name, one in read.items() if one.digest not in digests(slug)} == {
        name for one, name in IDLE if one == slug
    }
    assert all(read[name].idle for one, name in IDLE if one == slug)


@pytest.mark.slow
@pytest.mark.parametrize("slug", bundled_models())
def test_every_candidate_computes_the_task_differs_from_the_others_and_can_be_written_by_hand(slug):
    models = [one.model for one in found(slug).models]
    assert len({written(one.text, question(slug)).id for one in models}) == len(digests(slug)) == len(models) > 3
    assert {one.vocabulary for one in found(slug).models} <= {*found(slug).of} <= {one.key for one in VOCABULARIES}


def test_a_perceptron_has_candidates_as_well():
    there = candidates(ask(small_network(sizes=(3, 2, 1)).network, task=named_task("PARITY", 3)))
    assert "rest1 = x[0]; rest2 = (rest1 + x[1]) % 2; y = (rest2 + x[2]) % 2" in [
        one.model.text for one in there.models
    ]


def elman(rows, answers, n_classes):
    """An Elman network of one unit, which computes nothing, with rows of steps."""
    width = len(rows[0][0])
    document = {
        "format": "pluriscope-elman/1",
        "name": "none",
        "weights": [[[0.0] * (width + 1)], [[0.0]] * n_classes],
        "biases": [[0.0], [0.0] * n_classes],
        "activation": "tanh",
        "output_activation": "linear",
        "outputs": [str(k) for k in range(n_classes)],
        "tasks": [{"name": "none", "rows": rows, "answers": answers}],
    }
    kind, model = read_subject(json.dumps(document).encode())
    return GraphQuestion(kind, model, kind.default_rules)


@pytest.mark.parametrize(
    ("right", "text"),
    [
        (lambda a, b, c: (a + b + c) % 3, "r = ({0} + {1}) % 3; y = (r + {2}) % 3"),
        (lambda a, b, c: b, "u = {1}; y = u"),
        (lambda a, b, c: b, "m = 9 * {0} + 3 * {1} + {2}; y = m // 3 % 3"),
        (lambda a, b, c: (a, b, c)[c], "u = {0}; v = {1}; w = {2}; y = (u, v, w)[w]"),
    ],
)
def test_steps_of_which_one_input_is_1_are_read_as_which_it_is(right, text):
    symbols = [*product(range(3), repeat=3)]
    rows = [[[float(k == one) for k in range(3)] for one in row] for row in symbols]
    asked = elman(rows, [right(*row) for row in symbols], 3)
    read = written(text.format(*(f"(x[{k}][1] + 2 * x[{k}][2])" for k in range(3))), asked).unfold(inputs_of(asked))
    assert read.digest in {one.model.unfold(inputs_of(asked)).digest for one in candidates(asked).models}


LABELS = [
    ("tracr-histogram", "count", "hist_1", 5, "count = 1 + _equal2 + _equal3 + _equal4"),
    ("tracr-histogram-disguised", "count", "hist_1_selector_width_attn_output", 5, "count = 1 + _equal2 + _equal3"),
    ("tracr-distinct", "kinds", "count_less_freq_3", 4, "kinds = 1 + _new3 + _new4; y"),
    ("tracr-induction", "all", "shift_by(1)_9", None, "all = t[1] + 4 * t[2] + 16 * t[3] + 64 * t[4]"),
    ("tracr-induction", "next", "followed_7", 6, "next = _least_next if"),
    ("tracr-reverse", "token2", "reversed_11", 4, "token2 = t[1]"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "variable", "label", "position", "part"), LABELS)
def test_what_tracr_names_is_a_variable_of_a_candidate_on_the_coordinates_that_it_names(
    slug, variable, label, position, part
):
    subject = question(slug).subject
    (planted,) = (one for one in subject.planted.variables if one.name == label)
    place = Place(planted.site, None if position is None else position - 1, planted.coordinates)
    there = Interchange(subject, inputs_of(question(slug)))
    models = [one.model for one in found(slug).models if part in one.model.text and one.model.variables == (variable,)]
    scores = [single(there, model, (place,))[variable] for model in models]
    assert scores
    assert any(one.placed for one in scores), scores
