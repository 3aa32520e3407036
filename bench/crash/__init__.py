"""`make crash`: workers killed at random, half of all ship calls faulty, and the stand-ins' own books as the judge."""
