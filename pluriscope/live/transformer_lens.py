"""Models of TransformerLens: bridges of versions 3 and 4, ``HookedTransformer`` of versions 2 and 3."""

from __future__ import annotations

from typing import Any

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.live.packages import PackageModel


def opened(model: Any) -> PackageModel | None:
    """A model that makes tokens of texts itself; None for what is no model of TransformerLens.

    Raises:
        InvalidNetwork: autoencoders of SAELens stand in its place of activations.
    """
    if not any(one.__module__.startswith("transformer_lens.") for one in type(model).__mro__):
        return None
    if not hasattr(model, "to_tokens"):
        return None
    for path in getattr(model, "acts_to_saes", ()):
        cause = "is replaced by an autoencoder of SAELens, which is no part of a transformer"
        raise InvalidNetwork(f"activation {path}", cause, "call model.reset_saes() first")
    tokenizer = model.tokenizer
    if tokenizer is None:
        return PackageModel(model, "transformer_lens")
    return PackageModel(
        model,
        "transformer_lens",
        lambda text: [int(one) for one in model.to_tokens(text)[0]],
        lambda token: str(tokenizer.decode([token])),
    )
