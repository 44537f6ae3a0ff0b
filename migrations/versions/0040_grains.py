"""Name perceptrons that are read with their classes as what they are, and their rules by what circuits are made of.

Networks get a digest that those share whose answers are decided by the very same sums.

Revision 0040, after 0039, 2026-12-01.
"""

from __future__ import annotations

import json

import numpy as np
import sqlalchemy as sa
from alembic import op

from pluriscope.analysis.subjects.classifier import read_classifier
from pluriscope.analysis.subjects.perceptron.logits import decision_digest
from pluriscope.analysis.subjects.perceptron.network import Network

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None
_PARAMETERS = ("activation", "output_activation", "negative_slope")


def upgrade() -> None:
    with op.batch_alter_table("networks") as table:
        table.add_column(sa.Column("decides_as", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_networks_decides_as", "networks", ["decides_as"])
    networks = sa.table(
        "networks",
        *map(sa.column, ("id", "kind", "document", "parameters", *_PARAMETERS, "decides_as")),
        sa.column("sizes", sa.JSON),
    )
    of_layers = sa.select(networks).where(networks.c.kind.in_(("perceptron", "classifier")))
    for row in op.get_bind().execute(of_layers).mappings().all():
        if row["document"] is not None:
            digest = decision_digest(read_classifier(json.loads(row["document"])).network, classes=True)
        else:
            given = {name: row[name] for name in _PARAMETERS}
            network = Network.from_flat(np.frombuffer(row["parameters"], "<f8"), row["sizes"], **given)
            digest = decision_digest(network, classes=False)
        own = networks.c.id == row["id"]
        op.execute(networks.update().where(own).values(decides_as=digest, kind="perceptron"))
    protocols = sa.table("protocols", *map(sa.column, ("digest", "name", "kind")), sa.column("settings", sa.JSON))
    of_classes = sa.select(protocols).where(protocols.c.kind == "classifier")
    for row in op.get_bind().execute(of_classes).mappings().all():
        name, settings = row["name"], row["settings"]
        if settings["granularity"] == "edges":
            settings, name = {**settings, "granularity": "logit-edges"}, name.replace("edges", "logit-edges")
        changed = {"name": name, "kind": "classes", "settings": settings}
        op.execute(protocols.update().where(protocols.c.digest == row["digest"]).values(**changed))
