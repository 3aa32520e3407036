"""What both stand-ins share: clock, call log, fault script, control routes, runner and page layout."""
