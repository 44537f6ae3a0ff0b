"""Values ↔ columns and rows: what goes in comes out, and big integers sort as text."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import dialect

from pluriscope.analysis.questions.data import DataRecord, clean_data
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.app.db.codecs import data_of, network_of
from pluriscope.app.db.columns import SortableInteger, UtcDateTime
from pluriscope.app.db.records import save_data_record

DIALECT = dialect()
counts = st.one_of(st.integers(0, 10**30), st.integers(0, 10**300))


def stored(value: int) -> str:
    return SortableInteger().process_bind_param(value, DIALECT)


@pytest.mark.slow
@given(counts, counts)
def test_big_integers_come_back_and_sort_like_numbers(a, b):
    assert SortableInteger().process_result_value(stored(a), DIALECT) == a
    assert (stored(a) < stored(b)) == (a < b)


@pytest.mark.parametrize("value", [-1, 10**999])
def test_integers_that_cannot_be_stored_are_refused(value):
    with pytest.raises(ValueError, match="cannot be stored"):
        stored(value)


def test_times_keep_their_instant_and_need_a_zone():
    codec = UtcDateTime()
    there = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    back = codec.process_result_value(codec.process_bind_param(there, DIALECT).replace(tzinfo=None), DIALECT)
    assert (back, back.tzinfo) == (there, UTC)
    with pytest.raises(ValueError, match="zone"):
        codec.process_bind_param(datetime(2026, 1, 1), DIALECT)


@pytest.mark.slow
@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=5),
    activation=st.sampled_from(tuple(FAMILIES)),
    output_activation=st.sampled_from(tuple(FAMILIES)),
    seed=st.integers(0, 2**32),
)
def test_networks_come_back_from_their_bytes(sizes, activation, output_activation, seed):
    from pluriscope.app.db.codecs import parameters_to_bytes
    from pluriscope.app.db.tables import NetworkRow

    random = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    network = Network.from_arrays(
        [random.normal(size=shape) for shape in shapes],
        [random.normal(size=shape[0]) for shape in shapes],
        activation=activation,
        output_activation=output_activation,
    )
    row = NetworkRow(
        sizes=list(network.sizes),
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
        parameters=parameters_to_bytes(network),
    )
    assert network_of(row) == network


@pytest.mark.parametrize("n_rows", [4, 100])
def test_data_records_come_back(store, n_rows):
    random = np.random.default_rng(0)
    record = DataRecord(
        random.normal(size=(4, 2)),
        random.normal(size=(n_rows, 2)),
        random.integers(0, 2, (n_rows, 3)).astype(float),
        clean_data(2).representatives,
        "noisy",
    )
    with store.write() as session:
        back = data_of(save_data_record(session, record))
        assert save_data_record(session, clean_data(2)) is None
    assert (back.digest, back.description) == (record.digest, "noisy")
