"""Results under the kernels of other processors: what is compared, and that nothing differs under three of them."""

from __future__ import annotations

import json

import pytest

from benchmarks import kernels


def written(folder, **documents):
    folder.mkdir()
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_a_difference_is_named_by_file_and_field(tmp_path) -> None:
    one = written(tmp_path / "one", a={"x": [1, {"id": "ab"}]}, b={"y": 0.1}, c={})
    other = written(tmp_path / "other", a={"x": [1, {"id": "cd"}]}, b={"y": 0.1})
    assert kernels.differences(one, one) == []
    assert kernels.differences(one, other) == [
        "a.json: 1 fields, first /x[1]/id: 'ab' and 'cd'",
        "c.json: only in one",
    ]
    assert kernels.differences(written(tmp_path / "whole", n={"n": 1}), written(tmp_path / "real", n={"n": 1.0}))


def test_a_variant_that_cannot_be_is_left_out() -> None:
    none = kernels.Variant("none", {}, frozenset({"no-such-feature"}))
    assert kernels.taken(none) == (False, "not on this processor: no no-such-feature")


@pytest.mark.slow
def test_a_variant_that_is_not_taken_is_left_out_with_the_reason() -> None:
    can, says = kernels.taken(kernels.Variant("hash", {"PYTHONHASHSEED": "1"}, expects={"hash": ["0"]}))
    assert not can
    assert says.startswith("took no effect: hash is ")


@pytest.mark.slow
def test_results_are_equal_byte_for_byte_under_other_kernels(capsys) -> None:
    """Two small files with criteria and directions; the program itself writes all, under every variant."""
    wanted = ("OpenBLAS Haswell", "OpenBLAS Prescott", "NumPy baseline")
    chosen = [variant for variant in kernels.variants() if variant.name in wanted]
    assert len(chosen) == 3
    status = kernels.compare(chosen, "none", few=True)
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert "nothing differs" in printed
    assert " of 1  " in printed  # at least one variant was written
