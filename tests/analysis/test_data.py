import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pluriscope.analysis.errors import InvalidData
from pluriscope.analysis.questions.data import (
    DATA_FORMAT,
    DataRecord,
    clean_data,
    data_file_json,
    noisy_data,
    parse_data_file,
)
from tests.golden_files import golden_data

CLEAN = [[0, 0], [0, 1], [1, 0], [1, 1]]


def document(**changes):
    return {"format": DATA_FORMAT, "representatives": CLEAN} | changes


def blob(values, dtype="<f4", **changes):
    array = np.array(values, dtype=dtype)
    return {"dtype": dtype, "shape": list(array.shape), "base64": base64.b64encode(array.tobytes()).decode()} | changes


def parse(content, n_inputs=2, n_outputs=1):
    return parse_data_file(json.dumps(content).encode(), n_inputs, n_outputs)


def test_the_clean_inputs_are_the_default_record():
    assert parse(document()).is_clean
    assert parse(document(representatives=blob(CLEAN))).digest == clean_data(2).digest
    assert not parse(document(interchange_rows=CLEAN)).is_clean


def test_the_digest_of_the_default_record_never_changes():
    assert clean_data(2).digest == "d2dd3f3543112daffb7c5fa4f205cb610a5b85cfa3df9f323c5f9bedf196aed7"


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("name", ["xor_noise_3-3", "xor_pretrained_notebook"])
def test_noisy_records_survive_their_file(name, compact):
    record = golden_data(name)
    content = data_file_json(record, compact=compact)
    again = parse(content)
    assert (again.digest, again.description) == (record.digest, record.description)
    assert isinstance(content["validation_inputs"], dict) == compact


@pytest.mark.slow
@given(st.lists(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=2), min_size=40, max_size=40))
def test_any_record_survives_its_file_bit_for_bit(rows):
    inputs = np.array(rows)
    record = DataRecord(np.array(CLEAN, dtype=float), inputs, (inputs[:, :1] > 0).astype(float))
    again = parse(data_file_json(record))
    assert np.array_equal(again.validation_inputs, inputs)
    assert again.digest == record.digest


TWO_ROWS = [[0.1, 0.2], [0.3, 0.4]]
BAD = {
    "wrong format": (document(format="pluriscope-network/1"), "not the format"),
    "no representatives": ({"format": DATA_FORMAT}, "lacks representatives"),
    "null representatives": (document(representatives=None), "is null"),
    "unknown key": (document(rows=[]), "unknown keys"),
    "too few rows": (document(representatives=CLEAN[:3]), "has shape [3, 2], not [4, 2]"),
    "interchange rows": (document(interchange_rows=CLEAN[:1]), "interchange_rows: has shape [1, 2]"),
    "ragged": (document(representatives=[[0, 0], [0], [1, 0], [1, 1]]), "rows of different lengths"),
    "text": (document(representatives=[["0", "0"]] * 4), "holds a text"),
    "validation columns": (document(validation_inputs=[[1.0]]), "1] for a network with 2 inputs"),
    "labels missing": (document(validation_inputs=TWO_ROWS), "validation_labels: is missing"),
    "labels for other outputs": (
        document(validation_inputs=TWO_ROWS, validation_labels=[[1, 0], [0, 1]]),
        "has shape [2, 2], not [2, 1]",
    ),
    "labels not 0 or 1": (document(validation_labels=[[0], [1], [1], [0.5]]), "other than 0 and 1"),
    "dtype": (document(representatives=blob(CLEAN, dtype="<i4")), "another dtype"),
    "shape": (document(representatives=blob(CLEAN, shape=[8])), "another dtype, shape"),
    "negative shape": (document(representatives=blob(CLEAN, shape=[-4, -2])), "another dtype, shape"),
    "shape beyond the content": (document(representatives=blob(CLEAN, shape=[10**9, 2])), "has 32 bytes"),
    "no base64": (document(representatives=blob(CLEAN, base64="§")), "is not base64"),
    "blob without shape": (document(representatives={"dtype": "<f4", "base64": ""}), "lacks shape"),
    "NaN in a blob": (document(representatives=blob([[0, np.nan]] * 4)), "holds NaN"),
    "description": (document(description="a\nb"), "U+000A"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD.keys())
def test_bad_records_are_refused(content, said):
    with pytest.raises(InvalidData) as refusal:
        parse(content)
    assert said in str(refusal.value)


def test_every_problem_is_named_at_once():
    with pytest.raises(InvalidData) as refusal:
        parse(document(representatives=CLEAN[:2], interchange_rows="x", surplus=1))
    assert all(said in str(refusal.value) for said in ("surplus", "interchange_rows", "[2, 2], not [4, 2]"))


def noisy(seed=3, **changes):
    answer = {"truth_table": (0, 1, 1, 0), "n_outputs": 2, "deviation": 0.1, "cut": True} | changes
    return noisy_data(stream=np.random.Generator(np.random.PCG64(seed)), **answer)


def test_noisy_rows_are_the_drawn_inputs_with_noise_and_their_labels():
    record = noisy()
    assert record.validation_inputs.shape == (10_000, 2)
    assert record.validation_labels.shape == (10_000, 2)
    nearest = np.rint(record.validation_inputs)
    assert np.array_equal(record.validation_labels[:, 1], nearest[:, 0] != nearest[:, 1])
    assert all(np.ptp(run, axis=0).max() == 0 for run in np.split(nearest, 200))  # each draw is repeated 50 times
    assert 0.098 < np.std(record.validation_inputs - nearest) < 0.102
    assert np.array_equal(record.validation_inputs, record.validation_inputs.astype(np.float32))
    assert record.digest == noisy().digest
    assert record.clean_rows.tolist() == CLEAN


def test_interpretations_read_the_last_row_that_is_cut_to_each_input():
    stream = np.random.Generator(np.random.PCG64(3))
    stream.integers(4, size=200), stream.standard_normal((10_000, 2))
    drawn = np.repeat(stream.integers(4, size=40), 10)
    rows = np.array(CLEAN)[drawn] + 0.1 * stream.standard_normal((400, 2))
    last = {tuple(int(value) for value in row): row for row in rows.tolist()}  # int() cuts towards zero
    record = noisy()
    assert np.allclose(record.representatives, [last[tuple(row)] for row in CLEAN], rtol=0, atol=1e-6)
    assert not np.array_equal(np.rint(record.representatives), CLEAN)  # 0.95 is cut to 0
    assert noisy(cut=False).representatives.tolist() == CLEAN


def test_rows_that_are_cut_to_no_input_are_refused():
    with pytest.raises(InvalidData, match="are cut to numbers other than 0 and 1"):
        noisy(deviation=1.0)
    with pytest.raises(InvalidData, match="leave a Boolean input without a row"):
        noisy(truth_table=(0,) * 64, deviation=0.01, seed=1)
