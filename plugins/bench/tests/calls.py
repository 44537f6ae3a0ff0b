"""What tests of all commands, names of the library and cards of tables are given of suites."""

import pytest

from plugins.bench.tests.suites import ARMS, design, prepare_processes
from plugins.studies.tests.calls import linked
from pluriscope_bench import run, suite_files
from pluriscope_bench.suite_files import bundled, read_suite, write_suite_card
from pluriscope_bench.table import Benchmark

EMPTY = {"suite_name": "small", "methods": [], "rows": []}
MADE = Benchmark(EMPTY)


def prepare(folder, patch):
    """A method in a file, and a design with a network of each kind."""
    prepare_processes(patch)
    (folder / "mymethod.py").write_text(
        "def score(network, ablation, ask):\n    return dict.fromkeys(network.edges, 1)\n"
    )
    arms = [{**arm, "count": 1, "small": [0]} for arm in ARMS]
    patch.setattr(suite_files, "bundled_design", lambda: design(arms=arms))


PREPARED, READ_SUITE = prepare, read_suite


def hasten(patch):
    """Find nothing, for methods take a minute each."""
    patch.setattr(run, "benched", lambda *_, **__: EMPTY)


QUICK = hasten


def write_suite(path, half):
    there = bundled(half)
    write_suite_card(linked(path, there), read_suite(there).manifest)


WRITERS = {"small": lambda path, _: write_suite(path, "small"), "public": lambda path, _: write_suite(path, "public")}
N_TABLES = {"small": 4, "public": 3}
MARKS = {"public": pytest.mark.release}
BUNDLED = {"small": bundled("small"), "public": bundled("public")}
