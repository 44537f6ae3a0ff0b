"""What giving a study another name would do, shown before it is done."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.errors import InvalidStudy
from analysis.network_files.files import slug_of
from analysis.strict_json import plain_text
from app.addressing import Addresses
from app.db.errors import Conflict
from app.db.studies import MAX_SLUG, check_study_rename
from app.db.study_tables import FormerStudySlugRow, StudyRow
from app.options import Options, PageModel
from app.pages.studies.stored import open_study


class StudyRenameOptions(Options):
    """Options of the page."""

    name: str = Field("", max_length=200, description="The name that it is to have; empty for the present one.")
    slug: str = Field(
        "",
        max_length=80,
        description="The slug that it is to have; empty for one made of a new name.",
    )


class StudyRenamePage(PageModel):
    """A study, the name and slug that it is to have, and what stands in the way."""

    slug: str
    name: str
    digest: str
    asked: StudyRenameOptions = Field(
        description="Name and slug that it is to have, filled in; empty if nothing is asked."
    )
    refusal: str = Field(description="Why it cannot have these; empty if it can.")
    former: list[str] = Field(description="Slugs that it had before, last first; all of these lead to it.")
    study_url: str
    url: str = Field(description="POST `name` and `slug` here to rename it; programs POST under /api/v1.")

    @property
    def ready(self) -> bool:
        """Whether nothing but a yes is missing."""
        changed = (self.asked.name, self.asked.slug) != (self.name, self.slug)
        return bool(self.asked.slug) and not self.refusal and changed


def build_study_rename(
    session: Session, addresses: Addresses, study: str, options: StudyRenameOptions
) -> StudyRenamePage:
    """The page that an address names.

    Raises:
        NotFound: no such study.
        Gone: it was deleted.
        Moved: it had that slug once.
    """
    row = open_study(session, addresses, study)
    asked, refusal = StudyRenameOptions(), ""
    if options.name.strip() or options.slug.strip():
        try:
            name, slug = wanted_names(row, options)
            asked = StudyRenameOptions(name=name, slug=slug)
            check_study_rename(session, row, slug)
        except (Conflict, InvalidStudy) as problem:
            refusal = str(problem)
    mine = select(FormerStudySlugRow.slug).where(FormerStudySlugRow.study_id == row.id)
    return StudyRenamePage.showing(
        row,
        asked=asked,
        refusal=refusal,
        former=list(session.scalars(mine.order_by(FormerStudySlugRow.retired_at.desc(), FormerStudySlugRow.slug))),
        study_url=addresses.study(row.slug),
        url=addresses.study_action(row.slug, "rename"),
    )


def wanted_names(row: StudyRow, options: StudyRenameOptions) -> tuple[str, str]:
    """Name and slug that a study is to have: what is left out is the present name, and the slug made of a new name.

    Raises:
        InvalidStudy: the name holds what no line of text may.
    """
    name = plain_text(options.name or row.name, "name", InvalidStudy)
    made = row.slug if name == row.name else slug_of(name)[:MAX_SLUG].strip("-")
    return name, options.slug.strip() or made or row.slug
