"""docs/findings.md: the tables between its markers are made here from result files; the words are not.

A marker is a line ``<!-- table: NAME -->``, the end of its table ``<!-- end -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from analysis.studies.design import Factor
from analysis.studies.measures.criteria import criterion_measures
from benchmarks.findings.draw_rates import rates_table as draw_rates_table
from benchmarks.findings.frontier_table import alone_table, frontier_table
from benchmarks.findings.function_tables import rates_table, rungs_table, three_table, two_table
from benchmarks.findings.held_out_table import ALIGNMENTS, INTERPRETATIONS, held_out_table
from benchmarks.findings.lens_table import balanced_table, can_know_table, latents_table, shown_table, telling_table
from benchmarks.findings.mapping_table import mapping_table
from benchmarks.findings.method_table import answers_table, pretrained_table, together_table, widths_table
from benchmarks.findings.method_table import null_table as null_methods
from benchmarks.findings.model_table import model_circuits_table, model_heads_table, model_roles_table
from benchmarks.findings.null_table import (
    EVERY_STORY,
    ONE,
    PLACES,
    STORIES,
    WHO,
    apart_table,
    drawing_table,
    null_table,
    width_table,
)
from benchmarks.findings.paired_tables import (
    ACTIVATION,
    DEPTH,
    DRAWN_TASKS,
    LOSS,
    NOISE_STEPS,
    PAPER_LOSS,
    PLANTED,
    WIDTH,
    paired_table,
    ratios_table,
    steps_table,
)
from benchmarks.findings.planted_table import errors_table, methods_table, planted_table, recovered_table
from benchmarks.findings.plotted import interpretations_table as plotted_interpretations
from benchmarks.findings.plotted import mappings_table as plotted_mappings
from benchmarks.findings.regularised_table import intention_table, survivors_table
from benchmarks.findings.results import design_of
from benchmarks.findings.scaling import predictions_table, sizes_table
from benchmarks.findings.seeds_table import robust_table, shared_table
from benchmarks.findings.series_table import series_table
from benchmarks.findings.story_table import story_table
from benchmarks.findings.tables import (
    beside_table,
    classes_table,
    counts_table,
    first_and_last_table,
    grain_table,
    ladder_table,
    paper_finds_table,
    prototype_table,
    references_table,
    sets_and_directions_table,
    studies_table,
    tests_table,
)
from benchmarks.findings.unmapped_table import NULL as UNMAPPED_DRAWN
from benchmarks.findings.unmapped_table import prototype_table as unmapped_prototype
from benchmarks.findings.unmapped_table import unmapped_table

COUNTS: Final = (
    "circuits-valid",
    "interpretations-total",
    "interpretations-observed",
    "algorithms-aligned",
    "alignments-minimal",
    "one-minimal-alignment",
)
APART: Final = (*COUNTS[:-1], "alignments-placed", "alignments-empty", COUNTS[-1])
SURVIVING: Final = (
    *("circuits-valid", "circuits-fewest-edges", "interpretations-total", "interpretations-observed"),
    *(measure.key for measure in criterion_measures(design_of("drawn-survivors").criteria)),
)
PAPER, GATES = "drawn-paper", "drawn-gates"
PAPER_COUNTS: Final = (*COUNTS[:-1], "one-circuit", "one-interpretation", COUNTS[-1])
DRAWN_STORIES: Final = "drawn-stories-crossed"
CROSSED: Final = "many-circuits-one-story-crossed"
SAME_OUTPUT: Final[dict[Factor, str]] = {"output_activation": "as hidden"}
LINEAR_OUTPUT: Final[dict[Factor, str]] = {"output_activation": "linear"}
NAMED: Final = (*COUNTS[:2], "interpretations-named", *COUNTS[2:])

TABLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "studies": studies_table,
    "references": references_table,
    "prototype": prototype_table,
    "ladder-alignments": lambda: ladder_table("alice-or-bob", "hidden", "alignments", PLACES),
    "ladder-algorithms": lambda: ladder_table("alice-or-bob", "hidden", "algorithms", PLACES),
    "ladder-one": lambda: ladder_table("alice-or-bob", "hidden", "one", PLACES),
    "width": width_table,
    "null": null_table,
    "null-drawing": drawing_table,
    "null-depth": lambda: null_table("drawn-depth", "hidden", {**WHO, **STORIES}),
    "null-depth-drawing": lambda: drawing_table("drawn-depth"),
    "null-loss": lambda: null_table("drawn-loss", "loss_target", WHO, by_seed=True),
    "null-loss-drawing": lambda: drawing_table("drawn-loss", "loss_target"),
    "null-activation": lambda: null_table("drawn-activation", "activation", {**WHO, **STORIES}, SAME_OUTPUT),
    "null-activation-linear": lambda: null_table("drawn-activation", "activation", {**WHO, **STORIES}, LINEAR_OUTPUT),
    "null-activation-drawing": lambda: drawing_table("drawn-activation", "activation", SAME_OUTPUT),
    "null-activation-linear-drawing": lambda: drawing_table("drawn-activation", "activation", LINEAR_OUTPUT),
    "null-activation-tests": lambda: apart_table("drawn-activation", {**ONE, **EVERY_STORY}),
    "drawn-survivors": lambda: counts_table("drawn-survivors", "prior", SURVIVING),
    "drawn-rungs": rungs_table,
    "functions-of-two": two_table,
    "functions-of-three": three_table,
    "functions-of-two-rates": lambda: rates_table("functions-of-two"),
    "functions-of-three-rates": lambda: rates_table("functions-of-three"),
    "draw-rates": draw_rates_table,
    "drawn-survivors-tests": lambda: tests_table("drawn-survivors"),
    "functions-of-two-tests": lambda: tests_table("functions-of-two"),
    "functions-of-three-tests": lambda: tests_table("functions-of-three"),
    "grain": lambda: grain_table("alice-or-bob-grain", PLACES),
    "held-out": lambda: held_out_table("held-out", ("drawn-held-out",), "held-out", INTERPRETATIONS),
    "held-out-alignments": lambda: held_out_table(
        "held-out-alignments", ("held-out-alignments", "drawn-held-out-alignments"), "held-out-aligned", ALIGNMENTS
    ),
    "frontier-circuits": lambda: frontier_table("circuits"),
    "frontier-alignments": lambda: frontier_table("alignments"),
    "frontier-alone": lambda: alone_table("circuits"),
    "bits": sizes_table,
    "bits-predicted": predictions_table,
    "regularised": intention_table,
    "regularised-survivors": survivors_table,
    "two-seeds": shared_table,
    "robust": robust_table,
    "sets-directions": lambda: sets_and_directions_table("alice-or-bob", PLACES, "3-3"),
    "paper-finds": lambda: paper_finds_table("alice-or-bob", PLACES, "hidden"),
    "tests": lambda: paired_table("alice-or-bob", "hidden", WIDTH),
    "loss-tests": lambda: paired_table("alice-or-bob-loss", "loss_target", LOSS),
    "depth-tests": lambda: paired_table("alice-or-bob-depth", "hidden", DEPTH),
    "activation-tests": lambda: paired_table("alice-or-bob-activation", "activation", ACTIVATION),
    "paper-loss-tests": lambda: paired_table("paper-loss", "loss_target", PAPER_LOSS),
    "noise-ratios": lambda: ratios_table("paper-noise", "noise_std", "0", COUNTS[:2]),
    "skew-ratios": lambda: ratios_table("paper-skew", "input_weights", "equal", COUNTS[:2]),
    "noise-steps": lambda: steps_table("paper-noise-judged", "noise_std", NOISE_STEPS, COUNTS[:2]),
    "noise-judged": lambda: counts_table(
        "paper-noise-judged", "noise_std", ("circuits-valid", "circuits-margin", *COUNTS[1:3], "alignments-minimal")
    ),
    "paper-noise-tests": lambda: tests_table("paper-noise"),
    "paper-skew-tests": lambda: tests_table("paper-skew"),
    "series-tests": lambda: first_and_last_table("training-shrinks", "loss_target", ("0.05", "1e-06")),
    "loss": lambda: classes_table("alice-or-bob-loss", "loss_target"),
    "activation": lambda: classes_table("alice-or-bob-activation", None),
    "depth": lambda: classes_table("alice-or-bob-depth", "hidden"),
    "task": lambda: ladder_table("alice-or-bob-task", "tasks", "algorithms"),
    "majority": lambda: ladder_table("alice-or-bob-majority", "hidden", "algorithms"),
    "series": series_table,
    "stories": lambda: story_table("many-circuits-one-story", "hidden"),
    "stories-activation": lambda: story_table("many-circuits-one-story-activation", None),
    "stories-activation-tests": lambda: tests_table("many-circuits-one-story-activation"),
    "stories-crossed-relu": lambda: story_table(CROSSED, "hidden", {"activation": "relu"}),
    "stories-crossed-tanh": lambda: story_table(CROSSED, "hidden", {"activation": "tanh"}),
    "stories-crossed-sigmoid": lambda: story_table(CROSSED, "hidden", {"activation": "sigmoid"}),
    "stories-drawn": lambda: story_table("drawn-stories", None),
    "stories-drawn-leaky": lambda: story_table(DRAWN_STORIES, None, {"activation": "leaky_relu"}),
    "stories-drawn-relu": lambda: story_table(DRAWN_STORIES, None, {"activation": "relu"}),
    "stories-drawn-tanh": lambda: story_table(DRAWN_STORIES, None, {"activation": "tanh"}),
    "stories-drawn-task": lambda: story_table("drawn-stories-three", None),
    "stories-task": lambda: story_table("many-circuits-one-story-task", "tasks"),
    "model-circuits": model_circuits_table,
    "model-roles": model_roles_table,
    "model-heads": model_heads_table,
    "planted": planted_table,
    "planted-errors": errors_table,
    "planted-methods": methods_table,
    "planted-recovered": recovered_table,
    "planted-tests": lambda: paired_table("planted-recovery", "planting", PLANTED),
    "each-method-pretrained": pretrained_table,
    "each-method": widths_table,
    "each-method-three": lambda: answers_table("3-3"),
    "each-method-four": lambda: answers_table("4-4"),
    "each-method-five": lambda: answers_table("5-5"),
    "each-method-together": together_table,
    "each-method-drawn": lambda: null_methods("3-3"),
    "each-method-drawn-two": lambda: null_methods("2-2"),
    "each-method-drawn-four": lambda: null_methods("4-4"),
    "each-method-drawn-five": lambda: null_methods("5-5"),
    "each-method-tests": lambda: tests_table("each-method"),
    "telling": lambda: telling_table("who-can-tell"),
    "telling-activation": lambda: telling_table("who-can-tell-activation"),
    "telling-balanced": lambda: balanced_table("who-can-tell-activation"),
    "telling-task": lambda: telling_table("who-can-tell-task"),
    "lenses-can-know": can_know_table,
    "told-task": lambda: shown_table("who-can-tell-task"),
    "told": lambda: shown_table("who-can-tell"),
    "told-learned": lambda: shown_table("who-can-tell-learned"),
    "latents": latents_table,
    "unmapped": unmapped_table,
    "unmapped-drawn": lambda: unmapped_table(UNMAPPED_DRAWN),
    "unmapped-prototype": unmapped_prototype,
    "digits": lambda: counts_table("digits-tail", "loss_target", ("circuits-valid", "circuits-share", "one-circuit")),
    "paper-xor": lambda: counts_table("paper-xor", "hidden", NAMED),
    "paper-width": lambda: counts_table("paper-width", "hidden", NAMED),
    "paper-counts": lambda: counts_table("paper-counts", "hidden", ("circuits-valid", "interpretations-total")),
    "paper-width-complete": lambda: counts_table("paper-width-complete", "hidden", NAMED),
    "paper-width-four-complete": lambda: counts_table("paper-width-4-complete", "hidden", COUNTS),
    "paper-width-mappings": mapping_table,
    "paper-width-drawn": lambda: beside_table("paper-width", PAPER, "hidden", PAPER_COUNTS, "paper"),
    "paper-mappings-drawn": lambda: beside_table(
        "paper-width-mappings", PAPER, "hidden", ("alignments-minimal", "alignments-valid"), "paper", some=True
    ),
    "paper-names-drawn": lambda: beside_table("paper-width", "drawn-names", "hidden", NAMED[2:3], "paper"),
    "paper-names-drawn-complete": lambda: beside_table("paper-width-complete", "drawn-names", "hidden", NAMED[2:3]),
    "plotted-interpretations": plotted_interpretations,
    "plotted-mappings": plotted_mappings,
    "paper-multi-task": lambda: counts_table("paper-multi-task", "tasks", COUNTS),
    "paper-multi-task-null": lambda: beside_table("paper-multi-task", GATES, "tasks", COUNTS, "paper"),
    "paper-multi-task-xor": lambda: counts_table("paper-multi-task", "tasks", COUNTS, first_output=True),
    "paper-multi-task-drawn": lambda: counts_table("paper-multi-task-drawn", "tasks", COUNTS),
    "paper-multi-task-drawn-tests": lambda: paired_table("paper-multi-task-drawn", "tasks", DRAWN_TASKS),
    "paper-multi-task-drawn-ratios": lambda: ratios_table("paper-multi-task-drawn", "tasks", "4 drawn", COUNTS[1:2]),
    "paper-gate": lambda: counts_table("paper-gate", "tasks", APART),
    "paper-gate-rates": lambda: rates_table(GATES),
    "paper-gate-drawn": lambda: beside_table("paper-gate", GATES, "tasks", COUNTS, "paper"),
    "paper-noise": lambda: counts_table("paper-noise", "noise_std", COUNTS),
    "paper-skew": lambda: counts_table("paper-skew", "input_weights", COUNTS),
    "paper-loss": lambda: counts_table("paper-loss", "loss_target", COUNTS),
}


def with_tables(text: str) -> str:
    """The document with each table made anew.

    Raises:
        KeyError: a marker names no table.
    """

    def made(match: re.Match[str]) -> str:
        return "\n".join([match[1], "", *TABLES[match[2]](), "", "<!-- end -->"])

    return re.sub(r"(<!-- table: ([a-z-]+) -->)\n.*?<!-- end -->", made, text, flags=re.DOTALL)


def write_document(path: Path) -> None:
    """Put every table anew between its markers."""
    path.write_text(with_tables(path.read_text()))
