"""Declarations beside a network, and what its file leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declared_tasks import TaskSource
from pluriscope.analysis.questions.tasks import TASK_NAMES

_SHOWN: Final = 3  # answers that are named where none fits
OutputIs = Literal["", "value", "logit", "sign", "classes"]


class Declaration(BaseModel):
    """The declarations of whoever brings a network in."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    task: TaskSource = Field(
        "file",
        title="What its outputs should compute",
        description="Where the tasks come from. Where neither says anything: what the network answers.",
        json_schema_extra={
            "words": {
                "file": "as written below, else as the file says",
                "name": "by name",
                "table": "by truth table",
                "formula": "by formula",
                "decisions": "whatever it computes: what the network itself answers",
            }
        },
    )
    tasks: str = Field(
        "",
        title="Names, truth tables or formulas",
        description=f"A name ({', '.join(TASK_NAMES)}), a table such as 0110, or a formula such as "
        "A·¬B + ¬A·B. One for each output with semicolons between; one stands for all.",
    )
    encoding: str = Field(
        "",
        title="How inputs are encoded",
        description="The number for 0 and the number for 1, such as -1, 1; one pair for each input with semicolons "
        "between; empty: 0, 1.",
    )
    activation: str = Field(
        "",
        title="Activation of its hidden layers",
        description="The activation of hidden layers, as network files write it: tanh, elu(alpha=0.5). Only where the "
        "file does not say it; empty: the one that fits.",
    )
    output_activation: str = Field(
        "", title="Activation of its last layer", description="The same of the last layer; linear: none."
    )
    negative_slope: str = Field(
        "", title="Negative slope", description="Of leaky_relu, where the file does not say it; empty: 0.01."
    )
    output_is: OutputIs = Field(
        "",
        title="What its output is",
        description="What its output is: a value near 0 or 1; a logit, which decides at 0; a sign, near -1 or 1, "
        "which does so, too; or two classes, of which the larger output decides. Empty: what fits.",
        json_schema_extra={
            "words": {
                "": "what fits",
                "value": "a value near 0 or 1",
                "logit": "a logit (BCEWithLogitsLoss): decides at 0",
                "sign": "a value near -1 or 1: decides at 0",
                "classes": "two logits: the larger decides",
            }
        },
    )
    part: str = Field(
        "",
        title="Which of its networks",
        description="Of a file with several networks: the beginning of the names of one, such as actor; several with "
        "commas between where one network goes on under another name, or all.",
    )
    layers: str = Field(
        "",
        title="Order of its layers",
        description="Of tensors whose names and shapes leave it open: the names of all layers from the first to the "
        "last, with commas between; .T behind one that is stored the other way round than its name says.",
    )
    name: str = Field("", description="What to call it; empty: as the file does.")


LEFT_OPEN: Final = {
    "part": "which of its networks is meant",
    "activation": "the activation of its hidden layers",
    "output_activation": "the activation of its last layer",
    "negative_slope": "the negative slope",
    "layers": "the order of its layers",
    "output_is": "what its output is",
    "encoding": "how its inputs are encoded",
}
"""Fields of a declaration that a file may leave open, and what each is."""


@dataclass(frozen=True)
class FileQuestion:
    """Something that a file does not say.

    Args:
        field: of :class:`pluriscope.analysis.network_files.declaration.Declaration`, by which it is answered.
        choices: answers as the field takes them, those that fit first; of layers there may be more.
        chosen: what is taken while nobody answers.
        why: that, in a sentence.
        fitting: answers that fit. Only one that fits alone is taken without being confirmed.
    """

    field: str
    choices: tuple[str, ...]
    chosen: str
    why: str
    fitting: tuple[str, ...]

    @property
    def taken(self) -> str:
        """The choice that was made, as a sentence for people."""
        return f"The file does not say {LEFT_OPEN[self.field]}; {self.chosen} was taken. {self.why}"

    @property
    def refusal(self) -> InvalidNetwork | None:
        """The error that asks for an answer; None where one answer alone fits."""
        if len(self.fitting) == 1:
            return None
        option = f"--{self.field.replace('_', '-')}"
        shown = " or ".join(repr(one) if "," in one else one for one in self.fitting or self.choices[:_SHOWN])
        cause = f"is not said by the file, and {'several fit' if self.fitting else 'none fits'}"
        cure = f"say {self.field} ({option}): {'it may be' if self.fitting else 'such as'} {shown[:400]}"
        return InvalidNetwork(LEFT_OPEN[self.field], cause, cure)
