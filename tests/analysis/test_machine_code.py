"""Loops run as machine code: the same results as in Python, without Numba, from where nobody may write."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from pluriscope.analysis.circuits.box_counts import count_right, list_right
from pluriscope.analysis.circuits.decision_intervals import Box
from pluriscope.analysis.circuits.source_subsets import Combinations, Tally, load_compiled
from pluriscope.analysis.numerics.machine_code import loop, run_loop

pytestmark = pytest.mark.slow  # whoever is first compiles


@loop
def _weighed(numbers, factor, shift):
    total = 0
    for number in numbers:
        total += int(factor * number) + shift
    return total


@loop
def _divided(number, by):
    return number // by


@pytest.mark.parametrize("numbers", [np.arange(5.0), np.arange(5), np.arange(10.0)[::2]])
def test_each_type_of_argument_is_compiled_for_itself(numbers):
    assert run_loop(_weighed, numbers, 2.5, -1) == _weighed(numbers, 2.5, -1)


def test_what_raises_is_an_error_that_names_it():
    assert run_loop(_divided, 7, 2) == 3
    with pytest.raises(RuntimeError, match="_divided"):
        run_loop(_divided, 7, 0)


@pytest.mark.parametrize("n_active", [{1, 2, 3, 4}, {2, 3}])
@pytest.mark.parametrize("width", [0.0, 1.0, 4.0])
def test_what_counts_is_the_same_in_python(n_active, width):
    """Sums of four neurons over two sources on three rows, none, a few or most of which are right."""
    terms = np.random.default_rng(5).normal(size=(3, 4, 4, 3))
    combinations = Combinations(2, 4, frozenset(n_active), 0.1, (Box(-width, width),) * 3)
    below = np.arange(3)
    counted, plain = Tally(combinations, terms, below), Tally(combinations, terms, below)
    assert counted.go_on()
    assert count_right(*plain.arguments) == 1
    for name in ("units", "by_size", "by_middle", "_by_tail"):
        assert getattr(counted, name).tolist() == getattr(plain, name).tolist()
    assert counted.units.any() == (width > 0)
    leads, problem, most = combinations.compiled
    found = []
    for way in (list_right, partial(run_loop, list_right)):
        visits = int(way(terms[0], problem, leads, most))
        found.append((visits, problem.room.found[: problem.room.n_found[0]].tolist()))
    assert found[0] == found[1]


def test_a_process_loads_no_numba_for_what_was_compiled(tmp_path):
    load_compiled()
    program = (
        "import sys; from pluriscope.analysis.circuits.source_subsets import is_compiled, load_compiled; "
        "print(is_compiled()); load_compiled(); print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\nFalse\n"
    # another processor's is another file
    other = {**os.environ, "NUMBA_CPU_NAME": "nobody-has-it", "XDG_CACHE_HOME": str(tmp_path)}
    program = program.partition("; load")[0]
    done = subprocess.run([sys.executable, "-c", program], env=other, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
