"""Who can tell: the regression against scikit-learn's, and the figures that pages show against the result files."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.lenses.functions import function_rows
from analysis.lenses.registry import LENS_BY_KEY, LENSES
from analysis.networks.mlp import activations, next_layer
from analysis.question import Question, ask
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from benchmarks.findings.lens_figures import STUDIES, group_of, groups_of
from benchmarks.findings.lens_findings import STORIES, lens_findings
from benchmarks.findings.results import design_of, results_of
from benchmarks.findings.telling import FOLDS, PENALTIES, folds_of, told


def sample(n_rows: int, seed: int, *, product: bool = False) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(n_rows, 4))
    signal = numbers[:, 0] * numbers[:, 1] if product else numbers[:, 0] - numbers[:, 2]
    return numbers, signal + 0.3 * random.normal(size=n_rows) > 0.2


def by_scikit_learn(numbers: np.ndarray, labels: np.ndarray, quadratic: bool) -> np.ndarray:
    """The same by another route: the regression itself, its scaling and its products are scikit-learn's."""
    from sklearn.linear_model import Ridge  # most of a second that the everyday check need not wait
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    def scores(train: np.ndarray, test: np.ndarray, penalty: float) -> np.ndarray:
        scaler = StandardScaler().fit(numbers[train])
        known, asked = scaler.transform(numbers[train]), scaler.transform(numbers[test])
        if quadratic:
            products = PolynomialFeatures(2, include_bias=False)
            known, asked = products.fit_transform(known), products.fit_transform(asked)
            scaler = StandardScaler().fit(known)
            known, asked = scaler.transform(known), scaler.transform(asked)
        ridge = Ridge(alpha=penalty * known.shape[0] * known.shape[1])
        return ridge.fit(known, np.where(labels[train], 1.0, -1.0)).predict(asked)

    found = np.zeros(len(labels), dtype=bool)
    fold = folds_of(labels)
    for outer in range(FOLDS):
        train, test = np.flatnonzero(fold != outer), np.flatnonzero(fold == outer)
        inner = folds_of(labels[train])
        right = [
            sum(
                int(
                    (
                        (scores(train[inner != one], train[inner == one], penalty) > 0) == labels[train[inner == one]]
                    ).sum()
                )
                for one in range(FOLDS)
            )
            for penalty in PENALTIES
        ]
        found[test] = scores(train, test, PENALTIES[int(np.argmax(right))]) > 0
    return found


@pytest.mark.slow
@pytest.mark.parametrize("quadratic", [False, True])
@pytest.mark.parametrize("product", [False, True])
def test_what_is_told_is_what_scikit_learn_tells(quadratic: bool, product: bool) -> None:
    numbers, labels = sample(60, 1, product=product)
    assert told(numbers, labels, quadratic=quadratic).tolist() == by_scikit_learn(numbers, labels, quadratic).tolist()


@pytest.mark.slow
def test_products_tell_what_no_line_tells() -> None:
    numbers, labels = sample(160, 2, product=True)
    line, products = ((told(numbers, labels, quadratic=each) == labels).mean() for each in (False, True))
    assert line < 0.7 < 0.75 < products


@pytest.mark.slow
def test_noise_is_not_told_and_columns_that_do_not_vary_do_no_harm() -> None:
    random = np.random.default_rng(3)
    numbers, labels = random.normal(size=(200, 5)), random.random(200) < 0.5
    numbers[:, 4] = 7.0
    assert abs((told(numbers, labels, quadratic=False) == labels).mean() - 0.5) < 0.1
    still = np.ones((40, 3))
    many = np.arange(40) % 4 > 0
    assert told(still, many, quadratic=True).all()  # nothing to go by: the more frequent kind


def test_folds_take_each_kind_by_turns() -> None:
    labels = np.array([True, True, False, True, False, True, True, False, True, False, False])
    fold = folds_of(labels)
    assert fold[labels].tolist() == [0, 1, 2, 3, 4, 0]
    assert fold[~labels].tolist() == [0, 1, 2, 3, 4]


def test_the_figures_are_of_every_cell_and_of_lenses_that_there_are() -> None:
    groups = lens_findings().groups
    designs = {slug: design_of(slug) for slug in STUDIES}
    expected = [(slug, cell.levels["hidden"]) for slug in STUDIES for cell in cells_of(designs[slug])]
    assert [(group.study, group.hidden) for group in groups] == expected
    asked = [lens.key for lens in LENSES if lens.key in {told.lens for told in groups[0].told}]
    assert len(asked) == 12
    for group in groups:
        assert sum(group.carried.values()) + group.failed == designs[group.study].seeds.count
        for one in group.told:
            assert one.lens in LENS_BY_KEY
            assert (one.first[1], one.second[1]) == (group.carried[STORIES[0]], group.carried[STORIES[1]])
            assert 0.0 <= one.low <= one.right / one.of <= one.high <= 1.0
        for shown in group.shown:
            assert {story: sum(counts.values()) for story, counts in shown.counts.items()} == group.carried


@pytest.mark.slow
def test_stories_that_lenses_show_are_those_of_the_result_files() -> None:
    assert list(groups_of("who-can-tell-learned")) == [
        group for group in lens_findings().groups if group.study == "who-can-tell-learned"
    ]


@pytest.mark.slow
def test_asking_lenses_of_a_cell_again_gives_its_figures() -> None:
    """Up to one network: a score within rounding of 0 may fall to the other side on another machine."""
    group = 5  # ReLU, the fewest networks that every lens has something to say of
    stored = lens_findings().groups[group]
    results, quick = results_of(stored.study), [LENS_BY_KEY[key] for key in ("shapley", "gradient-corners", "labels")]
    cell = next(one for one in cells_of(results.design) if one.levels["activation"] == stored.activation)
    again = group_of(stored.study, cell, [one for one in results.outcomes if one.cell == cell.key], quick)
    assert (again.carried, again.failed, again.shown) == (stored.carried, stored.failed, stored.shown)
    known = [one for one in stored.told if LENS_BY_KEY[one.lens] in quick]
    for one, other in zip(again.told, known, strict=True):
        assert (one.lens, one.numbers, one.kind) == (other.lens, other.numbers, other.kind)
        assert abs(one.right - other.right) <= 1


@pytest.mark.slow
def test_three_more_figures_of_networks_of_width_three_that_the_text_has() -> None:
    """On which networks XOR is decodable on the first layer, and what one Shapley value or zeroed neurons tell."""
    results = results_of("who-can-tell")
    cell = cells_of(results.design)[1]
    known = [one for one in results.outcomes if one.cell == cell.key and one.converged]
    questions = [ask(network_of_outcome(cell, one), protocol=cell.design.protocols[0]) for one in known]
    decodable = [function_rows(question, [0b0110], None)[0].layers for question in questions]
    assert [sum(at[layer].margin > 0 for at in decodable) for layer in (0, 1)] == [401, 414]

    stories = [str(one.values["complete"][0]["alice-or-bob"].value) for one in known]
    single = [number for number, story in enumerate(stories) if story.endswith("only")]
    alices = np.array([stories[number] == "Alice only" for number in single])
    shapley = LENS_BY_KEY["shapley"]
    scores = np.array([shapley.answer(questions[number], shapley.defaults).view.scores.ravel() for number in single])
    right = [((scores[:, [at]] > scores[:, at]) == alices[:, None]).sum(axis=0) for at in range(scores.shape[1])]
    assert max(max(one.max(), len(single) - one.min()) for one in right) == 222

    effects = np.array([effects_of_zeroing(questions[number]) for number in single])
    assert [(told(effects, alices, quadratic=each) == alices).sum() for each in (False, True)] == [229, 269]


def effects_of_zeroing(question: Question) -> list[float]:
    """Of every hidden neuron the mean change of the output when it is 0, layer by layer, ascending."""
    network, clean = question.cut, activations(question.cut, question.method_rows[0])
    found = []
    for layer, width in enumerate(network.hidden_sizes, start=1):
        changes = []
        for neuron in range(width):
            values = clean[layer].copy()
            values[:, neuron] = 0.0
            for above in range(layer + 1, len(clean)):
                values = next_layer(network, above, values)
            changes.append(float(np.abs(values - clean[-1]).mean()))
        found += sorted(changes)
    return found
