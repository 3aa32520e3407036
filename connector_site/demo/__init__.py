"""`make demo`: the whole product on one machine, between two stand-ins for the outside systems."""
