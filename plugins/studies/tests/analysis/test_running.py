"""A study run by the engine, small but real."""

import json
import pickle
from functools import partial

import pytest

from plugins.studies.tests.study_factories import design, measured_in
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.rows import columns_of, network_of_row
from pluriscope_studies.analysis.running import run_chunk

pytestmark = pytest.mark.slow

BARE = {"comparisons": [], "ladders": [], "references": [], "measures": ["circuits-valid"], "protocols": ["complete"]}
ALICE, BOB = "!(!(!A&B)&!(!B&A))", "(!(!A&!B)&!(A&B))"
SOURCES = {
    "boolean": {"hidden": [[3, 3]]},
    "gates": {"tasks": [["?", "?"]], "source_options": {"gates": ["AND", "OR", "IMP", "XOR"]}, "hidden": [[3]]},
    "drawn": {"source": "drawn", "tasks": [["OR"]], "hidden": [[3]], "prior": ["normal 1"], "loss_target": [0.05]},
    "planted": {
        "source": "planted",
        "source_options": {"algorithms": [ALICE, BOB], "steps": 40},
        "hidden": [[3, 2]],
        "planting": ["compile, noise=0.4"],
    },
}


@pytest.fixture(scope="module")
def study():
    return design(**{**BARE, "measures": ["circuits-valid", "interpretations-total"]})


@pytest.fixture(scope="module")
def found(study):
    return run_chunk(study, 1, range(12))


def test_every_seed_has_rows_and_failed_networks_say_why(study, found):
    assert [row["seed"] for row in found] == list(range(12))
    failed = [row for row in found if row["state"] != "converged"]
    assert 0 < len(failed) < 12
    assert all(row["message"] and "protocol" not in row and row["network"] for row in failed)
    assert all(row.keys() <= columns_of(study).keys() for row in found)
    assert json.loads(json.dumps(found)) == found


def test_values_are_those_of_each_network_alone(study, found):
    for row in [row for row in found if row["state"] == "converged"][:2]:
        of = network_of_row(study, row)
        alone = analyse_output(ask(of.network, task=of.tasks[0]))
        values = measured_in(row)
        assert values["circuits-valid"].value == alone.circuits.n_valid
        assert values["interpretations-total"].value == alone.interpretations.total


@pytest.mark.parametrize("source", SOURCES)
def test_a_network_depends_on_its_cell_and_seed_alone(source):
    study = design(**BARE | SOURCES[source])
    together = run_chunk(study, 0, [3, 4, 5, 6])
    apart = [row for seeds in ([6], [4, 3], [5]) for row in run_chunk(study, 0, seeds)]
    key = lambda row: (row["seed"], row.get("output", 0))  # noqa: E731
    assert sorted(apart, key=key) == sorted(together, key=key)


def test_a_network_is_the_same_in_a_larger_study():
    small, large = design(**BARE), design(**BARE, seeds={"first": 2, "count": 9}, noise_std=[0.1, 0])
    cells = [cell.key for cell in cells_of(large)]
    for place, cell in enumerate(cells_of(small)):
        assert run_chunk(small, place, [5])[0]["network"] == run_chunk(large, cells.index(cell.key), [5])[0]["network"]


def test_a_chunk_goes_to_another_process(study):
    again = pickle.loads(pickle.dumps(partial(run_chunk, study, 1, [0])))  # noqa: S301  our own
    assert again() == run_chunk(study, 1, [0])


def test_without_measures_of_circuits_none_are_searched():
    study = design(**BARE | {"measures": ["alignments-minimal"], "hidden": [[6, 6]]})
    found = [row for row in run_chunk(study, 0, range(4)) if row["state"] == "converged"]
    assert found  # 46.9 trillion circuits would not have been searched in this time
    assert all(measured_in(row)["alignments-minimal"].exact for row in found)
