"""Experiments that tell explanations apart: what each predicts, the fewest that do, and what none separates."""
