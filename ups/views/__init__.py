"""Pages of the UPS side, one module per subject."""
