"""Words and marks for the templates."""
