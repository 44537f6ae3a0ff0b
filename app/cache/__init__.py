"""Answers kept in memory while they are still true: docs/decisions/0018."""
