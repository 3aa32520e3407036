"""The engine and the limits under faults, measured: `python -m bench.faults [--quick] [--only NAME ...]`."""
