"""`make bench`: what the product costs and how fast it is, between two stand-ins that answer at once."""
