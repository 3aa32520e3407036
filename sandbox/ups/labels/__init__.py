"""Labels: pictures and printer languages."""
