"""Further analyses of a network: an entry of the registry for each, and a module that shows its result."""
