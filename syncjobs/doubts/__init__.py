"""Requests to UPS whose outcome is not known: what each source says of them, and what is decided."""
