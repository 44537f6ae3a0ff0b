"""Blocks of the analyses."""
