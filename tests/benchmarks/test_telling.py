"""Who can tell: the regressions against scikit-learn's, and what is read off against searches."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.lenses.registry import LENS_BY_KEY
from analysis.studies.cells import cells_of
from benchmarks.findings.readers import (
    COLUMNS,
    OUTPUTS,
    READ_OFF,
    READERS,
    RESULTS,
    STUDIES,
    known_rows,
    right_by_rule,
    rows_of,
    single,
)
from benchmarks.findings.results import design_of, results_of
from benchmarks.findings.telling import FOLDS, KERNELS, LINE, PENALTIES, folds_of, told


def sample(n_rows: int, seed: int, *, product: bool = False) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(n_rows, 4))
    signal = numbers[:, 0] * numbers[:, 1] if product else numbers[:, 0] - numbers[:, 2]
    return numbers, signal + 0.3 * random.normal(size=n_rows) > 0.2


def by_scikit_learn(numbers: np.ndarray, labels: np.ndarray, kernels: tuple[float | None, ...]) -> np.ndarray:
    """The same by another route: the regression itself, its scaling and its kernel are scikit-learn's."""
    from sklearn.kernel_ridge import KernelRidge  # most of a second that the everyday check need not wait
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    def scores(train: np.ndarray, test: np.ndarray, kernel: float | None, penalty: float) -> np.ndarray:
        scaler = StandardScaler().fit(numbers[train])
        known, asked = scaler.transform(numbers[train]), scaler.transform(numbers[test])
        target = np.where(labels[train], 1.0, -1.0)
        if kernel is None:
            return Ridge(alpha=penalty * known.size).fit(known, target).predict(asked)
        ridge = KernelRidge(alpha=penalty * len(known), kernel="rbf", gamma=kernel / known.shape[1])
        return ridge.fit(known, target - target.mean()).predict(asked) + target.mean()

    def right(train: np.ndarray, kernel: float | None, penalty: float) -> int:
        inner = folds_of(labels[train])
        parts = [(train[inner != one], train[inner == one]) for one in range(FOLDS)]
        return sum(int(((scores(*part, kernel, penalty) > 0) == labels[part[1]]).sum()) for part in parts)

    found, fold = np.zeros(len(labels), dtype=bool), folds_of(labels)
    grid = [(kernel, penalty) for kernel in kernels for penalty in PENALTIES]
    for outer in range(FOLDS):
        train, test = np.flatnonzero(fold != outer), np.flatnonzero(fold == outer)
        found[test] = scores(train, test, *max(grid, key=lambda one: right(train, *one))) > 0
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kernels", READERS.values())
@pytest.mark.parametrize("product", [False, True])
def test_what_is_told_is_what_scikit_learn_tells(kernels, product: bool) -> None:
    numbers, labels = sample(60, 1, product=product)
    assert told(numbers, labels, kernels).tolist() == by_scikit_learn(numbers, labels, kernels).tolist()


def test_kernels_tell_what_no_line_tells() -> None:
    numbers, labels = sample(160, 2, product=True)
    line, kernel = ((told(numbers, labels, each) == labels).mean() for each in (LINE, KERNELS))
    assert line < 0.7 < 0.75 < kernel


@pytest.mark.parametrize("kernels", READERS.values())
def test_noise_is_not_told_and_columns_that_do_not_vary_do_no_harm(kernels) -> None:
    random = np.random.default_rng(3)
    numbers, labels = random.normal(size=(200, 5)), random.random(200) < 0.5
    numbers[:, 4] = 7.0
    assert abs((told(numbers, labels, kernels) == labels).mean() - 0.5) < 0.1
    still = np.ones((40, 3))
    many = np.arange(40) % 4 > 0
    assert told(still, many, kernels).all()  # nothing to go by: the more frequent kind


def test_folds_take_each_kind_by_turns() -> None:
    labels = np.array([True, True, False, True, False, True, True, False, True, False, False])
    fold = folds_of(labels)
    assert fold[labels].tolist() == [0, 1, 2, 3, 4, 0]
    assert fold[~labels].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES)
def test_the_duality_of_places_decides_every_network_with_three_neurons_a_layer(study: str) -> None:
    cells = [cell for cell in cells_of(design_of(study)) if max(cell.levels["hidden"]) <= 3]
    for cell in cells[:2]:
        pair, labels, questions = single(study, cell)
        assert right_by_rule(questions, pair, labels).all()
        assert not right_by_rule(questions, pair, ~labels).any()


@pytest.mark.slow
@pytest.mark.skipif(not RESULTS.exists(), reason="the readers have not been asked")
def test_the_file_is_what_asking_again_gives() -> None:
    """Up to one network: a score within rounding of 0 may fall to the other side on another machine."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in known_rows()]
    groups = [(study, cell.labels[level]) for study, level in STUDIES.items() for cell in cells_of(design_of(study))]
    assert list(dict.fromkeys((row["study"], row["level"]) for row in rows)) == groups
    cell = next(one for one in cells_of(results_of("who-can-tell-activation").design) if "relu" in one.labels.values())
    again = [
        dict(zip(COLUMNS, map(str, row), strict=True))
        for row in rows_of("who-can-tell-activation", cell, [LENS_BY_KEY["shapley"]])
    ]
    assert {(row["lens"], row["reader"]) for row in again} == {
        ("patching-table", READ_OFF),
        *((lens, reader) for lens in (OUTPUTS, "shapley") for reader in READERS),
    }
    stored = {
        (row["lens"], row["reader"]): row for row in rows if (row["study"], row["level"]) == (again[0]["study"], "relu")
    }
    for row in again:
        known = stored[row["lens"], row["reader"]]
        assert (row["networks"], row["base"]) == (known["networks"], known["base"])
        assert abs(int(row["right"]) - int(known["right"])) <= 1
