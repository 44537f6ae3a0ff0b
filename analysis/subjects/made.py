"""The steps by which a network was made, as its file has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_STEPS: Final = 32
MAX_VALUE: Final = 200  # characters of a setting's value
_WORD: Final = "^[a-z][a-z0-9_-]{0,39}$"

Setting = str | int | float | bool
_Word = Annotated[str, StringConstraints(pattern=_WORD)]
_Setting = (
    Annotated[str, StringConstraints(max_length=MAX_VALUE, pattern=r"^\P{C}*$")]
    | bool
    | int
    | Annotated[float, Field(gt=-1e300, lt=1e300)]
)


class StepDocument(BaseModel):
    """A step in making a network, as JSON values."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[_Word, _Setting] = Field(init=False)

    step: _Word

    @property
    def made(self) -> Made:
        """The step that these values describe."""
        return Made(self.step, tuple((self.model_extra or {}).items()))


@dataclass(frozen=True)
class Made:
    """A step in making a network.

    Args:
        step: "compile", "permute", "noise" and the like.
        settings: with which it can be done again.
    """

    step: str
    settings: tuple[tuple[str, Setting], ...] = ()

    @property
    def text(self) -> str:
        """The step for people: ``noise (amount 0.05, seed 3)``."""
        answer = ", ".join(
            f"{name.replace('_', ' ')} {f'{value:.4g}' if isinstance(value, float) else value}"
            for name, value in self.settings
        )
        return f"{self.step} ({answer})" if answer else self.step


def made_json(made: Sequence[Made]) -> list[dict[str, Setting]]:
    """Steps as JSON values."""
    return [{"step": one.step, **dict(one.settings)} for one in made]
