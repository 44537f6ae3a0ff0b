"""Pages of what is found out about an analysis and read whole: the ladder of map classes, stories, methods, lenses."""
