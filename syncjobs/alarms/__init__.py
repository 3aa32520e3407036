"""What is wrong, told once to whom it concerns: alarms, their mails, and the news each member wants."""
