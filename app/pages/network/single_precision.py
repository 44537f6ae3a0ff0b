"""What float32 decides otherwise than float64, where the analysis kept it: under `paper`."""

from __future__ import annotations

from pydantic import Field

from app.addressing import Addresses
from app.db.tables import AnalysisRow
from app.naming import Scope
from app.options import PageModel

MAX_SHOWN = 20


class PrecisionLink(PageModel):
    """A circuit that one arithmetic alone finds valid."""

    mask: str
    url: str


class Float32View(PageModel):
    """Circuits and alignments in float32 beside float64; None for what was not compared."""

    circuits_possible: int | None = Field(description="Circuits compared.")
    circuits_valid: int | None = Field(description="Circuits valid in float32.")
    circuits_within_reach: int | None = Field(
        description="Circuits so near a decision's edge that some order of sums in float32 could turn them."
    )
    only_float64: list[PrecisionLink] = Field(description="Circuits valid in float64 alone, at most 20.")
    only_float32: list[PrecisionLink] = Field(description="Circuits valid in float32 alone, at most 20.")
    n_only_float64: int
    n_only_float32: int
    decisions: int | None = Field(description="Interchanges decided in both.")
    decisions_turned: int | None = Field(description="Those that float32 decides otherwise.")
    alignments_only_float64: list[str] = Field(description="Ids of alignments valid in float64 alone, at most 20.")
    alignments_only_float32: list[str] = Field(description="Ids of alignments valid in float32 alone, at most 20.")
    n_alignments_only_float64: int
    n_alignments_only_float32: int

    @property
    def circuits_agree(self) -> bool:
        return self.circuits_valid is not None and not self.n_only_float64 and not self.n_only_float32

    @property
    def words(self) -> str:
        """What was compared, in a sentence for each kind."""
        sentences = []
        if self.circuits_possible is None:
            sentences.append("Circuits were not compared with float32: not all of them are listed.")
        elif self.circuits_agree:
            near = self.circuits_within_reach or 0
            close = f", though rounding could turn {near:,} of them" if near else ""
            sentences.append(f"float32 agrees on all {self.circuits_possible:,} circuits{close}.")
        else:
            n = self.n_only_float64 + self.n_only_float32
            sentences.append(
                f"float32 decides {n:,} of {self.circuits_possible:,} circuits otherwise: "
                f"{self.n_only_float64:,} valid in float64 alone, {self.n_only_float32:,} in float32 alone."
            )
        if self.decisions is None:
            sentences.append("Alignments were not compared with float32.")
        elif not self.decisions_turned:
            sentences.append(f"It agrees on all {self.decisions:,} interchanges, so on every alignment.")
        else:
            n = self.n_alignments_only_float64 + self.n_alignments_only_float32
            sentences.append(
                f"It decides {self.decisions_turned:,} of {self.decisions:,} interchanges otherwise, "
                f"and {n:,} of the kept alignments with them."
            )
        return " ".join(sentences)


def float32_view(analysis: AnalysisRow, slug: str, scope: Scope, addresses: Addresses) -> Float32View | None:
    """What is stored of it, None for analyses that did not ask."""
    told = analysis.distributions.get("float32")
    if told is None:
        return None
    circuits, alignments = told["circuits"], told["alignments"]

    def links(key: str) -> list[PrecisionLink]:
        masks: list[str] = [] if circuits is None else circuits[key][:MAX_SHOWN]
        return [PrecisionLink(mask=mask, url=addresses.circuit(slug, mask, scope)) for mask in masks]

    def ids(key: str) -> list[str]:
        return [] if alignments is None else alignments[key]

    return Float32View(
        circuits_possible=None if circuits is None else analysis.circuits_possible,
        circuits_valid=None if circuits is None else circuits["valid"],
        circuits_within_reach=None if circuits is None else circuits["within_reach"],
        only_float64=links("only_float64"),
        only_float32=links("only_float32"),
        n_only_float64=0 if circuits is None else len(circuits["only_float64"]),
        n_only_float32=0 if circuits is None else len(circuits["only_float32"]),
        decisions=None if alignments is None else alignments["decisions"],
        decisions_turned=None if alignments is None else alignments["turned"],
        alignments_only_float64=ids("only_float64")[:MAX_SHOWN],
        alignments_only_float32=ids("only_float32")[:MAX_SHOWN],
        n_alignments_only_float64=len(ids("only_float64")),
        n_alignments_only_float32=len(ids("only_float32")),
    )
