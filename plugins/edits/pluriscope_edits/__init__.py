"""Edited, planted and deceiving networks, and what becomes of explanations while a network learns."""
