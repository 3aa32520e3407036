"""Tags of the tenants app."""
