"""A circuit of somebody's own among all valid circuits of a network."""
