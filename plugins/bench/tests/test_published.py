"""Published programs' answers that come with Pluriscope: of every network, and never taken for ours."""

from __future__ import annotations

import json

import duckdb
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope_bench.answers import Answers
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.summary import summary_of
from pluriscope_bench.methods import Limits
from pluriscope_bench.run import benched
from pluriscope_bench.suite_files import PUBLISHED, bundled, read_suite

SUITE = read_suite()
METADATA = dict(duckdb.sql(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{PUBLISHED}')").fetchall())  # noqa: S608
ANSWERS = json.loads(METADATA["answers"])
FEW = ["xor-3-relu-0", next(one.name for one in SUITE.networks if one.rules)]
LIMITS = Limits(60.0, 1 << 30, 1)


def test_they_are_of_the_bundled_suite_and_of_named_versions() -> None:
    assert METADATA["suite"] == SUITE.digest
    assert PUBLISHED.stat().st_size < 300_000
    assert {one["package"]["name"] for one in SUITE.published} == {"auto-circuit 1.0.1", "EAP-IG 62f83cd"}
    assert read_suite(bundled("public")).published == ()


@pytest.mark.parametrize("one", SUITE.published, ids=lambda one: one["name"])
def test_rows_are_of_every_network_and_give_what_they_come_to(one) -> None:
    own = [row for row in SUITE.published_answers if row["method"] == one["name"]]
    assert [row["network"] for row in own] == list(SUITE.by_name)
    assert {row["condition"] for row in own} == {PRIMARY.key}
    (again,) = summary_of(own)
    assert {**again, "package": one["package"]} == one


@pytest.mark.release
def test_beside_a_given_method_they_are_named_and_are_none_of_ours() -> None:
    answers = dict.fromkeys(SUITE.by_name)
    given = Answers(suite=SUITE.digest, name="mine", track="runs", answers={**answers, FEW[0]: {"mask": ["x0>1.0"]}})
    document = benched(SUITE, [given], limits=LIMITS)
    answer = {one["name"]: one for one in document["methods"]}
    assert {name for name, one in answer.items() if one["package"]} == {one["name"] for one in SUITE.published}
    assert all(one["difference"]["from"] not in ANSWERS for one in answer.values() if one["difference"])
    with pytest.raises(AnalysisError, match="has the name of another one"):
        benched(SUITE, [given.model_copy(update={"name": SUITE.published[0]["name"]})], limits=LIMITS)
