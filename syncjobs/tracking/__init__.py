"""A parcel's way: three sources made one history, and where parcel and delivery stand."""
