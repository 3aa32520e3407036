"""The pages about deliveries, labels, open work and shipping rules, and the door for Exact's notifications."""
