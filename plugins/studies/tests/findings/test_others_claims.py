"""What the chapter on claims of others measures, on small cases and beside the engine; and its rows, found again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, rankdata

from benchmarks import chapters, others_claims, trust
from benchmarks.others_claims import PARTS, Edges, apart, interval, jobs, null_of, outputs, packed
from pluriscope.tables.parquet import ParquetTable
from pluriscope_bench.suite_files import read_suite
from pluriscope_studies.pages import findings

TABLE = ParquetTable([findings.FOLDER / f"{others_claims.SLUG}.parquet"])


def test_the_most_circuits_that_share_nothing_are_found():
    bits = np.array([[edge in one for edge in range(7)] for one in [(1, 2, 4), (0, 1), (2, 3), (4, 5), (6,)]])
    assert packed(bits) == 4, "all but the first, which shares an edge with three"
    assert packed(bits[:2]) == 1


def test_masks_are_run_and_judged_as_the_engine_does():
    one = next(one for one in read_suite().networks if one.arm == "xor-4")
    edges, known, rng = Edges(one.question), trust.Known(one), np.random.default_rng(0)
    bits = rng.random((500, edges.n_units)) < rng.random((500, 1))
    pruned = edges.judge.all_pruned(known.numbers(bits))
    assert np.allclose(outputs(edges.network, bits, edges.judge.rows.inputs), edges.judge.outputs(pruned))
    assert (edges.valid(bits) == known.valid(bits)).all()
    allowed = known.bits(known.truth.masks[:1])[0]
    assert known.valid(edges.climbed(allowed, allowed)[None]).all()
    assert edges.climbed(allowed & False, allowed & False | (np.arange(edges.n_units) < 2)) is None, "two edges are few"


def test_the_interval_of_a_share_is_wilsons():
    assert interval([0] * 20) == pytest.approx([0, 0, 1.959964**2 / (20 + 1.959964**2)])


def test_networks_are_apart_by_the_areas_under_their_curves():
    scores, some = np.random.default_rng(0).integers(0, 9, (3, 20)), np.array([0, 3, 7, 8, 15])
    other = np.delete(np.arange(20), some)
    wanted = [abs(mannwhitneyu(one[some], one[other]).statistic / 75 - 0.5) for one in scores]
    assert apart(rankdata(scores, axis=1), some) == pytest.approx(wanted)
    assert null_of([0.1] * 990 + [0.3] * 9, 0.2) == ".10 (.10 to .10), p .010"


def test_the_chapter_has_the_tables_of_its_rows():
    rows = [dict(zip(TABLE.columns, row, strict=True)) for row in TABLE.ask("SELECT * FROM {rows}")]
    (chapter,) = (one for one in findings.record()["chapters"] if one["key"] == others_claims.SLUG)
    for table, texts in zip(others_claims.tables(rows), (3, 1), strict=True):
        assert chapters.markdown(table, texts) in chapter["text"]


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_rows_are_found_again(part):
    subjects = {getattr(one, "name", one): one for at, one in jobs() if at == part}
    ((key,),) = TABLE.ask("SELECT min(key) FROM {rows} WHERE part = ?", [part])
    again = {name: float(value) for name, value in PARTS[part](subjects[key]).items()}
    kept = dict(TABLE.ask("SELECT measure, value FROM {rows} WHERE part = ? AND key = ?", [part, key]))
    assert again == pytest.approx(kept, rel=1e-5, abs=1e-6)
