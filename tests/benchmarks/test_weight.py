"""What is installed for everybody, and how much room it takes."""

from benchmarks.weight import ROOTS, needed, weight


def test_what_only_tests_or_notebooks_need_is_not_installed_for_everybody():
    packages = needed(ROOTS)
    assert {"torch", "duckdb", "typst", "pluriscope-studies"} <= packages
    assert not {"pandas", "pyarrow", "statsmodels", "matplotlib", "pytest", "playwright"} & packages


def test_the_sum_is_that_of_the_rows_and_the_limit_is_kept():
    *rows, (_, together) = weight()
    assert abs(sum(size for _, size in rows) - together) < 1e-6
    assert dict(rows)["torch"] < together < 1_500
