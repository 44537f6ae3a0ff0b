"""Which irredundant algorithms each lens tells that finds variables, beside which one is carried; mostly of XOR's two.

A lens tells an algorithm where it shows all of its variables; a variable counts together with its negation, unless a
measure says "as written". Lenses that answer with numbers tell none: what can be made of those is worked out over all
networks together, not on one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import permutations
from statistics import mean
from typing import Final, cast

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.late_functions import function_at
from analysis.lenses.das import passing
from analysis.lenses.functions import FunctionOnLayer, function_rows, without_sign
from analysis.lenses.lens import Table
from analysis.lenses.registry import LENS_BY_KEY
from analysis.lenses.sae import Encoded, matches
from analysis.method_settings import Settings
from analysis.question import Question
from analysis.studies.measures.alice_or_bob import NAMES, who
from analysis.studies.measures.measure import Kind, Measure, Measured, Value, measure
from analysis.studies.measures.staircase import irredundant_algorithms
from analysis.studies.subject import Studied

N_SEEDS: Final = 5
LATENTS: Final = (6, 3)
"""Of each layer: as the lens has them by default, and half as many."""
_ELSEWHERE: Final = Measured(None, note="asked of XOR of two inputs only")
_DIVERGED: Final = Measured(None, note="an autoencoder diverged")

Encoder = Callable[[Question, Settings], list[Sequence[Encoded]] | None]
Variables = Mapping[str, tuple[int, ...]]
"""By an algorithm's text or formula, the truth tables of its variables."""


def _algorithms(studied: Studied) -> tuple[HighLevelModel, ...]:
    return irredundant_algorithms(studied.question.task, studied.question.cut.n_hidden_layers)


def _variables(studied: Studied) -> Variables | None:
    """Those of Alice and Bob, by text without a negation of the whole; None where the task has other algorithms."""
    known = {
        one.text.removeprefix("!"): tuple(variable.function for variable in one.variables)
        for one in _algorithms(studied)
    }
    return known if set(known) == set(NAMES) else None


def _of_xor(
    key: str, label: str, kind: Kind = "category", definition: str = ""
) -> Callable[[Callable[[Studied, Variables], Measured | Value]], Measure]:
    """Declare a measure of XOR's two algorithms."""

    def declared(function: Callable[[Studied, Variables], Measured | Value]) -> Measure:
        @measure(key, label, kind, definition=definition or function.__doc__ or "")
        def measured(studied: Studied) -> Measured | Value:
            variables = _variables(studied)
            return _ELSEWHERE if variables is None else function(studied, variables)

        return measured

    return declared


def _shown(variables: Variables, functions: Iterable[int], n_inputs: int) -> list[str]:
    """The algorithms all of whose variables are among some functions, each up to its negation."""
    found = {without_sign(function, n_inputs) for function in functions}
    return [text for text, each in variables.items() if found.issuperset(without_sign(one, n_inputs) for one in each)]


# --- probes


def _on_layers(studied: Studied, variables: Variables) -> dict[int, tuple[FunctionOnLayer, ...]]:
    """By function what is known of it on every hidden layer."""

    def compute() -> dict[int, tuple[FunctionOnLayer, ...]]:
        n_inputs = studied.question.cut.n_inputs
        asked = dict.fromkeys(without_sign(one, n_inputs) for each in variables.values() for one in each)
        return {row.function: row.layers for row in function_rows(studied.question, list(asked), None)}

    return studied.once("functions on layers", compute)


def _decodable(at: FunctionOnLayer) -> bool:
    return at.margin > 0.0


def _used(at: FunctionOnLayer) -> bool:
    return bool(at.changed)


def _probed(is_shown: Callable[[FunctionOnLayer], bool], studied: Studied, variables: Variables) -> list[str]:
    """The algorithms whose variables are all shown, each on some hidden layer."""
    found = [function for function, layers in _on_layers(studied, variables).items() if any(map(is_shown, layers))]
    return _shown(variables, found, studied.question.cut.n_inputs)


def _probed_formulas(is_shown: Callable[[FunctionOnLayer], bool], studied: Studied) -> tuple[str, ...]:
    """The same of the algorithms with variables of any task, by formula."""
    algorithms = [one for one in _algorithms(studied) if one.variables]
    variables = {one.formula: tuple(variable.function for variable in one.variables) for one in algorithms}
    return tuple(sorted(_probed(is_shown, studied, variables)))


@_of_xor("told-probes", "told by probes")
def _told_by_probes(studied: Studied, variables: Variables) -> str:
    """Which of XOR's two irredundant algorithms have all variables decodable, each on some hidden layer."""
    return who(_probed(_decodable, studied, variables))


@_of_xor("told-used", "told by probes that are used")
def _told_by_use(studied: Studied, variables: Variables) -> str:
    """Which of the two have all variables decodable and used: interchanging the read-out changes some decision."""
    return who(_probed(_used, studied, variables))


@measure("probed-formulas", "algorithms told by probes", "set")
def _formulas(studied: Studied) -> tuple[str, ...]:
    """The irredundant algorithms with variables of which all are decodable, each on some hidden layer."""
    return _probed_formulas(_decodable, studied)


@measure("used-formulas", "algorithms told by probes that are used", "set")
def _used_formulas(studied: Studied) -> tuple[str, ...]:
    """Those of which all are decodable and used: interchanging the read-out changes some decision."""
    return _probed_formulas(_used, studied)


# --- autoencoders


def _layers(studied: Studied, latents: int) -> list[Sequence[Encoded]] | None:
    """Of each hidden layer an autoencoder for each seed; None where training diverged."""

    def compute() -> list[Sequence[Encoded]] | None:
        settings = LENS_BY_KEY["sae"].filled({"latents": latents, "seeds": N_SEEDS, "force": True})
        encoded = cast(Encoder, function_at("analysis.lenses.autoencoder:encoded_layers"))  # loads torch
        return encoded(studied.question, settings)

    return studied.once(("autoencoders", latents), compute)


def _told(layers: list[Sequence[Encoded]], seed: int, variables: Variables, *, written: bool) -> list[str]:
    """The algorithms all of whose variables are latents of one layer of one seed."""
    found: list[str] = []
    for layer in layers:
        fires = layer[seed].fires.T.tolist()
        functions = [sum(bit << row for row, bit in enumerate(latent)) for latent in fires]
        n_rows = len(fires[0])
        if written:  # of Bob A ∨ B and ¬(A ∧ B): what his formula combines, the negations of his variables
            negated = {text: tuple(function ^ (1 << n_rows) - 1 for function in variables[text]) for text in variables}
            combined = {text: negated[text] if NAMES[text] == "Bob" else variables[text] for text in variables}
            found += [text for text, each in combined.items() if set(each) <= set(functions)]
        else:
            found += _shown(variables, functions, n_rows.bit_length() - 1)
    return found


def _told_by_latents(written: bool, studied: Studied, variables: Variables) -> Measured:
    layers = _layers(studied, LATENTS[0])
    if layers is None:
        return _DIVERGED
    return Measured(who(_told(layers, 0, variables, written=written)))


@_of_xor("told-sae", "told by an autoencoder")
def _told_by_autoencoder(studied: Studied, variables: Variables) -> Measured:
    """Which of the two have all variables, each or its negation, among the latents of one layer of the first
    autoencoder, of six latents.
    """
    return _told_by_latents(False, studied, variables)


@_of_xor("told-sae-written", "told by an autoencoder, as written")
def _told_as_written(studied: Studied, variables: Variables) -> Measured:
    """The same of what the formulas combine: A ∧ ¬B and ¬A ∧ B, or A ∨ B and ¬(A ∧ B), not their negations."""
    return _told_by_latents(True, studied, variables)


def _seeds_telling(name: str, written: bool, studied: Studied, variables: Variables) -> Measured:
    """In how many of the seeds one of the two is told, as a share."""
    layers = _layers(studied, LATENTS[0])
    if layers is None:
        return _DIVERGED
    text = next(text for text, called in NAMES.items() if called == name)
    return Measured(mean(text in _told(layers, seed, variables, written=written) for seed in range(N_SEEDS)))


TELLING: Final = tuple(
    _of_xor(
        f"sae-{name.lower()}{'-written' if written else ''}",
        f"autoencoders that show {what}",
        "share",
        f"Of {N_SEEDS} seeds the share whose autoencoder has {words}, among the latents of one layer.",
    )(partial(_seeds_telling, name, written))
    for name, written, what, words in (
        ("Alice", False, "Alice's variables", "A ∧ ¬B and ¬A ∧ B, each or its negation"),
        ("Bob", False, "Bob's variables", "A ∨ B and A ∧ B, each or its negation"),
        ("Alice", True, "what Alice's formula combines", "A ∧ ¬B and ¬A ∧ B, not their negations"),
        ("Bob", True, "what Bob's formula combines", "A ∨ B and ¬(A ∧ B), not their negations"),
    )
)


def _of_latents(values: Sequence[float]) -> Measured:
    """The mean of what was found of live latents."""
    return Measured(mean(values)) if values else Measured(None, note="no latent is live")


@measure(
    "sae-explained",
    "variance that autoencoders rebuild",
    "number",
    definition=f"Share of a layer's variance that six latents rebuild, in the mean over layers and {N_SEEDS} seeds.",
)
def _explained(studied: Studied) -> Measured:
    layers = _layers(studied, LATENTS[0])
    if layers is None:
        return _DIVERGED
    return _of_latents([one.explained for layer in layers for one in layer if one.explained is not None])


@measure(
    "sae-single",
    "latents that fire on a single input",
    "share",
    definition=f"Of the live latents of {N_SEEDS} autoencoders the share that fires on exactly one of the four inputs.",
)
def _single(studied: Studied) -> Measured:
    layers = _layers(studied, LATENTS[0])
    if layers is None:
        return _DIVERGED
    return _of_latents([n == 1 for layer in layers for one in layer for n in one.fires.sum(axis=0).tolist() if n])


def _found_again(latents: int, studied: Studied) -> Measured:
    """Of the live latents of each seed the share that each other seed has."""
    layers = _layers(studied, latents)
    if layers is None:
        return _DIVERGED
    again: list[bool] = []
    for layer in layers:
        for one, other in permutations(layer, 2):
            again += matches(one, other)[one.fires.any(axis=0)].tolist()
    return _of_latents(again)


FOUND_AGAIN: Final = tuple(
    measure(
        f"sae-found-again-{latents}",
        f"latents found again, {latents} a layer",
        "share",
        definition=f"Of the live latents of an autoencoder with {latents} on each layer, the share that another seed "
        "has with a direction within a cosine of .95, in the mean over layers and pairs of seeds.",
    )(partial(_found_again, latents))
    for latents in LATENTS
)


# --- distributed alignment search


@_of_xor("told-das", "told by distributed alignment search")
def _aligned(studied: Studied, _variables: Variables) -> Measured:
    """Which of the two pass every interchange on some layer in one default run: a dimension for each variable, one
    seed, 300 steps.
    """
    lens = LENS_BY_KEY["das"]
    answer = lens.answer(studied.question, lens.defaults)
    if not isinstance(answer.view, Table):
        return Measured(None, note=answer.notes[0] if answer.notes else answer.outcome)
    by_formula = {one.formula: one.text for one in _algorithms(studied)}
    return Measured(who(by_formula[formula] for formula, _ in passing(answer.view)))
