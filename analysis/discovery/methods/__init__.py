"""Discovery methods, one file each; :mod:`analysis.discovery.registry` lists them."""
