"""Results under the kernels of other processors: what is compared, and that nothing differs under three of them."""

from __future__ import annotations

import pytest

from benchmarks import kernels


def test_files_that_differ_or_are_missing_are_named(tmp_path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, files in ((one, {"a": "1", "b": "2", "c": "3"}), (other, {"a": "1.0", "b": "2"})):
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.json").write_text(text)
    assert kernels.differences(one, one) == []
    assert kernels.differences(one, other) == ["a.json", "c.json"]


def test_a_variant_that_cannot_be_is_left_out() -> None:
    none = kernels.Variant("none", {}, frozenset({"no-such-feature"}))
    assert kernels.taken(none) == (False, "not on this processor: no no-such-feature")


@pytest.mark.slow
def test_results_are_equal_byte_for_byte_under_other_kernels(capsys) -> None:
    """Two small files with criteria and directions; the program itself writes all, under every variant."""
    wanted = ("OpenBLAS Haswell", "OpenBLAS Prescott", "NumPy baseline")
    chosen = [variant for variant in kernels.variants() if variant.name in wanted]
    assert len(chosen) == 3
    status = kernels.compare(chosen, few=True)
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert "nothing differs" in printed
    assert "  2 files" in printed  # at least one variant was written
