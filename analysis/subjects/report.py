"""Base of the reports on a network beyond its explanations.

A report is stored, sent over HTTP and shown as it is. Fractions are text ("29/32"), formulas are the algorithms'
identity texts, masks are hex.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import ConfigDict, PrivateAttr

from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.by_name import ByName
from pluriscope.analysis.values.described import Described


class Part(ByName):
    """A part of a report. What earlier versions stored beside it is left out."""

    model_config = ConfigDict(extra="ignore")


class Report(Described, Part):
    """The findings of an analysis."""

    _question: SubjectQuestion | None = PrivateAttr(None)

    def asked_about(self, question: SubjectQuestion) -> Self:
        """Remember the question, so that the report can describe itself by it; returns the report."""
        self._question = question
        return self

    def _facts(self) -> dict[str, Any]:
        found = {} if self._question is None else {"found": " ".join(self.findings(self._question))}
        return found | super()._facts()

    @property
    def written(self) -> tuple[str, ...]:
        """Texts of algorithms that somebody wrote; the reports that follow hold them as well."""
        return ()

    @property
    def all_there_is(self) -> bool:
        """Whether to be more thorough would find no more."""
        return False

    def outdated(self, kind: SubjectKind) -> list[str]:
        """Labels of the methods of which it has answers of an earlier version, if the report names methods."""
        return []

    def findings(self, question: SubjectQuestion) -> list[str]:
        """Write the findings in sentences that claim no more than was looked at.

        Args:
            question: the question, which many reports do without.
        """
        raise NotImplementedError
