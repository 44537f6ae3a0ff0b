"""A run of a transformer that keeps all it computes, with any of it patched, and derivatives by any of it.

A site is written as people cite it, positions from 1 behind ``~``, all of them where there is none:

    x0 … xL       the residual stream before the first layer, and after each; x1.mid before the MLP block of layer 1
    2.0.q         queries of head 2.0, likewise k and v; 2.0.a its attention pattern, of which a position is a row
    2.0, 2.mlp    what a head or an MLP block adds to the stream
    1.0-2.1.q     one edge: what head 1.0 gives head 2.1 to make its queries of, and nobody else; likewise x-2.1.q,
                  1.0-2.mlp, 1.0-logits

Vig et al., NeurIPS 2020 (arXiv:2004.12265); sites as in TransformerLens; edges as in Wang et al., ICLR 2023
(arXiv:2211.00593) and Goldowsky-Dill et al. 2023 (arXiv:2304.05969).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.chances import divergence, log_softmax
from pluriscope.analysis.subjects.transformer.heads import Array, attention, inner_slopes, mixed
from pluriscope.analysis.subjects.transformer.weights import Transformer

MILLISECONDS: Final = 1.5e-6
"""About how long one multiplication takes."""
METRICS: Final = ("logit-difference", "probability", "kl")
Metric = Literal["logit-difference", "probability", "kl"]
SLOTS: Final = ("q", "k", "v")
_NUMBERS: Final = 1 << 21  # that a run keeps at once
_SITE: Final = re.compile(r"(?P<name>[a-z0-9.-]{1,40})(?:~(?P<at>[1-9][0-9]?))?")


@dataclass(frozen=True)
class Site:
    """A site: a value that a transformer computes and that can be patched.

    Args:
        name: without the position, see the head of this module.
        at: position from 0; None for all.
    """

    name: str
    at: int | None = None

    def __str__(self) -> str:
        return self.name if self.at is None else f"{self.name}~{self.at + 1}"

    @property
    def part(self) -> str:
        """The part of a circuit that it belongs to: a head, an MLP block, one of their slots, an edge; "" of the
        stream.
        """
        return "" if self.name.startswith("x") and "-" not in self.name else self.name.removesuffix(".a")


def site_names(model: Transformer) -> list[str]:
    """Every site of a model without its position, edges aside, in the order in which they are computed."""
    found = ["x0"]
    for layer in range(1, len(model.layers) + 1):
        heads = [f"{layer}.{head}" for head in range(model.n_heads)]
        found += [f"{head}.{slot}" for head in heads for slot in (*SLOTS, "a")] + heads
        found += [f"x{layer}.mid", f"{layer}.mlp"] if model.blocks.mlps else []
        found.append(f"x{layer}")
    return found


def edge_names(model: Transformer) -> list[str]:
    """Every edge, ``SOURCE-READER`` or ``SOURCE-HEAD.SLOT``, in the order of readers."""
    sources, found = ["x"], []
    for layer in range(1, len(model.layers) + 1):
        heads = [f"{layer}.{head}" for head in range(model.n_heads)]
        found += [f"{source}-{head}.{slot}" for head in heads for slot in SLOTS for source in sources]
        sources += heads
        if model.blocks.mlps:
            found += [f"{source}-{layer}.mlp" for source in sources]
            sources.append(f"{layer}.mlp")
    return found + [f"{source}-logits" for source in sources]


def read_site(model: Transformer, text: str) -> Site:
    """The site of a text.

    Raises:
        InvalidIntervention: it cannot be read, the model has no such site, or its rows no such position.
    """
    item, shape, context = f"site {text[:40]!r}", _SITE.fullmatch(text), model.tokens.shape[1]
    if shape is None:
        raise InvalidIntervention(item, "cannot be read", "write a site such as x1, 2.0.q, 2.0~3 or 1.0-2.0.k")
    name, at = shape["name"], shape["at"]
    known = edge_names(model) if "-" in name else site_names(model)
    if name not in known:
        layers = len(model.layers)
        size = f"{layers} layer{'s' if layers > 1 else ''} of {model.n_heads} head{'s' if model.n_heads > 1 else ''}"
        raise InvalidIntervention(item, f"is not there: the model has {size}", f"use one such as {known[-1]}")
    if at is not None and int(at) > context:
        raise InvalidIntervention(item, f"is beyond the {context} positions of a row", f"use ~1 to ~{context}")
    return Site(name, None if at is None else int(at) - 1)


@dataclass(frozen=True, eq=False)
class Run:
    """A run: all that a transformer computes on some rows.

    Args:
        values: by site without position: ``[rows, context, …]``.
        logits: ``[rows, vocabulary]`` at the last position.
    """

    values: Mapping[str, Array]
    logits: Array


Patch = tuple[Site, Array]
"""A site, and what is written there: values of all positions, of which those of the site are taken."""


def run(
    model: Transformer, tokens: NDArray[np.int64], patches: Sequence[Patch] = (), start: Array | None = None
) -> Run:
    """Run the whole model.

    Args:
        model: whose rows need not be those that are run.
        tokens: ``[rows, context]``.
        patches: what is written where; of an edge what its source gives.
        start: ``[rows, context, d_model]`` the stream before the first layer instead of that of the tokens.
    """
    blocks, found = model.blocks, dict[str, Array]()
    by_site: dict[str, list[tuple[int | None, Array]]] = {}
    for site, values in patches:
        by_site.setdefault(site.name, []).append((site.at, values))

    def answer(name: str, values: Array) -> Array:
        for at, given in by_site.get(name, ()):
            where = slice(None) if at is None else slice(at, at + 1)
            values = values.copy()
            values[:, where] = given[:, where]
        found[name] = values
        return values

    def read(stream: Array, reader: str) -> Array:
        """Return the stream that a reader sees: with edges patched, what their sources give it instead."""
        for name, some in by_site.items():
            source, _, target = name.partition("-")
            for at, given in some if target == reader else ():
                where = slice(None) if at is None else slice(at, at + 1)
                stream = stream.copy()
                stream[:, where] += given[:, where] - found["x0" if source == "x" else source][:, where]
        return blocks.normalised(stream)

    if start is None:
        start = model.embedding[tokens] + (0.0 if model.positions is None else model.positions)
    x = answer("x0", start)
    for layer in range(1, len(model.layers) + 1):
        # heads of a layer read the same stream, and what they give is added in their order
        biases, total = blocks.biases[layer - 1] if blocks.biases else None, x
        for head, (*reads, output) in enumerate(model.by_head[layer - 1]):
            name = f"{layer}.{head}"
            q, k, v = (
                answer(
                    f"{name}.{slot}",
                    inner(read(x, f"{name}.{slot}"), matrix.T) + (0.0 if biases is None else biases[at][head]),
                )
                for at, (slot, matrix) in enumerate(zip(SLOTS, reads, strict=True))
            )
            shares = answer(f"{name}.a", attention(q[None], k[None])[0])
            total = total + answer(name, inner(mixed(shares[None], v[None])[0], output.T))
        x = total if biases is None else total + biases[3]
        if blocks.mlps:
            x = answer(f"x{layer}.mid", x)
            x = x + answer(f"{layer}.mlp", blocks.mlp(layer, read(x, f"{layer}.mlp")))
        x = answer(f"x{layer}", x)
    return Run(found, unembedded(model, read(x, "logits")[:, -1]))


def on_all_rows(model: Transformer, wanted: Callable[[str], bool]) -> dict[str, Array]:
    """Some sites on all rows of the task, ``[rows, context, …]``, by runs of some rows at a time.

    Args:
        model: that is run.
        wanted: name of a site → whether it is kept.
    """
    found: dict[str, list[Array]] = {}
    for tokens in in_portions(model, model.tokens):
        for name, values in run(model, tokens).values.items():
            if wanted(name):
                found.setdefault(name, []).append(values)
    return {name: np.concatenate(some) for name, some in found.items()}


def in_portions(model: Transformer, rows: NDArray[Any]) -> list[NDArray[Any]]:
    """Rows, or what there is of each, in as many parts as keep what a run computes in memory."""
    context, (heads, d_model, d_head) = model.tokens.shape[1], model.layers[0][0].shape
    per_row = context * len(model.layers) * (heads * (3 * d_head + d_model + context) + 3 * d_model)
    size = max(1, _NUMBERS // per_row)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def unembedded(model: Transformer, seen: Array) -> Array:
    """Logits ``[…, vocabulary]`` of what the unembedding sees, ``[…, d_model]`` and normalised."""
    logits, bias = inner(seen, model.unembedding.T), model.blocks.unembedding_bias
    return logits if bias is None else np.asarray(logits + bias)


def slopes(model: Transformer, of: Run, by_logits: Array) -> dict[str, Array]:
    """Derivatives by every site, edges aside, ``[rows, context, …]`` each.

    Args:
        model: that was run without patches.
        of: the run.
        by_logits: derivatives by the logits, ``[rows, vocabulary]``.
    """
    blocks, values, found = model.blocks, of.values, dict[str, Array]()

    def unread(stream: Array, by_seen: Array) -> Array:
        return by_seen if blocks.epsilon is None else blocks.normalised_slopes(stream, by_seen)

    by_seen = np.zeros_like(values["x0"])
    by_seen[:, -1] = inner(by_logits, model.unembedding)
    later = unread(values[f"x{len(model.layers)}"], by_seen)
    for layer in range(len(model.layers), 0, -1):
        found[f"x{layer}"] = later
        if blocks.mlps:
            found[f"{layer}.mlp"], stream = later, values[f"x{layer}.mid"]
            later = later + unread(stream, blocks.mlp_slopes(layer, blocks.normalised(stream), later))
            found[f"x{layer}.mid"] = later
        by_seen = np.zeros_like(later)
        for head, (query, key, value, output) in enumerate(model.by_head[layer - 1]):
            name = f"{layer}.{head}"
            found[name] = later
            q, k, v = (values[f"{name}.{slot}"] for slot in SLOTS)
            by_q, by_k, by_v, by_shares = inner_slopes(values[f"{name}.a"], q, k, v, inner(later, output))
            found |= {f"{name}.q": by_q, f"{name}.k": by_k, f"{name}.v": by_v, f"{name}.a": by_shares}
            by_seen = by_seen + inner(by_q, query) + inner(by_k, key) + inner(by_v, value)
        later = later + unread(values[f"x{layer - 1}"], by_seen)
    found["x0"] = later
    return found


# --- pairs of rows, and what is measured on them


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of a task, each with one that is answered otherwise and differs from it in fewest tokens.

    Args:
        clean: numbers of rows ``[pairs]``.
        corrupt: of their partners.
        of: how many rows have one.
    """

    clean: NDArray[np.intp]
    corrupt: NDArray[np.intp]
    of: int


def pairs_of(model: Transformer, most: int) -> Pairs:
    """Evenly spread rows with their partners; of several partners the first; none where all answers are the same.

    Args:
        most: so many pairs.
    """
    n = len(model.answers) if len(set(model.answers.tolist())) > 1 else 0
    clean = np.unique(np.arange(min(n, most)) * n // max(1, min(n, most)))
    return Pairs(clean, np.array([partner_of(model, row) for row in clean.tolist()], dtype=np.intp), n)


def partner_of(model: Transformer, row: int) -> int:
    """The row that is answered otherwise and differs in fewest tokens, the first of several; of none the row itself."""
    apart = (model.tokens != model.tokens[row]).sum(axis=1)
    others = model.answers != model.answers[row]
    return int(np.where(others, apart, model.tokens.shape[1] + 1).argmin()) if others.any() else row


def measured(metric: Metric, logits: Array, whole: Array, wanted: NDArray[np.int64], other: NDArray[np.int64]) -> Array:
    """Compute a metric, larger where the wanted token is predicted, ``[rows]``.

    Args:
        metric: the wanted logit less the other's; the wanted token's probability; or minus the divergence, in nats, of
            the whole model's distribution from this one.
        logits: ``[rows, vocabulary]``.
        whole: likewise, of the whole model on the rows whose answers are wanted.
        wanted: tokens ``[rows]``.
        other: likewise.
    """
    rows = np.arange(len(logits))
    if metric == "logit-difference":
        return np.asarray(logits[rows, wanted] - logits[rows, other])
    if metric == "probability":
        return np.asarray(np.exp(log_softmax(logits)[rows, wanted]))
    return np.asarray(-divergence(whole, logits[None])[0])


def metric_slopes(
    metric: Metric, logits: Array, whole: Array, wanted: NDArray[np.int64], other: NDArray[np.int64]
) -> Array:
    """Derivatives of :func:`measured` by the logits, ``[rows, vocabulary]``."""
    rows, given = np.arange(len(logits)), np.exp(log_softmax(logits))
    found = np.zeros_like(logits)
    if metric == "logit-difference":
        found[rows, wanted] += 1.0
        found[rows, other] -= 1.0
        return found
    if metric == "probability":
        found[rows, wanted] = 1.0
        return np.asarray(given[rows, wanted, None] * (found - given))
    return np.asarray(np.exp(log_softmax(whole)) - given)
