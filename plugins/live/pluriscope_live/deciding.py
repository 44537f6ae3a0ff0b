"""What decides in a live space, and where: as it is said, else what alone fits rows and model, else a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch

from pluriscope.analysis.errors import InvalidData, InvalidProtocol, InvalidTask
from pluriscope.analysis.questions.decision import Decision, DecisionName, fits, fitting, possible
from pluriscope_live.protocol import Protocol
from pluriscope_live.rows import Rows

Position = Literal["last", "first"] | int
Outputs = Callable[[Rows], Any]


def settled(
    protocol: Protocol,
    rows: Rows,
    outputs: Outputs,
    shape: tuple[int, int],
    name: DecisionName | None,
    at: Position | None,
) -> tuple[Protocol, Rows]:
    """Rules and rows with what decides and the position that is judged.

    Args:
        rows: whose labels become answers.
        outputs: runs the whole model on rows, ``[rows, outputs]`` at their position.
        shape: of a row's outputs: positions, 0 where it has one answer, and outputs.
        name, at: as they are given.

    Raises:
        InvalidProtocol: they are not given, and several fit, or none.
        InvalidData: the position is beyond a row.
        InvalidTask: labels do not fit what decides.
    """
    (n_positions, n_outputs), guessed = shape, list[str]()
    every = [one for one in possible(n_outputs, rows.n_labels) if _read_as(one, rows.labels, n_outputs) is not None]
    alone = possible(n_outputs, rows.n_labels, positions=n_positions > 1)
    names = tuple(one for one in every if (one == name if name else one in alone))
    if not names and every:
        raise InvalidProtocol(f"output_is {name!r}", f"does not fit {_shown(rows.labels, n_outputs)}", _ways(every))
    rows = answered(rows, Decision(names[-1] if names else "classes"), n_outputs)
    wanted = None if rows.labels is None else rows.labels.cpu().numpy()
    if at is not None and not n_positions:
        raise InvalidData("position", "is given, and the model gives one answer for each row", "leave it out")
    if n_positions > 1 and at is None:
        at = _place(rows, outputs, names, wanted)
        guessed.append("position")
    rows = replace(rows, position="last" if at is None else at)
    padded = bool(rows.starts.any()) if rows.number >= 0 else rows.lengths is not None
    if padded and n_positions > 1 and n_positions != rows.width:
        cause = f"is not known among {n_positions} positions of padded rows of {rows.width} tokens"
        raise InvalidData(f"position {rows.position!r}", cause, "let the model give one answer for each row")
    if not isinstance(rows.position, str):
        ends = n_positions if rows.lengths is None else rows.lengths
        shortest = int((ends - rows.starts.to(getattr(ends, "device", "cpu"))).min())
        if not -shortest <= rows.position < shortest:
            cause = f"is {rows.position}, and the shortest row has {shortest} positions"
            raise InvalidData("position", cause, f"give one from {-shortest} to {shortest - 1}, 'first' or 'last'")
    if len(names) > 1:
        found = fitting(names, outputs(rows).float().cpu().numpy(), wanted)
        if protocol.criterion == "kl" and found == ("sign",):  # decided alike, and another chance
            found = ("logit", "sign")
        if len(found) != 1:
            cause = f"is not given, and {'several' if found else 'none'} of {', '.join(found or names)} fit"
            raise InvalidProtocol("what the outputs are", f"{cause} the rows", _ways(found or names))
        names = found
        guessed.append("output_is")
    place = str(rows.position) if n_positions > 1 else ""
    more: dict[str, Any] = {"output_is": names[0], "n_outputs": n_outputs, "position": place}
    rows = answered(rows, Decision(names[0]), n_outputs)
    more |= {"answers": "pairs"} if rows.others is not None else {}
    return replace(protocol, **more, guessed=" ".join(guessed)), rows


def answered(rows: Rows, decision: Decision, n_outputs: int) -> Rows:
    """Rows whose labels are answers, as a decision has them.

    Raises:
        InvalidTask: they are none that it gives.
    """
    if rows.labels is None:
        return rows
    if (labels := _read_as(decision.name, rows.labels, n_outputs)) is None:
        cure = "give for each row 0 or 1 of each output; of classes the number of an output, or a pair of these"
        raise InvalidTask("task", f"has {_shown(rows.labels, n_outputs)}", cure)
    others = None if decision.each or labels.shape[1] == 1 else labels[:, 1]
    return replace(rows, labels=labels, answers=labels if decision.each else labels[:, 0], others=others)


def _read_as(name: DecisionName, labels: Any, n_outputs: int) -> Any:
    """Labels as a decision takes them, −1 for 0 where it is at 0; None where they are none that it gives."""
    if labels is None:
        return ()
    if name in ("logit", "sign") and not bool((labels == 0).any()):
        labels = torch.where(labels == -1, 0, labels)
    fit = name in possible(n_outputs, labels.shape[1]) and int(labels.min()) >= 0
    return labels if fit and int(labels.max()) < (n_outputs if name == "classes" else 2) else None


def _shown(labels: Any, n_outputs: int) -> str:
    given = "" if labels is None else f"answers such as {labels[0].tolist()}, the largest {int(labels.max())}, with "
    return f"{given}{n_outputs:,} output{'s' * (n_outputs > 1)}"


def _ways(names: Sequence[DecisionName]) -> str:
    return "say " + " or ".join(f"output_is={one!r}" for one in names)


def _place(rows: Rows, outputs: Outputs, names: Sequence[DecisionName], labels: Any) -> Position:
    """The position that alone fits: gives what is asked for, or answers not always the same; without labels the last
    one of a model whose first does not see the others.

    Raises:
        InvalidProtocol: the first fits as well as the last.
    """
    at = {place: replace(rows, position=place) for place in ("last", "first")}
    found = {place: outputs(one).float().cpu().numpy() for place, one in at.items()}
    fit = [place for place, one in found.items() if any(fits(Decision(name), one, labels) for name in names)]
    if "first" not in fit or (fit == ["first"] and labels is not None):
        return "first" if fit == ["first"] else "last"
    others, beyond = dict(rows.inputs), torch.arange(rows.width) > rows.starts.cpu()[:, None]
    for name, one in rows.inputs.items():
        if one.ndim > 1 and one.shape[1] == rows.width and "mask" not in name:
            later = beyond.to(one.device).view(*beyond.shape, *[1] * (one.ndim - 2))
            others[name] = torch.where(later, one.roll(1, 0), one)
    moved = outputs(replace(at["first"], inputs=others)).float().cpu().numpy()
    if abs(moved - found["first"]).max() <= 1e-4 * abs(moved).max():
        return "last"
    if len(fit) == 2:
        cause = "is not given, and the first fits as well as the last"
        raise InvalidProtocol("position", cause, "say position='first', 'last' or a number")
    return "first"
