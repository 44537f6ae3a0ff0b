"""Results under the kernels of other processors: what is compared, and that nothing differs under four of them."""

from __future__ import annotations

import pytest

from benchmarks import kernels


@pytest.mark.slow
def test_results_are_equal_byte_for_byte_under_other_kernels(capsys) -> None:
    """Three small files with criteria and directions; the program itself writes all, under every variant."""
    wanted = ("OpenBLAS Haswell", "OpenBLAS Prescott", "NumPy baseline", "Numba generic")
    chosen = [variant for variant in kernels.variants() if variant.name in wanted]
    assert len(chosen) == 4
    status = kernels.compare(chosen, few=True)
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert "nothing differs" in printed
    assert "  3 files" in printed  # at least one variant was written
