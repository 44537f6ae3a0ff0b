"""Circuits: sub-graphs that decide right, listed, counted or sampled, and the smallest of them."""
