"""The pages that connect a company of Exact Online."""
