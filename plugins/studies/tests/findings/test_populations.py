"""Tests that what the tables of the findings count as right can be: no output is off by half in the mean."""

import duckdb
import pytest

from pluriscope_studies.pages.findings import FOLDER, manifest

pytestmark = pytest.mark.slow

SAID = "decides-right"
"""What a study measures whose networks are looked at before they are right."""
_QUERY = f"""
    SELECT seed, network FROM TABLE GROUP BY ALL
    HAVING bool_or(measure = 'converged' AND value = 'true')
        AND NOT coalesce(bool_or(measure = '{SAID}' AND value = 'false'), false)
        AND max(TRY_CAST(value AS DOUBLE)) FILTER (measure = 'mean_squared_error') >= 0.25
"""  # noqa: S608  our own


COUNTED = [slug for slug, one in manifest()["tables"].items() if {"seed", "network", "measure"} <= {*one["columns"]}]
"""Tables of studies; others have networks of the answer key, or measures that are no properties of a network."""


@pytest.mark.parametrize("slug", COUNTED)
def test_what_counts_is_not_off_by_half(slug):
    assert duckdb.execute(_QUERY.replace("TABLE", f"'{FOLDER / slug}.parquet'")).fetchall() == []
