"""`pluriscope plant`: networks that are made to carry a known algorithm on known neurons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from pluriscope.app.cli.terminal import DONE, STOPPED, Refusal, Shown, check_output, remark, written

if TYPE_CHECKING:
    from pluriscope.analysis.algorithms.high_level_model import HighLevelModel


def plant(
    algorithm: str,
    *,
    output: str = "",
    hidden: tuple[int, ...] = (3, 3),
    form: str = "and_inverter",
    inputs: int = 0,
    activation: str = "relu",
    output_activation: str = "linear",
    scale: float = 25.0,
    disguise: Sequence[str] = (),
    train: str = "",
    steps: int = 3_000,
    seed: int = 0,
    name: str = "",
    quiet: bool = False,
    json: bool = False,
) -> Shown:
    """Write a network that carries an algorithm on known neurons, with a record of it.

    Example: pluriscope plant "!(!(!A&B)&!(!B&A))" --disguise noise --output planted.json

    What does not fit is refused, with what it needs and what there is. `pluriscope import` and `audit` read the record.

    Exit codes: 0 done, 2 bad input, 3 training did not reach its loss target, or disguises changed what the network
    computes; it is written all the same.

    Args:
        algorithm: The algorithm as its identity text: !(!(!A&B)&!(!B&A)); with --form formula_trees (A*¬B)+(¬A*B).
        output: Network file to write, or - for standard output.
        hidden: Hidden layer sizes.
        form: and_inverter, shared_gates, or formula_trees as the authors write them.
        inputs: Number of inputs; default: up to the last letter used.
        activation: relu, leaky_relu or sigmoid.
        output_activation: linear, or the hidden one.
        scale: Steepness of sigmoid neurons.
        disguise: noise=AMOUNT, or noise alone: as much as provably does no harm; repeatable.
        train: Train instead of compiling: plain, iit (interchange), strict, or strict-zero (strict, with zero ablation
            of all that is off the circuit).
        steps: With --train: steps of Adam.
        name: Name of the network; default: what was planted and how.
        quiet: Nothing on stderr.
    """
    from pluriscope.analysis.network_files.files import network_file_json
    from pluriscope.analysis.subjects.names import checked_name
    from pluriscope_edits.planting.compiling import compile_algorithm
    from pluriscope_edits.planting.disguises import disguised

    check_output(output, json)
    # compile, or train from a start of the seed; disguises are the same for both
    tree, widths = read_algorithm(algorithm, form, inputs), _checked(hidden)
    learned = True
    if train:
        from pluriscope_edits.planting.interchange import InterchangeSpec, interchange_trained  # torch

        spec = InterchangeSpec.of(
            tree, widths, mode=train, activation=activation, output_activation=output_activation, steps=steps
        )
        (found,) = interchange_trained(spec, [seed])
        if found.planted is None:
            raise Refusal(f"--train {train}: diverged to infinite values. Give another seed.")
        planted, learned = found.planted, found.learned
    else:
        planted = compile_algorithm(
            tree, widths, activation=activation, output_activation=output_activation, scale=scale
        )
    for text in disguise:
        planted = disguised(planted, text, seed)
    file = planted.file(checked_name(name) if name else "")
    if not quiet:
        circuit = planted.record.circuit
        remark(f"{planted.record.algorithm.formula}: circuit {circuit.hex} with {circuit.n_edges} edges")
    if not learned:
        remark("training ended above its loss target; try another seed or more steps")
    elif planted.n_wrong:
        remark(
            f"{planted.n_wrong} of {2**tree.n_inputs} inputs are decided wrong now; take less noise, or another seed"
        )
    return written(output, network_file_json(file), DONE if learned and not planted.n_wrong else STOPPED)


def read_algorithm(text: str, form: str, n_inputs: int) -> HighLevelModel:
    """The algorithm.

    Raises:
        InvalidAlgorithm: a text that no algorithm of that form has.
        Refusal: an unknown form.
    """
    from pluriscope.analysis.algorithms.high_level_model import Form
    from pluriscope.analysis.algorithms.parsing import parse_algorithm
    from pluriscope.analysis.questions.tasks import INPUT_NAMES, MAX_INPUTS

    used = max((INPUT_NAMES.index(letter) + 1 for letter in text if letter in INPUT_NAMES), default=1)
    n_inputs = n_inputs or used
    if not 1 <= n_inputs <= MAX_INPUTS:
        raise Refusal(f"--inputs {n_inputs}: is out of range. Give 1 to {MAX_INPUTS}.")
    for known in get_args(Form):
        if form == known:
            return parse_algorithm(text, known, n_inputs)
    raise Refusal(f"--form {form!r}: is unknown. Give {' or '.join(get_args(Form))}.")


def _checked(hidden: Sequence[int]) -> tuple[int, ...]:
    """Hidden layer sizes."""
    from pluriscope.analysis.network_files.files import MAX_LAYERS, MAX_WIDTH

    if len(hidden) > MAX_LAYERS - 2 or not all(1 <= width <= MAX_WIDTH for width in hidden):
        raise Refusal(f"--hidden {','.join(map(str, hidden))!r}: is no list of layer sizes. Give such as 3,3.")
    return tuple(hidden)
