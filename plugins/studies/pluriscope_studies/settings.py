"""Settings about the cluster, read from the environment (prefix PLURISCOPE_)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.settings import PluginSettings
from pluriscope.resources import PREFIX
from pluriscope_studies.cluster import SLURM, ClusterUnusable, checked_address, cluster_workers


class ClusterSettings(PluginSettings):
    """Settings of what computes studies."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    cluster: str = Field("", description="Address of a dask scheduler that runs studies; empty: this machine does.")
    cluster_insecure: bool = Field(
        False, description="The scheduler may be on another machine without TLS: the network is one's own."
    )

    @model_validator(mode="after")
    def _reachable(self) -> ClusterSettings:
        try:
            if self.cluster:
                checked_address(self.cluster, self.cluster_insecure)
        except AnalysisError as problem:
            raise ValueError(str(problem)) from None
        return self

    def trouble(self) -> Iterator[tuple[Literal["problem"], str, str]]:
        """A scheduler that does not answer, or whose programs are of another version; SLURM is not asked for a job."""
        try:
            if self.cluster and self.cluster != SLURM:
                with cluster_workers(self.cluster, insecure=self.cluster_insecure):
                    pass
        except ClusterUnusable as unusable:
            yield "problem", f"{unusable.item} {unusable.cause}", unusable.cure
