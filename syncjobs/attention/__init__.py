"""The page "To do": what waits for a person, whose turn it is, and where it is fixed."""
