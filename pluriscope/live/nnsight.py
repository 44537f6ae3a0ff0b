"""Models of nnsight: the module that is wrapped, with its edits, and the tokenizer of language models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pluriscope.live.packages import PackageModel


def opened(model: Any) -> PackageModel | None:
    """The module that is wrapped, or one that runs it with the edits of ``edit()``; None for no model of nnsight."""
    if not any(one.__module__.startswith("nnsight.") for one in type(model).__mro__):
        return None
    # where edits are kept has no public name: a version without this one is run as one with edits
    edited = bool(vars(model).get("_edits", True))
    found = PackageModel(_edited(model) if edited else model._module, "nnsight", edited=edited)
    tokenizer = vars(model).get("tokenizer")
    if tokenizer is None:
        return found
    return replace(
        found,
        token_ids=lambda text: list(tokenizer(text)["input_ids"]),
        token_text=lambda token: str(tokenizer.decode([token])),
    )


def _edited(model: Any) -> Any:
    """A module that answers as a trace of the model does, which alone makes its edits."""
    from torch import nn  # which nnsight loads

    class Edited(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = model._module

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            with model.trace(*args, **kwargs):
                answer = model.output.save()
            return answer  # noqa: RET504  # behind the block, which nnsight runs elsewhere

    return Edited()
