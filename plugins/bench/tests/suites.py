"""A suite of a few small networks, made once for all tests, and processes that begin with libraries loaded."""

from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from pluriscope.analysis.running.work import Work
from pluriscope.processes.executor import ProcessExecutor
from pluriscope.processes.memory import held
from pluriscope_bench.suite_design import SuiteDesign
from pluriscope_bench.suite_files import SuiteFolder
from pluriscope_bench.suite_making import make_networks

ARMS = [
    {"key": "xor", "label": "XOR", "study": {"hidden": [[2, 2]], "activation": ["relu", "tanh"]}, "count": 3},
    {"key": "heads", "label": "Heads", "transformers": {"task": ["other name"], "heads": 1}, "count": 1},
]
SMALL = {"xor": [0, 2], "heads": [0]}


def design(**changes):
    """A design; ``changes`` are of its fields."""
    arms = [{**arm, "small": SMALL[arm["key"]]} for arm in ARMS]
    fields = {"name": "Tiny", "version": "1", "licence": "CC0-1.0", "arms": arms}
    return SuiteDesign.model_validate({**fields, **changes})


@cache
def made():
    """Make networks of every seed of the public half, by cell."""
    tiny = design()
    return [make_networks(tiny, cell, seeds, None, Work()) for cell, seeds in enumerate(tiny.seeds("public"))]


def saved(path: Path) -> SuiteFolder:
    """A folder as a command leaves it that was stopped when all was made."""
    path.mkdir()
    folder = SuiteFolder(path, design(), "public")
    folder.begin()
    for some in made():
        folder.save(some)
    return folder


@cache
def tiny():
    """The suite, in a folder that ends with the process."""
    place = TemporaryDirectory()
    suite = saved(Path(place.name) / "suite").finish()
    made.place = place
    return suite


def prepare_processes(patch):
    """Let processes begin with what a process that serves them has imported, which takes most of the time of a short
    one. A copy of this process would wait for ever for threads that it does not have.
    """
    for module in ("pluriscope_bench.methods", "pluriscope_studies.jobs.run"):
        patch.setattr(f"{module}.ProcessExecutor", _prepared)


def _prepared(n_bytes, **how):
    found = ProcessExecutor(n_bytes + held(), **how)
    if not how.get("forked"):
        found._context = get_context("forkserver")
        found._context.set_forkserver_preload(["pluriscope_bench.methods", "pluriscope_studies.jobs.run"])
    return found
