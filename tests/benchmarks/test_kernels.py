"""Results under the kernels of other processors: what is compared, and that nothing differs under some of them."""

from __future__ import annotations

import pytest

from benchmarks import kernels


@pytest.mark.slow
def test_results_are_equal_byte_for_byte_under_other_kernels(capsys) -> None:
    """Seven small files: criteria, directions, a map, truths and answers of a suite; the program itself writes all."""
    wanted = (
        "OpenBLAS Haswell",
        "OpenBLAS Prescott",
        "NumPy baseline",
        "Numba generic",
        "torch default",
        "MKL compatible",
    )
    chosen = [variant for variant in kernels.variants() if variant.name in wanted]
    assert len(chosen) == len(wanted)
    status = kernels.compare(chosen, few=True)
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert "nothing differs" in printed
    assert "  7 files" in printed  # at least one variant was written
