"""`assay admin`: tenants, people, API keys, webhooks and the audit log, one module for each."""
