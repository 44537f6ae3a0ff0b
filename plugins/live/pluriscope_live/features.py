"""Features of dictionaries as units: an autoencoder's or transcoder's, with its error always kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.errors import InvalidOption
from pluriscope_live.hooks import State, on_input, on_output, replaced_rows
from pluriscope_live.memory import is_full
from pluriscope_live.units import Unit


@dataclass(frozen=True, eq=False)
class Dictionary:
    """A dictionary at the output of a module.

    Args:
        name: as units name it: "0.mlp" in "0.mlp/7".
        path: of the module whose output its features are parts of.
        source: of the module whose input it encodes, as a transcoder does; "" for the output itself.
        encode: from values to features.
        decode: from features to values.
    """

    name: str
    path: str
    source: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def read_dictionaries(given: Any, path_of: Callable[[str], str]) -> dict[str, Dictionary]:
    """Dictionaries by their names.

    Args:
        given: an object with ``encode`` and ``decode``, or ``W_dec``, for each name of a module or MLP; of a transcoder
            a pair of the module whose input it reads and the object.
        path_of: path of the module of a name.

    Raises:
        InvalidOption: it is no mapping, or an object cannot encode or decode.
    """
    if not isinstance(given, Mapping):
        raise InvalidOption("dictionary", f"is of type {type(given).__name__}", "give {'0.mlp': autoencoder, …}")
    found = {}
    for name, value in given.items():
        source, one = value if isinstance(value, tuple) else ("", value)
        encode, decode = getattr(one, "encode", None), getattr(one, "decode", None)
        if decode is None and hasattr(one, "W_dec"):
            decode = partial(torch.matmul, other=one.W_dec)
        if not callable(encode) or not callable(decode):
            cure = "give an autoencoder or transcoder with both"
            raise InvalidOption(f"dictionary {name!r}", "has no encode and decode", cure)
        encode, decode = (partial(_run, name, function) for function in (encode, decode))
        found[name] = Dictionary(name, path_of(name), path_of(source) if source else "", encode, decode)
    return found


def _run(name: str, function: Callable[[Any], Any], value: Any) -> Any:
    """What a dictionary makes of values.

    Raises:
        InvalidNetwork: it fails, though the device is not full.
    """
    try:
        return function(value)
    except Exception as problem:
        if is_full(problem):
            raise
        cause = f"fails on values of the shape {tuple(value.shape)} ({type(problem).__name__}: {problem})"[:240]
        cure = "let encode take what its module gives, and decode what encode gave just before"
        raise InvalidNetwork(f"dictionary {name!r}", cause, cure) from problem


class FeatureAblator:
    """Ablates features: what an ablated one adds is taken from the output of its module, and the rest of that stays.

    Args:
        dictionaries: by name.
        units: in the order of masks.
    """

    def __init__(self, dictionaries: Mapping[str, Dictionary], units: Sequence[Unit]) -> None:
        self.absent: dict[Any, Any] = {}
        self._of: dict[str, tuple[Dictionary, list[int], list[int]]] = {}
        self._names: dict[str, list[str]] = {}
        for number, unit in enumerate(units):
            if unit.kind == "feature":
                name, _, feature = unit.name.rpartition("/")
                _, places, features = self._of.setdefault(name, (dictionaries[name], [], []))
                places.append(number)
                features.append(int(feature))
                self._names.setdefault(name, []).append(unit.name)

    def names(self, key: str) -> list[tuple[str, Any]]:
        """Names of features of a dictionary that are units."""
        return [(name, slice(at, at + 1)) for at, name in enumerate(self._names[key])]

    def watch(self, module: Any, seen: Callable[[Any, Any], None]) -> Iterator[Any]:
        """Put hooks on a module that pass on how strong features are; gives their handles."""

        def look(name: str, value: Any, strong: Any) -> Any:
            seen(name, strong[..., self._of[name][2]])
            return value

        state = State()
        for name in self._of:
            yield from self._hooked(module, name, state, partial(look, name))

    def explained(self, module: Any, run: Callable[[], object], tokens: Any) -> dict[str, float]:
        """By dictionary, the share of its module's variance that its features make; the rest is always kept.

        Args:
            run: runs the model on all rows.
            tokens: ``[rows, positions]`` which positions of rows are no padding; None for all.
        """
        seen: dict[str, tuple[list[Any], list[Any]]] = {name: ([], []) for name in self._of}

        def look(name: str, value: Any, strong: Any) -> Any:
            for to, one in zip(seen[name], (value, self._of[name][0].decode(strong)), strict=True):
                to.append(one.clone())
            return value

        with ExitStack() as stack:
            for name in self._of:
                for handle in self._hooked(module, name, State(), partial(look, name)):
                    stack.callback(handle.remove)
            run()
        found = {}
        for name, parts in seen.items():
            own, made = map(torch.cat, parts)
            some = None if tokens is None or own.shape[:2] != tokens.shape else tokens.to(own.device)
            own, made = (one.flatten(0, -2) if some is None else one[some] for one in (own, made))
            found[name] = 1 - float((own - made).square().sum() / (own - own.mean(0)).square().sum())
        return found

    def attach(self, module: Any, state: State) -> Iterator[Any]:
        """Put hooks on a module; gives their handles."""
        for name in self._of:
            yield from self._hooked(module, name, state, partial(self._ablated, name, state))

    def _hooked(self, module: Any, name: str, state: State, then: Callable[[Any, Any], Any]) -> Iterator[Any]:
        dictionary, _, features = self._of[name]

        def keep(value: Any) -> Any:
            state.kept[name] = value
            return value

        def after(value: Any) -> Any:
            strong = dictionary.encode(state.kept[name] if dictionary.source else keep(value))
            if max(features) >= strong.shape[-1]:
                cause = f"is beyond the {strong.shape[-1]} features of the dictionary"
                raise InvalidOption(f"feature {name}/{max(features)}", cause, "give one that there is")
            return then(value, strong)

        if dictionary.source:
            yield on_input(module.get_submodule(dictionary.source), keep)
        yield on_output(module.get_submodule(dictionary.path), after, first=True)

    def _ablated(self, name: str, state: State, value: Any, strong: Any) -> Any:
        """A module's output less what its features make, with what they make in the circuit in its place."""
        dictionary, places, features = self._of[name]
        gates = state.gates[:, places]
        if gates.dtype == torch.bool and bool(gates.all()):
            return value
        kept = strong[..., features]
        kept = kept.view(len(gates), len(kept) // len(gates), *kept.shape[1:])
        absent = replaced_rows(self.absent[name], state, kept) if name in self.absent else torch.zeros_like(kept)
        gates = gates.to(kept.dtype).view(len(gates), *[1] * (strong.ndim - 1), -1)
        left = strong.clone()
        left[..., features] = (kept * gates + absent * (1 - gates)).reshape(*strong.shape[:-1], -1)
        whole = dictionary.decode(strong)
        dictionary.encode(state.kept[name])  # one that normalises may undo it in one decode alone
        return value - (whole - dictionary.decode(left)).to(value.dtype)
