"""Discovery methods for models of any kind, one file each; :mod:`analysis.discovery.model_registry` lists them."""
