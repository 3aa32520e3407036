"""The nightly comparison of Exact, UPS and us (`reliability.md` 1.4, `design.md` 4): what differs, what mends it."""
