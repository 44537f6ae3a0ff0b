"""Views of networks: a module for each kind of network, all with the same record."""
