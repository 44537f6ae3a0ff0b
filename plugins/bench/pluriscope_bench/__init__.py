"""The answer key: methods of circuit discovery scored against all valid circuits of many networks."""
