"""The pages about people: companies, the team, one's own account, and the way in."""
