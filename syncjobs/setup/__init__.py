"""What a company does before it ships: addresses, rules, a look at its last deliveries, going live."""
