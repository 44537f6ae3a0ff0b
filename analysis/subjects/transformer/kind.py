"""Transformers as a kind of subject."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.model import FORMAT, read_attention
from pluriscope.analysis.subjects.transformer.space import ROLES

TRANSFORMER: Final = SubjectKind(
    key="attention",
    noun="transformer",
    plural="transformers",
    definition="A transformer of attention heads, perhaps with biases, MLP blocks and LayerNorm, read out at the last "
    "position. Its edges are what each head reads as query, key and value, what each MLP block reads, and what the "
    "logits read.",
    format=FORMAT,
    settings={"granularity": ("qkv", "heads", "nodes"), "ablation": ("zero", "mean"), "embedding": ("joined", "split")},
    read=read_attention,
    write=attention_document,
    traits=frozenset(("gates", "readings", "sites", "stream", "play", "edits")),
    roles=ROLES,
    counting="pluriscope.analysis.subjects.transformer.batched",
    inputs="t",
)
