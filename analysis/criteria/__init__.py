"""Criteria (spec §6): which explanations survive what. One file a family, found by ``registry.py``."""
