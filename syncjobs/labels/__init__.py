"""Labels: kept, drawn for the screen, put together for a printer, waiting at packing stations."""
