"""A stand-in for Exact Online: seven sites, OAuth, OData, webhooks and limits as strict as the real ones."""
