"""Seeing it run: logs with the ids of requests and jobs, figures for Prometheus, what an installation is like now."""
