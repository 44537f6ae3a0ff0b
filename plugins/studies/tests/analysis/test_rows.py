import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from plugins.studies.tests.study_factories import design, rows, values_at
from pluriscope.analysis.errors import InvalidNetwork, InvalidStudy
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.measures.measure import Measured
from pluriscope_studies.analysis.old_results import read_old_results
from pluriscope_studies.analysis.rows import columns_of, measured_of, measures_of_columns, network_of_row, rows_of
from tests.random_networks import rounded_network

OLD = (Path(__file__).parents[1] / "study-result-1.jsonl.gz").read_bytes()
LINES = gzip.decompress(OLD).splitlines(keepends=True)


def test_rows_hold_every_network_with_what_was_measured():
    study, found = design(), rows()
    columns = columns_of(study)
    assert [*columns][:5] == ["cell", "seed", "protocol", "output", "state"]
    assert [*columns][5:9] == list(study.measures)
    assert "hidden" in columns
    assert "tasks" not in columns  # of which there is one level
    assert len(found) == 2 * (3 * 2 + 1)  # one of four seeds failed, the others have a row under each protocol
    for row in found:
        assert row.keys() <= columns.keys()
        again = network_of_row(study, row)
        assert again.network.digest == row["network"]
        assert [task.label for task in again.tasks] == ["XOR"]
        if row["state"] == "converged":
            position = row["hidden"] == "3-3"
            answer = json.loads(row["inexact"] or "{}")
            values = {key: measured_of(row[key], answer.get(key)) for key in study.measures}
            assert values == values_at(position, row["seed"])
        else:
            assert "protocol" not in row


@pytest.mark.parametrize(
    "measured",
    [
        Measured(3),
        Measured(True),
        Measured(None, note="none"),
        Measured(2.5, 1.0, 4.0),
        Measured(("a", "b")),
        Measured(10**38),
        Measured(7, truncated_at=7),
    ],
)
def test_a_value_keeps_what_is_said_of_it(measured):
    study = design()
    network = network_of_row(study, rows(study)[0])
    (row,) = rows_of(cells_of(study)[0], {"seed": 0}, network, {"paper": [{"circuits-valid": measured}]})
    assert measured_of(row["circuits-valid"], json.loads(row["inexact"] or "{}").get("circuits-valid")) == measured


def test_a_row_with_another_network_than_it_says_is_refused():
    row = rows()[0]
    row["weights"][0] += 1
    with pytest.raises(InvalidNetwork, match="by its weights"):
        network_of_row(design(), row)


def test_results_of_before_are_read_with_measures_that_are_unknown_here():
    old = read_old_results(OLD)
    assert (old.engine, old.provenance) == ("3.2.1", {"machine": "made for tests"})
    assert len({(row["cell"], row["seed"]) for row in old.rows}) == old.design.n_networks == 8
    kinds = {key: one.kind for key, one in measures_of_columns(old.design, old.columns).items()}
    assert kinds["circuits-valid"] == "count"
    assert [kinds[key] for key in ("told-das", "kindness", "share-of-it")] == ["category", "number", "number"]
    first = old.rows[0]
    assert first["told-das"] == "linear"
    assert first["kindness"] is None
    assert json.loads(first["inexact"])["kindness"] == {"value": str(10**40), "note": "large"}
    network = network_of_row(old.design, first).network
    assert np.array_equal(network.weights[0], rounded_network((2, 2, 2, 1), 0).weights[0])
    data = [network_of_row(old.design, row).data for row in old.rows]
    assert [one is not None for one in data].count(True) == 2  # of one network under two protocols


def test_a_file_whose_writer_was_stopped_is_read_up_to_there():
    assert len({(r["cell"], r["seed"]) for r in read_old_results(b"".join(LINES)[:-30]).rows}) == 7
    assert len({(r["cell"], r["seed"]) for r in read_old_results((OLD + gzip.compress(b"{"))[:-6]).rows}) == 8


def _changed(old: bytes, new: bytes, line: int = 1) -> bytes:
    assert old in LINES[line]
    return b"".join([*LINES[:line], LINES[line].replace(old, new), *LINES[line + 1 :]])


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "does not begin"),
        (b"{}\n", "is not of the format"),
        (LINES[0] + b"[]\n", "line 2 is no outcome"),
        (_changed(b'"seed":0', b'"seed":99'), "seed 99"),
        (_changed(b'"seed":0', b'"seed":"0"'), "line 2 is no outcome"),
        (_changed(b'"cell":"', b'"cell":"x'), "that the design does not have"),
        (_changed(b'"complete":[{', b'"complete":[[],{'), "line 2 is no outcome"),
        (_changed(b'"complete":[{', b'"mine":[{'), "that the design does not have"),
        (_changed(b'"circuits-valid":0', b'"circuits-valid":"0"'), "'circuits-valid', where others have DECIMAL"),
        (_changed(b'"told-das":"linear"', b'"told-das":1'), "'told-das', where others have VARCHAR"),
        (_changed(b'"told-das":', b'"weights":'), "line 2 is no outcome"),
        (_changed(b'"note":"large"', b'"note":1'), "line 2 is no outcome"),
        (_changed(b'"weights":"f4:', b'"weights":"f9:'), "line 2 is no outcome"),
        (_changed(b'"weights":"f4:', b'"weights":"f4:AAAA'), "line 2 is no outcome"),
        (_changed(b'"loss":0.005', b'"loss":NaN'), "line 2 is no outcome"),
        (_changed(b'"digest":"', b'"digest":"0', 0), "states the digest"),
        (_changed(b'"loss_target":[0.01]', b'"loss_target":[-1]', 0), "study design"),
        (OLD[:40] + b"\x00" * 40 + OLD[80:], "is damaged"),
    ],
)
def test_a_file_that_is_none_is_refused(raw, reason):
    with pytest.raises(InvalidStudy) as refusal:
        read_old_results(raw)
    assert reason in str(refusal.value)
