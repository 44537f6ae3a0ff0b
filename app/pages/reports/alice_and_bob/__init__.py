"""The page of the analytic XORNet's explanations."""
