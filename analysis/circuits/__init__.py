"""Circuits: sub-graphs that decide right, listed, counted, estimated or sampled, and the smallest of them."""
