"""Preferred inputs: the patches of black and white pixels that excite each channel most, of all that there are.

Curve detectors were found by looking at the patches of images that excite a channel most (Cammarata et al., "Curve
Detectors", Distill 2020). A channel here sees so few pixels that every patch is tried, so nothing is searched or drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.classifier import Array
from pluriscope.analysis.subjects.convolutional import image_text
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.lenses.lens import Lens, Table

MAX_PIXELS: Final = 16
"""Of a patch, so that there are at most 65,536."""
SHOWN: Final = 4
"""Patches of each channel, and images of each output."""
_OUTPUT: Final = "output "


def patches(height: int, width: int) -> Array:
    """``[1, height, width, 2^(height · width)]`` every patch, its last pixel changing fastest."""
    pixels = np.arange(height * width)[::-1, None]
    return (np.arange(1 << height * width) >> pixels & 1).astype(np.float64).reshape(1, height, width, -1)


def _look(question: SubjectQuestion, _settings: Settings, _work: Work) -> Table:
    model = question.subject
    rows, notes, sides, step = list[dict[str, Any]](), list[str](), [1, 1], 1
    for layer, one in enumerate(model.convolutions, start=1):
        sides = [side + (more - 1) * step for side, more in zip(sides, one.weights.shape[2:], strict=True)]
        step *= one.stride
        if sides[0] * sides[1] > MAX_PIXELS:
            notes.append(f"Channels of layer {layer} see {sides[0]} × {sides[1]} pixels, which have too many patches.")
            continue
        given = maps = patches(*sides)
        for below in model.convolutions[:layer]:
            maps = model.activation.value(below.model_copy(update={"padding": 0}).sums(maps))
        for k, values in enumerate(maps[:, 0, 0]):
            rows += _most(f"c{layer}.{k}", values, np.moveaxis(given[0], -1, 0))
    for k, label in enumerate(model.outputs):
        apart = CLASSES.margins(model.layers[-1][None], np.full(len(model.data), k))[0]
        rows += _most(_OUTPUT + label, apart, model.data)
    return Table(tuple(rows), tuple(notes))


def _most(name: str, values: Array, images: Array) -> Iterator[dict[str, Any]]:
    """The images ``[n, height, width]`` with the largest values ``[n]``; of equal ones the first, of all equal one."""
    for at in np.argsort(-values, kind="stable")[: SHOWN if np.ptp(values) else 1].tolist():
        value = float(values[at])
        equal = int((values == value).sum())
        yield {"of": name, "image": image_text(images[at]), "value": value, "equal": equal, "tried": len(values)}


def _pictures(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for row in rows:
        found.setdefault(row["of"], []).append((row["image"], row["value"]))
    return found


def _says(_question: SubjectQuestion, seen: Table) -> str:
    first = {row["of"]: row for row in reversed(seen.rows)}
    channels = {name: row for name, row in reversed(first.items()) if not name.startswith(_OUTPUT)} or first
    most = max(channels.values(), key=lambda row: row["value"])
    still = [name for name, row in channels.items() if row["equal"] == row["tried"]]
    rest = f" Always the same, whatever the patch: {', '.join(still)}." if still else ""
    return f"The largest value is that of {most['of']}, {most['value']:.3g} on {most['image'].replace(' ', '/')}.{rest}"


PREFERRED_INPUTS: Final = Lens(
    key="preferred-inputs",
    label="Preferred inputs of channels",
    definition="Of all black and white patches that a channel can see at one position, those on which it is largest; "
    "and the images of the task on which each output is furthest above the others.",
    source="After Cammarata et al., Curve Detectors, Distill 2020 (doi:10.23915/distill.00024.003), trying every patch",
    needs=("channels",),
    look=_look,
    says=_says,
    can_know="Which patches excite a channel most, exactly, where it sees no padding. Not what is made of it: "
    "the patch may occur in no image, and nothing may read the channel.",
    columns={
        "of": "channel, cLAYER.NUMBER, or output",
        "image": "the lines of the patch or image, 1 where it is filled",
        "value": "of the channel after the activation; of an output above the largest other",
        "equal": "how many have this very value",
        "tried": "how many there are",
    },
    pictures=_pictures,
)
