"""What was planted beside what is found, as it is stored, told and shown."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from analysis.alignments.iia import score_alignment
from analysis.circuits.result import CircuitSearch
from analysis.discovery.location import Landscape
from analysis.errors import InvalidAlignment
from analysis.network_files.planted_record import PlantedRecord
from analysis.planting.certificate import certified_margin, exhaustive
from analysis.planting.standing import circuit_standing, failures
from analysis.question import Question
from analysis.report import Analysed, Exact, Part, Report, Score, Settings
from analysis.work import DEFAULT_WORK, Work

Outcome = Literal["recovered", "contained", "another", "invalid", "unknown"]
_WORDS: Final[dict[Outcome, str]] = {
    "recovered": "is valid, and nothing valid is smaller",
    "contained": "is valid, with smaller valid circuits inside it",
    "another": "is valid, with smaller valid circuits elsewhere",
    "invalid": "is not valid",
    "unknown": "is valid; whether anything valid is smaller is not known",
}


class PassesFound(Part):
    """See :class:`analysis.planting.certificate.Passes`."""

    zero: bool
    mean: bool
    resample: bool
    single: Score
    joint: Score | None = Field(description="Interchanges of all variables at once; null if there are too many.")


class PlantedReport(Report):
    """See :class:`analysis.planting.standing.CircuitStanding`, with what all interventions say of what was planted."""

    valid: bool
    n_valid: Exact
    smaller: Exact | None = Field(description="Valid circuits with fewer edges; null if not known.")
    equal: Exact | None = Field(description="Others with as many edges; null likewise.")
    inside: int | None = Field(description="Valid circuits that are a part of it; null if not all are listed.")
    around: int | None = Field(description="Valid circuits that contain it; null likewise.")
    passes: PassesFound | None = Field(description="Null where the rules do not allow its places.")
    alignment_minimal: bool | None = Field(description="Whether it is valid and none inside it is; null likewise.")
    margin: float | None = Field(
        description="Distance that every output provably keeps from the edge of its decision, whatever the neurons off "
        "the circuit carry; null where bounds by intervals leave that open."
    )
    reasons: list[str] = Field(description="For each ablation under which the planted circuit fails, a sentence.")

    @property
    def outcome(self) -> Outcome:
        """The planted circuit among the valid ones, in a word."""
        if not self.valid:
            return "invalid"
        if self.inside:
            return "contained"
        if self.smaller is None:
            return "unknown"
        return "another" if int(self.smaller) else "recovered"

    def findings(self, question: Question | None, part: str = "edge") -> list[str]:
        """Whether what was planted is what is found, and how many equals it has."""
        n_valid = int(self.n_valid)
        of = f"Of {n_valid:,} valid circuit{'' if n_valid == 1 else 's'}"
        told = [f"The planted circuit {_WORDS[self.outcome]}."]
        if self.smaller is None or self.equal is None:
            return [*told, f"{of} it is not known how many have as few {part}s."]
        smaller, equal = int(self.smaller), int(self.equal)
        parts = [
            f"{smaller:,} {'has' if smaller == 1 else 'have'} fewer {part}s",
            f"{equal:,} {'other has' if equal == 1 else 'others have'} as many",
        ]
        if self.around is not None:
            parts.append(f"{self.around:,} {'contains' if self.around == 1 else 'contain'} it")
        return [*told, f"{of} {', '.join(parts)}."]


def find(analysed: Analysed, _: Settings, work: Work = DEFAULT_WORK) -> PlantedReport:
    """Locate the planted circuit and try everything that the planted explanation should pass."""
    if analysed.planted is None:
        raise ValueError("nothing was planted in this network")
    work.tell("planted", 0, 1)
    found = report_of(analysed.question, analysed.planted, analysed.circuits)
    work.tell("planted", 1, 1)
    return found


def report_of(question: Question, record: PlantedRecord, circuits: CircuitSearch) -> PlantedReport:
    """Where what was planted stands.

    Args:
        question: the network and its rules.
        record: what was planted.
        circuits: all valid circuits, as far as they are known.
    """
    try:
        passes = exhaustive(question, record)
        minimal = score_alignment(question, record.algorithm, record.alignment).minimal
    except InvalidAlignment:
        passes, minimal = None, None
    margin = certified_margin(question.cut, record) if question.data.is_clean else None
    standing = circuit_standing(Landscape(question, circuits), record)
    reasons = list(failures(question, record))
    return PlantedReport.showing(standing, passes=passes, alignment_minimal=minimal, margin=margin, reasons=reasons)
