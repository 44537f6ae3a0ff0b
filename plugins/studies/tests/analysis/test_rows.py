import json

import pytest

from plugins.studies.tests.study_factories import design, rows, values_at
from pluriscope.analysis.errors import InvalidNetwork
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.measures.measure import Measured
from pluriscope_studies.analysis.rows import columns_of, measured_of, network_of_row, rows_of


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
