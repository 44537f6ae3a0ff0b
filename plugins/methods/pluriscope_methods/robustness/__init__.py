"""Robustness of circuits: noise, patches, and certificates for all points around the inputs."""
