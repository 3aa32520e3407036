"""How long the server takes for each page of a customer with many deliveries."""
