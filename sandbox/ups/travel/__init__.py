"""Parcels that travel by script: plans, places, and what has become known so far."""
