"""Models of other kinds than the networks of :mod:`analysis.networks`: what a kind is, and circuits of any of them."""
