"""`pluriscope prove` and `check-proof`: that no smaller circuit is valid, as a file that anybody can check."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Annotated, Any

from pluriscope.app.cli.reading import Asked, limits_in_force, read_asked
from pluriscope.app.cli.signature import Within, with_fields_of
from pluriscope.app.cli.terminal import Refusal, Shown, check_writable, progress_bar, read_bytes, write_bytes

if TYPE_CHECKING:
    from pluriscope.analysis.subjects.perceptron.question import Question
    from pluriscope_large.formulas.proof import Claim


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
def prove(
    file: str,
    *,
    output: str,
    protocol: str = "complete",
    data: str = "",
    output_index: int = 0,
    seconds: Annotated[float, Within(0.1, math.inf)] = 600,
    quiet: bool = False,
    **declared: Any,
) -> Shown:
    """Find a smallest valid circuit, and write a proof that no smaller one is valid.

    Example: pluriscope prove xor.json --output xor.proof

    Weights are rounded, and circuits close to a decision's edge are judged one by one on the network as it is. So the
    proof is of the network as it is. It needs the solvers: pip install "pluriscope-large[solvers]".

    Exit codes: 0 done, 2 bad input, 3 the time was up.

    Args:
        seconds: For all of it; inf for no end.
    """
    from pluriscope.analysis.running.work import Work
    from pluriscope_large.formulas.proof import prove_smallest

    check_writable(output, file, data or file)
    question = _question(read_asked(file, protocol, data, (output_index,), _declaration(declared), quiet=quiet))
    deadline = time.perf_counter() + seconds
    with progress_bar(quiet) as report:
        proof = prove_smallest(question, Work(report, time.perf_counter, limits_in_force(), deadline))
    raw = proof.packed()
    write_bytes(output, (raw,))
    record = _record(proof.claim, len(proof.steps)) | {"bytes": len(raw)}
    return Shown(record, [] if output == "-" else [_sentence(proof.claim), f"{len(proof.steps):,} steps"])


@with_fields_of("pluriscope.analysis.network_files.intake:Declaration")
def check_proof(
    proof: str,
    file: str = "",
    *,
    protocol: str = "complete",
    data: str = "",
    output_index: int = 0,
    quiet: bool = False,
    **declared: Any,
) -> Shown:
    """Check a proof that no smaller circuit is valid, step by step, without the solver that wrote it.

    Example: pluriscope check-proof xor.proof xor.json

    Without the network's file the steps are checked alone. With it, what is excluded is judged again, and the formula
    is made again, which needs z3: pip install "pluriscope-large[solvers]". What was not checked is said.

    Exit codes: 0 what was checked holds, 2 something does not, with the line, or bad input.

    Args:
        proof: The file that `pluriscope prove` wrote, or - for standard input.
        file: The network file that it is about.
    """
    from pluriscope_large.formulas.proof import MAX_PROOF_BYTES
    from pluriscope_large.formulas.proof import check_proof as checked

    raw, question = read_bytes(proof, "proof", MAX_PROOF_BYTES, "proof"), None
    if file:
        question = _question(read_asked(file, protocol, data, (output_index,), _declaration(declared), quiet=quiet))
    claim, n_steps, unchecked = checked(raw, question)
    lines = [_sentence(claim), f"{n_steps:,} steps, each of which follows"]
    lines += [f"not checked: {unchecked}"] if unchecked else []
    return Shown(_record(claim, n_steps) | {"unchecked": unchecked}, lines)


def _declaration(declared: Any) -> Any:
    from pluriscope.analysis.network_files.declaration import Declaration

    return Declaration(**declared)


def _question(asked: Asked) -> Question:
    from pluriscope.analysis.subjects.perceptron.question import Question

    (question,) = asked.questions
    if not isinstance(question, Question):
        raise Refusal("proof: only circuits of perceptrons can be encoded. Give a perceptron's file.")
    return question


def _record(claim: Claim, n_steps: int) -> dict[str, Any]:
    known = {"question": claim.question, "formula": claim.formula, "bits": claim.bits}
    return known | {
        "at_most": claim.at_most,
        "circuit": claim.circuit or None,
        "excluded": len(claim.excluded),
        "steps": n_steps,
    }


def _sentence(claim: Claim) -> str:
    none = f"No circuit with at most {claim.at_most} edges is valid"
    return (
        f"{none}; {claim.circuit} with {claim.at_most + 1} is." if claim.circuit else f"{none}, and there are no more."
    )
