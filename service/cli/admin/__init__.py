"""`assay admin`: tenants, people and API keys, one module for each."""
