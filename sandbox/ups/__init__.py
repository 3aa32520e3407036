"""A stand-in for the UPS REST APIs, as strict as `ups.md` says they are."""
