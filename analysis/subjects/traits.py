"""Traits: what kinds of subjects offer, and the one sentence by which a kind without one refuses what needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Trait:
    """Something that a kind of subject may offer.

    Args:
        key: stable name, lower case with dashes.
        label: what it makes possible, for the table of kinds.
        reason: why a kind does not offer it: a clause about ``{plural}``, the subjects of that kind, and true
            whatever these are made of.
        of_inputs: whether it also needs rows that stand for the Boolean inputs.
    """

    key: str
    label: str
    reason: str
    of_inputs: bool = False


_TRAITS: Final = (
    Trait(
        "boolean-rows",
        "Tasks as a truth table or formula",
        "what is right on each row of {plural} stands in their file, not in a truth table",
        of_inputs=True,
    ),
    Trait("own-rows", "Rows of one's own", "the rows of {plural} stand with the task in their file"),
    Trait("outputs", "One output of several", "{plural} are asked about as a whole, with all their outputs"),
    Trait("protocols", "Protocol files; the protocol `paper`", "the rules of {plural} are values of settings"),
    Trait("counting", "Counts of sets too large to list", "circuits of {plural} are counted by listing them"),
    Trait(
        "formulas",
        "Formulas of Boolean inputs: gates, pairs",
        "no formulas of Boolean inputs are read of {plural}",
        of_inputs=True,
    ),
    Trait("sites", "Algorithms with finite variables on sites", "no sites of {plural} are exchanged", of_inputs=True),
    Trait(
        "readings",
        "Interpretations by variables of the task, subspaces of sites",
        "no sites of {plural} are read as variables of the task",
    ),
    Trait("neurons", "Analyses of single neurons", "single neurons of {plural} are not read"),
    Trait("numbers", "Numbers for 0 and 1 on inputs", "no inputs of {plural} stand for 0 and 1"),
    Trait("edge-weights", "Analyses and edits of single weights", "weights of single edges of {plural} are not read"),
    Trait("gates", "Methods with gates on edges", "no derivatives by gates on the edges of {plural} are defined"),
    Trait("stream", "Residual stream, heads, positions", "no residual stream of {plural} is read"),
    Trait("steps", "Codes by magnitude over steps", "no steps of {plural} are read"),
    Trait("channels", "Preferred inputs of channels", "no channels of {plural} are read"),
    Trait("boxes", "Bounds over boxes of inputs and patched values", "no bounds over a box are known of {plural}"),
    Trait("play", "Play", "no page plays {plural}"),
    Trait("edits", "Edits by a rule", "no edit is defined on {plural}"),
    Trait("studies", "Studies of many networks", "no study trains {plural}"),
    Trait(
        "formats",
        "Files of safetensors and ONNX; scikit-learn",
        "{plural} come from Python or as files of their own format, which the library writes",
    ),
)
TRAITS: Final[Mapping[str, Trait]] = {one.key: one for one in _TRAITS}
