"""The list of deliveries: questions, pages by key, files, and one action for many."""
