"""Learn: lessons on one network, each a record in a registry, with plans, slides and hand-outs made of them."""
