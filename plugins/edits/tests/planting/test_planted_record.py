"""Tests of planted algorithms in network files: read back as written, and refused where they are wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.errors import AnalysisError, InvalidPlanting
from pluriscope.analysis.network_files.files import network_file_json, parse_network_file
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.planted.record import planted_json, read_planted
from pluriscope_edits.planting.compiling import compile_algorithm
from pluriscope_edits.planting.disguises import disguised
from pluriscope_edits.planting.planted import Planted

SIZES = (2, 3, 3, 1)


def planted() -> Planted:
    found = compile_algorithm(parse_algorithm("!(!(!A&B)&!(!B&A))", "and_inverter", 2), SIZES[1:-1])
    return disguised(found, "noise=0.01", seed=3)


def record() -> dict[str, Any]:
    return planted_json(planted().record)


def test_a_planted_network_survives_its_file() -> None:
    before = disguised(planted(), "noise=0.01", 5)
    raw = json.dumps(network_file_json(before.file())).encode()
    after = parse_network_file(raw)
    assert after.network == before.network
    assert after.planted == before.record
    assert read_any(raw).planted == before.record
    assert after.planted.circuit == before.record.circuit
    assert [made.text for made in after.planted.made][-1] == "noise (amount 0.01, seed 5)"


def test_a_record_is_no_part_of_the_identity() -> None:
    document = network_file_json(planted().file())
    del document["planted"]
    assert parse_network_file(json.dumps(document).encode()).network.digest == planted().network.digest


def change(**changes: Any) -> dict[str, Any]:
    return {**record(), **changes}


def unit(number: int, **changes: Any) -> dict[str, Any]:
    units = record()["units"]
    units[number] = {**units[number], **changes}
    return change(units=units)


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ([], "planted: input should be a valid dictionary"),
        ({}, "has 5 problems: .* planted output field required"),
        (change(more=1), "planted more: extra inputs are not permitted"),
        (change(algorithm="A&B"), r"is not in canonical order: \(A&B\)"),
        (change(form="prose"), "planted form: input should be"),
        (change(units={}), "planted units: input should be a valid list"),
        (change(units=[1, 2, 3]), r"planted units\[0\] input should be a valid dictionary"),
        (unit(0, layer=3), "is in no hidden layer"),
        (unit(0, layer=True), r"planted units\[0\] layer: input should be a valid integer"),
        (unit(0, neurons=[3]), "has no neurons of layer 1"),
        (unit(0, neurons=[1, 0]), "has no neurons of layer 1"),
        (unit(0, neurons=record()["units"][1]["neurons"]), "shares a neuron"),
        (unit(0, reads=[]), r"planted units\[0\] reads: list should have at least 1 item"),
        (unit(0, reads=["7", "0"]), "name no unit before it"),
        (unit(0, reads=[0, 1]), r"reads\[1\] input should be a valid string"),
        (unit(2, reads=["0", "1"]), "name unit 0, which is not in layer 1"),
        (unit(0, reads=["0", "1"]), "compute another function than variable 0"),
        (unit(0, path="00"), "have not the paths 0, 1"),
        (change(output="4"), "is another function than the algorithm's"),
        (change(made="by hand"), "planted made: input should be a valid list"),
        (change(made=[{"step": "Make It"}]), r"made\[0\] step: string should match pattern"),
        (change(made=[{"step": "noise", "amount": [1]}]), r"made\[0\] amount"),
    ],
)
def test_wrong_records_are_refused(value: Any, cause: str) -> None:
    with pytest.raises(InvalidPlanting, match=cause):
        read_planted(value, SIZES)


def test_a_record_of_several_outputs_or_of_another_task_is_refused() -> None:
    with pytest.raises(InvalidPlanting, match="of 2 outputs"):
        read_planted(record(), (2, 3, 3, 2))
    document = network_file_json(planted().file())
    document["tasks"] = [{"name": "AND", "truth_table": [0, 0, 0, 1]}]
    with pytest.raises(AnalysisError, match="computes another task"):
        parse_network_file(json.dumps(document).encode())
