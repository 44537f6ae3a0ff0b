"""The answer key: how well a discovery method's answers do, held against every valid circuit of many networks."""
