"""Who may do what: tenants, people, API keys and their limits."""
