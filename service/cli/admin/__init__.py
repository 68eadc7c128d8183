"""`assay admin`: tenants, API keys and the audit log, one module for each."""
