"""What the search answers with, and what may be asked of it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from app.options import Options, PageModel

PER_GROUP: Final = 6
MOST_IN_GROUP: Final = 50
GroupKey = Literal["networks", "explanations", "studies", "terms", "actions", "study-networks"]
TITLES: Final[dict[GroupKey, str]] = {
    "networks": "Networks",
    "explanations": "Explanations",
    "studies": "Studies",
    "terms": "Glossary",
    "actions": "Actions",
    "study-networks": "Study networks",
}
"""The groups in the order in which they are shown."""


class SearchOptions(Options):
    """Options of the search."""

    q: str = Field(
        "",
        max_length=200,
        description="A name, slug or digest; a mask or reference such as 081ff or i·081ff.3; a formula such as "
        "(A or B) and not (A and B); a question; a term; something to do.",
    )
    kind: Literal["", GroupKey] = Field("", description="One group alone, such as study-networks.")
    limit: int = Field(PER_GROUP, ge=1, le=MOST_IN_GROUP, description="Most results of a group.")


class Hit(PageModel):
    """One result."""

    kind: str = Field(description="network, model, page, study, term, action, or the kind of an explanation.")
    label: str
    detail: str = Field(description="What tells it from others: the network that it belongs to, a question, a meaning.")
    url: str
    does: str = Field("", description="What a script does instead of going there: dark, light or shortcuts.")


class Group(PageModel):
    """Results of one kind, best first."""

    key: GroupKey
    title: str
    hits: list[Hit]
    more: bool = Field(description="Whether there are more than these.")
    url: str = Field(description="This group alone, with more of it.")


class SearchPage(PageModel):
    """What a text names, by group; groups without a result are left out."""

    q: str
    kind: str
    groups: list[Group]
    note: str = Field(description="What was not looked through, in a sentence; empty if nothing was left out.")
    all_url: str = Field(description="All groups for the same text.")
    url: str

    @property
    def n_hits(self) -> int:
        """Results on the page."""
        return sum(len(group.hits) for group in self.groups)
