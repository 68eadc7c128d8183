"""`assay admin`: tenants, people, API keys and the audit log, one module for each."""
