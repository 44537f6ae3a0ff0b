"""The sequence of criteria as the page shows it: what each step asks, and the addresses of every change to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from analysis.criteria.criterion import Parameter
from analysis.criteria.funnel import PRESETS
from analysis.criteria.registry import CRITERIA, criterion_named
from analysis.criteria.steps import CriterionStep
from analysis.errors import InvalidCriterion
from app.addressing import Addresses
from app.errors import BadQuery
from app.pages.funnel.model import Addition, ParameterView, Preset, RowState, StepView
from app.pages.funnel.options import FunnelPageOptions

Url = Callable[[Sequence[CriterionStep]], str]
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def settings_words(step: CriterionStep) -> str:
    """The values of a step's parameters in words; "" if it has none."""
    words = []
    for parameter in step.criterion.parameters:
        value = step.settings[parameter.name]
        default = f" (default {number_words(parameter.default)})" if value != parameter.default else ""
        words.append(f"{_name(parameter)} {number_words(value)}{default}")
    return ", ".join(words)


def number_words(value: float | int) -> str:
    """A setting as people read it: all digits of a whole number, the shortest text of any other."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def step_views(
    steps: Sequence[CriterionStep], states: Mapping[CriterionStep, RowState], addresses: Addresses, url: Url
) -> list[StepView]:
    """The sequence, each step with where it goes from here."""
    views = []
    for position, step in enumerate(steps):
        criterion = step.criterion
        views.append(
            StepView.showing(
                criterion,
                position=position,
                text=str(step),
                key=step.key,
                settings=settings_words(step),
                kinds=[*step.kinds, *step.recorded_kinds],
                parameters=[
                    ParameterView.showing(parameter, value=step.settings[parameter.name])
                    for parameter in criterion.parameters
                ],
                glossary_url=addresses.glossary(step.criterion.term or step.key),
                state=states[step],
                up_url=url(_swapped(steps, position - 1)) if position else None,
                down_url=url(_swapped(steps, position)) if position + 1 < len(steps) else None,
                remove_url=url([*steps[:position], *steps[position + 1 :]]),
            )
        )
    return views


def preset_views(steps: Sequence[CriterionStep], url: Url) -> list[Preset]:
    return [
        Preset.showing(
            preset,
            url=url(preset.steps),
            current=tuple(steps) == preset.steps,
        )
        for preset in PRESETS
    ]


def additions(steps: Sequence[CriterionStep], url: Url) -> list[Addition]:
    """The criteria that are not in the sequence."""
    keys = {step.key for step in steps}
    found = []
    for criterion in CRITERIA:
        if criterion.key not in keys:
            step = CriterionStep.of(criterion)
            longer = url([*steps, step])
            found.append(
                Addition(
                    key=criterion.key,
                    label=criterion.label,
                    url=longer,
                    kinds=[*criterion.kinds, *criterion.recorded_kinds],
                )
            )
    return found


def edited(options: FunnelPageOptions) -> tuple[CriterionStep, ...]:
    """The sequence after the change that a form asks for.

    Raises:
        BadQuery: no such step or parameter, or a value that is no number or out of range.
    """
    steps = options.steps
    if options.edit is None:
        return steps
    if options.edit >= len(steps):
        raise BadQuery(f"edit {options.edit}", f"there are {len(steps)} criteria", "use a position from 0", "edit")
    if len(options.parameter) != len(options.value):
        cause = f"{len(options.parameter)} names and {len(options.value)} values"
        raise BadQuery("parameter", cause, "give one value for each parameter", "parameter")
    step = steps[options.edit]
    given = {
        **step.settings,
        **{name: _number(value) for name, value in zip(options.parameter, options.value, strict=True)},
    }
    try:
        # an empty field means the default
        changed = CriterionStep.of(
            criterion_named(step.key), {name: value for name, value in given.items() if value != ""}
        )
    except InvalidCriterion as error:
        raise BadQuery(error.item, error.cause, error.cure, "value") from None
    return tuple(dict.fromkeys([*steps[: options.edit], changed, *steps[options.edit + 1 :]]))


def _number(text: str) -> float | str:
    """A number if it is one, with a point or a comma; anything else is left for the parameter to refuse."""
    bare = text.strip()
    return float(bare.replace(",", ".")) if _NUMBER.fullmatch(bare) else bare


def _name(parameter: Parameter) -> str:
    return parameter.name.replace("_", " ")


def _swapped(steps: Sequence[CriterionStep], position: int) -> list[CriterionStep]:
    """The sequence with the step at this position and the next one exchanged."""
    changed = list(steps)
    changed[position], changed[position + 1] = changed[position + 1], changed[position]
    return changed
