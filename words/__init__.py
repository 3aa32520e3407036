"""The product's words in each language: `make words` brings `locale/` up to date; nothing here runs in production."""
