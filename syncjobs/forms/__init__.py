"""The forms of the pages about deliveries."""
