"""`assay admin`: tenants and API keys, one module for each."""
