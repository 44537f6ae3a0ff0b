"""The map of the explanations of a network: what is near what, and where the dots are drawn."""
