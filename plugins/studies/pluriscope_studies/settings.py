"""Settings about the cluster, read from the environment (prefix PLURISCOPE_)."""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pluriscope.analysis.errors import AnalysisError
from pluriscope.resources import PREFIX
from pluriscope_studies.cluster import checked_address


class ClusterSettings(BaseSettings):
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
