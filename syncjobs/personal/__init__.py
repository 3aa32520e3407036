"""Personal data and its end: copies, erasing, periods, and closing a company."""
