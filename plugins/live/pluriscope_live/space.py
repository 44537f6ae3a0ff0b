"""Live spaces: circuits among chosen units of the model that somebody has, run by that model under hooks."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pluriscope.analysis.errors import (
    AnalysisError,
    BeyondLimits,
    InvalidData,
    InvalidMask,
    InvalidNetwork,
    InvalidProtocol,
)
from pluriscope.analysis.questions.decision import Decision, DecisionName
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.live.packages import opened
from pluriscope_live.deciding import Position, answered, settled
from pluriscope_live.features import FeatureAblator
from pluriscope_live.hooks import Ablator, NodeAblator, State, attached, undisturbed, watched
from pluriscope_live.memory import bytes_taken, free_bytes, is_full, wanted
from pluriscope_live.protocol import TIE, Protocol, divergence
from pluriscope_live.replacements import Replacement, take
from pluriscope_live.rows import Rows
from pluriscope_live.store import Store
from pluriscope_live.units import Unit

Masks = NDArray[np.bool_]
RowsName = Literal["rows", "held-out"]
IN_FLIGHT: Final = 1024
"""Rows of all masks of a batch, where nothing else is said."""
_FEW: Final = 8
_BESIDE: Final = 1e-2
"""Of the largest output, by how much a circuit's may move with what runs beside it: kernels add in another order."""
_PROBED: Final = 1 << 15


@dataclass(frozen=True)
class Verdicts:
    """What the protocol says of some masks.

    Args:
        valid: ``[masks]``
        score: ``[masks]`` share of rows decided right, of the whole model's logit difference, or KL divergence.
        least_gap: ``[masks]`` the smallest gap of a row between the answer and what it is compared with.
        strict, lax: ``[masks]`` valid where gaps near a tie count as wrong, and as right; of decisions.
    """

    valid: Masks
    score: NDArray[np.float64]
    least_gap: NDArray[np.float64]
    strict: Masks
    lax: Masks


class Space:
    """Circuits among units of a model, and the model that runs them; :func:`space` makes one.

    Attributes:
        model: the module that runs, as it was given.
        protocol: the rules.
        rows: what it is judged on.
        held_out: rows of their own for :attr:`Circuit.held_out`, None without.
        groups: label of each row, None without.
        in_flight: rows of all masks that run at once.
        bytes_for_row: what a row more takes as it runs, 0 where that is not known or too little to be seen.
        scores: by which units were chosen, by name; empty where there are none.
    """

    def __init__(
        self,
        model: Any,
        units: Sequence[Unit],
        ablators: Sequence[Ablator],
        protocol: Protocol,
        rows: Rows,
        *,
        ablation: str | Replacement = "zero",
        counterfactual: Rows | None = None,
        held_out: Rows | None = None,
        held_out_counterfactual: Rows | None = None,
        groups: Sequence[Any] | None = None,
        batch: int | None = None,
        memory: int | None = None,
        file: Path | None = None,
        name: str = "",
        scores: Mapping[str, float] | None = None,
        output_is: DecisionName | None = None,
        position: Position | None = None,
    ) -> None:
        self.model, self._units, self._ablators, self.protocol = model, tuple(units), tuple(ablators), protocol
        self.rows, self.held_out, self.counterfactual, self.groups = rows, held_out, counterfactual, groups
        self.scores = dict(scores or {})
        self.file, self.name = file, name or type(model).__name__
        self._state = State()
        self._absent: dict[str, list[dict[Any, Any]]] = {"rows": [{} for _ in self._ablators]}
        self.bytes_for_row = self.in_flight = 0
        while True:
            try:
                self.in_flight = self.in_flight or batch or self._found_in_flight(memory)
                with as_it_was(self.model):
                    self._settle(output_is, position)
                    self._check_run()
                    self._take(ablation, rows, counterfactual)
                    self._absent["rows"] = [dict(one.absent) for one in self._ablators]
                    if held_out is not None and ablation != "zero":
                        if ablation == "resample" and held_out_counterfactual is None:
                            cure = "give (rows, answers, counterfactual)"
                            raise InvalidData("held_out", "has no counterfactual rows", cure)
                        self._take(ablation, held_out, held_out_counterfactual, rows)
                        self._absent["held-out"] = [dict(one.absent) for one in self._ablators]
                    self._check_batch()
                break
            except (RuntimeError, MemoryError) as problem:
                self._halve(problem)
        self._check_whole()

    # ------------------------------------------------------------ what it is

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the units: bit u of a mask is unit u."""
        return tuple(one.name for one in self._units)

    @property
    def n_units(self) -> int:
        return len(self._units)

    @cached_property
    def digest(self) -> str:
        """Digest of the model's parameters and buffers."""
        return digest_of(self.model)

    @cached_property
    def explained(self) -> dict[str, float]:
        """By dictionary, the share of its module's variance that its features make on the rows, padding left out; the
        rest is always kept.
        """
        found, run = dict[str, float](), partial(self._run_whole, self.rows)
        with as_it_was(self.model), torch.no_grad():
            for ablator in self._ablators:
                if isinstance(ablator, FeatureAblator):
                    found |= ablator.explained(self.model, run, self.rows.mask)
        return found

    @property
    def device(self) -> Any:
        return device_of(self.model)

    @property
    def whole_logits(self) -> Any:
        """Outputs of the whole model ``[rows, outputs]``, on its device."""
        return self._whole("rows")[0]

    @cached_property
    def identity(self) -> str:
        """Digest of what a file's results are of to the last bit: parameters, units, protocol, rows. Whether the model
        also computes the same from them, :attr:`resumed` asks.
        """
        found = hashlib.sha256(self.digest.encode())
        for text in (repr(self.units), str(replace(self.protocol, guessed=""))):
            found.update(text.encode())
        for rows in filter(None, (self.rows, self.counterfactual, self.held_out)):
            for name, value in {**rows.inputs, "=": rows.answers, "≠": rows.others}.items():
                _update(found, name, value)
        return found.hexdigest()

    @property
    def decision(self) -> Decision:
        """What decides."""
        return self.protocol.decision

    @cached_property
    def doubt(self) -> str:
        """What speaks against there being much to explain, in sentences: one answer on every row, or a threshold that a
        constant or no unit at all reaches; "" where nothing does.
        """
        protocol, (whole, _), said = self.protocol, self._whole("rows"), list[str]()
        decided, n = self.decision.answers(whole).reshape(len(whole), -1), len(whole)
        wanted = decided if self.rows.answers is None else self.rows.answers.reshape(n, -1)
        answers, counts = wanted.unique(dim=0, return_counts=True)
        always, share = answers[counts.argmax()].tolist(), float(counts.max()) / n
        reaches = f"which reaches the threshold {protocol.threshold:g}."
        if len(decided.unique(dim=0)) == 1:
            text = f"The model answers {' '.join(map(str, decided[0].tolist()))} on every row{protocol.place}"
            said.append(f"{text}, so there is next to nothing to be explained.")
        elif protocol.criterion == "decisions" and protocol.passes(np.array([share]))[0]:
            text = f"Always answering {' '.join(map(str, always))} is right on {share:.4g} of the rows"
            said.append(f"{text}, {reaches}")
        if self.empty.valid[0]:
            said.append(f"Without any unit the model has {float(self.empty.score[0]):.4g}, {reaches}")
        return " ".join(said)

    def _computed(self) -> Any:
        """What the model computes: ``[2, 4, rows]`` gaps and divergences from the whole, of all units, none, and two
        drawn circuits.
        """
        masks = np.random.default_rng(0).random((4, self.n_units)) < np.array([[1], [0], [0.5], [0.5]])
        found = [
            torch.stack([self.gaps(logits), self.divergence(logits)]) for _, _, logits in self.batches(masks, "rows")
        ]
        return torch.cat(found, 1).double().cpu().numpy()

    @cached_property
    def whole(self) -> Verdicts:
        """Verdict on all units together: the model itself, unless what is no unit is ablated."""
        return self.judge(np.ones((1, self.n_units), dtype=np.bool_))

    @cached_property
    def empty(self) -> Verdicts:
        """Verdict on the circuit without any unit; where it is valid, everything means little."""
        return self.judge(np.zeros((1, self.n_units), dtype=np.bool_))

    @cached_property
    def inert(self) -> tuple[str, ...]:
        """Units that change no output of any row when each alone is ablated: dead ones, or such as hooks do not see."""
        logits = self.run(~np.eye(self.n_units, dtype=np.bool_))
        same = (logits == self.whole_logits.cpu()).flatten(1).all(1)
        return tuple(name for name, one in zip(self.units, same.tolist(), strict=True) if one)

    # ------------------------------------------------------------ running

    def bits(self, masks: Any) -> Masks:
        """Masks ``[masks, units]`` of whole numbers, of lists of names, or of arrays of booleans.

        Raises:
            InvalidMask: they are none of this space.
        """
        if isinstance(masks, torch.Tensor):
            masks = masks.cpu().numpy()
        if not hasattr(masks, "__len__"):
            raise self._other_shape(np.shape(masks))
        if isinstance(masks, np.ndarray) and masks.ndim == 2:
            found = masks.astype(np.bool_)
            if masks.dtype != np.bool_ and not np.array_equal(found, masks):
                raise InvalidMask("masks", "have other numbers than 0 and 1", "give those; space.logits takes weights")
        else:
            found = np.array([self._mask(one) for one in masks], np.bool_).reshape(len(masks), self.n_units)
        if found.shape[1] != self.n_units:
            raise self._other_shape(found.shape)
        return found

    def _other_shape(self, shape: Any) -> InvalidMask:
        return InvalidMask("masks", f"have the shape {shape}", f"give [masks, {self.n_units}] for the space's units")

    def _mask(self, one: Any) -> Any:
        """One mask of a whole number, of names, or of booleans."""
        if isinstance(one, (int, np.integer)):
            number = int(one)
            if number < 0 or number >> self.n_units:
                raise InvalidMask("mask", f"has bits beyond the {self.n_units} units", "give numbers of this space")
            return [number >> bit & 1 for bit in range(self.n_units)]
        if isinstance(one, (list, tuple, set, frozenset)) and all(isinstance(name, str) for name in one):
            if unknown := [name for name in one if name not in self._number]:
                raise InvalidMask(f"unit {unknown[0]!r}", "is not one of this space", "give names of space.units")
            return np.isin(np.arange(self.n_units), [self._number[name] for name in one])
        if np.shape(one) != (self.n_units,):
            raise self._other_shape(np.shape(one))
        return np.asarray(one, np.bool_)

    @cached_property
    def _number(self) -> dict[str, int]:
        """Number of each unit by its name."""
        return {name: number for number, name in enumerate(self.units)}

    def run(self, masks: Any, rows: RowsName = "rows") -> Any:
        """Outputs of the model as circuits: ``[masks, rows, outputs]`` at the position of each row that is judged.

        Args:
            masks: ``[masks, units]`` booleans, whole numbers, or lists of names.
            rows: those that it is judged on, or those held out.
        """
        bits = self.bits(masks)
        return torch.cat([logits.cpu() for _, _, logits in self.batches(bits, rows)] or [torch.empty(0)])

    def logits(self, gates: Any, at: Any = None, rows: RowsName = "rows") -> Any:
        """Outputs ``[masks, rows, outputs]`` of one batch, on the model's device; derivatives reach the gates.

        Args:
            gates: ``[masks, units]`` booleans, or weights from 0 (ablated) to 1 (kept).
            at: numbers of the rows; None for all.
        """
        with self._running(rows):
            return self._once(gates, at, self._rows(rows))

    def judge(self, masks: Any, rows: RowsName = "rows") -> Verdicts:
        """Verdicts of the protocol on masks, each on all rows."""
        bits = self.bits(masks)
        gaps, kl = [], []
        for _, _, logits in self.batches(bits, rows):
            gaps.append(self.gaps(logits, rows).cpu().double().numpy())
            if self.protocol.criterion == "kl":
                kl.append(self.divergence(logits, rows).cpu().double().numpy())
        n = len(self._rows(rows))
        gap = np.concatenate(gaps) if gaps else np.empty((0, n))
        return self._verdicts(gap, np.concatenate(kl) if kl else None, rows)

    def _verdicts(self, gap: NDArray[np.float64], kl: NDArray[np.float64] | None, rows: RowsName = "rows") -> Verdicts:
        protocol, tie = self.protocol, self.tie
        if protocol.criterion == "decisions":
            share = (gap > 0).mean(1)
            sides = protocol.passes((gap > tie).mean(1)), protocol.passes((gap > -tie).mean(1))
            return Verdicts(protocol.passes(share), share, gap.min(1), *sides)
        whole = float(self._whole(rows)[1].double().sum())
        score = kl.mean(1) if kl is not None else gap.sum(1) / whole
        valid = protocol.passes(score)
        return Verdicts(valid, score, gap.min(1), valid, valid)

    def valid(self, masks: Any) -> tuple[Masks, Masks, Masks]:
        """Which masks are valid; and valid where gaps near a tie count as wrong, and as right.

        Of decisions the row that refutes most is run first, and the rest only for what it did not refute.
        """
        bits = self.bits(masks)
        if self.protocol.criterion != "decisions" or len(self.rows) == 1 or len(bits) < 64:
            found = self.judge(bits)
            return found.valid, found.strict, found.lax
        n, tie = len(self.rows), self.tie
        wrong = np.zeros((3, len(bits)), dtype=np.int64)  # gaps ≤ 0, ≤ tie, ≤ −tie
        left = np.arange(len(bits))
        start, size = 0, self._allowed + 1
        while len(left) and start < n:
            some = torch.as_tensor(self._order[start : start + size])
            for at, _, logits in self.batches(bits[left], "rows", some):
                gap = self.gaps(logits, at=some)
                wrong[:, left[at]] += np.stack([(gap <= bound).sum(1).cpu().numpy() for bound in (0, tie, -tie)])
            left = left[wrong[2, left] <= self._allowed]
            start, size = start + size, 2 * (start + size)
        valid, strict, lax = (self.protocol.passes((n - one) / n) for one in wrong)
        decided = np.isin(np.arange(len(bits)), left)  # the others were refuted by some rows
        return valid & decided, strict & decided, lax & decided

    @cached_property
    def tie(self) -> float:
        """Gap below which a decision is said to be near a tie."""
        return TIE * float(self._whole("rows")[1].abs().mean())

    @property
    def _allowed(self) -> int:
        """Rows on which a valid circuit may be wrong."""
        n = len(self.rows)
        return int(np.flatnonzero(self.protocol.passes(np.arange(n, -1, -1) / n))[-1])

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """Rows, those first that refute most of random masks that the ones before do not refute yet."""
        n_probes = int(np.clip(_PROBED // len(self.rows), 50, 500))
        bits = np.random.default_rng(0).random((n_probes, self.n_units)) < 0.5
        wrong = torch.cat([self.gaps(one) <= 0 for _, _, one in self.batches(bits, "rows")]).cpu().numpy()
        order, needed, rest = list[int](), np.full(len(wrong), self._allowed + 1), set(range(len(self.rows)))
        while rest:
            counts = wrong[needed > 0].sum(0)
            best = max(rest, key=lambda row: int(counts[row]))
            order.append(best)
            rest.discard(best)
            needed -= wrong[:, best]
        return np.array(order)

    @cached_property
    def store(self) -> Store:
        """The file of results, as it was when it was first opened; :attr:`resumed` is what runs go on from."""
        header = {"identity": self.identity, "units": list(self.units), "protocol": self.protocol.document}
        return Store(self.file, {**header, "computes": self._computed().tolist()}, self._rounding)

    @property
    def _rounding(self) -> float:
        """The share of the largest by which numbers of one function may differ from machine to machine."""
        return float(torch.finfo(self.whole_logits.dtype).eps ** 0.6)

    @property
    def resumed(self) -> Store:
        """The file of results, from which a run goes on: what the model computes now is what results there are of.

        Raises:
            InvalidData: the file is of another space, or of a model that computes something else.
            InvalidNetwork: the model changed since the space was made.
        """
        store, now = self.store, self._computed()
        unlike_whole = self.protocol.rest == "kept" and np.abs(now[1, 0]) > self._rounding
        if np.any(unlike_whole) or not store.is_of(now.tolist()):
            cause = "computes something else than when the space was made"
            raise InvalidNetwork(f"model {self.name}", cause, "make the space anew")
        return store

    def _computes(self, other: Any) -> bool:
        """Whether another model answers as the whole one does, but for rounding."""
        rows = replace(self.rows, inputs={name: one.to(device_of(other)) for name, one in self.rows.inputs.items()})
        with as_it_was(other), torch.no_grad():
            theirs = self.gaps(torch.cat(self._run_whole(rows, other), 1).to(self.device))[0]
        whole = self._whole("rows")[1]
        return bool(((theirs - whole).abs() <= self._rounding * whole.abs().max()).all())

    @contextmanager
    def running_as(self, bits: NDArray[np.bool_], model: Any = None) -> Iterator[None]:
        """A context in which a model runs as a circuit, whoever calls it; see :meth:`Circuit.hooks`."""
        module = self.model if model is None else opened(model).module
        if module is not self.model and (theirs := digest_of(module)) != self.digest:
            shapes = [{name: one.shape for name, one in each.named_parameters()} for each in (self.model, module)]
            like = "the same shape and other parameters" if shapes[0] == shapes[1] else "other parameters"
            cause = f"has {like}: {theirs[:12]}…, and the space's model {self.digest[:12]}…"
            raise InvalidNetwork(f"model {type(module).__name__}", cause, "give the model of the space")
        if module is not self.model and not self._computes(module):
            cause = "computes something else than the space's model from the same parameters"
            raise InvalidNetwork(f"model {type(module).__name__}", cause, "give the model of the space")
        state = State(torch.from_numpy(bits[None]))
        state.gates = state.gates.to(device_of(module))
        self._put("rows")
        with attached(module, self._ablators, state):
            yield

    def circuit(self, mask: Any) -> Any:
        """The circuit of a mask: a whole number, names, or booleans."""
        one = self.bits([mask])[0]
        return function_at("pluriscope_live.listing:Circuit")(self, sum(1 << int(bit) for bit in np.flatnonzero(one)))

    def __pluriscope_explain__(self, **options: Any) -> Any:
        return function_at("pluriscope_live.listing:explained")(self, **options)

    def __repr__(self) -> str:
        return f"<Space: {self.name}, {self.n_units} units, {len(self.rows)} rows, {self.protocol}>"

    # ------------------------------------------------------------ batches

    def _rows(self, rows: RowsName) -> Rows:
        if rows == "rows":
            return self.rows
        if self.held_out is None:
            raise InvalidData("held_out", "is not given", "give rows to pluriscope.space(…, held_out=…)")
        return self.held_out

    def _put(self, rows: RowsName) -> None:
        for ablator, absent in zip(self._ablators, self._absent.get(rows, self._absent["rows"]), strict=True):
            ablator.absent.clear()
            ablator.absent.update(absent)

    @contextmanager
    def _running(self, rows: RowsName) -> Iterator[None]:
        """The model with hooks, in evaluation mode."""
        with as_it_was(self.model), attached(self.model, self._ablators, self._state):
            self._put(rows)
            yield

    def _once(self, gates: Any, at: Any, rows: Rows) -> Any:
        """Outputs of one batch under hooks."""
        device = next(iter(rows.inputs.values())).device
        self._state.gates, self._state.rows = torch.as_tensor(gates).to(device), at
        self._state.kept.clear()
        try:
            return self._outputs(rows, at, len(gates))
        finally:
            self._state.kept.clear()
            self._state.gates = None

    def _outputs(self, rows: Rows, at: Any, n_masks: int, other: Any = None) -> Any:
        logits = run_once(self.model if other is None else other, rows, at, n_masks)
        n_rows = len(rows) if at is None else len(at)
        if logits.ndim == 3:
            places = rows.positions(logits.shape[1]).to(logits.device)
            places = (places if at is None else places[at.to(places.device)]).repeat(n_masks)
            logits = logits[torch.arange(len(logits), device=logits.device), places]
        return logits.reshape(n_masks, n_rows, -1)

    def batches(self, bits: Masks, rows: RowsName, at: Any = None) -> Iterator[tuple[slice, Any, Any]]:
        """Slices of masks, the rows, and their outputs; rows are divided only where one mask's are too many."""
        of = self._rows(rows)
        every = torch.arange(len(of)) if at is None else at
        start = 0
        while start < len(bits):
            n_masks = max(1, self.in_flight // len(every))
            part = slice(start, start + n_masks)
            gates = torch.from_numpy(bits[part])
            chunks = torch.split(every, self.in_flight) if n_masks == 1 else [every]
            whole = len(chunks) == 1 and at is None
            try:
                with self._running(rows), torch.no_grad():
                    logits = torch.cat([self._once(gates, None if whole else one, of) for one in chunks], 1)
            except (RuntimeError, MemoryError) as problem:
                self._halve(problem)
                continue
            yield part, every, logits
            start = part.stop

    def _halve(self, problem: BaseException) -> None:
        """Take half as many rows at once, where the problem is that the device is full.

        Raises:
            BeyondLimits: it was one row.
        """
        if not is_full(problem):
            raise problem
        if self.in_flight <= 1:
            cause = f"needs {wanted(problem)}, and {free_bytes(self.device):,} bytes are left for one row"
            raise BeyondLimits(f"device {self.device}", cause, "free some, or give shorter rows") from problem
        self.in_flight = self.in_flight // 2

    def _found_in_flight(self, memory: int | None) -> int:
        """Rows at once, by what one row and several take under hooks, and the bytes that are free or allowed."""
        few = min(_FEW, len(self.rows))
        gates = np.random.default_rng(0).random((_FEW // few, self.n_units)) < 0.5
        with self._running("rows"), torch.no_grad():

            def run(n_masks: int, n_rows: int) -> int:
                given = torch.from_numpy(gates[:n_masks])
                return bytes_taken(lambda: self._once(given, torch.arange(n_rows), self.rows))

            one, several = run(1, 1), run(len(gates), few)
        n_more = len(gates) * few - 1
        each = (several - one) / n_more if n_more and several > one else 0
        bound = free_bytes(self.device) if memory is None else memory
        self.bytes_for_row = int(each)
        return int(np.clip(bound / each, 1, IN_FLIGHT)) if each else IN_FLIGHT

    def gaps(self, logits: Any, rows: RowsName = "rows", at: Any = None) -> Any:
        """How far answers are from turning, above 0 where they are right: ``[masks, rows]``; of classes the output of
        the answer less what it is compared with.

        Args:
            logits: ``[masks, rows, outputs]``.
            at: numbers of the rows; None for all.
        """
        of = self._rows(rows)
        answers = self.decision.answers(self._whole(rows)[0]) if of.answers is None else of.answers
        others = of.others
        if at is not None:
            answers, others = answers[at], None if others is None else others[at]
        return self.decision.margins(logits, answers, others, torch)

    def divergence(self, logits: Any, rows: RowsName = "rows", at: Any = None) -> Any:
        """KL divergence from the whole model in nats, ``[masks, rows]``; arguments as of :meth:`gaps`."""
        whole = self._whole(rows)[0]
        return divergence(self.decision, whole if at is None else whole[at], logits)

    def _whole(self, rows: RowsName) -> tuple[Any, Any]:
        """Outputs ``[rows, outputs]`` and gaps ``[rows]`` of the whole model."""
        if rows not in (found := self.__dict__.setdefault("_wholes", {})):
            of, every = self._rows(rows), np.ones((1, self.n_units), dtype=np.bool_)
            if self.protocol.rest == "ablated":  # all units do not make the whole model
                with as_it_was(self.model), torch.no_grad():
                    logits = torch.cat(self._run_whole(of), 1)[0]
            else:
                logits = torch.cat([one for _, _, one in self.batches(every, rows)])[0]
            answers = self.decision.answers(logits) if of.answers is None else of.answers
            found[rows] = logits, self.decision.margins(logits[None], answers, of.others, torch)[0]
        return found[rows]  # type: ignore[no-any-return]

    # ------------------------------------------------------------ checks

    def _settle(self, output_is: DecisionName | None, position: Position | None) -> None:
        """Set what decides, where, and which answers that makes of labels."""

        def outputs(rows: Rows) -> Any:
            return torch.cat(self._run_whole(rows), 1)[0]

        with torch.no_grad():
            at = torch.arange(min(2, len(self.rows)))
            few = run_once(self.model, replace(self.rows, position="first"), at)
            shape = few.shape[1:] if few.ndim == 3 else (0, few.numel() // len(at))
            self.protocol, self.rows = settled(self.protocol, self.rows, outputs, shape, output_is, position)
        if self.held_out is not None:
            held_out = replace(self.held_out, position=self.rows.position)
            self.held_out = answered(held_out, self.decision, self.protocol.n_outputs)

    def _take(
        self, ablation: str | Replacement, rows: Rows, counterfactual: Rows | None, means_of: Rows | None = None
    ) -> None:
        with torch.no_grad():
            take(self.model, self._ablators, ablation, rows, counterfactual, self._run_whole, means_of)

    def _run_whole(self, rows: Rows, other: Any = None) -> list[Any]:
        at = torch.split(torch.arange(len(rows)), self.in_flight)
        return [self._outputs(rows, None if len(at) == 1 else one, 1, other) for one in at]

    def _check_run(self) -> None:
        """Run the model twice, and see that it answers alike and that every site is seen."""
        seen = set[Any]()
        with torch.no_grad():
            with watched(self.model, self._ablators, lambda _ablator, key, _value: seen.add(key)):
                first = torch.cat(self._run_whole(self.rows), 1)
            second = torch.cat(self._run_whole(self.rows), 1)
        if bool(first.isnan().any()):
            row = int(first[0].isnan().any(-1).nonzero()[0])
            raise InvalidNetwork(
                f"model {self.name}", f"gives NaN on row {row}", "give rows that it answers in numbers"
            )
        if not torch.equal(first, second):
            cause = f"answers differently when run twice, by up to {float((first - second).abs().max()):.3g}"
            raise InvalidNetwork(f"model {self.name}", cause, "switch off what it draws, and give it fixed kernels")
        sites = [site for one in self._ablators if isinstance(one, NodeAblator) for site in one.sites]
        if hidden := [site.path for site in sites if site not in seen]:
            cause = "is not called as a module when the model runs on these rows"
            raise InvalidNetwork(f"module {hidden[0]}", cause, f"give units without {hidden[0]}")

    def _check_batch(self) -> None:
        """Run a circuit alone and beside another one, and see that it answers alike."""
        gates = torch.from_numpy(np.random.default_rng(0).random((2, self.n_units)) < 0.5)
        with self._running("rows"), torch.no_grad():
            at = torch.arange(min(_FEW, len(self.rows), self.in_flight))
            alone, beside = (self._once(one, at, self.rows)[0].float() for one in (gates[:1], gates))
        if float((alone - beside).abs().max()) > _BESIDE * float(alone.abs().max()):
            cause = "answers differently where other rows run beside, as experts with a capacity or scales by batch do"
            raise InvalidNetwork(f"model {self.name}", cause, "run it without what depends on a batch as a whole")

    def _check_whole(self) -> None:
        """Refuse a threshold that the whole model misses."""
        if not self.whole.valid[0]:
            who, cure = "the whole model, which has", "give rows that it gets right"
            if self.protocol.rest == "ablated":
                who, cure = "all units together, which have", "give more units"
            cause = f"is missed by {who} {self.whole.score[0]:.6g} by {self.protocol}"
            raise InvalidProtocol(f"threshold {self.protocol.threshold:g}", cause, cure)
        if self.protocol.criterion == "logit-difference" and float(self._whole("rows")[1].sum()) <= 0:
            raise InvalidProtocol("logit-difference", "is not above 0 in the whole model", "take the criterion 'kl'")


@contextmanager
def as_it_was(model: Any) -> Iterator[None]:
    """A model in evaluation mode, with all its parts called as modules; afterwards each is in its own mode."""
    modes = [(one, one.training) for one in model.modules() if one.training]
    model.eval()
    try:
        with undisturbed(model):
            yield
    finally:
        for one, mode in modes:
            one.training = mode


def run_once(model: Any, rows: Rows, at: Any = None, n_masks: int = 1) -> Any:
    """What a model answers to some rows, once for each mask: the tensor that it gives, or of several "logits" or the
    first; of Hugging Face's the last position if it is judged.

    Raises:
        InvalidNetwork: it fails, or gives no floats for each row.
    """
    args, kwargs = rows.given(at, n_masks)
    takes = inspect.signature(model.forward).parameters
    last = rows.lengths is None and rows.position == "last"
    given = {"use_cache": False, **({"logits_to_keep": 1} if last else {})}
    options = {name: one for name, one in given.items() if name in takes}
    name, n = f"model {type(model).__name__}", n_masks * (len(rows) if at is None else len(at))
    try:
        found = model(*args, **kwargs, **options)
    except Exception as problem:
        if isinstance(problem, AnalysisError) or is_full(problem):
            raise
        shapes = ", ".join(f"{str(one.dtype)[6:]} {tuple(one.shape)}" for one in (*args, *kwargs.values()))
        cause = f"fails on data of {shapes} ({type(problem).__name__}: {problem})"[:300]
        raise InvalidNetwork(name, cause, "give data of the shape and the type of number that it takes") from problem
    fields = found if isinstance(found, Mapping) else {"logits": getattr(found, "logits", None)}
    held = [found, fields.get("logits"), *(found if isinstance(found, (tuple, list)) else fields.values())]
    logits = next((one for one in held if isinstance(one, torch.Tensor)), None)
    if logits is None or not logits.is_floating_point() or (len(logits) if logits.ndim else 1) != n:
        shown = "no tensor" if logits is None else f"{str(logits.dtype)[6:]} {tuple(logits.shape)}"
        cure = "give a module that returns floats [rows, outputs] or [rows, positions, outputs] alone"
        raise InvalidNetwork(name, f"gives {shown} for {n} rows", cure)
    return logits


def digest_of(model: Any) -> str:
    """Digest of a model's parameters and buffers, by name."""
    found = hashlib.sha256()
    for name, value in sorted((*model.named_parameters(), *model.named_buffers())):
        _update(found, name, value)
    return found.hexdigest()


def _update(found: Any, name: str, value: Any) -> None:
    """Add a tensor, or None, to a digest."""
    if value is None:
        found.update(f"{name} -".encode())
        return
    found.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
    found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())


def device_of(module: Any) -> Any:
    return next((one.device for one in (*module.parameters(), *module.buffers())), torch.device("cpu"))
