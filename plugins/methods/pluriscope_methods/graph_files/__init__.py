"""Formats of graphs in which other programs take circuits and scores."""
