"""Stand-ins for the two outside systems, reached over HTTP alone: `python -m sandbox exact|ups --port N`."""
