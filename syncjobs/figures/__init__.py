"""Numbers about many shipments: counted by day, shown on the overview and in reports."""
