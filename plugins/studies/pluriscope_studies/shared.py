"""The page of a study as one that has a card, drawings and an embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.sharing.share import Options, Shared, SharedPage
from pluriscope_studies.pages.page import StudyOptions, build_study


def _study(session: Session, links: Addresses, parts: Sequence[str], query: Options) -> Shared:
    return build_study(session, links, parts[0], read_options(StudyOptions, query))


SHARED: Final = SharedPage("study", "/studies/{study}", _study)
