"""The steps of the main path. Each takes a claimed job and ends it in the transaction that holds its result."""
