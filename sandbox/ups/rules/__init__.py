"""What UPS demands of a ship request, one subject per module (ups.md 5)."""
