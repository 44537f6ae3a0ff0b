"""What tests of all commands and of all names of the library are given of suites."""

from plugins.bench.tests.suites import design
from pluriscope_bench import run, suite_files
from pluriscope_bench.table import Benchmark

EMPTY = {"suite_name": "small", "methods": [], "rows": []}
MADE = Benchmark(EMPTY)


def prepare(folder, patch):
    """A method in a file, and a design with few networks."""
    (folder / "mymethod.py").write_text(
        "def score(network, ablation, ask):\n    return dict.fromkeys(network.edges, 1)\n"
    )
    patch.setattr(suite_files, "bundled_design", design)


PREPARED = prepare


def hasten(patch):
    """Find nothing, for methods take a minute each."""
    patch.setattr(run, "benched", lambda *_, **__: EMPTY)


QUICK = hasten
