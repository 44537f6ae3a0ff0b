"""The studies that a network is an outcome of."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.studies.cells import cells_of
from app.addressing import Addresses
from app.db.reads.studies import studies_of_network
from app.db.studies import design_of
from app.db.tables import NetworkRow
from app.pages.options import PageModel


class InStudy(PageModel):
    """One study with the network's place in it."""

    name: str
    url: str
    cell: str
    seed: int


def in_studies(session: Session, addresses: Addresses, network: NetworkRow) -> list[InStudy]:
    """Studies that trained a network, whoever else has it."""
    return [
        InStudy(
            name=study.name,
            url=addresses.study(study.slug),
            cell=cells_of(design_of(study))[outcome.position].name,
            seed=outcome.seed,
        )
        for study, outcome in studies_of_network(session, network.digest)
    ]
