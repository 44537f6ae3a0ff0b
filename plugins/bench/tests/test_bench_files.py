"""Result files and answers in files: what is read of them, what is refused, and what two results say otherwise."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import duckdb
import pytest

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope_bench.answers import read_answers
from pluriscope_bench.result import differences, read_result, result_of, rows_csv

SUITE, OTHER = "a" * 64, "b" * 64
NETWORKS = ("xor-3-relu-0", "xor-3-relu-1")
TEXT = "def score(network, ablation, ask):\n    return dict.fromkeys(network.edges, 1)\n"
SOURCE = {"form": "method", "file": "mine.py", "text": TEXT, "sha256": sha256_hex(TEXT.encode())}


def result(**more: object) -> dict:
    row = {"method": "mine", "network": NETWORKS[0], "condition": "zero-threshold-strict", "regret": 0.25}
    return result_of(
        {
            "suite": SUITE,
            "limits": {"seconds": 60.0, "bytes": 1 << 30},
            "conditions": "primary",
            "methods": [{"name": "mine", "track": "gradients", "regret": {"mean": 0.25}, "source": SOURCE}],
            "rows": [row | {"answer": "1f", "message": "", "seconds": 1.5}],
        }
        | more
    )


def raw(document: dict, **changed: object) -> bytes:
    return json.dumps(document | changed).encode()


def of_method(**changed: object) -> list[dict]:
    return [{"name": "m", "track": "runs", "source": SOURCE | changed}]


def test_a_result_is_read_as_it_was_written_and_its_digest_is_not_of_seconds() -> None:
    one, slower = result(), result()
    assert read_result(raw(one), "r.json", SUITE) == one
    slower["rows"][0]["seconds"] = 99.0
    assert read_result(raw(slower), "r.json", SUITE)["digest"] == one["digest"]
    assert differences(one, slower) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"[]", "holds a list"),
        (raw(result(), format="pluriscope-result/1"), "format"),
        (raw({key: value for key, value in result().items() if key != "rows"}), "rows: field required"),
        (raw(result(), engine="0.0.1"), "was changed since it was written"),
        (raw(result(engine="0.0.1")), "was written by engine 0.0.1"),
        (raw(result(suite=OTHER)), f"give --suite the folder of suite {OTHER}"),
        (raw(result(methods=of_method(text="x"))), "another SHA-256"),
        (raw(result(methods=of_method(form="function"))), "never a file"),
        (raw(result(methods=of_method(file="a" * 256))), "source file"),
        (raw(result(methods=of_method() * 2)), "twice"),
        (raw(result(rows=result()["rows"] * 2)), "twice"),
        (raw(result(rows=[{"method": "mine", "network": NETWORKS[0]}])), "condition: field required"),
        (raw(result(limits={"seconds": 60.0, "bytes": 1 << 63})), "limits bytes"),
        (raw(result(), note="\ud800"), "half of a character"),
    ],
)
def test_what_is_no_whole_result_about_the_suite_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(AnalysisError) as refused:
        read_result(content, "r.json", SUITE)
    assert words.lower() in str(refused.value).lower()


ROW = ("mine", NETWORKS[0], "zero-threshold-strict")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda d: d["rows"][0].update(regret=0.5), {(*ROW, "regret"): (0.25, 0.5)}),
        (lambda d: d["rows"][0].update(regret=0.25 + 1e-13), {}),
        (lambda d: d["rows"][0].update(answer="1e"), {(*ROW, "answer"): ("1f", "1e")}),
        (lambda d: d["methods"][0]["regret"].update(mean=0.1), {("mine", "", "", "regret.mean"): (0.25, 0.1)}),
        (lambda d: d["methods"][0]["regret"].update(mean=10**400), {("mine", "", "", "regret.mean"): (0.25, 10**400)}),
        (lambda d: d["rows"][0].update(regret=True), {(*ROW, "regret"): (0.25, True)}),
        (lambda d: d["rows"][0].update(note=None), {(*ROW, "note"): (None, None)}),
        (lambda d: d["methods"][0].update(award={}), {("mine", "", "", "award"): (None, {})}),
        (
            lambda d: d["methods"][0].update({"regret": {"mean": 0.1}, "regret.mean": 0.25}),
            {("mine", "", "", "regret.mean"): (None, 0.25)},
        ),
        (
            lambda d: d["methods"].append({"name": "a"}),
            {("", "", "", "methods"): (["mine"], ["mine", "a"]), ("a", "", "", "name"): (None, "a")},
        ),
        (lambda d: d.update(primary="cmd"), {("", "", "", "primary"): ("regret", "cmd")}),
        (lambda d: d.update(digest="another"), {}),
    ],
)
def test_two_results_differ_by_method_network_condition_and_column(change, found: dict) -> None:
    one = result()
    other = deepcopy(one)
    change(other)
    assert differences(one, other) == found


def test_a_row_that_one_result_lacks_differs_in_every_value() -> None:
    one = result()
    lacks = differences(one, one | {"rows": []})
    assert {place[3] for place in lacks} == {*one["rows"][0]} - {"seconds"}
    assert {found for _, found in lacks.values()} == {None}


def test_rows_are_written_as_csv_under_the_digest() -> None:
    one = result()
    lines = "".join(rows_csv(one)).splitlines()
    assert one["digest"] in lines[1]
    assert lines[2:] == [
        "method,network,condition,regret,answer,message,seconds",
        f"mine,{NETWORKS[0]},zero-threshold-strict,0.25,1f,,1.5",
    ]


def parquet(folder: Path, rows: str, **about: str) -> bytes:
    path, listed = folder / "answers.parquet", ", ".join(f"{key}: '{value}'" for key, value in about.items())
    options = f", KV_METADATA {{{listed}}}" if listed else ""
    duckdb.sql(f"COPY ({rows}) TO '{path}' (FORMAT parquet{options})")
    return path.read_bytes()


def test_answers_are_read_from_both_forms(tmp_path: Path) -> None:
    rows = f"SELECT '{NETWORKS[0]}' AS network, unnest(['x0>1.0', '1.0>y0']) AS edge, unnest([2, 1]) AS score"
    about = {"suite": SUITE, "name": "mine", "track": "runs"}
    found = read_answers(parquet(tmp_path, rows, **about), "answers.parquet", SUITE, NETWORKS)
    given = about | {"answers": {NETWORKS[0]: {"x0>1.0": 2, "1.0>y0": 1}}}
    assert found == read_answers(json.dumps(given).encode(), "answers.json", SUITE, NETWORKS)
    bare = read_answers(parquet(tmp_path, rows), "folder/answers.parquet", SUITE, NETWORKS)
    assert (bare.name, bare.track) == ("answers", "validity")


GOOD = {"suite": SUITE, "name": "mine", "answers": {NETWORKS[0]: {}}}
EDGE = "SELECT 'xor-3-relu-0' AS network, 'x0>1.0' AS edge"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PAR1 no more", "cannot be read as Parquet"),
        (raw(GOOD, suite=OTHER), f"is about suite {OTHER[:12]}"),
        (raw({key: value for key, value in GOOD.items() if key != "suite"}), "suite: field required"),
        (raw(GOOD, name="a\nb"), "control character"),
        (raw(GOOD, track="all"), "track"),
        (raw(GOOD, answers={NETWORKS[0]: {"\ud800": 1}}), "half of a character"),
        (raw(GOOD, answers={}), "at least 1"),
        (raw(GOOD, answers={"xor-9": {}}), "networks that the suite does not have, such as 'xor-9'"),
        (raw(GOOD).replace(b"{}", b'{"x0>1.0": NaN}'), "holds NaN"),
        (raw(GOOD).replace(b"{}", b'{"x0>1.0": 1, "x0>1.0": 2}'), "twice in one object"),
        (EDGE, "has no column 'score'"),
        (f"{EDGE}, 'NaN'::DOUBLE AS score", "score nan"),
        (f"{EDGE}, 'high' AS score", "'high' to DOUBLE"),
        (f"{EDGE}, 1 AS score FROM range(2)", "is there twice"),
    ],
)
def test_answers_that_cannot_be_meant_are_refused_in_one_line(content, words: str, tmp_path: Path) -> None:
    content = content if isinstance(content, bytes) else parquet(tmp_path, content)
    with pytest.raises(AnalysisError) as refused:
        read_answers(content, "answers.json", SUITE, NETWORKS)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
