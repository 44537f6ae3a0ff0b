"""What is installed for everybody, and how much room it takes."""

from benchmarks.weight import ROOTS, needed, weight


def test_what_only_tests_or_notebooks_need_is_not_installed_for_everybody():
    packages = needed(ROOTS)
    assert {"torch", "duckdb", "typst", "pluriscope-studies"} <= packages
    assert not {"pandas", "pyarrow", "statsmodels", "matplotlib", "pytest", "playwright"} & packages


def test_the_limit_is_kept():
    assert weight()[-1][1] < 1_500
