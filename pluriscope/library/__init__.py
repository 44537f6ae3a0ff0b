"""The interface of ``import pluriscope``: networks in, results and explanations out."""
