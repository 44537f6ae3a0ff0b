"""Models of nnsight: the module that is wrapped, and the tokenizer of language models."""

from __future__ import annotations

from typing import Any

from pluriscope.live.packages import PackageModel


def opened(model: Any) -> PackageModel | None:
    """The module that is wrapped; None for what is no model of nnsight."""
    if not any(one.__module__.startswith("nnsight.") for one in type(model).__mro__):
        return None
    tokenizer = vars(model).get("tokenizer")
    if tokenizer is None:
        return PackageModel(model._module, "nnsight")
    return PackageModel(
        model._module,
        "nnsight",
        lambda text: list(tokenizer(text)["input_ids"]),
        lambda token: str(tokenizer.decode([token])),
    )
