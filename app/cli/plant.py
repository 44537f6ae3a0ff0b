"""`pluriscope plant`: networks that are made to carry a known algorithm on known neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from app.cli.terminal import DONE, STOPPED, Refusal, check_writable, remark, write_json

if TYPE_CHECKING:
    from analysis.algorithms.high_level_model import HighLevelModel
    from analysis.planting.planted import Planted


def plant(
    algorithm: Annotated[
        str,
        typer.Argument(
            help="The algorithm as its identity text: !(!(!A&B)&!(!B&A)); with --form formula_trees (A*¬B)+(¬A*B).",
            show_default=False,
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Network file to write, or - for standard output.", show_default=False)
    ],
    hidden: Annotated[str, typer.Option(help="Hidden layer sizes.")] = "3,3",
    form: Annotated[
        str, typer.Option(help="and_inverter, shared_gates, or formula_trees as the authors write them.")
    ] = "and_inverter",
    inputs: Annotated[int, typer.Option(help="Number of inputs; default: up to the last letter used.")] = 0,
    activation: Annotated[str, typer.Option(help="relu, leaky_relu or sigmoid.")] = "relu",
    output_activation: Annotated[str, typer.Option(help="linear, or the hidden one.")] = "linear",
    scale: Annotated[float, typer.Option(help="Steepness of sigmoid neurons.")] = 25.0,
    disguise: Annotated[
        list[str] | None,
        typer.Option(
            help="permute, scale, split=COUNT, idle=COUNT, distract=COUNT, noise=AMOUNT (noise alone: as much as "
            "provably does no harm) or finetune=STEPS; repeatable, done in this order."
        ),
    ] = None,
    train: Annotated[
        str,
        typer.Option(
            help="Train instead of compiling: plain, iit (interchange), strict, or strict-zero (strict, with zero "
            "ablation of all that is off the circuit)."
        ),
    ] = "",
    steps: Annotated[int, typer.Option(help="With --train: steps of Adam.")] = 3_000,
    seed: Annotated[int, typer.Option(help="Of all draws.")] = 0,
    name: Annotated[str, typer.Option(help="Name of the network; default: what was planted and how.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr.")] = False,
) -> int:
    """Write a network that carries an algorithm on known neurons, with a record of it.

    Example: [bold]pluriscope plant "!(!(!A&B)&!(!B&A))" --disguise split --output planted.json[/bold]

    What does not fit is refused, with what it needs and what there is. `pluriscope import` and `audit` read the record.

    Exit codes: 0 done, 2 bad input, 3 training did not reach its loss target; the network is written all the same.
    """
    from analysis.network_files.files import checked_name, network_file_json
    from analysis.planting.compiling import compile_algorithm
    from analysis.planting.disguises import disguised

    check_writable(output)
    tree, widths = read_algorithm(algorithm, form, inputs), read_widths(hidden)
    learned = True
    if train:
        planted, learned = _trained(tree, widths, train, activation, output_activation, steps, seed)
    else:
        planted = compile_algorithm(
            tree, widths, activation=activation, output_activation=output_activation, scale=scale
        )
    for text in disguise or []:
        planted = disguised(planted, text, seed)
    file = planted.file(checked_name(name) if name else "")
    write_json(output, network_file_json(file))
    if not quiet:
        for sentence in what_it_passes(planted):
            remark(sentence)
    if not learned:
        remark("training ended above its loss target; try another seed or more steps")
    return DONE if learned else STOPPED


def _trained(
    algorithm: HighLevelModel,
    hidden: tuple[int, ...],
    mode: str,
    activation: str,
    output_activation: str,
    steps: int,
    seed: int,
) -> tuple[Planted, bool]:
    """A network trained to carry the algorithm, and whether it reached its loss target.

    Raises:
        InvalidPlanting: a setting out of range.
        Refusal: it diverged.
    """
    from analysis.planting.interchange import InterchangeSpec, interchange_trained

    spec = InterchangeSpec.of(
        algorithm,
        hidden,
        mode=mode,
        activation=activation,
        output_activation=output_activation,
        steps=steps,
    )
    (found,) = interchange_trained(spec, [seed])
    if found.planted is None:
        raise Refusal(f"--train {mode}: diverged to infinite values. Give another seed.")
    return found.planted, found.learned


def read_algorithm(text: str, form: str, n_inputs: int) -> HighLevelModel:
    """The algorithm.

    Raises:
        InvalidAlgorithm: a text that no algorithm of that form has.
        Refusal: an unknown form.
    """
    from analysis.algorithms.high_level_model import Form
    from analysis.algorithms.parsing import parse_algorithm
    from analysis.tasks import INPUT_NAMES, MAX_INPUTS

    used = max((INPUT_NAMES.index(letter) + 1 for letter in text if letter in INPUT_NAMES), default=1)
    n_inputs = n_inputs or used
    if not 1 <= n_inputs <= MAX_INPUTS:
        raise Refusal(f"--inputs {n_inputs}: is out of range. Give 1 to {MAX_INPUTS}.")
    for known in get_args(Form):
        if form == known:
            return parse_algorithm(text, known, n_inputs)
    raise Refusal(f"--form {form!r}: is unknown. Give {' or '.join(get_args(Form))}.")


def read_widths(text: str) -> tuple[int, ...]:
    """Hidden layer sizes, as in "3,3".

    Raises:
        Refusal: another text, or a layer that is empty or too wide.
    """
    from analysis.network_files.files import MAX_LAYERS, MAX_WIDTH

    parts = text.split(",")
    if len(parts) > MAX_LAYERS - 2 or not all(p.strip().isdecimal() and 1 <= int(p) <= MAX_WIDTH for p in parts):
        raise Refusal(f"--hidden {text!r}: is no list of layer sizes. Give such as 3,3.")
    return tuple(map(int, parts))


def what_it_passes(planted: Planted) -> list[str]:
    """What was planted, and what it provably passes, in sentences."""
    from analysis.planting.certificate import certified_margin, exhaustive
    from analysis.question import ask

    record = planted.record
    found = exhaustive(ask(planted.network, task=record.task), record)
    margin = certified_margin(planted.network, record)
    places = ", ".join(
        f"{path} on {'+'.join(f'{site.layer}.{neuron}' for neuron in site.neurons)}"
        for path, site in record.alignment.places
    )
    tried = {"zero": found.zero, "mean": found.mean, "resample": found.resample}
    passed = [key for key, passes in tried.items() if passes]
    joint = "too many to try" if found.joint is None else f"{found.joint.agreed} of {found.joint.of}"
    return [
        f"{record.algorithm.formula}: circuit {record.circuit.hex} with {record.circuit.n_edges} edges"
        + (f", variables {places}" if places else ""),
        f"all interventions tried: ablations passed {', '.join(passed) or 'none'}; interchanges {found.single.agreed} "
        f"of {found.single.of}, joint ones {joint}",
        "whatever neurons off the circuit carry, outputs provably keep "
        + (f"{margin:.4g} from the edges of decisions" if margin is not None else "nothing that intervals can show"),
    ]
